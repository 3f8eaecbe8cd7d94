// Package buildspecs holds what each CodeBuild action of the pipeline runs: one short YAML file an action, named after it, that a
// person can follow by hand. They are part of the app and are inlined into the projects, so nothing that is pushed can change them.
// Start at policy-as-code.yml; they all have the same frame.
package buildspecs

import (
	"embed"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed *.yml
var files embed.FS

// For is the buildspec of a project named <prefix>-<action>, after it was found to be well formed.
func For(project, prefix string) (string, error) {
	name := strings.TrimPrefix(project, prefix+"-") + ".yml"
	body, err := files.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("buildspecs/%s: no such file: project %s runs it: add it and build the app again", name, project)
	}
	if err := check(body); err != nil {
		return "", fmt.Errorf("buildspecs/%s: %w", name, err)
	}
	return string(body), nil
}

// strict is the first command of every buildspec: without it a failed command in the middle of a line goes unseen.
const strict = "set -euo pipefail"

// spec is what every buildspec must have.
type spec struct {
	Version any `yaml:"version"`
	Env     struct {
		Shell string `yaml:"shell"`
	} `yaml:"env"`
	Phases map[string]struct {
		Commands []string `yaml:"commands"`
	} `yaml:"phases"`
}

func check(body []byte) error {
	var s spec
	if err := yaml.Unmarshal(body, &s); err != nil {
		return fmt.Errorf("is no buildspec: %w", err)
	}
	install := s.Phases["install"].Commands
	switch {
	case fmt.Sprint(s.Version) != "0.2":
		return fmt.Errorf("version %v: only 0.2 keeps one shell for all commands: write version: 0.2", s.Version)
	case s.Env.Shell != "bash":
		return fmt.Errorf("env.shell %q: the commands are written for bash: write shell: bash", s.Env.Shell)
	case len(s.Phases["build"].Commands) == 0:
		return fmt.Errorf("phases.build has no commands: the action would pass without doing anything: add them")
	case len(install) == 0 || install[0] != strict:
		return fmt.Errorf("phases.install does not begin with %q: a failed command would go unseen: put it first", strict)
	}
	return nil
}
