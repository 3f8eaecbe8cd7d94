package secrets

import (
	"bytes"
	"slices"
)

// folded joins lines that belong together: behind a backslash, behind the = of quoted-printable mail, and two literals of a program, one
// under the other. Other lines are empty in it, so that the numbers stay; it is nil where nothing is to be joined.
func folded(body []byte) (out []byte) {
	pieces(body, func(breaks, from, to int) {
		out = appended(out, body, breaks, from, to)
	})
	return out
}

func appended(out, body []byte, breaks, from, to int) []byte {
	return append(append(out, bytes.Repeat([]byte("\n"), breaks)...), body[from:to]...)
}

// Fold is folded with the places of its bytes: out[i] is body[at[i]], or a line break that stands for a line that was left out, where at[i]
// is -1. The gate has no use for them, and would pay for them with each object.
func Fold(body []byte) (out []byte, at []int) {
	pieces(body, func(breaks, from, to int) {
		out = appended(out, body, breaks, from, to)
		at = append(at, slices.Repeat([]int{-1}, breaks)...)
		for i := from; i < to; i++ {
			at = append(at, i)
		}
	})
	return out, at
}

// pieces gives what of a text belongs to joined lines, body[from:to], and how many line breaks stand before it for lines that were left out.
func pieces(body []byte, piece func(breaks, from, to int)) {
	waiting := 0 // line breaks to be written before anything else
	joined := false
	for start := 0; start < len(body); {
		end := start + bytes.IndexByte(body[start:], '\n')
		if end < start {
			end = len(body)
		}
		cut, next, joins := seam(body, start, end)
		switch {
		case joined:
			piece(0, start, cut)
		case joins:
			piece(waiting, start, cut)
			waiting = 0
		}
		waiting++
		joined = joins
		start = next
	}
}

// seam says whether the line body[start:end] goes on in the next, where it is to be cut, and where what follows starts.
func seam(body []byte, start, end int) (cut, next int, joins bool) {
	line := bytes.TrimRight(body[start:end], " \t\r")
	after := end + 1
	for after < len(body) && (body[after] == ' ' || body[after] == '\t') {
		after++
	}
	if len(line) == 0 || after >= len(body) {
		return end, end + 1, false
	}
	last := line[len(line)-1]
	if last == '\\' || last == '=' {
		return start + len(line) - 1, after, true
	}
	if last == '+' || last == '.' {
		line = bytes.TrimRight(line[:len(line)-1], " \t")
	} else if body[after] == '+' || body[after] == '.' {
		for after++; after < len(body) && (body[after] == ' ' || body[after] == '\t'); after++ {
		}
	}
	if len(line) > 0 && after < len(body) && body[after] == line[len(line)-1] && (body[after] == '"' || body[after] == '\'') {
		return start + len(line) - 1, after + 1, true
	}
	return end, end + 1, false
}
