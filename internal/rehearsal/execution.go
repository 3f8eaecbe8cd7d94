package rehearsal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// execution is one execution of the pipeline.
type execution struct {
	session   *Session
	id        string
	commit    string
	subject   string // first line of the commit's message
	dir       string // run folder
	variables *variables
	artifacts *artifacts
}

// kept is where a copy of an artifact is left for people.
func (e *execution) kept(artifact string) string { return filepath.Join(e.dir, "artifacts", artifact) }

// page finds the local copy of a page that a link points to: an artifact that holds the linked file.
func (e *execution) page(link string) string {
	if link == "" {
		return ""
	}
	found, err := filepath.Glob(filepath.Join(e.dir, "artifacts", "*", "index.html"))
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// stages runs the stages in order until one does not succeed, and says how all of them ended.
func (e *execution) stages(ctx context.Context, until string) []StageResult {
	var results []StageResult
	stopped := ""
	for _, stage := range e.session.plan.Stages {
		if stopped != "" {
			results = append(results, StageResult{Name: stage.Name, Outcome: NotRun, Reason: stopped})
			continue
		}
		result := e.stage(ctx, stage)
		results = append(results, result)
		if result.Outcome != Succeeded && result.Outcome != Skipped {
			stopped = fmt.Sprintf("%s %s", stage.Name, result.Outcome)
		} else if stage.Name == until {
			stopped = "stopped after " + until + ", as asked"
		}
	}
	return results
}

// stage runs one stage: its condition, then its groups of actions in run order.
func (e *execution) stage(ctx context.Context, stage PlannedStage) StageResult {
	started := time.Now()
	result := StageResult{Name: stage.Name, Outcome: Succeeded}
	e.session.observe(Event{Kind: StageStarted, Stage: stage.Name})
	err := e.enter(ctx, stage, &result)
	if err == nil && result.Outcome == Succeeded {
		err = e.session.state.stage(ctx, e.id, stage.Name, "InProgress")
	}
	for _, group := range stage.groups {
		if err != nil || result.Outcome != Succeeded {
			break
		}
		actions := e.group(ctx, group)
		result.Actions = append(result.Actions, actions...)
		result.Outcome, result.Reason = worst(actions)
	}
	if err != nil {
		result.Outcome, result.Reason = Broken, err.Error()
	}
	e.leave(ctx, stage.Name, &result)
	result.Seconds = time.Since(started).Seconds()
	e.session.observe(Event{Kind: StageEnded, Stage: stage.Name, Outcome: result.Outcome, Text: result.Reason, Elapsed: time.Since(started)})
	return result
}

// enter evaluates the stage's conditions.
func (e *execution) enter(_ context.Context, stage PlannedStage, result *StageResult) error {
	for _, c := range stage.entry {
		ok, reason, err := c.holds(e.variables)
		if err != nil {
			return fmt.Errorf("condition of stage %s: %w", stage.Name, err)
		}
		if !ok {
			result.Reason, result.Outcome = reason, Skipped
			if c.result == "FAIL" {
				result.Outcome = Failed
			}
		}
	}
	return nil
}

// leave tells the emulator how the stage ended; after an interrupt nobody asks any more.
func (e *execution) leave(ctx context.Context, stage string, result *StageResult) {
	status := map[Outcome]string{Succeeded: "Succeeded", Skipped: "Skipped"}[result.Outcome]
	if status == "" {
		status = "Failed"
	}
	if err := e.session.state.stage(ctx, e.id, stage, status); err != nil && ctx.Err() == nil && result.Outcome == Succeeded {
		result.Outcome, result.Reason = Broken, err.Error()
	}
}

// group runs actions of one run order in parallel. If one fails the others still end, as in CodePipeline.
func (e *execution) group(ctx context.Context, steps []step) []ActionResult {
	results := make([]ActionResult, len(steps))
	var group errgroup.Group
	group.SetLimit(e.session.options.Parallel)
	for i, s := range steps {
		group.Go(func() error {
			results[i] = e.action(ctx, s)
			return nil
		})
	}
	_ = group.Wait() // what happened is in the results
	return results
}

// worst is the outcome of a group: broken before failed, rejected among the failed.
func worst(actions []ActionResult) (Outcome, string) {
	for _, bad := range []Outcome{Broken, Rejected, Failed} {
		for _, a := range actions {
			if a.Outcome == bad {
				return bad, a.Name + ": " + a.Reason
			}
		}
	}
	return Succeeded, ""
}

// action runs one action and describes how it ended.
func (e *execution) action(ctx context.Context, s step) ActionResult {
	started := time.Now()
	result := ActionResult{Name: s.action.Name, Provider: s.action.Provider, RunOrder: s.action.RunOrder, Outcome: Succeeded, Started: started.UTC()}
	e.session.observe(Event{Kind: ActionStarted, Stage: s.stage, Action: s.action.Name})
	variables, err := e.carryOut(ctx, s, &result)
	var failed *Failure
	switch {
	case err == nil:
		result.Variables = variables
		e.variables.set(s.action.Namespace, variables)
	case ctx.Err() != nil:
		result.Outcome, result.Reason = Broken, "interrupted"
	case errors.As(err, &failed) && failed.Rejected:
		result.Outcome, result.Reason = Rejected, err.Error()
	case errors.As(err, &failed):
		result.Outcome, result.Reason = Failed, err.Error()
	default:
		result.Outcome, result.Reason = Broken, err.Error()
	}
	result.Seconds = time.Since(started).Seconds()
	e.session.observe(Event{
		Kind: ActionEnded, Stage: s.stage, Action: s.action.Name, Outcome: result.Outcome,
		Text: cmp.Or(result.Reason, result.Summary), Elapsed: time.Since(started), Log: result.Log,
	})
	return result
}

// carryOut prepares the action's folder, log and configuration and hands it to its handler.
func (e *execution) carryOut(ctx context.Context, s step, result *ActionResult) (map[string]string, error) {
	if hook := e.session.options.Hooks.BeforeAction; hook != nil {
		if err := hook(ctx, s.stage, s.action.Name); err != nil {
			return nil, fmt.Errorf("before %s/%s: %w", s.stage, s.action.Name, err)
		}
	}
	name := s.stage + "-" + s.action.Name
	dir := filepath.Join(e.dir, "work", name)
	result.Log = filepath.Join(e.dir, "logs", name+".log")
	for _, folder := range []string{dir, filepath.Dir(result.Log)} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, fmt.Errorf("prepare %s: %w", name, err)
		}
	}
	log, err := os.OpenFile(result.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", name, err)
	}
	defer log.Close()
	if err := e.session.state.action(ctx, s.stage, s.action.Name, e.id, "InProgress", ""); err != nil {
		return nil, err
	}
	t := &task{session: e.session, execution: e, stage: s.stage, action: s.action, dir: dir, log: log, result: result}
	variables, err := e.handle(ctx, t, s.handler)
	tidy(dir, err != nil)
	status, reason := "Succeeded", ""
	if err != nil {
		t.say("FAILED: %v", err)
		status, reason = "Failed", err.Error()
	}
	told := e.session.state.action(context.WithoutCancel(ctx), s.stage, s.action.Name, e.id, status, reason)
	if err == nil {
		err = told
	}
	return variables, err
}

// tidy removes an action's workspace, which holds the unpacked toolbox: a hundred megabytes. Of a failed one the sources stay, to look at.
func tidy(dir string, failed bool) {
	gone := []string{dir}
	if failed {
		gone = []string{filepath.Join(dir, "tmp"), filepath.Join(dir, "home")}
	}
	for _, folder := range gone {
		_ = os.RemoveAll(folder) // what cannot be removed costs space only
	}
}

func (e *execution) handle(ctx context.Context, t *task, h handler) (map[string]string, error) {
	configuration, err := e.variables.expandAll(t.action.Configuration)
	if err != nil {
		return nil, err
	}
	t.action.Configuration = configuration
	return h.run(ctx, t)
}

// outcome sums up an execution: the first stage that did not succeed decides.
func outcome(stages []StageResult) (Outcome, string) {
	for _, s := range stages {
		switch s.Outcome {
		case Failed, Rejected, Broken:
			return s.Outcome, s.Name + "/" + s.Reason
		}
	}
	return Succeeded, ""
}

// observer passes events on, one at a time.
type observer struct {
	mu   sync.Mutex
	next func(Event)
}

func (o *observer) observe(e Event) {
	if o.next == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next(e)
}
