package document

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// scalar converts a scalar node that is no intrinsic.
func (w *walker) scalar(n *yaml.Node) any {
	w.replaced(n.Value, place(n))
	tagged := n.Style&yaml.TaggedStyle != 0
	switch tag := n.ShortTag(); {
	case tagged && tag == "!!str":
		return n.Value
	case tagged:
		w.refuse("TAG", place(n), fmt.Sprintf("the tag %s is not allowed", n.Tag), w.tagCure(n.Tag))
		return nil
	case w.startsWithTag(n):
		w.refuse("TAG", place(n), "the tag ! alone is read differently by different readers", "remove it, and quote the value if it is text")
		return nil
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return n.Value
	}
	value, why := plain(n.Value, w.options.CloudFormation)
	if why != "" {
		w.refuse("AMBIGUOUS", place(n), fmt.Sprintf("%s %s", n.Value, why), fmt.Sprintf("quote it: %q", n.Value))
		return nil
	}
	if value == nil && w.options.CloudFormation {
		w.refuse("NULL", place(n), "a value is missing, and CloudFormation refuses null", "write a value, or delete the key")
	}
	return value
}

// startsWithTag says whether the source has a "!" at n that the library has dropped.
func (w *walker) startsWithTag(n *yaml.Node) bool {
	if n.Line < 1 || n.Line > len(w.starts) || n.Column < 1 {
		return false
	}
	offset := w.starts[n.Line-1]
	for range n.Column - 1 {
		_, width := utf8.DecodeRune(w.body[offset:])
		offset += width
	}
	return offset < len(w.body) && w.body[offset] == '!'
}

// Plain scalars. CloudFormation documents YAML 1.1, where yes, no, on and off are booleans and 010 is 8; YAML 1.2, which the Go
// library and most editors follow, reads text and 10. The choice here:
//
//   - In a template yes, no, on and off are booleans, as CloudFormation reads them (y and n are text, as in every 1.1 reader that is
//     in use). The gates and the template store get canonical JSON with true or false, so nobody can read it otherwise later.
//   - Elsewhere they are refused, because our own files promise neither version.
//   - Numbers on which the versions disagree (leading zeros, underscores, base 60 such as 22:30, exponents, other bases) are refused
//     everywhere: an account id such as 012345678901 must never become another number.
//   - Dates stay text, as written: CloudFormation has no timestamp type, and policies say Version: 2012-10-17.
var (
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	// Integers and floats of YAML 1.1 (yaml.org/type) and of the core schema of YAML 1.2.
	otherNumber = regexp.MustCompile(`^[-+]?(` + strings.Join([]string{
		`0b[01_]+`, `0o[0-7_]+`, `0x[0-9a-fA-F_]+`,
		`[0-9][0-9_]*`,
		`[1-9][0-9_]*(:[0-5]?[0-9])+`, `[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*`,
		`[0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?`, `\.[0-9][0-9_]*([eE][-+]?[0-9]+)?`, `[0-9][0-9_]*[eE][-+]?[0-9]+`,
		`\.(inf|Inf|INF)`, `\.(nan|NaN|NAN)`,
	}, "|") + `)$`)
)

// plain gives the value of an unquoted scalar, or says why readers disagree on it.
func plain(text string, cloudFormation bool) (value any, why string) {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return nil, ""
	case "true", "True", "TRUE":
		return true, ""
	case "false", "False", "FALSE":
		return false, ""
	case "yes", "Yes", "YES", "on", "On", "ON":
		if cloudFormation {
			return true, ""
		}
		return nil, "is true to one reader and text to another"
	case "no", "No", "NO", "off", "Off", "OFF":
		if cloudFormation {
			return false, ""
		}
		return nil, "is false to one reader and text to another"
	case "=", "<<":
		return nil, "has a meaning of its own in YAML"
	}
	if jsonNumber.MatchString(text) {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return nil, "is larger than most readers can hold"
		}
		return json.Number(text), ""
	}
	if otherNumber.MatchString(text) {
		return nil, "is one number to one reader and another number or text to the next"
	}
	return text, ""
}
