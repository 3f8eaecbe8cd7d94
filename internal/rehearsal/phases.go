package rehearsal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"accountfleet/internal/rehearsal/buildspec"
)

// commandError is a command that failed.
type commandError struct {
	phase, command string
	status         int
}

func (e *commandError) Error() string {
	return fmt.Sprintf("%s: command failed with exit status %d: %s", e.phase, e.status, firstLine(e.command))
}

func firstLine(text string) string {
	line, rest, more := bytes.Cut(bytes.TrimSpace([]byte(text)), []byte("\n"))
	if more && len(rest) > 0 {
		return string(line) + " ..."
	}
	return string(line)
}

// phases runs the phases in order and returns the first failure that on-failure does not let pass. As in CodeBuild, what fails in install or
// pre_build ends the build, and post_build follows a failed build phase unless that says ABORT.
func (b *build) phases(ctx context.Context, sh *shell) error {
	var failed error
	for _, name := range buildspec.Phases {
		phase, ok := b.spec.Phases[name]
		if !ok {
			continue
		}
		if failed != nil && name != "post_build" {
			break
		}
		err := b.phase(ctx, sh, name, phase)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		retry, _ := buildspec.Retries(phase.OnFailure) // checked by Parse
		switch {
		case err == nil:
		case retry.Continue:
			b.task.say("[build] phase %s failed, on-failure is CONTINUE", name)
			continue
		case failed == nil:
			failed = err
		}
		if err != nil && (retry.Abort || name == "install" || name == "pre_build") {
			break
		}
		if failed != nil {
			if _, err := sh.exec(ctx, "export CODEBUILD_BUILD_SUCCEEDING=0"); err != nil {
				return err
			}
		}
	}
	return failed
}

// phase runs one phase, again if on-failure asks for it.
func (b *build) phase(ctx context.Context, sh *shell, name string, phase buildspec.Phase) error {
	retry, err := buildspec.Retries(phase.OnFailure)
	if err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		start, err := b.task.log.Seek(0, io.SeekEnd)
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		failed := b.attempt(ctx, sh, name, phase)
		if failed == nil || attempt >= retry.Count || ctx.Err() != nil {
			return failed
		}
		output, err := tail(b.task.log, start)
		if err != nil {
			return err
		}
		if retry.Match != nil && !retry.Match.Match(output) {
			return failed
		}
		b.task.say("[build] phase %s failed, attempt %d of %d follows", name, attempt+2, retry.Count+1)
	}
}

// attempt runs a phase's commands until one fails, and then its finally block whatever happened.
func (b *build) attempt(ctx context.Context, sh *shell, name string, phase buildspec.Phase) error {
	started := time.Now()
	b.task.say("[build] entering phase %s", name)
	failed := b.commands(ctx, sh, name, phase.Commands)
	if ctx.Err() == nil {
		if err := b.commands(ctx, sh, name, phase.Finally); err != nil && failed == nil {
			failed = err
		}
	}
	outcome := "succeeded"
	if failed != nil {
		outcome = "failed"
	}
	b.task.say("[build] phase %s %s after %.1fs", name, outcome, time.Since(started).Seconds())
	return failed
}

func (b *build) commands(ctx context.Context, sh *shell, phase string, commands []string) error {
	for _, text := range commands {
		b.task.say("[build] running command %s", text)
		status, err := sh.exec(ctx, text)
		if err != nil {
			return err
		}
		if status != 0 {
			return &commandError{phase: phase, command: text, status: status}
		}
	}
	return nil
}

// tail reads what was written to a log since an offset.
func tail(log *os.File, offset int64) ([]byte, error) {
	file, err := os.Open(log.Name())
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	defer file.Close()
	body, err := io.ReadAll(io.NewSectionReader(file, offset, 1<<30))
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	return body, nil
}
