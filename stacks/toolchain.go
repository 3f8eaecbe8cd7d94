package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"accountfleet/internal/config"

	parts "accountfleet/constructs"
)

type toolchainProps struct {
	Settings *config.Settings
	Toolbox  asset
	App      asset
	Seed     string
}

// newToolchain is the tools account: the pipeline and everything that it runs in its own account.
func newToolchain(app awscdk.App, props toolchainProps) (awscdk.Stack, error) {
	s := props.Settings
	stack := installed(app, place{
		name: s.ToolchainStack(), account: s.Accounts.Tools, region: s.Regions.Home,
		description: "Account fleet: the pipeline, from a push to the catalog to published products", keep: true,
	})
	key := newArtifactKey(stack, s)
	operations := newOperationsKey(stack, s)
	artifacts := newArtifactBucket(stack, s, key)
	dossiers := parts.NewBucket(stack, "Dossiers", parts.BucketProps{Name: s.DossierBucket(), KeyARN: key.ARN(), ExpireOldDays: 365})
	parts.NewReviewers(stack, "Reviewers", parts.ReviewersProps{Settings: s, Stage: prodStage, Action: approveAction, KeyARN: key.ARN()})
	notifications := parts.NewNotifications(stack, "Notifications", parts.NotificationsProps{Settings: s, KeyARN: operations.ARN()})

	b := &builder{
		stack: stack, s: s, key: key.ARN(), logsKey: operations.ARN(),
		toolbox: props.Toolbox.upload(stack, "Toolbox", "TOOLBOX"), app: props.App.upload(stack, "App", "APP"),
	}
	builds, err := b.builds()
	if err != nil {
		return nil, err
	}
	needed, err := b.cleansing(notifications)
	if err != nil {
		return nil, err
	}
	// CodePipeline looks for the artifact bucket when a pipeline is created, and starts it at once: what is named without a reference is
	// made before. Source: aws/aws-cdk#8238, "No bucket with the name ... was found".
	needed = append(needed, artifacts.Policy, dossiers.Policy, key.Alias)
	for _, rule := range notifications.Rules {
		needed = append(needed, rule)
	}
	d := &designer{s: s, builds: builds, source: newSourceRole(stack, s, key).ARN()}
	stages, err := d.stages()
	if err != nil {
		return nil, err
	}
	pipeline := parts.NewPipeline(stack, "Pipeline", parts.PipelineProps{
		Name: s.PipelineName(), RoleARN: newPipelineRole(stack, s, key, stages).ARN(), Stages: stages, Stores: artifactStores(s, key),
	})
	pipeline.DependOn(needed...)
	if s.Source.Connection == nil {
		repository := parts.NewRepository(stack, "Repository", parts.RepositoryProps{Settings: s, Seed: props.Seed})
		pipeline.DependOn(repository.Resource)
		parts.NewTrigger(stack, "Push", parts.TriggerProps{Settings: s, Pipeline: pipeline})
		notifications.Watch(stack, "Push", s.PushRule())
	}
	return stack, nil
}

// deployRoles are the roles of other accounts that read artifacts of the pipeline.
func deployRoles(s *config.Settings) (accounts, roles []string) {
	add := func(account, role string) {
		accounts, roles = append(accounts, account), append(roles, config.RoleARN(account, role))
	}
	add(s.Accounts.Gamma, s.GammaDeployRole())
	add(s.Accounts.Catalog, s.CatalogDeployRole())
	for _, account := range accessAccounts(s) {
		add(account, s.ConsumerDeployRole())
	}
	return accounts, roles
}

// newArtifactKey encrypts artifacts and dossiers. Roles of other accounts find it by its alias; it names them again.
func newArtifactKey(stack awscdk.Stack, s *config.Settings) *parts.Key {
	accounts, roles := deployRoles(s)
	return parts.NewKey(stack, "ArtifactKey", parts.KeyProps{
		Alias: s.ArtifactKeyAlias(), Account: s.Accounts.Tools, Description: "Encrypts the pipeline's artifacts and dossiers",
		Policy: []parts.Statement{
			parts.Allow("DeployRolesDecrypt", []string{"*"}, "kms:Decrypt", "kms:DescribeKey").
				By(parts.Accounts(accounts...)).When("ArnEquals", "aws:PrincipalArn", roles),
		},
	})
}

// newOperationsKey encrypts logs and notifications, which AWS services write. EventBridge publishes by a role, whose policy allows the key.
// Source: CloudWatch Logs user guide, "Encrypt log data using KMS"; SNS developer guide, "Key management": CloudWatch says for which alarm.
func newOperationsKey(stack awscdk.Stack, s *config.Settings) *parts.Key {
	return parts.NewKey(stack, "OperationsKey", parts.KeyProps{
		Alias: s.OperationsKeyAlias(), Account: s.Accounts.Tools, Description: "Encrypts the pipeline's logs and notifications",
		Policy: []parts.Statement{
			parts.Allow("LogsEncrypt", []string{"*"}, "kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*").
				By(parts.Services("logs."+s.Regions.Home+".amazonaws.com")).
				When("ArnLike", "kms:EncryptionContext:aws:logs:arn", s.ToolsARN("logs", "log-group:/aws/codebuild/"+s.Name+"-*")),
			parts.Allow("AlarmsPublish", []string{"*"}, "kms:Decrypt", "kms:GenerateDataKey*").
				By(parts.Services("cloudwatch.amazonaws.com")).When("StringEquals", "aws:SourceAccount", s.Accounts.Tools).
				When("ArnLike", "aws:SourceArn", parts.DeliveryAlarms(s)),
		},
	})
}

