package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// stackAction is what CodePipeline does to one stack, with the credentials of an action's role.
type stackAction struct {
	client       *cloudformation.Client
	name         string
	changeSet    string
	role         string // CloudFormation's role
	template     string // either the template or its address
	templateURL  string
	capabilities []string
	parameters   map[string]string
	say          func(format string, args ...any)
}

func newStackClient(by identity) *cloudformation.Client {
	return cloudformation.NewFromConfig(by.config)
}

// describe returns the stack, nil if there is none.
func (a stackAction) describe(ctx context.Context) (*types.Stack, error) {
	out, err := a.client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &a.name})
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describe stack %s: %w", a.name, err)
	}
	if len(out.Stacks) == 0 || out.Stacks[0].StackStatus == types.StackStatusDeleteComplete {
		return nil, nil
	}
	return &out.Stacks[0], nil
}

// createOrUpdate carries out CREATE_UPDATE. A stack that failed to be created is not replaced: that is REPLACE_ON_FAILURE.
func (a stackAction) createOrUpdate(ctx context.Context) (string, error) {
	existing, err := a.describe(ctx)
	if err != nil {
		return "", err
	}
	if existing == nil || existing.StackStatus == types.StackStatusReviewInProgress {
		_, err := a.client.CreateStack(ctx, &cloudformation.CreateStackInput{
			StackName: &a.name, TemplateBody: optional(a.template), TemplateURL: optional(a.templateURL), RoleARN: optional(a.role),
			Capabilities: a.capabilityList(), Parameters: a.parameterList(),
		})
		if err != nil {
			return "", a.refused("create", err)
		}
		return "created", a.await(ctx, types.StackStatusCreateComplete)
	}
	_, err = a.client.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName: &a.name, TemplateBody: optional(a.template), TemplateURL: optional(a.templateURL), RoleARN: optional(a.role),
		Capabilities: a.capabilityList(), Parameters: a.parameterList(),
	})
	if err != nil && strings.Contains(err.Error(), "No updates are to be performed") {
		return "unchanged", nil
	}
	if err != nil {
		return "", a.refused("update", err)
	}
	return "updated", a.await(ctx, types.StackStatusUpdateComplete)
}

// replaceChangeSet carries out CHANGE_SET_REPLACE: an older change set of the name goes, and an empty one is a success.
func (a stackAction) replaceChangeSet(ctx context.Context) (string, error) {
	existing, err := a.describe(ctx)
	if err != nil {
		return "", err
	}
	kind := types.ChangeSetTypeUpdate
	if existing == nil || existing.StackStatus == types.StackStatusReviewInProgress {
		kind = types.ChangeSetTypeCreate
	}
	if existing != nil {
		_, err := a.client.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{StackName: &a.name, ChangeSetName: &a.changeSet})
		if err != nil && !isNotFound(err) {
			return "", a.refused("delete the change set of", err)
		}
	}
	_, err = a.client.CreateChangeSet(ctx, &cloudformation.CreateChangeSetInput{
		StackName: &a.name, ChangeSetName: &a.changeSet, ChangeSetType: kind, TemplateBody: optional(a.template), TemplateURL: optional(a.templateURL), RoleARN: optional(a.role),
		Capabilities: a.capabilityList(), Parameters: a.parameterList(),
	})
	if err != nil {
		return "", a.refused("create a change set for", err)
	}
	return a.awaitChangeSet(ctx)
}

func (a stackAction) awaitChangeSet(ctx context.Context) (summary string, err error) {
	err = poll(ctx, func() (bool, error) {
		set, err := a.describeChangeSet(ctx)
		if err != nil {
			return false, err
		}
		switch set.Status {
		case types.ChangeSetStatusCreateComplete:
			summary = fmt.Sprintf("%d changes", len(set.Changes))
			return true, nil
		case types.ChangeSetStatusFailed:
			if isEmpty(set) {
				summary = "no change"
				return true, nil
			}
			return false, failure("change set %s of stack %s failed: %s", a.changeSet, a.name, aws.ToString(set.StatusReason))
		}
		return false, nil
	})
	return summary, err
}

func (a stackAction) describeChangeSet(ctx context.Context) (*cloudformation.DescribeChangeSetOutput, error) {
	set, err := a.client.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{StackName: &a.name, ChangeSetName: &a.changeSet})
	if err != nil {
		return nil, a.refused("describe the change set of", err)
	}
	return set, nil
}

