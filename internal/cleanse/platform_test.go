package cleanse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// platform is a Barrier, Keys and Recreator that writes down what it is asked.
type platform struct {
	said   []string
	key    string
	fail   map[string]error
	closed func()

	recreated func()
	Local
}

func (p *platform) Close(context.Context) error {
	p.said = append(p.said, "close")
	if p.closed != nil {
		p.closed()
	}
	return p.fail["close"]
}

func (p *platform) Open(context.Context) error {
	p.said = append(p.said, "open")
	return p.fail["open"]
}

func (p *platform) Deactivate(_ context.Context, id string) (string, error) {
	p.said = append(p.said, "deactivate")
	p.key = id
	return "deactivated " + id, p.fail["deactivate"]
}

func (p *platform) Inspect(context.Context) (json.RawMessage, error) {
	p.said = append(p.said, "inspect")
	return json.RawMessage(`{"tag":1}`), p.fail["inspect"]
}

func (p *platform) Recreate(ctx context.Context, settings json.RawMessage) error {
	p.said = append(p.said, "recreate "+compact(settings))
	if err := p.fail["recreate"]; err != nil {
		return err
	}
	if p.recreated != nil {
		defer p.recreated()
	}
	return p.Local.Recreate(ctx, settings)
}

// compact forgets white space, which the journal adds.
func compact(settings json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Compact(&out, settings); err != nil {
		return err.Error()
	}
	return out.String()
}

func (p *platform) Settle(_ context.Context, settings json.RawMessage) error {
	p.said = append(p.said, "settle "+compact(settings))
	return p.fail["settle"]
}

func TestKeysAreDeactivatedFirstAndOthersAreKeptOutDuringThePush(t *testing.T) {
	s := newScene(t, true)
	p := &platform{fail: map[string]error{}}
	s.o.Keys, s.o.Barrier = p, p
	before := s.refs()
	p.closed = func() { assert.Equal(t, before, s.refs(), "nothing was pushed before") }
	result, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	assert.Equal(t, []string{"deactivate", "close", "open"}, p.said)
	assert.Equal(t, s.secret, p.key)
	require.Len(t, result.Rotated, 1)
	assert.Contains(t, result.Rotated[0], "deactivated")
	assert.NotContains(t, result.Rotated[0], s.secret)
}

func TestAPlatformThatRefusesStopsTheRunInTime(t *testing.T) {
	for name, row := range map[string]struct {
		fails, says string
		unchanged   bool
	}{
		"a key that stays active":  {"deactivate", "cannot be deactivated: no: nothing was changed in the repository", true},
		"a freeze that fails":      {"close", "cannot be frozen: no: nothing was changed", true},
		"a freeze that cannot end": {"open", "the repository is still frozen: no", false},
		"settings unread":          {"inspect", "its settings cannot be read: no: it stays as it is", false},
		"a recreation that fails":  {"recreate", "cannot be made again: no: run again", false},
		"settings not given":       {"settle", "but not all of its settings: no: run again", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, true)
			p := &platform{fail: map[string]error{row.fails: errors.New("no")}, Local: LocalOf(s.address())}
			s.o.Keys, s.o.Barrier, s.o.Recreate = p, p, p
			before := s.refs()
			_, err := Run(context.Background(), s.o)
			require.ErrorContains(t, err, row.says)
			assert.Equal(t, row.unchanged, fmt.Sprint(before) == fmt.Sprint(s.refs()))
			p.fail = map[string]error{}
			_, err = Run(context.Background(), s.o)
			require.NoError(t, err)
			assert.Empty(t, s.holders(s.secret))
		})
	}
}

func TestARecreatedRepositoryHasNoOldObjectAndCanStillBeUndone(t *testing.T) {
	s := newScene(t, true)
	s.o.Recreate = LocalOf(s.address())
	old := gitIn(t, s.dir, "rev-parse", "main")
	hook := filepath.Join(s.dir, "hooks", "kept")
	require.NoError(t, os.MkdirAll(filepath.Dir(hook), 0o755))
	require.NoError(t, os.WriteFile(hook, []byte("#!/bin/sh\n"), 0o755))
	_, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	_, err = tryGit(s.dir, "cat-file", "-e", old)
	require.Error(t, err, "an old commit cannot be read by its id")
	assert.FileExists(t, hook)
	s.nothingLost("after making it again")
	_, err = Undo(context.Background(), s.o, "")
	require.NoError(t, err)
	assert.Equal(t, s.want, s.refs())
}

