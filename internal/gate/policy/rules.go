package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"accountfleet/internal/finding"
	"accountfleet/internal/manifest"
)

// ruleFile is a .guard file with its tests.
type ruleFile struct {
	path  string
	body  []byte
	rules []rule
	tests []test
}

// rule is a named rule and the messages of its clauses, in order.
type rule struct {
	name     string
	line     int
	messages []string
}

// test is one document in cfn-guard's own test format.
type test struct {
	name   string
	input  []byte            // JSON
	expect map[string]string // rule -> PASS, FAIL or SKIP
}

var (
	comment  = regexp.MustCompile(`(?m)^[ \t]*#.*$`)
	ruleHead = regexp.MustCompile(`(?m)^\s*rule\s+(\w+)(\(?)`)
	message  = regexp.MustCompile(`(?s)<<(.*?)>>`)
)

// readBaseline reads the platform team's rules: every rule must have a test that it passes and one that it fails.
func readBaseline(files fs.FS) ([]ruleFile, error) {
	paths, err := fs.Glob(files, "*.guard")
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("guard rules: none found: the fleet program was built without them: %v", err)
	}
	var all []ruleFile
	for _, p := range paths {
		body, err := fs.ReadFile(files, p)
		if err != nil {
			return nil, fmt.Errorf("guard rules: %w", err)
		}
		tests, err := fs.ReadFile(files, testsOf(p))
		if err != nil {
			return nil, fmt.Errorf("guard rules: %s has no tests: %w", p, err)
		}
		file, err := parse("guard-rules/"+p, body, tests)
		if err != nil {
			return nil, fmt.Errorf("guard rules: %w", err)
		}
		for _, r := range file.rules {
			if why := file.unproved(r.name); why != "" {
				return nil, fmt.Errorf("guard rules: %s: %s", p, why)
			}
			if !wellNamed.MatchString(r.name) || slices.Contains(names(all), r.name) {
				return nil, fmt.Errorf("guard rules: %s: rule %s: want a name of its own in capitals", p, r.name)
			}
		}
		all = append(all, file)
	}
	return all, nil
}

var wellNamed = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

func testsOf(guard string) string {
	return path.Join(path.Dir(guard), "tests", strings.TrimSuffix(path.Base(guard), ".guard")+"_tests.yaml")
}

// parse reads the names and messages of a rule file's rules and its tests.
func parse(file string, body, tests []byte) (ruleFile, error) {
	f := ruleFile{path: file, body: body}
	bare := comment.ReplaceAllFunc(body, func(line []byte) []byte { return bytes.Repeat([]byte(" "), len(line)) })
	heads := ruleHead.FindAllSubmatchIndex(bare, -1)
	for i, h := range heads {
		if h[4] != h[5] {
			continue // a parameterized rule is only ever called by others
		}
		end := len(bare)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		r := rule{name: string(bare[h[2]:h[3]]), line: 1 + bytes.Count(bare[:h[2]], []byte("\n"))}
		for _, m := range message.FindAllSubmatch(bare[h[1]:end], -1) {
			r.messages = append(r.messages, string(m[1]))
		}
		f.rules = append(f.rules, r)
	}
	if len(f.rules) == 0 {
		return f, fmt.Errorf("%s: no named rule", file)
	}
	var err error
	f.tests, err = parseTests(tests)
	if err != nil {
		return f, fmt.Errorf("%s: tests: %w", file, err)
	}
	for _, t := range f.tests {
		for name, verdict := range t.expect {
			if !slices.ContainsFunc(f.rules, func(r rule) bool { return r.name == name }) {
				return f, fmt.Errorf("%s: test %q expects %s of %s, which is no rule of the file", file, t.name, verdict, name)
			}
			if verdict != pass && verdict != fail && verdict != skip {
				return f, fmt.Errorf("%s: test %q: want PASS, FAIL or SKIP, got %q", file, t.name, verdict)
			}
		}
	}
	return f, nil
}

// Verdicts of cfn-guard on a rule.
const (
	pass = "PASS"
	fail = "FAIL"
	skip = "SKIP"
)

