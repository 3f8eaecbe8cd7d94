package cleanse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// resume finishes a run that was cut off while it pushed. It starts from the bundle, computes the same new history again, and goes by what
// the remote says.
func (c *Cleansing) resume(ctx context.Context, result *Result) error {
	all, err := Journals(ctx, c.Store)
	if err != nil {
		return c.clean(err)
	}
	for _, j := range all {
		if j.Remote != c.address() {
			continue
		}
		switch j.State {
		case Recreating:
			result.Resumed = true
			c.say("making the repository again, as %s began to", j.ID)
			if err := c.barred(ctx, func() error { return c.refill(ctx, j) }); err != nil {
				return err
			}
			result.Run, result.Recreated = j.Run, true
		case Pushing:
			result.Resumed = true
			c.say("finishing %s", j.ID)
			if err := c.resumePush(ctx, j, result); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Cleansing) resumePush(ctx context.Context, j *Journal, result *Result) error {
	mirror, err := c.unbundle(ctx, j.ID, bundleFile, j.Bundle, "mirror")
	if err != nil {
		return err
	}
	if err := setHead(mirror, j.Head); err != nil {
		return err
	}
	r, err := c.prepareAgain(ctx, mirror, j)
	if err != nil {
		return err
	}
	if err := c.build(ctx, r); err != nil {
		return err
	}
	result.Plan = r.plan
	if err := c.rotate(ctx, r, result); err != nil { // again, so that people are told of it whichever process is the last
		return err
	}
	_, err = c.finish(ctx, r, j, result, true) // the rounds of Run look at what is left
	return err
}

// prepareAgain computes the round of a journal, for the secrets that it was about.
func (c *Cleansing) prepareAgain(ctx context.Context, mirror string, j *Journal) (*round, error) {
	was := c.Confirm
	c.Confirm = func(s Secret) bool { return slices.Contains(j.Fingerprints, s.Fingerprint) } // it was asked then
	defer func() { c.Confirm = was }()
	r, err := c.prepare(ctx, mirror, true)
	if err != nil {
		return nil, err
	}
	same := func(a, b Change) bool { return a.Ref == b.Ref && a.Old == b.Old && a.New == b.New }
	if !slices.EqualFunc(r.changes, j.Changes, same) {
		return nil, fmt.Errorf("the secrets are not those of %s, which was cut off while it pushed: give it the same values, or run fleet cleanse undo %s first", j.ID, j.Run)
	}
	return r, nil
}

// again makes the repository anew from a bundle of the new history.
func (c *Cleansing) again(ctx context.Context, fresh string, j *Journal) error {
	digest, err := c.bundle(ctx, fresh, j.ID, freshFile)
	if err != nil {
		return err
	}
	now, err := c.remoteRefs(ctx)
	if err != nil {
		return err
	}
	refs, err := c.refs(ctx, fresh)
	if err != nil {
		return err
	}
	if !maps.Equal(now, refMap(refs)) {
		return errors.New("somebody pushed before the repository was made again: it is cleansed, and old objects can still be read by id: run fleet cleanse run --recreate again")
	}
	if j.Settings, err = c.Recreate.Inspect(ctx); err != nil {
		return c.clean(fmt.Errorf("the repository cannot be made again, because its settings cannot be read: %w: it stays as it is", err))
	}
	j.State, j.Fresh = Recreating, digest
	if err := c.save(ctx, j); err != nil {
		return err
	}
	return c.refill(ctx, j)
}

// onlyAgain makes a repository anew that holds no secret, for example after the pipeline has purged it.
func (c *Cleansing) onlyAgain(ctx context.Context, r *round, result *Result) error {
	j, err := c.begin(ctx, r, result)
	if err != nil {
		return err
	}
	if err := c.barred(ctx, func() error { return c.again(ctx, r.mirror, j) }); err != nil {
		return err
	}
	result.Run, result.Recreated = j.Run, true
	return nil
}

// refill makes the remote anew and gives it the new history. It can be repeated: refs that are there already stay.
func (c *Cleansing) refill(ctx context.Context, j *Journal) error {
	if c.Recreate == nil {
		return fmt.Errorf("%s was being made again when %s was cut off: run fleet cleanse run --recreate", j.Remote, j.ID)
	}
	fresh, err := c.unbundle(ctx, j.ID, freshFile, j.Fresh, "refill")
	if err != nil {
		return err
	}
	refs, err := c.refs(ctx, fresh)
	if err != nil {
		return err
	}
	if !j.Emptied {
		if err := c.empty(ctx, j, refMap(refs)); err != nil {
			return err
		}
	}
	fill := &Journal{}
	for _, r := range refs {
		fill.Changes = append(fill.Changes, Change{Ref: r.name, New: r.id})
	}
	keep := func(context.Context) error { return nil } // nothing to undo: the refs are those that the round made
	err = (&pusher{c: c, dir: fresh, old: fresh, j: fill, edit: newEditor(c.Key, nil), keep: keep}).push(ctx)
	var moved *MovedError
	if errors.As(err, &moved) {
		kept, looked := c.builtOnAll(ctx, fill.Changes)
		if looked != nil {
			return looked
		}
		if kept {
			err = nil
		}
	}
	if err != nil && moved != nil {
		return fmt.Errorf("%w: these refs were made by somebody before their history was there again: nothing of it was lost, all others are there: "+
			"push what they hold to refs of other names, delete these, and run fleet cleanse run --recreate again", err)
	}
	if err != nil {
		return err
	}
	if err := c.Recreate.Settle(ctx, j.Settings); err != nil {
		return c.clean(fmt.Errorf("the repository was made again and has its history, but not all of its settings: %w: run again", err))
	}
	j.State = Done
	return c.save(ctx, j)
}

// empty has the platform make the repository again, if nothing was pushed to it since it was cleansed.
func (c *Cleansing) empty(ctx context.Context, j *Journal, refs map[string]string) error {
	now, err := c.remoteRefs(ctx)
	if err == nil && len(now) > 0 && !maps.Equal(now, refs) {
		made, err := c.madeAgain(ctx, refs)
		if err != nil {
			return err
		}
		if !made {
			j.State = Done // so that the next run looks at what was pushed
			return errors.Join(fmt.Errorf("somebody pushed before %s was made again: it is cleansed, and old objects can still be read by id: "+
				"run fleet cleanse run --recreate again", j.Remote), c.save(ctx, j))
		}
		j.Emptied = true // an earlier process was cut off when it had made it, and somebody was faster
		return c.save(ctx, j)
	}
	c.say("making the repository again")
	if err := c.Recreate.Recreate(ctx, j.Settings); err != nil { // the remote may be gone already: an error of remoteRefs says nothing
		return c.clean(fmt.Errorf("the repository cannot be made again: %w: run again; the new history is kept as %s/%s", err, j.ID, freshFile))
	}
	j.Emptied = true
	return c.save(ctx, j)
}

// madeAgain says whether the remote lacks something of what the cleansed repository had: then it is another one already, and must be filled.
func (c *Cleansing) madeAgain(ctx context.Context, refs map[string]string) (bool, error) {
	mirror, err := c.mirror(ctx, c.Remote, "now")
	if err != nil {
		return false, err
	}
	for _, id := range refs {
		if _, err := c.git(ctx, mirror, nil, "cat-file", "-e", id); err != nil {
			return true, nil //nolint:nilerr // it is not there
		}
	}
	return false, nil
}

// Unfinished is the id of a round that was cut off while it pushed, which Run finishes first; empty where there is none.
func Unfinished(ctx context.Context, o Options) (string, error) {
	c := &Cleansing{Options: o}
	all, err := Journals(ctx, o.Store)
	if err != nil {
		return "", c.clean(err)
	}
	for _, j := range all {
		if j.Remote == c.address() && (j.State == Pushing || j.State == Recreating) {
			return j.ID, nil
		}
	}
	return "", nil
}
