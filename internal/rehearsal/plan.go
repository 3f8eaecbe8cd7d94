package rehearsal

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/assembly"
	"accountfleet/internal/rehearsal/event"
)

// Plan is a pipeline of which every part is known to be runnable here. It is made before anything runs, and from the assembly alone.
type Plan struct {
	Assembly *assembly.Assembly
	Stages   []PlannedStage
	triggers []trigger
	starters []starter
	source   step // the source action
}

// PlannedStage is a stage with its actions grouped by run order.
type PlannedStage struct {
	Name   string
	entry  []condition
	groups [][]step
}

// step is an action and what carries it out.
type step struct {
	stage   string
	action  assembly.Action
	handler handler
}

// trigger is an EventBridge rule that was understood.
type trigger struct {
	assembly.Trigger
	pattern event.Pattern
}

// NewPlan checks the whole pipeline: providers, configuration keys, build specifications, variables, artifacts, conditions and event
// patterns. Its error joins everything that the rehearsal does not know how to run.
func NewPlan(a *assembly.Assembly) (*Plan, error) {
	p := &planner{assembly: a, plan: &Plan{Assembly: a}, namespaces: map[string]namespace{
		executionNamespace: {names: []string{"PipelineExecutionId"}, known: true},
	}, artifacts: map[string]string{}, sources: map[string]*source{}}
	for _, s := range a.Pipeline.Stages {
		p.stage(s)
	}
	p.oneSource()
	for _, t := range a.Triggers {
		pattern, err := event.Compile(t.Pattern)
		if err != nil {
			p.problem("rule "+t.Name, "%v", err)
		}
		p.plan.triggers = append(p.plan.triggers, trigger{Trigger: t, pattern: pattern})
	}
	for _, s := range a.Starters {
		p.plan.starters = append(p.plan.starters, p.starter(s))
	}
	if len(p.problems) > 0 {
		return nil, fmt.Errorf("the rehearsal cannot run this pipeline as AWS would:\n%w", errors.Join(p.problems...))
	}
	return p.plan, nil
}

// StageNames are the names of the stages, in order.
func (p *Plan) StageNames() []string {
	var names []string
	for _, s := range p.Stages {
		names = append(names, s.Name)
	}
	return names
}

// planner collects problems while it walks the pipeline in the order in which it would run.
type planner struct {
	assembly   *assembly.Assembly
	plan       *Plan
	namespaces map[string]namespace
	artifacts  map[string]string  // artifact -> "stage/action" that makes it
	sources    map[string]*source // artifacts that a source action makes
	problems   []error
}

// namespace is what an earlier action offers to later ones.
type namespace struct {
	names []string
	known bool // names are all there are; else only the run will tell
}

func (p *planner) problem(where, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

func (p *planner) stage(s assembly.Stage) {
	planned := PlannedStage{Name: s.Name}
	for _, c := range s.Entry {
		planned.entry = append(planned.entry, p.condition(s.Name, c))
	}
	for _, group := range byRunOrder(s.Actions) {
		var steps []step
		for _, action := range group {
			steps = append(steps, p.action(s.Name, action))
		}
		for _, done := range steps { // what an action offers is there for later run orders only
			p.offer(done)
		}
		planned.groups = append(planned.groups, steps)
	}
	p.plan.Stages = append(p.plan.Stages, planned)
}

// byRunOrder groups actions that run in parallel.
func byRunOrder(actions []assembly.Action) [][]assembly.Action {
	sorted := slices.Clone(actions)
	slices.SortStableFunc(sorted, func(a, b assembly.Action) int { return cmp.Compare(a.RunOrder, b.RunOrder) })
	var groups [][]assembly.Action
	for i, action := range sorted {
		if i == 0 || sorted[i-1].RunOrder != action.RunOrder {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], action)
	}
	return groups
}

