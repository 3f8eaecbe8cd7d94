// Package policy is the policy-as-code gate: every template against every guard rule, by cfn-guard.
//
// cfn-guard reports success when it looked at nothing, so the gate believes no exit code. It gives the tool canonical JSON in a private
// folder, accounts for every template and every rule in the answer, and in the same run evaluates the rules' own tests: a rule whose
// planted bad example passes makes the gate broken. Besides the template as written, what it becomes for each outcome of its conditions
// is evaluated (package resolve), so that no intrinsic hides a value. Rules of a catalog add to the baseline and never redefine it.
// Two rules are evaluated here, because cfn-guard cannot: which services products may use (services.go) and where dynamic references may
// stand (references.go). Start at Run. rules.go reads rule files, guard.go runs the tool, findings.go reads its answer.
package policy

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/memory"
	"accountfleet/internal/gate/tool"
	"accountfleet/internal/manifest"
)

// gate is how findings of this package are filed.
const gate = "policy"

// version of cfn-guard whose answers this package understands.
const version = "3.1.1"

// Options of Run.
type Options struct {
	Catalog  *manifest.Catalog
	Settings *config.Settings
	Baseline fs.FS // *.guard and tests/*_tests.yaml
	Locate   tool.Locate
	Memory   *memory.Memory // templates that were judged before; default none
}

// Run evaluates every rule on every template. An error means that the gate is broken.
func Run(ctx context.Context, o Options) (evidence.Check, []finding.Finding, error) {
	check := evidence.Check{Name: "cfn-guard", Tool: "cfn-guard " + version, Unit: "templates x rules"}
	baseline, err := readBaseline(o.Baseline)
	if err != nil {
		return check, nil, err
	}
	box, err := tool.New()
	if err != nil {
		return check, nil, err
	}
	defer box.Close()
	guard, err := newGuard(ctx, box, o.Locate)
	if err != nil {
		return check, nil, err
	}
	templates := o.Memory.Templates(gate, o.Catalog.Subjects(), written(o.Catalog.Rules)...)
	subjects, findings, err := prepare(o, templates.Fresh)
	if err != nil {
		return check, nil, err
	}
	mine, err := judge(o, templates.Fresh, subjects)
	if err != nil {
		return check, nil, err
	}
	findings = append(findings, mine...)
	reports, err := guard.baseline(ctx, baseline, subjects)
	if err != nil {
		return check, findings, err
	}
	findings = append(findings, translate(reports, subjects, baseline)...)
	extra, mistakes := readExtra(o.Catalog.Rules, baseline)
	findings = append(findings, mistakes...)
	rules := len(names(baseline))
	for _, file := range extra {
		reports, mistakes, err := guard.extra(ctx, file, subjects)
		if err != nil {
			return check, findings, err
		}
		rules += len(file.rules)
		findings = append(append(findings, mistakes...), translate(reports, subjects, []ruleFile{file})...)
	}
	check.Counted = len(o.Catalog.Products) * rules
	check.Detail = fmt.Sprintf("%d templates, %d rules, %d variants; %d templates judged before", len(o.Catalog.Products), rules, len(subjects), templates.Known)
	if check.Counted == 0 {
		return check, findings, fmt.Errorf("cfn-guard: no template to evaluate: add a product")
	}
	return check, templates.Settle(findings), nil
}

// written is all that the rules of a catalog say.
func written(files []manifest.File) []string {
	var parts []string
	for _, f := range files {
		parts = append(parts, f.Path, string(f.Body))
	}
	return parts
}

func refuse(rule, file string, line int, message, cure string) finding.Finding {
	f := finding.Finding{
		Gate: gate, Rule: rule, Severity: finding.Error, File: file, Span: finding.Span{Line: line},
		Message: strings.TrimSpace(message), Cure: cure,
	}
	f.Fingerprint = finding.Identify(f)
	return f
}
