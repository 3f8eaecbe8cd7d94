// Package finding holds the one shape in which every gate, loader and check reports what is wrong with what was pushed.
//
// A Finding is about the pushed content (exit code 1). A gate, tool or setting that is broken is a plain Go error
// (exit code 2) and never becomes a Finding. Start reading at Finding; renderers live with the command that prints.
package finding

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Severity orders findings; only Error fails a gate.
type Severity string

// The severities a gate may report.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Span is a place in a text file. Lines and columns count from 1; zero means unknown.
type Span struct {
	Line      int `json:"line,omitempty"`
	Column    int `json:"column,omitempty"`
	EndLine   int `json:"endLine,omitempty"`
	EndColumn int `json:"endColumn,omitempty"`
}

// Finding is one thing that must be mended before a push may go on.
type Finding struct {
	Gate     string   `json:"gate"`               // the gate or loader: "policy", "schema", "iam", "secrets", "features", "manifest"
	Rule     string   `json:"rule"`               // stable id of the rule, for example "S3_BUCKET_ENCRYPTED"
	Severity Severity `json:"severity"`           // Error fails the gate
	Product  string   `json:"product,omitempty"`  // product id, where one is concerned
	Resource string   `json:"resource,omitempty"` // logical id or path inside the template
	File     string   `json:"file,omitempty"`     // slash-separated path relative to the catalog root
	Object   string   `json:"object,omitempty"`   // git object id, for findings in history
	Span     Span     `json:"span,omitzero"`
	Message  string   `json:"message"` // what is wrong and why it matters
	Cure     string   `json:"cure"`    // what to do about it
	// Fingerprint identifies the finding across runs: a digest of gate, rule, product, resource and file; for secrets an HMAC of the value.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// Failed says whether any of findings fails a gate.
func Failed(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error })
}

// Sort orders findings as a reader wants them: by file, place, object, gate and rule.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Span.Line, b.Span.Line),
			cmp.Compare(a.Span.Column, b.Span.Column),
			cmp.Compare(a.Object, b.Object),
			cmp.Compare(a.Gate, b.Gate),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Resource, b.Resource),
			cmp.Compare(a.Message, b.Message),
		)
	})
}

// ShortestName is how many digits of a secret's fingerprint name it.
const ShortestName = 12

var secretName = regexp.MustCompile(fmt.Sprintf(`^[0-9a-f]{%d,}$`, ShortestName))

// NamesSecret says whether a word has the form of a secret's fingerprint or of its first digits.
func NamesSecret(word string) bool { return secretName.MatchString(word) }

// Identify is the Fingerprint of a finding that is no secret: the hex SHA-256 of gate, rule, product, resource and file, so that
// it stays the same when lines move or a message is reworded.
func Identify(f Finding) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Gate, f.Rule, f.Product, f.Resource, f.File}, "\x00")))
	return hex.EncodeToString(sum[:])
}

// String renders one line for people: file:line: message: cure [gate/rule].
func (f Finding) String() string {
	where := f.File
	if where == "" {
		where = cmp.Or(f.Object, f.Product, "catalog")
	}
	if f.Span.Line > 0 {
		where += ":" + strconv.Itoa(f.Span.Line)
	}
	line := where + ": " + f.Message
	if f.Cure != "" {
		line += ": " + f.Cure
	}
	return line + " [" + f.Gate + "/" + f.Rule + "]"
}
