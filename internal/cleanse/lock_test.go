package cleanse

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTwoRunsDoNotShareABundleFolder has one process hold it: both would give their rounds the same id, and one bundle would be lost.
func TestTwoRunsDoNotShareABundleFolder(t *testing.T) {
	s := newScene(t, true)
	unlock, err := s.store.Lock()
	require.NoError(t, err)
	before := s.refs()
	_, err = Run(context.Background(), s.o)
	require.ErrorContains(t, err, "another fleet cleanse works with the bundle folder")
	assert.Equal(t, before, s.refs())
	unlock()
	_, err = Run(context.Background(), s.o)
	require.NoError(t, err)
	unlock, err = s.store.Lock()
	require.NoError(t, err)
	_, err = Undo(context.Background(), s.o, "")
	require.ErrorContains(t, err, "another fleet cleanse works with the bundle folder")
	unlock()
	_, err = Undo(context.Background(), s.o, "")
	require.NoError(t, err)
	assert.Equal(t, before, s.refs())
}

// TestWhatAKilledRunLeftIsRemovedByTheNext is about clones that hold the secret.
func TestWhatAKilledRunLeftIsRemovedByTheNext(t *testing.T) {
	s := newScene(t, true)
	killed, busy := filepath.Join(s.o.Temp, prefix+"killed"), filepath.Join(s.o.Temp, prefix+"busy")
	young, old := filepath.Join(s.o.Temp, prefix+"young"), filepath.Join(s.o.Temp, prefix+"old")
	for _, folder := range []string{killed, busy, young, old} {
		require.NoError(t, os.MkdirAll(filepath.Join(folder, "mirror"), 0o700))
	}
	require.NoError(t, os.WriteFile(filepath.Join(killed, folderLock), nil, 0o600))
	held, err := lockFile(filepath.Join(busy, folderLock))
	require.NoError(t, err)
	defer held.Close()
	require.NoError(t, os.Chtimes(old, time.Time{}, time.Now().Add(-2*ownerless)))
	_, err = Run(context.Background(), s.o)
	require.NoError(t, err)
	assert.NoDirExists(t, killed)
	assert.NoDirExists(t, old)
	assert.DirExists(t, busy, "another process works in it")
	assert.DirExists(t, young, "another process may be about to")
}

// TestUndoOfANamedRunCanBeRepeated is about a push that a killed process left behind, and that lands after the undo.
func TestUndoOfANamedRunCanBeRepeated(t *testing.T) {
	s := newScene(t, true)
	before := s.refs()
	result, err := Run(context.Background(), s.o)
	require.NoError(t, err)
	gitIn(t, s.dir, "branch", "landed", "main")
	_, err = Undo(context.Background(), s.o, "")
	require.NoError(t, err)
	gitIn(t, s.dir, "update-ref", "refs/heads/main", "landed")
	gitIn(t, s.dir, "branch", "-D", "landed")
	_, err = Undo(context.Background(), s.o, result.Run)
	require.NoError(t, err)
	assert.Equal(t, before, s.refs())
}

// TestALockEndsThoughAProgramHasACopyOfItsFile is what happens where another goroutine is just starting a program.
func TestALockEndsThoughAProgramHasACopyOfItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	file, err := lockFile(path)
	require.NoError(t, err)
	inherited, err := syscall.Dup(int(file.Fd()))
	require.NoError(t, err)
	defer func() { require.NoError(t, syscall.Close(inherited)) }()
	_, err = lockFile(path)
	require.ErrorIs(t, err, errBusy)
	release(file)
	again, err := lockFile(path)
	require.NoError(t, err)
	release(again)
}
