package iam

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/gate/resolve"
)

// statement is one statement of a policy, with lists made of single values.
type statement struct {
	index        int
	effect       string
	actions      []string // lower case; "*" for what only a deployment knows
	notActions   []string
	resources    []string
	notResources []string
	principals   []principal // of Principal and of NotPrincipal
	notPrincipal bool
	conditions   []condition
}

// principal is one entry under Principal; kind is in lower case.
type principal struct{ kind, value string }

// condition is one key under Condition.
type condition struct {
	operator string // lower case, without ForAnyValue: and IfExists
	suffixed bool   // IfExists: a request without the key passes
	anyValue bool   // ForAllValues: so does one with no value
	key      string // lower case
	values   []string
}

// statementsOf reads a policy. What is no statement may allow anything.
func statementsOf(document map[string]any) []statement {
	var out []statement
	for i, item := range resolve.List(field(document, "Statement")) {
		body, ok := item.(map[string]any)
		if !ok {
			out = append(out, statement{index: i, effect: "Allow", actions: []string{"*"}, resources: []string{"*"}})
			continue
		}
		st := statement{
			index: i, effect: strings.Join(texts(field(body, "Effect")), ","), actions: actions(field(body, "Action")), notActions: actions(field(body, "NotAction")),
			resources: texts(field(body, "Resource")), notResources: texts(field(body, "NotResource")),
			conditions: conditionsOf(field(body, "Condition")),
		}
		st.principals = principalsOf(field(body, "Principal"))
		if other := principalsOf(field(body, "NotPrincipal")); len(other) > 0 {
			st.principals, st.notPrincipal = other, true
		}
		out = append(out, st)
	}
	return out
}

// field is a member of a mapping, whatever the case of its name.
func field(m map[string]any, name string) any {
	if v, ok := m[name]; ok {
		return v
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if strings.EqualFold(key, name) {
			return m[key]
		}
	}
	return nil
}

// texts lists scalars; what is none becomes "*".
func texts(v any) []string {
	var out []string
	for _, item := range resolve.List(v) {
		text, ok := resolve.Text(item)
		if !ok {
			text = "*"
		}
		out = append(out, text)
	}
	return out
}

var hole = regexp.MustCompile(`\$\{([^}]*)\}`)

func actions(v any) []string {
	out := texts(v)
	for i, text := range out {
		out[i] = strings.ToLower(hole.ReplaceAllString(text, "*"))
	}
	return out
}

func principalsOf(v any) []principal {
	m, ok := v.(map[string]any)
	if !ok {
		var out []principal
		for _, text := range texts(v) {
			out = append(out, principal{"aws", text})
		}
		return out
	}
	var out []principal
	for _, key := range slices.Sorted(maps.Keys(m)) {
		for _, text := range texts(m[key]) {
			out = append(out, principal{strings.ToLower(key), text})
		}
	}
	return out
}

func conditionsOf(v any) []condition {
	operators, _ := v.(map[string]any)
	var out []condition
	for _, name := range slices.Sorted(maps.Keys(operators)) {
		c := condition{operator: strings.ToLower(name)}
		c.operator, c.suffixed = strings.CutSuffix(c.operator, "ifexists")
		c.operator, c.anyValue = strings.CutPrefix(c.operator, "forallvalues:")
		c.operator = strings.TrimPrefix(c.operator, "foranyvalue:")
		keys, _ := operators[name].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			one := c
			one.key, one.values = strings.ToLower(key), texts(keys[key])
			out = append(out, one)
		}
	}
	return out
}

// demands says whether the condition only lets requests through that carry one of its values.
func (c condition) demands() bool {
	if c.suffixed || c.anyValue {
		return false
	}
	switch c.operator {
	case "stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike":
		return !slices.ContainsFunc(c.values, func(v string) bool { return v != "" && strings.Trim(v, "*") == "" })
	}
	return false
}

// matches says whether the statement is about an action, given in lower case.
func (s statement) matches(action string) bool {
	if len(s.notActions) > 0 {
		return !slices.ContainsFunc(s.notActions, func(a string) bool { return glob(a, action) })
	}
	return slices.ContainsFunc(s.actions, func(a string) bool { return glob(a, action) })
}

// glob says whether a pattern with * and ? matches a text. It takes time in proportion to the product of their lengths.
func glob(pattern, text string) bool {
	star, mark, p, t := -1, 0, 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p, t = p+1, t+1
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
