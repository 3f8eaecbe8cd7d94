package rehearsal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newShell(t *testing.T, interpreter string) (*shell, func() string) {
	t.Helper()
	dir := t.TempDir()
	output, err := os.Create(filepath.Join(dir, "log"))
	require.NoError(t, err)
	s := &shell{interpreter: interpreter, dir: dir, output: output, folder: dir, environment: []string{"PATH=/usr/bin:/bin", "GIVEN=yes"}}
	t.Cleanup(func() {
		_ = s.stop()
		output.Close()
	})
	return s, func() string {
		body, err := os.ReadFile(output.Name())
		require.NoError(t, err)
		return string(body)
	}
}

func TestCommandsShareOneShell(t *testing.T) {
	for _, interpreter := range []string{"bash", "sh"} {
		t.Run(interpreter, func(t *testing.T) {
			s, log := newShell(t, interpreter)
			for _, text := range []string{"mkdir here && cd here", "export NAME=value; local_one=1", `echo "$NAME $local_one $GIVEN $(basename "$PWD")"`} {
				status, err := s.exec(t.Context(), text)
				require.NoError(t, err)
				assert.Zero(t, status)
			}
			assert.Equal(t, "value 1 yes here\n", log())
			value, ok := s.lookup("NAME")
			assert.True(t, ok)
			assert.Equal(t, "value", value)
		})
	}
}

func TestFailedCommandKeepsTheShellWithoutErrexit(t *testing.T) {
	s, log := newShell(t, "bash")
	status, err := s.exec(t.Context(), "state=kept; false")
	require.NoError(t, err)
	assert.Equal(t, 1, status)
	_, err = s.exec(t.Context(), `echo "$state"`)
	require.NoError(t, err)
	assert.Equal(t, "kept\n", log())
}

func TestErrexitEndsTheShellAndTheNextOneKeepsTheEnvironment(t *testing.T) {
	s, log := newShell(t, "bash")
	for text, want := range map[string]int{"set -euo pipefail; export KEPT=1; cd /": 0} {
		status, err := s.exec(t.Context(), text)
		require.NoError(t, err)
		assert.Equal(t, want, status)
	}
	status, err := s.exec(t.Context(), "(exit 3) | cat\necho not reached")
	require.NoError(t, err)
	assert.Equal(t, 3, status)
	status, err = s.exec(t.Context(), `echo "$KEPT $PWD"`)
	require.NoError(t, err)
	assert.Zero(t, status)
	assert.Equal(t, "1 /\n", log())
}

func TestUnsetVariableAndExitAreStatuses(t *testing.T) {
	s, _ := newShell(t, "bash")
	for _, test := range []struct {
		text string
		want int
	}{{"exit 7", 7}, {"set -u; echo $nope", 127}, {"exit 0", 0}, {"no-such-program", 127}, {"kill -9 $$", 137}} {
		status, err := s.exec(t.Context(), test.text)
		require.NoError(t, err)
		assert.Equal(t, test.want, status, test.text)
	}
}

func TestCommandsReadNoInput(t *testing.T) {
	s, log := newShell(t, "bash")
	status, err := s.exec(t.Context(), "cat; echo done")
	require.NoError(t, err)
	assert.Zero(t, status)
	assert.Equal(t, "done\n", log())
}

func TestBackgroundChildrenEndWithTheShell(t *testing.T) {
	s, log := newShell(t, "bash")
	status, err := s.exec(t.Context(), "sleep 300 & echo $!")
	require.NoError(t, err)
	assert.Zero(t, status)
	require.NoError(t, s.stop())
	assertGone(t, strings.TrimSpace(log()))
}

func TestCancelEndsTheWholeGroup(t *testing.T) {
	s, log := newShell(t, "bash")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err := s.exec(ctx, "sleep 300 & echo $!; wait")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(started), grace)
	assertGone(t, strings.TrimSpace(log()))
}

// assertGone waits a moment until a process is no more.
func assertGone(t *testing.T, pid string) {
	t.Helper()
	var number int
	_, err := fmt.Sscan(pid, &number)
	require.NoError(t, err)
	assert.Eventually(t, func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", number))
		return err != nil || strings.Contains(string(stat), ") Z ") || syscall.Kill(number, 0) != nil
	}, 2*time.Second, 10*time.Millisecond)
}
