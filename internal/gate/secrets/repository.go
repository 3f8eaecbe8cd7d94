package secrets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"accountfleet/internal/gate/tool"
)

// repository is a git repository that is only read, by plumbing commands whose answers its own configuration cannot change.
type repository struct {
	dir  string // any folder in it
	root string // top of its working tree, or the repository itself where it is bare

	gitDir string   // the repository itself, where it is not to be searched from dir
	tips   []string // where origins are looked for; default every ref
}

// open refuses what would make a scan look at less than everything.
func open(ctx context.Context, dir string) (*repository, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("secrets: %w: name the repository by --repository", err)
	}
	r := &repository{dir: dir}
	answer, err := r.git(ctx, nil, "rev-parse", "--is-shallow-repository", "--is-bare-repository", "--absolute-git-dir")
	if err != nil {
		text := err.Error()
		switch {
		case strings.Contains(text, "not a git repository"):
			return nil, fmt.Errorf("secrets: %s is not in a git repository, so there is no history to scan: run git init and commit, or name the repository by --repository", dir)
		case strings.Contains(text, "dubious ownership"):
			return nil, fmt.Errorf("secrets: git does not trust %s, because another user owns it: git config --global --add safe.directory %s", dir, dir)
		}
		return nil, err
	}
	words := strings.Fields(string(answer))
	if len(words) < 3 {
		return nil, fmt.Errorf("secrets: git rev-parse answered %q", tool.Excerpt(answer))
	}
	gitDir := strings.TrimSpace(strings.SplitN(string(answer), "\n", 3)[2])
	if words[0] != "false" {
		return nil, fmt.Errorf("secrets: %s is a shallow clone, so its history is not complete: git fetch --unshallow, or clone without --depth", dir)
	}
	if exists(filepath.Join(gitDir, "shallow")) {
		return nil, fmt.Errorf("secrets: %s is cut off by %s/shallow: clone it again without --depth", dir, gitDir)
	}
	r.root = gitDir
	if words[1] == "false" {
		top, err := r.git(ctx, nil, "rev-parse", "--show-toplevel")
		if err != nil {
			return nil, err
		}
		r.root = strings.TrimRight(string(top), "\n")
	}
	return r, nil
}

// command prepares a git command. Replacement refs, grafts, lazy fetches, hooks and monitors of the repository have no effect; the
// user's own configuration stays, because only it can say that a folder of another user is trusted.
func (r *repository) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "git", append([]string{
		"--no-replace-objects", "-C", r.dir, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "core.quotePath=false",
		"-c", "core.commitGraph=false", "-c", "log.showRoot=true", "-c", "log.showSignature=false", "-c", "protocol.allow=never",
	}, args...)...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "GIT_") {
			c.Env = append(c.Env, variable)
		}
	}
	c.Env = append(c.Env, "GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE="+os.DevNull, "GIT_NO_LAZY_FETCH=1", "GIT_OPTIONAL_LOCKS=0",
		"GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "GIT_PAGER=cat")
	if r.gitDir != "" {
		c.Env = append(c.Env, "GIT_DIR="+r.gitDir)
	}
	return c
}

// git runs a command to its end.
func (r *repository) git(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	c := r.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := c.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, errors.New("secrets: git is not installed: install git 2.30 or newer")
		}
		return nil, fmt.Errorf("secrets: git %s: %w: %s", args[0], err, tool.Excerpt(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}

// object is what a finding in history is about.
type object struct {
	id   string
	kind string // commit, tag, tree, blob, or "file" and "name" for what is not committed, "ref" for names of refs
	path string // one of the paths that it has in the repository

	lost bool // no ref leads to it
	tip  bool // a commit or tag of a selection: it is read whatever is known of it, because findings are located from it
}

// list names every object: those reachable from any ref, from HEAD and from the index, and then those that nothing leads to.
func (r *repository) list(ctx context.Context) ([]object, error) {
	refs, err := r.git(ctx, nil, "for-each-ref", "--format=%(objectname)")
	if err != nil {
		return nil, err
	}
	starts := refs
	if head, err := r.git(ctx, nil, "rev-parse", "--verify", "--quiet", "HEAD"); err == nil {
		starts = append(starts, head...)
	}
	if len(bytes.TrimSpace(starts)) == 0 {
		return nil, fmt.Errorf("secrets: the repository of %s has no commit, so there is nothing to scan: commit the catalog first", r.dir)
	}
	listed, err := r.git(ctx, starts, "rev-list", "--objects", "--stdin")
	if err != nil {
		return nil, err
	}
	index, err := r.git(ctx, nil, "ls-files", "--stage", "-z", "--full-name")
	if err != nil {
		index = nil // a bare repository has none
	}
	seen := map[string]bool{}
	var objects []object
	add := func(id, path string) {
		if id != "" && !seen[id] {
			seen[id] = true
			objects = append(objects, object{id: id, path: path})
		}
	}
	for _, line := range strings.Split(string(listed), "\n") {
		id, path, _ := strings.Cut(line, " ")
		add(id, path)
	}
	for _, id := range strings.Fields(string(starts)) {
		add(id, "")
	}
	for _, entry := range strings.Split(string(index), "\x00") {
		head, path, _ := strings.Cut(entry, "\t")
		if words := strings.Fields(head); len(words) == 3 && words[0] != "160000" {
			add(words[1], path)
		}
	}
	all, err := r.git(ctx, nil, "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)")
	if err != nil {
		return nil, err
	}
	reachable := len(objects)
	for _, id := range strings.Fields(string(all)) {
		add(id, "")
	}
	for i := range objects[reachable:] {
		objects[reachable+i].lost = true
	}
	return objects, nil
}
