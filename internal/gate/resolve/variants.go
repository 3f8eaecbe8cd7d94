package resolve

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxGranted is how many inputs may take conditions for granted.
const maxGranted = 64

// maxCombined is how many combinations of values are tried; beyond it, one value is changed at a time.
const maxCombined = 32

// Variants lists inputs that together bring about every outcome of the template's conditions that a consumer can choose: values of the
// parameters, regions and keys of mappings that decide them, tried in all combinations or, where these are too many, one at a time. What
// no such value brings about, because it hangs on the account, on the name of the stack or on too many values at once, is taken for
// granted by further inputs, so that every branch of every Fn::If is seen. The first input is in itself. Inputs that lead to the same
// as an earlier one are left out.
func Variants(doc map[string]any, in Input, regions []string) []Input {
	variants, _ := Explore(doc, in, regions)
	return variants
}

// Explore is Variants for a gate that must know whether that is all: the error says that there are more branches than can be looked at.
func Explore(doc map[string]any, in Input, regions []string) ([]Input, error) {
	axes := axesOf(doc, regions)
	variants, seen, reached := []Input{}, map[string]bool{}, []map[string]Truth{}
	for _, candidate := range combine(in, axes) {
		t, err := Resolve(doc, candidate)
		if err != nil && len(variants) > 0 {
			continue // a value that the template refuses, or that leaves a condition open
		}
		outcome := ""
		if err == nil {
			outcome = fmt.Sprint(t.Conditions, lookups(doc, candidate, axes)) // fmt prints maps in order of their keys
			reached = append(reached, t.Conditions)
		}
		if !seen[outcome] {
			seen[outcome] = true
			variants = append(variants, candidate)
		}
	}
	if where := computedKey(doc); where != "" {
		return variants, fmt.Errorf("mapping %s is looked up by a part of %s: look it up by a parameter, AWS::Region or AWS::AccountId", where, strings.Join(volatile, ", "))
	}
	granted := unreached(branches(doc), reached)
	if len(granted) > maxGranted {
		return variants, fmt.Errorf("conditions: %d branches hang on the account, the name of the stack or too many values at once, more than the %d that are looked at", len(granted), maxGranted)
	}
	for _, conditions := range granted {
		with := in
		with.Conditions = conditions
		variants = append(variants, with)
	}
	return variants, nil
}

// axesOf are the values worth trying, by parameter or AWS::Region.
func axesOf(doc map[string]any, regions []string) map[string][]string {
	axes := map[string][]string{}
	add := func(name string, literals []string) {
		if name == "AWS::Region" {
			axes[name] = union(axes[name], regions, literals)
		} else if declaration, ok := section(doc, "Parameters")[name].(map[string]any); ok {
			axes[name] = union(axes[name], choices(declaration, literals))
		}
	}
	compared(section(doc, "Conditions"), add)
	keyed(doc, func(name string, keys []string) {
		if name == "AWS::AccountId" || name == "AWS::StackName" {
			axes[name] = union(axes[name], keys)
		}
		add(name, keys)
	})
	return axes
}

// choices are the values of a parameter that conditions may tell apart: all allowed ones, or the literals and one that is none of them.
func choices(declaration map[string]any, literals []string) []string {
	if allowed, ok := declaration["AllowedValues"].([]any); ok {
		var values []string
		for _, v := range allowed {
			text, _ := Text(v)
			values = append(values, text)
		}
		return values
	}
	values := slices.Clone(literals)
	for _, other := range []string{"", "other", "1"} {
		if !slices.Contains(literals, other) && Accepts(declaration, other) == nil {
			return append(values, other)
		}
	}
	return values
}

// compared reports every Ref that conditions contain, with the literals of the Fn::Equals it stands in.
func compared(v any, report func(name string, literals []string)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			compared(item, report)
		}
	case map[string]any:
		if name, ok := v["Ref"].(string); ok && len(v) == 1 {
			report(name, nil)
			return
		}
		if sides, ok := v["Fn::Equals"].([]any); ok && len(v) == 1 {
			var literals []string
			for _, side := range sides {
				if text, ok := Text(side); ok {
					literals = append(literals, text)
				}
			}
			compared(sides, func(name string, _ []string) { report(name, literals) })
			return
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			compared(v[key], report)
		}
	}
}

func combine(in Input, axes map[string][]string) []Input {
	all := []Input{in}
	names := slices.Sorted(maps.Keys(axes))
	total := 1
	for _, name := range names {
		total *= max(1, len(axes[name]))
		if total > maxCombined {
			return oneAtATime(in, names, axes)
		}
	}
	for _, name := range names {
		var next []Input
		for _, base := range all {
			for _, value := range axes[name] {
				next = append(next, with(base, name, value))
			}
		}
		if len(next) > 0 {
			all = next
		}
	}
	return append([]Input{in}, all...)
}

func oneAtATime(in Input, names []string, axes map[string][]string) []Input {
	all := []Input{in}
	for _, name := range names {
		for _, value := range axes[name] {
			all = append(all, with(in, name, value))
		}
	}
	return all
}

func with(in Input, name, value string) Input {
	switch name {
	case "AWS::Region":
		in.Region = value
		return in
	case "AWS::AccountId":
		in.Account = value
		return in
	case "AWS::StackName":
		in.StackName = value
		return in
	}
	in.Parameters = maps.Clone(in.Parameters)
	if in.Parameters == nil {
		in.Parameters = map[string]string{}
	}
	in.Parameters[name] = value
	return in
}

func union(lists ...[]string) []string {
	var all []string
	for _, list := range lists {
		for _, item := range list {
			if !slices.Contains(all, item) {
				all = append(all, item)
			}
		}
	}
	return all
}

// Difference names what in gives otherwise than base, for a message: "Cidr=10.0.0.0/8, AWS::Region=eu-west-1".
func Difference(base, in Input) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(in.Parameters)) {
		if value, ok := base.Parameters[name]; !ok || value != in.Parameters[name] {
			words = append(words, name+"="+in.Parameters[name])
		}
	}
	if in.Region != base.Region {
		words = append(words, "AWS::Region="+in.Region)
	}
	if in.Account != base.Account {
		words = append(words, "AWS::AccountId="+in.Account)
	}
	if in.StackName != base.StackName {
		words = append(words, "AWS::StackName="+in.StackName)
	}
	for _, name := range slices.Sorted(maps.Keys(in.Conditions)) {
		words = append(words, fmt.Sprintf("condition %s %t", name, in.Conditions[name]))
	}
	return strings.Join(words, ", ")
}
