package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodecommit"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
)

// RepositoryProps describes the catalog repository.
type RepositoryProps struct {
	Settings *config.Settings
	Seed     string // folder whose content is the first commit; CodeCommit ignores it once the repository exists
}

// Repository is the CodeCommit repository that engineers push to, the role by which they do, and what starts the pipeline.
type Repository struct {
	Resource  awscodecommit.CfnRepository
	Engineers *Role
}

// NewRepository creates the repository. It is retained: it holds other people's work.
func NewRepository(scope constructs.Construct, id string, props RepositoryProps) *Repository {
	s := props.Settings
	seed := awss3assets.NewAsset(scope, jsii.String(id+"Seed"), &awss3assets.AssetProps{Path: jsii.String(props.Seed)})
	repository := awscodecommit.NewCfnRepository(scope, jsii.String(id), &awscodecommit.CfnRepositoryProps{
		RepositoryName:        jsii.String(s.Source.Repository),
		RepositoryDescription: jsii.String("The catalog: products, their tests, extra rules and features"),
		Code: &awscodecommit.CfnRepository_CodeProperty{
			BranchName: jsii.String(s.Source.Branch),
			S3:         &awscodecommit.CfnRepository_S3Property{Bucket: seed.S3BucketName(), Key: seed.S3ObjectKey()},
		},
	})
	repository.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE, nil)
	return &Repository{Resource: repository, Engineers: newEngineers(scope, id+"Engineers", s)}
}

// newEngineers creates the role that pushes. CodeCommit cannot tell a forced push from another; what it can forbid on the published
// branch is forbidden: deleting it, and writing to it beside git.
// Source: CodeCommit user guide, "Limit pushes and merges to branches": the Null test lets calls pass that name no reference.
func newEngineers(scope constructs.Construct, id string, s *config.Settings) *Role {
	repository := []string{s.ToolsARN("codecommit", s.Source.Repository)}
	logs := s.ToolsARN("logs", "log-group:/aws/codebuild/"+s.Name+"-*")
	builds := []string{s.ToolsARN("codebuild", "project/"+s.Name+"-*"), s.ToolsARN("codebuild", "report-group/"+s.Name+"-*")}
	return NewRole(scope, id+"Role", RoleProps{
		Name:        s.EngineerRole(),
		Description: "Reads and pushes the catalog, and reads why the pipeline stopped",
		Trust: []Statement{Statement{Sid: "ToolsAccount", Principal: Accounts(s.Accounts.Tools), Actions: []string{"sts:AssumeRole"}}.
			When("ArnNotLike", "aws:PrincipalArn", FleetRoles(s))},
		Policy: []Statement{
			Allow("Git", repository, "codecommit:GitPull", "codecommit:GitPush"),
			Allow("ReadRepository", repository, "codecommit:BatchGet*", "codecommit:Describe*", "codecommit:Get*", "codecommit:List*"),
			Allow("Collaborate", repository, "codecommit:CreateBranch", "codecommit:DeleteBranch", "codecommit:CreatePullRequest",
				"codecommit:UpdatePullRequest*", "codecommit:Merge*", "codecommit:Post*", "codecommit:UpdateComment"),
			Allow("ListRepositories", []string{"*"}, "codecommit:ListRepositories"),
			Deny("KeepThePublishedBranch", repository, "codecommit:DeleteBranch", "codecommit:DeleteFile", "codecommit:PutFile", "codecommit:CreateCommit").
				When("StringEqualsIfExists", "codecommit:References", "refs/heads/"+s.Source.Branch).
				When("Null", "codecommit:References", "false"),
			freeze(s, repository),
			Allow("ReadPipeline", []string{s.ToolsARN("codepipeline", s.PipelineName())}, "codepipeline:GetPipeline",
				"codepipeline:GetPipelineExecution", "codepipeline:GetPipelineState", "codepipeline:ListActionExecutions",
				"codepipeline:ListPipelineExecutions"),
			Allow("ReadBuilds", builds, "codebuild:BatchGet*", "codebuild:ListBuildsForProject", "codebuild:ListReportsForReportGroup",
				"codebuild:DescribeTestCases"),
			Allow("ReadLogs", []string{logs, logs + ":*"}, "logs:GetLogEvents", "logs:FilterLogEvents", "logs:DescribeLogStreams"),
		},
	})
}

// freeze keeps engineers from writing while a cleansing has tagged the repository. CodeCommit has no policies of repositories, so this
// binds the engineers' role and nobody else; that no push is lost is up to the leases of the cleansing.
// Source: CodeCommit user guide, "Deny or allow actions on repositories with tags", whose example denies codecommit:Git*.
func freeze(s *config.Settings, repository []string) Statement {
	return Deny("FrozenWhileSecretsArePurged", repository, "codecommit:GitPush", "codecommit:CreateBranch", "codecommit:DeleteBranch",
		"codecommit:CreateCommit", "codecommit:PutFile", "codecommit:DeleteFile", "codecommit:Merge*").
		When("Null", "aws:ResourceTag/"+s.FreezeTag(), "false")
}

// TriggerProps describes what starts the pipeline.
type TriggerProps struct {
	Settings *config.Settings
	Pipeline *Pipeline
}

// NewTrigger starts the pipeline when the published branch moves: not for tags, not even one that is named like the branch, and not
// when the branch is deleted.
func NewTrigger(scope constructs.Construct, id string, props TriggerProps) awsevents.CfnRule {
	s := props.Settings
	pipeline := s.ToolsARN("codepipeline", s.PipelineName())
	role := NewRole(scope, id+"Role", RoleProps{
		Name:        s.TriggerRole(),
		Description: "EventBridge, to start the pipeline when the catalog's branch moves",
		Trust:       []Statement{TrustService("events.amazonaws.com", s.Accounts.Tools)},
		Policy:      []Statement{Allow("Start", []string{pipeline}, "codepipeline:StartPipelineExecution")},
	})
	rule := awsevents.NewCfnRule(scope, jsii.String(id+"Rule"), &awsevents.CfnRuleProps{
		Name:        jsii.String(s.PushRule()),
		Description: jsii.String("Starts the pipeline when the catalog's branch moves"),
		EventPattern: map[string]any{
			"source":      []any{"aws.codecommit"},
			"detail-type": []any{"CodeCommit Repository State Change"},
			"resources":   []any{s.ToolsARN("codecommit", s.Source.Repository)},
			"detail": map[string]any{
				"event":         []any{"referenceCreated", "referenceUpdated"},
				"referenceType": []any{"branch"},
				"referenceName": []any{s.Source.Branch},
			},
		},
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("pipeline"), Arn: jsii.String(pipeline), RoleArn: jsii.String(role.ARN()),
		}},
	})
	rule.AddResourceDependency(props.Pipeline.Resource, nil)
	return rule
}
