package rehearsal

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed prereceive.py
var preReceive []byte

// repository is a bare git repository that stands for CodeCommit. Its server hook asks the emulator whether the pusher may push.
type repository struct {
	dir  string // the bare repository
	env  []string
	arn  string
	home string
}

// newRepository makes an empty repository in dir. python runs the hook.
func newRepository(ctx context.Context, dir, home, branch, arn, endpoint, python string) (*repository, error) {
	r := &repository{dir: dir, arn: arn, home: home, env: gitEnvironment(home)}
	if _, err := r.outside(ctx, "init", "--quiet", "--bare", "--initial-branch", branch, dir); err != nil {
		return nil, err
	}
	if _, err := r.git(ctx, "config", "receive.advertiseAtomic", "false"); err != nil { // CodeCommit takes refs one by one only
		return nil, err
	}
	hook := filepath.Join(dir, "hooks", "pre-receive")
	program := filepath.Join(dir, "hooks", "pre-receive.py")
	if err := os.WriteFile(program, preReceive, 0o644); err != nil {
		return nil, fmt.Errorf("install the server hook: %w", err)
	}
	script := fmt.Sprintf("#!/bin/sh\nFLEET_REPOSITORY='%s' FLEET_EMULATOR='%s' exec '%s' -I '%s'\n", arn, endpoint, python, program)
	if err := os.WriteFile(hook, []byte(script), 0o755); err != nil {
		return nil, fmt.Errorf("install the server hook: %w", err)
	}
	return r, nil
}

// gitEnvironment is for git's own work: nothing of the user's configuration, nobody asked for a password.
func gitEnvironment(home string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LANG=C.UTF-8", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_LFS_SKIP_SMUDGE=1",
		"GIT_AUTHOR_NAME=Rehearsal", "GIT_AUTHOR_EMAIL=rehearsal@example.com",
		"GIT_COMMITTER_NAME=Rehearsal", "GIT_COMMITTER_EMAIL=rehearsal@example.com",
	}
}

// git runs git on the bare repository and returns its output.
func (r *repository) git(ctx context.Context, args ...string) (string, error) {
	return r.outside(ctx, append([]string{"--git-dir", r.dir}, args...)...)
}

func (r *repository) outside(ctx context.Context, args ...string) (string, error) {
	return runGit(ctx, r.env, nil, args...)
}

// runGit runs git with exactly this environment; a failure carries what git said.
func runGit(ctx context.Context, env []string, input []byte, args ...string) (string, error) {
	cmd := command(ctx, "git", args...)
	cmd.Env = env
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if input != nil {
		cmd.Stdin = bytes.NewReader(input)
	}
	if err := run(cmd); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("git %s: %w: %s", verb(args), err, strings.TrimSpace(said.String()))
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

// verb is the git command among the arguments, for messages.
func verb(args []string) string {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "-C" || args[i] == "-c" || args[i] == "--git-dir" || args[i] == "--work-tree":
			i++
		case !strings.HasPrefix(args[i], "-"):
			return args[i]
		}
	}
	return ""
}

// refs returns the repository's refs and where they point.
func (r *repository) refs(ctx context.Context) (map[string]string, error) {
	out, err := r.git(ctx, "for-each-ref", "--format=%(refname) %(objectname)")
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	for _, line := range strings.Split(out, "\n") {
		if name, id, ok := strings.Cut(line, " "); ok {
			refs[name] = id
		}
	}
	return refs, nil
}

// clone makes a full clone with its .git, at the commit, as CodeBuild does for a clone reference.
func (r *repository) clone(ctx context.Context, commit, dir string) error {
	if _, err := r.outside(ctx, "clone", "--quiet", "--no-hardlinks", "--no-checkout", r.dir, dir); err != nil {
		return err
	}
	_, err := r.outside(ctx, "-C", dir, "checkout", "--quiet", "--detach", commit)
	return err
}

// checkOut writes the files of a commit, without history.
func (r *repository) checkOut(ctx context.Context, commit, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("check out: %w", err)
	}
	env := append(r.env[:len(r.env):len(r.env)], "GIT_INDEX_FILE="+dir+".index")
	_, err := runGit(ctx, env, nil, "--git-dir", r.dir, "--work-tree", dir, "read-tree", "-u", "--reset", commit)
	return err
}
