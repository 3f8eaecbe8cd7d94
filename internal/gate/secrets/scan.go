package secrets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"accountfleet/internal/gate/tool"
)

// hit is a secret that was found, or an object that could not be examined.
type hit struct {
	piece   piece
	line    int    // in the piece, from 1
	column  int    // from 1
	pattern string // rule of the pattern
	title   string
	value   string // the secret: only ever digested
	problem string // set where the object could not be examined
}

// Exit codes of git secrets --scan.
const (
	exitClean = 0
	exitFound = 1
)

// scan has git-secrets look at the corpus. One secret for each pattern is planted at its end, and a line that is none.
func scan(ctx context.Context, box *tool.Box, script string, c *corpus) ([]hit, error) {
	last := c.line
	for _, p := range house() {
		if err := c.write(object{kind: "canary"}, part{text: []byte(p.plant())}); err != nil {
			return nil, err
		}
	}
	if err := c.write(object{kind: "canary"}, part{text: []byte("account_id: 123456789012")}); err != nil {
		return nil, err
	}
	if err := errors.Join(c.out.Flush(), c.file.Sync()); err != nil {
		return nil, fmt.Errorf("private folder: %w", err)
	}
	if err := configure(ctx, box); err != nil {
		return nil, err
	}
	answer, err := box.Run(ctx, script, []string{"--scan", c.path})
	if err != nil {
		return nil, err
	}
	switch answer.Code {
	case exitFound:
	case exitClean:
		return nil, errors.New("git-secrets: proof of life: it found none of the planted secrets: its verdict is worth nothing: run make tools")
	default:
		return nil, fmt.Errorf("git-secrets: exit status %d", answer.Code)
	}
	return read(answer.Stderr, c, last)
}

// configure gives git-secrets its patterns, in a configuration that nothing else can reach, and a repository of its own: it looks for
// .gitallowed in the top of the repository that it is started in, and in / where it is started in none.
func configure(ctx context.Context, box *tool.Box) error {
	var b strings.Builder
	b.WriteString("[secrets]\n")
	for _, p := range house() {
		fmt.Fprintf(&b, "\tpatterns = \"%s\"\n", strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.text))
	}
	if err := os.WriteFile(filepath.Join(box.Home(), ".gitconfig"), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("private folder: %w", err)
	}
	answer, err := box.Run(ctx, "git", []string{"init", "--quiet", "--template=", "."})
	if err == nil && answer.Code != 0 {
		err = fmt.Errorf("git init: exit status %d: %s", answer.Code, tool.Excerpt(answer.Stderr))
	}
	return err
}

// read turns grep's lines, "<corpus>:<line>:<text>", into hits and demands every planted secret, and nothing else, after line last.
func read(output []byte, c *corpus, last int) ([]hit, error) {
	var hits []hit
	var planted []string
	prefix := []byte(c.path + ":")
	for _, line := range bytes.Split(output, []byte("\n")) {
		rest, ok := bytes.CutPrefix(line, prefix)
		if !ok {
			continue
		}
		number, text, _ := bytes.Cut(rest, []byte(":"))
		n, err := strconv.Atoi(string(number))
		if err != nil {
			return nil, errors.New("git-secrets: its report cannot be read")
		}
		found := match(string(text))
		if n > last {
			for _, h := range found {
				planted = append(planted, h.pattern)
			}
			continue
		}
		for _, h := range found {
			h.piece, h.line = c.at(n)
			hits = append(hits, h)
		}
	}
	for _, p := range house() {
		if !slices.Contains(planted, p.rule) {
			return nil, fmt.Errorf("git-secrets: proof of life: the planted secret of %s was not found: its verdict is worth nothing: run make tools", p.rule)
		}
	}
	if len(planted) != len(house()) {
		return nil, errors.New("git-secrets: proof of life: it takes an account id for a secret: run make tools")
	}
	return hits, nil
}

// match says which secrets a line reported by git-secrets holds. Secrets of AWS's documentation are none; a line whose secret cannot be
// told is one as a whole.
func match(text string) []hit {
	hits := []hit{}
	explained := false
	for _, p := range house() {
		expression := regexp.MustCompile(p.text)
		expression.Longest()
		for _, at := range expression.FindAllStringIndex(text, -1) {
			value := text[at[0]:at[1]]
			if p.value != nil {
				all := p.value.FindAllString(value, -1)
				value = all[len(all)-1]
			}
			if !wholeWord(text, at) {
				continue
			}
			explained = true
			if !harmless(p.rule, value) {
				hits = append(hits, hit{pattern: p.rule, title: p.title, value: value, column: at[0] + 1})
			}
		}
	}
	if !explained {
		hits = append(hits, hit{pattern: "SECRET", title: "a secret", value: text, column: 1})
	}
	return hits
}

// wholeWord is what grep -w demands: no letter, digit or underscore beside the match.
func wholeWord(text string, at []int) bool {
	return (at[0] == 0 || !wordByte(text[at[0]-1])) && (at[1] == len(text) || !wordByte(text[at[1]]))
}

func wordByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}
