package cleanse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/finding"
)

// Result is what a run came to.
type Result struct {
	Plan     *Plan             // of the last round that changed something; nil where nothing was to be done
	Journals []string          // ids of the rounds, oldest first: fleet cleanse undo goes back by them
	Run      string            // id by which all of them are undone
	Commits  map[string]string // old id -> new id, of all rounds
	Rotated  []string          // what Keys did

	Recreated bool     // the repository was made again
	Left      []string // fingerprints of secrets that stay: accepted, or not confirmed
	Resumed   bool     // an earlier run was finished
}

// MakePlan says what Run would change.
func MakePlan(ctx context.Context, o Options) (*Plan, error) {
	c, err := open(o)
	if err != nil {
		return nil, err
	}
	defer c.close()
	mirror, err := c.mirror(ctx, c.Remote, "mirror")
	if err != nil {
		return nil, err
	}
	r, err := c.prepare(ctx, mirror, false)
	if err != nil {
		return nil, err
	}
	return r.plan, c.absent(r)
}

// absent says that a value is nowhere, which is no success: a given one may be in a submodule, and what the gate found is written in a way that
// only it can read.
func (c *Cleansing) absent(r *round) error {
	if !r.plan.empty() || len(r.plan.Secrets) == 0 {
		return nil
	}
	if len(c.Values) == 0 {
		s := r.plan.Secrets[0]
		return fmt.Errorf("%s (%s, fingerprint %.12s) was found, and no bytes that could be replaced: nothing was changed: fleet check --only secrets names "+
			"the object: take it out by hand (git filter-repo --strip-blobs-with-ids)", s.Title, s.Rule, s.Fingerprint)
	}
	if r.e.h.modules {
		return fmt.Errorf("the value is nowhere in %s, which has submodules: they are repositories of their own: run fleet cleanse with the address of each; nothing was changed", c.address())
	}
	return fmt.Errorf("the value is nowhere in %s: nothing was changed", c.address())
}

// Run purges the secrets from the remote. An earlier run that was cut off is finished first. Where somebody pushes meanwhile, it begins
// again from what is there then; after a few times it gives up, with the remote as that somebody left it or resumable.
func Run(ctx context.Context, o Options) (*Result, error) {
	c, err := openAlone(o)
	if err != nil {
		return nil, err
	}
	defer c.close()
	result := &Result{Commits: map[string]string{}}
	if err := c.resume(ctx, result); err != nil {
		return result, err
	}
	for range c.Tries {
		again, err := c.round(ctx, result)
		if !again || err != nil {
			return result, err
		}
		c.say("somebody pushed meanwhile: beginning again")
	}
	return result, fmt.Errorf("%s is pushed to all the time: %d attempts were overtaken: freeze it, or run again at a quieter time", c.address(), c.Tries)
}

// round makes one attempt; again says that the remote changed under it.
func (c *Cleansing) round(ctx context.Context, result *Result) (again bool, err error) {
	c.say("cloning %s", c.address())
	mirror, err := c.mirror(ctx, c.Remote, "mirror")
	if err != nil {
		return false, err
	}
	r, err := c.prepare(ctx, mirror, true)
	if err != nil {
		return false, err
	}
	result.Left = slices.Sorted(maps.Keys(trueOf(r.left)))
	if r.plan.empty() {
		if len(result.Journals) > 0 || result.Resumed { // the round before left nothing to do
			return false, nil
		}
		if err := c.absent(r); err != nil || c.Recreate == nil {
			return false, err
		}
		return false, c.onlyAgain(ctx, r, result)
	}
	result.Plan = r.plan
	if err := c.rotate(ctx, r, result); err != nil {
		return false, err
	}
	j, err := c.begin(ctx, r, result)
	if err != nil {
		return false, err
	}
	c.say("rewriting %d of %d commits", r.plan.Commits, r.plan.OfCommits)
	if err := c.build(ctx, r); err != nil {
		return false, err
	}
	return c.finish(ctx, r, j, result, false)
}

func trueOf(all map[string]bool) map[string]bool {
	maps.DeleteFunc(all, func(_ string, is bool) bool { return !is })
	return all
}

// rotate deactivates access keys, before anything else: a purge alone helps nobody.
func (c *Cleansing) rotate(ctx context.Context, r *round, result *Result) error {
	if c.Keys == nil {
		return nil
	}
	for _, s := range r.e.edit.secrets {
		if !s.accessKeyID() || slices.ContainsFunc(result.Rotated, func(done string) bool { return strings.HasPrefix(done, s.Fingerprint[:12]) }) {
			continue
		}
		done, err := c.Keys.Deactivate(ctx, string(s.value))
		if err != nil {
			return c.clean(fmt.Errorf("access key %.12s cannot be deactivated: %w: nothing was changed in the repository", s.Fingerprint, err))
		}
		result.Rotated = append(result.Rotated, s.Fingerprint[:12]+": "+c.scrub(done))
		c.say("%s", result.Rotated[len(result.Rotated)-1])
	}
	return nil
}

