package rehearsal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// driver runs each file named on descriptor 3 in one and the same shell, answers its status on descriptor 4 and remembers the exported
// environment. What a file starts does not inherit the two descriptors, so a child in the background cannot hold the answer open.
const driver = `while IFS= read -r fleet_file <&3; do
  . "$fleet_file" </dev/null 3<&- 4>&-
  printf '%s\n' "$?" >&4
  /usr/bin/env -0 >"$FLEET_SNAPSHOT" 3<&- 4>&-
  printf 'saved\n' >&4
done
`

// shell is the one shell in which the commands of all phases of a build run, as in build specifications of version 0.2. A command that
// ends the shell (exit, or a failure under set -e) fails; the next command gets a new shell with the environment and folder that the
// last successful one left.
type shell struct {
	interpreter string
	dir         string   // where command files and the snapshot are kept
	output      *os.File // a file, so that waiting for the shell does not wait for its children

	environment []string // of the next shell
	folder      string   // current folder of the next shell
	count       int

	cmd     *exec.Cmd
	files   io.WriteCloser
	answers *bufio.Reader
	closers []io.Closer
}

func (s *shell) snapshot() string { return filepath.Join(s.dir, "environment") }

// start begins a shell unless one runs.
func (s *shell) start(ctx context.Context) error {
	if s.cmd != nil {
		return nil
	}
	filesRead, filesWrite, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start a shell: %w", err)
	}
	answersRead, answersWrite, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start a shell: %w", err)
	}
	cmd := command(ctx, s.interpreter, "-c", driver)
	cmd.Dir, cmd.Env = s.folder, append(s.environment, "FLEET_SNAPSHOT="+s.snapshot())
	cmd.Stdout, cmd.Stderr = s.output, s.output
	cmd.ExtraFiles = []*os.File{filesRead, answersWrite}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.interpreter, err)
	}
	filesRead.Close()
	answersWrite.Close()
	s.cmd, s.files, s.answers = cmd, filesWrite, bufio.NewReader(answersRead)
	s.closers = []io.Closer{answersRead, filesWrite}
	return nil
}

// exec runs one command and returns its exit status. An error says that it could not be run at all, or that ctx ended.
func (s *shell) exec(ctx context.Context, text string) (status int, err error) {
	if err := s.start(ctx); err != nil {
		return 0, err
	}
	s.count++
	file := filepath.Join(s.dir, fmt.Sprintf("command-%03d.sh", s.count))
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		return 0, fmt.Errorf("write a command: %w", err)
	}
	if _, err := io.WriteString(s.files, file+"\n"); err != nil {
		return 0, fmt.Errorf("hand a command to %s: %w", s.interpreter, err)
	}
	answer, err := s.answers.ReadString('\n')
	if err != nil { // the command ended the shell
		return s.ended(ctx)
	}
	status, err = strconv.Atoi(strings.TrimSpace(answer))
	if err != nil {
		return 0, fmt.Errorf("read the status of a command: %w", err)
	}
	if saved, err := s.answers.ReadString('\n'); err != nil || saved != "saved\n" {
		return s.ended(ctx)
	}
	return status, s.remember()
}

// ended collects the status of a shell that a command ended.
func (s *shell) ended(ctx context.Context) (int, error) {
	err := s.stop()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if exit.ExitCode() < 0 {
			return 128 + 9, nil // ended by a signal
		}
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 0, fmt.Errorf("run a command: %w", err)
	}
	return 0, nil // exit 0
}

// stop ends the shell and everything that it started.
func (s *shell) stop() error {
	if s.cmd == nil {
		return nil
	}
	for _, c := range s.closers {
		c.Close()
	}
	err := s.cmd.Wait()
	endGroup(s.cmd)
	s.cmd = nil
	return err
}

// remember reads the snapshot that the last command left: the environment and folder of a later shell, and of the artifacts.
func (s *shell) remember() error {
	body, err := os.ReadFile(s.snapshot())
	if err != nil {
		return fmt.Errorf("read the environment of a command: %w", err)
	}
	s.environment = nil
	for _, entry := range bytes.Split(bytes.TrimSuffix(body, []byte{0}), []byte{0}) {
		text := string(entry)
		if strings.HasPrefix(text, "FLEET_SNAPSHOT=") || strings.HasPrefix(text, "_=") {
			continue
		}
		if folder, ok := strings.CutPrefix(text, "PWD="); ok {
			s.folder = folder
		}
		s.environment = append(s.environment, text)
	}
	return nil
}

// lookup finds an exported variable of the last command.
func (s *shell) lookup(name string) (string, bool) {
	for _, entry := range s.environment {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}
