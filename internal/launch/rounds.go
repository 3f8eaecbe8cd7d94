package launch

import (
	"slices"
	"sync"

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
	common := commonTypes(tasks)
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

// commonTypes are the types of account-scoped products: none of them is a singleton.
func commonTypes(tasks []task) map[string]bool {
	common := map[string]bool{}
	for _, t := range tasks {
		if t.product.Scope == string(manifest.ScopeAccount) {
			for _, name := range t.types {
				common[name] = true
			}
		}
	}
	return common
}

// meet says whether two tasks may not run at once. Products of organization scope meet in any region, as there is one organization.
func meet(a, b task, common map[string]bool) bool {
	account, organization := string(manifest.ScopeAccount), string(manifest.ScopeOrganization)
	if a.product.Scope == account || b.product.Scope == account {
		return false
	}
	if !share(a.regions, b.regions) && (a.product.Scope != organization || b.product.Scope != organization) {
		return false
	}
	return a.product.ID == b.product.ID || slices.ContainsFunc(a.types, func(name string) bool {
		return !common[name] && slices.Contains(b.types, name)
	})
}

// together runs work for every task by its index, at most limit at once, and never two that meet. A task starts as soon as it may, so
// one that takes long holds up only those that it meets.
func together(limit int, tasks []task, work func(i int)) {
	common := commonTypes(tasks)
	var mu sync.Mutex
	changed := sync.NewCond(&mu)
	running, waiting := map[int]bool{}, make([]int, len(tasks))
	for i := range waiting {
		waiting[i] = i
	}
	free := func(i int) bool {
		for other := range running {
			if meet(tasks[i], tasks[other], common) {
				return false
			}
		}
		return len(running) < limit
	}
	mu.Lock()
	defer mu.Unlock()
	for len(waiting) > 0 || len(running) > 0 {
		at := slices.IndexFunc(waiting, free)
		if at < 0 {
			changed.Wait()
			continue
		}
		next := waiting[at]
		waiting, running[next] = slices.Delete(waiting, at, at+1), true
		go func() {
			work(next)
			mu.Lock()
			defer mu.Unlock()
			delete(running, next)
			changed.Signal()
		}()
	}
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
