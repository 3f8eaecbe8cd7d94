package resolve

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// keyed reports every Ref by which a mapping is looked up, with the keys that the mapping has at that level.
func keyed(doc map[string]any, report func(name string, literals []string)) {
	visit(doc, func(name string, argument any) {
		a, _ := argument.([]any)
		if name != "Fn::FindInMap" || len(a) < 3 {
			return
		}
		mapping, _ := a[0].(string)
		levels := section(section(doc, "Mappings"), mapping)
		if ref, ok := refOf(a[1]); ok {
			report(ref, slices.Sorted(maps.Keys(levels)))
		}
		if ref, ok := refOf(a[2]); ok {
			var all []string
			for _, key := range slices.Sorted(maps.Keys(levels)) {
				all = union(all, slices.Sorted(maps.Keys(section(levels, key))))
			}
			report(ref, all)
		}
	})
}

// lookups are the values by which an input looks mappings up: it differs from others in them even where no condition does.
func lookups(doc map[string]any, in Input, axes map[string][]string) map[string]string {
	used := map[string]string{}
	keyed(doc, func(name string, _ []string) {
		switch name {
		case "AWS::Region":
			used[name] = in.Region
		case "AWS::AccountId":
			used[name] = in.Account
		case "AWS::StackName":
			used[name] = in.StackName
		default:
			if _, tried := axes[name]; tried {
				used[name] = in.Parameters[name]
			}
		}
	})
	return used
}

// volatile are pseudo parameters that differ between what a gate assumes and what consumers get.
var volatile = []string{"AWS::AccountId", "AWS::StackId", "AWS::StackName"}

// computedKey is a mapping that is looked up by a text made of volatile values: no variant finds the other keys.
func computedKey(doc map[string]any) string {
	found := ""
	visit(doc, func(name string, argument any) {
		a, _ := argument.([]any)
		if name != "Fn::FindInMap" || len(a) < 3 {
			return
		}
		for _, key := range a[1:3] {
			if _, isRef := refOf(key); !isRef && mentions(key, volatile) {
				found = fmt.Sprint(a[0])
			}
		}
	})
	return found
}

// mentions says whether a text in v, also one for Fn::Sub, holds one of names.
func mentions(v any, names []string) bool {
	switch v := v.(type) {
	case string:
		return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(v, name) })
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return mentions(item, names) })
	case map[string]any:
		for _, item := range v {
			if mentions(item, names) {
				return true
			}
		}
	}
	return false
}

func refOf(v any) (string, bool) {
	m, _ := v.(map[string]any)
	name, ok := m["Ref"].(string)
	return name, ok && len(m) == 1
}

// visit calls f for every intrinsic function in v.
func visit(v any, f func(name string, argument any)) {
	switch v := v.(type) {
	case map[string]any:
		if name, argument, ok := intrinsic(v); ok {
			f(name, argument)
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			visit(v[key], f)
		}
	case []any:
		for _, item := range v {
			visit(item, f)
		}
	}
}

// branches are the outcomes of conditions that lead to each value of the resources: that of the resource and those of the Fn::If around
// the value. A resource without its condition is a branch too, because others may rely on it.
func branches(doc map[string]any) []map[string]bool {
	var all []map[string]bool
	seen := map[string]bool{}
	add := func(path map[string]bool) {
		if key := fmt.Sprint(path); len(path) > 0 && !seen[key] {
			seen[key] = true
			all = append(all, path)
		}
	}
	resources := section(doc, "Resources")
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		body, _ := resources[id].(map[string]any)
		path := map[string]bool{}
		if name, ok := body["Condition"].(string); ok {
			add(map[string]bool{name: false})
			path[name] = true
		}
		add(path)
		descend(body, path, add)
	}
	return all
}

func descend(v any, path map[string]bool, add func(map[string]bool)) {
	switch v := v.(type) {
	case map[string]any:
		name, argument, ok := intrinsic(v)
		a, _ := argument.([]any)
		if !ok || name != "Fn::If" || len(a) != 3 {
			for _, key := range slices.Sorted(maps.Keys(v)) {
				descend(v[key], path, add)
			}
			return
		}
		condition, _ := a[0].(string)
		for i, outcome := range []bool{true, false} {
			if decided, ok := path[condition]; ok && decided != outcome {
				continue // nobody comes here
			}
			inner := maps.Clone(path)
			inner[condition] = outcome
			add(inner)
			descend(a[1+i], inner, add)
		}
	case []any:
		for _, item := range v {
			descend(item, path, add)
		}
	}
}

// unreached are the branches that no input came to, without those that others lead past.
func unreached(wanted []map[string]bool, reached []map[string]Truth) []map[string]bool {
	var granted []map[string]bool
	for _, path := range wanted {
		if slices.ContainsFunc(reached, func(conditions map[string]Truth) bool { return covers(conditions, path) }) {
			continue
		}
		if !slices.ContainsFunc(granted, func(known map[string]bool) bool { return contains(known, path) }) {
			granted = slices.DeleteFunc(granted, func(known map[string]bool) bool { return contains(path, known) })
			granted = append(granted, path)
		}
	}
	return granted
}

func covers(conditions map[string]Truth, path map[string]bool) bool {
	for name, outcome := range path {
		if truth, ok := conditions[name]; !ok || truth != truthOf(outcome) {
			return false
		}
	}
	return true
}

func contains(whole, part map[string]bool) bool {
	for name, outcome := range part {
		if got, ok := whole[name]; !ok || got != outcome {
			return false
		}
	}
	return true
}
