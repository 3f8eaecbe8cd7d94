// Package document is the one strict reader of YAML and JSON that somebody else wrote: fleet.yaml and everything that a push brings.
//
// Lenient readers let one file mean different things to different tools, which is how a template passes a gate and deploys something
// else. Parse therefore refuses whatever readers disagree on, each mistake with its line and its cure: duplicate keys, anchors,
// aliases, merge keys, unknown tags, several documents, keys that are not text, numbers that YAML 1.1 and 1.2 read differently,
// byte order marks, invalid UTF-8, tabs as indentation, more than 64 levels and more than 1 MB. All later reading is done on the
// canonical JSON of the result, and Lines leads from there back to the source. Start at Parse; Decode fills Go types. What the fleet's own
// programs wrote has no author to tell of lines: Strict reads it.
// The package is pure: no files, no process, no network.
package document

import (
	"bytes"
	"fmt"
	"path"
	"unicode/utf8"

	"accountfleet/internal/finding"
)

// Limits of every document. CloudFormation reads templates of at most 1 MB from S3.
const (
	MaxBytes = 1 << 20
	MaxDepth = 64
)

// gate is how findings of this package are filed.
const gate = "manifest"

// Options say how a document is read.
type Options struct {
	// CloudFormation reads a template: short intrinsics are spelt out, yes/no/on/off are booleans, null is refused. Default false.
	CloudFormation bool
	// Product is the id of the product that findings are about. Default none.
	Product string
}

// Document is a well-formed document.
type Document struct {
	File string
	// Value is made of map[string]any, []any, string, bool, json.Number and nil. Numbers keep the digits that the author wrote.
	Value any
	// Lines leads from a JSON pointer in Value to the place in the file.
	Lines Lines
}

// JSON is the canonical form: one line, sorted keys, nothing escaped that need not be.
func (d *Document) JSON() []byte { return Canonical(d.Value) }

// Parse reads one document, JSON if file ends in .json and YAML otherwise. It returns either a document or findings, never both.
func Parse(file string, body []byte, o Options) (*Document, []finding.Finding) {
	p := &parser{file: file, options: o, document: &Document{File: file, Lines: Lines{}}}
	if p.readable(body) {
		p.starts = lineStarts(body)
		if path.Ext(file) == ".json" {
			p.json(body)
		} else {
			p.yaml(body)
		}
	}
	if len(p.findings) > 0 {
		finding.Sort(p.findings)
		return nil, p.findings
	}
	return p.document, nil
}

// parser collects what is wrong while it builds the document.
type parser struct {
	file     string
	options  Options
	starts   []int // offset of every line
	document *Document
	findings []finding.Finding
	deep     bool // the depth limit was reported
}

// refuse records one mistake.
func (p *parser) refuse(rule string, at finding.Span, message, cure string) {
	if n := len(p.starts); n > 0 && at.Line > n { // what is missing at the end of the file stands behind it for the library
		at = finding.Span{Line: n}
	}
	f := finding.Finding{
		Gate: gate, Rule: rule, Severity: finding.Error,
		Product: p.options.Product, File: p.file, Span: at, Message: message, Cure: cure,
	}
	f.Fingerprint = finding.Identify(f)
	p.findings = append(p.findings, f)
}

// refuseDepth records once that the document is nested too deeply.
func (p *parser) refuseDepth(at finding.Span) {
	if !p.deep {
		p.deep = true
		p.refuse("DEPTH", at, fmt.Sprintf("nested deeper than %d levels", MaxDepth), "flatten the document")
	}
}

// readable refuses what is no text of sensible size.
func (p *parser) readable(body []byte) bool {
	switch {
	case len(body) > MaxBytes:
		p.refuse("SIZE", finding.Span{},
			fmt.Sprintf("%s, more than the %s that one file may have", Size(len(body)), Size(MaxBytes)), "split it; CloudFormation reads no larger template")
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")), bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")):
		p.refuse("BYTE_ORDER_MARK", finding.Span{Line: 1, Column: 1},
			"starts with a byte order mark", "save it as UTF-8 without a byte order mark")
	case !utf8.Valid(body):
		line := 1 + bytes.Count(body[:invalidAt(body)], []byte("\n"))
		p.refuse("ENCODING", finding.Span{Line: line}, "is not valid UTF-8", "save it as UTF-8")
	case len(bytes.TrimSpace(body)) == 0:
		p.refuse("EMPTY", finding.Span{}, "is empty", "write its content or delete the file")
	}
	return len(p.findings) == 0
}

// replaced refuses text that a careless conversion has damaged, including the lone surrogates that encoding/json replaces silently.
func (p *parser) replaced(text string, at finding.Span) {
	if bytes.ContainsRune([]byte(text), utf8.RuneError) {
		p.refuse("ENCODING", at, "holds the replacement character U+FFFD or half of a surrogate pair", "write the character that was meant")
	}
}

// invalidAt is the offset of the first byte that is not UTF-8.
func invalidAt(body []byte) int {
	for i := 0; i < len(body); {
		r, n := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(body)
}

// Size renders a number of bytes for people.
func Size(n int) string {
	if n >= MaxBytes {
		return fmt.Sprintf("%.1f MB", float64(n)/MaxBytes)
	}
	return fmt.Sprintf("%.1f KB", float64(n)/1024)
}
