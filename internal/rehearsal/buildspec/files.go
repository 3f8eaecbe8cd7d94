package buildspec

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// File is a selected file: where it is, and the slash-separated name that it has in the artifact.
type File struct {
	Path string
	Name string
}

// Select returns the files of a set below folder root, ordered by name. A relative base directory starts at root. It is an error if
// nothing matches, as in CodeBuild, or if two files get one name by discard-paths. Symbolic links are not followed.
func (s Set) Select(root string) ([]File, error) {
	base := root
	switch {
	case filepath.IsAbs(s.BaseDirectory):
		base = filepath.Clean(s.BaseDirectory)
	case s.BaseDirectory != "":
		base = filepath.Join(root, s.BaseDirectory)
	}
	if info, err := os.Stat(base); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("no matching base directory path found for %s: create the folder in the build", s.BaseDirectory)
	}
	var files []File
	err := filepath.WalkDir(base, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		relative, err := filepath.Rel(base, file)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		if matchesAny(s.Files, name) && !matchesAny(s.ExcludePaths, name) {
			files = append(files, File{Path: file, Name: name})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("select files: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no matching artifact paths found for %s in %s: the build made none of these files",
			strings.Join(s.Files, ", "), base)
	}
	return discard(files, Yes(s.DiscardPaths))
}

// discard flattens names if asked to.
func discard(files []File, flat bool) ([]File, error) {
	seen := map[string]string{}
	for i, f := range files {
		if flat {
			files[i].Name = path.Base(f.Name)
		}
		if other, taken := seen[files[i].Name]; taken {
			return nil, fmt.Errorf("discard-paths: %s and %s both become %s", other, f.Path, files[i].Name)
		}
		seen[files[i].Name] = f.Path
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		return match(strings.Split(strings.TrimPrefix(p, "./"), "/"), strings.Split(name, "/"))
	})
}

// match compares path segments; ** stands for any number of them, also none.
func match(pattern, name []string) bool {
	if len(pattern) == 0 {
		return len(name) == 0
	}
	if pattern[0] == "**" {
		for i := 0; i <= len(name); i++ {
			if match(pattern[1:], name[i:]) {
				return true
			}
		}
		return false
	}
	if len(name) == 0 {
		return false
	}
	ok, err := path.Match(pattern[0], name[0])
	return err == nil && ok && match(pattern[1:], name[1:])
}
