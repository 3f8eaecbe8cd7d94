package features

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/manifest"
)

// mutant is a template with one control taken away.
type mutant struct {
	name   string
	strict bool // a product whose features do not notice it proves nothing about the control
	change func(doc map[string]any)
}

// mutants are all ways to weaken a template that can be derived from it: without each resource, without each statement of a policy,
// with each truth turned round.
func mutants(doc map[string]any) []mutant {
	var all []mutant
	resources, _ := doc["Resources"].(map[string]any)
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		all = append(all, mutant{"without " + id, true, func(doc map[string]any) { delete(doc["Resources"].(map[string]any), id) }})
		resource, _ := resources[id].(map[string]any)
		kind, _ := resource["Type"].(string)
		weaken(resource["Properties"], []string{"Resources", id, "Properties"}, kind == policyType, &all)
	}
	return all
}

// settingsTaken are templates without one setting of a resource, or without one limit of a parameter.
func settingsTaken(doc map[string]any) []mutant {
	var all []mutant
	for _, part := range []struct {
		section string
		keys    []string
	}{{"Resources", []string{"Properties", "DeletionPolicy"}}, {"Parameters", []string{"AllowedValues", "AllowedPattern", "Default", "MinValue", "MaxValue"}}} {
		entries, _ := doc[part.section].(map[string]any)
		for _, id := range slices.Sorted(maps.Keys(entries)) {
			entry, _ := entries[id].(map[string]any)
			for _, key := range part.keys {
				if properties, ok := entry[key].(map[string]any); ok {
					for _, name := range slices.Sorted(maps.Keys(properties)) {
						all = append(all, without(part.section, id, key, name))
					}
				} else if entry[key] != nil {
					all = append(all, without(part.section, id, key))
				}
			}
		}
	}
	return all
}

// without is the template without what lies at path.
func without(path ...string) mutant {
	last := len(path) - 1
	return mutant{"without " + strings.Join(path, "."), false, func(doc map[string]any) {
		replace(doc, path[:last], func(old any) any {
			parent := maps.Clone(old.(map[string]any))
			delete(parent, path[last])
			return parent
		})
	}}
}

// tells counts the scenarios that fail for some mutant while others of their feature hold.
func tells(telling map[string]bool) int {
	n := 0
	for _, tells := range telling {
		if tells {
			n++
		}
	}
	return n
}

// weaken finds statements and truths below value, which lies at path.
func weaken(value any, path []string, strict bool, all *[]mutant) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			weaken(v[key], append(slices.Clone(path), key), strict, all)
		}
	case []any:
		for i, item := range v {
			at := append(slices.Clone(path), fmt.Sprint(i))
			if path[len(path)-1] == "Statement" {
				*all = append(*all, mutant{"without " + strings.Join(at[1:], "."), strict, func(doc map[string]any) {
					replace(doc, path, func(old any) any { return slices.Delete(slices.Clone(old.([]any)), i, i+1) })
				}})
			}
			weaken(item, at, strict, all)
		}
	case bool:
		*all = append(*all, mutant{fmt.Sprintf("with %s %t", strings.Join(path[1:], "."), !v), false, func(doc map[string]any) {
			replace(doc, path, func(any) any { return !v })
		}})
	}
}

// replace changes the value at path.
func replace(root any, path []string, change func(any) any) {
	switch parent := root.(type) {
	case map[string]any:
		if len(path) == 1 {
			parent[path[0]] = change(parent[path[0]])
			return
		}
		replace(parent[path[0]], path[1:], change)
	case []any:
		var i int
		_, _ = fmt.Sscan(path[0], &i)
		if len(path) == 1 {
			parent[i] = change(parent[i])
			return
		}
		replace(parent[i], path[1:], change)
	}
}

// copied is a template that a mutant may change.
func copied(t *testing.T, template manifest.Template) manifest.Template {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(template.Body))
	decoder.UseNumber()
	template.Doc = nil
	require.NoError(t, decoder.Decode(&template.Doc))
	return template
}

// notices are the scenarios of the product that fail, and whether others of the same feature hold. Features are run one by one, because
// the first that fails is enough.
func notices(t *testing.T, product manifest.Product, settings *config.Settings) (failed []string, othersHold bool) {
	t.Helper()
	catalog := &manifest.Catalog{Products: []manifest.Product{product}}
	for _, f := range product.Features {
		results, _, err := suite(t.Context(), []run{{uri: f.Path, file: f, product: &product}}, catalog, settings)
		require.NoError(t, err)
		for _, e := range results[0].Elements {
			if e.broken() >= 0 || len(e.Steps) == 0 {
				failed = append(failed, fmt.Sprintf("%s:%d", f.Path, e.Line))
			}
		}
		if len(failed) > 0 {
			return failed, len(failed) < len(results[0].Elements)
		}
	}
	return nil, true
}

func TestFeaturesNoticeWhenAControlIsTakenAway(t *testing.T) {
	settings, err := config.Load("../../../fleet.yaml")
	require.NoError(t, err)
	catalog, _, err := manifest.Load(t.Context(), manifest.Dir("../../../catalog"), settings)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(catalog.Products), 18)
	for _, product := range catalog.Products {
		t.Run(product.ID, func(t *testing.T) {
			t.Parallel()
			failed, _ := notices(t, product, settings)
			require.Empty(t, failed, "its features hold for the template as it is")
			telling := map[string]bool{} // scenarios that tell some mutant from others: not those that any broken template fails
			judge := func(m mutant, changed manifest.Product) {
				failed, othersHold := notices(t, changed, settings)
				verdict(t, m, len(failed) > 0)
				for _, name := range failed {
					telling[name] = telling[name] || othersHold
				}
			}
			for _, m := range mutants(product.Template.Doc) {
				changed := product
				changed.Template = copied(t, product.Template)
				m.change(changed.Template.Doc)
				judge(m, changed)
			}
			for i, child := range product.StackSets {
				for _, m := range mutants(child.Template.Doc) {
					changed := product
					changed.StackSets = slices.Clone(product.StackSets)
					changed.StackSets[i].Template = copied(t, child.Template)
					m.change(changed.StackSets[i].Template.Doc)
					m.name = child.Name + " " + m.name
					judge(m, changed)
				}
			}
			for _, m := range settingsTaken(product.Template.Doc) {
				if tells(telling) >= 3 {
					break
				}
				changed := product
				changed.Template = copied(t, product.Template)
				m.change(changed.Template.Doc)
				judge(m, changed)
			}
			assert.GreaterOrEqual(t, tells(telling), 3, "scenarios that fail when a control is taken away, while others hold")
		})
	}
}

// verdict fails the test where a control is not held by any scenario; the rest is told to whoever reads the log.
func verdict(t *testing.T, m mutant, noticed bool) {
	t.Helper()
	if m.strict {
		assert.True(t, noticed, "no scenario fails %s", m.name)
	} else if !noticed {
		t.Logf("survives: %s", m.name)
	}
}
