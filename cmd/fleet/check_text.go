package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode"

	"golang.org/x/term"

	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate"
	"accountfleet/internal/manifest"
)

// checkText writes the result of fleet check for people.
type checkText struct {
	out   io.Writer
	tree  manifest.Tree
	color bool
}

func newCheckText(streams *IO, catalog string) *checkText {
	file, isFile := streams.Out.(*os.File)
	return &checkText{
		out: streams.Out, tree: manifest.Dir(catalog),
		color: isFile && term.IsTerminal(int(file.Fd())) && streams.Getenv("NO_COLOR") == "",
	}
}

// ANSI codes, written to terminals only.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	bold   = "1"
	faint  = "2"
)

func (t *checkText) paint(code, text string) string {
	if !t.color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (t *checkText) write(result evidence.Evidence) error {
	for _, f := range result.Findings {
		t.finding(f)
	}
	if err := t.table(result); err != nil {
		return err
	}
	errors, warnings := 0, 0
	for _, f := range result.Findings {
		switch f.Severity {
		case finding.Error:
			errors++
		case finding.Warning:
			warnings++
		}
	}
	_, err := fmt.Fprintf(t.out, "\n%s\n", t.verdict(result.Outcome, errors, warnings))
	return err
}

func (t *checkText) verdict(outcome evidence.Outcome, errors, warnings int) string {
	tail := ""
	if warnings > 0 {
		tail = fmt.Sprintf(", %s", plural(warnings, "warning"))
	}
	switch outcome {
	case evidence.Passed:
		return t.paint(green, "passed") + tail
	case evidence.Findings:
		return t.paint(red, plural(errors, "finding")) + tail
	}
	return t.paint(red, "broken") + ": nothing is proved until every gate runs" + tail
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// table lists the gates. Cells are not coloured: tabwriter would count the codes.
func (t *checkText) table(result evidence.Evidence) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "gate\ttool\tlooked at\toutcome\ttime")
	for _, c := range result.Checks {
		fmt.Fprintf(w, "%s\t%s\t%d %s\t%s\t%.1f s\n", c.Gate, c.Tool, c.Counted, c.Unit, c.Outcome, c.Seconds)
	}
	for _, s := range result.NotRun {
		fmt.Fprintf(w, "%s\t\t%s\t%s\t\n", s.What, s.Why, evidence.NotRun)
	}
	return w.Flush()
}

func (t *checkText) finding(f finding.Finding) {
	where := f.File
	if f.Span.Line > 0 && where != "" {
		where = fmt.Sprintf("%s:%d", where, f.Span.Line)
	}
	if where == "" {
		where = "catalog"
	}
	code := red
	if f.Severity != finding.Error {
		code = yellow
	}
	fmt.Fprintf(t.out, "%s: %s %s\n", t.paint(bold, printable(where)), t.paint(code, string(f.Severity)), t.paint(faint, f.Gate+"/"+f.Rule))
	if line := t.excerpt(f); line != "" {
		fmt.Fprintf(t.out, "  %s\n", t.paint(faint, fmt.Sprintf("%5d | %s", f.Span.Line, printable(line))))
	}
	subject := ""
	if f.Resource != "" && f.Gate != "manifest" {
		subject = f.Resource + ": "
	}
	fmt.Fprintf(t.out, "  %s%s\n", printable(subject), printable(f.Message))
	if f.Cure != "" {
		fmt.Fprintf(t.out, "  %s %s\n", t.paint(green, "cure:"), printable(f.Cure))
	}
	fmt.Fprintln(t.out)
}

// excerpt is the line that a finding is about; never that of a secret.
func (t *checkText) excerpt(f finding.Finding) string {
	if f.Gate == gate.Secrets || f.File == "" || f.Span.Line == 0 {
		return ""
	}
	body, err := t.tree.Read(f.File)
	if err != nil {
		return ""
	}
	lines := strings.Split(string(body), "\n")
	if f.Span.Line > len(lines) {
		return ""
	}
	line := []rune(strings.TrimRight(lines[f.Span.Line-1], " \r"))
	if len(line) > 160 {
		line = append(line[:157], []rune("...")...)
	}
	return string(line)
}

// printable keeps what was pushed from steering a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if !unicode.IsGraphic(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '\uFFFD'
		}
		return r
	}, text)
}