// isEmpty recognizes the two reasons that CloudFormation gives for a change set without changes.
func isEmpty(set *cloudformation.DescribeChangeSetOutput) bool {
	reason := aws.ToString(set.StatusReason)
	return strings.Contains(reason, "didn't contain changes") || strings.Contains(reason, "No updates are to be performed")
}

// executeChangeSet carries out CHANGE_SET_EXECUTE; a change set without changes has nothing to execute and succeeds.
func (a stackAction) executeChangeSet(ctx context.Context) (string, error) {
	set, err := a.describeChangeSet(ctx)
	if err != nil {
		return "", err
	}
	if set.Status == types.ChangeSetStatusFailed && isEmpty(set) {
		return "no change", nil
	}
	before, err := a.describe(ctx)
	if err != nil {
		return "", err
	}
	want, summary := types.StackStatusUpdateComplete, "updated"
	if before == nil || before.StackStatus == types.StackStatusReviewInProgress {
		want, summary = types.StackStatusCreateComplete, "created"
	}
	_, err = a.client.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{StackName: &a.name, ChangeSetName: &a.changeSet})
	if err != nil {
		return "", a.refused("execute the change set of", err)
	}
	return summary, a.await(ctx, want)
}

// await waits until the stack is at rest; a state other than want is a failure with CloudFormation's first reason.
func (a stackAction) await(ctx context.Context, want types.StackStatus) error {
	return poll(ctx, func() (bool, error) {
		stack, err := a.describe(ctx)
		if err != nil {
			return false, err
		}
		if stack == nil {
			return false, failure("stack %s is gone", a.name)
		}
		a.say("stack %s: %s", a.name, stack.StackStatus)
		switch {
		case stack.StackStatus == want:
			return true, nil
		case strings.HasSuffix(string(stack.StackStatus), "_IN_PROGRESS"):
			return false, nil
		}
		return false, failure("stack %s ended in %s: %s", a.name, stack.StackStatus, a.reason(ctx, stack))
	})
}

// reason finds the first failed event of the last operation, as CodePipeline does.
func (a stackAction) reason(ctx context.Context, stack *types.Stack) string {
	out, err := a.client.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: stack.StackId})
	if err != nil {
		return aws.ToString(stack.StackStatusReason)
	}
	reason := aws.ToString(stack.StackStatusReason)
	for _, event := range out.StackEvents { // newest first
		if text := aws.ToString(event.ResourceStatusReason); text == "User Initiated" {
			break
		} else if strings.HasSuffix(string(event.ResourceStatus), "_FAILED") && text != "" && !strings.Contains(text, "cancelled") {
			reason = aws.ToString(event.LogicalResourceId) + ": " + text
		}
	}
	return reason
}

// outputs returns the stack's outputs as variables.
func (a stackAction) outputs(ctx context.Context) (map[string]string, error) {
	stack, err := a.describe(ctx)
	if err != nil || stack == nil {
		return nil, err
	}
	values := map[string]string{}
	for _, o := range stack.Outputs {
		values[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return values, nil
}

// refused turns CloudFormation's refusal into a Failure; what is not its refusal stays an error.
func (a stackAction) refused(verb string, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) || strings.HasPrefix(api.ErrorCode(), "AccessDenied") || api.ErrorFault() == smithy.FaultServer {
		return fmt.Errorf("%s stack %s: %w", verb, a.name, err)
	}
	return failure("%s stack %s: %s", verb, a.name, api.ErrorMessage())
}

func (a stackAction) capabilityList() []types.Capability {
	var list []types.Capability
	for _, c := range a.capabilities {
		list = append(list, types.Capability(c))
	}
	return list
}

func (a stackAction) parameterList() []types.Parameter {
	var list []types.Parameter
	for _, key := range slices.Sorted(maps.Keys(a.parameters)) {
		list = append(list, types.Parameter{ParameterKey: aws.String(key), ParameterValue: aws.String(a.parameters[key])})
	}
	return list
}

func isNotFound(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && (api.ErrorCode() == "ChangeSetNotFound" || strings.Contains(api.ErrorMessage(), "does not exist"))
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// poll asks until done, more slowly each time.
func poll(ctx context.Context, ask func() (bool, error)) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		done, err := ask()
		if err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