func parseTests(body []byte) ([]test, error) {
	var documents []struct {
		Name         string `yaml:"name"`
		Input        any    `yaml:"input"`
		Expectations struct {
			Rules map[string]string `yaml:"rules"`
		} `yaml:"expectations"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	decoder.KnownFields(true)
	if err := decoder.Decode(&documents); err != nil {
		return nil, err
	}
	var tests []test
	for _, d := range documents {
		input, err := json.Marshal(d.Input)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", d.Name, err)
		}
		tests = append(tests, test{name: d.Name, input: input, expect: d.Expectations.Rules})
	}
	return tests, nil
}

// unproved says what a rule lacks to be believed.
func (f ruleFile) unproved(name string) string {
	for _, verdict := range []string{pass, fail} {
		if !slices.ContainsFunc(f.tests, func(t test) bool { return t.expect[name] == verdict }) {
			return fmt.Sprintf("rule %s has no test that expects %s", name, verdict)
		}
	}
	return ""
}

func names(files []ruleFile) []string {
	var all []string
	for _, f := range files {
		for _, r := range f.rules {
			all = append(all, r.name)
		}
	}
	return all
}

func ruleOf(files []ruleFile, name string) (rule, ruleFile) {
	for _, f := range files {
		for _, r := range f.rules {
			if r.name == name {
				return r, f
			}
		}
	}
	return rule{name: name}, ruleFile{}
}

// readExtra reads the catalog's own rules. What is wrong with them is a finding: the baseline is judged without them.
func readExtra(files []manifest.File, baseline []ruleFile) ([]ruleFile, []finding.Finding) {
	var extra []ruleFile
	var findings []finding.Finding
	bodies := map[string][]byte{}
	for _, f := range files {
		bodies[f.Path] = f.Body
	}
	for _, f := range files {
		if path.Ext(f.Path) != ".guard" {
			continue
		}
		tests, ok := bodies[testsOf(f.Path)]
		if !ok {
			findings = append(findings, refuse("RULE_UNTESTED", f.Path, 1, "the rules have no tests, so nobody knows whether they catch anything",
				"write "+testsOf(f.Path)+" in the format of cfn-guard test"))
			continue
		}
		file, err := parse(f.Path, f.Body, tests)
		if err != nil {
			findings = append(findings, refuse("RULE_UNREADABLE", f.Path, 1, err.Error(), "mend the file; cfn-guard test must accept it"))
			continue
		}
		mistakes := file.inspect(append(slices.Clone(baseline), extra...))
		if findings = append(findings, mistakes...); len(mistakes) == 0 {
			extra = append(extra, file)
		}
	}
	for p := range bodies {
		switch {
		case path.Ext(p) == ".guard" || slices.ContainsFunc(files, func(f manifest.File) bool { return path.Ext(f.Path) == ".guard" && testsOf(f.Path) == p }):
		case strings.Contains(strings.ToLower(path.Base(p)), "waiver"):
			findings = append(findings, refuse("WAIVER_IGNORED", p, 1, "a catalog cannot waive a rule", "remove the file and ask the platform team, who keep the waivers"))
		default:
			findings = append(findings, refuse("RULE_UNTESTED", p, 1, "belongs to no rule file, so nothing reads it",
				"name it tests/<name>_tests.yaml after its <name>.guard, or remove it"))
		}
	}
	finding.Sort(findings)
	return extra, findings
}

func (f ruleFile) inspect(others []ruleFile) []finding.Finding {
	var findings []finding.Finding
	seen := map[string]bool{}
	for _, r := range f.rules {
		switch {
		case seen[r.name] || slices.Contains(names(others), r.name):
			_, other := ruleOf(append(slices.Clone(others), f), r.name)
			findings = append(findings, refuse("RULE_REDEFINED", f.path, r.line, fmt.Sprintf("rule %s exists already, in %s", r.name, other.path),
				"give it a name of its own: a catalog adds rules, it never replaces one"))
		case f.unproved(r.name) != "":
			findings = append(findings, refuse("RULE_UNTESTED", f.path, r.line, f.unproved(r.name), "add one to "+testsOf(f.path)))
		}
		seen[r.name] = true
	}
	return findings
}
