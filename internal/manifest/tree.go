package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// Limits of a catalog, generous for text and small for an attack.
const (
	MaxFiles = 5000
	MaxTotal = 50 << 20 // bytes of all files together
)

// Kind is what an entry of a tree is. Only regular files are ever read.
type Kind string

// The kinds of entries.
const (
	Regular    Kind = "file"
	Symlink    Kind = "symbolic link"
	Repository Kind = "repository of its own" // submodule, or folder with a .git
	Other      Kind = "special file"
)

// Entry is one path of a tree.
type Entry struct {
	Path string // slash-separated, relative to the root of the catalog
	Size int64  // bytes
	Kind Kind
}

// Tree is where a catalog comes from: a folder, staged files, a commit. It must list what is not a regular file too, so that Load can
// refuse it.
type Tree interface {
	// Files lists everything but folders, in any order.
	Files(ctx context.Context) ([]Entry, error)
	// Read gives the content of a regular file.
	Read(path string) ([]byte, error)
}

// Dir is the tree of a folder. A .git in the folder itself is left out.
func Dir(path string) Tree { return dir(path) }

type dir string

// Files walks the folder without following links.
func (d dir) Files(ctx context.Context) ([]Entry, error) {
	root, err := os.OpenRoot(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("catalog %s: %w: name the folder that holds products/ by --catalog", d, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("catalog %s: %w: name the folder that holds products/ by --catalog", d, err)
	}
	defer root.Close()
	var entries []Entry
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if e.Name() == ".git" {
			if parent := path.Dir(name); parent != "." {
				entries = append(entries, Entry{Path: parent, Kind: Repository})
			}
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.IsDir() {
			return nil
		}
		entry, err := entryOf(name, e)
		entries = append(entries, entry)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the catalog in %s: %w", d, err)
	}
	return entries, nil
}

func entryOf(name string, e fs.DirEntry) (Entry, error) {
	switch {
	case e.Type().IsRegular():
		info, err := e.Info()
		if err != nil {
			return Entry{}, err
		}
		return Entry{Path: name, Size: info.Size(), Kind: Regular}, nil
	case e.Type()&fs.ModeSymlink != 0:
		return Entry{Path: name, Kind: Symlink}, nil
	default:
		return Entry{Path: name, Kind: Other}, nil
	}
}

// Read opens a file below the folder; a path or link that leads out of it is an error.
func (d dir) Read(name string) ([]byte, error) {
	f, err := os.OpenInRoot(string(d), name)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, MaxTotal+1))
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %s: %w", name, err)
	}
	return body, nil
}
