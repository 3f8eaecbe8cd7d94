// Package ledger is the record of what was published: numbered entries, written once, never changed.
//
// An entry is one object, ledger/<seq>.json with seq in eight digits, written on the condition that it does not exist yet; so the
// entries have one global order, and whoever loses the race must read again. Reduce folds entries into the State that rendering
// needs. Dir keeps a ledger in a folder, for tests and for trying things out; the S3 ledger is in internal/cloud.
// The package is pure but for Dir's files.
package ledger

import (
	"context"
	"errors"
	"time"
)

// ErrMoved says that the ledger got another entry since it was read: nothing was written. Read again, render again.
var ErrMoved = errors.New("the ledger moved")

// Reader reads all entries, ordered by Seq, which start at 1 and have no gap.
type Reader interface {
	Entries(ctx context.Context) ([]Entry, error)
}

// Appender writes entry number e.Seq, or fails with ErrMoved if that number is taken or is not the next.
type Appender interface {
	Append(ctx context.Context, e Entry) error
}

// Kind says what an entry records.
type Kind string

// The kinds of entries.
const (
	Published Kind = "published" // versions became available
	Restored  Kind = "restored"  // versions of a publication that failed its verification were made inactive
	Guidance  Kind = "guidance"  // versions were deprecated or made inactive
	Rewritten Kind = "rewrite"   // the catalog's history was rewritten: a secret was purged from it, or that was undone
)

// Entry is one fact, immutable.
type Entry struct {
	Seq        int       `json:"seq"`
	Kind       Kind      `json:"kind"`
	Time       time.Time `json:"time"`
	Execution  string    `json:"execution"` // pipeline execution id
	Commit     string    `json:"commit"`    // commit of the catalog repository
	Bundle     string    `json:"bundle"`    // digest of the package
	Rendering  string    `json:"rendering"` // digest of all rendered stacks, to see whether a later rendering changes anything
	Approval   Approval  `json:"approval,omitzero"`
	Products   []Product `json:"products,omitempty"`   // Published: every product that got a version or new metadata, with that version only, or none
	Deprecated []Ref     `json:"deprecated,omitempty"` // Guidance, or decided in the same push as a publication
	Inactive   []Ref     `json:"inactive,omitempty"`   // the same, and Restored
	Rewrite    *Rewrite  `json:"rewrite,omitempty"`    // Rewritten only
}

// Rewrite says what became of the commits of a history. Products, templates and digests are as they were: what was published stays.
type Rewrite struct {
	Cleansing    string            `json:"cleansing"`              // id of the run, by which it is undone
	Undo         bool              `json:"undo,omitempty"`         // the run was undone: Commits leads from the new ids back to the old
	Fingerprints []string          `json:"fingerprints,omitempty"` // of the findings that were purged, without a character of them
	Commits      map[string]string `json:"commits"`                // id before -> id after; commits that kept their id are left out
}

// Approval says who let a publication through.
type Approval struct {
	By      string    `json:"by"` // ARN
	At      time.Time `json:"at"`
	Summary string    `json:"summary,omitempty"`
}

// Ref names a published version.
type Ref struct {
	Product string `json:"product"`
	Version string `json:"version"`
}

// Product is what rendering must know of a product even after its folder has left the catalog.
type Product struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Owner       string    `json:"owner"`
	Email       string    `json:"email,omitempty"`
	URL         string    `json:"url,omitempty"`
	Support     string    `json:"support,omitempty"`
	Portfolios  []string  `json:"portfolios"`
	Shard       int       `json:"shard"`    // kept for life: moving a product to another stack would delete it
	Versions    []Version `json:"versions"` // in publication order
}

// Version is one immutable version of a product.
type Version struct {
	Version     string       `json:"version"`
	Digest      string       `json:"digest"` // SHA-256 of the canonical template, its name in the template store
	Notes       string       `json:"notes,omitempty"`
	Commit      string       `json:"commit"` // in a State: what the commit is called since the history was rewritten
	Seq         int          `json:"seq"`    // entry that published it; 0 for a candidate
	Status      Status       `json:"status"`
	Permissions []Permission `json:"permissions"` // what the launch role needs for this version
}

// Status is what consumers may do with a version.
type Status string

// The life of a version.
const (
	Active     Status = "active"
	Deprecated Status = "deprecated" // may be updated to, not launched anew
	Inactive   Status = "inactive"   // invisible
)

// Permission is one statement of a launch role.
type Permission struct {
	Sid        string                       `json:"sid"`
	Actions    []string                     `json:"actions"`
	Resources  []string                     `json:"resources"`
	Conditions map[string]map[string]string `json:"conditions,omitempty"` // operator -> key -> value
	Reason     string                       `json:"reason,omitempty"`     // why Resources is not narrower, for reviewers
}

// State is the ledger folded up to entry Head.
type State struct {
	Head      int                 // Seq of the last entry, 0 for an empty ledger
	Rendering string              // Rendering of the last Published or Restored entry
	Products  map[string]*Product // by id
}
