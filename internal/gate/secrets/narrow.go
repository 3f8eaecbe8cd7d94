package secrets

import (
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/zricethezav/gitleaks/v8/detect"
)

// narrow runs each rule on those lines only that hold one of its words, with the neighbours that it could reach, because gitleaks' regular
// expressions cost far more than the search for words. Lines that encode something are looked at by all rules, decoded.
func (r *rules) narrow(j job, run func(*detect.Detector, job)) {
	lines := strings.SplitAfter(j.text, "\n")
	wanted := make([][]int, len(r.single)+1) // by rule, lines in their order; the last is for what is encoded
	want := func(rule, line int) {
		if n := len(wanted[rule]); n == 0 || wanted[rule][n-1] != line {
			wanted[rule] = append(wanted[rule], line)
		}
	}
	for i, line := range lines {
		r.words.in(line, func(rule int) { want(rule, i) })
		for _, rule := range r.always {
			want(rule, i)
		}
		if encodes(line) {
			want(len(r.single), i)
		}
	}
	for rule, some := range wanted {
		switch {
		case len(some) == 0:
		case rule == len(r.single):
			run(r.all, j.only(lines, some))
		default:
			run(r.single[rule], j.only(lines, some))
		}
	}
}

// only is a job of some lines of another's, with the lines before and after that a rule could reach.
func (j job) only(lines []string, some []int) job {
	part := job{piece: j.piece}
	var text strings.Builder
	last := -1
	for _, i := range some {
		from, to := i, i
		if before := neighbour(lines, i, -1); before >= 0 && joined(lines, before, i) {
			from = before
		}
		if after := neighbour(lines, i, 1); after >= 0 && joined(lines, i, after) {
			to = after
		}
		from = max(from, last+1)
		if last >= 0 && from > last+1 {
			text.WriteString(gap)
			part.lines = append(part.lines, j.number(last))
		}
		for n := from; n <= to; n++ {
			text.WriteString(lines[n])
			part.lines = append(part.lines, j.number(n))
		}
		last = max(last, to)
	}
	part.text = text.String()
	return part
}

// number is that of a line in the piece.
func (j job) number(line int) int {
	if j.lines != nil && line < len(j.lines) {
		return j.lines[line]
	}
	return line + 1
}

// neighbour is the next line that is more than joints, up or down, or -1.
func neighbour(lines []string, i, step int) int {
	for i += step; i >= 0 && i < len(lines); i += step {
		if !jointsOnly(lines[i]) {
			return i
		}
	}
	return -1
}

// escaped is what stands for a character by its number.
var escaped = regexp.MustCompile(`%[0-9A-Fa-f]{2}|U\+[0-9A-Fa-f]{4}|\\[uU][0-9A-Fa-f]{4}`)

// encodes says whether gitleaks would find something to decode in a line: percent signs, Unicode escapes, or what is text in base64 or hex.
func encodes(line string) bool {
	if strings.ContainsAny(line, `%+\`) && escaped.MatchString(line) {
		return true
	}
	for start := 0; start < len(line); {
		if !encodingByte(line[start]) {
			start++
			continue
		}
		end := start + 1
		for end < len(line) && encodingByte(line[end]) {
			end++
		}
		run := line[start:end]
		padding := 0
		for padding < 2 && end+padding < len(line) && line[end+padding] == '=' {
			padding++
		}
		if len(run) >= 16 && (textInBase64(run, line[start:end+padding]) || len(run) >= 32 && textInHex(run)) {
			return true
		}
		start = end
	}
	return false
}

func encodingByte(b byte) bool { return wordByte(b) || b == '/' || b == '+' || b == '-' }

// textInBase64 says whether something decodes to nothing but text.
func textInBase64(run, padded string) bool {
	if first, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(run[:4])); err != nil || !printable(first) {
		return false
	}
	if all, err := base64.StdEncoding.DecodeString(padded); err == nil && printable(all) {
		return true
	}
	all, err := base64.RawURLEncoding.DecodeString(padded)
	return err == nil && printable(all)
}

// hexText is text in hexadecimal digits.
var hexText = regexp.MustCompile(`(?:0[9A-Fa-f]|[1-6][0-9A-Fa-f]|7[0-9A-Ea-e]){16,}`)

func textInHex(run string) bool { return hexText.MatchString(run) }

func printable(text []byte) bool {
	for _, b := range text {
		if b < 9 || b > 126 {
			return false
		}
	}
	return true
}
