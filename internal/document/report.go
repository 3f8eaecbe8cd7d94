package document

import (
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/finding"
)

// Problem is one mistake in a document whose syntax is right.
type Problem struct {
	Pointer string       // JSON pointer of the value
	Path    string       // for people: accounts.gamma, portfolios[1].id
	Span    finding.Span // place in the file
	Message string       // what is wrong
	Cure    string       // what to write
}

// Report collects the problems of a document, first from Decode, then from whoever knows what the values mean.
type Report struct {
	document *Document
	problems []Problem
	bad      map[string]bool
}

// NewReport starts a report on d.
func NewReport(d *Document) *Report { return &Report{document: d, bad: map[string]bool{}} }

// Add records a problem at pointer, unless one is recorded there or in a value that holds it: consequences only distract.
func (r *Report) Add(pointer, message, cure string) {
	for at := pointer; ; at = at[:strings.LastIndexByte(at, '/')] {
		if r.bad[at] {
			return
		}
		if at == "" {
			break
		}
	}
	r.bad[pointer] = true
	r.problems = append(r.problems, Problem{
		Pointer: pointer, Path: Path(pointer), Span: r.document.Lines.At(pointer), Message: message, Cure: cure,
	})
}

// Problems are all that were recorded, in the order of the file.
func (r *Report) Problems() []Problem {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		if a.Span.Line != b.Span.Line {
			return a.Span.Line - b.Span.Line
		}
		return a.Span.Column - b.Span.Column
	})
	return r.problems
}

var index = regexp.MustCompile(`^[0-9]+$`)

// Path renders a JSON pointer for people: /portfolios/1/id becomes portfolios[1].id.
func Path(pointer string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		switch {
		case index.MatchString(part) && b.Len() > 0:
			b.WriteString("[" + part + "]")
		case b.Len() > 0:
			b.WriteString("." + part)
		default:
			b.WriteString(part)
		}
	}
	return b.String()
}
