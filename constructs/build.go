package constructs

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodebuild"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
)

// BuildProps describes an action that CodeBuild runs.
type BuildProps struct {
	Settings   *config.Settings
	Action     string      // name of the action; project, roles, log group and report groups are named after it
	Purpose    string      // one line for people
	Buildspec  string      // YAML, inlined: nothing that is pushed can change it
	Minutes    int         // time that a build may take
	Inputs     []string    // artifacts, at most 5, the first is the primary source
	Output     string      // artifact; default none
	Namespace  string      // default none
	Variables  []Variable  // of the action; values may hold "#{Namespace.Name}"
	Constants  []Variable  // of the project
	Reports    []string    // report groups as the buildspec names them; default none
	Permits    []Statement // what the build may do, beyond logs, reports and artifacts
	Artifacts  string      // artifact bucket
	KeyARN     string      // key of the artifact bucket
	LogsKeyARN string      // key of the log group
}

// Variable is an environment variable. It never holds a secret.
type Variable struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Plain is an environment variable with a value that anyone may read.
func Plain(name, value string) Variable {
	return Variable{Name: name, Type: "PLAINTEXT", Value: value}
}

// Build is a CodeBuild project with what belongs to it: the project's role, the action's role, log group and report groups.
type Build struct {
	Project    awscodebuild.CfnProject
	ActionRole *Role
	props      BuildProps
}

// Image brings the AWS CLI, git, Node.js and Python, which fleet, the app and TaskCat need. The buildspecs of builds that need Node.js
// or Python say which version: left to itself the image takes Node.js 18.
const Image = "aws/codebuild/standard:7.0"

// queuedMinutes is how long a build may wait for a free place: a new account may run one build at a time.
const queuedMinutes = 10

// NewBuild creates the project of an action and its roles.
func NewBuild(scope constructs.Construct, id string, props BuildProps) *Build {
	s := props.Settings
	logs := awslogs.NewCfnLogGroup(scope, jsii.String(id+"Logs"), &awslogs.CfnLogGroupProps{
		LogGroupName:    s.LogGroup(props.Action),
		RetentionInDays: jsii.Number(s.LogRetentionDays),
		KmsKeyId:        props.LogsKeyARN,
	})
	logs.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE, nil)
	for _, report := range props.Reports {
		awscodebuild.NewCfnReportGroup(scope, jsii.String(id+"Report"+ID(report)), &awscodebuild.CfnReportGroupProps{
			Name: jsii.String(s.ReportGroup(props.Action, report)), Type: jsii.String("TEST"), DeleteReports: true,
			ExportConfig: &awscodebuild.CfnReportGroup_ReportExportConfigProperty{ExportConfigType: jsii.String("NO_EXPORT")},
		})
	}
	role := NewRole(scope, id+"ProjectRole", RoleProps{
		Name:        s.ProjectRole(props.Action),
		Description: "CodeBuild, for " + props.Action + ": " + props.Purpose,
		Trust:       []Statement{TrustService("codebuild.amazonaws.com", s.Accounts.Tools)},
		Policy:      slices.Concat(props.basics(), props.Permits),
	})
	project := awscodebuild.NewCfnProject(scope, jsii.String(id+"Project"), props.project(role, logs))
	return &Build{Project: project, props: props, ActionRole: NewRole(scope, id+"ActionRole", RoleProps{
		Name:        s.ActionRole(props.Action),
		Description: "The pipeline, to start and to watch " + props.Action,
		Trust:       []Statement{TrustRoles(s.Accounts.Tools, config.RoleARN(s.Accounts.Tools, s.PipelineRole()))},
		Policy: []Statement{Allow("Build", []string{s.ToolsARN("codebuild", "project/"+s.ProjectName(props.Action))},
			"codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds")},
	})}
}

