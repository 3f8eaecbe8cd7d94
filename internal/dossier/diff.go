package dossier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Limits of what is shown of a template: a page that nobody reads to its end proves nothing.
const (
	maxLines   = 400
	maxEdits   = 2000 // more changed lines than this are counted, not shown
	around     = 3
	maxColumns = 400
)

// Diff is the difference between two templates, line by line.
type Diff struct {
	Lines   []Line
	Added   int
	Removed int
	Note    string // what is not shown, and why
	New     bool   // there was no template before
}

// Line is a line of a Diff.
type Line struct {
	Kind string // "+", "-", " ", and "@" for a gap
	Text string
}

// whole shows a template that has no predecessor.
func whole(body []byte) Diff {
	lines := pretty(body)
	d := Diff{New: true, Added: len(lines)}
	for _, text := range lines {
		d.Lines = append(d.Lines, Line{"+", text})
	}
	return d.bounded()
}

// compare shows what changed between two templates.
func compare(old, new []byte) Diff {
	a, b := pretty(old), pretty(new)
	script, ok := edits(a, b)
	if !ok {
		return Diff{Added: len(b), Removed: len(a), Note: fmt.Sprintf("more than %d lines differ: read the template itself", maxEdits)}
	}
	var d Diff
	for _, line := range script {
		switch line.Kind {
		case "+":
			d.Added++
		case "-":
			d.Removed++
		}
	}
	if d.Added+d.Removed == 0 {
		d.Note = "the templates are the same"
		return d
	}
	d.Lines = hunks(script)
	return d.bounded()
}

func (d Diff) bounded() Diff {
	if len(d.Lines) > maxLines {
		d.Note = fmt.Sprintf("%d more lines are not shown: read the template itself", len(d.Lines)-maxLines)
		d.Lines = d.Lines[:maxLines]
	}
	for i := range d.Lines {
		if text := []rune(d.Lines[i].Text); len(text) > maxColumns {
			d.Lines[i].Text = string(text[:maxColumns]) + "…"
		}
	}
	return d
}

// pretty is a template as lines, indented; what is no JSON is shown as it is.
func pretty(body []byte) []string {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		out.Reset()
		out.Write(body)
	}
	return strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
}

// hunks keeps changed lines with three lines around them, and marks gaps.
func hunks(script []Line) []Line {
	keep := make([]bool, len(script))
	for i, line := range script {
		if line.Kind == " " {
			continue
		}
		for k := max(0, i-around); k <= min(len(script)-1, i+around); k++ {
			keep[k] = true
		}
	}
	var lines []Line
	gap := 0
	for i, line := range script {
		if !keep[i] {
			gap++
			continue
		}
		if gap > 0 {
			lines = append(lines, Line{"@", fmt.Sprintf("%d lines the same", gap)})
			gap = 0
		}
		lines = append(lines, line)
	}
	return lines
}

// edits is the shortest edit script from a to b; false if it is longer than maxEdits.
// Source: E. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986.
func edits(a, b []string) ([]Line, bool) {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	middle, ok := shortest(a[head:len(a)-tail], b[head:len(b)-tail])
	if !ok {
		return nil, false
	}
	var script []Line
	for _, text := range a[:head] {
		script = append(script, Line{" ", text})
	}
	script = append(script, middle...)
	for _, text := range a[len(a)-tail:] {
		script = append(script, Line{" ", text})
	}
	return script, true
}

func shortest(a, b []string) ([]Line, bool) {
	limit := min(len(a)+len(b), maxEdits)
	offset := limit + 1
	reach := make([]int, 2*limit+3) // diagonal -> furthest place in a
	var trace [][]int
	for d := 0; d <= limit; d++ {
		trace = append(trace, slices.Clone(reach[offset-d-1:offset+d+2])) // only what step d reads
		for k := -d; k <= d; k += 2 {
			x := reach[offset+k-1] + 1
			if k == -d || k != d && reach[offset+k-1] < reach[offset+k+1] {
				x = reach[offset+k+1]
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			reach[offset+k] = x
			if x >= len(a) && x-k >= len(b) {
				return backtrack(a, b, trace), true
			}
		}
	}
	return nil, false
}

// backtrack walks the trace from the end and collects the script.
func backtrack(a, b []string, trace [][]int) []Line {
	var script []Line
	x, y := len(a), len(b)
	for d := len(trace) - 1; d >= 0; d-- {
		at := func(k int) int { return trace[d][k+d+1] }
		k := x - y
		from := k - 1
		if k == -d || k != d && at(k-1) < at(k+1) {
			from = k + 1
		}
		px := at(from)
		py := px - from
		for x > px && y > py && x > 0 && y > 0 {
			x, y = x-1, y-1
			script = append(script, Line{" ", a[x]})
		}
		if d == 0 {
			break
		}
		if from == k+1 {
			y--
			script = append(script, Line{"+", b[y]})
		} else {
			x--
			script = append(script, Line{"-", a[x]})
		}
	}
	slices.Reverse(script)
	return script
}
