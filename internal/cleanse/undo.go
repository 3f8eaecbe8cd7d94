package cleanse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Restoration is what Undo came to.
type Restoration struct {
	Run      string
	Restored []string          // refs
	Commits  map[string]string // new id -> old id
}

// Undo brings back every ref that a run changed, bit for bit, from the bundles of its rounds. run is the id of a run; empty means the last.
// The secret is in the history again then. If somebody pushed on top of the new history, nothing is changed, because that would be lost.
func Undo(ctx context.Context, o Options, run string) (*Restoration, error) {
	c, err := openAlone(o)
	if err != nil {
		return nil, err
	}
	defer c.close()
	rounds, err := c.roundsOf(ctx, run)
	if err != nil {
		return nil, err
	}
	result := &Restoration{Run: rounds[0].Run, Commits: map[string]string{}}
	for _, j := range rounds {
		for _, change := range j.Changes {
			if change.New == "" && !strings.HasPrefix(change.Ref, replaceRefs) { // it was renamed: its name holds a value, which is not known here
				c.hide([]byte(change.Ref))
				c.hide([]byte(short(change.Ref)))
			}
		}
	}
	if err := c.barred(ctx, func() error {
		if err := c.mayUndo(ctx, rounds); err != nil {
			return err
		}
		for _, j := range slices.Backward(rounds) {
			if err := c.undo(ctx, j, result); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return result, err
	}
	slices.Sort(result.Restored)
	result.Restored = slices.Compact(result.Restored)
	return result, nil
}

// barred does something while others are kept out.
func (c *Cleansing) barred(ctx context.Context, do func() error) (err error) {
	if c.Barrier == nil {
		return do()
	}
	defer func() {
		after, cancel := afterwards(ctx)
		defer cancel()
		if opened := c.Barrier.Open(after); opened != nil {
			err = errors.Join(err, c.clean(fmt.Errorf("the repository is still frozen: %w: unfreeze it, or run again", opened)))
		}
	}()
	if err := c.Barrier.Close(ctx); err != nil {
		return c.clean(fmt.Errorf("the repository cannot be frozen: %w: nothing was changed", err))
	}
	return do()
}

// roundsOf are the rounds of a run that touched the remote, oldest first.
func (c *Cleansing) roundsOf(ctx context.Context, run string) ([]*Journal, error) {
	all, err := Journals(ctx, c.Store)
	if err != nil {
		return nil, c.clean(err)
	}
	all = slices.DeleteFunc(all, func(j *Journal) bool {
		only := j.State == Done && len(j.Changes) == 0 // the repository was made again, and no ref was changed
		again := run != "" && j.State == Undone        // a push that an earlier process left behind may have landed since
		return j.Remote != c.address() || only || !again && !slices.Contains([]State{Pushing, Recreating, Done}, j.State)
	})
	if run == "" && len(all) > 0 {
		run = all[len(all)-1].Run
	}
	all = slices.DeleteFunc(all, func(j *Journal) bool { return j.Run != run })
	if len(all) == 0 {
		return nil, fmt.Errorf("there is no run %s of %s to undo: name the folder of its bundles by --bundle", run, c.address())
	}
	return all, nil
}

// mayUndo goes through all rounds without changing anything, and refuses where a push of somebody would be lost.
func (c *Cleansing) mayUndo(ctx context.Context, rounds []*Journal) error {
	now, err := c.remoteRefs(ctx)
	if err != nil {
		return err
	}
	for _, j := range slices.Backward(rounds) {
		if j.State == Recreating {
			return fmt.Errorf("%s is being made again, so that it may lack refs: let fleet cleanse run --recreate finish, then undo; nothing was changed", j.Remote)
		}
		changes, built, err := c.backwards(ctx, j, now)
		if err != nil {
			return err
		}
		if len(built) > 0 {
			return c.clean(fmt.Errorf("since %s somebody pushed to %s, which undoing would lose: nothing was changed: save those commits elsewhere, "+
				"set each of these refs back to the id that the run gave it, and undo again", j.ID, strings.Join(built, ", ")))
		}
		for _, change := range changes {
			now[change.Ref] = change.New
		}
	}
	return nil
}

// backwards is what brings a round's refs back from where they are now, and the refs that somebody moved since the round changed them.
func (c *Cleansing) backwards(ctx context.Context, j *Journal, now map[string]string) (changes []Change, built []string, err error) {
	for _, change := range j.Changes {
		switch stand(change, now) {
		case atNew:
			changes = append(changes, Change{Ref: change.Ref, Old: change.New, New: change.Old})
		case elsewhere:
			if now[change.Ref] == "" {
				if change.Applied { // deleted since
					changes = append(changes, Change{Ref: change.Ref, New: change.Old})
				}
				continue
			}
			on := change.Applied
			if !on {
				if on, err = c.builtOn(ctx, change, now[change.Ref]); err != nil {
					return nil, nil, err
				}
			}
			if on {
				built = append(built, change.Ref)
			}
		}
	}
	return changes, built, nil
}

func (c *Cleansing) undo(ctx context.Context, j *Journal, result *Restoration) error {
	mirror, err := c.unbundle(ctx, j.ID, bundleFile, j.Bundle, "mirror")
	if err != nil {
		return err
	}
	now, err := c.remoteRefs(ctx)
	if err != nil {
		return err
	}
	back := &Journal{}
	if back.Changes, _, err = c.backwards(ctx, j, now); err != nil {
		return err
	}
	keep := func(context.Context) error { return nil } // the remote says how far it got
	hides := map[string]bool{}
	for _, change := range j.Changes {
		hides[change.Ref] = change.New == "" // it was renamed, so its name may hold a value, which is not known here
	}
	restore := &pusher{c: c, dir: mirror, old: mirror, j: back, edit: newEditor(c.Key, nil), keep: keep, hides: hides}
	err = restore.push(ctx)
	var moved *MovedError
	if errors.As(err, &moved) {
		return fmt.Errorf("%w, while %s was undone: nothing of that was lost: run fleet cleanse undo %s again, which says what to do", err, j.ID, j.Run)
	}
	if err != nil {
		return err
	}
	for _, change := range back.Changes {
		result.Restored = append(result.Restored, change.Ref)
	}
	for old, id := range j.Commits {
		result.Commits[id] = old
	}
	j.State = Undone
	return c.save(ctx, j)
}

// builtOnAny says whether somebody pushed on top of what a round gave a ref.
func (c *Cleansing) builtOnAny(ctx context.Context, changes []Change) (bool, error) {
	now, err := c.remoteRefs(ctx)
	if err != nil {
		return false, err
	}
	for _, change := range changes {
		if on, err := c.builtOn(ctx, change, now[change.Ref]); err != nil || on {
			return on, err
		}
	}
	return false, nil
}

// builtOnAll says whether every ref is as it should be, or leads to that: somebody pushed on top of it.
func (c *Cleansing) builtOnAll(ctx context.Context, changes []Change) (bool, error) {
	now, err := c.remoteRefs(ctx)
	if err != nil {
		return false, err
	}
	for _, change := range changes {
		if stand(change, now) == atNew {
			continue
		}
		if on, err := c.builtOn(ctx, change, now[change.Ref]); err != nil || !on {
			return false, err
		}
	}
	return true, nil
}

// builtOn says whether a ref of the remote leads to what a round wanted to give it.
func (c *Cleansing) builtOn(ctx context.Context, change Change, now string) (bool, error) {
	if change.New == "" || now == "" {
		return false, nil
	}
	mirror, err := c.mirror(ctx, c.Remote, "now")
	if err != nil {
		return false, err
	}
	if _, err := c.git(ctx, mirror, nil, "cat-file", "-e", change.New+"^{commit}"); err != nil {
		return false, nil //nolint:nilerr // nobody has it: it was never applied
	}
	if _, err := c.git(ctx, mirror, nil, "merge-base", "--is-ancestor", change.New, now); err != nil {
		var failed *Failure
		if errors.As(err, &failed) && failed.Code == 1 {
			return false, nil
		}
		return false, err
	}
	return true, nil
}
