// Package event decides whether an EventBridge event pattern matches an event, as the service does.
//
// The rehearsal uses it to let the synthesized rule, and nothing else, decide whether a push starts the pipeline. Compile reports
// every operator that it does not know, so that a pattern is never half understood. The package is pure. Start at Compile.
//
// Source: the EventBridge user guide, "Comparison operators for use in event patterns".
package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Pattern is a compiled event pattern.
type Pattern struct{ root test }

// test says whether a value passes; present is false where the event has no such field.
type test func(value any, present bool) bool

// Compile reads a pattern, as decoded from JSON. Its error joins everything that is not understood, each with its path.
func Compile(pattern map[string]any) (Pattern, error) {
	c := &compiler{}
	root := c.object("", pattern)
	return Pattern{root: root}, errors.Join(c.problems...)
}

// Match says whether the event, as decoded from JSON, is one that the pattern selects.
func (p Pattern) Match(event map[string]any) bool { return p.root(event, true) }

type compiler struct{ problems []error }

func (c *compiler) problem(path, format string, args ...any) test {
	c.problems = append(c.problems, fmt.Errorf("event pattern %s: %s", strings.TrimPrefix(path, "."), fmt.Sprintf(format, args...)))
	return never
}

func never(any, bool) bool { return false }

// object compiles a map of fields: all of them must match. $or holds alternatives.
func (c *compiler) object(path string, fields map[string]any) test {
	if len(fields) == 0 {
		return c.problem(path, "is empty: it would match every event")
	}
	tests := map[string]test{}
	var alternatives []test
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if key == "$or" {
			alternatives = c.alternatives(path+".$or", fields[key])
			continue
		}
		tests[key] = c.field(path+"."+key, fields[key])
	}
	return func(value any, _ bool) bool {
		node, _ := value.(map[string]any)
		for key, passes := range tests {
			field, present := node[key]
			if !passes(field, present) {
				return false
			}
		}
		return len(alternatives) == 0 || slices.ContainsFunc(alternatives, func(passes test) bool { return passes(value, true) })
	}
}

func (c *compiler) alternatives(path string, value any) []test {
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		return []test{c.problem(path, "wants a list of patterns")}
	}
	var tests []test
	for i, item := range list {
		here := fmt.Sprintf("%s[%d]", path, i)
		if fields, ok := item.(map[string]any); ok {
			tests = append(tests, c.object(here, fields))
		} else {
			tests = append(tests, c.problem(here, "wants a pattern"))
		}
	}
	return tests
}

// field compiles what stands under a key: a nested pattern, or a list of alternatives for a leaf.
func (c *compiler) field(path string, value any) test {
	switch value := value.(type) {
	case map[string]any:
		return c.object(path, value)
	case []any:
		if len(value) == 0 {
			return c.problem(path, "is an empty list: it would never match")
		}
		var tests []test
		for i, item := range value {
			tests = append(tests, c.leaf(fmt.Sprintf("%s[%d]", path, i), item))
		}
		return func(v any, present bool) bool {
			return slices.ContainsFunc(tests, func(passes test) bool { return passes(v, present) })
		}
	}
	return c.problem(path, "wants a list or a map, got %v", value)
}

// leaf compiles one alternative of a leaf. A field that holds a list matches if one of its elements does.
func (c *compiler) leaf(path string, item any) test {
	operator, ok := item.(map[string]any)
	if !ok {
		return each(equals(item))
	}
	if len(operator) != 1 {
		return c.problem(path, "wants one operator, got %s", strings.Join(slices.Sorted(maps.Keys(operator)), ", "))
	}
	for name, argument := range operator {
		if name == "exists" {
			return c.exists(path, argument)
		}
		if name == "anything-but" {
			return c.anythingBut(path, argument)
		}
		return each(c.operator(path, name, argument))
	}
	return never
}

// each lifts a test of one value to fields that hold lists.
func each(passes func(any) bool) test {
	return func(value any, present bool) bool {
		if !present {
			return false
		}
		if list, ok := value.([]any); ok {
			return slices.ContainsFunc(list, passes)
		}
		return passes(value)
	}
}

func (c *compiler) exists(path string, argument any) test {
	want, ok := argument.(bool)
	if !ok {
		return c.problem(path, "exists wants true or false, got %v", argument)
	}
	return func(_ any, present bool) bool { return present == want }
}

