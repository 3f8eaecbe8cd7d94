package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// startEmulator starts the emulated AWS and waits until it is ready. It ends with its standard input, so it cannot outlive this process.
func startEmulator(ctx context.Context, project, python string, log io.Writer) (endpoint string, stop func(context.Context) error, err error) {
	cmd := exec.CommandContext(ctx, python, "-I", filepath.Join(project, "emulator", "serve.py"), "--port", "0", "--parent-stdin")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stderr = log
	input, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func(context.Context) error {
		input.Close()
		_ = cmd.Wait() // how it ends does not matter
		return nil
	}
	var ready struct {
		Endpoint string `json:"endpoint"`
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		_ = stop(ctx)
		return "", nil, fmt.Errorf("the emulator did not start: %w: its log says why", err)
	}
	return ready.Endpoint, stop, nil
}
