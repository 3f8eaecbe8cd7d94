// Package hooks runs the gates of fleet check where git asks: before a commit, on its message, and before a push.
//
// Install (install.go) writes a folder of small scripts into the repository's private git folder and points core.hooksPath there, which
// holds in every worktree. Each script passes on to the hook that was there before; those of Names then start Run (run.go), which looks
// at what git is about to record or send, never at the working tree: staged content is the tree that the index would make (staged.go),
// a push is every object that the remote lacks (push.go). Broken is refused like a finding, and says so. Hooks help the engineer who
// wants help: who skips them by --no-verify meets the same gates in the pipeline. Start at Install and Run.
package hooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"accountfleet/internal/gate/tool"
)

// The hooks that check something. A merge without conflicts asks pre-merge-commit instead of pre-commit.
const (
	PreCommit      = "pre-commit"
	PreMergeCommit = "pre-merge-commit"
	CommitMessage  = "commit-msg"
	PrePush        = "pre-push"
)

// Names lists the hooks that check something.
func Names() []string { return []string{PreCommit, PreMergeCommit, CommitMessage, PrePush} }

// passedOn are git's other hooks of a working repository: each is passed on where it existed.
var passedOn = []string{
	"applypatch-msg", "pre-applypatch", "post-applypatch", "prepare-commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge",
	"post-rewrite", "pre-auto-gc", "post-index-change", "reference-transaction", "sendemail-validate", "pre-receive", "update",
	"post-receive", "post-update", "push-to-checkout", "proc-receive", "p4-changelist", "p4-prepare-changelist", "p4-post-changelist",
	"p4-pre-submit",
}

// repository is where git runs hooks: its folders, all absolute.
type repository struct {
	top    string // of the working tree
	dir    string // private folder of this worktree
	common string // private folder that all worktrees share
	index  string // that a commit is made from
}

// open asks git where the repository of folder is. The environment that git gives to hooks counts.
func open(ctx context.Context, folder string) (*repository, error) {
	answer, err := plain(ctx, folder, "rev-parse", "--path-format=absolute", "--git-common-dir", "--absolute-git-dir", "--is-bare-repository")
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
		return nil, fmt.Errorf("%s is a bare repository, where nobody commits: install hooks in a clone", folder)
	}
	top, err := plain(ctx, folder, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	r := &repository{top: top, common: lines[0], dir: lines[1], index: filepath.Join(lines[1], "index")}
	if index := os.Getenv("GIT_INDEX_FILE"); index != "" { // commit -a and commit <path> make it from another index
		if r.index = index; !filepath.IsAbs(index) {
			r.index = filepath.Join(top, index)
		}
	}
	return r, nil
}

// plain runs git in a folder with the environment as it is, and returns what it printed without the last newline.
func plain(ctx context.Context, folder string, args ...string) (string, error) {
	return finish(exec.CommandContext(ctx, "git", append([]string{"-C", folder}, args...)...), nil)
}

// git runs a command that reads content. Replacement refs and grafts have no effect, and no other variable of git's.
func (r *repository) git(ctx context.Context, stdin []byte, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "git", append([]string{"-C", r.top, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull}, args...)...)
	c.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "GIT_") })
	c.Env = append(c.Env, "GIT_DIR="+r.dir, "GIT_WORK_TREE="+r.top, "GIT_INDEX_FILE="+r.index, "GIT_NO_REPLACE_OBJECTS=1",
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
