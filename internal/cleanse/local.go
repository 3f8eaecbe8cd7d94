package cleanse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Local is a Recreator for a bare repository in a folder that this process may write beside: its settings, hooks and description stay.
type Local string

// LocalOf is the folder of a remote that lies on this machine; empty for any other.
func LocalOf(remote string) Local {
	folder := strings.TrimPrefix(remote, "file://")
	if !filepath.IsAbs(folder) {
		return ""
	}
	if _, err := os.Stat(filepath.Join(folder, "objects")); err != nil {
		return ""
	}
	return Local(folder)
}

// Recreate takes every ref and object away, in one step for whoever looks at the repository.
func (l Local) Recreate(context.Context) error {
	folder := string(l)
	fresh, gone := folder+".fresh", folder+".gone"
	if err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(gone)); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is gone: restore it from its bundle", folder)
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
