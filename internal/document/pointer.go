package document

import (
	"strings"
	"unicode/utf8"

	"accountfleet/internal/finding"
)

// Lines leads from a JSON pointer (RFC 6901) to a place: of the key for a member of a map, of the value for an element of a list.
type Lines map[string]finding.Span

// At is the place of pointer or, where the document has no such value, of the nearest value that holds it.
func (l Lines) At(pointer string) finding.Span {
	for {
		if span, ok := l[pointer]; ok {
			return span
		}
		cut := strings.LastIndexByte(pointer, '/')
		if cut < 0 {
			return finding.Span{}
		}
		pointer = pointer[:cut]
	}
}

var escapes = strings.NewReplacer("~", "~0", "/", "~1")

// Pointer joins names and indexes into a JSON pointer, each escaped.
func Pointer(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		b.WriteByte('/')
		b.WriteString(escapes.Replace(part))
	}
	return b.String()
}

// lineStarts lists the offset at which each line of body starts.
func lineStarts(body []byte) []int {
	starts := []int{0}
	for i, b := range body {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// spanAt turns an offset into line and column, columns counted in characters.
func spanAt(body []byte, starts []int, offset int) finding.Span {
	low, high := 0, len(starts)
	for high-low > 1 {
		if middle := (low + high) / 2; starts[middle] <= offset {
			low = middle
		} else {
			high = middle
		}
	}
	return finding.Span{Line: low + 1, Column: utf8.RuneCount(body[starts[low]:offset]) + 1}
}
