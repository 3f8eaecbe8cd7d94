package rehearsal

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"accountfleet/internal/evidence"
	"accountfleet/internal/rehearsal/buildspec"
)

// finish collects reports, artifacts and exported variables. Of a build that failed it keeps what there is, for people to read.
func (b *build) finish(ctx context.Context, sh *shell, failed error) (map[string]string, error) {
	reports := b.reports(ctx, sh)
	if failed != nil {
		b.keepEvidence(sh)
		return nil, b.classify(failed)
	}
	if reports != nil {
		return nil, reports
	}
	for _, output := range b.task.action.Outputs {
		if err := b.output(ctx, sh, output); err != nil {
			return nil, fmt.Errorf("UPLOAD_ARTIFACTS: %w", err)
		}
	}
	exported := map[string]string{}
	for _, name := range b.spec.Env.ExportedVariables {
		value, ok := sh.lookup(name)
		if !ok {
			return nil, fmt.Errorf("exported variable %s is not in the environment at the end of the build: export it in a command", name)
		}
		exported[name] = value
	}
	return exported, nil
}

// classify tells what was pushed from what is broken: exit status 1 of a command that is no preparation means findings.
func (b *build) classify(failed error) error {
	var command *commandError
	if errors.As(failed, &command) && command.status == 1 && command.phase != "install" {
		return &Failure{Reason: failed.Error()}
	}
	return failed
}

// set finds the files of an output: the primary artifact if there is one output, else the secondary one of that name.
func (b *build) set(output string) buildspec.Set {
	if len(b.task.action.Outputs) == 1 {
		return b.spec.Artifacts.Set
	}
	return b.spec.Artifacts.Secondary[output]
}

// inBuild expands variables of the build in a base directory.
func inBuild(set buildspec.Set, sh *shell) buildspec.Set {
	set.BaseDirectory = os.Expand(set.BaseDirectory, func(name string) string {
		value, _ := sh.lookup(name)
		return value
	})
	return set
}

// output packs and uploads one output with the project's role, and leaves a copy in the run folder.
func (b *build) output(ctx context.Context, sh *shell, name string) error {
	files, err := inBuild(b.set(name), sh).Select(b.src)
	if err != nil {
		return err
	}
	zip := filepath.Join(b.task.dir, name+".zip")
	if err := pack(zip, files); err != nil {
		return err
	}
	defer os.Remove(zip)
	if err := b.task.execution.artifacts.put(ctx, b.role, b.task.action.Region, name, zip); err != nil {
		return err
	}
	kept := b.task.execution.kept(name)
	if err := unpack(zip, kept); err != nil {
		return err
	}
	b.task.result.Artifacts = append(b.task.result.Artifacts, name)
	b.readEvidence(filepath.Join(kept, "evidence.json"))
	return nil
}

// keepEvidence copies the artifacts of a failed build to the run folder: they hold the findings.
func (b *build) keepEvidence(sh *shell) {
	for _, name := range b.task.action.Outputs {
		files, err := inBuild(b.set(name), sh).Select(b.src)
		if err != nil {
			continue // a build that failed early made none
		}
		zip, kept := filepath.Join(b.task.dir, name+".zip"), b.task.execution.kept(name)
		if err := pack(zip, files); err != nil {
			b.task.say("[build] %v", err)
			continue
		}
		if err := unpack(zip, kept); err != nil {
			b.task.say("[build] %v", err)
		}
		os.Remove(zip)
		b.readEvidence(filepath.Join(kept, "evidence.json"))
	}
}

// readEvidence takes over what the action wrote about itself, if it did.
func (b *build) readEvidence(path string) {
	if e, err := evidence.Read(path); err == nil {
		b.task.result.Evidence = &e
	}
}

// reports collects the test reports: each must be there and be readable, and the project's role must be allowed to publish it.
func (b *build) reports(ctx context.Context, sh *shell) error {
	for _, group := range slices.Sorted(maps.Keys(b.spec.Reports)) {
		if err := b.report(ctx, sh, group, b.spec.Reports[group]); err != nil {
			b.task.say("[build] report %s: %v", group, err)
			return fmt.Errorf("report %s: %w", group, err)
		}
	}
	return nil
}

func (b *build) report(ctx context.Context, sh *shell, group string, report buildspec.Report) error {
	arn := group
	if !strings.HasPrefix(group, "arn:") {
		arn = strings.Join([]string{"arn:aws:codebuild", b.task.action.Region, b.task.session.plan.Assembly.Pipeline.Account,
			"report-group/" + b.project.Name + "-" + group}, ":")
	}
	for _, action := range []string{"codebuild:CreateReport", "codebuild:UpdateReport", "codebuild:BatchPutTestCases"} {
		if err := b.task.session.require(ctx, b.role.arn, action, arn, nil); err != nil {
			return err
		}
	}
	set := buildspec.Set{Files: report.Files, BaseDirectory: report.BaseDirectory, DiscardPaths: report.DiscardPaths}
	files, err := inBuild(set, sh).Select(b.src)
	if err != nil {
		return err
	}
	for _, f := range files {
		body, err := os.ReadFile(f.Path)
		if err != nil {
			return err
		}
		cases, err := countCases(report.Format, body)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		b.task.say("[build] report %s: %s holds %d test cases", group, f.Name, cases)
		target := filepath.Join(b.task.execution.dir, "reports", b.task.action.Name, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, body, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// countCases reads a report and counts its test cases.
func countCases(format string, body []byte) (int, error) {
	if format == "CUCUMBERJSON" {
		var features []struct {
			Elements []struct{} `json:"elements"`
		}
		if err := json.Unmarshal(body, &features); err != nil {
			return 0, fmt.Errorf("is no Cucumber JSON report: %w", err)
		}
		count := 0
		for _, f := range features {
			count += len(f.Elements)
		}
		return count, nil
	}
	return countJUnit(body)
}

func countJUnit(body []byte) (int, error) {
	type suite struct {
		Cases  []struct{} `xml:"testcase"`
		Suites []suite    `xml:"testsuite"`
	}
	var root struct {
		XMLName xml.Name
		suite
	}
	if err := xml.Unmarshal(body, &root); err != nil {
		return 0, fmt.Errorf("is no JUnit report: %w", err)
	}
	if name := root.XMLName.Local; name != "testsuites" && name != "testsuite" {
		return 0, fmt.Errorf("is no JUnit report: its root is %s", name)
	}
	var count func(s suite) int
	count = func(s suite) int {
		total := len(s.Cases)
		for _, child := range s.Suites {
			total += count(child)
		}
		return total
	}
	return count(root.suite), nil
}
