package unattended

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"accountfleet/internal/cleanse"
	"accountfleet/internal/ledger"
)

// run is what the rounds of one cleansing came to together, or their undoing.
type run struct {
	id           string
	undo         bool
	commits      map[string]string // before -> after
	fingerprints []string
	changes      []cleanse.Change
}

// unrecorded are the runs that are done, or undone, and of which the ledger says nothing yet, oldest first.
func (u *unattended) unrecorded(ctx context.Context) ([]*run, error) {
	journals, err := cleanse.Journals(ctx, u.Cleanse.Store)
	if err != nil {
		return nil, err
	}
	entries, err := u.Ledger.Entries(ctx)
	if err != nil {
		return nil, err
	}
	told := func(id string, undo bool) bool {
		return slices.ContainsFunc(entries, func(e ledger.Entry) bool {
			return e.Kind == ledger.Rewritten && e.Rewrite.Cleansing == id && e.Rewrite.Undo == undo
		})
	}
	var found []*run
	for _, r := range together(journals) {
		if r.undo && !told(r.id, false) {
			continue // undone before anybody heard of it: nothing happened
		}
		if !told(r.id, r.undo) && len(r.commits) > 0 {
			found = append(found, r)
		}
	}
	return found, nil
}

// together joins the rounds of each run: a later round rewrote what an earlier one had made.
func together(journals []*cleanse.Journal) []*run {
	runs := map[string]*run{}
	var order []*run
	for _, j := range journals {
		if j.State != cleanse.Done && j.State != cleanse.Undone {
			continue
		}
		r := runs[j.Run]
		if r == nil {
			r = &run{id: j.Run, commits: map[string]string{}}
			runs[j.Run], order = r, append(order, r)
		}
		r.undo = j.State == cleanse.Undone
		r.add(j)
	}
	for _, r := range order {
		if r.undo {
			r.turn()
		}
	}
	return order
}

// add follows commits and refs through one more round.
func (r *run) add(j *cleanse.Journal) {
	made := map[string]bool{} // by the rounds before: nobody else ever had these commits
	for before, now := range r.commits {
		made[now] = true
		if after, ok := j.Commits[now]; ok {
			r.commits[before] = after
		}
	}
	for before, after := range j.Commits {
		if !made[before] {
			r.commits[before] = after
		}
	}
	for _, change := range j.Changes {
		i := slices.IndexFunc(r.changes, func(c cleanse.Change) bool { return c.Ref == change.Ref })
		if i < 0 {
			r.changes = append(r.changes, change)
		} else {
			r.changes[i].New = change.New
		}
	}
	for _, fingerprint := range j.Fingerprints {
		if !slices.Contains(r.fingerprints, fingerprint) {
			r.fingerprints = append(r.fingerprints, fingerprint)
		}
	}
}

// turn makes of a run its undoing.
func (r *run) turn() {
	back := map[string]string{}
	for before, after := range r.commits {
		back[after] = before
	}
	r.commits = back
	for i, c := range r.changes {
		r.changes[i].Old, r.changes[i].New = c.New, c.Old
	}
}

// mostTries is how often an append is tried again because another entry took the number.
const mostTries = 5

// record appends a run to the ledger. A publication that is under way then finds the ledger moved, and is prepared anew.
func (u *unattended) record(ctx context.Context, r *run) error {
	for range mostTries {
		entries, err := u.Ledger.Entries(ctx)
		if err != nil {
			return err
		}
		err = u.Ledger.Append(ctx, ledger.Entry{
			Seq: len(entries) + 1, Kind: ledger.Rewritten, Time: u.Now().UTC(), Execution: u.Execution,
			Rewrite: &ledger.Rewrite{Cleansing: r.id, Undo: r.undo, Fingerprints: r.fingerprints, Commits: r.commits},
		})
		if !errors.Is(err, ledger.ErrMoved) {
			return err
		}
	}
	return fmt.Errorf("record cleansing %s: %w %d times: run the cleansing again, which records it", r.id, ledger.ErrMoved, mostTries)
}
