package assembly

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Load reads the cloud assembly in dir. Its error joins everything that could not be understood, each named by stack and template path.
func Load(dir string) (*Assembly, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("load assembly: %w", err)
	}
	stacks, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	l := &loader{exports: map[string]export{}}
	for _, s := range stacks {
		t, err := l.open(s)
		if err != nil {
			return nil, err
		}
		l.templates = append(l.templates, t)
	}
	for _, t := range l.templates {
		t.collectExports()
	}
	a := &Assembly{Dir: dir, Stacks: stacks}
	l.fill(a)
	if len(l.problems) > 0 {
		return nil, fmt.Errorf("assembly %s cannot be read:\n%w", dir, errors.Join(l.problems...))
	}
	return a, nil
}

// loader collects the problems of all templates, so that they are reported at once.
type loader struct {
	templates []*template
	exports   map[string]export
	problems  []error
}

// problem records that something at path of stack is not understood.
func (l *loader) problem(stack, path, format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf("%s: %s: %s", stack, path, fmt.Sprintf(format, args...)))
}

func (l *loader) open(s Stack) (*template, error) {
	t := &template{loader: l, stack: s}
	file, err := os.Open(s.TemplatePath)
	if err != nil {
		return nil, fmt.Errorf("open template of stack %s: %w", s.Name, err)
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.UseNumber()
	if err := decoder.Decode(&t.doc); err != nil {
		return nil, fmt.Errorf("read template of stack %s: %s: %w", s.Name, s.TemplatePath, err)
	}
	return t, nil
}

// manifest is the part of a cloud assembly's manifest.json that matters here.
type manifest struct {
	Version   string              `json:"version"`
	Artifacts map[string]artifact `json:"artifacts"`
}

type artifact struct {
	Type         string   `json:"type"`
	Environment  string   `json:"environment"`
	Dependencies []string `json:"dependencies"`
	Properties   struct {
		TemplateFile string `json:"templateFile"`
		StackName    string `json:"stackName"`
	} `json:"properties"`
}

// readManifest returns the stacks of the assembly in deployment order.
func readManifest(dir string) ([]Stack, error) {
	path := filepath.Join(dir, "manifest.json")
	body, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no cloud assembly in %s: manifest.json is missing: run cdk synth, or name its output folder", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read cloud assembly: %w", err)
	}
	var m manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("read cloud assembly: %s: %w", path, err)
	}
	var stacks []Stack
	var problems []error
	for _, id := range slices.Sorted(maps.Keys(m.Artifacts)) {
		stack, err := readArtifact(dir, id, m.Artifacts)
		if err != nil {
			problems = append(problems, err)
		} else if stack != nil {
			stacks = append(stacks, *stack)
		}
	}
	if len(stacks) == 0 && len(problems) == 0 {
		problems = append(problems, fmt.Errorf("%s holds no stack", path))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return deploymentOrder(stacks)
}

// readArtifact turns a stack artifact into a Stack; artifacts that describe no infrastructure give nil.
func readArtifact(dir, id string, all map[string]artifact) (*Stack, error) {
	a := all[id]
	switch a.Type {
	case "aws:cloudformation:stack":
	case "cdk:asset-manifest", "cdk:tree", "cdk:feature-flag-report":
		return nil, nil
	default:
		return nil, fmt.Errorf("manifest.json: artifacts.%s: type %q is not understood: keep the app to plain stacks", id, a.Type)
	}
	account, region, ok := strings.Cut(strings.TrimPrefix(a.Environment, "aws://"), "/")
	if !ok || account == "unknown-account" || region == "unknown-region" {
		return nil, fmt.Errorf("manifest.json: artifacts.%s: environment %q names no account and region: give the stack an env", id, a.Environment)
	}
	stack := &Stack{
		Name:         cmp.Or(a.Properties.StackName, id),
		ArtifactID:   id,
		Account:      account,
		Region:       region,
		TemplatePath: filepath.Join(dir, a.Properties.TemplateFile),
	}
	for _, d := range a.Dependencies {
		if all[d].Type == "aws:cloudformation:stack" {
			stack.DependsOn = append(stack.DependsOn, d)
		}
	}
	slices.Sort(stack.DependsOn)
	return stack, nil
}

// deploymentOrder sorts stacks so that each follows those it depends on, and by id where that leaves a choice.
func deploymentOrder(stacks []Stack) ([]Stack, error) {
	var ordered []Stack
	done := map[string]bool{}
	for len(ordered) < len(stacks) {
		before := len(ordered)
		for _, s := range stacks {
			ready := !slices.ContainsFunc(s.DependsOn, func(d string) bool { return !done[d] })
			if ready && !done[s.ArtifactID] {
				done[s.ArtifactID] = true
				ordered = append(ordered, s)
			}
		}
		if len(ordered) == before {
			return nil, errors.New("manifest.json: the stacks depend on each other in a circle: remove one of the dependencies")
		}
	}
	return ordered, nil
}
