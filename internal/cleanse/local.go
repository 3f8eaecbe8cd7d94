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
	"syscall"
)

// Local is a Recreator for a bare repository in a folder that this process may write beside: its settings, hooks, description and LFS
// objects stay.
type Local string

// aside is where a repository is for a moment, while it is replaced.
const aside = ".gone"

// LocalOf is the folder of a remote that is a bare repository on this machine; empty for any other.
func LocalOf(remote string) Local {
	folder := strings.TrimPrefix(remote, "file://")
	if !filepath.IsAbs(folder) {
		return ""
	}
	folder = filepath.Clean(folder)
	if link, err := os.Readlink(folder); err == nil { // what it leads to is made again, and not the link
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(folder), link)
		}
		return LocalOf(link)
	}
	for _, place := range []string{folder, folder + aside} { // the second, where a run was cut off while it replaced the first
		_, bare := os.Stat(filepath.Join(place, "objects"))
		_, index := os.Stat(filepath.Join(place, "index"))
		if bare == nil && errors.Is(index, os.ErrNotExist) {
			return Local(folder)
		}
	}
	return ""
}

// local is what Inspect tells Recreate.
type local struct {
	Refs string `json:"refs"` // as git lists them
}

func localRefs(ctx context.Context, folder string) (string, error) {
	c := &Cleansing{Options: Options{Runner: programs{}}}
	return c.git(ctx, folder, nil, "--git-dir=.", "for-each-ref", "--format=%(objectname) %(refname)")
}

// Inspect remembers the refs: the settings stay in their files.
func (l Local) Inspect(ctx context.Context) (json.RawMessage, error) {
	if _, err := os.Stat(filepath.Join(string(l), "reftable")); err == nil {
		return nil, fmt.Errorf("%s keeps its refs in the reftable format: make it again by hand: git init --bare, and push a fresh mirror clone to it", l)
	}
	refs, err := localRefs(ctx, string(l))
	if err != nil {
		return nil, err
	}
	return json.Marshal(local{refs})
}

// Settle has nothing to do: HEAD stays in its file.
func (l Local) Settle(context.Context, json.RawMessage) error { return nil }

// Recreate takes every ref and object away. Others see the old repository, for a moment none, and then the empty one. What somebody pushed
// since Inspect brings the old one back.
func (l Local) Recreate(ctx context.Context, settings json.RawMessage) error {
	folder := string(l)
	fresh, gone := folder+".fresh", folder+aside
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		if err := os.Rename(gone, folder); err != nil {
			return fmt.Errorf("%s is gone: restore it from its bundle", folder)
		}
	}
	if err := errors.Join(keepLFS(gone, folder), os.RemoveAll(fresh), os.RemoveAll(gone)); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	for _, name := range []string{"HEAD", "config", "description", "hooks", "info"} {
		if err := copyAll(filepath.Join(folder, name), filepath.Join(fresh, name)); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	for _, name := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags", "objects", "refs", "."} {
		if err := folderLike(filepath.Join(folder, name), filepath.Join(fresh, name)); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	if err := os.Rename(folder, gone); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	if err := unmoved(ctx, gone, settings); err != nil {
		return errors.Join(err, os.Rename(gone, folder))
	}
	if err := errors.Join(os.Rename(fresh, folder), keepLFS(gone, folder), os.RemoveAll(gone)); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	return nil
}

// unmoved looks whether a repository still has the refs that it had, or none, because an earlier process was cut off when it had made it.
func unmoved(ctx context.Context, folder string, settings json.RawMessage) error {
	var had local
	if err := json.Unmarshal(settings, &had); err != nil || had.Refs == "" {
		return nil //nolint:nilerr // nothing was remembered
	}
	now, err := localRefs(ctx, folder)
	if err != nil {
		return err
	}
	if now != "" && now != had.Refs {
		return errors.New("somebody pushed meanwhile, so it stays as it is")
	}
	return nil
}

// keepLFS moves the objects of Git LFS: they are in no history.
func keepLFS(from, to string) error {
	if _, err := os.Stat(filepath.Join(to, "lfs")); err == nil {
		return nil
	}
	err := os.Rename(filepath.Join(from, "lfs"), filepath.Join(to, "lfs"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// folderLike makes a folder for those who may use another.
func folderLike(from, to string) error {
	mode := os.FileMode(0o755)
	info, err := os.Stat(from)
	if err == nil {
		mode = info.Mode() & (os.ModePerm | os.ModeSetgid)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	if err != nil { // the other does not have it
		return nil
	}
	return alike(to, info, mode)
}

// alike gives a file the owner of another, where this process may, and a mode.
func alike(path string, info fs.FileInfo, mode fs.FileMode) error {
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := os.Lchown(path, int(owner.Uid), int(owner.Gid)); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return os.Chmod(path, mode)
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
			return folderLike(path, target)
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
		if err := os.WriteFile(target, body, 0o600); err != nil {
			return err
		}
		return alike(target, info, info.Mode().Perm())
	})
}
