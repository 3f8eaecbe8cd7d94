// Package iam is the gate that judges every IAM policy of a template: those of roles and permission sets, of resources, of trust, and
// service and resource control policies, wherever they stand and however they are written.
//
// Policies are found by their form (documents.go) in the template as written and in what it becomes for each outcome of its conditions
// (variants.go); what only a deployment knows stays a symbol. parliament says whether IAM understands them (parliament.go, issues.go);
// what they can be misused for is judged here: ways to more privileges (paths.go, escalation.go), and principals that are let in
// (principals.go). A policy that cannot be read before a deployment is a finding, never skipped. On AWS, Access Analyzer is asked too
// (analyzer.go). Start at Run.
package iam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"accountfleet/internal/config"
	"accountfleet/internal/document"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/memory"
	"accountfleet/internal/gate/tool"
	"accountfleet/internal/manifest"
)

// gate is how findings of this package are filed.
const gate = "iam"

// Prefix is how the names of this gate's rules begin.
const Prefix = "IAM_"

// Options of Run.
type Options struct {
	Catalog  *manifest.Catalog
	Settings *config.Settings
	Locate   tool.Locate
	Memory   *memory.Memory // templates that were judged before; default none
	Analyzer Analyzer       // is asked too; default nobody
}

// Run judges every policy of every template. An error means that the gate is broken.
func Run(ctx context.Context, o Options) (evidence.Check, []finding.Finding, error) {
	check := evidence.Check{Name: "parliament", Tool: "parliament " + version, Unit: "templates"}
	if len(o.Catalog.Products) == 0 {
		return check, nil, errors.New("iam: no template to check: add a product")
	}
	templates := o.Memory.Templates(gate, o.Catalog.Subjects(), fmt.Sprint("analyzed ", o.Analyzer != nil))
	var subjects []*collector
	var findings []finding.Finding
	for _, p := range templates.Fresh {
		found, mistakes := forms(p, o.Settings)
		subjects, findings = append(subjects, found...), append(findings, mistakes...)
	}
	policies := distinct(subjects)
	questions := make([]any, len(policies))
	for i, p := range policies {
		questions[i] = sampler{types: types(p.product)}.question(p)
	}
	issues, err := consult(ctx, o.Locate, questions)
	if err != nil {
		return check, findings, err
	}
	found, err := judgeAll(policies, issues)
	if err != nil {
		return check, findings, err
	}
	findings = append(findings, found...)
	findings = append(findings, hidden(subjects)...)
	for _, p := range policies {
		findings = append(append(findings, p.principalFindings(o.Settings)...), p.patternFindings()...)
	}
	for _, c := range subjects {
		findings = append(findings, c.escalations()...)
	}
	if o.Analyzer != nil {
		remarks, err := analyze(ctx, o.Analyzer, policies)
		if err != nil {
			return check, findings, err
		}
		findings = append(findings, remarks...)
	}
	findings = once(findings)
	check.Counted = len(templates.Fresh) + templates.Known
	check.Detail = fmt.Sprintf("%d policies in %d templates; %d templates judged before", len(policies), len(templates.Fresh), templates.Known)
	return check, templates.Settle(findings), nil
}

// types are the types of a template's resources.
func types(p *manifest.Product) map[string]string {
	found := map[string]string{}
	resources, _ := p.Template.Doc["Resources"].(map[string]any)
	for id, body := range resources {
		if m, ok := body.(map[string]any); ok {
			found[id], _ = m["Type"].(string)
		}
	}
	return found
}

// distinct lists every policy once, as the first form of its template has it.
func distinct(subjects []*collector) []policy {
	var policies []policy
	seen := map[string]bool{}
	for _, c := range subjects {
		for _, p := range c.policies {
			body, err := json.Marshal(p.body)
			key := strings.Join([]string{p.product.ID, strings.Join(p.words, "/"), string(body)}, "\x00")
			if err == nil && seen[key] {
				continue
			}
			seen[key] = true
			policies = append(policies, p)
		}
	}
	return policies
}

func judgeAll(policies []policy, issues [][]issue) ([]finding.Finding, error) {
	var findings []finding.Finding
	for n, p := range policies {
		for _, i := range issues[n] {
			v, err := judge(p, i)
			if err != nil {
				return nil, err
			}
			if v.rule == "" {
				continue
			}
			f := p.finding(v.rule, p.place(i.Statement, v.needle), v.message, v.cure)
			f.Severity = v.severity
			findings = append(findings, f)
		}
	}
	return findings, nil
}

// hidden refuses policies that cannot be read.
func hidden(subjects []*collector) []finding.Finding {
	var findings []finding.Finding
	for _, c := range subjects {
		for _, p := range c.unreadable {
			findings = append(findings, p.finding("IAM_POLICY_READABLE", document.Pointer(p.words...),
				"the policy cannot be read before a deployment, so nobody can tell what it allows",
				"write the policy into the template; let parameters stand inside it only"))
		}
	}
	return findings
}

// finding is one about the policy, at a pointer into its template.
func (p policy) finding(rule, pointer, message, cure string) finding.Finding {
	if p.variant != "" {
		message += " (" + p.variant + ")"
	}
	return file(p.product, rule, pointer, p.resource, message, cure)
}

func file(p *manifest.Product, rule, pointer, resource, message, cure string) finding.Finding {
	f := finding.Finding{
		Gate: gate, Rule: rule, Severity: finding.Error, Product: p.ID, Resource: resource, File: p.Template.Path,
		Span: p.Template.Lines.At(pointer), Message: message, Cure: cure,
	}
	f.Fingerprint = finding.Identify(f)
	return f
}

// once drops what another form of the same template said already. Forms are compared without their name.
func once(findings []finding.Finding) []finding.Finding {
	seen := map[string]bool{}
	return slices.DeleteFunc(findings, func(f finding.Finding) bool {
		said, _, _ := strings.Cut(f.Message, " (with ")
		key := fmt.Sprint(f.Product, "\x00", f.Rule, "\x00", f.Resource, "\x00", f.Span.Line, "\x00", said)
		if seen[key] {
			return true
		}
		seen[key] = true
		return false
	})
}
