package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// lastEvent is the id of a stack's newest event: what comes later belongs to the next operation.
func (s *Stacks) lastEvent(ctx context.Context, id string) (string, error) {
	out, err := s.read.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &id})
	if err != nil {
		return "", fmt.Errorf("read events of stack %s: %w", id, err)
	}
	if len(out.StackEvents) == 0 {
		return "", nil
	}
	return aws.ToString(out.StackEvents[0].EventId), nil
}

// failure describes why a stack came to rest elsewhere than it should: the first real reason of the operation after event `after`.
func (s *Stacks) failure(ctx context.Context, name string, stack *types.Stack, after string) error {
	failed := &StackError{Stack: name, Status: "DELETE_COMPLETE", Reason: "the stack is gone"}
	if stack == nil {
		return failed
	}
	failed.ID, failed.Status = aws.ToString(stack.StackId), string(stack.StackStatus)
	failed.Reason = aws.ToString(stack.StackStatusReason)
	events, err := s.events(ctx, failed.ID, after)
	if err != nil {
		return fmt.Errorf("%w (and its events cannot be read: %w)", failed, err)
	}
	if event, ok := firstReason(events); ok {
		failed.Resource, failed.Reason = aws.ToString(event.LogicalResourceId), aws.ToString(event.ResourceStatusReason)
	}
	if failed.Reason == "" {
		failed.Reason = "CloudFormation gave no reason: read the stack's events in the console"
	}
	return failed
}

// events are the stack's events after event `after`, oldest first; CloudFormation gives the newest first.
func (s *Stacks) events(ctx context.Context, id, after string) ([]types.StackEvent, error) {
	var events []types.StackEvent
	pages := cloudformation.NewDescribeStackEventsPaginator(s.read, &cloudformation.DescribeStackEventsInput{StackName: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read events of stack %s: %w", id, err)
		}
		for _, event := range page.StackEvents {
			if after != "" && aws.ToString(event.EventId) == after {
				slices.Reverse(events)
				return events, nil
			}
			events = append(events, event)
		}
	}
	slices.Reverse(events)
	return events, nil
}

// firstReason is the oldest failed event that says something: resources cancelled because another one failed, and the stack's own
// summary of its resources, are noise.
func firstReason(events []types.StackEvent) (types.StackEvent, bool) {
	for _, event := range events {
		reason := aws.ToString(event.ResourceStatusReason)
		noise := reason == "" || strings.Contains(reason, "creation cancelled") || strings.Contains(reason, "update cancelled") ||
			strings.Contains(reason, "following resource(s) failed")
		if strings.HasSuffix(string(event.ResourceStatus), "_FAILED") && !noise {
			return event, true
		}
	}
	return types.StackEvent{}, false
}

// StackResource is a resource of a stack, which may be deleted already.
type StackResource struct {
	Stack      string `json:"stack"` // stack id
	LogicalID  string `json:"logicalId"`
	PhysicalID string `json:"physicalId"`
	Type       string `json:"type"`
	Status     string `json:"status"`
	Reason     string `json:"reason,omitempty"`
}

// Resources lists a stack's resources; CloudFormation keeps those of deleted stacks for 90 days, by stack id.
func (s *Stacks) Resources(ctx context.Context, id string) ([]StackResource, error) {
	var resources []StackResource
	pages := cloudformation.NewListStackResourcesPaginator(s.read, &cloudformation.ListStackResourcesInput{StackName: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list resources of stack %s: %w", id, err)
		}
		for _, r := range page.StackResourceSummaries {
			resources = append(resources, StackResource{
				Stack: id, LogicalID: aws.ToString(r.LogicalResourceId), PhysicalID: aws.ToString(r.PhysicalResourceId),
				Type: aws.ToString(r.ResourceType), Status: string(r.ResourceStatus), Reason: aws.ToString(r.ResourceStatusReason),
			})
		}
	}
	return resources, nil
}

// Leftovers are the resources that outlived their deleted stack: retained by their DeletionPolicy, or impossible to delete.
func (s *Stacks) Leftovers(ctx context.Context, id string) ([]StackResource, error) {
	resources, err := s.Resources(ctx, id)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(resources, func(r StackResource) bool {
		gone := r.Status == string(types.ResourceStatusDeleteComplete)
		return gone || r.PhysicalID == ""
	}), nil
}
