package stacks

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"accountfleet/buildspecs"
	"accountfleet/internal/config"

	parts "accountfleet/constructs"
)

// cleansingDays is how long a cleansing can be undone. The bundles hold secrets, so they go when nobody can need them any more.
const cleansingDays = 90

// cleansing makes what purges a secret from the history of the CodeCommit repository. The store is there even where cleansing is off: a
// retained bucket could not be adopted again. The answer is what must be there when the first scan fails.
func (b *builder) cleansing(notifications *parts.Notifications) ([]awscdk.CfnResource, error) {
	if b.s.Source.Connection != nil {
		return nil, nil
	}
	bucket, key := parts.NewCleansingStore(b.stack, "CleansingStore", parts.CleansingStoreProps{Settings: b.s, Days: cleansingDays})
	needed := []awscdk.CfnResource{bucket.Policy}
	if b.s.Cleansing == config.CleanseNever {
		return needed, nil
	}
	spec, err := buildspecs.For(b.s.ProjectName(config.CleansingAction), b.s.Name)
	if err != nil {
		return nil, err
	}
	cleansing := parts.NewCleansing(b.stack, "Cleansing", parts.CleansingProps{
		Settings: b.s, Buildspec: spec, Constants: slices.Concat(b.toolbox.variables, []parts.Variable{parts.Plain("GIT_LFS_SKIP_SMUDGE", "1")}),
		KeyARN: key.ARN(), LogsKeyARN: b.logsKey, Scan: secretsDetection,
		Permits: b.cleanse(key, *notifications.Topic.Ref()),
	})
	notifications.Watch(b.stack, "Cleansing", b.s.CleansingRule())
	notifications.Watch(b.stack, "CleansingDecision", b.s.CleansingDecisionRule())
	for _, rule := range cleansing.Rules {
		needed = append(needed, rule)
	}
	return needed, nil
}

// cleanse is all that a cleansing may do. It pushes to one repository, and nothing else of the pipeline pushes anywhere; it can neither
// start another build nor approve anything, and what it appends to the ledger it appends by a role that can do only that.
func (b *builder) cleanse(key *parts.Key, topic string) []parts.Statement {
	s := b.s
	repository := []string{s.ToolsARN("codecommit", s.Source.Repository)}
	pipeline := []string{s.ToolsARN("codepipeline", s.PipelineName())}
	store, artifacts := s.CleansingBucket(), parts.ArtifactObjects(s, s.ArtifactBucket(), sourceArtifact, packaging)
	return append([]parts.Statement{
		parts.Allow("Toolbox", []string{b.toolbox.object}, "s3:GetObject"),
		parts.Allow("RewriteTheRepository", repository, "codecommit:GitPull", "codecommit:GitPush"),
		parts.Allow("FreezeTheRepository", repository, "codecommit:TagResource", "codecommit:UntagResource").
			When("ForAllValues:StringEquals", "aws:TagKeys", s.FreezeTag()),
		parts.Allow("HoldTheTrigger", []string{s.ToolsARN("events", "rule/"+s.PushRule())}, "events:DisableRule", "events:EnableRule"),
		parts.Allow("StartThePipelineAgain", pipeline, "codepipeline:StartPipelineExecution"),
		parts.Allow("FindCopies", pipeline, "codepipeline:ListPipelineExecutions", "codepipeline:ListActionExecutions"),
		parts.Allow("FindVersionsOfCopies", []string{parts.BucketARN(s.ArtifactBucket())}, "s3:ListBucketVersions"),
		parts.Allow("RemoveCopies", artifacts, "s3:DeleteObjectVersion"),
		parts.Allow("ListBundles", []string{parts.BucketARN(store)}, "s3:ListBucket"),
		parts.Allow("Bundles", []string{parts.ObjectsARN(store, "*")}, "s3:GetObject", "s3:PutObject"),
		parts.Allow("EncryptBundles", []string{key.ARN()}, "kms:Decrypt", "kms:GenerateDataKey"),
		parts.Allow("Notify", []string{topic}, "sns:Publish"),
		parts.Allow("EncryptNotifications", []string{b.logsKey}, "kms:Decrypt", "kms:GenerateDataKey").
			When("StringEquals", "kms:ViaService", "sns."+s.Regions.Home+".amazonaws.com"),
		assume(b.catalog(s.CatalogRewriteRole())),
	}, deactivateKeys(s)...)
}

// deactivateKeys is what a cleansing needs to deactivate access keys: to ask whose account a key is of, and the role there. The accounts of
// organizational units are not in the settings, so for these the organization stands: a key of a stranger leads into no account of a stranger.
func deactivateKeys(s *config.Settings) []parts.Statement {
	var roles []string
	for _, account := range s.KeyAccounts() {
		roles = append(roles, config.RoleARN(account, s.KeyDeactivationRole()))
	}
	if len(roles) == 0 {
		return nil
	}
	takeRoles := assume(roles...)
	takeRoles.Sid = "DeactivateKeys"
	statements := []parts.Statement{
		parts.Allow("FindAccountsOfKeys", []string{"*"}, "sts:GetAccessKeyInfo"), // takes no resource
		takeRoles,
	}
	if len(s.Units()) > 0 {
		inUnits := assume(config.RoleARN("*", s.KeyDeactivationRole())).When("StringEquals", "aws:ResourceOrgID", s.Organization)
		inUnits.Sid = "DeactivateKeysInUnits"
		statements = append(statements, inUnits)
	}
	return statements
}

// bringKeyDeactivation makes the role that deactivates leaked access keys in the first of the stacks of each account, if the settings ask
// for it. An account in which only Verify looks gets it, like its boundary, through its organizational unit.
func bringKeyDeactivation(s *config.Settings, stacks ...awscdk.Stack) {
	without := s.KeyAccounts()
	for _, stack := range stacks {
		account := *stack.Account()
		if i := slices.Index(without, account); i >= 0 {
			parts.NewKeyDeactivationRole(stack, "KeyDeactivationRole", s, account)
			without = slices.Delete(without, i, i+1)
		}
	}
}

// newManagement is the management account, where nothing else of the fleet is but the role that deactivates leaked access keys.
func newManagement(app awscdk.App, s *config.Settings) awscdk.Stack {
	return installed(app, place{
		name: s.ManagementStack(), account: s.Accounts.Management, region: s.Regions.Home,
		description: "Account fleet: role by which leaked access keys of the management account are deactivated",
	})
}

// needsManagement says whether that role needs a stack of its own in the management account.
func needsManagement(s *config.Settings) bool {
	a := s.Accounts
	others := append(s.Consumers(), a.Tools, a.Test, a.Gamma, a.Catalog)
	return slices.Contains(s.KeyAccounts(), a.Management) && !slices.Contains(others, a.Management)
}
