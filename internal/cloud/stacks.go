package cloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// stackReader is what reading stacks needs of CloudFormation.
type stackReader interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
	DescribeStackEvents(context.Context, *cloudformation.DescribeStackEventsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error)
	ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error)
}

// stackWriter is what changing stacks needs of CloudFormation.
type stackWriter interface {
	CreateStack(context.Context, *cloudformation.CreateStackInput, ...func(*cloudformation.Options)) (*cloudformation.CreateStackOutput, error)
	UpdateStack(context.Context, *cloudformation.UpdateStackInput, ...func(*cloudformation.Options)) (*cloudformation.UpdateStackOutput, error)
	DeleteStack(context.Context, *cloudformation.DeleteStackInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error)
}

// Stacks deploys and deletes CloudFormation stacks and waits for them.
type Stacks struct {
	read  stackReader
	write stackWriter
	pace  Pace
}

// Stacks are the stacks that the session may see.
func (s *Session) Stacks() *Stacks {
	client := s.CloudFormation()
	return &Stacks{read: client, write: client, pace: DefaultPace}
}

// Stack is what to deploy.
type Stack struct {
	Name         string
	Body         string // template; empty if URL is set
	URL          string // address of the template, where it is larger than 51,200 bytes
	RoleARN      string // role that CloudFormation takes
	Parameters   map[string]string
	Capabilities []string
	Tags         map[string]string
}

// Deployed is a stack after Deploy.
type Deployed struct {
	ID      string
	Action  string // "created", "updated" or "unchanged"
	Outputs map[string]string
}

// StackError says that CloudFormation refused or failed a stack: what was pushed is wrong, not the environment.
type StackError struct {
	Stack    string
	ID       string // empty if the stack was refused before it existed
	Status   string // status after CloudFormation came to rest
	Resource string // logical id of the first resource that failed, where one did
	Reason   string // AWS's reason, without the noise of cancelled resources
}

func (e *StackError) Error() string {
	where := ""
	if e.Resource != "" {
		where = e.Resource + ": "
	}
	if e.Status == "" {
		return fmt.Sprintf("stack %s was refused: %s%s", e.Stack, where, e.Reason)
	}
	return fmt.Sprintf("stack %s failed (%s): %s%s", e.Stack, e.Status, where, e.Reason)
}

// Deploy creates the stack, or updates it in place, and waits until it is complete. What a failed first creation left is deleted
// before. A *StackError says that CloudFormation refused or failed it; the stack was rolled back to what its Status says.
func (s *Stacks) Deploy(ctx context.Context, stack Stack) (Deployed, error) {
	existing, err := s.settled(ctx, stack.Name)
	if err != nil {
		return Deployed{}, err
	}
	if existing != nil && !updatable(existing.StackStatus) {
		if err := s.Delete(ctx, aws.ToString(existing.StackId), stack.RoleARN); err != nil {
			return Deployed{}, fmt.Errorf("clear what is left of %s: %w", stack.Name, err)
		}
		existing = nil
	}
	if existing == nil {
		return s.create(ctx, stack)
	}
	return s.update(ctx, stack, existing)
}

func (s *Stacks) create(ctx context.Context, stack Stack) (Deployed, error) {
	out, err := s.write.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: &stack.Name, TemplateBody: optional(stack.Body), TemplateURL: optional(stack.URL), RoleARN: optional(stack.RoleARN),
		Parameters: parameters(stack.Parameters), Capabilities: capabilities(stack.Capabilities), Tags: tags(stack.Tags),
	})
	if err != nil {
		return Deployed{}, refused(stack.Name, err)
	}
	return s.await(ctx, stack.Name, aws.ToString(out.StackId), "created", types.StackStatusCreateComplete, "")
}

func (s *Stacks) update(ctx context.Context, stack Stack, existing *types.Stack) (Deployed, error) {
	id := aws.ToString(existing.StackId)
	last, err := s.lastEvent(ctx, id)
	if err != nil {
		return Deployed{}, err
	}
	_, err = s.write.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName: &id, TemplateBody: optional(stack.Body), TemplateURL: optional(stack.URL), RoleARN: optional(stack.RoleARN),
		Parameters: parameters(stack.Parameters), Capabilities: capabilities(stack.Capabilities), Tags: tags(stack.Tags),
	})
	if err != nil && strings.Contains(err.Error(), "No updates are to be performed") {
		return Deployed{ID: id, Action: "unchanged", Outputs: outputs(existing)}, nil
	}
	if err != nil {
		return Deployed{ID: id, Action: "updated", Outputs: outputs(existing)}, refused(stack.Name, err)
	}
	return s.await(ctx, stack.Name, id, "updated", types.StackStatusUpdateComplete, last)
}

