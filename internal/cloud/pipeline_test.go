package cloud

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/stretchr/testify/require"
)

type fakePipeline struct{ state []types.StageState }

func (f fakePipeline) GetPipelineState(context.Context, *codepipeline.GetPipelineStateInput, ...func(*codepipeline.Options)) (*codepipeline.GetPipelineStateOutput, error) {
	return &codepipeline.GetPipelineStateOutput{StageStates: f.state}, nil
}

func TestApprovalIsOfThisExecutionOnly(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	stage := func(execution string, status types.ActionExecutionStatus) fakePipeline {
		return fakePipeline{[]types.StageState{{
			StageName: aws.String("Prod"), LatestExecution: &types.StageExecution{PipelineExecutionId: &execution},
			ActionStates: []types.ActionState{{ActionName: aws.String("Approve"), LatestExecution: &types.ActionExecution{
				Status: status, LastUpdatedBy: aws.String("arn:reviewer"), LastStatusChange: &at, Summary: aws.String("looks good"),
			}}},
		}}}
	}
	got, err := approval(t.Context(), stage("e1", types.ActionExecutionStatusSucceeded), "p", "Prod", "Approve", "e1")
	require.NoError(t, err)
	require.Equal(t, "arn:reviewer", got.By)
	require.Equal(t, "looks good", got.Summary)
	require.Equal(t, at, got.At)
	_, err = approval(t.Context(), stage("e2", types.ActionExecutionStatusSucceeded), "p", "Prod", "Approve", "e1")
	require.ErrorContains(t, err, "is not running execution e1")
	_, err = approval(t.Context(), stage("e1", types.ActionExecutionStatusInProgress), "p", "Prod", "Approve", "e1")
	require.ErrorContains(t, err, "has not approved execution e1")
	_, err = approval(t.Context(), fakePipeline{}, "p", "Prod", "Approve", "e1")
	require.ErrorContains(t, err, "nothing may be recorded")
}
