// Package machine gives a rehearsal what it needs of this machine: the pinned tools and the emulated AWS of a project.
//
// It is apart from internal/rehearsal so that the runner knows neither where tools are installed nor which emulator answers.
package machine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"accountfleet/internal/emulator"
	"accountfleet/internal/rehearsal"
	"accountfleet/internal/toolbox"
)

// Options are those of a rehearsal of the repository whose root is project: its programs and its emulator. The caller adds what
// to rehearse. All programs that are missing or too old are reported at once.
func Options(ctx context.Context, project string) (rehearsal.Options, error) {
	programs, err := programs(ctx, project)
	if err != nil {
		return rehearsal.Options{}, err
	}
	return rehearsal.Options{
		Project: project, Programs: programs,
		Start: func(ctx context.Context, log io.Writer) (string, func(context.Context) error, error) {
			e, err := emulator.Start(ctx, emulator.Options{Root: project, Python: programs.Python, Log: log})
			if err != nil {
				return "", nil, err
			}
			return e.Endpoint, e.Stop, nil
		},
	}, nil
}

// programs locates the project's pinned tools, and what the image of CodeBuild would bring.
func programs(ctx context.Context, project string) (rehearsal.Programs, error) {
	var p rehearsal.Programs
	var problems []error
	tools, err := toolbox.FromEnvironment(func(name string) string {
		return cmp.Or(os.Getenv(name), map[string]string{"FLEET_TOOLS": filepath.Join(project, ".tools")}[name])
	})
	if err != nil {
		return p, err
	}
	tools.Root = project
	locate := func(name string) string {
		tool, err := tools.Locate(name)
		problems = append(problems, err)
		return tool.Path
	}
	p.CDK, p.Python = []string{locate("cdk")}, locate("emulator-python")
	p.Build = map[string]string{"aws": locate("aws")}
	for _, name := range []string{"node", "npm", "git", "python3"} {
		if _, err := tools.CheckNeed(ctx, tools.Definitions.Need(name)); err != nil {
			problems = append(problems, err)
			continue
		}
		path, err := exec.LookPath(name)
		if name == "python3" {
			path, err = realPython(ctx)
		}
		problems = append(problems, err)
		p.Build[name] = path
	}
	return p, errors.Join(problems...)
}

// realPython looks behind the shims of version managers, which need their user's HOME.
func realPython(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "python3", "-I", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		return "", fmt.Errorf("python3 does not start: %w: mend its installation, or put another first in PATH", err)
	}
	return strings.TrimSpace(string(out)), nil
}
