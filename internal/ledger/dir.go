package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Folder keeps a ledger as files of a folder.
type Folder struct{ path string }

// Dir is the ledger in the folder path, which need not exist yet.
func Dir(path string) *Folder { return &Folder{path} }

var _ interface {
	Reader
	Appender
} = (*Folder)(nil)

// Key is the name of an entry below the ledger's root, in a bucket and in a folder.
func Key(seq int) string { return fmt.Sprintf("ledger/%08d.json", seq) }

// Entries reads all entries, ordered by Seq.
func (f *Folder) Entries(ctx context.Context) ([]Entry, error) {
	names, err := filepath.Glob(filepath.Join(f.path, "ledger", "*.json"))
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	slices.Sort(names)
	entries := make([]Entry, 0, len(names))
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		body, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		var e Entry
		if err := json.Unmarshal(body, &e); err != nil {
			return nil, fmt.Errorf("read the ledger: %s: %w: restore the file", name, err)
		}
		if want := len(entries) + 1; e.Seq != want || filepath.Base(name) != filepath.Base(Key(want)) {
			return nil, fmt.Errorf("read the ledger: %s holds entry %d where %d belongs: restore the missing file", name, e.Seq, want)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Append writes e whole or not at all: the entry is written aside and then linked to its name, which fails if the name exists.
func (f *Folder) Append(ctx context.Context, e Entry) error {
	entries, err := f.Entries(ctx)
	if err != nil {
		return err
	}
	if e.Seq != len(entries)+1 {
		return fmt.Errorf("append entry %d: the last entry is %d: %w", e.Seq, len(entries), ErrMoved)
	}
	body, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("append entry %d: %w", e.Seq, err)
	}
	name := filepath.Join(f.path, filepath.FromSlash(Key(e.Seq)))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("append entry %d: %w", e.Seq, err)
	}
	aside, err := os.CreateTemp(filepath.Dir(name), ".entry-*")
	if err != nil {
		return fmt.Errorf("append entry %d: %w", e.Seq, err)
	}
	defer os.Remove(aside.Name())
	_, err = aside.Write(append(body, '\n'))
	if err = errors.Join(err, aside.Sync(), aside.Close()); err != nil {
		return fmt.Errorf("append entry %d: %w", e.Seq, err)
	}
	switch err := os.Link(aside.Name(), name); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("append entry %d: another entry took the number: %w", e.Seq, ErrMoved)
	case err != nil:
		return fmt.Errorf("append entry %d: %w", e.Seq, err)
	}
	return nil
}
