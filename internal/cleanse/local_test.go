package cleanse

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
)

// TestWhatWasPushedWhileALocalRepositoryIsReplacedStays pushes between the last look and the rename.
func TestWhatWasPushedWhileALocalRepositoryIsReplacedStays(t *testing.T) {
	s := newScene(t, true)
	local := LocalOf(s.address())
	settings, err := local.Inspect(context.Background())
	require.NoError(t, err)
	s.commit("meanwhile", map[string]string{"c.txt": "c\n"})
	s.push()
	before := s.refs()
	require.ErrorContains(t, local.Recreate(context.Background(), settings), "somebody pushed meanwhile, so it stays as it is")
	assert.Equal(t, before, s.refs())
	assert.NoDirExists(t, s.dir+aside)
}

// TestALocalRepositoryKeepsWhatIsNotItsHistory is about who may write to it, what LFS holds, and a link that leads to it.
func TestALocalRepositoryKeepsWhatIsNotItsHistory(t *testing.T) {
	s := newScene(t, true)
	gatetest.Write(t, s.dir, map[string]string{"lfs/objects/aa": "large\n"})
	for _, folder := range []string{"", "refs/heads", "objects"} {
		require.NoError(t, os.Chmod(filepath.Join(s.dir, folder), 0o770|os.ModeSetgid))
	}
	link := filepath.Join(t.TempDir(), "link.git")
	require.NoError(t, os.Symlink(s.dir, link))
	assert.Equal(t, Local(s.dir), LocalOf(link))
	assert.Empty(t, LocalOf(s.work+"/.git"), "it has a work tree")
	s.o.Recreate = LocalOf(link)
	result, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	require.True(t, result.Recreated)
	assert.FileExists(t, filepath.Join(s.dir, "lfs", "objects", "aa"))
	for _, folder := range []string{"", "refs/heads", "objects"} {
		info, err := os.Stat(filepath.Join(s.dir, folder))
		require.NoError(t, err)
		assert.Equal(t, 0o770|os.ModeSetgid, info.Mode()&(os.ModePerm|os.ModeSetgid), folder)
	}
	assert.NoDirExists(t, s.dir+aside)
}

// cutOff is a run that is killed when the repository was made again, before it could write that down, and somebody who is faster.
func cutOff(t *testing.T, then func(s *scene)) *scene {
	s := newScene(t, true)
	s.o.Recreate = LocalOf(s.address())
	o := s.o
	counter := &steps{remote: s.address(), store: s.store}
	o.Runner, o.Store = counter, counter
	o.Recreate = &platform{fail: map[string]error{}, Local: LocalOf(s.address()), recreated: func() { counter.dead = true }}
	_, err := Run(context.Background(), o)
	require.ErrorIs(t, err, errKilled)
	require.Empty(t, s.refs())
	then(s)
	return s
}

func TestAPushToTheNewRepositoryBeforeItsHistoryIsThereLosesNothing(t *testing.T) {
	s := cutOff(t, func(s *scene) {
		s.git("checkout", "-q", "--orphan", "mine")
		s.commit("mine", map[string]string{"mine.txt": "m\n"})
		s.git("push", "-q", "origin", "mine")
	})
	_, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	assert.Equal(t, s.git("rev-parse", "mine"), s.refs()["refs/heads/mine"])
	assert.NotEmpty(t, s.refs()["refs/heads/main"])
	assert.Empty(t, s.holders(s.secret))
	// commits that the cleansing did not change are no sign that the old repository is still there
	s = cutOff(t, func(s *scene) { s.git("push", "-q", "origin", "clean:main") })
	_, err = Run(context.Background(), s.o)
	require.ErrorContains(t, err, "refs/heads/main: these refs were made by somebody")
	assert.Equal(t, s.git("rev-parse", "clean"), s.refs()["refs/heads/main"])
	assert.NotEmpty(t, s.refs()["refs/heads/side"])
	gitIn(t, s.dir, "update-ref", "-d", "refs/heads/main")
	_, err = Run(context.Background(), s.o)
	require.NoError(t, err)
	assert.NotEmpty(t, s.refs()["refs/heads/main"])
}

