package cleanse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MovedError says that somebody pushed to refs meanwhile.
type MovedError struct{ Refs []string }

func (m *MovedError) Error() string { return "pushed to meanwhile: " + strings.Join(m.Refs, ", ") }

// where a ref of the remote stands, seen from a change.
type standing int

const (
	atOld standing = iota
	atNew
	elsewhere
)

func stand(change Change, now map[string]string) standing {
	switch now[change.Ref] {
	case change.New: // first, for the change of a ref that is already as it should be
		return atNew
	case change.Old:
		return atOld
	}
	return elsewhere
}

// pusher brings the changes of a journal to the remote.
type pusher struct {
	c     *Cleansing
	dir   string // has the new objects
	old   string // has the old refs, for deletions of names that no argument may hold
	j     *Journal
	edit  *editor
	keep  func(context.Context) error // saves the journal
	hides map[string]bool             // refs that no argument may name, beside those that edit tells
	moved []string
}

// push applies every change whose ref still is where it was. It goes by what the remote says, before and after each push, so it does not
// matter what an earlier process did or what became of an answer. A ref that somebody moved stays as it is, and is named in MovedError.
func (p *pusher) push(ctx context.Context) error {
	atomic := true
	for tries := 0; ; {
		pending, err := p.look(ctx)
		if err != nil || len(pending) == 0 {
			return errors.Join(err, p.movedError())
		}
		moved := len(p.moved)
		refused := p.batches(ctx, pending, atomic)
		var failed *Failure
		if atomic && errors.As(refused, &failed) && strings.Contains(failed.Stderr, "does not support --atomic") {
			atomic = false
			continue
		}
		left, err := p.look(ctx)
		switch {
		case err != nil:
			return errors.Join(refused, err)
		case len(left) == 0 || p.j.applied() == 0 && len(p.moved) > 0:
			return p.movedError() // where nothing is new yet, it is better to begin again than to go on without what moved
		case len(p.moved) > moved && tries < p.c.Tries:
			tries++ // a ref that moved made an atomic push fail for all
		case refused == nil:
			return errors.New("the server took the push and did not change the refs: ask whoever runs it")
		default:
			return p.explain(refused)
		}
	}
}

// applied counts the refs that were seen new on the remote.
func (j *Journal) applied() (n int) {
	for _, change := range j.Changes {
		if change.Applied {
			n++
		}
	}
	return n
}

func (p *pusher) movedError() error {
	if len(p.moved) == 0 {
		return nil
	}
	return &MovedError{p.moved}
}

// look compares the remote with the journal, and writes down what has been applied.
func (p *pusher) look(ctx context.Context) (pending []Change, err error) {
	now, err := p.c.remoteRefs(ctx)
	if err != nil {
		return nil, err
	}
	p.moved = nil
	for i, change := range p.j.Changes {
		switch stand(change, now) {
		case atOld:
			pending = append(pending, change)
		case atNew:
			p.j.Changes[i].Applied = true
		case elsewhere:
			if !change.Applied { // what was applied may be built upon
				p.moved = append(p.moved, string(p.edit.ref(change.Ref).body))
			}
		}
	}
	return pending, p.keep(ctx)
}

// Limits of one push.
const (
	argumentBytes = 256 << 10 // of refs in arguments
	singly        = 64        // pushes at most, where the server has no atomic ones
)

// batches pushes the changes, as few pushes as the limits allow, and stops at the first that fails.
func (p *pusher) batches(ctx context.Context, pending []Change, atomic bool) error {
	var hidden, plain []Change
	for _, change := range pending {
		if p.hides[change.Ref] || len(p.edit.ref(change.Ref).found) > 0 {
			hidden = append(hidden, change)
		} else {
			plain = append(plain, change)
		}
	}
	size := p.c.PerPush
	if !atomic {
		size = min(size, (len(plain)+singly-1)/singly)
	}
	for batch := range slices.Chunk(plain, max(size, 1)) {
		for len(batch) > 0 {
			n := fitting(batch)
			if err := p.pushSome(ctx, batch[:n], atomic); err != nil {
				return err
			}
			if batch = batch[n:]; !atomic {
				if _, err := p.look(ctx); err != nil {
					return err
				}
			}
		}
	}
	for _, deletions := range []bool{true, false} {
		some := slices.DeleteFunc(slices.Clone(hidden), func(change Change) bool { return (change.New == "") != deletions })
		if err := p.pushHidden(ctx, some, atomic, deletions); err != nil {
			return err
		}
	}
	return nil
}

