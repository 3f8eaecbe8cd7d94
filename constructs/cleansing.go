package constructs

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodebuild"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
)

// cleansingMinutes is how long a cleansing may take: two scans and a rewrite of a history of 500 MB fit several times.
const cleansingMinutes = 120

// CleansingStoreProps describes where cleansings keep what undoes them.
type CleansingStoreProps struct {
	Settings *config.Settings
	Days     int // that nobody deletes a bundle, and after which it goes
}

// NewCleansingStore creates the bucket of the old histories, which hold the secrets that were purged, and its key. The account
// administers both, and only the cleansing's role reads or writes: whoever else wants to must change a policy first, which is seen.
func NewCleansingStore(scope constructs.Construct, id string, props CleansingStoreProps) (*Bucket, *Key) {
	s := props.Settings
	role := config.RoleARN(s.Accounts.Tools, s.ProjectRole(config.CleansingAction))
	key := NewKey(scope, id+"Key", KeyProps{
		Alias: s.CleansingKeyAlias(), Account: s.Accounts.Tools, Description: "Encrypts old histories, with the secrets in them", Closed: true,
		Policy: []Statement{Allow("OnlyTheCleansingUses", []string{"*"}, "kms:Decrypt", "kms:GenerateDataKey").
			By(Accounts(s.Accounts.Tools)).When("ArnEquals", "aws:PrincipalArn", role)},
	})
	name := s.CleansingBucket()
	bucket := NewBucket(scope, id+"Bucket", BucketProps{
		Name: name, KeyARN: key.ARN(), ObjectLockDays: props.Days, ExpireDays: props.Days, ExpireOldDays: 1,
		Policy: []Statement{
			Deny("OnlyTheCleansingReadsAndWrites", []string{ObjectsARN(name, "*")}, "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject",
				"s3:RestoreObject").By(Everyone).When("ArnNotEquals", "aws:PrincipalArn", role),
			Deny("NobodyEndsTheLock", []string{ObjectsARN(name, "*")}, "s3:BypassGovernanceRetention", "s3:PutObjectRetention").By(Everyone),
		},
	})
	return bucket, key
}

// CleansingProps describes what purges a secret from the repository's history.
type CleansingProps struct {
	Settings   *config.Settings
	Buildspec  string      // YAML, inlined
	Constants  []Variable  // of the project
	Permits    []Statement // what the cleansing may do, beyond its logs
	KeyARN     string      // key of the project, which is that of the bundles
	LogsKeyARN string
	Scan       string // action of the pipeline whose failure starts a cleansing
}

// Cleansing is a CodeBuild project that is no action of the pipeline, with its role and the rules that start it.
type Cleansing struct {
	Project awscodebuild.CfnProject
	Role    *Role
	Rules   []awsevents.CfnRule
}

// NewCleansing creates the project and the rules. Reviewers do not start the project themselves: StartBuild takes another build
// specification, source or role from its caller, who would then have every permission of the cleansing. They send an event, and the rule
// passes on two words of it.
func NewCleansing(scope constructs.Construct, id string, props CleansingProps) *Cleansing {
	s := props.Settings
	logs := awslogs.NewCfnLogGroup(scope, jsii.String(id+"Logs"), &awslogs.CfnLogGroupProps{
		LogGroupName: s.LogGroup(config.CleansingAction), RetentionInDays: jsii.Number(s.LogRetentionDays), KmsKeyId: props.LogsKeyARN,
	})
	logs.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE, nil)
	role := NewRole(scope, id+"ProjectRole", RoleProps{
		Name:        s.ProjectRole(config.CleansingAction),
		Description: "CodeBuild, for " + config.CleansingAction + ": purges secrets from the history of the catalog",
		Trust:       []Statement{TrustService("codebuild.amazonaws.com", s.Accounts.Tools)},
		Policy: append([]Statement{
			Allow("Logs", []string{s.ToolsARN("logs", "log-group:"+s.LogGroup(config.CleansingAction)+":*")}, "logs:CreateLogStream", "logs:PutLogEvents"),
		}, props.Permits...),
	})
	c := &Cleansing{Role: role, Project: awscodebuild.NewCfnProject(scope, jsii.String(id+"Project"), props.project(role, logs))}
	c.start(scope, id, props)
	return c
}

// project runs one build at a time. It has no source: what it works on is a fresh mirror of its own, with every ref.
func (p CleansingProps) project(role *Role, logs awslogs.CfnLogGroup) *awscodebuild.CfnProjectProps {
	return &awscodebuild.CfnProjectProps{
		Name:        jsii.String(p.Settings.ProjectName(config.CleansingAction)),
		Description: jsii.String("purges secrets from the history of the catalog"),
		ServiceRole: jsii.String(role.ARN()),
		Source:      &awscodebuild.CfnProject_SourceProperty{Type: jsii.String("NO_SOURCE"), BuildSpec: jsii.String(p.Buildspec)},
		Artifacts:   &awscodebuild.CfnProject_ArtifactsProperty{Type: jsii.String("NO_ARTIFACTS")},
		Environment: &awscodebuild.CfnProject_EnvironmentProperty{
			Type: jsii.String("LINUX_CONTAINER"), ComputeType: jsii.String("BUILD_GENERAL1_MEDIUM"), Image: jsii.String(Image),
			ImagePullCredentialsType: jsii.String("CODEBUILD"), PrivilegedMode: false, EnvironmentVariables: environment(p.Constants),
		},
		EncryptionKey:          jsii.String(p.KeyARN),
		TimeoutInMinutes:       jsii.Number(cleansingMinutes),
		QueuedTimeoutInMinutes: jsii.Number(queuedMinutes),
		ConcurrentBuildLimit:   jsii.Number(1),
		LogsConfig: &awscodebuild.CfnProject_LogsConfigProperty{
			CloudWatchLogs: &awscodebuild.CfnProject_CloudWatchLogsConfigProperty{Status: jsii.String("ENABLED"), GroupName: logs.Ref()},
		},
		Visibility: jsii.String("PRIVATE"),
	}
}

