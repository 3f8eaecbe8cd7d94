package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"accountfleet/internal/finding"
	"accountfleet/internal/gate/tool"
)

// Exit codes of cfn-guard validate; every other one means that it did not do its work.
const (
	exitPass       = 0
	exitFail       = 19
	exitUnreadable = 5 // a rule file that does not parse
)

// guard is a verified cfn-guard with a private folder.
type guard struct {
	box  *tool.Box
	path string
	runs atomic.Int32 // each evaluation has a folder of its own
}

// report is cfn-guard's structured answer for one document.
type report struct {
	Name          string   `json:"name"`
	NotCompliant  []failed `json:"not_compliant"`
	NotApplicable []string `json:"not_applicable"`
	Compliant     []string `json:"compliant"`
}

type failed struct {
	Rule struct {
		Name   string            `json:"name"`
		Checks []json.RawMessage `json:"checks"`
	} `json:"Rule"`
}

func newGuard(ctx context.Context, box *tool.Box, locate tool.Locate) (*guard, error) {
	located, err := locate("cfn-guard")
	if err != nil {
		return nil, err
	}
	answer, err := box.Run(ctx, located.Path, []string{"--version"})
	if err != nil {
		return nil, err
	}
	if got := strings.TrimSpace(string(answer.Stdout)); got != "cfn-guard "+version {
		return nil, fmt.Errorf("cfn-guard: %s says it is %q, want version %s: run make tools", located.Path, got, version)
	}
	return &guard{box: box, path: located.Path}, nil
}

// baseline evaluates the rule files on subjects and, beside that, each file on its own tests: by the same program, with the same rules
// and flags. Reading a document anew costs more than most rules, so each process has a share of the subjects and all rules; and each file
// proves itself in one of its own, because cfn-guard would try every rule on the tests of all files. It returns the subjects' reports.
func (g *guard) baseline(ctx context.Context, files []ruleFile, subjects []subject) ([]report, error) {
	processors := runtime.GOMAXPROCS(0)
	share := max(1, (len(subjects)+processors-1)/processors)
	reports := make([][]report, processors)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(processors)
	i := 0
	for some := range slices.Chunk(subjects, share) { // none for no subjects: given nothing, cfn-guard has nothing to answer
		mine := &reports[i]
		i++
		group.Go(func() (err error) {
			*mine, err = g.trusted(ctx, untested(files), some)
			return err
		})
	}
	for one := range slices.Chunk(files, 1) {
		group.Go(func() error {
			proofs, err := g.trusted(ctx, one, nil)
			if err != nil {
				return err
			}
			if why := disproved(one, proofs); why != "" {
				return fmt.Errorf("cfn-guard: proof of life: %s: the rule or the tool is not to be trusted", why)
			}
			return nil
		})
	}
	err := group.Wait()
	return slices.Concat(reports...), err
}

// trusted evaluates rule files of the baseline, of which any exit status but pass and fail says that the tool is broken.
func (g *guard) trusted(ctx context.Context, files []ruleFile, subjects []subject) ([]report, error) {
	reports, answer, err := g.evaluate(ctx, files, subjects)
	if err == nil && answer.Code != exitPass && answer.Code != exitFail {
		err = fmt.Errorf("cfn-guard: exit status %d: %s", answer.Code, tool.Excerpt(answer.Stderr))
	}
	return reports, err
}

// untested is files without their tests.
func untested(files []ruleFile) []ruleFile {
	bare := slices.Clone(files)
	for i := range bare {
		bare[i].tests = nil
	}
	return bare
}

// extra evaluates one rule file of the catalog. A file that cfn-guard cannot evaluate, and a test that does not hold, are findings.
func (g *guard) extra(ctx context.Context, file ruleFile, subjects []subject) ([]report, []finding.Finding, error) {
	reports, answer, err := g.evaluate(ctx, []ruleFile{file}, subjects)
	switch {
	case answer.Code == exitUnreadable || answer.Code == 101:
		return nil, []finding.Finding{refuse("RULE_UNREADABLE", file.path, lineOf(answer.Stderr), "cfn-guard cannot evaluate the rules: "+tool.Excerpt(answer.Stderr),
			"mend the file; cfn-guard test must accept it")}, nil
	case err != nil:
		return nil, nil, err
	}
	if why := disproved([]ruleFile{file}, reports[len(subjects):]); why != "" {
		return reports[:len(subjects)], []finding.Finding{refuse("RULE_UNTESTED", file.path, 1, why, "mend the rule or its test")}, nil
	}
	return reports[:len(subjects)], nil, nil
}