// await waits until the stack is at rest, and returns the first real reason if that is not want. Events up to after are old.
func (s *Stacks) await(ctx context.Context, name, id, action string, want types.StackStatus, after string) (Deployed, error) {
	deployed := Deployed{ID: id, Action: action}
	stack, err := s.rest(ctx, name, id)
	if err != nil {
		return deployed, err
	}
	deployed.Outputs = outputs(stack)
	if stack.StackStatus == want {
		return deployed, nil
	}
	return deployed, s.failure(ctx, name, stack, after)
}

// Delete deletes a stack by name or id and waits. A stack that does not exist is deleted already.
func (s *Stacks) Delete(ctx context.Context, id, roleARN string) error {
	stack, err := s.settled(ctx, id)
	if err != nil || stack == nil {
		return err
	}
	id = aws.ToString(stack.StackId)
	last, err := s.lastEvent(ctx, id)
	if err != nil {
		return err
	}
	if _, err := s.write.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &id, RoleARN: optional(roleARN)}); err != nil {
		return refused(aws.ToString(stack.StackName), err)
	}
	after, err := s.rest(ctx, aws.ToString(stack.StackName), id)
	if err != nil {
		return err
	}
	if after == nil || after.StackStatus == types.StackStatusDeleteComplete {
		return nil
	}
	return s.failure(ctx, aws.ToString(stack.StackName), after, last)
}

// Find is the stack with a name or id, nil if there is none or it is deleted.
func (s *Stacks) Find(ctx context.Context, id string) (*types.Stack, error) {
	out, err := s.read.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &id})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describe stack %s: %w", id, err)
	}
	if len(out.Stacks) == 0 || out.Stacks[0].StackStatus == types.StackStatusDeleteComplete {
		return nil, nil
	}
	return &out.Stacks[0], nil
}

// ID is the id of the stack with a name, empty if there is none.
func (s *Stacks) ID(ctx context.Context, name string) (string, error) {
	stack, err := s.Find(ctx, name)
	if err != nil || stack == nil {
		return "", err
	}
	return aws.ToString(stack.StackId), nil
}

// settled is Find after an operation that may still be under way has ended.
func (s *Stacks) settled(ctx context.Context, id string) (*types.Stack, error) {
	stack, err := s.Find(ctx, id)
	if err != nil || stack == nil || resting(stack.StackStatus) {
		return stack, err
	}
	return s.rest(ctx, id, aws.ToString(stack.StackId))
}

// rest waits until no operation is under way; nil means that the stack is gone.
func (s *Stacks) rest(ctx context.Context, name, id string) (stack *types.Stack, err error) {
	err = s.pace.Poll(ctx, "stack "+name, func(ctx context.Context) (bool, error) {
		stack, err = s.Find(ctx, id)
		return err == nil && (stack == nil || resting(stack.StackStatus)), err
	})
	return stack, err
}

func resting(status types.StackStatus) bool {
	return status == types.StackStatusReviewInProgress || !strings.HasSuffix(string(status), "_IN_PROGRESS")
}

// updatable says whether a stack can be updated; others must be deleted first.
func updatable(status types.StackStatus) bool {
	return slices.Contains([]types.StackStatus{
		types.StackStatusCreateComplete, types.StackStatusUpdateComplete, types.StackStatusUpdateRollbackComplete,
		types.StackStatusImportComplete, types.StackStatusImportRollbackComplete,
	}, status)
}

// missing says whether CloudFormation does not know a stack; it has no error code of its own for that.
func missing(err error) bool {
	return hasCode(err, "ValidationError") && strings.Contains(err.Error(), "does not exist")
}

// refused turns CloudFormation's refusal of a template, parameter or capability into a StackError; other errors stay errors.
func refused(name string, err error) error {
	if hasCode(err, "ValidationError", "InsufficientCapabilitiesException", "InsufficientCapabilities", "AlreadyExistsException", "LimitExceededException") {
		return &StackError{Stack: name, Reason: apiMessage(err)}
	}
	return fmt.Errorf("stack %s: %w", name, err)
}

func apiMessage(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return err.Error()
}

func outputs(stack *types.Stack) map[string]string {
	values := map[string]string{}
	if stack == nil {
		return values
	}
	for _, output := range stack.Outputs {
		values[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
	}
	return values
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func parameters(values map[string]string) []types.Parameter {
	var list []types.Parameter
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list = append(list, types.Parameter{ParameterKey: aws.String(key), ParameterValue: aws.String(values[key])})
	}
	return list
}

func tags(values map[string]string) []types.Tag {
	var list []types.Tag
	for _, key := range slices.Sorted(maps.Keys(values)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(values[key])})
	}
	return list
}

func capabilities(names []string) []types.Capability {
	var list []types.Capability
	for _, name := range names {
		list = append(list, types.Capability(name))
	}
	return list
}
