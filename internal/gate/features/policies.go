package features

import (
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/gate/resolve"
)

// statement is one statement of an IAM policy, with lists made of single values.
type statement struct {
	effect      string
	principals  []string // "*", "service:config.amazonaws.com", "aws:arn:...", "federated:..."
	actions     []string // lower case; "*" where a value cannot be known
	notActions  []string
	resources   []any
	notResource bool
	conditions  map[string]any // operator -> key -> values
}

func (s statement) everyone() bool {
	return slices.Contains(s.principals, "*") || slices.Contains(s.principals, "aws:*")
}

// statements reads a resolved policy document.
func statements(document any) []statement {
	m, _ := document.(map[string]any)
	var out []statement
	for _, item := range resolve.List(m["Statement"]) {
		body, ok := item.(map[string]any)
		if !ok { // a statement that cannot be known may allow anything
			out = append(out, statement{effect: "Allow", actions: []string{"*"}, resources: []any{item}})
			continue
		}
		st := statement{
			effect: textOf(body["Effect"]), principals: principals(body["Principal"]),
			actions: actions(body["Action"]), notActions: actions(body["NotAction"]),
			resources: resolve.List(body["Resource"]), notResource: body["NotResource"] != nil,
		}
		st.conditions, _ = body["Condition"].(map[string]any)
		if body["Condition"] != nil && st.conditions == nil {
			st.conditions = map[string]any{"unknown": nil}
		}
		out = append(out, st)
	}
	return out
}

func actions(v any) []string {
	var out []string
	for _, item := range resolve.List(v) {
		text, known := resolve.Text(item)
		if !known {
			text = "*"
		}
		out = append(out, strings.ToLower(text))
	}
	return out
}

func principals(v any) []string {
	m, ok := v.(map[string]any)
	if !ok {
		if v == nil {
			return nil
		}
		return []string{strings.Trim(show(v), `"`)}
	}
	var out []string
	for _, kind := range slices.Sorted(maps.Keys(m)) {
		for _, item := range resolve.List(m[kind]) {
			text, known := resolve.Text(item)
			if !known {
				text = show(item)
			}
			out = append(out, strings.ToLower(kind)+":"+text)
		}
	}
	return out
}

// permissions is everything that the template says about what a role may do.
type permissions struct {
	statements []statement
	unseen     []string // managed policies that are not in the template
}

func permissionsOf(t *resolve.Template, role resolve.Resource) permissions {
	var p permissions
	for _, item := range resolve.List(role.Properties["Policies"]) {
		m, _ := item.(map[string]any)
		p.statements = append(p.statements, statements(m["PolicyDocument"])...)
	}
	for _, item := range resolve.List(role.Properties["ManagedPolicyArns"]) {
		if refs := resolve.Refs(item); len(refs) == 1 && t.Resources[refs[0]].Type == "AWS::IAM::ManagedPolicy" {
			p.statements = append(p.statements, statements(t.Resources[refs[0]].Properties["PolicyDocument"])...)
		} else {
			p.unseen = append(p.unseen, strings.Trim(show(item), `"`))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		r := t.Resources[id]
		var attached any
		switch r.Type {
		case "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy":
			attached = r.Properties["Roles"]
		case "AWS::IAM::RolePolicy":
			attached = r.Properties["RoleName"]
		}
		if slices.ContainsFunc(resolve.List(attached), func(v any) bool {
			return slices.Contains(resolve.Refs(v), role.LogicalID) || sameName(v, role.Properties["RoleName"])
		}) {
			p.statements = append(p.statements, statements(r.Properties["PolicyDocument"])...)
		}
	}
	return p
}

// allowing lists the statements that allow some action which the pattern covers, unless all of it is denied everywhere.
func (p permissions) allowing(pattern string) []statement {
	pattern = strings.ToLower(pattern)
	if slices.ContainsFunc(p.statements, func(s statement) bool { return s.deniesEverywhere(pattern) }) {
		return nil
	}
	var out []statement
	for _, s := range p.statements {
		if s.effect == "Allow" && s.touches(pattern) {
			out = append(out, s)
		}
	}
	return out
}

func (s statement) deniesEverywhere(pattern string) bool {
	return s.effect == "Deny" && len(s.conditions) == 0 && slices.Contains(s.resources, any("*")) &&
		slices.ContainsFunc(s.actions, func(a string) bool { return contains(a, pattern) })
}

func (s statement) touches(pattern string) bool {
	if len(s.notActions) > 0 {
		return !slices.ContainsFunc(s.notActions, func(a string) bool { return contains(a, pattern) })
	}
	return slices.ContainsFunc(s.actions, func(a string) bool { return intersect(a, pattern) })
}

// within says whether every resource of the statement belongs to the template: it refers to one of its resources, with no wildcard
// before the reference.
func (s statement) within() (outside string, ok bool) {
	if s.notResource {
		return "NotResource", false
	}
	for _, resource := range s.resources {
		text := strings.Trim(show(resource), `"`)
		before, _, _ := strings.Cut(text, "${")
		if len(resolve.Refs(resource)) == 0 || strings.ContainsAny(before, "*?") {
			return text, false
		}
	}
	return "", len(s.resources) > 0
}

// contains says whether the glob wide matches everything that the glob narrow matches.
func contains(wide, narrow string) bool {
	if wide == "" {
		return narrow == ""
	}
	switch wide[0] {
	case '*':
		for i := 0; i <= len(narrow); i++ {
			if contains(wide[1:], narrow[i:]) {
				return true
			}
		}
		return false
	case '?':
		return narrow != "" && narrow[0] != '*' && contains(wide[1:], narrow[1:])
	}
	return narrow != "" && narrow[0] == wide[0] && contains(wide[1:], narrow[1:])
}

// intersect says whether two globs match some text in common.
func intersect(a, b string) bool {
	switch {
	case a == "" && b == "":
		return true
	case a != "" && a[0] == '*':
		return intersect(a[1:], b) || b != "" && intersect(a, b[1:])
	case b != "" && b[0] == '*':
		return intersect(a, b[1:]) || a != "" && intersect(a[1:], b)
	case a == "" || b == "":
		return false
	}
	return (a[0] == b[0] || a[0] == '?' || b[0] == '?') && intersect(a[1:], b[1:])
}
