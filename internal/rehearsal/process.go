package rehearsal

import (
	"context"
	"errors"
	"os/exec"
	"syscall"
	"time"
)

// grace is how long a process may take to end after it was asked to.
const grace = 5 * time.Second

// command prepares a child in a process group of its own, so that whatever it starts ends with it: on cancel the group is asked to
// end, and killed after a moment.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return signalGroup(cmd, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	return cmd
}

// run runs cmd and leaves nothing of its group behind.
func run(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	defer endGroup(cmd)
	return cmd.Wait()
}

// endGroup kills what is left of a process group.
func endGroup(cmd *exec.Cmd) { _ = signalGroup(cmd, syscall.SIGKILL) }

// signalGroup signals every process of a group; a group that is gone is no error.
func signalGroup(cmd *exec.Cmd, signal syscall.Signal) error {
	if cmd.Process == nil {
		return nil
	}
	if err := syscall.Kill(-cmd.Process.Pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
