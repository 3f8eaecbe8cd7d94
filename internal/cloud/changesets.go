package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"accountfleet/internal/document"
)

// plans is what reading change sets needs of CloudFormation.
type plans interface {
	DescribeChangeSet(context.Context, *cloudformation.DescribeChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeChangeSetOutput, error)
	GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error)
}

// ChangeSets reads change sets and templates of stacks.
type ChangeSets struct{ client plans }

// ChangeSets reads with the session's identity.
func (s *Session) ChangeSets() *ChangeSets { return &ChangeSets{client: s.CloudFormation()} }

// ChangeSet is what executing it would do.
type ChangeSet struct {
	ARN      string // empty if there is none
	Status   string // of its execution: AVAILABLE, UNAVAILABLE, OBSOLETE, ...
	Reason   string // why it failed, where it did
	Empty    bool   // it exists, and nothing would change
	Template string // digest of its template in canonical form; empty with Empty
	Changes  []ResourceChange
}

// ResourceChange is one line of a change set.
type ResourceChange struct {
	Action      string // Add, Modify, Remove, Import, Dynamic
	LogicalID   string
	Type        string
	Replacement string   // True, False, Conditional; empty for additions and removals
	Scope       []string // Properties, Tags, Metadata, ...
}

// Find reads a change set by stack and name. One that does not exist has no ARN.
func (c *ChangeSets) Find(ctx context.Context, stack, name string) (ChangeSet, error) {
	var set ChangeSet
	pages := cloudformation.NewDescribeChangeSetPaginator(c.client, &cloudformation.DescribeChangeSetInput{StackName: &stack, ChangeSetName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if hasCode(err, "ChangeSetNotFound", "ChangeSetNotFoundException") || missing(err) {
			return ChangeSet{}, nil
		}
		if err != nil {
			return set, fmt.Errorf("describe change set %s of stack %s: %w", name, stack, err)
		}
		set.ARN, set.Status, set.Reason = aws.ToString(page.ChangeSetId), string(page.ExecutionStatus), aws.ToString(page.StatusReason)
		set.Empty = page.Status == types.ChangeSetStatusFailed && nothingToDo(set.Reason)
		for _, change := range page.Changes {
			if r := change.ResourceChange; r != nil {
				set.Changes = append(set.Changes, resourceChange(r))
			}
		}
	}
	if set.Empty {
		return set, nil
	}
	body, err := c.template(ctx, &cloudformation.GetTemplateInput{StackName: &stack, ChangeSetName: aws.String(set.ARN)})
	if err != nil {
		return set, fmt.Errorf("read the template of change set %s of stack %s: %w", name, stack, err)
	}
	set.Template = hexDigest(body)
	return set, nil
}

// nothingToDo says whether a change set failed only because nothing would change; CloudFormation has no status for that.
func nothingToDo(reason string) bool {
	return strings.Contains(reason, "didn't contain changes") || strings.Contains(reason, "No updates are to be performed")
}

func resourceChange(r *types.ResourceChange) ResourceChange {
	change := ResourceChange{
		Action: string(r.Action), LogicalID: aws.ToString(r.LogicalResourceId), Type: aws.ToString(r.ResourceType), Replacement: string(r.Replacement),
	}
	for _, scope := range r.Scope {
		change.Scope = append(change.Scope, string(scope))
	}
	return change
}

// Deployed is the template of a stack in canonical form, nil if there is no such stack.
func (c *ChangeSets) Deployed(ctx context.Context, stack string) ([]byte, error) {
	body, err := c.template(ctx, &cloudformation.GetTemplateInput{StackName: &stack, TemplateStage: types.TemplateStageOriginal})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the template of stack %s: %w", stack, err)
	}
	return body, nil
}

func (c *ChangeSets) template(ctx context.Context, in *cloudformation.GetTemplateInput) ([]byte, error) {
	out, err := c.client.GetTemplate(ctx, in)
	if err != nil {
		return nil, err
	}
	return Canonical([]byte(aws.ToString(out.TemplateBody)))
}

// Canonical is a JSON template with sorted keys and no spaces, so that two that mean the same are the same.
func Canonical(body []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("the template is not JSON: %w", err)
	}
	return document.Canonical(value), nil
}
