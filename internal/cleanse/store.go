package cleanse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Store keeps bundles and journals. Bundles hold the secret: whoever implements it encrypts them and lets almost nobody read. Names have the
// form <id>/<file>; ids sort by time. Put replaces a file in one step. Get of a name that is not there gives an error that is
// fs.ErrNotExist.
type Store interface {
	Put(ctx context.Context, name string, body io.Reader) error
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	List(ctx context.Context) (names []string, err error)
}

// Folder is a Store in a private folder of this machine.
type Folder string

// Put writes a file beside and renames it.
func (f Folder) Put(_ context.Context, name string, body io.Reader) error {
	path := filepath.Join(string(f), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("bundle folder: %w: make it writable or name another by --bundle", err)
	}
	if err := os.Chmod(string(f), 0o700); err != nil {
		return fmt.Errorf("bundle folder: %w: name one of your own by --bundle", err)
	}
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("bundle folder: %w: make it writable or name another by --bundle", err)
	}
	_, err = io.Copy(file, body)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("bundle folder: %w: make room or name another by --bundle", errors.Join(err, os.Remove(path+".new")))
	}
	return nil
}

// Get opens a file.
func (f Folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := os.Open(filepath.Join(string(f), filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("bundle folder: %w", err)
	}
	return file, nil
}

// List gives the names of all files.
func (f Folder) List(context.Context) (names []string, err error) {
	err = filepath.WalkDir(string(f), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && d.Type().IsRegular() && !strings.HasSuffix(path, ".new") && d.Name() != storeLock {
			var name string
			name, err = filepath.Rel(string(f), path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	slices.Sort(names)
	return names, err
}
