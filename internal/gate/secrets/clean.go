package secrets

import "accountfleet/internal/gate/memory"

// clean are objects that this very program found clean before. Only their content is not read again: that every object is there is asked
// of git each time, and so is the proof that the scanners are alive.
type clean struct {
	memory  *memory.Memory
	set     *memory.Set
	ids     []string // of this repository that are known
	skipped int
}

// skip leaves out what is known.
func (c *clean) skip(objects []object) []object {
	if c == nil || c.memory == nil || len(objects) == 0 {
		return objects
	}
	c.set = c.memory.Set("objects", len(objects[0].id)/2)
	var fresh []object
	for _, o := range objects {
		if !o.tip && c.set.Has(o.id) {
			c.ids = append(c.ids, o.id)
			continue
		}
		fresh = append(fresh, o)
	}
	c.skipped = len(c.ids)
	return fresh
}

// remember adds the objects of a corpus in which nothing was found.
func (c *clean) remember(out *corpus, hits []hit) {
	if c == nil || c.set == nil {
		return
	}
	found := map[string]bool{}
	for _, h := range hits {
		found[h.piece.object.id] = true
	}
	for id := range out.ids {
		if !found[id] {
			c.set.Add(id)
		}
	}
	c.set.Save()
}
