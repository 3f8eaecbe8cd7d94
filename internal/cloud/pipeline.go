package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"accountfleet/internal/ledger"
)

// pipelines is what reading an approval needs of CodePipeline.
type pipelines interface {
	GetPipelineState(context.Context, *codepipeline.GetPipelineStateInput, ...func(*codepipeline.Options)) (*codepipeline.GetPipelineStateOutput, error)
}

// Approval reads who approved an execution in an action of the pipeline. It fails if this execution was not approved there.
func (s *Session) Approval(ctx context.Context, pipeline, stage, action, execution string) (ledger.Approval, error) {
	return approval(ctx, s.CodePipeline(), pipeline, stage, action, execution)
}

func approval(ctx context.Context, client pipelines, pipeline, stage, action, execution string) (ledger.Approval, error) {
	state, err := client.GetPipelineState(ctx, &codepipeline.GetPipelineStateInput{Name: &pipeline})
	if err != nil {
		return ledger.Approval{}, fmt.Errorf("read who approved in pipeline %s: %w", pipeline, err)
	}
	for _, s := range state.StageStates {
		if aws.ToString(s.StageName) != stage {
			continue
		}
		if s.LatestExecution == nil || aws.ToString(s.LatestExecution.PipelineExecutionId) != execution {
			return ledger.Approval{}, fmt.Errorf("stage %s of pipeline %s is not running execution %s: settle is run by the pipeline, after its approval",
				stage, pipeline, execution)
		}
		for _, a := range s.ActionStates {
			if latest := a.LatestExecution; aws.ToString(a.ActionName) == action && latest != nil && latest.Status == types.ActionExecutionStatusSucceeded {
				return ledger.Approval{
					By: aws.ToString(latest.LastUpdatedBy), At: aws.ToTime(latest.LastStatusChange).UTC(), Summary: aws.ToString(latest.Summary),
				}, nil
			}
		}
	}
	return ledger.Approval{}, fmt.Errorf("action %s of stage %s has not approved execution %s: nothing may be recorded as approved", action, stage, execution)
}
