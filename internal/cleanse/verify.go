package cleanse

import (
	"context"
	"fmt"
	"strings"
)

// Verified is what Verify saw.
type Verified struct {
	Refs     int
	Objects  int      // that hold a given value
	Problems []string // each a sentence; none where all is well
}

// Verify clones the remote anew and looks: at every object for given values, with the secrets gate, and, where the store has the journal of
// runs that were not undone, whether any of their old commits came back.
func Verify(ctx context.Context, o Options) (*Verified, error) {
	c, err := open(o)
	if err != nil {
		return nil, err
	}
	defer c.close()
	dir, err := c.mirror(ctx, c.Remote, "mirror")
	if err != nil {
		return nil, err
	}
	refs, err := c.refs(ctx, dir)
	if err != nil {
		return nil, err
	}
	result := &Verified{Refs: len(refs)}
	var all []Secret
	for _, value := range c.Values {
		given := newSecret(c.Key, value, "GIVEN", "")
		given.folded = true
		all = append(all, given)
	}
	held, err := c.search(ctx, dir, newEditor(c.Key, all))
	if err != nil {
		return nil, err
	}
	result.Objects = len(held)
	for _, id := range held {
		result.Problems = append(result.Problems, "a given value is in object "+id)
	}
	scanned, err := c.Scan(ctx, dir)
	if err != nil {
		return nil, err
	}
	for _, f := range scanned.Findings {
		if !c.accepted(f) {
			result.Problems = append(result.Problems, c.scrub(f.String()))
		}
	}
	return result, c.returned(ctx, dir, result)
}

// returned looks for old commits of runs.
func (c *Cleansing) returned(ctx context.Context, dir string, result *Verified) error {
	if c.Store == nil {
		return nil
	}
	all, err := Journals(ctx, c.Store)
	if err != nil {
		return c.clean(err)
	}
	listed, err := c.git(ctx, dir, nil, "rev-list", "--all")
	if err != nil {
		return err
	}
	if _, err := c.remoteRefs(ctx); err != nil {
		return err
	}
	now := map[string]bool{c.remoteHead: true} // it may lead to a commit by itself
	for _, id := range strings.Fields(listed) {
		now[id] = true
	}
	for _, j := range all {
		if j.Remote != c.address() || j.State != Done && j.State != Pushing {
			continue
		}
		for old := range j.Commits {
			if now[old] {
				result.Problems = append(result.Problems, fmt.Sprintf("commit %s came back, which %s rewrote: a clone from before was pushed: run fleet cleanse run, and have that clone removed", old, j.ID))
			}
		}
	}
	return nil
}
