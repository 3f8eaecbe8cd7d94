package main

import (
	"bytes"
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
	width int // of the terminal in characters; 0: lines are not broken
}

func newCheckText(streams *IO, catalog string) *checkText {
	t := &checkText{out: streams.Out, tree: manifest.Dir(catalog)}
	if file, isFile := streams.Out.(*os.File); isFile && term.IsTerminal(int(file.Fd())) {
		t.color = streams.Getenv("NO_COLOR") == ""
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			t.width = max(width, 40)
		}
	}
	return t
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
	if err == nil && t.width > 0 && errors > 0 {
		_, err = fmt.Fprintln(t.out, t.paint(faint, "fleet check --explain RULE tells why a rule exists, and shows a template before and after"))
	}
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

// table lists the gates. Outcomes are coloured afterwards: tabwriter would count the codes.
func (t *checkText) table(result evidence.Evidence) error {
	var plain bytes.Buffer
	w := tabwriter.NewWriter(&plain, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "gate\ttool\tlooked at\toutcome\ttime")
	for _, c := range result.Checks {
		fmt.Fprintf(w, "%s\t%s\t%d %s\t%s\t%.1f s\n", c.Gate, c.Tool, c.Counted, c.Unit, c.Outcome, c.Seconds)
	}
	for _, s := range result.NotRun {
		fmt.Fprintf(w, "%s\t\t%s\t%s\t\n", s.What, s.Why, evidence.NotRun)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	head, rows, _ := strings.Cut(plain.String(), "\n")
	for outcome, code := range map[string]string{string(evidence.Passed): green, string(evidence.Findings): red, string(evidence.Broken): red, string(evidence.NotRun): yellow} {
		rows = strings.ReplaceAll(rows, "  "+outcome+"  ", "  "+t.paint(code, outcome)+"  ")
	}
	lines := strings.Split(rows, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	_, err := fmt.Fprintf(t.out, "%s\n%s", t.paint(faint, head), strings.Join(lines, "\n"))
	return err
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
		if f.Span.Column > 1 && f.Span.Column <= len([]rune(line)) && t.width > 0 {
			fmt.Fprintf(t.out, "  %s%s\n", t.paint(faint, "      | "), strings.Repeat(" ", f.Span.Column-1)+t.paint(code, "^"))
		}
	}
	subject := ""
	if f.Resource != "" && f.Gate != "manifest" {
		subject = f.Resource + ": "
	}
	fmt.Fprintf(t.out, "  %s\n", t.broken(printable(subject)+printable(f.Message), 0))
	if f.Cure != "" {
		const label = "cure:"
		fmt.Fprintf(t.out, "  %s %s\n", t.paint(green, label), t.broken(printable(f.Cure), len(label)+1))
	}
	fmt.Fprintln(t.out)
}

// broken breaks text between words so that it fits the terminal, indented by two and, on its first line, by what stands before it.
func (t *checkText) broken(text string, before int) string {
	if t.width == 0 {
		return text
	}
	var b strings.Builder
	column := 2 + before
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case column+1+n > t.width:
			b.WriteString("\n  ")
			column = 2
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
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
	limit := 160
	if t.width > 0 {
		limit = t.width - len("        | ")
	}
	if len(line) > limit {
		line = append(line[:limit-3], []rune("...")...)
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