// anythingBut passes for a field that is there and of whose values none is excluded.
func (c *compiler) anythingBut(path string, argument any) test {
	var excluded []func(any) bool
	switch argument := argument.(type) {
	case []any:
		for _, item := range argument {
			excluded = append(excluded, equals(item))
		}
	case map[string]any:
		for name, inner := range argument {
			if !slices.Contains([]string{"prefix", "suffix", "equals-ignore-case", "wildcard"}, name) {
				return c.problem(path, "anything-but %s is not understood", name)
			}
			list, ok := inner.([]any)
			if !ok {
				list = []any{inner}
			}
			for _, item := range list {
				excluded = append(excluded, c.operator(path, name, item))
			}
		}
	default:
		excluded = append(excluded, equals(argument))
	}
	hit := each(func(v any) bool {
		return slices.ContainsFunc(excluded, func(matches func(any) bool) bool { return matches(v) })
	})
	return func(value any, present bool) bool { return present && !hit(value, present) }
}

// operator compiles the operators that look at one value.
func (c *compiler) operator(path, name string, argument any) func(any) bool {
	switch name {
	case "prefix", "suffix":
		return c.affix(path, name, argument)
	case "equals-ignore-case":
		return c.onText(path, name, argument, strings.EqualFold)
	case "wildcard":
		return c.onText(path, name, argument, wildcard)
	case "numeric":
		return c.numeric(path, argument)
	case "cidr":
		return c.cidr(path, argument)
	}
	c.problem(path, "operator %s is not understood", name)
	return func(any) bool { return false }
}

// affix compiles prefix and suffix, each of which may ignore case.
func (c *compiler) affix(path, name string, argument any) func(any) bool {
	compare := strings.HasPrefix
	if name == "suffix" {
		compare = strings.HasSuffix
	}
	if inner, ok := argument.(map[string]any); ok && len(inner) == 1 && inner["equals-ignore-case"] != nil {
		return c.onText(path, name, inner["equals-ignore-case"], func(value, affix string) bool {
			return compare(strings.ToLower(value), strings.ToLower(affix))
		})
	}
	return c.onText(path, name, argument, compare)
}

func (c *compiler) onText(path, name string, argument any, compare func(value, argument string) bool) func(any) bool {
	want, ok := argument.(string)
	if !ok {
		c.problem(path, "%s wants a string, got %v", name, argument)
	}
	return func(v any) bool {
		text, ok := v.(string)
		return ok && compare(text, want)
	}
}

// wildcard matches * against any run of characters; a backslash escapes * and itself.
func wildcard(value, pattern string) bool {
	if pattern == "" {
		return value == ""
	}
	if pattern[0] == '*' {
		for i := 0; i <= len(value); i++ {
			if wildcard(value[i:], pattern[1:]) {
				return true
			}
		}
		return false
	}
	if pattern[0] == '\\' && len(pattern) > 1 {
		pattern = pattern[1:]
	}
	return value != "" && value[0] == pattern[0] && wildcard(value[1:], pattern[1:])
}

// numeric compiles [operator, number, operator, number, ...]: all comparisons must hold.
func (c *compiler) numeric(path string, argument any) func(any) bool {
	list, ok := argument.([]any)
	if !ok || len(list) == 0 || len(list)%2 != 0 {
		c.problem(path, "numeric wants pairs of operator and number, got %v", argument)
		return func(any) bool { return false }
	}
	var tests []func(float64) bool
	for i := 0; i < len(list); i += 2 {
		bound, isNumber := float(list[i+1])
		compare, known := comparisons[fmt.Sprint(list[i])]
		if !isNumber || !known {
			c.problem(path, "numeric %v %v is not understood", list[i], list[i+1])
			continue
		}
		tests = append(tests, func(v float64) bool { return compare(v, bound) })
	}
	return func(v any) bool {
		value, ok := float(v)
		return ok && !slices.ContainsFunc(tests, func(holds func(float64) bool) bool { return !holds(value) })
	}
}

var comparisons = map[string]func(a, b float64) bool{
	"=":  func(a, b float64) bool { return a == b },
	"<":  func(a, b float64) bool { return a < b },
	"<=": func(a, b float64) bool { return a <= b },
	">":  func(a, b float64) bool { return a > b },
	">=": func(a, b float64) bool { return a >= b },
}

func (c *compiler) cidr(path string, argument any) func(any) bool {
	text, _ := argument.(string)
	network, err := netip.ParsePrefix(text)
	if err != nil {
		c.problem(path, "cidr wants an address range, got %v", argument)
	}
	return func(v any) bool {
		text, _ := v.(string)
		address, err := netip.ParseAddr(text)
		return err == nil && network.Contains(address)
	}
}

// equals compares JSON scalars; numbers by value.
func equals(want any) func(any) bool {
	if bound, ok := float(want); ok {
		return func(v any) bool {
			value, ok := float(v)
			return ok && value == bound
		}
	}
	return func(v any) bool {
		switch v.(type) {
		case map[string]any, []any:
			return false
		}
		return v == want
	}
}

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case json.Number:
		f, err := strconv.ParseFloat(v.String(), 64)
		return f, err == nil
	}
	return 0, false
}
