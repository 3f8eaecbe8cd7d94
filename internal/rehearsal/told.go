package rehearsal

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// told is what the emulator is told of an execution, so that whoever asks AWS for executions and their artifacts gets an answer.
type told struct {
	Account string           `json:"account"`
	Region  string           `json:"region"`
	Summary map[string]any   `json:"summary"` // as ListPipelineExecutions shows it
	Actions []map[string]any `json:"actions"` // as ListActionExecutions does
}

// tell tells the emulator how an execution ended, and where its artifacts lie.
func (e *execution) tell(ctx context.Context, r *Result) error {
	p := e.session.plan.Assembly.Pipeline
	status := map[bool]string{true: "Succeeded", false: "Failed"}
	body := told{Account: p.Account, Region: p.Region, Summary: map[string]any{
		"status": status[r.Outcome == Succeeded], "startTime": r.Started, "lastUpdateTime": time.Now().UTC(),
		"sourceRevisions": []any{map[string]any{"actionName": e.session.plan.source.action.Name, "revisionId": e.commit, "revisionSummary": e.subject}},
	}}
	outputs := e.outputs()
	for _, stage := range r.Stages {
		for _, action := range stage.Actions {
			body.Actions = append(body.Actions, map[string]any{
				"actionExecutionId": newUUID(), "pipelineVersion": 1, "stageName": stage.Name, "actionName": action.Name,
				"status": status[action.Outcome == Succeeded], "startTime": action.Started, "lastUpdateTime": time.Now().UTC(),
				"output": map[string]any{"outputArtifacts": outputs[stage.Name+"/"+action.Name]},
			})
		}
	}
	if err := e.session.emulator.PutExecution(ctx, p.Name, e.id, body); err != nil {
		return fmt.Errorf("tell the emulator of the execution: %w", err)
	}
	return nil
}

// outputs are the artifacts that were made, by stage and action.
func (e *execution) outputs() map[string][]any {
	made := map[string][]any{}
	e.artifacts.mu.Lock()
	defer e.artifacts.mu.Unlock()
	for _, stage := range e.session.plan.Assembly.Pipeline.Stages {
		for _, action := range stage.Actions {
			where := stage.Name + "/" + action.Name
			made[where] = []any{}
			for _, output := range action.Outputs {
				for region, at := range e.artifacts.places[output] {
					made[where] = append(made[where], map[string]any{"name": output, "s3location": map[string]any{
						"bucket": e.session.plan.Assembly.Pipeline.Stores[region].Bucket, "key": at.key,
					}})
				}
			}
		}
	}
	return made
}

// waiting is the execution that somebody started by StartPipelineExecution and nobody ran yet; "" if there is none.
func (s *Session) waiting(ctx context.Context) (string, error) {
	p := s.plan.Assembly.Pipeline
	list, err := codepipeline.NewFromConfig(s.root(p.Account, p.Region).config).
		ListPipelineExecutions(ctx, &codepipeline.ListPipelineExecutionsInput{PipelineName: &p.Name})
	if err != nil {
		return "", fmt.Errorf("look for executions that were started: %w", err)
	}
	for _, summary := range list.PipelineExecutionSummaries {
		if summary.Status == "InProgress" {
			return aws.ToString(summary.PipelineExecutionId), nil
		}
	}
	return "", nil
}

// enabled says whether a rule is switched on in the emulated account, where a build may have switched it off.
func (s *Session) enabled(ctx context.Context, rule string) (bool, error) {
	p := s.plan.Assembly.Pipeline
	out, err := eventbridge.NewFromConfig(s.root(p.Account, p.Region).config).DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &rule})
	if err != nil {
		return false, fmt.Errorf("look at rule %s: %w", rule, err)
	}
	return out.State != types.RuleStateDisabled, nil
}
