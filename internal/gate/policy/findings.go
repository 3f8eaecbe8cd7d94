package policy

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/finding"
)

// clause is a check of a rule that did not hold: where, and what the rule says about it.
type clause struct {
	pointer string
	message string
}

// translate turns reports into findings: one for each rule, resource and cure. What the template as written already shows is not
// repeated for its variants.
func translate(reports []report, subjects []subject, files []ruleFile) []finding.Finding {
	var findings []finding.Finding
	seen := map[string]bool{}
	for i, r := range reports {
		for _, f := range r.NotCompliant {
			definition, _ := ruleOf(files, f.Rule.Name)
			for _, c := range clauses(f, definition) {
				found := locate(f.Rule.Name, c, subjects[i])
				key := strings.Join([]string{found.Rule, found.Product, found.Resource, found.Cure}, "\x00")
				if !seen[key] {
					seen[key] = true
					findings = append(findings, found)
				}
			}
		}
	}
	return findings
}

func locate(name string, c clause, s subject) finding.Finding {
	text, cure, found := strings.Cut(strings.Join(strings.Fields(c.message), " "), "Cure: ")
	if !found {
		cure = "change the template so that rule " + name + " holds"
	}
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	if text == "" {
		text = "rule " + name + " does not hold"
	}
	if s.variant != "" {
		text += " (" + s.variant + ")"
	}
	f := finding.Finding{
		Gate: gate, Rule: name, Severity: finding.Error, Product: s.product.ID, File: s.product.Template.Path,
		Span: s.product.Template.Lines.At(c.pointer), Message: text, Cure: cure,
	}
	if words := strings.Split(c.pointer, "/"); len(words) > 2 && words[1] == "Resources" {
		f.Resource = words[2]
	} else if len(words) > 2 {
		f.Resource = words[1] + "." + words[2]
	} else {
		f.Span = s.product.Template.Lines.At("/Resources")
	}
	f.Fingerprint = finding.Identify(f)
	return f
}

// clauses collects the checks of a failed rule. One without a message of its own, for example a block whose subject is missing, takes
// the rule's first message.
func clauses(f failed, definition rule) []clause {
	fallback := ""
	if len(definition.messages) > 0 {
		fallback = definition.messages[0]
	}
	var all []clause
	for _, check := range f.Rule.Checks {
		var tree any
		if json.Unmarshal(check, &tree) == nil {
			collect(tree, fallback, &all)
		}
	}
	if len(all) == 0 {
		all = append(all, clause{message: fallback})
	}
	return all
}

// collect finds the innermost checks: objects with "messages" that contain no such object.
func collect(v any, fallback string, all *[]clause) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			collect(item, fallback, all)
		}
	case map[string]any:
		before := len(*all)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key != "messages" {
				collect(v[key], fallback, all)
			}
		}
		messages, ok := v["messages"].(map[string]any)
		if !ok || len(*all) > before {
			return
		}
		text, _ := messages["custom_message"].(string)
		if strings.TrimSpace(text) == "" {
			text = fallback
		}
		*all = append(*all, clause{pointer: place(v), message: text})
	}
}

// place is the JSON pointer that a check is about: where a query stopped, else the value compared.
func place(v any) string {
	for _, key := range []string{"traversed_to", "from", "value"} {
		if path, ok := deep(v, key); ok {
			return path
		}
	}
	return ""
}

func deep(v any, key string) (string, bool) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if path, ok := deep(item, key); ok {
				return path, true
			}
		}
	case map[string]any:
		if m, ok := v[key].(map[string]any); ok {
			if path, ok := m["path"].(string); ok {
				return path, true
			}
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if path, ok := deep(v[name], key); ok {
				return path, true
			}
		}
	}
	return "", false
}
