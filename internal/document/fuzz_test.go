package document

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// patience is how long any parser may take on a small input; fuzzing runs on busy machines.
const patience = 5 * time.Second

// FuzzParse holds that whatever is pushed is either a document or refused with its place: no panic, no endless work, nothing in between.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a: 1\n", "a: &x [1, 2]\nb: *x\n", "<<: {a: b}\n", "a: 1\na: 2\n", "? [x]\n: y\n", "--- a\n--- b\n", "\ufeffa: b", "a: !Ref b\nc: !GetAtt d.e\n",
		"a: !Sub [\"${x}\", {x: !If [c, 1, !Ref AWS::NoValue]}]\n", "a: 0123\nb: yes\nc: 22:30\nd: ~\n", "a:\n\tb: c\n", "%YAML 1.1\n---\na: b\n", "a: |\n  x\n y\n",
		`{"a": 1, "a": 2}`, `{"a": [1, {"b": null}]}`, `{"a": "\ud800"}`, "[" + strings.Repeat("[", 70) + strings.Repeat("]", 70) + "]",
		"a: \"\\xff\"\n", "!!binary aGk=\n", "a: !<tag:x> b\n", "- !\n- ! x\n", "\x00", "a: \x85b\n", "{a: {b: [}", "a: 'x\n\n\n", "*a", "&a", "? ", ": ", "- - - -\n", "a: >-1\n b",
		"a: &x [*x]\n", "%TAG ! tag:x,2000:\n---\na: !Ref b\n", "a: !!set {x}",
		"a: 1" + strings.Repeat("0", 400) + "\n", "[1e999]", "[\n1" + strings.Repeat("0", 400) + "]", "? 0A",
	} {
		f.Add(seed, true, true)
		f.Add(seed, false, false)
	}
	f.Fuzz(func(t *testing.T, body string, isYAML, template bool) {
		file := "f.json"
		if isYAML {
			file = "f.yaml"
		}
		late := time.AfterFunc(patience, func() { panic(t.Name() + " takes too long: " + body) })
		d, findings := Parse(file, []byte(body), Options{CloudFormation: template})
		late.Stop()
		if (d == nil) != (len(findings) > 0) {
			t.Fatalf("document %v with findings %v", d, findings)
		}
		lines := 1 + strings.Count(body, "\n") + strings.Count(body, "\r") + strings.Count(body, "\u0085") + strings.Count(body, "\u2028") + strings.Count(body, "\u2029")
		for _, found := range findings {
			whole := found.Rule == "EMPTY" || found.Rule == "SIZE"
			if found.Message == "" || found.Cure == "" || found.Rule == "" || found.Span.Line < 1 && !whole || found.Span.Line > lines {
				t.Fatalf("a finding without text or place: %+v of %d lines", found, lines)
			}
		}
		if d == nil {
			return
		}
		var again any
		if err := json.Unmarshal(d.JSON(), &again); err != nil {
			t.Fatalf("canonical form is no JSON: %v", err)
		}
		second, findings := Parse("f.json", d.JSON(), Options{CloudFormation: template})
		if second == nil {
			t.Fatalf("the canonical form %s is refused: %v", d.JSON(), findings)
		}
		if string(second.JSON()) != string(d.JSON()) {
			t.Fatalf("%s became %s", d.JSON(), second.JSON())
		}
	})
}
