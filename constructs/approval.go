package constructs

import (
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
)

// ReviewersProps describes who may approve.
type ReviewersProps struct {
	Settings *config.Settings
	Stage    string // stage of the approval
	Action   string // the approval
	KeyARN   string // key of the dossiers
}

// Reviewers is the role that may approve, and the policy that keeps everybody else from it.
type Reviewers struct {
	Role  *Role
	Guard awsiam.CfnManagedPolicy
}

// NewReviewers creates the reviewer role. An Allow alone keeps nobody out who may use CodePipeline anyway, so the guard is offered to
// be attached to every other role of the account; fleet doctor says whether it is. On the role by which CloudFormation deploys for the
// CDK it leaves cdk deploy of the pipeline possible.
func NewReviewers(scope constructs.Construct, id string, props ReviewersProps) *Reviewers {
	s := props.Settings
	pipeline := s.ToolsARN("codepipeline", s.PipelineName())
	approval := pipeline + "/" + props.Stage + "/" + props.Action
	role := NewRole(scope, id+"Role", RoleProps{
		Name:        s.ReviewerRole(),
		Description: "Reads dossiers, and approves or rejects publications",
		Trust:       []Statement{trustApprovers(s)},
		Policy: []Statement{
			Allow("Approve", []string{approval}, "codepipeline:PutApprovalResult"),
			Allow("ReadPipeline", []string{pipeline}, "codepipeline:GetPipeline", "codepipeline:GetPipelineExecution",
				"codepipeline:GetPipelineState", "codepipeline:ListActionExecutions", "codepipeline:ListPipelineExecutions"),
			Allow("ListPipelines", []string{"*"}, "codepipeline:ListPipelines"),
			Allow("ReadDossiers", []string{ObjectsARN(s.DossierBucket(), "*")}, "s3:GetObject", "s3:GetObjectVersion"),
			Allow("ListDossiers", []string{BucketARN(s.DossierBucket())}, "s3:ListBucket", "s3:GetBucketLocation"),
			Allow("DecryptDossiers", []string{props.KeyARN}, "kms:Decrypt"),
			Allow("DecideOnCleansings", []string{s.ToolsARN("events", "event-bus/default")}, "events:PutEvents").
				When("StringEquals", "events:source", s.CleansingSource()).When("StringEquals", "events:detail-type", config.CleansingDecided),
		},
	})
	guard := awsiam.NewCfnManagedPolicy(scope, jsii.String(id+"Guard"), &awsiam.CfnManagedPolicyProps{
		ManagedPolicyName: jsii.String(s.ApprovalGuard()),
		Description:       jsii.String("Attach to every role but the reviewers': nobody else approves, changes the pipeline or overrides a condition"),
		PolicyDocument: Document(
			Deny("OnlyReviewersApprove", []string{pipeline, pipeline + "/*"}, "codepipeline:PutApprovalResult", "codepipeline:OverrideStageCondition").
				When("ArnNotEquals", "aws:PrincipalArn", config.RoleARN(s.Accounts.Tools, s.ReviewerRole())),
			Deny("OnlyDeploymentsChangeThePipeline", []string{pipeline}, "codepipeline:UpdatePipeline", "codepipeline:DeletePipeline").
				When("ArnNotLike", "aws:PrincipalArn", config.RoleARN(s.Accounts.Tools, "cdk-*-cfn-exec-role-*")),
		),
	})
	return &Reviewers{Role: role, Guard: guard}
}

var roleAccount = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):`)

// trustApprovers trusts the accounts of the approvers, narrowed to their patterns, and none of the fleet's own roles: what builds a
// publication must not be able to approve it.
func trustApprovers(s *config.Settings) Statement {
	var accounts []string
	for _, pattern := range s.Approval.Approvers {
		if match := roleAccount.FindStringSubmatch(pattern); match != nil {
			accounts = append(accounts, match[1])
		}
	}
	if len(accounts) == 0 {
		accounts = []string{s.Accounts.Tools}
	}
	return Statement{Sid: "Approvers", Principal: Accounts(accounts...), Actions: []string{"sts:AssumeRole"}}.
		When("ArnLike", "aws:PrincipalArn", s.Approval.Approvers).
		When("ArnNotLike", "aws:PrincipalArn", FleetRoles(s))
}
