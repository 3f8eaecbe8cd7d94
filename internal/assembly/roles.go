package assembly

import (
	"slices"
	"strings"
)

// role is an IAM role and what its policies name.
type role struct {
	resource resource
	actions  []string // literal actions of Allow statements of inline and attached policies of the same stack
}

// readRoles returns every role of the assembly with the actions that its policies allow.
func (l *loader) readRoles() []role {
	var roles []role
	for _, t := range l.templates {
		for _, r := range t.resources("AWS::IAM::Role") {
			found := role{resource: r}
			policies, _ := r.properties["Policies"].([]any)
			for _, p := range policies {
				policy, _ := p.(map[string]any)
				found.actions = append(found.actions, allowed(policy["PolicyDocument"])...)
			}
			for _, p := range t.resources("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy") {
				if attached(p, r) {
					found.actions = append(found.actions, allowed(p.properties["PolicyDocument"])...)
				}
			}
			roles = append(roles, found)
		}
	}
	return roles
}

// attached says whether policy p names role r by reference or by name.
func attached(p, r resource) bool {
	names, _ := p.properties["Roles"].([]any)
	if one, ok := p.properties["RoleName"]; ok {
		names = append(names, one)
	}
	for _, name := range names {
		if name == r.properties["RoleName"] {
			return true
		}
		if reference, ok := name.(map[string]any); ok && reference["Ref"] == r.id {
			return true
		}
	}
	return false
}

// allowed returns the literal actions of the Allow statements of a policy document.
func allowed(document any) []string {
	var actions []string
	for _, statement := range statements(document) {
		if statement["Effect"] == "Allow" {
			actions = append(actions, literals(statement["Action"])...)
		}
	}
	return actions
}

func statements(document any) []map[string]any {
	body, _ := document.(map[string]any)
	list, ok := body["Statement"].([]any)
	if !ok {
		list = []any{body["Statement"]}
	}
	var found []map[string]any
	for _, s := range list {
		if statement, ok := s.(map[string]any); ok {
			found = append(found, statement)
		}
	}
	return found
}

// literals returns the strings of a string or a list.
func literals(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var texts []string
	for _, item := range list {
		if text, ok := item.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// ofPeople are the roles that no service takes.
func ofPeople(roles []role) []role {
	return slices.DeleteFunc(slices.Clone(roles), func(r role) bool {
		return slices.ContainsFunc(statements(r.resource.property("AssumeRolePolicyDocument")), func(s map[string]any) bool {
			principal, _ := s["Principal"].(map[string]any)
			return principal["Service"] != nil
		})
	})
}

// roleFor finds the one role that is allowed action by name, and the ARN patterns of who may assume it.
func (l *loader) roleFor(roles []role, action, what string) (arn string, trusted []string) {
	var found []role
	for _, r := range roles {
		if slices.Contains(r.actions, action) {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		var ids []string
		for _, r := range found {
			ids = append(ids, r.resource.template.stack.Name+"."+r.resource.id)
		}
		l.problem("assembly", "Resources", "want exactly one role whose policy names %s, to know %s, found %d %s",
			action, what, len(found), strings.Join(ids, ", "))
		return "", nil
	}
	r := found[0].resource
	path := "Resources." + r.id
	arn = r.template.text(path, r.attribute(path, "Arn"))
	for _, statement := range statements(r.property("AssumeRolePolicyDocument")) {
		trusted = append(trusted, principals(statement)...)
	}
	return arn, trusted
}

// principals returns the ARN patterns of a trust statement: those of its conditions on aws:PrincipalArn, else its principals.
func principals(statement map[string]any) []string {
	conditions, _ := statement["Condition"].(map[string]any)
	var patterns []string
	for _, operator := range []string{"ArnLike", "ArnEquals", "StringLike", "StringEquals"} {
		keys, _ := conditions[operator].(map[string]any)
		for key, value := range keys {
			if strings.EqualFold(key, "aws:PrincipalArn") {
				patterns = append(patterns, literals(value)...)
			}
		}
	}
	if len(patterns) > 0 {
		return patterns
	}
	principal, _ := statement["Principal"].(map[string]any)
	return literals(principal["AWS"])
}
