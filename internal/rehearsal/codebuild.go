package rehearsal

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"accountfleet/internal/assembly"
	"accountfleet/internal/document"
	"accountfleet/internal/rehearsal/buildspec"
)

// codeBuild is a build action: a project, its build specification, and where its inputs come from.
type codeBuild struct {
	project assembly.Project
	spec    *buildspec.Spec
	primary string             // input artifact that becomes CODEBUILD_SRC_DIR
	sources map[string]*source // input artifacts that a source action made
}

func (h *codeBuild) offers() namespace {
	return namespace{names: h.spec.Env.ExportedVariables, known: true}
}

// codeBuild checks a build action. Source: the CodePipeline user guide, "CodeBuild build and test action reference".
func (p *planner) codeBuild(where string, action assembly.Action) handler {
	p.counts(where, action, 5, 5)
	c := action.Configuration
	p.keys(where, c, []string{"ProjectName"}, []string{"PrimarySource", "EnvironmentVariables"})
	project, ok := p.assembly.Projects[c["ProjectName"]]
	if !ok {
		p.problem(where, "the assembly has no CodeBuild project %q", c["ProjectName"])
	}
	h := &codeBuild{project: project, spec: &buildspec.Spec{}, sources: map[string]*source{}}
	h.primary = c["PrimarySource"]
	switch {
	case len(action.Inputs) == 0:
		p.problem(where, "CodeBuild needs an input artifact")
	case h.primary == "" && len(action.Inputs) > 1:
		p.problem(where, "configuration key PrimarySource is missing: there are several input artifacts")
	case h.primary == "":
		h.primary = action.Inputs[0]
	case !slices.Contains(action.Inputs, h.primary):
		p.problem(where, "PrimarySource %s is no input artifact of the action", h.primary)
	}
	for _, input := range action.Inputs {
		if s := p.sources[input]; s != nil {
			h.sources[input] = s
		}
	}
	if _, err := actionEnvironment(c["EnvironmentVariables"]); err != nil {
		p.problem(where, "EnvironmentVariables: %v", err)
	}
	if ok {
		h.buildspec(p, where, action)
	}
	return h
}

// buildspec checks the project's build specification against what the action promises.
func (h *codeBuild) buildspec(p *planner, where string, action assembly.Action) {
	spec, err := buildspec.Parse(h.project.Buildspec)
	if err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			p.problem(where, "buildspec of project %s: %s", h.project.Name, line)
		}
		return
	}
	h.spec = spec
	switch artifacts := spec.Artifacts; {
	case len(action.Outputs) > 0 && artifacts == nil:
		p.problem(where, "the buildspec has no artifacts, the action has the output %s", action.Outputs[0])
	case len(action.Outputs) == 1 && len(artifacts.Files) == 0:
		p.problem(where, "the buildspec has no artifacts.files, the action has the output %s", action.Outputs[0])
	case len(action.Outputs) > 1:
		for _, output := range action.Outputs {
			if _, ok := artifacts.Secondary[output]; !ok {
				p.problem(where, "the buildspec has no secondary artifact %s: with several outputs each needs one", output)
			}
		}
	}
	for _, path := range spec.Cache.Paths {
		if _, err := cachePath(path); err != nil {
			p.problem(where, "cache.paths: %v", err)
		}
	}
	for _, v := range h.project.Environment {
		if !slices.Contains(variableTypes, v.Type) {
			p.problem(where, "project %s: variable %s: type %s is not understood", h.project.Name, v.Name, v.Type)
		}
	}
}

var variableTypes = []string{"PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"}

// actionEnvironment reads the variables that an action adds to its project's.
func actionEnvironment(text string) ([]assembly.Variable, error) {
	if text == "" {
		return nil, nil
	}
	var list []assembly.Variable
	if err := document.Strict([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("want a JSON list of name, value and type: %w", err)
	}
	for i, v := range list {
		if v.Type == "" {
			list[i].Type = "PLAINTEXT"
		} else if !slices.Contains(variableTypes, v.Type) {
			return nil, fmt.Errorf("%s: type %s is not understood", v.Name, v.Type)
		}
	}
	return list, nil
}

// run starts the build as the action's role and carries it out with the project's.
func (h *codeBuild) run(ctx context.Context, t *task) (map[string]string, error) {
	by, err := t.identity(ctx)
	if err != nil {
		return nil, err
	}
	for _, action := range []string{"codebuild:StartBuild", "codebuild:BatchGetBuilds"} {
		if err := t.session.require(ctx, by.arn, action, h.project.ARN, nil); err != nil {
			return nil, err
		}
	}
	builder, err := t.session.service(ctx, h.project.RoleARN, "codebuild.amazonaws.com", t.action.Region)
	if err != nil {
		return nil, err
	}
	limit := time.Duration(h.project.TimeoutMinutes) * time.Minute
	if t.action.TimeoutMinutes > 0 {
		limit = min(limit, time.Duration(t.action.TimeoutMinutes)*time.Minute)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	b := &build{codeBuild: h, task: t, role: builder}
	exported, err := b.run(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return nil, failure("timed out after %s: raise the project's timeout or make the build faster", limit)
	}
	return exported, err
}
