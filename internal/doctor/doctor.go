// Package doctor looks at what must be true before anything runs: of this machine, and with AWS of the tools account.
//
// It only looks. A check says what it found and, where something is missing, the one command that brings it; what could not be looked at
// is reported as not run and why, never as fine. Start at Machine; Account asks AWS.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"accountfleet/internal/config"
	"accountfleet/internal/toolbox"
)

// State is the outcome of a check.
type State string

// A Missing check stops the project from working; a Warning does not; NotRun looked at nothing.
const (
	Fine    State = "ok"
	Missing State = "missing"
	Warning State = "warning"
	NotRun  State = "not run"
)

// Check is one thing that was looked at.
type Check struct {
	Name   string `json:"name"`
	State  State  `json:"state"`
	Detail string `json:"detail"`
	Cure   string `json:"cure,omitempty"` // what to do, for everything that is not fine
}

// enough is the free space, in bytes, that tools (1 GB), compiled CDK packages (2 GB) and run folders take.
const enough = 4 << 30

// Machine looks at this machine: programs, pinned tools, disk, loopback network and the organization's settings.
func Machine(ctx context.Context, box *toolbox.Toolbox, settings string) []Check {
	var checks []Check
	for _, need := range box.Definitions.Needs {
		version, err := box.CheckNeed(ctx, need)
		checks = append(checks, found(need.Name, version, err, need.Cure))
	}
	checks = append(checks, virtualEnvironments(ctx, box))
	checks = append(checks, tools(box)...)
	checks = append(checks, disk(box.Folder), loopback(), settingsCheck(settings))
	return checks
}

// found is a check from the error that a look gave; its cure is cut off the message and kept apart.
func found(name, detail string, err error, cure string) Check {
	if err == nil {
		return Check{Name: name, State: Fine, Detail: detail}
	}
	return Check{Name: name, State: Missing, Detail: strings.TrimSuffix(err.Error(), ": "+cure), Cure: cure}
}

// virtualEnvironments looks for what Debian splits off Python and every Python tool needs.
func virtualEnvironments(ctx context.Context, box *toolbox.Toolbox) Check {
	const name = "python3 venv"
	if _, err := exec.LookPath("python3"); err != nil {
		return Check{Name: name, State: NotRun, Detail: "there is no python3", Cure: "install Python first"}
	}
	command := exec.CommandContext(ctx, "python3", "-c", "import ensurepip, venv")
	command.Env = box.Environ
	if err := command.Run(); err != nil {
		return Check{Name: name, State: Missing, Detail: "this Python cannot make virtual environments", Cure: "apt-get install python3-venv, or another Python"}
	}
	return Check{Name: name, State: Fine, Detail: "importable"}
}

// tools looks at every pinned tool; those with a pinned digest are compared with it.
func tools(box *toolbox.Toolbox) []Check {
	const cure = "make tools"
	steps, err := box.Plan(nil)
	if err != nil {
		return []Check{found("tools", "", err, cure)}
	}
	var checks []Check
	for _, step := range steps {
		check := Check{Name: step.Tool.Name, State: Fine, Detail: step.Tool.Version}
		if step.Reason != "" {
			check.State, check.Detail, check.Cure = Missing, step.Reason, cure
		}
		checks = append(checks, check)
	}
	return checks
}

func disk(folder string) Check {
	const name = "disk"
	var space syscall.Statfs_t
	for ; ; folder = filepath.Dir(folder) { // the folder may not exist yet
		err := syscall.Statfs(folder, &space)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrNotExist) || folder == filepath.Dir(folder) {
			return Check{Name: name, State: NotRun, Detail: fmt.Sprintf("%s: %v", folder, err), Cure: "look at the folder"}
		}
	}
	free := space.Bavail * uint64(space.Bsize)
	check := Check{Name: name, State: Fine, Detail: fmt.Sprintf("%.1f GB free in %s", float64(free)/(1<<30), folder)}
	if free < enough {
		check.State, check.Cure = Missing, fmt.Sprintf("free %d GB, or set FLEET_TOOLS to a larger disk", enough>>30)
	}
	return check
}

// loopback looks whether the emulator can have a port: it takes any free one on localhost.
func loopback() Check {
	const name = "localhost port"
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return Check{Name: name, State: Missing, Detail: err.Error(), Cure: "let localhost resolve and programs listen on it"}
	}
	defer listener.Close()
	return Check{Name: name, State: Fine, Detail: "a free one is there for the emulator"}
}

func settingsCheck(file string) Check {
	_, err := config.Load(file)
	cure := "correct " + file
	if errors.Is(err, os.ErrNotExist) {
		cure = "run in the folder that holds fleet.yaml, or name the file by --settings or FLEET_SETTINGS"
	}
	return found("settings", file, err, cure)
}
