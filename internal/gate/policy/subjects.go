package policy

import (
	"encoding/json"
	"fmt"

	"accountfleet/internal/finding"
	"accountfleet/internal/gate/resolve"
	"accountfleet/internal/manifest"
)

// subject is one document that rules are evaluated on.
type subject struct {
	product *manifest.Product
	body    []byte
	variant string // what was chosen, empty for the template as written
}

// prepare lists templates as written, and as they become for each outcome of their conditions.
func prepare(o Options, templates []*manifest.Product) ([]subject, []finding.Finding, error) {
	var subjects []subject
	var findings []finding.Finding
	for _, p := range templates {
		subjects = append(subjects, subject{product: p, body: p.Template.Body})
		base := resolve.Input{
			Region: o.Settings.Regions.Home, Account: o.Settings.Accounts.Test, StackName: o.Settings.BetaStack(p.ID),
		}
		variants, err := resolve.Explore(p.Template.Doc, base, regions(o))
		if err != nil {
			findings = append(findings, unresolved(p, err))
		}
		seen := map[string]bool{} // what only an output tells apart is judged once
		for n, in := range variants {
			t, err := resolve.Resolve(p.Template.Doc, in)
			if err != nil {
				findings = append(findings, unresolved(p, err))
				continue
			}
			body, err := json.Marshal(t.Document())
			if err != nil {
				return nil, nil, fmt.Errorf("template of %s: %w", p.ID, err)
			}
			variant := "with template defaults"
			if n > 0 {
				variant = "with " + resolve.Difference(base, in)
			}
			if len(t.Resources) > 0 && !seen[string(body)] {
				seen[string(body)] = true
				subjects = append(subjects, subject{product: p, body: body, variant: variant})
			}
		}
	}
	return subjects, findings, nil
}

func regions(o Options) []string {
	return append(append([]string{o.Settings.Regions.Home}, o.Settings.Regions.Catalog...), o.Settings.Regions.Test...)
}

// unresolved refuses a template whose intrinsics cannot be followed: what they hide would reach no rule.
func unresolved(p *manifest.Product, err error) finding.Finding {
	f := finding.Finding{
		Gate: gate, Rule: "TEMPLATE_UNRESOLVED", Severity: finding.Error, Product: p.ID, File: p.Template.Path,
		Span: p.Template.Lines.At("/Resources"), Message: "the template cannot be evaluated: " + err.Error(), Cure: "mend what is named",
	}
	f.Fingerprint = finding.Identify(f)
	return f
}
