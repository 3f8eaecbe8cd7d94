// Package buildspec reads CodeBuild build specifications, strictly, and selects the files that they name.
//
// The rehearsal runs a Spec (see internal/rehearsal). A key or value that this package does not know is an error, because a
// rehearsal that passes over it would promise what CodeBuild does not keep. Parse reports all mistakes at once. The package runs
// nothing. Start at Parse; Select is in files.go.
//
// Source: the CodeBuild user guide, "Build specification reference".
package buildspec

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Phases are the phases that hold commands, in the order in which CodeBuild runs them.
var Phases = []string{"install", "pre_build", "build", "post_build"}

// Runtimes are the runtimes that a build may choose a version of, and the program of each.
var Runtimes = map[string]string{"nodejs": "node", "python": "python3", "golang": "go"}

// Spec is a build specification of version 0.2.
type Spec struct {
	Version   string            `yaml:"version"`
	Env       Env               `yaml:"env"`
	Phases    map[string]Phase  `yaml:"phases"`
	Reports   map[string]Report `yaml:"reports"`
	Artifacts *Artifacts        `yaml:"artifacts"`
	Cache     Cache             `yaml:"cache"`
}

// Env declares environment variables.
type Env struct {
	Shell               string            `yaml:"shell"` // bash or sh, default sh
	Variables           map[string]string `yaml:"variables"`
	ParameterStore      map[string]string `yaml:"parameter-store"`
	SecretsManager      map[string]string `yaml:"secrets-manager"`
	ExportedVariables   []string          `yaml:"exported-variables"`
	GitCredentialHelper string            `yaml:"git-credential-helper"`
}

// Phase is a list of commands, and what follows them whether they fail or not.
type Phase struct {
	OnFailure string   `yaml:"on-failure"` // ABORT, CONTINUE, RETRY, RETRY-<count>, RETRY-<regex>, RETRY-<count>-<regex>
	Commands  []string `yaml:"commands"`
	Finally   []string `yaml:"finally"`
	// RuntimeVersions chooses among the versions of the build image, in install only: runtime -> version.
	RuntimeVersions map[string]string `yaml:"runtime-versions"`
}

// Report names test reports.
type Report struct {
	Format        string   `yaml:"file-format"` // JUNITXML (default) or CUCUMBERJSON
	Files         []string `yaml:"files"`
	BaseDirectory string   `yaml:"base-directory"`
	DiscardPaths  string   `yaml:"discard-paths"`
}

// Artifacts is the primary artifact and those beside it.
type Artifacts struct {
	Set       `yaml:",inline"`
	Secondary map[string]Set `yaml:"secondary-artifacts"`
}

// Set selects files of one artifact.
type Set struct {
	Name          string   `yaml:"name"` // CodePipeline names its artifacts itself: not used
	Files         []string `yaml:"files"`
	ExcludePaths  []string `yaml:"exclude-paths"`
	BaseDirectory string   `yaml:"base-directory"`
	DiscardPaths  string   `yaml:"discard-paths"` // yes or no
}

// Cache names what outlives a build.
type Cache struct {
	Paths []string `yaml:"paths"`
}

// Parse reads a build specification. Its error joins every mistake.
func Parse(text string) (*Spec, error) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	spec := &Spec{}
	var mistakes []error
	if err := decoder.Decode(spec); err != nil && !errors.Is(err, io.EOF) {
		mistakes = append(mistakes, readable(err)...)
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		mistakes = append(mistakes, errors.New("a second document: CodeBuild reads the first only"))
	}
	mistakes = append(mistakes, spec.check()...)
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return spec, nil
}

var unknownField = regexp.MustCompile(`field (\S+) not found in type \S+`)

// readable takes the Go types out of the decoder's messages.
func readable(err error) []error {
	var typed *yaml.TypeError
	if !errors.As(err, &typed) {
		return []error{err}
	}
	var mistakes []error
	for _, text := range typed.Errors {
		mistakes = append(mistakes, errors.New(unknownField.ReplaceAllString(text, "key $1 is not understood")))
	}
	return mistakes
}

