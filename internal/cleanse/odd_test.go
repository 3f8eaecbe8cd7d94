package cleanse

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAHeadThatLeadsToACommitByItselfIsTold is about a server whose HEAD is detached: no push changes it.
func TestAHeadThatLeadsToACommitByItselfIsTold(t *testing.T) {
	s := newScene(t, true)
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "HEAD"), []byte(s.git("rev-parse", "main")+"\n"), 0o600))
	_, err := Run(context.Background(), s.o)
	require.ErrorContains(t, err, "its HEAD still leads to the old commit "+s.git("rev-parse", "main"))
	seen, err := Verify(context.Background(), s.o)
	require.NoError(t, err)
	assert.Contains(t, strings.Join(seen.Problems, "\n"), "came back")
	gitIn(t, s.dir, "symbolic-ref", "HEAD", "refs/heads/main")
	seen, err = Verify(context.Background(), s.o)
	require.NoError(t, err)
	assert.Empty(t, seen.Problems)
}

// TestTheKindOfARefStays purges a word that is a part of every name of a branch.
func TestTheKindOfARefStays(t *testing.T) {
	s := newScene(t, true)
	s.commit("x", map[string]string{"c.txt": "all heads\n"})
	s.git("branch", "two-heads")
	s.push()
	s.o.Values, s.o.Confirm = [][]byte{[]byte("heads")}, func(Secret) bool { return true }
	_, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	assert.NotEmpty(t, s.refs()["refs/heads/two-XXXXX"])
	assert.NotEmpty(t, s.refs()["refs/heads/main"])
}

// TestAPlanSaysWhereItDoesNotLook has a file of Git LFS.
func TestAPlanSaysWhereItDoesNotLook(t *testing.T) {
	s := newScene(t, true)
	s.commit("x", map[string]string{"c.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("a", 64) + "\nsize 12\n"})
	s.push()
	plan, err := MakePlan(context.Background(), s.o)
	require.NoError(t, err)
	assert.Contains(t, strings.Join(plan.Warnings, "\n"), "files of Git LFS")
}

// TestNoMessageHoldsAPartOfASecret has servers say so much that a value is where a message is cut.
func TestNoMessageHoldsAPartOfASecret(t *testing.T) {
	s := newScene(t, true)
	said := strings.Repeat("x", 30) + s.secret + strings.Repeat("y", longestShown-10)
	counter := &steps{remote: s.address(), store: s.store, at: 3, what: func(bool) (bool, bool, error) {
		return false, false, &Failure{Program: "git", Code: 1, Stderr: said}
	}}
	s.o.Runner, s.o.Values = counter, [][]byte{[]byte(s.secret)}
	_, err := Run(context.Background(), s.o)
	require.ErrorContains(t, err, "yyy")
	assert.NotContains(t, err.Error(), s.secret[len(s.secret)-6:])
}

func TestNoMessageHoldsTheCredentialsOfAnAddress(t *testing.T) {
	for remote, shown := range map[string]string{
		"https://u" + ":p$a(ss%2@host/r": "https://host/r", "https://u@host/r": "https://host/r", "https://u" + ":a@b@host/r": "https://host/r", "ssh://git@host/r": "ssh://host/r",
		"git@host:r": "git@host:r", "https://host/a@b": "https://host/a@b",
	} {
		assert.Equal(t, shown, (&Cleansing{Options: Options{Remote: remote}}).address())
	}
}

// TestUndoDoesNotSayTheNameOfARefWithTheSecret is about a branch that was renamed, and that an old clone brings back.
func TestUndoDoesNotSayTheNameOfARefWithTheSecret(t *testing.T) {
	s := newScene(t, true)
	s.git("branch", "use-"+s.secret)
	s.push()
	_, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	s.git("push", "-q", "origin", "clean:refs/heads/use-"+s.secret)
	_, err = Undo(context.Background(), s.o, "")
	require.ErrorContains(t, err, "nothing was changed")
	assert.NotContains(t, err.Error(), s.secret)
}

// TestARelativeAddressIsThatOfTheClone is about an address that git takes from the top of the clone.
func TestARelativeAddressIsThatOfTheClone(t *testing.T) {
	r := newRemote(t)
	r.commit("start", map[string]string{"d/a.txt": "a\n"})
	r.git("remote", "set-url", "origin", "../remote.git")
	address, _, err := Examine(context.Background(), filepath.Join(r.work, "d"), "origin")
	require.NoError(t, err)
	want, err := filepath.EvalSymlinks(filepath.Dir(r.dir))
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(want, "remote.git"), address)
}

// TestAFailureAfterThePushSaysThatItIsDone has the last scan fail.
func TestAFailureAfterThePushSaysThatItIsDone(t *testing.T) {
	s := newScene(t, true)
	scan, scans := s.o.Scan, 0
	s.o.Scan = func(ctx context.Context, dir string) (Scanned, error) {
		if scans++; scans == 3 {
			return Scanned{}, errors.New("no space left on device")
		}
		return scan(ctx, dir)
	}
	result, err := Run(context.Background(), s.o)
	require.ErrorContains(t, err, "are pushed (fleet cleanse undo "+result.Run+" goes back), and the look at a fresh clone failed: no space left on device")
	assert.Empty(t, s.holders(s.secret))
}
