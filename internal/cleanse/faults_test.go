package cleanse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errKilled = errors.New("killed")

// steps counts what a run does to the outside: programs and writes to the store. At one of them something happens.
type steps struct {
	mutex  sync.Mutex
	remote string
	store  Store
	count  int
	at     int // the step of the fault; 0: none
	what   func(remote bool) (ran, dead bool, err error)
	dead   bool
	far    []bool // whether each step spoke to the remote
}

// step is called before what do does; it decides whether do is done.
func (s *steps) step(far bool, do func() error) error {
	s.mutex.Lock()
	s.count++
	s.far = append(s.far, far)
	hit := s.count == s.at && s.what != nil
	dead := s.dead
	s.mutex.Unlock()
	if dead {
		return errKilled
	}
	if !hit {
		return do()
	}
	run, died, err := s.what(far)
	if run {
		err = errors.Join(do(), err)
	}
	if died {
		s.mutex.Lock()
		s.dead = true
		s.mutex.Unlock()
		return errKilled
	}
	return err
}

func (s *steps) Run(ctx context.Context, c Command) error {
	far := false
	for _, arg := range c.Args {
		far = far || arg == s.remote
	}
	return s.step(far, func() error { return programs{}.Run(ctx, c) })
}

func (s *steps) Put(ctx context.Context, name string, body io.Reader) error {
	return s.step(false, func() error { return s.store.Put(ctx, name, body) })
}

func (s *steps) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if s.dead {
		return nil, errKilled
	}
	return s.store.Get(ctx, name)
}

func (s *steps) List(ctx context.Context) ([]string, error) { return s.store.List(ctx) }

// scene is a small repository with a leak, and somebody who has a clone of it.
type scene struct {
	remote
	t      *testing.T
	secret string
	user   string            // the clone
	want   map[string]string // refs as their owners left them
	loose  map[string]bool   // refs that their owner deleted: undo may bring them back
	o      Options
	store  Folder
}

func newScene(t *testing.T, atomic bool) *scene {
	s := &scene{remote: newRemote(t), t: t, secret: keyID(11), store: Folder(t.TempDir()), loose: map[string]bool{}}
	s.commit("start", map[string]string{"README.md": "a catalog\n"})
	s.git("branch", "clean")
	s.commit("oops", map[string]string{"a.txt": "key " + s.secret + "\n"})
	s.git("tag", "-a", "v1", "-m", "one")
	s.commit("remove", map[string]string{"a.txt": "key\n"})
	s.git("branch", "side")
	s.git("branch", "gone")
	s.commit("more", map[string]string{"b.txt": "b\n"})
	s.push()
	s.user = filepath.Join(t.TempDir(), "user")
	gitIn(t, t.TempDir(), "clone", "-q", s.address(), s.user)
	s.want = s.refs()
	if !atomic {
		gitIn(t, s.dir, "config", "receive.advertiseAtomic", "false")
	}
	s.o = s.options("")
	s.o.Scan = scanFor(s.secret)
	s.o.Store = s.store
	return s
}

// try pushes as somebody with an old clone does; what the server took is remembered.
func (s *scene) try(ref, id string, force bool) {
	spec := id + ":" + ref
	if force {
		spec = "+" + spec
	}
	if _, err := tryGit(s.user, "push", "-q", s.address(), spec); err != nil {
		return
	}
	if id == "" {
		delete(s.want, ref)
		s.loose[ref] = true
		return
	}
	s.want[ref] = gitIn(s.t, s.user, "rev-parse", id)
}

// happenings are what others do meanwhile.
var happenings = map[string]func(s *scene){
	"a commit": func(s *scene) {
		gitIn(s.t, s.user, "commit", "-q", "--allow-empty", "-m", "by somebody else")
		s.try("refs/heads/main", "HEAD", false)
	},
	"a commit on an old branch": func(s *scene) {
		gitIn(s.t, s.user, "checkout", "-q", "-B", "side", "origin/side")
		gitIn(s.t, s.user, "commit", "-q", "--allow-empty", "-m", "by somebody else")
		s.try("refs/heads/side", "HEAD", false)
	},
	"a new branch":       func(s *scene) { s.try("refs/heads/new", "origin/main", false) },
	"a new clean branch": func(s *scene) { s.try("refs/heads/new", "origin/clean", false) },
	"a deleted branch":   func(s *scene) { s.try("refs/heads/gone", "", false) },
	"a moved tag":        func(s *scene) { s.try("refs/tags/v1", "origin/main", true) },
}

// servers misbehave from a step on; mend ends that.
var servers = map[string]func(s *scene) (mend func()){
	"a hook that refuses one ref": func(s *scene) func() {
		hook := filepath.Join(s.dir, "hooks", "update")
		require.NoError(s.t, os.MkdirAll(filepath.Dir(hook), 0o755))
		require.NoError(s.t, os.WriteFile(hook, []byte("#!/bin/sh\n[ \"$1\" != refs/heads/side ]\n"), 0o755))
		return func() { require.NoError(s.t, os.Remove(hook)) }
	},
	"a server that takes no push": func(s *scene) func() {
		hook := filepath.Join(s.dir, "hooks", "pre-receive")
		require.NoError(s.t, os.MkdirAll(filepath.Dir(hook), 0o755))
		require.NoError(s.t, os.WriteFile(hook, []byte("#!/bin/sh\necho read-only >&2; exit 1\n"), 0o755))
		return func() { require.NoError(s.t, os.Remove(hook)) }
	},
}