// check returns every value that is not understood.
func (s *Spec) check() []error {
	var mistakes []error
	wrong := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	if s.Version != "0.2" {
		wrong("version: want 0.2, got %q: in 0.1 each command has a shell of its own", s.Version)
	}
	if !slices.Contains([]string{"", "bash", "sh"}, s.Env.Shell) {
		wrong("env.shell: want bash or sh, got %q", s.Env.Shell)
	}
	if !slices.Contains([]string{"", "yes", "no", "true", "false"}, s.Env.GitCredentialHelper) {
		wrong("env.git-credential-helper: want yes or no, got %q", s.Env.GitCredentialHelper)
	}
	for name := range allVariables(s.Env) {
		if strings.HasPrefix(name, "CODEBUILD_") {
			wrong("env: %s: names that start with CODEBUILD_ are reserved", name)
		}
	}
	if len(s.Phases) == 0 {
		wrong("phases: is empty: CodeBuild needs at least one phase with commands")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Phases)) {
		if !slices.Contains(Phases, name) {
			wrong("phases.%s: want one of %s", name, strings.Join(Phases, ", "))
		}
		if _, err := Retries(s.Phases[name].OnFailure); err != nil {
			wrong("phases.%s.on-failure: %w", name, err)
		}
		for _, runtime := range slices.Sorted(maps.Keys(s.Phases[name].RuntimeVersions)) {
			if name != "install" || Runtimes[runtime] == "" {
				wrong("phases.%s.runtime-versions.%s: want one of %s, in install", name, runtime, strings.Join(slices.Sorted(maps.Keys(Runtimes)), ", "))
			}
		}
		if len(s.Phases[name].Commands) == 0 {
			wrong("phases.%s.commands: is empty", name)
		}
	}
	for _, group := range slices.Sorted(maps.Keys(s.Reports)) {
		mistakes = append(mistakes, s.Reports[group].check("reports."+group)...)
	}
	if s.Artifacts != nil {
		if len(s.Artifacts.Files) > 0 || len(s.Artifacts.Secondary) == 0 {
			mistakes = append(mistakes, s.Artifacts.Set.check("artifacts")...)
		}
		for _, name := range slices.Sorted(maps.Keys(s.Artifacts.Secondary)) {
			mistakes = append(mistakes, s.Artifacts.Secondary[name].check("artifacts.secondary-artifacts."+name)...)
		}
	}
	return mistakes
}

func allVariables(e Env) map[string]string {
	all := map[string]string{}
	for _, kind := range []map[string]string{e.Variables, e.ParameterStore, e.SecretsManager} {
		for name, value := range kind {
			all[name] = value
		}
	}
	return all
}

func (r Report) check(path string) []error {
	var mistakes []error
	if !slices.Contains([]string{"", "JUNITXML", "CUCUMBERJSON"}, r.Format) {
		mistakes = append(mistakes, fmt.Errorf("%s.file-format: want JUNITXML or CUCUMBERJSON, got %q: the rehearsal can read no other", path, r.Format))
	}
	return append(mistakes, Set{Files: r.Files, DiscardPaths: r.DiscardPaths}.check(path)...)
}

func (s Set) check(path string) []error {
	var mistakes []error
	if len(s.Files) == 0 {
		mistakes = append(mistakes, fmt.Errorf("%s.files: is empty", path))
	}
	if !slices.Contains([]string{"", "yes", "no", "true", "false"}, s.DiscardPaths) {
		mistakes = append(mistakes, fmt.Errorf("%s.discard-paths: want yes or no, got %q", path, s.DiscardPaths))
	}
	return mistakes
}

// Retry is what on-failure asks for.
type Retry struct {
	Continue bool           // the build goes on although the phase failed
	Abort    bool           // the build ends at once, without post_build
	Count    int            // further attempts of the phase
	Match    *regexp.Regexp // only where the failed command's output matches; nil: always
}

// Retries reads an on-failure value. RETRY alone means three further attempts, as CodeBuild does; 100 are the most.
func Retries(value string) (Retry, error) {
	switch value {
	case "":
		return Retry{}, nil
	case "ABORT":
		return Retry{Abort: true}, nil
	case "CONTINUE":
		return Retry{Continue: true}, nil
	case "RETRY":
		return Retry{Count: 3}, nil
	}
	rest, ok := strings.CutPrefix(value, "RETRY-")
	if !ok {
		return Retry{}, fmt.Errorf("want ABORT, CONTINUE or RETRY, got %q", value)
	}
	retry := Retry{Count: 3}
	head, tail, more := strings.Cut(rest, "-")
	if count, err := strconv.Atoi(head); err == nil {
		retry.Count, rest = count, tail
		if !more {
			return retry, nil
		}
	}
	pattern, err := regexp.Compile(rest)
	if err != nil {
		return Retry{}, fmt.Errorf("want a regular expression after RETRY-, got %q: %w", rest, err)
	}
	retry.Match = pattern
	return retry, nil
}

// Interpreter is the shell that runs the commands.
func (s *Spec) Interpreter() string {
	if s.Env.Shell == "" {
		return "sh"
	}
	return s.Env.Shell
}

// Yes reads one of YAML's ways to say yes.
func Yes(value string) bool { return value == "yes" || value == "true" }
