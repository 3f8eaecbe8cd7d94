// Package unattended is a cleansing that nobody watches: the one that the pipeline starts.
//
// It adds to package cleanse what people decide otherwise: whether to begin at all (guard), that the ledger gets what became of commits
// (record.go), that copies elsewhere are looked for, that no access key stops a purge (keys.go), and that everybody is told what to do
// now (notice.go). What a run has done is read from its journals, so a run that was cut off anywhere is recorded and told of by the next
// one. Start at Run.
package unattended

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"accountfleet/internal/cleanse"
	"accountfleet/internal/config"
	"accountfleet/internal/finding"
	"accountfleet/internal/ledger"
)

// Options of Run. All are required but for Execution and Cleansing.
type Options struct {
	Settings  *config.Settings
	Command   string // plan, run or undo
	Execution string // of the pipeline whose scan failed
	Cleansing string // run: not empty if a reviewer decided, with the fingerprints that they confirm; undo: id of the run, empty for the last

	Cleanse cleanse.Options // with store and barrier, and with keys if they shall be deactivated
	Ledger  Ledger
	Copies  func(ctx context.Context, concerned func(commit string) bool) ([]Copy, error)
	Notify  func(ctx context.Context, subject, text string) error
	Release func(ctx context.Context) (execution string, err error) // starts the pipeline on the new history
	Now     func() time.Time
	Out     io.Writer // what came of it, for the build's log
}

// Ledger is read and appended to.
type Ledger interface {
	ledger.Reader
	ledger.Appender
}

// Copy is an artifact of an execution, in which a secret may be copied.
type Copy struct {
	Execution, Artifact, Address string
	Removed                      bool
}

// StoppedError says that a person must decide: nothing was changed, and people were told.
type StoppedError struct{ Why string }

func (s *StoppedError) Error() string { return s.Why }

// Run carries out one command. Whatever goes wrong, people are told.
func Run(ctx context.Context, o Options) error {
	u := &unattended{Options: o}
	if o.Cleanse.Keys != nil {
		u.Cleanse.Keys = lenient{o.Cleanse.Keys, keyPatience}
	}
	err := u.run(ctx)
	if err == nil {
		return nil
	}
	var stopped *StoppedError
	if errors.As(err, &stopped) {
		return err // told already
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return errors.Join(err, u.tell(after, u.failed(err)))
}

type unattended struct {
	Options
	seen    []cleanse.PlannedSecret // what this build found
	purging string                  // id of the run that this build carried out or finished
	rotated []string                // what became of access keys meanwhile
}

func (u *unattended) run(ctx context.Context) error {
	switch u.Command {
	case "plan":
		return u.plan(ctx)
	case "run":
		return u.purge(ctx)
	case "undo":
		return u.undo(ctx)
	}
	return fmt.Errorf("command %q: want plan, run or undo", u.Command)
}

// plan says what would change, and how a reviewer starts it.
func (u *unattended) plan(ctx context.Context) error {
	plan, err := cleanse.MakePlan(ctx, u.Cleanse)
	if err != nil {
		return err
	}
	if len(plan.Secrets) == 0 {
		return u.nothing()
	}
	return u.tell(ctx, u.planned(plan))
}

// nothing is to be done where the scan failed for another reason, or somebody was faster.
func (u *unattended) nothing() error {
	_, err := fmt.Fprintln(u.Out, "no secret is in the history: nothing was changed")
	return err
}

// purge cleanses, unless the guard stops it, and does what follows for every run that is done and not recorded yet.
func (u *unattended) purge(ctx context.Context) error {
	if err := u.follow(ctx); err != nil { // of a run that was cut off between its push and here
		return err
	}
	plan, err := cleanse.MakePlan(ctx, u.Cleanse)
	if err != nil {
		return err
	}
	u.seen = plan.Secrets
	if err := u.guard(ctx, plan); err != nil {
		return err
	}
	u.Cleanse.Confirm = confirmed(u.Cleansing)
	result, err := cleanse.Run(ctx, u.Cleanse)
	if result != nil {
		u.purging, u.rotated = result.Run, result.Rotated
	}
	var weak *cleanse.WeakError
	if errors.As(err, &weak) {
		return u.stop(ctx, u.doubtful(plan), fmt.Sprintf("%d values are short or ordinary, and may stand in places where they are no secret: nothing was changed: a reviewer must decide",
			len(weak.Secrets)))
	}
	if err != nil {
		return err
	}
	if result.Plan == nil && !result.Resumed {
		return u.nothing()
	}
	return u.follow(ctx)
}

// guard stops what was purged before: a clone brings it back, or a scanner and the rewrite disagree, and to go on would be for ever. A
// reviewer may decide otherwise.
func (u *unattended) guard(ctx context.Context, plan *cleanse.Plan) error {
	if u.Cleansing != "" {
		return nil
	}
	entries, err := u.Ledger.Entries(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		for _, s := range plan.Secrets {
			if e.Kind == ledger.Rewritten && slices.Contains(e.Rewrite.Fingerprints, s.Fingerprint) {
				return u.stop(ctx, u.cameBack(plan, s, e), fmt.Sprintf("%s (fingerprint %.12s) was purged before, by %s: nothing was changed: a reviewer must decide",
					s.Title, s.Fingerprint, e.Rewrite.Cleansing))
			}
		}
	}
	return nil
}

// stop tells people that they must decide.
func (u *unattended) stop(ctx context.Context, n notice, why string) error {
	if err := u.tell(ctx, n); err != nil {
		return err
	}
	return &StoppedError{why}
}

// onlyStrong is what a reviewer writes to have every short or ordinary value stay, and the others purged.
const onlyStrong = "only-strong"

// confirmed says which short or ordinary values a reviewer confirmed, by the first digits of their fingerprints between commas, or by
// onlyStrong that none is. Without either such a value stops the run.
func confirmed(decision string) func(cleanse.Secret) bool {
	words := strings.Split(decision, ",")
	starts := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return !finding.NamesSecret(word) })
	if len(starts) == 0 && !slices.Contains(words, onlyStrong) {
		return nil
	}
	return func(s cleanse.Secret) bool {
		return slices.ContainsFunc(starts, func(start string) bool { return strings.HasPrefix(s.Fingerprint, start) })
	}
}

// undo brings the old history back. The pipeline is not started: its scan would find the secret, as it must.
func (u *unattended) undo(ctx context.Context) error {
	if err := u.follow(ctx); err != nil {
		return err
	}
	if _, err := cleanse.Undo(ctx, u.Cleanse, u.Cleansing); err != nil {
		return err
	}
	return u.follow(ctx)
}

// follow records every run that is not in the ledger yet, looks for copies, tells people, and starts the pipeline again.
func (u *unattended) follow(ctx context.Context) error {
	runs, err := u.unrecorded(ctx)
	if err != nil {
		return err
	}
	for _, r := range runs {
		recorded := u.record(ctx, r)
		var copies []Copy
		var found error
		if !r.undo {
			copies, found = u.Copies(ctx, func(commit string) bool { return r.commits[commit] != "" })
		}
		problems := errors.Join(recorded, found)
		told := u.tell(ctx, u.done(r, copies, problems))
		var released error
		if !r.undo {
			_, released = u.Release(ctx)
		}
		if err := errors.Join(problems, told, released); err != nil {
			return err
		}
	}
	return nil
}

// tell notifies people, and leaves the same text in the build's log.
func (u *unattended) tell(ctx context.Context, n notice) error {
	if _, err := fmt.Fprintf(u.Out, "%s\n\n%s", n.subject, n.text); err != nil {
		return err
	}
	return u.Notify(ctx, n.subject, n.text)
}
