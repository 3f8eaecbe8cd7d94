package cleanse

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// State of a round.
type State string

// The states, in their order. A round that is Pushing or Recreating is resumed by the next run.
const (
	Planned    State = "planned"    // the bundle is kept; the remote was not touched
	Pushing    State = "pushing"    // some refs may be new
	Recreating State = "recreating" // the repository is being made again
	Done       State = "done"
	Abandoned  State = "abandoned" // somebody pushed before anything of this round was: a new round followed
	Undone     State = "undone"
)

// Change is what becomes of one ref. An empty id means that the ref does not exist.
type Change struct {
	Ref     string `json:"ref"`
	Old     string `json:"old,omitempty"`
	New     string `json:"new,omitempty"`
	Applied bool   `json:"applied,omitempty"` // the remote had New, when it was last looked at
}

// Journal tells a later process what a round is about. It lies beside the bundle and is as confidential: a ref's name may hold a secret.
type Journal struct {
	ID           string            `json:"id"`
	Run          string            `json:"run"` // id of the first round of the same run
	Remote       string            `json:"remote"`
	State        State             `json:"state"`
	Started      time.Time         `json:"started"`
	Updated      time.Time         `json:"updated"`
	Head         string            `json:"head,omitempty"`
	Bundle       string            `json:"bundle"`             // SHA-256 of the bundle of the old history
	Fresh        string            `json:"fresh,omitempty"`    // the same of the new history, where the repository is made again
	Settings     json.RawMessage   `json:"settings,omitempty"` // of that repository, as its Recreator wants them
	Emptied      bool              `json:"emptied,omitempty"`  // it was made, and is being filled
	Changes      []Change          `json:"changes"`
	Commits      map[string]string `json:"commits"` // old id -> new id
	Fingerprints []string          `json:"fingerprints"`
}

// Names of a round's files.
const (
	journalFile = "journal.json"
	bundleFile  = "old.bundle"
	freshFile   = "new.bundle" // where the repository is made again
)

func (c *Cleansing) save(ctx context.Context, j *Journal) error {
	j.Updated = c.Now().UTC()
	body, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return c.clean(c.Store.Put(ctx, path.Join(j.ID, journalFile), bytes.NewReader(append(body, '\n'))))
}

// Journals reads all journals of a store, oldest first.
func Journals(ctx context.Context, s Store) ([]*Journal, error) {
	names, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var all []*Journal
	for _, name := range names {
		if path.Base(name) != journalFile {
			continue
		}
		file, err := s.Get(ctx, name)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(file)
		_ = file.Close()
		j := &Journal{}
		if err == nil {
			err = json.Unmarshal(body, j)
		}
		if err != nil {
			return nil, fmt.Errorf("journal %s: %w: restore it from a version before", name, err)
		}
		all = append(all, j)
	}
	return all, nil
}

// newID is a name that sorts by time and is not taken.
func (c *Cleansing) newID(taken []*Journal) string {
	id := c.Now().UTC().Format("20060102T150405Z")
	last := ""
	for _, j := range taken {
		last = max(last, j.ID)
	}
	if id > last {
		return id
	}
	stem, number, _ := strings.Cut(last, "-")
	n := 1
	_, _ = fmt.Sscan(number, &n) // no number: this is the second
	return fmt.Sprintf("%s-%03d", stem, n+1)
}
