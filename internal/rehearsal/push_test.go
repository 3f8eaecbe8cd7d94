package rehearsal

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// git runs git in dir for a test.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}

// repositoryDir makes a repository with one commit on a branch.
func repositoryDir(t *testing.T, branch string, files map[string]string) string {
	t.Helper()
	dir := catalogDir(t, files)
	git(t, dir, "init", "--quiet", "--initial-branch", branch)
	git(t, dir, "add", ".")
	git(t, dir, "commit", "--quiet", "-m", "first")
	return dir
}

func TestTheRepositoryOfTheRehearsalIsTheContentOfTheEmulatedOne(t *testing.T) {
	aws := newFakeAWS(t)
	s := newTestSession(t, aws, pipeline(), Options{})
	assert.Equal(t, "111111111111 eu-west-1 repositories/catalog "+s.repository.dir, aws.hosted)
	assert.True(t, filepath.IsAbs(s.repository.dir), "the emulator works in another folder")
}

// files lists the files of a commit in the session's repository.
func files(t *testing.T, s *Session, commit string) string {
	t.Helper()
	out, err := s.repository.git(t.Context(), "ls-tree", "-r", "--name-only", commit)
	require.NoError(t, err)
	return out
}

func pushSession(t *testing.T) (*Session, *fakeAWS) {
	t.Helper()
	aws := newFakeAWS(t)
	return newTestSession(t, aws, twoStages(), Options{To: "Source"}), aws
}

func TestRepositoryIsPushedWithItsHistoryAndAllItsRefs(t *testing.T) {
	s, aws := pushSession(t)
	dir := repositoryDir(t, "main", map[string]string{"a": "1"})
	first := git(t, dir, "rev-parse", "HEAD")
	git(t, dir, "branch", "topic")
	git(t, dir, "tag", "-a", "v1", "-m", "tagged")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), []byte("2"), 0o644))
	git(t, dir, "commit", "--quiet", "-am", "second")
	result, err := s.Push(t.Context(), dir)
	require.NoError(t, err)

	assert.Equal(t, git(t, dir, "rev-parse", "HEAD"), result.Commit, "the commits are the user's own")
	refs, err := s.repository.refs(t.Context())
	require.NoError(t, err)
	assert.Equal(t, first, refs["refs/heads/topic"])
	assert.Contains(t, refs, "refs/tags/v1")
	pushes := 0
	for _, call := range aws.called() {
		if call == "engineer codecommit:GitPush" {
			pushes++
		}
	}
	assert.Equal(t, 3, pushes, "the hook asks about each ref")
}

func TestUncommittedChangesBecomeOneMoreCommitOfTheCopy(t *testing.T) {
	s, _ := pushSession(t)
	dir := repositoryDir(t, "main", map[string]string{"a": "1", "gone": "x", ".gitignore": "ignored\n"})
	head := git(t, dir, "rev-parse", "HEAD")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "new"), []byte("n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ignored"), []byte("i"), 0o644))
	require.NoError(t, os.Remove(filepath.Join(dir, "gone")))
	before := snapshot(t, dir)
	result, err := s.Push(t.Context(), dir)
	require.NoError(t, err)

	assert.Equal(t, ".gitignore\na\nnew", files(t, s, result.Commit))
	parent, err := s.repository.git(t.Context(), "rev-parse", result.Commit+"^")
	require.NoError(t, err)
	assert.Equal(t, head, parent)
	assert.Contains(t, result.Notes, "changes that are not committed were pushed as one more commit")
	assert.Equal(t, before, snapshot(t, dir), "the catalog itself was only read")
}

// snapshot lists all files of a folder with size and time, also those of .git.
func snapshot(t *testing.T, dir string) (list []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		list = append(list, path+info.ModTime().String())
		return err
	}))
	return list
}

func TestFolderOfALargerRepositoryIsANewRoot(t *testing.T) {
	s, _ := pushSession(t)
	top := repositoryDir(t, "main", map[string]string{"catalog/product": "p", "outside": "o", ".gitignore": "*.tmp\n"})
	require.NoError(t, os.WriteFile(filepath.Join(top, "catalog", "x.tmp"), nil, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(top, "catalog", "fresh"), nil, 0o644))
	result, err := s.Push(t.Context(), filepath.Join(top, "catalog"))
	require.NoError(t, err)
	assert.Equal(t, "fresh\nproduct", files(t, s, result.Commit))
	count, err := s.repository.git(t.Context(), "rev-list", "--count", result.Commit)
	require.NoError(t, err)
	assert.Equal(t, "1", count)
}

