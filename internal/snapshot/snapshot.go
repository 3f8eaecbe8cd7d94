// Package snapshot gives what git recorded, or is about to record, as plain files: the index, a commit, a catalog in one of them.
//
// The gates judge folders. What an engineer commits or pushes is not the folder he works in, so this package writes a tree of git's into
// a private folder exactly as it is recorded: no filter, attribute or line ending is applied, and replacement refs and grafts have no
// effect. Start at Open, then Staged or Tree, Catalog and Checkout.
package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"accountfleet/internal/gate/tool"
)

// Repository is a git repository with a working tree: its folders, all absolute.
type Repository struct {
	Top    string // of the working tree
	Dir    string // private folder of this worktree
	Common string // private folder that all worktrees share
	Index  string // that a commit is made from
}

// Open asks git where the repository of folder is. The environment that git gives to hooks counts.
func Open(ctx context.Context, folder string) (*Repository, error) {
	answer, err := Plain(ctx, folder, "rev-parse", "--path-format=absolute", "--git-common-dir", "--absolute-git-dir", "--is-bare-repository")
	if err != nil {
		if strings.Contains(err.Error(), "not a git repository") {
			return nil, fmt.Errorf("%s is in no git repository: run git init first, or go to the catalog's clone", folder)
		}
		return nil, err
	}
	lines := strings.Split(answer, "\n")
	if len(lines) != 3 {
		return nil, fmt.Errorf("git rev-parse answered %q: install git 2.31 or newer", answer)
	}
	if lines[2] == "true" {
		return nil, fmt.Errorf("%s is a bare repository, where nobody commits: go to a clone of it", folder)
	}
	top, err := Plain(ctx, folder, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	r := &Repository{Top: top, Common: lines[0], Dir: lines[1], Index: filepath.Join(lines[1], "index")}
	if index := os.Getenv("GIT_INDEX_FILE"); index != "" { // commit -a and commit <path> make it from another index
		if r.Index = index; !filepath.IsAbs(index) {
			r.Index = filepath.Join(top, index)
		}
	}
	return r, nil
}

// Plain runs git in a folder with the environment as it is, and returns what it printed without the last newline.
func Plain(ctx context.Context, folder string, args ...string) (string, error) {
	return finish(exec.CommandContext(ctx, "git", append([]string{"-C", folder}, args...)...), nil)
}

// Git runs a command that reads content, and returns what it printed without the last newline. Replacement refs and grafts have no effect, and no other variable of git's.
func (r *Repository) Git(ctx context.Context, stdin []byte, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "git", append([]string{"-C", r.Top, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull}, args...)...)
	c.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "GIT_") })
	c.Env = append(c.Env, "GIT_DIR="+r.Dir, "GIT_WORK_TREE="+r.Top, "GIT_INDEX_FILE="+r.Index, "GIT_NO_REPLACE_OBJECTS=1",
		"GIT_GRAFT_FILE="+os.DevNull, "GIT_OPTIONAL_LOCKS=0", "GIT_LITERAL_PATHSPECS=1", "LC_ALL=C")
	return finish(c, stdin)
}

func finish(c *exec.Cmd, stdin []byte) (string, error) {
	var stdout, stderr bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	err := c.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("git is not installed: install git 2.31 or newer")
	case err != nil:
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(c.Args[3:], " "), err, tool.Excerpt(stderr.Bytes()))
	}
	return strings.TrimSuffix(stdout.String(), "\n"), nil
}

// Staged is the tree that the next commit would record.
func (r *Repository) Staged(ctx context.Context) (string, error) {
	return r.Git(ctx, nil, "write-tree")
}

// Tree is the tree of a commit, a tag or whatever else leads to one.
func (r *Repository) Tree(ctx context.Context, revision string) (string, error) {
	return r.Git(ctx, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{tree}")
}

// Catalog finds the catalog in a tree: its own tree object, and the folder that it lies in, "." for the top. The folder is looked for
// (the top, or catalog/) unless it is named; both answers are empty where there is none.
func (r *Repository) Catalog(ctx context.Context, tree, folder string) (id, at string, err error) {
	places := []string{".", "catalog"}
	if folder != "" {
		places = []string{path.Clean(filepath.ToSlash(folder))}
	}
	for _, at := range places {
		name := tree
		if at != "." {
			name = tree + ":" + at
		}
		id, err := r.Git(ctx, nil, "rev-parse", "--verify", "--quiet", name)
		if err == nil {
			id, err = r.Tree(ctx, id)
		}
		if err != nil {
			continue // no such folder
		}
		if _, err := r.Git(ctx, nil, "rev-parse", "--verify", "--quiet", id+":products"); err == nil || folder != "" {
			return id, at, nil
		}
	}
	return "", "", nil
}
