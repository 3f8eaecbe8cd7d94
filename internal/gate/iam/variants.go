package iam

import (
	"accountfleet/internal/config"
	"accountfleet/internal/document"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/resolve"
	"accountfleet/internal/manifest"
)

// jsonText marks what stood in Fn::ToJsonString. It is no name that a template can have: the strict loader refuses control characters.
const jsonText = "\x00json"

// forms are what a template becomes for each outcome of its conditions. More branches than can be looked at, or an intrinsic that cannot
// be followed, is a finding: it would hide policies.
func forms(p *manifest.Product, s *config.Settings) ([]*collector, []finding.Finding) {
	readable, _ := unwrap(p.Template.Doc).(map[string]any)
	base := resolve.Input{Region: s.Regions.Home, Account: s.Accounts.Test, StackName: s.BetaStack(p.ID)}
	regions := append(append([]string{s.Regions.Home}, s.Regions.Catalog...), s.Regions.Test...)
	var found []*collector
	variants, err := resolve.Explore(readable, base, regions)
	mistakes := unresolved(p, err)
	for n, in := range variants {
		t, err := resolve.Resolve(readable, in)
		if err != nil {
			mistakes = append(mistakes, unresolved(p, err)...)
			continue
		}
		variant := ""
		if n > 0 {
			variant = "with " + resolve.Difference(base, in)
		}
		found = append(found, collect(p, variant, t))
	}
	return found, mistakes
}

func unresolved(p *manifest.Product, err error) []finding.Finding {
	if err == nil {
		return nil
	}
	return []finding.Finding{file(p, "IAM_TEMPLATE_UNRESOLVED", document.Pointer("Resources"), "",
		"policies of the template cannot be evaluated: "+err.Error(), "mend what is named")}
}

// unwrap takes values out of Fn::ToJsonString, whose text could only be read where every part is known.
func unwrap(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if inner, ok := v["Fn::ToJsonString"]; ok && len(v) == 1 {
			return map[string]any{jsonText: unwrap(inner)}
		}
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = unwrap(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = unwrap(item)
		}
		return out
	}
	return v
}
