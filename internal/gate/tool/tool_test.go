package tool

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func box(t *testing.T) *Box {
	t.Helper()
	b, err := New()
	require.NoError(t, err)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestProgramsSeeNothingOfTheOutside(t *testing.T) {
	t.Setenv("PYTHONPATH", "/elsewhere")
	t.Setenv("GIT_DIR", "/elsewhere")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	b := box(t)
	answer, err := b.Run(context.Background(), "/bin/sh", []string{"-c", "env; pwd; ls -A . $HOME | grep -v :"})
	require.NoError(t, err)
	text := string(answer.Stdout)
	assert.NotContains(t, text, "elsewhere")
	assert.NotContains(t, text, "AWS_")
	assert.Contains(t, text, "HOME="+b.Home()+"\n")
	assert.Contains(t, text, "\n"+b.Work()+"\n")
}

func TestRelativeEntriesOfPathAreNotPassedOn(t *testing.T) {
	t.Setenv("PATH", ".:bin::"+os.Getenv("PATH"))
	answer, err := box(t).Run(context.Background(), "/bin/sh", []string{"-c", "echo $PATH"})
	require.NoError(t, err)
	for _, dir := range filepath.SplitList(string(answer.Stdout)) {
		assert.True(t, filepath.IsAbs(dir), dir)
	}
}

func TestAnyExitCodeIsAResultAndASignalIsAnError(t *testing.T) {
	answer, err := box(t).Run(context.Background(), "/bin/sh", []string{"-c", "echo out; echo err >&2; exit 19"})
	require.NoError(t, err)
	assert.Equal(t, Result{Code: 19, Stdout: []byte("out\n"), Stderr: []byte("err\n")}, answer)
	_, err = box(t).Run(context.Background(), "/bin/sh", []string{"-c", "kill -SEGV $$"})
	require.ErrorContains(t, err, "segmentation fault")
}

func TestAProgramThatHangsEndsWithItsChildren(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err := box(t).Run(ctx, "/bin/sh", []string{"-c", "sleep 60 & sleep 60; wait"})
	require.ErrorContains(t, err, "did not end in time")
	assert.Less(t, time.Since(started), 10*time.Second)
}

func TestOutputThatStaysOpenIsNoAnswer(t *testing.T) {
	b := box(t)
	b.grace = 50 * time.Millisecond
	_, err := b.Run(context.Background(), "/bin/sh", []string{"-c", "echo out; sleep 2 & exit 0"})
	require.ErrorContains(t, err, "sh: left a program behind that holds its output")
}

func TestABoxLeavesNothingBehind(t *testing.T) {
	b := box(t)
	path, err := b.Write("a/b.json", []byte("{}"))
	require.NoError(t, err)
	assert.FileExists(t, path)
	require.NoError(t, b.Close())
	assert.NoFileExists(t, path)
}
