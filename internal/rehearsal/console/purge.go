package console

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"accountfleet/internal/finding"
	"accountfleet/internal/rehearsal"
)

// Purge is the question whether a purge is carried out that waits for a reviewer. What the build told people was shown when it ended, with
// the command by which a reviewer decides on AWS.
type Purge struct {
	Project string   // that waits
	Values  []string // fingerprints of values of which each may stay; empty: there is nothing to choose
}

// AskPurge puts the question on the terminal and reads the answer from in. Only yes or purge, or fingerprints of the question, have
// anything purged; every other text leaves everything as it is, and is the reason.
func (c *Console) AskPurge(ctx context.Context, in io.Reader, p Purge) (r rehearsal.Ruling, values []string, err error) {
	c.pause(func() { r, values, err = c.askPurge(ctx, in, p) })
	return r, values, err
}

func (c *Console) askPurge(ctx context.Context, in io.Reader, p Purge) (rehearsal.Ruling, []string, error) {
	c.purge(p)
	prompt := "purge? type yes, or why not: "
	if len(p.Values) > 0 {
		prompt = "purge? type all, or the fingerprints of those to purge, or why not: "
	}
	for {
		text, err := c.read(ctx, in, prompt)
		if err != nil {
			return rehearsal.Ruling{}, nil, err
		}
		r, values, ok := p.answer(text)
		if ok {
			return r, values, nil
		}
		c.line("  no such fingerprint: %s", text)
	}
}

// answer reads an answer; it is none if it has the form of fingerprints and names another one.
func (p Purge) answer(text string) (r rehearsal.Ruling, values []string, ok bool) {
	left := rehearsal.Ruling{Ruled: rehearsal.Left, How: "asked", Summary: text}
	switch word := strings.ToLower(text); {
	case len(p.Values) == 0 && slices.Contains([]string{"y", "yes", "purge"}, word):
		return rehearsal.Ruling{Ruled: rehearsal.Sent, How: "asked", Summary: "purge"}, nil, true
	case len(p.Values) > 0 && slices.Contains([]string{"all", "purge"}, word):
		return rehearsal.Ruling{Ruled: rehearsal.Sent, How: "asked", Summary: "purge all"}, p.Values, true
	case slices.Contains([]string{"", "n", "no", "leave", "leave it"}, word):
		left.Summary = "left at the terminal"
		return left, nil, true
	}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ',' || r == ' ' })
	if len(p.Values) == 0 || !slices.ContainsFunc(words, finding.NamesSecret) {
		return left, nil, true
	}
	for _, word := range words {
		i := slices.IndexFunc(p.Values, func(v string) bool { return strings.HasPrefix(word, v) })
		if i < 0 {
			return r, nil, false
		}
		values = append(values, p.Values[i])
	}
	return rehearsal.Ruling{Ruled: rehearsal.Sent, How: "asked", Summary: "purge " + strings.Join(values, ", ")}, values, true
}

// TellPurge says on lines that nobody is asked, and what becomes of the purge instead.
func (c *Console) TellPurge(p Purge, r rehearsal.Ruling) rehearsal.Ruling {
	c.pause(func() {
		c.purge(p)
		c.line("  %s", ruled(r.Ruled, r.How, r.Summary))
	})
	return r
}

// ruled says in words what became of a purge.
func ruled(r rehearsal.Ruled, how, summary string) string {
	switch r {
	case rehearsal.Sent:
		return fmt.Sprintf("decided: %s (%s)", summary, how)
	case rehearsal.Left:
		return fmt.Sprintf("left as it is: %s (%s)", summary, how)
	}
	return fmt.Sprintf("IT WAITS, and nothing is purged: %s: %s", how, summary)
}

func (c *Console) purge(p Purge) {
	c.line("  %s: a reviewer is asked to decide by the event above", c.bold(p.Project))
	if len(p.Values) > 0 {
		c.line("    fingerprints: %s", strings.Join(p.Values, ", "))
	}
}
