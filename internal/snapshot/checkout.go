package snapshot

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// Checkout writes the files of a tree into a private folder exactly as they are recorded: no filter, no attribute, no line ending is
// applied. Links stay links and repositories stay repositories, so that the gates can refuse them.
func (r *Repository) Checkout(ctx context.Context, tree, folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("private folder: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("private folder: %w", err)
	}
	defer root.Close()
	listed, err := r.Git(ctx, nil, "ls-tree", "-r", "-z", "--full-tree", tree)
	if err != nil {
		return err
	}
	type file struct{ mode, id, name string }
	var files []file
	var ids strings.Builder
	for _, entry := range strings.Split(strings.TrimRight(listed, "\x00"), "\x00") {
		head, name, _ := strings.Cut(entry, "\t")
		words := strings.Fields(head)
		switch {
		case entry == "":
		case len(words) != 3:
			return fmt.Errorf("git ls-tree answered %q", entry)
		case words[1] == "commit": // the manifest knows a repository by its .git
			if err := put(root, name+"/.git", nil, false); err != nil {
				return err
			}
		default:
			files = append(files, file{words[0], words[2], name})
			fmt.Fprintln(&ids, words[2])
		}
	}
	contents, err := r.Git(ctx, []byte(ids.String()), "cat-file", "--batch")
	if err != nil {
		return err
	}
	in := bufio.NewReader(strings.NewReader(contents + "\n"))
	for _, f := range files {
		var id, kind string
		var size int64
		if _, err := fmt.Fscanf(in, "%s %s %d\n", &id, &kind, &size); err != nil || id != f.id {
			return fmt.Errorf("%s: object %s cannot be read: the repository is damaged: run git fsck", f.name, f.id)
		}
		body := make([]byte, size+1)
		if _, err := io.ReadFull(in, body); err != nil {
			return fmt.Errorf("%s: object %s cannot be read: %w", f.name, f.id, err)
		}
		if err := put(root, f.name, body[:size], f.mode == "120000"); err != nil {
			return err
		}
	}
	return nil
}

// put writes one file or link below root, and nowhere else.
func put(root *os.Root, name string, body []byte, link bool) error {
	err := root.MkdirAll(path.Dir(name), 0o700)
	switch {
	case err != nil:
	case link && len(body) > 0 && !bytes.Contains(body, []byte{0}):
		err = root.Symlink(string(body), name)
	default:
		err = root.WriteFile(name, body, 0o600)
	}
	if err != nil {
		return fmt.Errorf("private folder: %s: %w", name, err)
	}
	return nil
}
