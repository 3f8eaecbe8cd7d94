// Package emulator starts the emulated AWS (emulator/, in Python) and speaks with it.
//
// Start runs it as a child that cannot outlive this process: it ends when its standard input does. Environment gives what an AWS
// SDK needs to act in an account. Client asks what AWS has no call for: decisions of IAM, credentials for a service, the
// resources behind all stacks and how each was exercised. What is emulated and how is told in docs/emulator.md.
package emulator

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// startTimeout is many times what a start takes: 3 seconds on a free core.
const startTimeout = 60 * time.Second

// Options say how to start an emulator.
type Options struct {
	Root   string    // folder that holds emulator/serve.py: the repository
	Python string    // interpreter of the virtual environment that has moto and cfn-lint
	Log    io.Writer // what the emulator says, internal errors; default: nowhere
	Port   int       // default: any free one
}

// Emulator is a running emulated AWS.
type Emulator struct {
	Endpoint string // for AWS_ENDPOINT_URL, for example http://localhost:40123
	PID      int

	command *exec.Cmd
	stdin   io.Closer
	ended   chan struct{} // closed when the process has ended
	stop    sync.Once
}

// Start runs the emulator and returns when it serves. The emulator ends with ctx, with Stop, and with this process.
func Start(ctx context.Context, o Options) (*Emulator, error) {
	script := filepath.Join(o.Root, "emulator", "serve.py")
	if _, err := os.Stat(script); err != nil {
		return nil, fmt.Errorf("start the emulator: %s is not there: run it in the repository, or set Options.Root", script)
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	var said bytes.Buffer
	command := exec.CommandContext(ctx, o.Python, "-I", script, "--port", fmt.Sprint(o.Port), "--parent-stdin")
	command.Stderr = io.MultiWriter(o.Log, &tail{buffer: &said})
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 5 * time.Second
	separate(command)
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the emulator with %q: %w: run make tools", o.Python, err)
	}
	e := &Emulator{command: command, stdin: stdin, ended: make(chan struct{})}
	if err := e.awaitReady(ctx, output); err != nil {
		e.kill()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("start the emulator: %w", ctx.Err())
		}
		return nil, fmt.Errorf("start the emulator: %s", because(err, said.String()))
	}
	return e, nil
}

// awaitReady reads the line that the emulator prints once it serves, and goes on reading so that it never blocks.
func (e *Emulator) awaitReady(ctx context.Context, output io.Reader) error {
	type line struct {
		text []byte
		err  error
	}
	first := make(chan line, 1)
	reader := bufio.NewReader(output)
	go func() {
		text, err := reader.ReadBytes('\n')
		first <- line{text, err}
		_, _ = io.Copy(io.Discard, reader) // ends with the process
		_ = e.command.Wait()               // how it ends is told by its messages
		close(e.ended)
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(startTimeout):
		return fmt.Errorf("it did not serve within %s: look at its log", startTimeout)
	case got := <-first:
		if got.err != nil {
			<-e.ended
			return errEnded
		}
		var ready struct {
			Endpoint string `json:"endpoint"`
			PID      int    `json:"pid"`
		}
		if err := json.Unmarshal(got.text, &ready); err != nil {
			return fmt.Errorf("its first line is not JSON: %w", err)
		}
		e.Endpoint, e.PID = ready.Endpoint, ready.PID
		return nil
	}
}

// Stop ends the emulator and waits for it; after ctx it is killed. Stopping twice is fine.
func (e *Emulator) Stop(ctx context.Context) error {
	e.stop.Do(func() { _ = e.stdin.Close() }) // the end of its standard input is its signal
	select {
	case <-e.ended:
		return nil
	case <-ctx.Done():
		e.kill()
		return fmt.Errorf("stop the emulator: %w: it was killed", ctx.Err())
	}
}

// Ended is closed when the emulator has ended, for whatever reason.
func (e *Emulator) Ended() <-chan struct{} { return e.ended }

func (e *Emulator) kill() {
	e.stop.Do(func() { _ = e.stdin.Close() })
	_ = e.command.Process.Kill() // it may have ended already
	<-e.ended
}

// Environment is what makes an AWS SDK or the AWS and CDK command lines act as the root user of account, and touch nothing of
// the user's own AWS settings except the folders that HOME names.
func (e *Emulator) Environment(account string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + e.Endpoint,
		"AWS_ACCESS_KEY_ID=" + account,
		"AWS_SECRET_ACCESS_KEY=emulator",
		"AWS_SESSION_TOKEN=",
		"AWS_PROFILE=",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// errEnded is a start that failed before the emulator served.
var errEnded = errors.New("it ended at once and said nothing: run make tools")

// because is the last line that the emulator said where it ended by itself, else the error.
func because(err error, said string) string {
	said = strings.TrimSpace(said)
	if said == "" || !errors.Is(err, errEnded) {
		return err.Error()
	}
	lines := strings.Split(said, "\n")
	return strings.TrimPrefix(lines[len(lines)-1], "emulator: ")
}

// tail keeps the last part of what is written: enough for the reason of a failed start.
type tail struct {
	mutex  sync.Mutex
	buffer *bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.buffer.Len() > 1<<16 {
		t.buffer.Reset()
	}
	return t.buffer.Write(p)
}
