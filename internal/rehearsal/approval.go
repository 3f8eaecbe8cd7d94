package rehearsal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	cptypes "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"accountfleet/internal/assembly"
)

// Question is what a reviewer is asked.
type Question struct {
	Stage, Action string
	Comments      string // the action's custom data
	Link          string // the page to review, as the console would link it
	Page          string // the same page on this machine, if the run made one
}

// Decision is a reviewer's answer.
type Decision struct {
	Approve bool
	Summary string // shown in the pipeline's history, at most 512 characters
	How     string // how the decision came about, for the result: "asked", "--approve", ...
}

// approval is a manual approval action.
type approval struct{}

func (*approval) offers() namespace { return namespace{known: true} }

// approval checks a manual approval.
func (p *planner) approval(where string, action assembly.Action) handler {
	p.counts(where, action, 0, 0)
	p.keys(where, action.Configuration, nil, []string{"CustomData", "ExternalEntityLink", "NotificationArn"})
	if p.assembly.Reviewers == "" {
		p.problem(where, "the assembly has no role that may approve")
	}
	return &approval{}
}

// run asks for a decision and gives it to CodePipeline as the reviewer's role, which must be allowed to.
func (*approval) run(ctx context.Context, t *task) (map[string]string, error) {
	token := strings.ToLower(rand.Text())
	if err := t.session.state.await(ctx, t, token); err != nil {
		return nil, err
	}
	if err := t.execution.notify(ctx, t.execution.changed(t.stage, *t.result, "Approval", "STARTED")); err != nil {
		return nil, err
	}
	decision, err := t.ask(ctx)
	if err != nil {
		return nil, err
	}
	t.result.Summary = strings.TrimSpace(decision.How + ": " + decision.Summary)
	if err := t.session.answer(ctx, t, token, decision); err != nil {
		return nil, err
	}
	by, status, err := t.session.readAnswer(ctx, t)
	if err != nil {
		return nil, err
	}
	t.result.DecidedBy = by
	if status == cptypes.ActionExecutionStatusFailed {
		return nil, &Failure{Reason: "rejected: " + decision.Summary, Rejected: true}
	}
	return nil, nil
}

// defaultPatience is how long CodePipeline waits for an answer unless the action says otherwise.
const defaultPatience = 7 * 24 * time.Hour

// ask waits for a decision, as long as the action's timeout allows.
func (t *task) ask(ctx context.Context) (Decision, error) {
	patience := defaultPatience
	if t.action.TimeoutMinutes > 0 {
		patience = time.Duration(t.action.TimeoutMinutes) * time.Minute
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	link := t.action.Configuration["ExternalEntityLink"]
	decision, err := t.session.options.Approve(limited, Question{
		Stage: t.stage, Action: t.action.Name, Comments: t.action.Configuration["CustomData"],
		Link: link, Page: t.execution.page(link),
	})
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return decision, failure("nobody answered within %s", patience)
	}
	if err != nil {
		return decision, fmt.Errorf("ask for approval: %w", err)
	}
	return decision, nil
}

// answer calls PutApprovalResult as the reviewer's role, assumed by someone whom it trusts.
func (s *Session) answer(ctx context.Context, t *task, token string, decision Decision) error {
	reviewer, err := s.reviewer(ctx)
	if err != nil {
		return err
	}
	status := cptypes.ApprovalStatusRejected
	if decision.Approve {
		status = cptypes.ApprovalStatusApproved
	}
	summary := decision.Summary
	if len(summary) > 512 {
		summary = summary[:512]
	}
	_, err = codepipeline.NewFromConfig(reviewer.config).PutApprovalResult(ctx, &codepipeline.PutApprovalResultInput{
		PipelineName: &s.plan.Assembly.Pipeline.Name, StageName: &t.stage, ActionName: &t.action.Name, Token: &token,
		Result: &cptypes.ApprovalResult{Status: status, Summary: &summary},
	})
	if err != nil {
		return fmt.Errorf("put the approval as %s: %w", reviewer.arn, err)
	}
	return nil
}

// readAnswer reads from the pipeline's state who decided what.
func (s *Session) readAnswer(ctx context.Context, t *task) (by string, status cptypes.ActionExecutionStatus, err error) {
	p := s.plan.Assembly.Pipeline
	out, err := codepipeline.NewFromConfig(s.root(p.Account, p.Region).config).GetPipelineState(ctx, &codepipeline.GetPipelineStateInput{Name: &p.Name})
	if err != nil {
		return "", "", fmt.Errorf("read the approval: %w", err)
	}
	for _, stage := range out.StageStates {
		for _, action := range stage.ActionStates {
			if aws.ToString(stage.StageName) == t.stage && aws.ToString(action.ActionName) == t.action.Name && action.LatestExecution != nil {
				latest := action.LatestExecution
				s.state.decided(t, aws.ToString(latest.LastUpdatedBy), aws.ToString(latest.Summary))
				return aws.ToString(latest.LastUpdatedBy), latest.Status, nil
			}
		}
	}
	return "", "", fmt.Errorf("read the approval: the pipeline's state has no action %s/%s", t.stage, t.action.Name)
}

// reviewer is the reviewer's role, assumed by a role made for this session that fits one of its trusted patterns.
func (s *Session) reviewer(ctx context.Context) (identity, error) {
	patterns := s.plan.Assembly.Approvers
	if len(patterns) == 0 {
		return identity{}, fmt.Errorf("role %s trusts nobody: name approvers in fleet.yaml", s.plan.Assembly.Reviewers)
	}
	arn := strings.ReplaceAll(patterns[0], "*", "rehearsal-approver")
	parts := strings.Split(arn, ":")
	if len(parts) != 6 {
		return identity{}, fmt.Errorf("approver %s is no ARN pattern of a role: mend approval.approvers in fleet.yaml", patterns[0])
	}
	region := s.plan.Assembly.Pipeline.Region
	root := s.root(parts[4], region)
	path, role, ok := strings.Cut(parts[5], "/")
	if !ok || path != "role" { // the account itself is trusted
		return s.chained(ctx, root, s.plan.Assembly.Reviewers, region)
	}
	if err := s.makeApprover(ctx, root, role); err != nil {
		return identity{}, err
	}
	approver, err := s.chained(ctx, root, arn, region)
	if err != nil {
		return identity{}, err
	}
	return s.chained(ctx, approver, s.plan.Assembly.Reviewers, region)
}

// makeApprover creates the role of a person who may assume the reviewer's role and nothing else, unless it is there.
func (s *Session) makeApprover(ctx context.Context, root identity, role string) error {
	client := iam.NewFromConfig(root.config)
	path, name := "/", role
	if i := strings.LastIndex(role, "/"); i >= 0 {
		path, name = "/"+role[:i+1], role[i+1:]
	}
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":%q}}]}`, root.arn)
	_, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, Path: &path, AssumeRolePolicyDocument: &trust})
	var exists *iamtypes.EntityAlreadyExistsException
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("make a role that stands for the approver: %w", err)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":%q}]}`, s.plan.Assembly.Reviewers)
	_, err = client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("approve"), PolicyDocument: &policy})
	if err != nil {
		return fmt.Errorf("make a role that stands for the approver: %w", err)
	}
	return nil
}

// now is a timestamp as CodePipeline's JSON has it.
func now() float64 { return float64(time.Now().UnixMilli()) / 1000 }
