package launch

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
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

//go:embed taskcat_runner.py
var runner []byte

// Process runs TaskCat's runner as a program of its own, with a private home and only the environment that it needs.
type Process struct {
	Python      string   // of the environment that holds TaskCat
	Environment []string // KEY=value: credentials, endpoint and proxies
	Source      string   // credential_source of the profile: "Environment" or "EcsContainer"
	Role        string   // ARN of the role that TaskCat takes
	Region      string   // default region
	Dir         string   // an empty folder, kept for people who look for the cause
	Output      io.Writer
}

// Start writes runner, plan, templates and AWS configuration into the folder and runs them.
func (p *Process) Start(ctx context.Context, plan Plan) (Conversation, error) {
	home := filepath.Join(p.Dir, "home")
	empty := filepath.Join(p.Dir, "cwd") // TaskCat and cfn-lint read configuration from the working folder
	files := map[string][]byte{
		filepath.Join(p.Dir, "runner.py"): runner,
		filepath.Join(home, "config"): fmt.Appendf(nil, "[default]\nrole_arn = %s\ncredential_source = %s\nrole_session_name = fleet-taskcat\nregion = %s\n",
			p.Role, p.Source, p.Region),
	}
	for _, f := range plan.Files {
		files[filepath.Join(p.Dir, "products", f.Root, "template.json")] = f.Body
	}
	for i := range plan.Rounds {
		for k := range plan.Rounds[i] {
			plan.Rounds[i][k].Root = filepath.Join(p.Dir, "products", plan.Rounds[i][k].Root)
		}
	}
	body, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write TaskCat's plan: %w", err)
	}
	files[filepath.Join(p.Dir, "plan.json")] = body
	if err := os.MkdirAll(empty, 0o700); err != nil {
		return nil, fmt.Errorf("prepare TaskCat: %w", err)
	}
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("prepare TaskCat: %w", err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return nil, fmt.Errorf("prepare TaskCat: %w", err)
		}
	}
	return p.run(ctx, home, empty)
}

func (p *Process) run(ctx context.Context, home, dir string) (Conversation, error) {
	command := exec.CommandContext(ctx, p.Python, "-I", "-W", "ignore", filepath.Join(p.Dir, "runner.py"), filepath.Join(p.Dir, "plan.json"))
	command.Dir = dir
	command.Env = append([]string{
		"HOME=" + home, "AWS_CONFIG_FILE=" + filepath.Join(home, "config"),
		"AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(home, "credentials"), "AWS_EC2_METADATA_DISABLED=true",
	}, p.Environment...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	tail := &tail{next: p.Output}
	command.Stderr = tail
	in, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start TaskCat: %w", err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start TaskCat: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start TaskCat: %w: run make tools", err)
	}
	return &process{command: command, in: in, out: bufio.NewReader(out), tail: tail}, nil
}

type process struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	tail    *tail
}

func (p *process) Next() (Event, error) {
	var event Event
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return event, errors.Join(err, p.tail.last())
	}
	if err := json.Unmarshal(line, &event); err != nil {
		return event, fmt.Errorf("TaskCat's runner said %q: %w", bytes.TrimSpace(line), err)
	}
	return event, nil
}

func (p *process) Answer() error {
	_, err := io.WriteString(p.in, "go on\n")
	return err
}

func (p *process) Close() error {
	p.in.Close()
	_, _ = io.Copy(io.Discard, p.out)
	if err := p.command.Wait(); err != nil {
		return fmt.Errorf("TaskCat ended badly: %w: %w", err, p.tail.last())
	}
	return nil
}

// tail passes output on and remembers its last line, which is where Python says what is wrong.
type tail struct {
	next  io.Writer
	mutex sync.Mutex // what follows is written while the process runs, and read when it has said its last on another stream
	line  bytes.Buffer
	full  string
}

func (t *tail) Write(b []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, c := range b {
		if c != '\n' {
			t.line.WriteByte(c)
			continue
		}
		if s := strings.TrimSpace(t.line.String()); s != "" {
			t.full = s
		}
		t.line.Reset()
	}
	if t.next == nil {
		return len(b), nil
	}
	return t.next.Write(b)
}

func (t *tail) last() error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return errors.New(orElse(t.full, "it said nothing"))
}
