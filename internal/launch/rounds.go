package launch

import (
	"slices"

	"accountfleet/internal/bundle"
	"accountfleet/internal/manifest"
)

// task is one launch of a product in some regions.
type task struct {
	product bundle.Product
	test    bundle.Test // zero for launches without a test
	regions []string
	types   []string // resource types of the template
}

// rounds orders tasks so that singletons never meet: what runs in one round may run at once, rounds follow one another.
//
// Account-scoped products go into the first round. Two tasks of other scopes meet if they share a region and a resource type that
// only such products have, because that type may be the singleton: GuardDuty's detector, Config's recorder.
func rounds(tasks []task) [][]task {
	common := map[string]bool{}
	for _, t := range tasks {
		if t.product.Scope == string(manifest.ScopeAccount) {
			for _, name := range t.types {
				common[name] = true
			}
		}
	}
	var ordered [][]task
	for _, t := range tasks {
		at := slices.IndexFunc(ordered, func(round []task) bool {
			return !slices.ContainsFunc(round, func(other task) bool { return meet(t, other, common) })
		})
		if at < 0 {
			ordered, at = append(ordered, nil), len(ordered)
		}
		ordered[at] = append(ordered[at], t)
	}
	return ordered
}

func meet(a, b task, common map[string]bool) bool {
	account := string(manifest.ScopeAccount)
	if a.product.Scope == account || b.product.Scope == account || !share(a.regions, b.regions) {
		return false
	}
	return a.product.ID == b.product.ID || slices.ContainsFunc(a.types, func(name string) bool {
		return !common[name] && slices.Contains(b.types, name)
	})
}

func share(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// resourceTypes are the resource types of a template, each once.
func resourceTypes(template map[string]any) []string {
	var names []string
	resources, _ := template["Resources"].(map[string]any)
	for _, value := range resources {
		resource, _ := value.(map[string]any)
		if name, ok := resource["Type"].(string); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
