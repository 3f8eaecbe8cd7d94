package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"accountfleet/internal/assembly"
	"accountfleet/internal/document"
	"accountfleet/internal/rehearsal/event"
)

// besides is the stage that projects run in which rules start beside the pipeline, as people are shown it.
const besides = "Beside the pipeline"

// starter is an EventBridge rule that starts a CodeBuild project, and was understood.
type starter struct {
	assembly.Starter
	pattern event.Pattern
	build   *codeBuild
}

// starter checks a rule, its project, and what it passes on of an event.
func (p *planner) starter(s assembly.Starter) starter {
	where := "rule " + s.Name
	pattern, err := event.Compile(s.Pattern)
	if err != nil {
		p.problem(where, "%v", err)
	}
	project := p.assembly.Projects[s.Project]
	if project.Source != "NO_SOURCE" {
		p.problem(where, "project %s has the source %s: a project that a rule starts needs NO_SOURCE", s.Project, project.Source)
	}
	planned := starter{Starter: s, pattern: pattern, build: &codeBuild{project: project}}
	planned.build.buildspec(p, where, assembly.Action{})
	if _, err := planned.variables(map[string]any{}); err != nil {
		p.problem(where, "%v", err)
	}
	return planned
}

// variables is what the rule passes on of an event, as an action's EnvironmentVariables are written. A path that leads nowhere gives
// no value. Source: EventBridge user guide, "Input transformation"; StartBuild in the CodeBuild API Reference.
func (s starter) variables(happened map[string]any) (string, error) {
	if s.Input == "" {
		return "", nil
	}
	text := s.Input
	for _, name := range slices.Sorted(maps.Keys(s.Paths)) {
		value, err := json.Marshal(at(happened, s.Paths[name]))
		if err != nil {
			return "", fmt.Errorf("placeholder %s: %w", name, err)
		}
		text = strings.ReplaceAll(text, "<"+name+">", string(value))
	}
	var input struct {
		Variables []assembly.Variable `json:"environmentVariablesOverride"`
	}
	if err := document.Strict([]byte(text), &input); err != nil {
		return "", fmt.Errorf("input %s: want environmentVariablesOverride and nothing else: %w", s.Input, err)
	}
	body, err := json.Marshal(input.Variables)
	if err != nil {
		return "", fmt.Errorf("input %s: %w", s.Input, err)
	}
	return string(body), nil
}

// at is the text at a path such as $.detail.command.
func at(happened map[string]any, path string) string {
	var value any = happened
	for _, key := range strings.Split(strings.TrimPrefix(path, "$."), ".") {
		fields, _ := value.(map[string]any)
		value = fields[key]
	}
	text, _ := value.(string)
	return text
}

// beside runs what rules start because actions of an execution failed. On AWS that happens while other actions still run; here it waits
// for them, and an event that meets a running build is refused; here builds follow one another.
func (e *execution) beside(ctx context.Context, r *Result) {
	for _, stage := range r.Stages {
		for _, action := range stage.Actions {
			if action.Outcome != Failed && action.Outcome != Broken && action.Outcome != Rejected {
				continue
			}
			for _, s := range e.session.plan.starters {
				happened := e.changed(stage.Name, action, "Build", "FAILED")
				if ctx.Err() == nil && s.pattern.Match(happened) {
					r.Beside = append(r.Beside, e.start(ctx, s, happened, len(r.Beside)))
				}
			}
		}
	}
}

