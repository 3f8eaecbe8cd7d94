// Package cleanse takes a leaked secret out of every commit of a repository, and nothing else.
//
// The rewrite itself is git-filter-repo's (filter.go, rewrite.py). What makes it safe is here: a fresh mirror clone is read object by
// object (history.go), the new id of every object is computed from the old ones by a second implementation (expect.go, edit.go), and
// git-filter-repo's result is believed only where the two agree, commit by commit. Before a push there is a bundle of all old refs that
// was cloned back and compared (bundle.go), and a journal (journal.go); every ref is pushed with a lease on its old value (push.go), so
// that a run that is cut off at any place leaves the repository old, new, or resumable, and undo (undo.go) restores it bit for bit.
// The ids of the new commits depend on the old objects and the secrets only: running again is resuming.
//
// Values of secrets live in this process, in a private folder where a file's name holds one, and in the bundle; never in an error, a log,
// an argument or the environment. What belongs to a platform (freezing a repository, deactivating a key) is behind the interfaces of
// this file. Start at Run.
package cleanse

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"accountfleet/internal/finding"
	"accountfleet/internal/gate/tool"
)

// Options of a cleansing. Remote, Locate and Key are required; Run and Undo need Store.
type Options struct {
	Remote string      // address of the repository, as git takes it
	Locate tool.Locate // tools of the toolbox
	Key    []byte      // of fingerprints, the same that the secrets gate uses
	Values [][]byte    // purge these, and not what the secrets gate finds; default nil

	Store    Store                               // keeps bundles and journals
	Accepted func(rule, fingerprint string) bool // secrets that may stay, where this rule finds them; default none
	Confirm  func(Secret) bool                   // asked for each weak value; default nil: a weak value stops the run

	Barrier  Barrier   // keeps others out during the push; default none: the leases protect
	Keys     Keys      // deactivates AWS access keys that were found; default none: people are told
	Recreate Recreator // makes the repository anew, so that old objects cannot be read by id; default none

	Runner   Runner           // default: programs of this machine
	Scan     Scan             // default: the secrets gate
	Now      func() time.Time // default time.Now
	Progress io.Writer        // default none
	Temp     string           // where the private folder is made; default the system's
	Tries    int              // how often to begin again when somebody pushes meanwhile; default 5
	PerPush  int              // refs of one push at most; default 4000
}

// Barrier keeps pushes of others and the pipeline's trigger away while refs are pushed. Both calls can be repeated.
type Barrier interface {
	Close(ctx context.Context) error
	Open(ctx context.Context) error
}

// Keys deactivates an AWS access key id and says in words what was done.
type Keys interface {
	Deactivate(ctx context.Context, id string) (done string, err error)
}

// Recreator deletes the remote repository and makes it again. A run that was cut off anywhere repeats each call with the settings that the
// first one read.
type Recreator interface {
	// Inspect reads what of the repository is not in its history. The journal keeps that before anything is deleted.
	Inspect(ctx context.Context) (settings json.RawMessage, err error)
	// Recreate makes the repository empty, with those settings.
	Recreate(ctx context.Context, settings json.RawMessage) error
	// Settle gives the repository what it can only have when its branches are there again.
	Settle(ctx context.Context, settings json.RawMessage) error
}

// Scan finds secrets in the bare repository dir.
type Scan func(ctx context.Context, dir string) (Scanned, error)

// Scanned is what a scan found: the values, and the findings that tell of them.
type Scanned struct {
	Secrets  []Secret
	Findings []finding.Finding
}

// Cleansing is one command's work in one private folder.
type Cleansing struct {
	Options
	folder string // private, mode 0700
	owner  *os.File
	unlock func() // gives the store free; nil if it is not held

	remoteHead string // id to which HEAD of the remote led when its refs were last asked for
	hidden     [][]byte
}

// open checks the options and makes the private folder; close removes it.
func open(o Options) (*Cleansing, error) {
	if o.Runner == nil {
		o.Runner = programs{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.Tries == 0 {
		o.Tries = 5
	}
	if o.PerPush == 0 {
		o.PerPush = 4000
	}
	c := &Cleansing{Options: o}
	if c.Scan == nil {
		c.Scan = c.gate
	}
	sweep(o.Temp)
	var err error
	if c.folder, err = os.MkdirTemp(o.Temp, prefix); err == nil {
		c.owner, err = lockFile(filepath.Join(c.folder, folderLock))
	}
	if err != nil {
		return nil, fmt.Errorf("private folder: %w: make room or set TMPDIR", err)
	}
	for _, value := range o.Values {
		c.hide(value)
	}
	return c, nil
}

func (c *Cleansing) close() {
	if c.unlock != nil {
		c.unlock()
	}
	_ = os.RemoveAll(c.folder)
	release(c.owner)
}

func (c *Cleansing) say(format string, values ...any) {
	fmt.Fprintln(c.Progress, c.scrub(fmt.Sprintf(format, values...)))
}

// cleanup is how long what must happen after a failure or an interrupt may take.
const cleanup = 2 * time.Minute

// afterwards is a context that an interrupt of ctx does not end.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanup)
}
