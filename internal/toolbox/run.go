package toolbox

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// offline matches what npm, pip, uv and apt-get print when they cannot reach their registry.
var offline = regexp.MustCompile(`(?i)ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH` +
	`|temporary failure|name or service not known|could not resolve|dns error|error sending request|failed to fetch` +
	`|new connection|connection refused|connection timed out|network is unreachable|no route to host|cannot connect to proxy` +
	`|no matching distribution found for uv`)

// command prepares a program that runs in folder and ends with ctx, and its children with it.
func (t *Toolbox) command(ctx context.Context, folder, program string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = folder
	command.Env = t.Environ
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = 5 * time.Second
	return command
}

// run runs a program of the installation to its end; its output is shown only if it fails.
func (t *Toolbox) run(ctx context.Context, folder, program string, arguments ...string) error {
	command := t.command(ctx, folder, program, arguments...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	name := filepath.Base(program)
	if len(arguments) > 1 && arguments[0] == "-m" {
		name = arguments[1] // python -m pip
	}
	if line := offline.Find(output.Bytes()); line != nil {
		return fmt.Errorf("no network: %s cannot reach its registry (%s): connect, or point %s at your mirror, and run it again",
			name, lineOf(output.Bytes(), line), name)
	}
	return fmt.Errorf("%s %s: %w: %s", name, strings.Join(arguments[:min(2, len(arguments))], " "), err, lastLines(output.Bytes(), 8))
}

// lineOf is the line of text that holds part, shortened.
func lineOf(text, part []byte) string {
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, part) {
			line = bytes.TrimSpace(line)
			return string(line[:min(len(line), 160)])
		}
	}
	return string(part)
}

// lastLines is the end of a program's output, on one line.
func lastLines(output []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}
