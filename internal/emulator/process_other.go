//go:build !unix

package emulator

import "os/exec"

// separate does nothing where there are no process groups.
func separate(*exec.Cmd) {}