// start runs the project that a rule starts, as EventBridge does: with the rule's role, and then with the project's own. So many builds
// were before it in this execution.
func (e *execution) start(ctx context.Context, s starter, happened map[string]any, before int) BesideResult {
	began := time.Now()
	name := s.Project
	if before > 0 {
		name = fmt.Sprintf("%s-%d", s.Project, before+1)
	}
	e.session.observe(Event{Kind: StageStarted, Stage: besides})
	e.session.observe(Event{Kind: ActionStarted, Stage: besides, Action: s.Project})
	result := BesideResult{Rule: s.Name, ActionResult: ActionResult{
		Name: s.Project, Provider: "CodeBuild", Outcome: Succeeded, Started: began.UTC(), Log: filepath.Join(e.dir, "logs", name+".log"),
	}}
	err := e.carryOutBeside(ctx, s, happened, filepath.Join(e.dir, "work", name), &result)
	switch {
	case err == nil:
	case isFailure(err):
		result.Outcome, result.Reason = Failed, err.Error()
	default:
		result.Outcome, result.Reason = Broken, err.Error()
	}
	result.Said = lastSaid(result.Log)
	result.Seconds = time.Since(began).Seconds()
	e.session.observe(Event{Kind: ActionEnded, Stage: besides, Action: s.Project, Outcome: result.Outcome,
		Text: strings.Join(append(result.Said, result.Reason), "\n"), Elapsed: time.Since(began), Log: result.Log})
	return result
}

func (e *execution) carryOutBeside(ctx context.Context, s starter, happened map[string]any, dir string, result *BesideResult) error {
	region := e.session.plan.Assembly.Pipeline.Region
	if _, err := e.session.service(ctx, s.RoleARN, "events.amazonaws.com", region); err != nil {
		return fmt.Errorf("rule %s: %w", s.Name, err)
	}
	if err := e.session.require(ctx, s.RoleARN, "codebuild:StartBuild", s.build.project.ARN, nil); err != nil {
		return fmt.Errorf("rule %s: %w", s.Name, err)
	}
	variables, err := s.variables(happened)
	if err != nil {
		return fmt.Errorf("rule %s: %w", s.Name, err)
	}
	for _, folder := range []string{dir, filepath.Dir(result.Log)} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("prepare %s: %w", s.Project, err)
		}
	}
	log, err := os.Create(result.Log)
	if err != nil {
		return fmt.Errorf("prepare %s: %w", s.Project, err)
	}
	defer log.Close()
	builder, err := e.session.service(ctx, s.build.project.RoleARN, "codebuild.amazonaws.com", region)
	if err != nil {
		return err
	}
	t := &task{session: e.session, execution: e, stage: besides, dir: dir, log: log, result: &result.ActionResult, action: assembly.Action{
		Name: s.Project, Region: region, Configuration: map[string]string{"EnvironmentVariables": variables},
	}}
	limited, cancel := context.WithTimeout(ctx, time.Duration(s.build.project.TimeoutMinutes)*time.Minute)
	defer cancel()
	_, err = (&build{codeBuild: s.build, task: t, role: builder}).run(limited)
	tidy(dir, err != nil)
	if err != nil {
		t.say("FAILED: %v", err)
	}
	return err
}

// lastSaid is what the last command of a build wrote, for people: the build's own lines are left out.
func lastSaid(log string) []string {
	body, err := os.ReadFile(log)
	if err != nil {
		return nil // the build did not begin
	}
	var said []string
	for _, line := range strings.Split(strings.TrimRight(string(body), "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "[build] running command"):
			said = nil
		case !strings.HasPrefix(line, "[build]") && !strings.HasPrefix(line, "FAILED: "):
			said = append(said, line)
		}
	}
	return said
}

// reach lets a build without a source get at the repository by its address on AWS, as the project's role, which must be allowed to pull.
func (b *build) reach(ctx context.Context) (map[string]string, error) {
	r := b.task.session.plan.Assembly.Repository
	if b.project.Source != "NO_SOURCE" || r == nil {
		return nil, nil
	}
	if err := b.task.session.require(ctx, b.role.arn, "codecommit:GitPull", r.ARN, nil); err != nil {
		return nil, err
	}
	address := fmt.Sprintf("https://git-codecommit.%s.amazonaws.com/v1/repos/%s", r.Region, r.Name)
	config := fmt.Sprintf("[url %q]\n\tinsteadOf = %s\n", b.task.session.repository.dir, address)
	if err := os.WriteFile(filepath.Join(b.home, ".gitconfig"), []byte(config), 0o644); err != nil {
		return nil, fmt.Errorf("prepare the build: %w", err)
	}
	return map[string]string{"FLEET_PUSHER": b.role.arn}, nil
}
