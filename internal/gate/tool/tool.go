// Package tool runs the external programs of the gates so that nothing of a push can steer them.
//
// A Box is an empty private folder with a HOME of its own and an environment that is written down here: no configuration file of the
// working folder, of the user or of the system is found, and a stub earlier in PATH is never asked, because programs are started by
// the path that the toolbox verified. Start at New and (*Box).Run.
package tool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Tool is a program of the toolbox: its digest was verified by whoever located it.
type Tool struct {
	Path    string
	Version string
}

// Locate finds a tool of the toolbox by name.
type Locate func(name string) (Tool, error)

// grace is how long the output of a program that ended may stay open: only a child that it left behind holds it. A busy machine may need
// seconds to notice the end.
const grace = 10 * time.Second

// Box is a private folder in which programs run.
type Box struct {
	Dir  string // for input files; empty at first
	work string // working folder of programs; stays empty
	home string
	root string

	grace time.Duration
}

// New makes a box. The caller closes it.
func New() (*Box, error) {
	root, err := os.MkdirTemp("", "fleet-gate-")
	if err != nil {
		return nil, fmt.Errorf("private folder: %w", err)
	}
	b := &Box{Dir: filepath.Join(root, "input"), work: filepath.Join(root, "work"), home: filepath.Join(root, "home"), root: root, grace: grace}
	for _, dir := range []string{b.Dir, b.work, b.home} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("private folder: %w", err), b.Close())
		}
	}
	return b, nil
}

// Close removes the box.
func (b *Box) Close() error { return os.RemoveAll(b.root) }

// Home is the HOME of programs; a gate may put a configuration there that they shall read.
func (b *Box) Home() string { return b.home }

// Work is the working folder of programs.
func (b *Box) Work() string { return b.work }

// Write puts a file into Dir and returns its path; name may contain folders.
func (b *Box) Write(name string, body []byte) (string, error) {
	path := filepath.Join(b.Dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("private folder: %w", err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		return "", fmt.Errorf("private folder: %w", err)
	}
	return path, nil
}

// Result is what a program left behind.
type Result struct {
	Code   int
	Stdout []byte
	Stderr []byte
}

// Run starts program with the box's environment and extra variables. An error means that it could not be started, was killed or did
// not end before ctx did; any exit code is a Result.
func (b *Box) Run(ctx context.Context, program string, args []string, extra ...string) (Result, error) {
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = b.work
	command.Env = append(b.environment(), extra...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that a script's children end with it
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = b.grace
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	result := Result{Code: command.ProcessState.ExitCode(), Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return result, fmt.Errorf("%s: did not end in time: %w", filepath.Base(program), ctx.Err())
	case err == nil, errors.As(err, &exit) && result.Code >= 0:
		return result, nil
	case errors.Is(err, exec.ErrWaitDelay):
		return result, fmt.Errorf("%s: left a program behind that holds its output: what it said may be cut off: run it again", filepath.Base(program))
	case errors.As(err, &exit):
		return result, fmt.Errorf("%s: %s: %s", filepath.Base(program), exit.ProcessState, Excerpt(result.Stderr))
	}
	return result, fmt.Errorf("%s: cannot be started: %w", filepath.Base(program), err)
}

// environment is all that programs see of the outside: where system programs and temporary files are.
func (b *Box) environment() []string {
	return []string{
		"PATH=" + systemPath(), "HOME=" + b.home, "TMPDIR=" + b.root, "LC_ALL=C.UTF-8", "TZ=UTC",
		"XDG_CONFIG_HOME=" + b.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CEILING_DIRECTORIES=" + b.root,
		"GIT_TERMINAL_PROMPT=0", "NO_COLOR=1",
	}
}

// systemPath is PATH without relative and empty entries, which would let the working folder decide what a name means.
func systemPath() string {
	var dirs []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) {
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, string(os.PathListSeparator))
}

// Excerpt shortens what a program said to one line of an error.
func Excerpt(output []byte) string {
	text := strings.Join(strings.Fields(string(output)), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "..."
	}
	return text
}