// start makes the rules: the scan failed, and a reviewer decided. With approval the first one only makes a plan.
// Source: EventBridge user guide, targets: the input of a CodeBuild target is that of StartBuild; CodePipeline user guide, "Monitoring
// CodePipeline events", action-level events.
func (c *Cleansing) start(scope constructs.Construct, id string, props CleansingProps) {
	s := props.Settings
	project := s.ToolsARN("codebuild", "project/"+s.ProjectName(config.CleansingAction))
	role := NewRole(scope, id+"TriggerRole", RoleProps{
		Name: s.CleansingTriggerRole(), Description: "EventBridge, to start " + config.CleansingAction + " when a scan found a secret",
		Trust:  []Statement{TrustService("events.amazonaws.com", s.Accounts.Tools)},
		Policy: []Statement{Allow("Start", []string{project}, "codebuild:StartBuild")},
	})
	command := "run"
	if s.Cleansing == config.CleanseOnApproval {
		command = "plan"
	}
	c.rule(scope, id+"Rule", cleansingRule{
		name: s.CleansingRule(), description: "A scan of the catalog's history failed", role: role, project: project,
		pattern: map[string]any{
			"source":      []any{"aws.codepipeline"},
			"detail-type": []any{"CodePipeline Action Execution State Change"},
			"detail":      map[string]any{"pipeline": []any{s.PipelineName()}, "action": []any{props.Scan}, "state": []any{"FAILED"}},
		},
		paths:     map[string]any{"execution": "$.detail.execution-id"},
		variables: [][2]string{{"CLEANSE_COMMAND", fmt.Sprintf("%q", command)}, {"EXECUTION_ID", "<execution>"}},
	})
	c.rule(scope, id+"DecisionRule", cleansingRule{
		name: s.CleansingDecisionRule(), description: "A reviewer starts or undoes a cleansing", role: role, project: project,
		pattern: map[string]any{
			"source":      []any{s.CleansingSource()},
			"detail-type": []any{config.CleansingDecided},
			"account":     []any{s.Accounts.Tools},
			"detail": map[string]any{
				"command": []any{"plan", "run", "undo"}, "execution": []any{map[string]any{"exists": true}}, "cleansing": []any{map[string]any{"exists": true}},
			},
		},
		paths:     map[string]any{"command": "$.detail.command", "execution": "$.detail.execution", "cleansing": "$.detail.cleansing"},
		variables: [][2]string{{"CLEANSE_COMMAND", "<command>"}, {"EXECUTION_ID", "<execution>"}, {"CLEANSING", "<cleansing>"}},
	})
}

// cleansingRule is a rule that starts the project with variables, whose values are JSON or placeholders of paths.
type cleansingRule struct {
	name, description string
	project           string
	role              *Role
	pattern           map[string]any
	paths             map[string]any
	variables         [][2]string
}

// rule creates a rule. What fails for a while is tried again for two hours. A start that the project refuses because it runs already is
// not: its answer is a client's mistake, HTTP 400, and an alarm tells of the event.
// Source: CodeBuild user guide, "Running builds": builds over the limit return an error; EventBridge: errors 5xx and 429 are tried again.
func (c *Cleansing) rule(scope constructs.Construct, id string, r cleansingRule) {
	input := ""
	for i, v := range r.variables {
		if i > 0 {
			input += ","
		}
		input += fmt.Sprintf(`{"name":%q,"type":"PLAINTEXT","value":%s}`, v[0], v[1])
	}
	rule := awsevents.NewCfnRule(scope, jsii.String(id), &awsevents.CfnRuleProps{
		Name: jsii.String(r.name), Description: jsii.String(r.description), EventPattern: r.pattern,
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("cleansing"), Arn: jsii.String(r.project), RoleArn: jsii.String(r.role.ARN()),
			InputTransformer: &awsevents.CfnRule_InputTransformerProperty{
				InputPathsMap: r.paths, InputTemplate: jsii.String(`{"environmentVariablesOverride":[` + input + `]}`),
			},
			RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{MaximumEventAgeInSeconds: jsii.Number(cleansingMinutes * 60), MaximumRetryAttempts: jsii.Number(30)},
		}},
	})
	rule.AddResourceDependency(c.Project, nil)
	c.Rules = append(c.Rules, rule)
}

// environment is variables as CodeBuild takes them.
func environment(variables []Variable) []any {
	list := make([]any, len(variables))
	for i, v := range variables {
		list[i] = &awscodebuild.CfnProject_EnvironmentVariableProperty{
			Name: jsii.String(v.Name), Type: jsii.String(v.Type), Value: jsii.String(v.Value),
		}
	}
	return list
}
