package cleanse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Local is a Recreator for a bare repository in a folder that this process may write beside: its settings, hooks and description stay.
type Local string

// aside is where a repository is for a moment, while it is replaced.
const aside = ".gone"

// LocalOf is the folder of a remote that lies on this machine; empty for any other.
func LocalOf(remote string) Local {
	folder := strings.TrimPrefix(remote, "file://")
	if !filepath.IsAbs(folder) {
		return ""
	}
	for _, place := range []string{folder, folder + aside} { // the second, where a run was cut off while it replaced the first
		if _, err := os.Stat(filepath.Join(place, "objects")); err == nil {
			return Local(folder)
		}
	}
	return ""
}

// Inspect has nothing to keep: the settings stay in their files.
func (l Local) Inspect(context.Context) (json.RawMessage, error) { return nil, nil }

// Settle has nothing to do: HEAD stays in its file.
func (l Local) Settle(context.Context, json.RawMessage) error { return nil }

// Recreate takes every ref and object away. Others see the old repository, for a moment none, and then the empty one.
func (l Local) Recreate(context.Context, json.RawMessage) error {
	folder := string(l)
	fresh, gone := folder+".fresh", folder+aside
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		if err := os.Rename(gone, folder); err != nil {
			return fmt.Errorf("%s is gone: restore it from its bundle", folder)
		}
	}
	if err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(gone)); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	for _, name := range []string{"HEAD", "config", "description", "hooks", "info"} {
		if err := copyAll(filepath.Join(folder, name), filepath.Join(fresh, name)); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	for _, name := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(fresh, name), 0o755); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	if err := errors.Join(os.Rename(folder, gone), os.Rename(fresh, folder), os.RemoveAll(gone)); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	return nil
}

// copyAll copies a file or folder with its permissions; one that is not there is left out.
func copyAll(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, body, info.Mode().Perm())
	})
}
