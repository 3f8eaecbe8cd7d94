package cleanse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"accountfleet/internal/gate/tool"
)

// Command is one program to run. Neither Args nor Env ever hold a secret.
type Command struct {
	Program string
	Args    []string
	Dir     string
	Env     []string
	Stdin   io.Reader
	Stdout  io.Writer
}

// Runner runs programs; tests give one that fails.
type Runner interface {
	Run(ctx context.Context, c Command) error
}

// Failure says how a program ended.
type Failure struct {
	Program string
	Code    int
	Stderr  string // shortened, when it comes from stream
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s: exit status %d: %s", f.Program, f.Code, f.Stderr)
}

// programs runs those of this machine.
type programs struct{}

func (programs) Run(ctx context.Context, c Command) error {
	command := exec.CommandContext(ctx, c.Program, c.Args...)
	command.Dir, command.Env, command.Stdin, command.Stdout = c.Dir, c.Env, c.Stdin, c.Stdout
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that a transport's children end with it
	endWithParent(command.SysProcAttr)
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = 5 * time.Second
	var stderr bytes.Buffer
	command.Stderr = &stderr
	runtime.LockOSThread() // what ends a child is the end of the thread that started it
	err := command.Run()
	runtime.UnlockOSThread()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit):
		return &Failure{Program: c.Program, Code: exit.ExitCode(), Stderr: tail(stderr.String(), longestSaid)}
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%s is not installed: install git 2.30 or newer", c.Program)
	}
	return err
}

// Lengths of what a program says: as it is kept, and as it is shown, which is no more than an excerpt.
const (
	longestSaid  = 64 << 10
	longestShown = 290
)

// tail is the end of a text, where its reason stands.
func tail(text string, length int) string { return text[max(0, len(text)-length):] }

// shorten cuts what a program said, after values were taken out of it: what is left of one that is cut would not be known any more.
func (c *Cleansing) shorten(err error) error {
	var failed *Failure
	if errors.As(err, &failed) {
		failed.Stderr = tool.Excerpt([]byte(tail(c.scrub(failed.Stderr), longestShown)))
	}
	return err
}

// settings of every git command: nothing of the user's or the repository's configuration may run a program, rewrite or repack.
var settings = []string{
	"--no-replace-objects", "-c", "core.hooksPath=" + os.DevNull, "-c", "core.fsmonitor=false", "-c", "core.quotePath=false",
	"-c", "core.commitGraph=false", "-c", "core.logAllRefUpdates=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false",
	"-c", "push.followTags=false", "-c", "push.gpgSign=false", "-c", "push.recurseSubmodules=no", "-c", "fetch.prune=false",
	"-c", "advice.detachedHead=false", "-c", "advice.graftFileDeprecated=false", "-c", "init.defaultBranch=main", "-c", "log.showSignature=false",
}

// environment is that of this process without what would turn git to another repository: credentials stay reachable.
func environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains([]string{
			"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR",
			"GIT_NAMESPACE", "GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE", "GIT_DEFAULT_HASH", "GIT_TRACE", "GIT_PREFIX",
		}, name)
	})
	return append(env, "GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
}

// git runs git in dir and gives what it printed. Errors are free of secrets.
func (c *Cleansing) git(ctx context.Context, dir string, stdin io.Reader, args ...string) (string, error) {
	var stdout bytes.Buffer
	err := c.stream(ctx, dir, stdin, &stdout, args...)
	return strings.TrimSuffix(stdout.String(), "\n"), err
}

// stream is git for output that does not fit into memory.
func (c *Cleansing) stream(ctx context.Context, dir string, stdin io.Reader, stdout io.Writer, args ...string) error {
	err := c.Runner.Run(ctx, Command{Program: "git", Args: slices.Concat(settings, args), Dir: dir, Env: environment(), Stdin: stdin, Stdout: stdout})
	if err != nil {
		return c.clean(fmt.Errorf("git %s: %w", args[0], c.shorten(err)))
	}
	return nil
}

// credentials are those of an address with a scheme, as they stand in it.
var credentials = regexp.MustCompile(`^[a-z+]+://([^/]*@)`)

// hide keeps a value out of all that this run says.
func (c *Cleansing) hide(value []byte) {
	if len(value) > 0 {
		c.hidden = append(c.hidden, value)
	}
}

// scrub takes values and the credentials of addresses out of a text.
func (c *Cleansing) scrub(text string) string {
	for _, value := range c.hidden {
		text = strings.ReplaceAll(text, string(value), "(secret)")
	}
	if credentials := credentials.FindStringSubmatch(c.Remote); credentials != nil {
		text = strings.ReplaceAll(text, credentials[1], "")
	}
	return text
}

// Address is the remote's address without credentials.
func (c *Cleansing) address() string { return c.scrub(c.Remote) }

// scrubbed is an error whose text is free of secrets; what it wraps can still be asked for.
type scrubbed struct {
	text  string
	cause error
}

func (s *scrubbed) Error() string { return s.text }
func (s *scrubbed) Unwrap() error { return s.cause }

// clean takes secrets out of an error's text.
func (c *Cleansing) clean(err error) error {
	if err == nil {
		return nil
	}
	if text := c.scrub(err.Error()); text != err.Error() {
		return &scrubbed{text, err}
	}
	return err
}