// action checks one action and finds what carries it out.
func (p *planner) action(stage string, action assembly.Action) step {
	where := stage + "/" + action.Name
	for _, input := range action.Inputs {
		if _, ok := p.artifacts[input]; !ok {
			p.problem(where, "input artifact %s is made by no earlier action", input)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(action.Configuration)) {
		p.references(where, key, action.Configuration[key])
	}
	handler := p.handlerOf(where, action)
	return step{stage: stage, action: action, handler: handler}
}

// handlerOf finds what carries out an action by its provider.
func (p *planner) handlerOf(where string, action assembly.Action) handler {
	if action.Owner != "AWS" {
		p.problem(where, "owner %s is not understood: want AWS", action.Owner)
	}
	switch action.Provider {
	case "CodeCommit":
		return p.codeCommit(where, action)
	case "CodeStarSourceConnection":
		return p.connection(where, action)
	case "CodeBuild":
		return p.codeBuild(where, action)
	case "CloudFormation":
		return p.cloudFormation(where, action)
	case "Manual":
		return p.approval(where, action)
	}
	p.problem(where, "provider %s is not understood: want CodeCommit, CodeStarSourceConnection, CodeBuild, CloudFormation or Manual",
		action.Provider)
	return nil
}

// references checks the variables in one configuration value.
func (p *planner) references(where, key, text string) {
	for _, r := range references(text) {
		known, ok := p.namespaces[r[0]]
		switch {
		case !ok:
			p.problem(where, "%s: #{%s.%s}: no earlier action has the namespace %s", key, r[0], r[1], r[0])
		case known.known && !slices.Contains(known.names, r[1]):
			p.problem(where, "%s: #{%s.%s}: the namespace offers %s only", key, r[0], r[1], strings.Join(known.names, ", "))
		}
	}
}

// offer makes an action's artifacts and variables known to later actions.
func (p *planner) offer(s step) {
	where := s.stage + "/" + s.action.Name
	for _, output := range s.action.Outputs {
		if other, taken := p.artifacts[output]; taken {
			p.problem(where, "output artifact %s is made by %s already", output, other)
		}
		p.artifacts[output] = where
	}
	if s.action.Namespace == "" || s.handler == nil {
		return
	}
	if _, taken := p.namespaces[s.action.Namespace]; taken {
		p.problem(where, "namespace %s is taken", s.action.Namespace)
	}
	p.namespaces[s.action.Namespace] = s.handler.offers()
}

// keys reports configuration keys that are not understood, and those that are missing.
func (p *planner) keys(where string, configuration map[string]string, required, optional []string) {
	for _, key := range slices.Sorted(maps.Keys(configuration)) {
		if !slices.Contains(required, key) && !slices.Contains(optional, key) {
			p.problem(where, "configuration key %s is not understood", key)
		}
	}
	for _, key := range required {
		if configuration[key] == "" {
			p.problem(where, "configuration key %s is missing", key)
		}
	}
}

// counts reports a number of artifacts that the provider does not take.
func (p *planner) counts(where string, action assembly.Action, maxInputs, maxOutputs int) {
	if n := len(action.Inputs); n > maxInputs {
		p.problem(where, "%d input artifacts: %s takes at most %d", n, action.Provider, maxInputs)
	}
	if n := len(action.Outputs); n > maxOutputs {
		p.problem(where, "%d output artifacts: %s makes at most %d", n, action.Provider, maxOutputs)
	}
}

// oneSource checks that the pipeline starts with exactly one source action.
func (p *planner) oneSource() {
	var found []step
	for i, s := range p.plan.Stages {
		for _, group := range s.groups {
			for _, step := range group {
				if step.action.Category == "Source" {
					found = append(found, step)
					if i > 0 {
						p.problem(s.Name+"/"+step.action.Name, "a source action must stand in the first stage")
					}
				}
			}
		}
	}
	if len(found) != 1 {
		p.problem("pipeline", "want exactly one source action, found %d", len(found))
		return
	}
	p.plan.source = found[0]
}
