package console

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"accountfleet/internal/rehearsal"
)

// Ask puts the reviewer's question on the terminal and reads the answer from in. Only yes approves; every other text is a rejection and
// its reason, and so is the end of the input.
func (c *Console) Ask(ctx context.Context, in io.Reader, q rehearsal.Question) (d rehearsal.Decision, err error) {
	c.pause(func() { d, err = c.ask(ctx, in, q) })
	return d, err
}

func (c *Console) ask(ctx context.Context, in io.Reader, q rehearsal.Question) (rehearsal.Decision, error) {
	c.show(q)
	text, err := c.read(ctx, in, "approve? type yes, or why not: ")
	if err != nil {
		return rehearsal.Decision{}, err
	}
	return decide(text), nil
}

// read shows a prompt and reads one line. The end of the input is an empty line.
func (c *Console) read(ctx context.Context, in io.Reader, prompt string) (string, error) {
	fmt.Fprint(c.out, "  ", prompt)
	answers := make(chan string, 1)
	go func() { // a read cannot be cancelled: after an interrupt it is left to the end of the process
		text, _ := bufio.NewReader(in).ReadString('\n')
		answers <- strings.TrimSpace(text)
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(c.out)
		return "", ctx.Err()
	case text := <-answers:
		return text, nil
	}
}

// decide reads an answer.
func decide(text string) rehearsal.Decision {
	switch strings.ToLower(text) {
	case "y", "yes":
		return rehearsal.Decision{Approve: true, How: "asked", Summary: "approved at the terminal"}
	case "", "n", "no":
		return rehearsal.Decision{How: "asked", Summary: "rejected at the terminal"}
	}
	return rehearsal.Decision{How: "asked", Summary: text}
}

// Tell says on a line that nobody is asked, and what is decided instead.
func (c *Console) Tell(q rehearsal.Question, d rehearsal.Decision) rehearsal.Decision {
	c.pause(func() {
		c.show(q)
		verb := "rejected"
		if d.Approve {
			verb = "approved"
		}
		c.line("  %s: %s", verb, d.How)
	})
	return d
}

func (c *Console) show(q rehearsal.Question) {
	c.line("  %s: a reviewer is asked", c.bold(q.Action))
	for _, text := range []string{q.Comments, q.Link} {
		if text != "" {
			c.line("    %s", text)
		}
	}
	if q.Page != "" {
		c.line("    the page on this machine: %s", q.Page)
	}
}
