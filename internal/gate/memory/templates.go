package memory

import (
	"fmt"

	"accountfleet/internal/finding"
	"accountfleet/internal/manifest"
)

// Templates are the templates of a catalog, parted into those that a gate judged before and those that it must look at.
type Templates struct {
	Fresh  []*manifest.Product
	Known  int
	before []finding.Finding
	memory *Memory
	keys   map[*manifest.Product]string
}

// Templates parts subjects by what a gate remembers of them. Extra is what its verdict depends on beside the template.
func (m *Memory) Templates(gate string, subjects []*manifest.Product, extra ...string) *Templates {
	t := &Templates{memory: m, keys: map[*manifest.Product]string{}}
	for _, p := range subjects {
		key := Key(append([]string{
			gate, p.ID, string(p.Scope), fmt.Sprint(p.Parameters, p.Tests), p.Template.Path, string(p.Template.Source), string(p.Template.Body),
		}, extra...)...)
		var findings []finding.Finding
		if m.Recall(key, &findings) {
			t.Known++
			t.before = append(t.before, findings...)
			continue
		}
		t.keys[p] = key
		t.Fresh = append(t.Fresh, p)
	}
	return t
}

// Settle remembers what was found in the fresh templates, and gives that with what was found in the others before. Findings about other
// files are not remembered.
func (t *Templates) Settle(findings []finding.Finding) []finding.Finding {
	for _, p := range t.Fresh {
		own := []finding.Finding{}
		for _, f := range findings {
			if f.Product == p.ID && f.File == p.Template.Path {
				own = append(own, f)
			}
		}
		t.memory.Remember(t.keys[p], own)
	}
	return append(t.before, findings...)
}
