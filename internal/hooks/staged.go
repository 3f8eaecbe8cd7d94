package hooks

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"accountfleet/internal/config"
	"accountfleet/internal/gate"
	"accountfleet/internal/gate/secrets"
)

const cureStaged = "remove it from the file and stage that, or pass it by Secrets Manager or a NoEcho parameter; revoke it if anybody else has seen it"

// staged checks what the next commit would record: the catalog in it by every gate, and what is new in it for secrets.
func (o Options) staged(ctx context.Context, r *repository, settings *config.Settings) error {
	tree, err := r.git(ctx, nil, "write-tree")
	if err != nil {
		return err
	}
	staged := secrets.Range{Tips: []string{tree}}
	if head, err := r.git(ctx, nil, "rev-parse", "--verify", "--quiet", "HEAD^{tree}"); err == nil {
		staged.Known = []string{head}
	}
	selection := &secrets.Selection{GitDir: r.dir, Ranges: []secrets.Range{staged}, Cure: cureStaged}
	return o.content(ctx, r, settings, tree, selection)
}

// content judges a selection for secrets, and the catalog in a tree by the other gates unless that very catalog passed before.
func (o Options) content(ctx context.Context, r *repository, settings *config.Settings, tree string, selection *secrets.Selection) error {
	run := gate.Options{Settings: settings, Selection: selection, Only: []string{gate.Secrets}}
	catalog, at, err := o.catalog(ctx, r, tree)
	if err != nil {
		return err
	}
	if catalog == "" {
		return o.judge(ctx, run, "", "; no catalog here, so nothing else is checked")
	}
	passed, err := o.passed(ctx, r, catalog)
	if err != nil {
		return err
	}
	if passed.known() {
		return o.judge(ctx, run, "", "; these very products passed policy, schema and features before")
	}
	root, err := os.MkdirTemp("", "fleet-hook-")
	if err != nil {
		return fmt.Errorf("private folder: %w", err)
	}
	defer os.RemoveAll(root)
	run.Only, run.Catalog = gate.Names(), filepath.Join(root, filepath.FromSlash(at))
	if err := r.checkout(ctx, catalog, run.Catalog); err != nil {
		return err
	}
	if err := o.judge(ctx, run, root, ""); err != nil {
		return err
	}
	return passed.remember()
}

// catalog finds the catalog in a tree: its own tree object, and the folder that it lies in. Empty where there is none.
func (o Options) catalog(ctx context.Context, r *repository, tree string) (id, at string, err error) {
	places := []string{".", "catalog"}
	if o.Catalog != "" {
		places = []string{path.Clean(filepath.ToSlash(o.Catalog))}
	}
	for _, at := range places {
		name := tree
		if at != "." {
			name = tree + ":" + at
		}
		id, err := r.git(ctx, nil, "rev-parse", "--verify", "--quiet", name)
		if err == nil {
			id, err = r.git(ctx, nil, "rev-parse", "--verify", "--quiet", id+"^{tree}")
		}
		if err != nil {
			continue // no such folder
		}
		if _, err := r.git(ctx, nil, "rev-parse", "--verify", "--quiet", id+":products"); err == nil || o.Catalog != "" {
			return id, at, nil
		}
	}
	if o.Catalog != "" {
		return "", "", fmt.Errorf("the folder %s, named as the catalog, is not in what git records: fleet hooks install --catalog FOLDER", o.Catalog)
	}
	return "", "", nil
}

// checkout writes the files of a tree into a private folder exactly as they are recorded: no filter, no attribute, no line ending is
// applied. Links stay links and repositories stay repositories, so that the gates can refuse them.
func (r *repository) checkout(ctx context.Context, tree, folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("private folder: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("private folder: %w", err)
	}
	defer root.Close()
	listed, err := r.git(ctx, nil, "ls-tree", "-r", "-z", "--full-tree", tree)
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
	contents, err := r.git(ctx, []byte(ids.String()), "cat-file", "--batch")
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
