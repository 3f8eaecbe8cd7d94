package policy

import (
	"testing"
	"time"

	"accountfleet/internal/manifest"
)

// patience is how long a small rule file may take; fuzzing runs on busy machines.
const patience = 10 * time.Second

// FuzzRules holds that rules of a catalog are read or refused with their place, and that none takes the name of a baseline rule.
func FuzzRules(f *testing.F) {
	for _, seed := range [][2]string{
		{"rule A when Resources exists { Resources.*.Type exists <<no. Cure: yes>> }\n", "- {name: p, input: {}, expectations: {rules: {A: PASS}}}\n- {name: f, input: {}, expectations: {rules: {A: FAIL}}}\n"},
		{"# rule A\n", "[]"}, {"rule A(x) {\n}\nrule B { A(y) }\n", "- {expectations: {rules: {B: SKIP}}}\n"}, {"rule TAKEN {}\nrule TAKEN {}\n", "- {expectations: {rules: {TAKEN: PASS}}}\n"},
		{"rule A { <<", ": ["}, {"", "- 1\n"}, {"rule A {}", "- {name: x, inputs: {}}\n"}, {"rule A {}", "- {input: {1: 2, [a]: b}, expectations: {rules: {A: MAYBE}}}\n"}, {"rule A {}", "- &a {input: *a}\n"},
		{"rule A {}", "- input: {? {a: b} : c}\n"}, {"rule A {}", "- input: .nan\n"},
	} {
		f.Add(seed[0], seed[1])
	}
	taken := []ruleFile{{path: "guard-rules/baseline.guard", rules: []rule{{name: "TAKEN"}}}}
	f.Fuzz(func(t *testing.T, rules, tests string) {
		late := time.AfterFunc(patience, func() { panic(t.Name() + " takes too long: " + rules + tests) })
		defer late.Stop()
		extra, findings := readExtra([]manifest.File{{Path: "guard-rules/a.guard", Body: []byte(rules)}, {Path: "guard-rules/tests/a_tests.yaml", Body: []byte(tests)}}, taken)
		if len(extra) == 0 && len(findings) == 0 {
			t.Fatal("the rules are gone, and nothing says why")
		}
		for _, found := range findings {
			if found.Message == "" || found.Cure == "" || found.Span.Line < 1 {
				t.Fatalf("a finding without text or place: %+v", found)
			}
		}
		for _, file := range extra {
			for _, r := range file.rules {
				if r.name == "TAKEN" || file.unproved(r.name) != "" {
					t.Fatalf("rule %s is taken", r.name)
				}
			}
		}
	})
}
