package gate

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"time"

	guardrules "accountfleet/guard-rules"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/manifest"
	"accountfleet/internal/waiver"
)

// waivers reads the platform team's waivers. They are part of the fleet program, so what was pushed cannot add one.
func (o Options) waivers() ([]waiver.Waiver, error) {
	body := o.Waivers
	if body == nil {
		var err error
		if body, err = fs.ReadFile(guardrules.Files, "waivers.yaml"); err != nil {
			return nil, fmt.Errorf("waivers: %w: the fleet program was built without them", err)
		}
	}
	waivers, err := waiver.Parse(waiver.File, body)
	if err != nil {
		return nil, fmt.Errorf("waivers cannot be read: %w", err)
	}
	return waivers, nil
}

// waive applies waivers to what the gates found. Findings about waivers themselves come as an outcome of their own.
func waive(outcomes []outcome, waivers []waiver.Waiver, catalog *manifest.Catalog, now time.Time) []outcome {
	if len(waivers) == 0 {
		return outcomes
	}
	var all []finding.Finding
	ran := map[string]bool{}
	for _, o := range outcomes {
		all = append(all, o.findings...)
		ran[o.gate] = o.err == nil
	}
	judged := func(w waiver.Waiver) bool {
		known := slices.ContainsFunc(catalog.Products, func(p manifest.Product) bool { return p.ID == w.Product })
		return known && ran[gateOf(w.Rule)]
	}
	applied := waiver.Apply(waivers, all, now, judged)
	for i := range outcomes {
		n := len(outcomes[i].findings)
		outcomes[i].findings, applied = applied[:n:n], applied[n:]
	}
	return append(outcomes, outcome{gate: "waivers", findings: applied, check: evidence.Check{
		Name: "waivers", Tool: "fleet", Unit: "waivers", Counted: len(waivers),
	}})
}

// lintRule is the form of cfn-lint's rule ids.
var lintRule = regexp.MustCompile(`^[EWI][0-9]{4}$`)

// gateOf is the gate that evaluates a rule.
func gateOf(rule string) string {
	if lintRule.MatchString(rule) {
		return Schema
	}
	return Policy
}
