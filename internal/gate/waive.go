package gate

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	guardrules "accountfleet/guard-rules"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/iam"
	"accountfleet/internal/manifest"
	"accountfleet/internal/waiver"
)

// exceptions are what the platform team lets pass. They are part of the fleet program, so what was pushed cannot add one.
type exceptions struct {
	waivers  []waiver.Waiver
	accepted []waiver.Accepted
}

func (o Options) exceptions() (exceptions, error) {
	var e exceptions
	body, err := embedded(o.Waivers, "waivers.yaml")
	if err == nil {
		e.waivers, err = waiver.Parse(waiver.File, body)
	}
	if err != nil {
		return e, fmt.Errorf("waivers cannot be read: %w", err)
	}
	e.accepted, err = accepted(o.Accepted)
	return e, err
}

// AcceptedSecrets are those of the platform team's list.
func AcceptedSecrets() ([]waiver.Accepted, error) { return accepted(nil) }

// accepted reads a list of accepted secrets, by default the one beside the baseline rules.
func accepted(body []byte) ([]waiver.Accepted, error) {
	body, err := embedded(body, "accepted-secrets.yaml")
	var list []waiver.Accepted
	if err == nil {
		list, err = waiver.ParseAccepted(waiver.AcceptedFile, body)
	}
	if err != nil {
		return nil, fmt.Errorf("accepted secrets cannot be read: %w", err)
	}
	return list, nil
}

// embedded is body, or the file beside the baseline rules.
func embedded(body []byte, name string) ([]byte, error) {
	if body != nil {
		return body, nil
	}
	return fs.ReadFile(guardrules.Files, name)
}

// apply turns findings that may pass into notes. Findings about exceptions themselves come as an outcome of their own. Everything says
// that the whole history was searched.
func (e exceptions) apply(outcomes []outcome, catalog *manifest.Catalog, everything bool, now time.Time) []outcome {
	if len(e.waivers)+len(e.accepted) == 0 {
		return outcomes
	}
	var all []finding.Finding
	ran := map[string]bool{}
	for _, o := range outcomes {
		all = append(all, o.findings...)
		ran[o.gate] = o.err == nil
	}
	judged := func(w waiver.Waiver) bool {
		known := slices.ContainsFunc(catalog.Subjects(), func(p *manifest.Product) bool { return p.ID == w.Product })
		return known && ran[gateOf(w.Rule)]
	}
	applied := waiver.Apply(e.waivers, all, now, judged)
	applied = waiver.Accept(e.accepted, applied, everything && ran[Secrets])
	for i := range outcomes {
		n := len(outcomes[i].findings)
		outcomes[i].findings, applied = applied[:n:n], applied[n:]
	}
	return append(outcomes, outcome{gate: "waivers", findings: applied, check: evidence.Check{
		Name: "waivers", Tool: "fleet", Unit: "waivers", Counted: len(e.waivers) + len(e.accepted),
	}})
}

// lintRule is the form of cfn-lint's rule ids.
var lintRule = regexp.MustCompile(`^[EWI][0-9]{4}$`)

// gateOf is the gate that evaluates a rule.
func gateOf(rule string) string {
	if lintRule.MatchString(rule) {
		return Schema
	}
	if strings.HasPrefix(rule, iam.Prefix) {
		return IAM
	}
	return Policy
}
