package features

import (
	"strings"
	"testing"
	"time"

	"accountfleet/internal/manifest"
)

// patience is how long a small feature may take; fuzzing runs on busy machines.
const patience = 10 * time.Second

// FuzzFeature holds that whatever is pushed as a feature is planned or refused with its line.
func FuzzFeature(f *testing.F) {
	for _, seed := range []string{
		"Feature: f\n  Scenario: s\n    Given the catalog\n    Then no product has a AWS::IAM::User\n", "Feature: f\n", "# language: de\nFunktionalität: f\n", "# language: xx\n",
		"Feature: f\n  Background:\n    Given x\n  Scenario Outline: o\n    Given <a>\n    Examples:\n      | a |\n", "Feature: f\n  Rule: r\n    Background:\n      Given x\n    Example: e\n      * y\n",
		"Feature: f\n  Scenario: s\n    Given the catalog\n      | a | b |\n      | c |\n", "Feature: f\n  Scenario: s\n    Given x\n      \"\"\"\n      y\n", "@a @b\nFeature: f\n  @c\n  Scenario: s\n",
		"Scenario: s\n", "Feature: f\nFeature: g\n", "", "\x00", "Feature: f\n  Scenario: \n    Then \n", "Feature: f\n  Scenario: s\n    Then every AWS::S3::Bucket[, if any,] has property \"a\"\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		late := time.AfterFunc(patience, func() { panic(t.Name() + " takes too long: " + body) })
		defer late.Stop()
		p := &plan{steps: vocabulary}
		pickles := p.inspect(manifest.File{Path: "f.feature", Body: []byte(body)}, "sample")
		if len(pickles) == 0 && len(p.findings) == 0 {
			t.Fatal("nothing is run, and nothing says why")
		}
		lines := 2 + strings.Count(body, "\n")
		for _, found := range p.findings {
			if found.Message == "" || found.Cure == "" || found.Span.Line < 1 || found.Span.Line > lines {
				t.Fatalf("a finding without text or place: %+v of %d lines", found, lines)
			}
		}
	})
}

// vocabulary is compiled once: that takes longer than a feature.
var vocabulary = compile()
