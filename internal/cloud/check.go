package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// checker is what trying a template out needs of CloudFormation.
type checker interface {
	CreateChangeSet(context.Context, *cloudformation.CreateChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.CreateChangeSetOutput, error)
	DescribeChangeSet(context.Context, *cloudformation.DescribeChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeChangeSetOutput, error)
	DeleteStack(context.Context, *cloudformation.DeleteStackInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error)
}

// checkName is the change set that Check makes and removes again.
const checkName = "fleet-check"

// Check has CloudFormation make a change set that creates the stack, and removes it and the empty stack again. A *StackError says why
// CloudFormation would not take the template.
func (s *Session) Check(ctx context.Context, stack Stack) error {
	return check(ctx, s.CloudFormation(), stack, DefaultPace)
}

func check(ctx context.Context, client checker, stack Stack, pace Pace) error {
	made, err := client.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
		StackName: &stack.Name, ChangeSetName: aws.String(checkName), ChangeSetType: types.ChangeSetTypeCreate,
		TemplateBody: optional(stack.Body), TemplateURL: optional(stack.URL), RoleARN: optional(stack.RoleARN),
		Parameters: parameters(stack.Parameters), Capabilities: capabilities(stack.Capabilities), Tags: tags(stack.Tags),
	})
	if err != nil {
		return refused(stack.Name, err)
	}
	var set *cloudformation.DescribeChangeSetOutput
	err = pace.Poll(ctx, "the change set of "+stack.Name, func(ctx context.Context) (bool, error) {
		set, err = client.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: made.Id, StackName: made.StackId})
		if err != nil {
			return false, fmt.Errorf("describe the change set of %s: %w", stack.Name, err)
		}
		return set.Status == types.ChangeSetStatusCreateComplete || set.Status == types.ChangeSetStatusFailed, nil
	})
	cleanup, cancel := Cleanup(ctx)
	defer cancel()
	// Deleting a stack that is only in review deletes its change sets with it.
	if _, deleted := client.DeleteStack(cleanup, &cloudformation.DeleteStackInput{StackName: made.StackId}); deleted != nil && err == nil {
		err = fmt.Errorf("remove the stack in review %s: %w", stack.Name, deleted)
	}
	if err == nil && set.Status == types.ChangeSetStatusFailed {
		return &StackError{Stack: stack.Name, ID: aws.ToString(made.StackId), Status: "change set FAILED", Reason: aws.ToString(set.StatusReason)}
	}
	return err
}
