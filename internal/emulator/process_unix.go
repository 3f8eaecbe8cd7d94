//go:build unix

package emulator

import (
	"os/exec"
	"syscall"
)

// separate keeps the terminal's Ctrl-C from the child: this process decides when it stops, after what still uses it.
func separate(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
