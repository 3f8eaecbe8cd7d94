package cleanse

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
)

// remote is a bare repository that a test cleanses, and a clone by which people push to it.
type remote struct {
	t         testing.TB
	dir, work string
}

func gitIn(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := tryGit(dir, args...)
	require.NoError(t, err, "git %v", args)
	return out
}

func tryGit(dir string, args ...string) (string, error) {
	c := exec.Command("git", append([]string{"-C", dir}, args...)...)
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_NO_REPLACE_OBJECTS=1",
		"GIT_AUTHOR_NAME=n", "GIT_AUTHOR_EMAIL=n@example.com", "GIT_COMMITTER_NAME=n", "GIT_COMMITTER_EMAIL=n@example.com")
	out, err := c.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), err
}

func newRemote(t testing.TB) remote {
	t.Helper()
	base := t.TempDir()
	r := remote{t, filepath.Join(base, "remote.git"), filepath.Join(base, "work")}
	gitIn(t, base, "init", "-q", "--bare", "-b", "main", r.dir)
	gitIn(t, base, "init", "-q", "-b", "main", r.work)
	gitIn(t, r.work, "remote", "add", "origin", r.address())
	return r
}

func (r remote) address() string { return "file://" + r.dir }

func (r remote) git(args ...string) string { r.t.Helper(); return gitIn(r.t, r.work, args...) }

func (r remote) commit(message string, files map[string]string) string {
	r.t.Helper()
	gatetest.Write(r.t, r.work, files)
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", message)
	return r.git("rev-parse", "HEAD")
}

// object writes one as it is.
func (r remote) object(kind, body string) string {
	r.t.Helper()
	c := exec.Command("git", "-C", r.work, "hash-object", "-t", kind, "-w", "--literally", "--stdin")
	c.Stdin = strings.NewReader(body)
	out, err := c.Output()
	require.NoError(r.t, err)
	return strings.TrimSpace(string(out))
}

func (r remote) push() { r.t.Helper(); r.git("push", "-q", "origin", "+refs/*:refs/*") }

// refs of the bare repository: name -> id.
func (r remote) refs() map[string]string {
	r.t.Helper()
	return refMap(parseRefs(gitIn(r.t, r.dir, "for-each-ref", "--format=%(objectname) %(refname)"), " "))
}

// keyID makes up an AWS access key id.
func keyID(seed uint64) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	random := rand.New(rand.NewPCG(seed, 1))
	for {
		id := "AKIA"
		for range 16 {
			id += string(letters[random.IntN(len(letters))])
		}
		if entropy([]byte(id)) > leastRandom+0.2 {
			return id
		}
	}
}

func (r remote) options(store string) Options {
	return Options{Remote: r.address(), Locate: gatetest.Locate, Key: []byte("key"), Store: Folder(store), Now: func() time.Time {
		return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	}, Temp: r.t.TempDir(), Progress: testWriter{r.t}}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// holders are the objects of a bare repository that a ref leads to and that hold the bytes, as they are or between NUL bytes.
func (r remote) holders(value string) (ids []string) {
	r.t.Helper()
	listed := gitIn(r.t, r.dir, "rev-list", "--objects", "--no-object-names", "--all")
	c := exec.Command("git", "-C", r.dir, "cat-file", "--batch")
	c.Stdin = strings.NewReader(listed + "\n")
	out, err := c.Output()
	require.NoError(r.t, err)
	for len(out) > 0 {
		line, rest, _ := bytes.Cut(out, []byte("\n"))
		var id, kind string
		var size int
		_, err := fmt.Sscanf(string(line), "%s %s %d", &id, &kind, &size)
		require.NoError(r.t, err)
		body := rest[:size]
		if bytes.Contains(body, []byte(value)) || bytes.Contains(bytes.ReplaceAll(body, []byte{0}, nil), []byte(value)) {
			ids = append(ids, id)
		}
		out = rest[size+1:]
	}
	return ids
}

func TestASecretLeavesTheHistoryAndUndoBringsEveryRefBack(t *testing.T) {
	r := newRemote(t)
	secret := keyID(1)
	before := r.commit("start", map[string]string{"README.md": "a catalog\n", "other.txt": "one\n"})
	r.git("branch", "old")
	bad := r.commit("oops", map[string]string{"app.yaml": "one: 1\nkey: " + secret + "\n", "bin/run": "#!/bin/sh\n"})
	r.commit("remove it", map[string]string{"app.yaml": "one: 1\n"})
	r.git("tag", "-a", "v1", "-m", "first", bad)
	r.push()
	old := r.refs()
	store := t.TempDir()
	result, err := Run(context.Background(), r.options(store))
	require.NoError(t, err)
	assert.Empty(t, r.holders(secret))
	now := r.refs()
	assert.Equal(t, old["refs/heads/old"], now["refs/heads/old"], "what leads to no secret keeps its id")
	assert.Equal(t, before, now["refs/heads/old"])
	assert.NotEqual(t, old["refs/heads/main"], now["refs/heads/main"])
	assert.Equal(t, now["refs/heads/main"], result.Commits[old["refs/heads/main"]])
	assert.Equal(t, gitIn(t, r.dir, "rev-parse", "v1^{commit}"), result.Commits[bad])
	changed := gitIn(t, r.dir, "show", "v1:app.yaml")
	assert.Len(t, changed, len("one: 1\nkey: "+secret))
	assert.True(t, strings.HasPrefix(changed, "one: 1\nkey: "))
	assert.Len(t, result.Commits, 2)

	again, err := Run(context.Background(), r.options(store))
	require.NoError(t, err)
	assert.Nil(t, again.Plan, "there is nothing left to do")
	assert.Equal(t, now, r.refs())

	back, err := Undo(context.Background(), r.options(store), "")
	require.NoError(t, err)
	assert.Equal(t, old, r.refs())
	assert.Equal(t, []string{"refs/heads/main", "refs/tags/v1"}, back.Restored)
}