func (p BuildProps) project(role *Role, logs awslogs.CfnLogGroup) *awscodebuild.CfnProjectProps {
	return &awscodebuild.CfnProjectProps{
		Name:        jsii.String(p.Settings.ProjectName(p.Action)),
		Description: jsii.String(p.Purpose),
		ServiceRole: jsii.String(role.ARN()),
		Source: &awscodebuild.CfnProject_SourceProperty{
			Type: jsii.String("CODEPIPELINE"), BuildSpec: jsii.String(p.Buildspec),
		},
		Artifacts: &awscodebuild.CfnProject_ArtifactsProperty{Type: jsii.String("CODEPIPELINE")},
		Environment: &awscodebuild.CfnProject_EnvironmentProperty{
			Type: jsii.String("LINUX_CONTAINER"), ComputeType: jsii.String("BUILD_GENERAL1_MEDIUM"), Image: jsii.String(Image),
			ImagePullCredentialsType: jsii.String("CODEBUILD"), PrivilegedMode: false, EnvironmentVariables: environment(p.Constants),
		},
		EncryptionKey:          jsii.String(p.KeyARN),
		TimeoutInMinutes:       jsii.Number(p.Minutes),
		QueuedTimeoutInMinutes: jsii.Number(queuedMinutes),
		Cache: &awscodebuild.CfnProject_ProjectCacheProperty{
			Type: jsii.String("LOCAL"), Modes: jsii.Strings("LOCAL_CUSTOM_CACHE"),
		},
		LogsConfig: &awscodebuild.CfnProject_LogsConfigProperty{
			CloudWatchLogs: &awscodebuild.CfnProject_CloudWatchLogsConfigProperty{Status: jsii.String("ENABLED"), GroupName: logs.Ref()},
		},
		Visibility: jsii.String("PRIVATE"),
	}
}

// basics is what every build needs: its own logs, reports and artifacts.
func (p BuildProps) basics() []Statement {
	s := p.Settings
	statements := []Statement{
		Allow("Logs", []string{s.ToolsARN("logs", "log-group:"+s.LogGroup(p.Action)+":*")}, "logs:CreateLogStream", "logs:PutLogEvents"),
		Allow("ReadArtifacts", ArtifactObjects(s, p.Artifacts, p.Inputs...), "s3:GetObject", "s3:GetObjectVersion"),
		Allow("ArtifactBucket", []string{BucketARN(p.Artifacts)}, "s3:GetBucketAcl", "s3:GetBucketLocation"),
		Allow("DecryptArtifacts", []string{p.KeyARN}, "kms:Decrypt", "kms:DescribeKey"),
	}
	if p.Output != "" {
		statements = append(statements, Allow("WriteArtifact", ArtifactObjects(s, p.Artifacts, p.Output), "s3:PutObject"),
			Allow("EncryptArtifact", []string{p.KeyARN}, "kms:GenerateDataKey"))
	}
	if len(p.Reports) > 0 {
		var groups []string
		for _, report := range p.Reports {
			groups = append(groups, s.ToolsARN("codebuild", "report-group/"+s.ReportGroup(p.Action, report)))
		}
		statements = append(statements, Allow("Reports", groups,
			"codebuild:CreateReportGroup", "codebuild:CreateReport", "codebuild:UpdateReport", "codebuild:BatchPutTestCases"))
	}
	return statements
}

// ArtifactObjects are the objects of artifacts. CodePipeline names them <pipeline>/<artifact>/<random> and cuts the pipeline's name
// to 20 characters and the artifact's to fewer than it has (seen: 10), so the first 8 characters of each artifact must differ.
func ArtifactObjects(s *config.Settings, bucket string, artifacts ...string) []string {
	var arns []string
	for _, artifact := range artifacts {
		arns = append(arns, ObjectsARN(bucket, s.PipelineName()[:min(20, len(s.PipelineName()))]+"/"+artifact[:min(8, len(artifact))]+"*"))
	}
	return arns
}

// Action is the action that runs the build.
func (b *Build) Action(order int) Action {
	p := b.props
	action := Action{
		Name: p.Action, Category: "Build", Owner: "AWS", Provider: "CodeBuild", RunOrder: order,
		RoleARN: b.ActionRole.ARN(), Inputs: p.Inputs, Namespace: p.Namespace,
		Configuration: map[string]string{"ProjectName": *b.Project.Ref()},
	}
	if p.Output != "" {
		action.Outputs = []string{p.Output}
	}
	if len(p.Inputs) > 1 {
		action.Configuration["PrimarySource"] = p.Inputs[0]
	}
	if len(p.Variables) > 0 {
		body, err := json.Marshal(p.Variables)
		if err != nil {
			panic(fmt.Sprintf("variables of %s: %v", p.Action, err)) // strings always marshal
		}
		action.Configuration["EnvironmentVariables"] = string(body)
	}
	return action
}