// fault is one thing that goes wrong at one step.
type fault struct {
	name   string
	atomic bool
	at     int
}

func (f fault) String() string {
	return fmt.Sprintf("%s at step %d, atomic %v", f.name, f.at, f.atomic)
}

// faults lists all of them: every kind at every step at which it can happen.
func faults(t *testing.T) (all []fault) {
	for _, atomic := range []bool{true, false} {
		s := newScene(t, atomic)
		counter := &steps{remote: s.address(), store: s.store}
		s.o.Runner, s.o.Store = counter, counter
		_, err := Run(context.Background(), s.o)
		require.NoError(t, err)
		for i, far := range counter.far {
			names := []string{"killed before", "killed after", "disk full"}
			if far {
				names = append(names, "no network", "answer lost")
			}
			names = append(names, slices.Sorted(maps.Keys(happenings))...)
			if i == 0 || far {
				names = append(names, slices.Sorted(maps.Keys(servers))...)
			}
			for _, name := range names {
				all = append(all, fault{name, atomic, i + 1})
			}
		}
	}
	return all
}

// inject arranges a fault; mend ends what lasts.
func (f fault) inject(s *scene, counter *steps) (mend func()) {
	lasting := func() {}
	counter.at = f.at
	counter.what = func(bool) (run, dead bool, err error) {
		switch f.name {
		case "killed before":
			return false, true, nil
		case "killed after":
			return true, true, nil
		case "disk full":
			return false, false, syscall.ENOSPC
		case "no network":
			return false, false, &Failure{Program: "git", Code: 128, Stderr: "fatal: unable to access: Could not resolve host"}
		case "answer lost":
			return true, false, &Failure{Program: "git", Code: 128, Stderr: "fatal: the remote end hung up unexpectedly"}
		}
		if happen, ok := happenings[f.name]; ok {
			happen(s)
		} else {
			lasting = servers[f.name](s)
		}
		return true, false, nil
	}
	return func() { lasting() }
}

// images are an id and what any round made of it.
func (s *scene) images(id string) []string {
	journals, err := Journals(context.Background(), s.store)
	require.NoError(s.t, err)
	found := []string{id}
	for _, j := range journals {
		for _, known := range found {
			if made := j.Commits[known]; made != "" {
				found = append(found, made)
			}
			for _, change := range j.Changes { // tags are objects of their own
				if change.Old == known && change.New != "" {
					found = append(found, change.New)
				}
			}
		}
	}
	return found
}

// nothingLost demands that every ref is where its owner left it, or at what a round made of that.
func (s *scene) nothingLost(when string) {
	now := s.refs()
	for ref, id := range s.want {
		assert.Contains(s.t, s.images(id), now[ref], "%s: %s", when, ref)
	}
	for ref := range now {
		if s.want[ref] == "" {
			assert.True(s.t, s.loose[ref], "%s: %s came from nowhere", when, ref)
		}
	}
}

func TestNoFaultLosesACommitOrLeavesWhatCannotBeResumedAndUndone(t *testing.T) {
	all := faults(t)
	require.Greater(t, len(all), 200)
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	n := 8
	if full() {
		n = 220
	}
	for _, f := range all[:n] {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, f.atomic)
			counter := &steps{remote: s.address(), store: s.store}
			mend := f.inject(s, counter)
			broken := s.o
			broken.Runner, broken.Store = counter, counter
			_, err := Run(context.Background(), broken)
			if err != nil {
				assert.NotContains(t, err.Error(), s.secret)
			}
			s.nothingLost("after the fault")
			mend()
			comeBack(t, s)
		})
	}
}

// comeBack runs again without a fault, which must purge everything, and undoes it, which must bring every ref back.
func comeBack(t *testing.T, s *scene) {
	_, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	s.nothingLost("after running again")
	assert.Empty(t, s.holders(s.secret), "after running again")
	before := s.refs()
	for {
		_, err := Undo(context.Background(), s.o, "")
		if err != nil && strings.Contains(err.Error(), "there is no run") {
			break
		}
		if err != nil && strings.Contains(err.Error(), "somebody pushed to") {
			return // what was pushed on top of a rewritten ref is kept, and said
		}
		require.NoError(t, err)
	}
	now := s.refs()
	for ref := range s.loose {
		if s.want[ref] == "" {
			delete(now, ref)
		}
	}
	assert.Equal(t, s.want, now, "after undoing; before it %v", before)
}

// TestARunThatIsKilledCanBeResumed kills a process of its own with SIGKILL, at a few steps.
func TestARunThatIsKilledCanBeResumed(t *testing.T) {
	n := 2
	if full() {
		n = 12
	}
	for i := range n {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, i%2 == 0)
			killed := kill(t, s, 14+2*i)
			require.True(t, killed)
			s.nothingLost("after the kill")
			comeBack(t, s)
		})
	}
}
