package hooks

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// maxPassed is how many contents are remembered.
const maxPassed = 200

// passed is the memory of one content: an empty file, named by the digest of all that decides the gates' verdict.
type passed struct{ path string }

// passed names the memory of a catalog under this command, these settings and today, since waivers expire.
func (o Options) passed(r *repository, catalog string) (passed, error) {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%s\n", catalog, time.Now().UTC().Format(time.DateOnly))
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
	return passed{filepath.Join(r.common, folderName, passedName, hex.EncodeToString(hash.Sum(nil)))}, nil
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
