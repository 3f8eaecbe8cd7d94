package hooks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"accountfleet/internal/document"
	"accountfleet/internal/snapshot"
)

// maxPassed is how many contents are remembered.
const maxPassed = 200

// passed is the memory of one content: an empty file, named by the digest of all that decides the gates' verdict.
type passed struct{ path string }

// passed names the memory of a catalog under this command, these settings and today, since waivers expire. Of plain files at the top,
// such as README.md, the gates look at the name only, so an edit of one forgets nothing.
func (o Options) passed(ctx context.Context, r *snapshot.Repository, catalog string) (passed, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, time.Now().UTC().Format(time.DateOnly))
	listed, err := r.Git(ctx, nil, "ls-tree", "-z", "--long", "--full-tree", catalog)
	if err != nil {
		return passed{}, err
	}
	for _, entry := range strings.Split(listed, "\x00") {
		head, name, _ := strings.Cut(entry, "\t")
		words := strings.Fields(head)
		if len(words) == 4 && strings.HasPrefix(words[0], "100") {
			if size, err := strconv.Atoi(words[3]); err == nil && size <= document.MaxBytes {
				head = words[0]
			}
		}
		fmt.Fprintf(hash, "%s\t%s\x00", head, name)
	}
	for _, path := range []string{o.Settings, o.Program} {
		file, err := os.Open(path)
		if err != nil {
			return passed{}, fmt.Errorf("digest of %s: %w", path, err)
		}
		_, err = io.Copy(hash, file)
		if err = errors.Join(err, file.Close()); err != nil {
			return passed{}, fmt.Errorf("digest of %s: %w", path, err)
		}
	}
	return passed{filepath.Join(r.Common, folderName, passedName, hex.EncodeToString(hash.Sum(nil)))}, nil
}

func (p passed) known() bool {
	_, err := os.Stat(p.path)
	return err == nil
}

// remember notes that the content passed. Where no hooks are installed there is no place for it.
func (p passed) remember() error {
	folder := filepath.Dir(p.path)
	if _, err := os.Stat(filepath.Dir(folder)); err != nil {
		return nil
	}
	if entries, err := os.ReadDir(folder); err == nil && len(entries) >= maxPassed {
		if err := os.RemoveAll(folder); err != nil {
			return fmt.Errorf("memory of what passed: %w", err)
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("memory of what passed: %w", err)
	}
	if err := os.WriteFile(p.path, nil, 0o644); err != nil {
		return fmt.Errorf("memory of what passed: %w", err)
	}
	return nil
}
