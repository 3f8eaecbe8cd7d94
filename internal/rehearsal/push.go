package rehearsal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// offer is a copy of a catalog, ready to be pushed.
type offer struct {
	dir    string // bare repository
	head   string // commit for the pipeline's branch
	branch string // branch that is checked out in the user's repository, "" for none
	plain  bool   // made from files, on top of what the server has
	notes  []string
}

// CheckCatalog says at once what would keep the catalog in dir from being pushed, before anything is started. A *Failure says that the
// catalog is at fault.
func CheckCatalog(ctx context.Context, dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("catalog %s is no folder: name one with --catalog", dir)
	}
	_, inRepository, err := gitTop(ctx, dir)
	if err != nil {
		return fmt.Errorf("read catalog: %w", err)
	}
	shallow := ""
	if inRepository {
		if shallow, err = runGit(ctx, reading(), nil, "-C", dir, "rev-parse", "--is-shallow-repository"); err != nil {
			return fmt.Errorf("read catalog: %w", err)
		}
	}
	if shallow == "true" {
		return failure("catalog %s is a shallow clone: a push from it would lack history: run git fetch --unshallow in it", dir)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) == 0 || err == nil && len(entries) == 1 && entries[0].Name() == ".git" {
		if _, err := runGit(ctx, reading(), nil, "-C", dir, "rev-parse", "--quiet", "--verify", "HEAD"); err != nil {
			return nothingToPush(dir)
		}
	}
	return nil
}

func nothingToPush(dir string) error {
	return failure("catalog %s holds nothing to push: commit a product, or name another folder with --catalog", dir)
}