func TestARepositoryIsMadeAgainWithItsSettingsWhileOthersAreKeptOut(t *testing.T) {
	s := newScene(t, true)
	p := &platform{fail: map[string]error{"settle": errors.New("no")}, Local: LocalOf(s.address())}
	s.o.Barrier, s.o.Recreate = p, p
	_, err := Run(context.Background(), s.o)
	require.Error(t, err)
	assert.Equal(t, []string{"close", "inspect", "recreate {\"tag\":1}", "settle {\"tag\":1}", "open"}, p.said)
	p.said, p.fail = nil, map[string]error{}
	result, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	assert.True(t, result.Recreated)
	assert.Equal(t, []string{"close", "settle {\"tag\":1}", "open"}, p.said, "another process goes on by the journal, and deletes nothing twice")
}

// TestARepositoryWithoutASecretCanBeMadeAgain is what an administrator does after the pipeline has purged.
func TestARepositoryWithoutASecretCanBeMadeAgain(t *testing.T) {
	s := newScene(t, true)
	purge := s.o
	_, err := Run(context.Background(), purge)
	require.NoError(t, err)
	old := s.want["refs/heads/main"]
	_, err = tryGit(s.dir, "cat-file", "-e", old)
	require.NoError(t, err, "the server keeps old objects")
	now := s.refs()

	s.o.Store = Folder(t.TempDir()) // of another person
	s.o.Recreate = LocalOf(s.address())
	result, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	assert.True(t, result.Recreated)
	assert.Nil(t, result.Plan)
	assert.Equal(t, now, s.refs())
	_, err = tryGit(s.dir, "cat-file", "-e", old)
	require.Error(t, err)
	_, err = Undo(context.Background(), s.o, "")
	require.ErrorContains(t, err, "there is no run", "no ref was changed")
	_, err = Undo(context.Background(), purge, "")
	require.NoError(t, err)
	assert.Equal(t, s.want, s.refs(), "the purge before it can still be undone")
}

func TestARepositoryThatSomebodyPushesToIsNotMadeAgain(t *testing.T) {
	s := newScene(t, true)
	_, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	clone := filepath.Join(t.TempDir(), "new")
	gitIn(t, t.TempDir(), "clone", "-q", s.address(), clone)
	p := &platform{fail: map[string]error{}, Local: LocalOf(s.address()), closed: func() {
		gitIn(t, clone, "commit", "-q", "--allow-empty", "-m", "meanwhile")
		gitIn(t, clone, "push", "-q", "origin", "HEAD:main")
	}}
	s.o.Barrier, s.o.Recreate = p, p
	_, err = Run(context.Background(), s.o)
	require.ErrorContains(t, err, "somebody pushed before the repository was made again")
	assert.Equal(t, gitIn(t, clone, "rev-parse", "HEAD"), s.refs()["refs/heads/main"])
	assert.NotContains(t, strings.Join(p.said, " "), "recreate")
}

// TestALocalRepositoryIsMadeAgainFromWhereverItWasCutOff goes through the renames of Local.Recreate.
func TestALocalRepositoryIsMadeAgainFromWhereverItWasCutOff(t *testing.T) {
	r := newRemote(t)
	r.commit("start", map[string]string{"a.txt": "a"})
	r.push()
	gitIn(t, r.dir, "config", "fleet.kept", "yes")
	require.NoError(t, os.Rename(r.dir, r.dir+".gone"))
	local := LocalOf(r.address())
	require.Equal(t, Local(r.dir), local)
	require.NoError(t, local.Recreate(context.Background(), nil))
	assert.Equal(t, "yes", gitIn(t, r.dir, "config", "fleet.kept"))
	assert.Empty(t, r.refs())
	assert.NoDirExists(t, r.dir+".gone")
	require.NoError(t, os.RemoveAll(r.dir))
	assert.Empty(t, LocalOf(r.address()))
	require.ErrorContains(t, local.Recreate(context.Background(), nil), "is gone: restore it from its bundle")
}