// TestAMakingAgainThatSomebodyOvertookCanBeRepeated is about a run that was cut off before the repository was emptied.
func TestAMakingAgainThatSomebodyOvertookCanBeRepeated(t *testing.T) {
	s := newScene(t, true)
	s.o.Recreate = LocalOf(s.address())
	o := s.o
	counter := &steps{remote: s.address(), store: s.store}
	o.Runner, o.Store = counter, counter
	o.Recreate = &platform{fail: map[string]error{"recreate": errKilled}, Local: LocalOf(s.address())}
	_, err := Run(context.Background(), o)
	require.ErrorIs(t, err, errKilled)
	dir := filepath.Join(t.TempDir(), "new")
	gitIn(t, t.TempDir(), "clone", "-q", s.address(), dir)
	gitIn(t, dir, "commit", "-q", "--allow-empty", "-m", "meanwhile")
	gitIn(t, dir, "push", "-q", "origin", "main")
	_, err = Run(context.Background(), s.o)
	require.ErrorContains(t, err, "run fleet cleanse run --recreate again")
	result, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	assert.True(t, result.Recreated)
	assert.Equal(t, gitIn(t, dir, "rev-parse", "main"), s.refs()["refs/heads/main"])
}

// TestAPushOnTopOfARefillIsNoConflict is about a run that is killed when the history is there again, before it could write that down.
func TestAPushOnTopOfARefillIsNoConflict(t *testing.T) {
	s := newScene(t, true)
	o := s.o
	counter := &steps{remote: s.address(), store: s.store}
	o.Runner, o.Store = counter, counter
	o.Recreate = &platform{fail: map[string]error{"settle": errKilled}, Local: LocalOf(s.address())}
	_, err := Run(context.Background(), o)
	require.ErrorIs(t, err, errKilled)
	dir := filepath.Join(t.TempDir(), "new")
	gitIn(t, t.TempDir(), "clone", "-q", s.address(), dir)
	gitIn(t, dir, "commit", "-q", "--allow-empty", "-m", "on top")
	gitIn(t, dir, "push", "-q", "origin", "main")
	s.o.Recreate = LocalOf(s.address())
	result, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	assert.True(t, result.Recreated)
	assert.Equal(t, gitIn(t, dir, "rev-parse", "main"), s.refs()["refs/heads/main"])
}

// TestARunWhoseOnlyRefIsBuiltUponIsKnown is about a run that is killed between its push and its journal, and a push on top.
func TestARunWhoseOnlyRefIsBuiltUponIsKnown(t *testing.T) {
	r := newRemote(t)
	bad := r.commit("oops", map[string]string{"a.txt": keyID(41)})
	r.push()
	o := r.options(t.TempDir())
	o.Scan = scanFor(keyID(41))
	result, err := Run(context.Background(), o)
	require.NoError(t, err)
	journals, err := Journals(context.Background(), o.Store)
	require.NoError(t, err)
	journals[0].State, journals[0].Changes[0].Applied = Pushing, false
	c := &Cleansing{Options: o}
	require.NoError(t, c.save(context.Background(), journals[0]))
	dir := filepath.Join(t.TempDir(), "new")
	gitIn(t, t.TempDir(), "clone", "-q", r.address(), dir)
	gitIn(t, dir, "commit", "-q", "--allow-empty", "-m", "on top")
	gitIn(t, dir, "push", "-q", "origin", "main")
	again, err := Run(context.Background(), o)
	require.NoError(t, err)
	assert.Equal(t, result.Run, again.Run)
	assert.NotEmpty(t, again.Commits[bad])
	_, err = Undo(context.Background(), o, "")
	require.ErrorContains(t, err, "which undoing would lose")
}