func TestHeadIsPushedAsThePipelinesBranch(t *testing.T) {
	s, _ := pushSession(t)
	dir := repositoryDir(t, "feature", map[string]string{"a": "1"})
	git(t, dir, "branch", "main")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b"), nil, 0o644))
	git(t, dir, "add", ".")
	git(t, dir, "commit", "--quiet", "-m", "more")
	result, err := s.Push(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, git(t, dir, "rev-parse", "feature"), result.Commit)
	assert.Contains(t, result.Notes, "HEAD was pushed as main, in place of the branch of that name")
}

func TestNextRepositoryTakesThePlaceOfTheLast(t *testing.T) {
	s, _ := pushSession(t)
	one := repositoryDir(t, "main", map[string]string{"a": "1"})
	git(t, one, "branch", "leftover")
	_, err := s.Push(t.Context(), one)
	require.NoError(t, err)
	two := repositoryDir(t, "main", map[string]string{"b": "2"})
	result, err := s.Push(t.Context(), two)
	require.NoError(t, err)
	assert.Equal(t, "b", files(t, s, result.Commit))
	refs, err := s.repository.refs(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, refs, "refs/heads/leftover")
}

func TestCatalogsThatCannotBePushedSayWhy(t *testing.T) {
	s, _ := pushSession(t)
	empty := t.TempDir()
	git(t, empty, "init", "--quiet")
	full := repositoryDir(t, "main", map[string]string{"a": "1"})
	git(t, full, "commit", "--quiet", "--allow-empty", "-m", "second")
	shallow := filepath.Join(t.TempDir(), "shallow")
	git(t, full, "clone", "--quiet", "--depth", "1", "file://"+full, shallow)
	for name, test := range map[string]struct {
		dir, want string
		failure   bool // the fault of what was to be pushed
	}{
		"no folder":               {filepath.Join(empty, "nowhere"), "is no folder", false},
		"repository without data": {empty, "holds nothing to push", true},
		"empty folder":            {t.TempDir(), "holds nothing to push", true},
		"shallow clone":           {shallow, "git fetch --unshallow", true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Push(t.Context(), test.dir)
			assert.ErrorContains(t, err, test.want)
			assert.Equal(t, test.failure, isFailure(err))
		})
	}
}

func TestFilesOfARepositoryWithoutACommitAreItsFirst(t *testing.T) {
	s, _ := pushSession(t)
	dir := catalogDir(t, map[string]string{"a": "1"})
	git(t, dir, "init", "--quiet")
	result, err := s.Push(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, "a", files(t, s, result.Commit))
}

func TestPushThatNoRuleSelectsStartsNothing(t *testing.T) {
	a := twoStages()
	a.Triggers[0].Pattern["detail"] = map[string]any{"referenceName": []any{"release"}}
	s := newTestSession(t, newFakeAWS(t), a, Options{})
	_, err := s.Push(t.Context(), catalogDir(t, map[string]string{"a": "1"}))
	assert.ErrorContains(t, err, "did not start the pipeline: no rule's pattern matches")
}

func TestEventsTellBranchesFromTags(t *testing.T) {
	s, _ := pushSession(t)
	detail := func(m change) map[string]any { return s.event(m, "arn:me")["detail"].(map[string]any) }
	created := detail(change{ref: "refs/heads/main", after: "new"})
	assert.Equal(t, []any{"referenceCreated", "branch", "main", "new"}, []any{created["event"], created["referenceType"], created["referenceName"], created["commitId"]})
	updated := detail(change{ref: "refs/tags/main", before: "old", after: "new"})
	assert.Equal(t, []any{"referenceUpdated", "tag", "main", "old"}, []any{updated["event"], updated["referenceType"], updated["referenceName"], updated["oldCommitId"]})
	assert.Equal(t, "referenceDeleted", detail(change{ref: "refs/heads/x", before: "old"})["event"])
}