// begin keeps the bundle and the journal.
func (c *Cleansing) begin(ctx context.Context, r *round, result *Result) (*Journal, error) {
	taken, err := Journals(ctx, c.Store)
	if err != nil {
		return nil, c.clean(err)
	}
	j := &Journal{
		ID: c.newID(taken), Run: result.Run, Remote: c.address(), State: Planned, Started: c.Now().UTC(), Head: r.e.h.head,
		Changes: r.changes, Commits: map[string]string{},
	}
	if j.Run == "" {
		j.Run = j.ID
	}
	for old, id := range r.e.lines {
		if old != id {
			j.Commits[old] = id
		}
	}
	for _, s := range r.plan.Secrets {
		j.Fingerprints = append(j.Fingerprints, s.Fingerprint)
	}
	c.say("keeping a bundle of all %d refs as %s", len(r.e.h.refs), j.ID)
	if j.Bundle, err = c.bundle(ctx, r.mirror, j.ID, bundleFile); err != nil {
		return nil, err
	}
	return j, c.save(ctx, j)
}

// finish pushes a round that was built, with others kept out, and looks at the remote again.
func (c *Cleansing) finish(ctx context.Context, r *round, j *Journal, result *Result, resumed bool) (again bool, err error) {
	err = c.barred(ctx, func() (err error) {
		again, err = c.land(ctx, r, j, result, resumed)
		return err
	})
	return again, err
}

// land pushes, unless somebody moved a ref since the plan.
func (c *Cleansing) land(ctx context.Context, r *round, j *Journal, result *Result, resumed bool) (again bool, err error) {
	now, err := c.remoteRefs(ctx)
	if err != nil {
		return false, err
	}
	if !resumed && !maps.Equal(now, refMap(r.e.h.refs)) {
		j.State = Abandoned
		return true, c.save(ctx, j)
	}
	j.State = Pushing
	if err := c.save(ctx, j); err != nil {
		return false, err
	}
	c.say("pushing %d refs", len(j.Changes))
	keep := func(ctx context.Context) error { return c.save(ctx, j) }
	pushed := (&pusher{c: c, dir: r.fresh, old: r.mirror, j: j, edit: r.e.edit, keep: keep}).push(ctx)
	landed := j.applied() > 0
	if !landed && resumed { // what an earlier process pushed may all be built upon
		if landed, err = c.builtOnAny(ctx, j.Changes); err != nil {
			return false, err
		}
	}
	if landed {
		result.Run, result.Journals = j.Run, append(result.Journals, j.ID)
		maps.Copy(result.Commits, j.Commits)
	}
	var moved *MovedError
	switch {
	case pushed == nil:
		j.State = Done
		if err := c.save(ctx, j); err != nil {
			return false, err
		}
		return c.after(ctx, r, j, result)
	case !errors.As(pushed, &moved):
		return false, pushed
	case landed:
		j.State = Done // as far as it goes: another round follows
	default:
		j.State = Abandoned
	}
	return true, c.save(ctx, j)
}

func refMap(refs []ref) map[string]string {
	all := map[string]string{}
	for _, r := range refs {
		all[r.name] = r.id
	}
	return all
}

// after clones the remote once more. What was pushed between the last look and the push is found now, and cleansed in another round.
func (c *Cleansing) after(ctx context.Context, r *round, j *Journal, result *Result) (again bool, err error) {
	if j.Commits[c.remoteHead] != "" {
		return false, fmt.Errorf("all refs of %s are cleansed, and its HEAD still leads to the old commit %s by itself, which no push can change: "+
			"run git symbolic-ref HEAD refs/heads/BRANCH there, then fleet cleanse verify", c.address(), c.remoteHead)
	}
	fresh, again, err := c.lookAgain(ctx, r)
	if err != nil {
		return false, fmt.Errorf("all refs of %s are pushed (fleet cleanse undo %s goes back), and the look at a fresh clone failed: %w: run fleet cleanse verify", c.address(), j.Run, err)
	}
	if again {
		return true, nil
	}
	if c.Recreate != nil {
		result.Recreated = true
		return false, c.again(ctx, fresh, j)
	}
	return false, nil
}

// lookAgain searches a fresh clone, and says whether a secret is in it that should not be.
func (c *Cleansing) lookAgain(ctx context.Context, r *round) (fresh string, again bool, err error) {
	if fresh, err = c.mirror(ctx, c.Remote, "after"); err != nil {
		return "", false, err
	}
	held, err := c.search(ctx, fresh, r.e.edit)
	if err != nil || len(held) > 0 || len(c.Values) > 0 {
		return fresh, len(held) > 0, err
	}
	scanned, err := c.Scan(ctx, fresh)
	if err != nil {
		return fresh, false, err
	}
	stays := func(f finding.Finding) bool { return r.left[f.Fingerprint] }
	return fresh, len(slices.DeleteFunc(scanned.Findings, stays)) > 0, nil
}