// artifactDays is how long artifacts are kept: longer than the longest approval, 60 days, and a retry after it.
const artifactDays = 120

func newArtifactBucket(stack awscdk.Stack, s *config.Settings, key *parts.Key) *parts.Bucket {
	accounts, roles := deployRoles(s)
	name := s.ArtifactBucket()
	return parts.NewBucket(stack, "Artifacts", parts.BucketProps{
		Name: name, KeyARN: key.ARN(), ExpireDays: artifactDays, ExpireOldDays: artifactDays,
		Policy: []parts.Statement{
			parts.Allow("DeployRolesRead", parts.ArtifactObjects(s, name, packaging, planArtifact), "s3:GetObject", "s3:GetObjectVersion").
				By(parts.Accounts(accounts...)).When("ArnEquals", "aws:PrincipalArn", roles),
			parts.Allow("DeployRolesLook", []string{parts.BucketARN(name)}, "s3:GetBucketLocation", "s3:GetBucketVersioning").
				By(parts.Accounts(accounts...)).When("ArnEquals", "aws:PrincipalArn", roles),
		},
	})
}

// artifactStores are home's and, for each other catalog region, the replication bucket of fleet.yaml, whose key carries the same alias.
func artifactStores(s *config.Settings, key *parts.Key) []parts.ArtifactStore {
	stores := []parts.ArtifactStore{{Region: s.Regions.Home, Bucket: s.ArtifactBucket(), KeyARN: key.ARN()}}
	for _, region := range storeRegions(s)[1:] {
		stores = append(stores, parts.ArtifactStore{
			Region: region, Bucket: s.ReplicationBuckets[region], KeyARN: config.ARN("kms", region, s.Accounts.Tools, s.ArtifactKeyAlias()),
		})
	}
	return stores
}

// newPipelineRole may take the actions' roles and keep artifacts, and nothing else: what an action does, its own role allows.
func newPipelineRole(stack awscdk.Stack, s *config.Settings, key *parts.Key, stages []parts.Stage) *parts.Role {
	var buckets, objects []string
	keys := []string{key.ARN()}
	for _, region := range storeRegions(s) {
		buckets = append(buckets, parts.BucketARN(artifactBucket(s, region)))
		objects = append(objects, parts.ArtifactObjects(s, artifactBucket(s, region), "")...)
	}
	permits := []parts.Statement{
		assume(actionRoles(stages)...),
		parts.Allow("ArtifactBuckets", buckets, "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"),
		parts.Allow("Artifacts", objects, "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
		parts.Allow("ArtifactKey", keys, "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
	}
	for _, region := range storeRegions(s)[1:] {
		statement := parts.UseKeyByAlias(region, s.Accounts.Tools, s.ArtifactKeyAlias(), "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")
		statement.Sid += parts.ID(region)
		permits = append(permits, statement)
	}
	return parts.NewRole(stack, "PipelineRole", parts.RoleProps{
		Name: s.PipelineRole(), Description: "CodePipeline, to take the roles of its actions and to keep artifacts",
		Trust: []parts.Statement{parts.TrustServiceAnywhere("codepipeline.amazonaws.com")}, Policy: permits,
	})
}

// actionRoles are the roles of a pipeline's actions, each once, in the order of the pipeline.
func actionRoles(stages []parts.Stage) []string {
	var roles []string
	seen := map[string]bool{"": true}
	for _, stage := range stages {
		for _, action := range stage.Actions {
			if !seen[action.RoleARN] {
				seen[action.RoleARN] = true
				roles = append(roles, action.RoleARN)
			}
		}
	}
	return roles
}

// newSourceRole reads the repository and writes the source artifact, a reference that builds clone from.
// Source: CodePipeline user guide, "CodeCommit source action", service role permissions.
func newSourceRole(stack awscdk.Stack, s *config.Settings, key *parts.Key) *parts.Role {
	permits := []parts.Statement{
		parts.Allow("ArtifactBucket", []string{parts.BucketARN(s.ArtifactBucket())}, "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"),
		parts.Allow("WriteArtifact", parts.ArtifactObjects(s, s.ArtifactBucket(), sourceArtifact), "s3:PutObject"),
		parts.Allow("ArtifactKey", []string{key.ARN()}, "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
	}
	if connection := s.Source.Connection; connection != nil {
		permits = append(permits, useConnection(connection))
	} else {
		permits = append(permits, parts.Allow("ReadRepository", []string{s.ToolsARN("codecommit", s.Source.Repository)},
			"codecommit:GetBranch", "codecommit:GetCommit", "codecommit:GetRepository", "codecommit:GetUploadArchiveStatus",
			"codecommit:UploadArchive", "codecommit:CancelUploadArchive"))
	}
	return parts.NewRole(stack, "SourceActionRole", parts.RoleProps{
		Name: s.ActionRole("Source"), Description: "The pipeline, to read the catalog's branch",
		Trust:  []parts.Statement{parts.TrustRoles(s.Accounts.Tools, config.RoleARN(s.Accounts.Tools, s.PipelineRole()))},
		Policy: permits,
	})
}

// useConnection lets a role read a repository through a connection. The service answers to both prefixes of its name, and each has a
// key of its own for the repository.
func useConnection(connection *config.Connection) parts.Statement {
	return parts.Allow("Connection", []string{connection.ARN}, "codeconnections:UseConnection", "codestar-connections:UseConnection").
		When("ForAllValues:StringEquals", "codeconnections:FullRepositoryId", connection.Repository).
		When("ForAllValues:StringEquals", "codestar-connections:FullRepositoryId", connection.Repository)
}
