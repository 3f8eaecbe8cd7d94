package toolbox

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"

	"github.com/Masterminds/semver/v3"
)

var versionPattern = regexp.MustCompile(`\d+\.\d+(\.\d+)?`)

// checkNeeds says, all at once, which programs that the steps take are missing or too old.
func (t *Toolbox) checkNeeds(ctx context.Context, steps []Step) error {
	var mistakes []error
	checked := map[string]bool{}
	for _, step := range steps {
		for _, name := range step.Tool.Source.needs() {
			if checked[name] {
				continue
			}
			checked[name] = true
			if _, err := t.CheckNeed(ctx, t.Definitions.Need(name)); err != nil {
				mistakes = append(mistakes, err)
			}
		}
	}
	return errors.Join(mistakes...)
}

// CheckNeed asks a program of the machine for its version, and says how to get it when it is missing or too old.
func (t *Toolbox) CheckNeed(ctx context.Context, need Need) (version string, err error) {
	program, err := exec.LookPath(need.Ask[0])
	if err != nil {
		return "", fmt.Errorf("%s is not in PATH: %s", need.Name, need.Cure)
	}
	output, err := t.command(ctx, "", program, need.Ask[1:]...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s does not start: %w: %s", need.Name, err, need.Cure)
	}
	version = versionPattern.FindString(string(output))
	if need.Minimum == "" {
		return version, nil
	}
	found, err := semver.NewVersion(version)
	if err != nil {
		return "", fmt.Errorf("%s names no version (%s): %s", need.Name, lastLines(output, 1), need.Cure)
	}
	minimum, err := semver.NewVersion(need.Minimum)
	if err != nil {
		return "", fmt.Errorf("tools.yaml: minimum of %s: %w: correct it", need.Name, err)
	}
	if found.LessThan(minimum) {
		return version, fmt.Errorf("%s is %s, want %s or newer: %s", need.Name, found, need.Minimum, need.Cure)
	}
	return version, nil
}
