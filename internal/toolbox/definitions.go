// Package toolbox owns every program that is not ours: which one, which version, where it comes from and how it is verified.
//
// tools.yaml names each tool once and is embedded, as are the Python locks (package requirements), so that the fleet command
// carries its pins with it. Install brings tools into one folder; Locate is the only way by which the rest of the project finds
// one, and never looks at PATH; Build packs what CodeBuild downloads. Running a tool and reading what it says belongs to
// the package that needs it (gate, launch, rehearsal), not here. Start at tools.yaml, then install.go.
package toolbox

import (
	"bytes"
	_ "embed" // tools.yaml, registry.py
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed tools.yaml
var pinned []byte

// Definitions is tools.yaml.
type Definitions struct {
	Needs []Need       `yaml:"needs"`
	Tools []Definition `yaml:"tools"`
}

// Need is a program that must be on the machine already.
type Need struct {
	Name    string   `yaml:"name"`
	Minimum string   `yaml:"minimum"` // lowest version that works
	Ask     []string `yaml:"ask"`     // program and arguments whose output holds the version
	Cure    string   `yaml:"cure"`    // what to do when it is missing or too old
}

// Definition is one tool.
type Definition struct {
	Name    string            `yaml:"name"`
	Version string            `yaml:"version"`
	Why     string            `yaml:"why"`
	Source  Source            `yaml:"source"`
	Links   map[string]string `yaml:"links"` // path in the tools folder -> path in the tool's own folder
	Ask     []string          `yaml:"ask"`   // a link and arguments whose output names the version; empty: the digest tells
}

// Source says where a tool comes from; exactly one of its fields is set (and Build beside UV).
type Source struct {
	Pip      string      `yaml:"pip"`
	UV       string      `yaml:"uv"`
	Build    string      `yaml:"build"`
	NPMLock  string      `yaml:"npm-lock"`
	NPM      *NPMFiles   `yaml:"npm"`
	Script   *ScriptFile `yaml:"script"`
	Registry string      `yaml:"registry"` // the tool whose data it is made from
}

// NPMFiles are files of one npm package.
type NPMFiles struct {
	Package   string          `yaml:"package"`   // name@version, or a path to a .tgz
	Integrity string          `yaml:"integrity"` // of the package, as npm writes it
	Files     map[string]File `yaml:"files"`     // by platform
}

// File is a file with a known digest.
type File struct {
	Path   string `yaml:"path"`
	SHA256 string `yaml:"sha256"`
}

// ScriptFile is one file with one of several known digests, whichever way it arrives.
type ScriptFile struct {
	Program string        `yaml:"program"` // its name in PATH
	Debian  *DebianSource `yaml:"debian"`
	Cure    string        `yaml:"cure"` // where else to get it
	SHA256  []string      `yaml:"sha256"`
}

// DebianSource is a file of a Debian package.
type DebianSource struct {
	Package string `yaml:"package"`
	Path    string `yaml:"path"`
}

// Pinned is the embedded tools.yaml.
func Pinned() (*Definitions, error) { return ParseDefinitions("tools.yaml", pinned) }

// ParseDefinitions reads a tools.yaml strictly and reports all its mistakes at once.
func ParseDefinitions(file string, body []byte) (*Definitions, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(body))
	decoder.KnownFields(true)
	var d Definitions
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("%s: %w: correct the file", file, err)
	}
	var mistakes []error
	seen := map[string]bool{}
	for _, tool := range d.Tools {
		if seen[tool.Name] {
			mistakes = append(mistakes, fmt.Errorf("%s: %s is defined twice: keep one", file, tool.Name))
		}
		seen[tool.Name] = true
		for _, problem := range tool.problems(&d) {
			mistakes = append(mistakes, fmt.Errorf("%s: %s: %s", file, tool.Name, problem))
		}
	}
	return &d, errors.Join(mistakes...)
}

// Tool returns the definition called name.
func (d *Definitions) Tool(name string) (Definition, error) {
	for _, tool := range d.Tools {
		if tool.Name == name {
			return tool, nil
		}
	}
	var names []string
	for _, tool := range d.Tools {
		names = append(names, tool.Name)
	}
	return Definition{}, fmt.Errorf("no tool is called %q: choose from %s", name, strings.Join(names, ", "))
}

// Need returns the need called name, or one without a minimum.
func (d *Definitions) Need(name string) Need {
	for _, need := range d.Needs {
		if need.Name == name {
			return need
		}
	}
	return Need{Name: name, Ask: []string{name, "--version"}, Cure: "install " + name}
}

// linked returns the tool that owns a link.
func (d *Definitions) linked(link string) (Definition, bool) {
	for _, tool := range d.Tools {
		if _, ok := tool.Links[link]; ok {
			return tool, true
		}
	}
	return Definition{}, false
}

func (t Definition) problems(d *Definitions) []string {
	var problems []string
	if t.Name == "" || t.Version == "" {
		problems = append(problems, "name and version are needed")
	}
	kinds := t.Source.kinds()
	if len(kinds) != 1 {
		problems = append(problems, fmt.Sprintf("want one source, got %d: choose one of pip, uv, npm-lock, npm, script, registry", len(kinds)))
	}
	if len(t.Links) == 0 {
		problems = append(problems, "nothing is linked: name at least one file under links")
	}
	for link, target := range t.Links {
		if path.IsAbs(link) || path.IsAbs(target) || strings.Contains(link+"/"+target, "..") {
			problems = append(problems, fmt.Sprintf("link %s -> %s leaves the tools folder: use plain relative paths", link, target))
		}
	}
	if len(t.Ask) > 0 && t.Links[t.Ask[0]] == "" {
		problems = append(problems, fmt.Sprintf("ask starts with %q, which is no link of it: choose from %s", t.Ask[0],
			strings.Join(slices.Sorted(maps.Keys(t.Links)), ", ")))
	}
	for _, needed := range t.Source.tools() {
		if _, err := d.Tool(needed); err != nil {
			problems = append(problems, err.Error())
		}
	}
	return problems
}

func (s Source) kinds() []string {
	var kinds []string
	for kind, set := range map[string]bool{
		"pip": s.Pip != "", "uv": s.UV != "", "npm-lock": s.NPMLock != "",
		"npm": s.NPM != nil, "script": s.Script != nil, "registry": s.Registry != "",
	} {
		if set {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// tools names the other tools that installing from s takes.
func (s Source) tools() []string {
	switch {
	case s.UV != "":
		return []string{"uv"}
	case s.Registry != "":
		return []string{s.Registry}
	default:
		return nil
	}
}

// needs names the programs of the machine that installing from s takes.
func (s Source) needs() []string {
	switch {
	case s.Pip != "", s.UV != "":
		return []string{"python3"}
	case s.NPMLock != "", s.NPM != nil:
		return []string{"node", "npm"}
	default:
		return nil
	}
}

// digests returns the pinned digests of the file that link target stands for on platform; none when its content is not pinned.
func (t Definition) digests(platform string) []string {
	switch {
	case t.Source.NPM != nil:
		return []string{t.Source.NPM.Files[platform].SHA256}
	case t.Source.Script != nil:
		return t.Source.Script.SHA256
	default:
		return nil
	}
}