func TestAKillWhileTheRepositoryIsMadeAgainLosesNothing(t *testing.T) {
	s := newScene(t, true)
	s.o.Recreate = LocalOf(s.address())
	counter := &steps{remote: s.address(), store: s.store}
	o := s.o
	o.Runner, o.Store = counter, counter
	_, err := Run(context.Background(), o)
	require.NoError(t, err)
	total := counter.count
	places := []int{5}
	if full() {
		places = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	}
	for _, back := range places {
		t.Run(fmt.Sprint(back), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, true)
			s.o.Recreate = LocalOf(s.address())
			counter := &steps{remote: s.address(), store: s.store, at: total - back, what: func(bool) (bool, bool, error) { return false, true, nil }}
			o := s.o
			o.Runner, o.Store = counter, counter
			_, err := Run(context.Background(), o)
			require.Error(t, err)
			if journals, _ := Journals(context.Background(), s.store); journals[0].State == Recreating {
				_, err = Undo(context.Background(), s.o, "")
				require.ErrorContains(t, err, "let fleet cleanse run --recreate finish")
			}
			_, err = Run(context.Background(), s.o)
			require.NoError(t, err)
			s.nothingLost("after running again")
			assert.Empty(t, s.holders(s.secret))
		})
	}
}

func TestUndoRefusesWhereItWouldLoseAPush(t *testing.T) {
	s := newScene(t, true)
	_, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "new")
	gitIn(t, t.TempDir(), "clone", "-q", s.address(), dir)
	gitIn(t, dir, "commit", "-q", "--allow-empty", "-m", "on top of the new history")
	gitIn(t, dir, "push", "-q", "origin", "main")
	before := s.refs()
	_, err = Undo(context.Background(), s.o, "")
	require.ErrorContains(t, err, "somebody pushed to refs/heads/main, which undoing would lose: nothing was changed")
	assert.Equal(t, before, s.refs())
}

func TestABundleThatWasChangedIsNotTrusted(t *testing.T) {
	s := newScene(t, true)
	result, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	file := filepath.Join(string(s.store), result.Run, bundleFile)
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(body, 'x'), 0o600))
	before := s.refs()
	_, err = Undo(context.Background(), s.o, "")
	require.ErrorContains(t, err, "is not what was stored")
	assert.Equal(t, before, s.refs())
}

func TestNothingOfARunIsLeftOnThisMachineButTheStoreWhichIsPrivate(t *testing.T) {
	s := newScene(t, true)
	watch := &arguments{}
	s.o.Runner = watch
	_, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	left, err := os.ReadDir(s.o.Temp)
	require.NoError(t, err)
	assert.Empty(t, left)
	info, err := os.Stat(string(s.store))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	assert.NotContains(t, strings.Join(watch.all, "\n"), s.secret, "no argument and no variable holds the value")
}

// arguments remembers what programs were given.
type arguments struct{ all []string }

func (a *arguments) Run(ctx context.Context, c Command) error {
	a.all = append(append(a.all, c.Args...), c.Env...)
	return programs{}.Run(ctx, c)
}

func TestNoArgumentHoldsTheNameOfARefWithTheSecret(t *testing.T) {
	s := newScene(t, true)
	s.git("branch", "use-"+s.secret)
	s.push()
	before := s.refs()
	watch := &arguments{}
	s.o.Runner = watch
	_, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	assert.NotContains(t, strings.Join(watch.all, "\n"), s.secret)
	for ref := range s.refs() {
		assert.NotContains(t, ref, s.secret)
	}
	_, err = Undo(context.Background(), s.o, "")
	require.NoError(t, err)
	assert.Equal(t, before, s.refs())
	assert.NotContains(t, strings.Join(watch.all, "\n"), s.secret)
}

func TestManyRefsGoInSeveralPushes(t *testing.T) {
	for _, atomic := range []bool{true, false} { // 19 refs change: branches, what the work clone knows of them, a tag
		s := newScene(t, atomic)
		for i := range 12 {
			s.git("branch", fmt.Sprintf("b%d", i))
		}
		s.push()
		watch := &arguments{}
		s.o.Runner, s.o.PerPush = watch, 4
		_, err := Run(context.Background(), s.o)
		require.NoError(t, err)
		assert.Empty(t, s.holders(s.secret))
		pushes := strings.Count(strings.Join(watch.all, "\n"), "\npush\n")
		if atomic {
			assert.Equal(t, 5, pushes)
		} else {
			assert.Greater(t, pushes, 12)
		}
	}
}