// copyCatalog makes a bare copy of the catalog in dir, which is only read. A repository of its own keeps its history and all its refs;
// what is not committed becomes one more commit. A plain folder, or a folder of a larger repository, becomes one commit: the first
// of a new history, or the next after what was pushed before.
func (s *Session) copyCatalog(ctx context.Context, dir, branch string) (*offer, error) {
	if err := CheckCatalog(ctx, dir); err != nil {
		return nil, err
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	top, inRepository, err := gitTop(ctx, dir)
	if err != nil {
		return nil, err
	}
	o := &offer{dir: filepath.Join(s.scratch, "catalog-"+rand.Text()+".git")}
	if inRepository && top == dir {
		err = s.copyHistory(ctx, o, dir)
	} else {
		err = s.startHistory(ctx, o, branch)
	}
	if err != nil {
		return nil, err
	}
	if err := s.addFiles(ctx, o, dir, inRepository); err != nil {
		return nil, err
	}
	if o.head == "" {
		return nil, nothingToPush(dir)
	}
	return o, s.point(ctx, o, branch)
}

// point makes the pipeline's branch of the copy what is rehearsed.
func (s *Session) point(ctx context.Context, o *offer, branch string) error {
	git := func(args ...string) (string, error) {
		return runGit(ctx, gitEnvironment(s.home), nil, append([]string{"--git-dir", o.dir}, args...)...)
	}
	ref := "refs/heads/" + branch
	current, err := git("rev-parse", "--quiet", "--verify", ref)
	if err == nil && !o.plain && o.branch != branch && current != o.head {
		o.notes = append(o.notes, "HEAD was pushed as "+branch+", in place of the branch of that name")
	}
	_, err = git("update-ref", ref, o.head)
	return err
}

// reading is the environment for reading the user's repository: the user's own configuration decides whether git trusts it.
func reading() []string {
	return append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
}

// gitTop returns the top folder of the repository that dir belongs to, if it belongs to one. A repository that git refuses to read, for
// example because it is somebody else's, is an error: its files alone would lack its history.
func gitTop(ctx context.Context, dir string) (top string, inRepository bool, err error) {
	top, err = runGit(ctx, reading(), nil, "-C", dir, "rev-parse", "--show-toplevel")
	if err != nil && strings.Contains(err.Error(), "not a git repository") {
		return "", false, nil
	}
	return top, err == nil, err
}

// copyHistory copies a repository with all its refs.
func (s *Session) copyHistory(ctx context.Context, o *offer, dir string) error {
	if _, err := runGit(ctx, reading(), nil, "clone", "--quiet", "--mirror", "--no-hardlinks", dir, o.dir); err != nil {
		return err
	}
	head, err := runGit(ctx, reading(), nil, "-C", dir, "rev-parse", "--quiet", "--verify", "HEAD^{commit}")
	if err == nil {
		o.head = head
		o.branch, _ = runGit(ctx, reading(), nil, "-C", dir, "symbolic-ref", "--quiet", "--short", "HEAD") // detached: ""
	} // else a repository without a commit, whose files are the first
	return nil
}

// startHistory begins where the server is, so that the next push follows the last.
func (s *Session) startHistory(ctx context.Context, o *offer, branch string) error {
	o.plain = true
	env := gitEnvironment(s.home)
	if _, err := runGit(ctx, env, nil, "clone", "--quiet", "--bare", "--no-hardlinks", s.repository.dir, o.dir); err != nil {
		return err
	}
	if head, err := runGit(ctx, env, nil, "--git-dir", o.dir, "rev-parse", "--quiet", "--verify", "refs/heads/"+branch); err == nil {
		o.head = head
	}
	return nil
}

// addFiles commits the working files, if they differ from the head, without touching the index or the objects of the user's repository.
func (s *Session) addFiles(ctx context.Context, o *offer, dir string, inRepository bool) error {
	env := append(gitEnvironment(s.home), "GIT_INDEX_FILE="+filepath.Join(o.dir, "rehearsal-index"))
	git := func(input []byte, args ...string) (string, error) {
		return runGit(ctx, env, input, append([]string{"--git-dir", o.dir, "--work-tree", dir, "-c", "core.autocrlf=false"}, args...)...)
	}
	var err error
	if inRepository {
		var listed string
		listed, err = runGit(ctx, reading(), nil, "-C", dir, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
		if err == nil {
			_, err = git([]byte(existing(dir, listed)), "-C", dir, "update-index", "--add", "-z", "--stdin")
		}
	} else {
		_, err = git(nil, "-C", dir, "add", "--all", "--force", ".")
	}
	if err != nil {
		return fmt.Errorf("read the files of catalog %s: %w", dir, err)
	}
	tree, err := git(nil, "write-tree")
	if err != nil {
		return err
	}
	return s.commitTree(ctx, o, tree)
}

// commitTree puts a commit with the tree on the head, unless it is there already.
func (s *Session) commitTree(ctx context.Context, o *offer, tree string) error {
	git := func(args ...string) (string, error) {
		return runGit(ctx, gitEnvironment(s.home), nil, append([]string{"--git-dir", o.dir}, args...)...)
	}
	message := "Rehearse what is not committed"
	if o.plain {
		message = "Rehearse the catalog"
	}
	args := []string{"commit-tree", tree, "-m", message}
	if o.head != "" {
		current, err := git("rev-parse", o.head+"^{tree}")
		if err != nil {
			return err
		}
		if current == tree {
			return nil
		}
		args = append(args, "-p", o.head)
	}
	if files, err := git("ls-tree", tree); err != nil || files == "" {
		return err // an empty folder adds nothing
	}
	head, err := git(args...)
	if err != nil {
		return err
	}
	if !o.plain {
		o.notes = append(o.notes, "changes that are not committed were pushed as one more commit")
	}
	o.head = head
	return nil
}

// existing drops listed files that were deleted from the working folder.
func existing(dir, listed string) string {
	var kept strings.Builder
	for _, name := range strings.Split(listed, "\x00") {
		if name == "" {
			continue
		}
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			kept.WriteString(name + "\x00")
		}
	}
	return kept.String()
}

// push pushes every branch, tag and note of the copy as the engineer's role, and returns what it changed. Refs that the copy lacks
// are removed, so that the repository holds the catalog and nothing of an earlier one.
func (s *Session) push(ctx context.Context, o *offer, as string) ([]change, error) {
	before, err := s.repository.refs(ctx)
	if err != nil {
		return nil, err
	}
	env := append(gitEnvironment(s.home), "FLEET_PUSHER="+as)
	_, err = runGit(ctx, env, nil, "--git-dir", o.dir, "push", "--quiet", "--prune", s.repository.dir,
		"+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", "+refs/notes/*:refs/notes/*")
	if err != nil {
		return nil, fmt.Errorf("push as %s: %w", as, err)
	}
	after, err := s.repository.refs(ctx)
	if err != nil {
		return nil, err
	}
	return changes(before, after), nil
}

// change is a ref that a push moved.
type change struct{ ref, before, after string }

func changes(before, after map[string]string) []change {
	var moved []change
	for _, ref := range slices.Sorted(maps.Keys(after)) {
		if before[ref] != after[ref] {
			moved = append(moved, change{ref: ref, before: before[ref], after: after[ref]})
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(before)) {
		if after[ref] == "" {
			moved = append(moved, change{ref: ref, before: before[ref]})
		}
	}
	return moved
}

// errNotStarted says that a push started nothing.
var errNotStarted = errors.New("the push did not start the pipeline")

// started lets the synthesized rules decide which change starts the pipeline, as EventBridge does, and checks that the rule's role may.
func (s *Session) started(ctx context.Context, moved []change, as string) (by string, err error) {
	if s.plan.Assembly.Repository == nil {
		return "connection", nil // CodePipeline itself watches the branch of a connection
	}
	pipeline := s.plan.Assembly.Pipeline
	for _, m := range moved {
		for _, t := range s.plan.triggers {
			if !t.pattern.Match(s.event(m, as)) {
				continue
			}
			switch on, err := s.enabled(ctx, t.Name); {
			case err != nil:
				return "", err
			case !on:
				return "", fmt.Errorf("%w: rule %s is disabled: a cleansing holds it, or was broken off: run it again", errNotStarted, t.Name)
			}
			if _, err := s.service(ctx, t.RoleARN, "events.amazonaws.com", pipeline.Region); err != nil {
				return "", fmt.Errorf("rule %s: %w", t.Name, err)
			}
			if err := s.require(ctx, t.RoleARN, "codepipeline:StartPipelineExecution", pipeline.ARN, nil); err != nil {
				return "", fmt.Errorf("rule %s: %w", t.Name, err)
			}
			return t.Name, nil
		}
	}
	return "", fmt.Errorf("%w: no rule's pattern matches its events", errNotStarted)
}

// event is what CodeCommit tells EventBridge of a moved ref. Source: the CodeCommit user guide, "Monitoring events".
func (s *Session) event(m change, as string) map[string]any {
	repository := s.plan.Assembly.Repository
	kind, name := "branch", strings.TrimPrefix(m.ref, "refs/heads/")
	if tag, ok := strings.CutPrefix(m.ref, "refs/tags/"); ok {
		kind, name = "tag", tag
	}
	detail := map[string]any{
		"callerUserArn": as, "repositoryName": repository.Name, "repositoryId": repository.Name,
		"referenceType": kind, "referenceName": name, "referenceFullName": m.ref, "event": "referenceUpdated",
	}
	switch {
	case m.before == "":
		detail["event"], detail["commitId"] = "referenceCreated", m.after
	case m.after == "":
		detail["event"], detail["oldCommitId"] = "referenceDeleted", m.before
	default:
		detail["commitId"], detail["oldCommitId"] = m.after, m.before
	}
	return map[string]any{
		"version": "0", "id": rand.Text(), "source": "aws.codecommit", "detail-type": "CodeCommit Repository State Change",
		"account": repository.Account, "region": repository.Region, "time": time.Now().UTC().Format(time.RFC3339),
		"resources": []any{repository.ARN}, "detail": detail,
	}
}
