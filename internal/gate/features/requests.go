package features

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/gate/resolve"
)

// absentKey is how a feature says that a request does not carry a key.
const absentKey = "(absent)"

// request is one call that a feature asks a policy about. Every key that a condition needs must be stated, because a key that was only
// forgotten would let a condition hold, or not hold, by accident.
type request struct {
	action   string
	resource string
	keys     map[string][]string // by key in lower case; an empty list says that the request does not carry it
}

// value is what the request carries for a key.
func (r request) value(key string) ([]string, error) {
	values, stated := r.keys[strings.ToLower(key)]
	if !stated {
		return nil, fmt.Errorf("the outcome depends on %s, which the request does not state: add a row | %s | <value> |, with %s for a request without it", key, key, absentKey)
	}
	return values, nil
}

// denied says whether a statement of an organization policy denies the request, and which. What cannot be evaluated is an error,
// never an answer.
func denied(document any, r request) (bool, string, error) {
	root, ok := document.(map[string]any)
	if !ok {
		return false, "", fmt.Errorf("its content is no policy: %s", show(document))
	}
	items := resolve.List(root["Statement"])
	if len(items) == 0 {
		return false, "", fmt.Errorf("it has no statement")
	}
	for i, item := range items {
		body, ok := item.(map[string]any)
		if !ok {
			return false, "", fmt.Errorf("statement %d: %s", i+1, show(item))
		}
		name := fmt.Sprintf("statement %d", i+1)
		if sid, known := resolve.Text(body["Sid"]); known {
			name = "statement " + sid
		}
		effect, _ := resolve.Text(body["Effect"])
		if effect != "Deny" && effect != "Allow" {
			return false, "", fmt.Errorf("%s: its Effect is %s", name, show(body["Effect"]))
		}
		matches, err := applies(body, r)
		if err != nil {
			return false, "", fmt.Errorf("%s: %w", name, err)
		}
		if matches && effect == "Deny" {
			return true, name, nil
		}
	}
	return false, "", nil
}

// applies says whether action, resource and all conditions of a statement match the request.
func applies(body map[string]any, r request) (bool, error) {
	if body["NotPrincipal"] != nil {
		return false, fmt.Errorf("its NotPrincipal is not allowed in organization policies")
	}
	if principal, given := body["Principal"]; given && principal != "*" {
		return false, fmt.Errorf(`its Principal is %s: only "*" is allowed in organization policies`, show(principal))
	}
	action, err := listed(body, "Action", "NotAction", func(pattern string) (bool, error) {
		return contains(strings.ToLower(pattern), strings.ToLower(r.action)), nil
	})
	if err != nil || !action {
		return false, err
	}
	resource, err := listed(body, "Resource", "NotResource", func(text string) (bool, error) {
		expression, known, err := r.pattern(text, wildcards)
		return known && err == nil && expression.MatchString(r.resource), err
	})
	if err != nil || !resource {
		return false, err
	}
	return r.holds(body["Condition"])
}

// listed says whether some element of body[name] matches or, for its opposite, none of body[opposite].
func listed(body map[string]any, name, opposite string, match func(string) (bool, error)) (bool, error) {
	values, want := body[name], true
	if values == nil {
		values, want = body[opposite], false
	}
	if values == nil {
		return false, fmt.Errorf("has neither %s nor %s", name, opposite)
	}
	found := false
	for _, item := range resolve.List(values) {
		text, known := resolve.Text(item)
		if !known {
			return false, fmt.Errorf("%s is %s", name, show(item))
		}
		matches, err := match(text)
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		found = found || matches
	}
	return found == want, nil
}

// holds says whether every condition holds. All are evaluated, so that one which cannot be is reported whatever the others say.
func (r request) holds(conditions any) (bool, error) {
	if conditions == nil {
		return true, nil
	}
	operators, ok := conditions.(map[string]any)
	if !ok {
		return false, fmt.Errorf("its Condition is %s", show(conditions))
	}
	all := true
	for _, operator := range slices.Sorted(maps.Keys(operators)) {
		keys, ok := operators[operator].(map[string]any)
		if !ok {
			return false, fmt.Errorf("its Condition.%s is %s", operator, show(operators[operator]))
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			holds, err := r.condition(operator, key, keys[key])
			if err != nil {
				return false, fmt.Errorf("its Condition.%s: %w", operator, err)
			}
			all = all && holds
		}
	}
	return all, nil
}

// form says what * and ? mean in a pattern.
type form int

const (
	literally  form = iota // themselves
	wildcards              // any characters, one character
	foldedCase             // themselves, and case does not matter
)

var policyVariable = regexp.MustCompile(`\$\{([^}]*)\}`)

// pattern compiles a value of a policy, with its variables replaced by what the request carries. It is not known where a variable has
// no value: IAM then matches nothing.
func (r request) pattern(text string, f form) (expression *regexp.Regexp, known bool, err error) {
	var b strings.Builder
	at := 0
	for _, m := range policyVariable.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(quoted(text[at:m[0]], f))
		value, ok, err := r.variable(text[m[2]:m[3]])
		if err != nil || !ok {
			return nil, false, err
		}
		b.WriteString(regexp.QuoteMeta(value))
		at = m[1]
	}
	b.WriteString(quoted(text[at:], f))
	flags := "(?s)"
	if f == foldedCase {
		flags = "(?is)"
	}
	expression, err = regexp.Compile(flags + "^" + b.String() + "$")
	return expression, err == nil, err
}

func quoted(text string, f form) string {
	text = regexp.QuoteMeta(text)
	if f == wildcards {
		text = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(text)
	}
	return text
}

// variable is the value of a policy variable: ${key}, ${key, 'default'}, or one of ${*}, ${?} and ${$}, which stand for themselves.
func (r request) variable(name string) (value string, ok bool, err error) {
	if name == "*" || name == "?" || name == "$" {
		return name, true, nil
	}
	key, fallback, hasDefault := strings.Cut(name, ",")
	values, err := r.value(strings.TrimSpace(key))
	switch {
	case err != nil:
		return "", false, err
	case len(values) > 1:
		return "", false, fmt.Errorf("the variable ${%s} has several values", name)
	case len(values) == 1:
		return values[0], true, nil
	}
	return strings.Trim(strings.TrimSpace(fallback), "'"), hasDefault, nil
}
