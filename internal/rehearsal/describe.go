package rehearsal

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"accountfleet/internal/emulator"
	"accountfleet/internal/evidence"
	"accountfleet/internal/plan"
)

// describe adds to the result what the emulator knows after the run: how resources were exercised and which permissions nothing used.
func (s *Session) describe(ctx context.Context, e *execution, r *Result) error {
	ctx = context.WithoutCancel(ctx)
	list, err := s.emulator.Resources(ctx, emulator.Filter{})
	if err != nil {
		return err
	}
	r.Resources.List = append(list, launched(r.Stages, list)...)
	for _, resource := range r.Resources.List {
		switch resource.Level {
		case emulator.LevelEmulated:
			r.Resources.Emulated++
		case emulator.LevelModelled:
			r.Resources.Modelled++
		}
	}
	roles, err := s.emulator.Permissions(ctx)
	if err != nil {
		return err
	}
	used := map[string][]string{}
	for _, role := range roles {
		used[role.ARN] = role.Used
	}
	for _, role := range s.plan.Assembly.Roles {
		if never := neverUsed(role.Actions, used[role.ARN]); len(never) > 0 {
			r.Unused = append(r.Unused, Unused{Role: role.ARN, Actions: never})
		}
	}
	e.published(r)
	r.NotRun = append(r.NotRun, s.plan.notPlayed()...)
	return nil
}

// notPlayed names what AWS does with this pipeline and the rehearsal does not.
func (p *Plan) notPlayed() []evidence.Skipped {
	var list []evidence.Skipped
	add := func(what, why string) { list = append(list, evidence.Skipped{What: what, Why: why}) }
	if runtimes := p.runtimes(); len(runtimes) > 0 {
		add("build image with "+strings.Join(runtimes, ", "), "builds ran with the programs of this machine")
	}
	if r := p.Assembly.Repository; r != nil && r.Branch != "" {
		add("seed of repository "+r.Name, "the first push of the rehearsal brings the catalog instead")
	}
	if len(p.starters) > 0 {
		var rules []string
		for _, s := range p.starters {
			rules = append(rules, s.Name)
		}
		add("tries of rules "+strings.Join(rules, ", ")+", and limits of builds at a time", "builds beside the pipeline run one after another")
	}
	if rules := p.Assembly.OtherRules; len(rules) > 0 {
		add("mail of rules "+strings.Join(rules, ", "), "what they say ends at an emulated topic")
	}
	return list
}

// runtimes are the runtime versions that build specifications choose, each once.
func (p *Plan) runtimes() []string {
	var chosen []string
	for _, stage := range p.Stages {
		for _, group := range stage.groups {
			for _, step := range group {
				h, ok := step.handler.(*codeBuild)
				if !ok {
					continue
				}
				for name, version := range h.spec.Phases["install"].RuntimeVersions {
					if text := name + " " + version; !slices.Contains(chosen, text) {
						chosen = append(chosen, text)
					}
				}
			}
		}
	}
	slices.Sort(chosen)
	return chosen
}

// launched are the resources that actions launched for a test and removed again: their evidence tells of them, the emulator does not.
func launched(stages []StageResult, present []emulator.Resource) []emulator.Resource {
	type key struct{ account, region, stack, id string }
	seen := map[key]bool{}
	for _, r := range present {
		seen[key{r.Account, r.Region, r.Stack, r.LogicalID}] = true
	}
	var gone []emulator.Resource
	for _, stage := range stages {
		for _, action := range stage.Actions {
			if action.Evidence == nil {
				continue
			}
			for _, product := range action.Evidence.Products {
				for _, r := range product.Resources {
					if k := (key{r.Account, r.Region, r.Stack, r.LogicalID}); !seen[k] {
						seen[k] = true
						gone = append(gone, emulator.Resource{Account: r.Account, Region: r.Region, Stack: r.Stack, LogicalID: r.LogicalID,
							Type: r.Type, Status: "removed after the test", Level: string(r.Level)})
					}
				}
			}
		}
	}
	return gone
}

// neverUsed returns the granted action patterns that match none of the used actions.
func neverUsed(granted, used []string) []string {
	var never []string
	for _, pattern := range granted {
		matches := func(action string) bool {
			ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(action))
			return err == nil && ok
		}
		if !slices.ContainsFunc(used, matches) && !slices.Contains(never, pattern) {
			never = append(never, pattern)
		}
	}
	slices.Sort(never)
	return never
}

// published reads from the plan that was carried out which versions became available; nothing did unless all stages succeeded.
func (e *execution) published(r *Result) {
	for _, stage := range r.Stages {
		if stage.Outcome != Succeeded {
			return
		}
	}
	found, err := filepath.Glob(filepath.Join(e.dir, "artifacts", "*", "plan.json"))
	if err != nil || len(found) == 0 {
		return
	}
	if p, err := plan.Read(found[0]); err == nil {
		r.Published = p.New
	}
}