// fitting is how many changes fit into the arguments of one push.
func fitting(batch []Change) (n int) {
	bytes := 0
	for n < len(batch) {
		if bytes += 2*len(batch[n].Ref) + 160; bytes > argumentBytes && n > 0 {
			break
		}
		n++
	}
	return n
}

func (p *pusher) pushSome(ctx context.Context, batch []Change, atomic bool) error {
	args := p.start(atomic)
	for _, change := range batch {
		args = append(args, "--force-with-lease="+change.Ref+":"+change.Old)
	}
	args = append(args, "--", p.c.Remote)
	for _, change := range batch {
		args = append(args, change.New+":"+change.Ref)
	}
	return p.run(ctx, p.dir, args)
}

func (p *pusher) start(atomic bool) []string {
	args := []string{"push", "--porcelain", "--no-verify", "--no-progress"}
	if atomic {
		args = append(args, "--atomic")
	}
	return args
}

func (p *pusher) run(ctx context.Context, dir string, args []string) error {
	var said bytes.Buffer
	err := p.c.stream(ctx, dir, nil, &said, args...)
	if err == nil {
		return nil
	}
	var refused []string
	for line := range strings.SplitSeq(said.String(), "\n") {
		if rest, ok := strings.CutPrefix(line, "!\t"); ok {
			refused = append(refused, strings.ReplaceAll(rest, "\t", " "))
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("%w: %s", err, p.c.scrub(strings.Join(refused[:min(5, len(refused))], "; ")))
	}
	return err
}

// pushHidden deletes or makes refs whose names hold a value. The names stand in a configuration file of the private folder. The old refs are
// the leases of deletions; making a ref that somebody else made is refused without one.
func (p *pusher) pushHidden(ctx context.Context, hidden []Change, atomic, lease bool) error {
	if len(hidden) == 0 {
		return nil
	}
	var config strings.Builder
	fmt.Fprintf(&config, "[remote \"cleanse\"]\n\turl = %s\n\tfetch = +refs/*:refs/*\n", quoted(p.c.Remote))
	for _, change := range hidden {
		fmt.Fprintf(&config, "\tpush = %s\n", quoted(change.New+":"+change.Ref))
	}
	file := filepath.Join(p.old, "config")
	before, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(bytes.Clone(before), config.String()...), 0o600)
	}
	if err != nil {
		return fmt.Errorf("private folder: %w: make room or set TMPDIR", err)
	}
	args := p.start(atomic)
	if lease {
		args = append(args, "--force-with-lease")
	}
	refused := p.run(ctx, p.old, append(args, "cleanse"))
	return errors.Join(refused, os.WriteFile(file, before, 0o600))
}

func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// explain adds to a refusal what it left behind.
func (p *pusher) explain(refused error) error {
	applied := p.j.applied()
	var failed *Failure
	if errors.As(refused, &failed) && denied(failed.Stderr) {
		refused = fmt.Errorf("no permission to push to %s: %w", p.c.address(), refused)
	}
	for _, words := range []string{"hidden ref", "stale info", "status: 7"} { // the refs are where they were: it shows them to readers only
		if strings.Contains(refused.Error(), words) {
			refused = fmt.Errorf("%w: the server takes no push to a ref that it shows, of a pull request for example: have it removed there, then run again", refused)
			break
		}
	}
	if applied == 0 {
		return fmt.Errorf("%w: nothing was changed", refused)
	}
	return fmt.Errorf("%w: %d of %d refs are new: run fleet cleanse run again to go on, or fleet cleanse undo to go back", refused, applied, len(p.j.Changes))
}

// denied recognises servers that let somebody read and not write.
func denied(text string) bool {
	for _, words := range []string{"unable to create temporary object directory", "insufficient permission", "Permission denied", "403", "not authorized", "AccessDenied"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}