// evaluate runs rule files on subjects and then on the files' tests; reports are in that order, and every rule is accounted for.
func (g *guard) evaluate(ctx context.Context, files []ruleFile, subjects []subject) ([]report, tool.Result, error) {
	run := g.runs.Add(1)
	args := []string{"validate", "--structured", "-S", "none", "-o", "json"}
	for i, f := range files {
		path, err := g.box.Write(fmt.Sprintf("%d/rules/%d.guard", run, i), f.body)
		if err != nil {
			return nil, tool.Result{}, err
		}
		args = append(args, "-r", path)
	}
	var paths []string
	add := func(body []byte) error {
		path, err := g.box.Write(fmt.Sprintf("%d/data/%d.json", run, len(paths)), body)
		paths = append(paths, path)
		return err
	}
	for _, s := range subjects {
		if err := add(s.body); err != nil {
			return nil, tool.Result{}, err
		}
	}
	for _, f := range files {
		for _, t := range f.tests {
			if err := add(t.input); err != nil {
				return nil, tool.Result{}, err
			}
		}
	}
	answer, err := g.box.Run(ctx, g.path, append(args, "-d", filepath.Join(g.box.Dir, fmt.Sprint(run), "data")))
	if err != nil || answer.Code != exitPass && answer.Code != exitFail {
		return nil, answer, err
	}
	reports, err := account(answer, paths, names(files))
	return reports, answer, err
}

// account reads the answer and demands one report for each document and one verdict for each rule.
func account(answer tool.Result, paths, rules []string) ([]report, error) {
	if len(answer.Stderr) > 0 {
		return nil, fmt.Errorf("cfn-guard: wrote an error beside its report: %s", tool.Excerpt(answer.Stderr))
	}
	var reports []report
	if err := json.Unmarshal(answer.Stdout, &reports); err != nil {
		return nil, fmt.Errorf("cfn-guard: report cannot be read: %w", err)
	}
	if len(reports) != len(paths) {
		return nil, fmt.Errorf("cfn-guard: %d documents reported of %d given", len(reports), len(paths))
	}
	ordered := make([]report, len(paths))
	failures := 0
	for i, path := range paths {
		at := slices.IndexFunc(reports, func(r report) bool { return r.Name == path })
		if at < 0 {
			return nil, fmt.Errorf("cfn-guard: document %s was not reported", filepath.Base(path))
		}
		for _, rule := range rules {
			if _, ok := reports[at].verdict(rule); !ok {
				return nil, fmt.Errorf("cfn-guard: rule %s was not evaluated on document %s", rule, filepath.Base(path))
			}
		}
		failures += len(reports[at].NotCompliant)
		ordered[i] = reports[at]
	}
	if (answer.Code == exitFail) != (failures > 0) {
		return nil, fmt.Errorf("cfn-guard: exit status %d and report disagree", answer.Code)
	}
	return ordered, nil
}

// verdict is what the report says of a rule; ok is false where it says nothing, or two things.
func (r report) verdict(rule string) (verdict string, ok bool) {
	found := 0
	for _, f := range r.NotCompliant {
		if f.Rule.Name == rule {
			verdict, found = fail, 1
		}
	}
	if slices.Contains(r.Compliant, rule) {
		verdict, found = pass, found+1
	}
	if slices.Contains(r.NotApplicable, rule) {
		verdict, found = skip, found+1
	}
	return verdict, found == 1
}

// disproved names the first expectation of the files' tests that does not hold.
func disproved(files []ruleFile, reports []report) string {
	i := 0
	for _, f := range files {
		for _, t := range f.tests {
			for _, r := range f.rules {
				want, expected := t.expect[r.name]
				if got, _ := reports[i].verdict(r.name); expected && got != want {
					return fmt.Sprintf("rule %s gives %s on the planted example %q, expected %s", r.name, got, t.name, want)
				}
			}
			i++
		}
	}
	return ""
}

var atLine = regexp.MustCompile(`at line (\d+)`)

func lineOf(stderr []byte) int {
	line := 1
	if m := atLine.FindSubmatch(stderr); m != nil {
		_, _ = fmt.Sscan(string(m[1]), &line)
	}
	return line
}
