package toolbox

import (
	"fmt"
	"os"
	"path/filepath"
)

// Locate finds a tool by the name of its program and verifies it: in $FLEET_HOME/bin, then in $FLEET_TOOLS. PATH is not asked, so
// a program of the same name that comes first there cannot win.
func Locate(name string) (Tool, error) {
	t, err := FromEnvironment(os.Getenv)
	if err != nil {
		return Tool{}, err
	}
	return t.Locate(name)
}

// Registry finds the index of resource types and the permissions of their handlers.
func Registry() (string, error) {
	t, err := FromEnvironment(os.Getenv)
	if err != nil {
		return "", err
	}
	return t.Registry()
}

// Locate is the function Locate on this toolbox.
func (t *Toolbox) Locate(name string) (Tool, error) {
	tool, ok := t.Definitions.linked("bin/" + name)
	if !ok {
		return Tool{}, fmt.Errorf("no tool brings a program %q: add it to tools.yaml", name)
	}
	if digests := tool.digests(t.Platform); t.Home != "" && len(digests) > 0 {
		for _, file := range []string{filepath.Join(t.Home, "bin", t.Platform, name), filepath.Join(t.Home, "bin", name)} {
			if _, err := os.Stat(file); err != nil {
				continue
			}
			if err := matches(file, digests); err != nil {
				return Tool{}, fmt.Errorf("%s: %w: the toolbox was changed after it was built; run the action again", name, err)
			}
			return Tool{Path: file, Version: tool.Version}, nil
		}
	}
	file, err := t.installed(tool, "bin/"+name)
	if err != nil {
		return Tool{}, err
	}
	return Tool{Path: file, Version: tool.Version}, nil
}

// Registry is the function Registry on this toolbox.
func (t *Toolbox) Registry() (string, error) {
	const link = "registry.json"
	if file := filepath.Join(t.Home, link); t.Home != "" {
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	tool, ok := t.Definitions.linked(link)
	if !ok {
		return "", fmt.Errorf("no tool brings %s: add it to tools.yaml", link)
	}
	return t.installed(tool, link)
}

// installed is the file that link stands for, of a tool that is installed as tools.yaml says.
func (t *Toolbox) installed(tool Definition, link string) (string, error) {
	key, err := t.key(tool)
	if err != nil {
		return "", err
	}
	place := t.place(tool, key)
	if err := t.check(tool, key, place); err != nil {
		return "", fmt.Errorf("%w in %s: run make tools (elsewhere: fleet tools install --only %s)", err, t.Folder, tool.Name)
	}
	return filepath.Join(place, t.target(tool, link)), nil
}
