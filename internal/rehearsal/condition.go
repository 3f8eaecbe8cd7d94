package rehearsal

import (
	"fmt"
	"regexp"
	"strings"

	"accountfleet/internal/assembly"
)

// condition is a beforeEntry condition of a stage.
type condition struct {
	result string // SKIP or FAIL: what happens to the stage unless all rules hold
	rules  []rule
}

// rule is a VariableCheck.
type rule struct {
	name, operator, variable, value string
	pattern                         *regexp.Regexp // for MATCHES
}

// condition checks a beforeEntry condition. Source: the CodePipeline user guide, "VariableCheck".
func (p *planner) condition(stage string, c assembly.Condition) condition {
	where := stage + "/beforeEntry"
	if c.Result != "SKIP" && c.Result != "FAIL" {
		p.problem(where, "result %s is not understood: want SKIP or FAIL", c.Result)
	}
	planned := condition{result: c.Result}
	for _, r := range c.Rules {
		if r.Provider != "VariableCheck" {
			p.problem(where, "rule %s: provider %s is not understood: want VariableCheck", r.Name, r.Provider)
			continue
		}
		p.keys(where, r.Configuration, []string{"Variable", "Operator", "Value"}, nil)
		p.references(where, "Variable", r.Configuration["Variable"])
		checked := rule{name: r.Name, operator: r.Configuration["Operator"], variable: r.Configuration["Variable"], value: r.Configuration["Value"]}
		switch checked.operator {
		case "EQ", "NE", "CONTAINS":
		case "MATCHES":
			pattern, err := regexp.Compile("^(?:" + checked.value + ")$")
			if err != nil {
				p.problem(where, "rule %s: value: %v", r.Name, err)
			}
			checked.pattern = pattern
		default:
			p.problem(where, "rule %s: operator %s is not understood: want EQ, NE, CONTAINS or MATCHES", r.Name, checked.operator)
		}
		planned.rules = append(planned.rules, checked)
	}
	return planned
}

// holds evaluates all rules; reason says which one does not hold.
func (c condition) holds(v *variables) (ok bool, reason string, err error) {
	for _, r := range c.rules {
		actual, err := v.expand(r.variable)
		if err != nil {
			return false, "", fmt.Errorf("rule %s: %w", r.name, err)
		}
		if !r.compare(actual) {
			return false, fmt.Sprintf("%s: %s is %q, want %s %q", r.name, strings.Trim(r.variable, "#{}"), actual, r.operator, r.value), nil
		}
	}
	return true, "", nil
}

func (r rule) compare(actual string) bool {
	switch r.operator {
	case "EQ":
		return actual == r.value
	case "NE":
		return actual != r.value
	case "CONTAINS":
		return strings.Contains(actual, r.value)
	case "MATCHES":
		return r.pattern.MatchString(actual)
	}
	return false
}
