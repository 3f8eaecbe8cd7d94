package config

import (
	"fmt"
	"slices"
	"strings"
)

// Every stack, role, bucket and project name of the fleet is derived here, and nowhere else.
//
// Names carry their function and not their account, so that any number of the accounts may be one and the same.

func (s *Settings) name(parts ...string) string {
	return strings.Join(append([]string{s.Name}, parts...), "-")
}

// RoleARN is the ARN of role name in account.
func RoleARN(account, name string) string {
	return fmt.Sprintf("arn:aws:iam::%s:role/%s", account, name)
}

// Stacks that cdk deploy --all installs.

// ToolchainStack holds the pipeline, in the tools account.
func (s *Settings) ToolchainStack() string { return s.name("toolchain") }

// TestStack holds the roles of Beta, in the test account.
func (s *Settings) TestStack() string { return s.name("test") }

// GammaStack holds the roles of Gamma, in the gamma account.
func (s *Settings) GammaStack() string { return s.name("gamma") }

// CatalogStack holds template store, ledger and publishing roles, in the catalog account.
func (s *Settings) CatalogStack() string { return s.name("catalog") }

// ConsumerStack holds the roles by which the pipeline gives a consumer account access, in that account.
func (s *Settings) ConsumerStack(account string) string { return s.name("consumer", account) }

// Stacks that the pipeline publishes.

// ProductsStack is product shard n, from 0, in the catalog account.
func (s *Settings) ProductsStack(n int) string { return s.name("products", fmt.Sprint(n)) }

// LaunchRolesStack holds the launch roles of the products of shard n, from 0: those of the catalog account, and the stack sets that
// bring them to the accounts of organizational units. The first shard's stack has no number.
func (s *Settings) LaunchRolesStack(n int) string {
	if n == 0 {
		return s.name("launch-roles")
	}
	return s.name("launch-roles", fmt.Sprint(n))
}

// LaunchRoleStackSet brings the launch role of a product to the accounts of organizational units. It is named like the role.
func (s *Settings) LaunchRoleStackSet(product string) string { return s.LaunchRole(product) }

// BoundaryStackSet brings the permissions boundary to the accounts of organizational units. It is named like the boundary.
func (s *Settings) BoundaryStackSet() string { return s.Boundary() }

// BoundaryExport is the export of that stack set's ARN.
func (s *Settings) BoundaryExport() string { return s.name("boundary-stack-set") }

// PortfolioStack is the stack of portfolio id, in the catalog account.
func (s *Settings) PortfolioStack(id string) string { return s.name("portfolio", id) }

// AccessStack brings launch roles, accepted shares and principals to a consumer account.
func (s *Settings) AccessStack() string { return s.name("access") }

// GammaPortfolioStack offers candidates to the gamma account, in the catalog account.
func (s *Settings) GammaPortfolioStack() string { return s.name("gamma-portfolio") }

// GammaAccessStack brings candidates' launch roles, share and principal to the gamma account.
func (s *Settings) GammaAccessStack() string { return s.name("gamma-access") }

// BetaStack is the stack of a product in the test account.
func (s *Settings) BetaStack(product string) string { return s.name("beta", product) }

// TaskCatPrefix starts the names of all stacks that TaskCat creates in the test account.
func (s *Settings) TaskCatPrefix() string { return s.name("taskcat") }

// Buckets and keys.

// ArtifactBucket is the pipeline's artifact store in the tools account.
func (s *Settings) ArtifactBucket() string {
	return s.name("artifacts", s.Accounts.Tools, s.Regions.Home)
}

// ArtifactKeyAlias is the alias of the KMS key of the tools account.
func (s *Settings) ArtifactKeyAlias() string { return "alias/" + s.name("artifacts") }

// DossierBucket holds the reviewers' pages in the tools account.
func (s *Settings) DossierBucket() string {
	return s.name("dossiers", s.Accounts.Tools, s.Regions.Home)
}

// TemplateBucket is the immutable template store of a catalog region: templates/<digest>.json.
func (s *Settings) TemplateBucket(region string) string {
	return s.name("templates", s.Accounts.Catalog, region)
}

// TemplateURL is the address by which Service Catalog reads a template.
func (s *Settings) TemplateURL(region, digest string) string {
	return fmt.Sprintf("https://%s.s3.%s.amazonaws.com/%s", s.TemplateBucket(region), region, TemplateKey(digest))
}

// TemplateKey is the object key of a template in a template bucket.
func TemplateKey(digest string) string { return "templates/" + digest + ".json" }

// LedgerBucket holds the ledger in the catalog account's home region: ledger/<seq>.json.
func (s *Settings) LedgerBucket() string {
	return s.name("ledger", s.Accounts.Catalog, s.Regions.Home)
}

// TaskCatBucket is where TaskCat uploads templates, in the test account and the first test region.
func (s *Settings) TaskCatBucket() string {
	return s.name("taskcat", s.Accounts.Test, s.Regions.Test[0])
}

// Roles of the tools account.

// PipelineName is the name of the pipeline.
func (s *Settings) PipelineName() string { return s.name("pipeline") }

// PipelineRole is the role of the pipeline itself.
func (s *Settings) PipelineRole() string { return s.name("pipeline") }

// ActionRole is the role by which the pipeline starts an action in the tools account.
func (s *Settings) ActionRole(action string) string { return s.name("action", kebab(action)) }

// ProjectName is the CodeBuild project of an action.
func (s *Settings) ProjectName(action string) string { return s.name(kebab(action)) }

// ProjectRole is the role of an action's CodeBuild project.
func (s *Settings) ProjectRole(action string) string { return s.name("build", kebab(action)) }

// TriggerRole starts the pipeline on a push.
func (s *Settings) TriggerRole() string { return s.name("trigger") }

// ReviewerRole may approve and reject, and nobody else.
func (s *Settings) ReviewerRole() string { return s.name("reviewer") }

// EngineerRole may push to the catalog repository.
func (s *Settings) EngineerRole() string { return s.name("engineer") }

// Roles of the other accounts.

// Boundary is the permissions boundary of every role that products create, and of launch roles; one in each account.
func (s *Settings) Boundary() string { return s.name("boundary") }

// TestDeployRole is assumed by Provision and IntegrationTests.
func (s *Settings) TestDeployRole() string { return s.name("test-deploy") }

// TestExecutionRole is CloudFormation's role in the test account, under the boundary.
func (s *Settings) TestExecutionRole() string { return s.name("test-execution") }

// TestSweepRole removes declared residue from the test account.
func (s *Settings) TestSweepRole() string { return s.name("test-sweep") }

// GammaDeployRole is the action role of GammaAccess.
func (s *Settings) GammaDeployRole() string { return s.name("gamma-deploy") }

// GammaCloudFormationRole is CloudFormation's role for GammaAccess.
func (s *Settings) GammaCloudFormationRole() string { return s.name("gamma-cloudformation") }

// GammaConsumerRole is the end user as whom candidates are launched.
func (s *Settings) GammaConsumerRole() string { return s.name("gamma-consumer") }

// GammaSweepRole reads and removes residue in the gamma account.
func (s *Settings) GammaSweepRole() string { return s.name("gamma-sweep") }

// CatalogDeployRole is the action role of CloudFormation actions in the catalog account.
func (s *Settings) CatalogDeployRole() string { return s.name("catalog-deploy") }

// CatalogCloudFormationRole is CloudFormation's role for published stacks.
func (s *Settings) CatalogCloudFormationRole() string { return s.name("catalog-cloudformation") }

// CatalogStoreRole writes candidates to the template store.
func (s *Settings) CatalogStoreRole() string { return s.name("catalog-store") }

// CatalogReadRole reads the ledger, change sets and deployed templates.
func (s *Settings) CatalogReadRole() string { return s.name("catalog-read") }

// CatalogPublishRole settles versions and appends to the ledger.
func (s *Settings) CatalogPublishRole() string { return s.name("catalog-publish") }

// ConsumerDeployRole is the action role of access stacks in consumer accounts.
func (s *Settings) ConsumerDeployRole() string { return s.name("consumer-deploy") }

// ConsumerCloudFormationRole is CloudFormation's role for access stacks.
func (s *Settings) ConsumerCloudFormationRole() string { return s.name("consumer-cloudformation") }

// ConsumerVerifyRole is the end user as whom a publication is verified.
func (s *Settings) ConsumerVerifyRole() string { return s.name("consumer-verify") }

// LaunchRole is the local launch role of a published product.
func (s *Settings) LaunchRole(product string) string { return s.name("launch", product) }

// GammaLaunchRole is the local launch role of a candidate.
func (s *Settings) GammaLaunchRole(product string) string { return s.name("gamma-launch", product) }

// What belongs to the pipeline in the tools account.

// LogGroup holds the logs of an action's builds.
func (s *Settings) LogGroup(action string) string { return "/aws/codebuild/" + s.ProjectName(action) }

// ReportGroup is the CodeBuild report group that an action's buildspec calls report.
func (s *Settings) ReportGroup(action, report string) string {
	return s.ProjectName(action) + "-" + report
}

// OperationsKeyAlias is the alias of the KMS key of logs and notifications.
func (s *Settings) OperationsKeyAlias() string { return "alias/" + s.name("operations") }

// NotificationTopic tells people of approvals and failures.
func (s *Settings) NotificationTopic() string { return s.name("notifications") }

// PushRule is the EventBridge rule that starts the pipeline, in the tools account.
func (s *Settings) PushRule() string { return s.name("push") }

// ApprovalRule matches an approval that waits.
func (s *Settings) ApprovalRule() string { return s.name("approval") }

// FailureRule matches an execution that failed.
func (s *Settings) FailureRule() string { return s.name("failure") }

// NotifierRole is by which EventBridge publishes to the topic.
func (s *Settings) NotifierRole() string { return s.name("notifier") }

// DeliveryAlarm tells people that EventBridge could not do what a rule wants.
func DeliveryAlarm(rule string) string { return rule + "-undelivered" }

// ApprovalGuard is the offered managed policy that keeps everybody but the reviewers from approving.
func (s *Settings) ApprovalGuard() string { return s.name("approval-guard") }

// Cleansing, in the tools account and in the catalog account.

// CleansingAction is what the cleansing's project and role are named after, as if it were an action of the pipeline.
const CleansingAction = "RepoCleansing"

// CleansingBucket keeps what a cleansing needs to be resumed and undone: bundles of the old history, which hold the secret.
func (s *Settings) CleansingBucket() string {
	return s.name("cleansing", s.Accounts.Tools, s.Regions.Home)
}

// CleansingKeyAlias is the alias of the KMS key of the cleansing's bucket.
func (s *Settings) CleansingKeyAlias() string { return "alias/" + s.name("cleansing") }

// CleansingRule matches a scan that found a secret.
func (s *Settings) CleansingRule() string { return s.name("cleansing") }

// CleansingDecisionRule matches the event by which a reviewer starts, resumes or undoes a cleansing.
func (s *Settings) CleansingDecisionRule() string { return s.name("cleansing-decided") }

// CleansingSource is the source of that event.
func (s *Settings) CleansingSource() string { return s.name("cleansing") }

// CleansingDecided is the detail type of that event.
const CleansingDecided = "Cleansing Decided"

// CleansingTriggerRole starts the cleansing on such events.
func (s *Settings) CleansingTriggerRole() string { return s.name("cleansing-trigger") }

// CatalogRewriteRole appends the entry of a rewrite to the ledger.
func (s *Settings) CatalogRewriteRole() string { return s.name("catalog-rewrite") }

// KeyDeactivationRole deactivates leaked access keys of an account's users; one in each account, if the settings ask for it.
func (s *Settings) KeyDeactivationRole() string { return s.name("key-deactivation") }

// KeyDeactivationStackSet brings that role to the accounts of organizational units. It is named like the role.
func (s *Settings) KeyDeactivationStackSet() string { return s.KeyDeactivationRole() }

// ManagementStack holds that role in a management account that has no other stack of the fleet.
func (s *Settings) ManagementStack() string { return s.name("management") }

// FreezeTag is the tag of the repository while its history is rewritten; engineers cannot push then.
func (s *Settings) FreezeTag() string { return s.name("frozen") }

// RepositoryURL is the address by which git reaches the CodeCommit repository.
func (s *Settings) RepositoryURL() string {
	return fmt.Sprintf("https://git-codecommit.%s.amazonaws.com/v1/repos/%s", s.Regions.Home, s.Source.Repository)
}

// ToolsARN is the ARN of a resource of a service in the tools account's home region.
func (s *Settings) ToolsARN(service, resource string) string {
	return ARN(service, s.Regions.Home, s.Accounts.Tools, resource)
}

// ARN is the ARN of a resource of a service in a region and account.
func ARN(service, region, account, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, account, resource)
}

// What Prod publishes.

// ChangeSet is the name of every change set that a reviewer is shown.
func (s *Settings) ChangeSet() string { return s.name("release") }

// ProductExport is the CloudFormation export that holds the id of a published product.
func (s *Settings) ProductExport(product string) string { return s.name("product", product) }

// CatalogRegionStack holds the template store of a catalog region other than home, in the catalog account.
func (s *Settings) CatalogRegionStack(region string) string { return s.name("catalog", region) }

// Listed are the accounts that portfolios are shared with one by one, sorted, each once.
func (s *Settings) Listed() []string {
	var accounts []string
	for _, p := range s.Portfolios {
		accounts = append(accounts, p.Accounts...)
	}
	slices.Sort(accounts)
	return slices.Compact(accounts)
}

// KeyAccounts are the accounts to which a stack of the fleet brings the role that deactivates leaked access keys, sorted, each once; none
// unless the settings ask for it. Accounts of organizational units, also those to verify in, get it by a stack set.
func (s *Settings) KeyAccounts() []string {
	if s.LeakedAccessKeys != DeactivateKeys {
		return nil
	}
	a := s.Accounts
	accounts := append(s.Listed(), a.Tools, a.Test, a.Gamma, a.Catalog)
	if a.Management != "" {
		accounts = append(accounts, a.Management)
	}
	slices.Sort(accounts)
	return slices.Compact(accounts)
}

// SharesWithUnits says whether Settle looks after shares with organizational units. A named management account is the sign, not a unit:
// when the last unit leaves the settings, somebody has to end its share.
func (s *Settings) SharesWithUnits() bool { return s.Accounts.Management != "" }

// Units are the organizational units that the named portfolios are shared with, sorted, each once; without names, those of all.
func (s *Settings) Units(portfolios ...string) []string {
	var units []string
	for _, p := range s.Portfolios {
		if len(portfolios) == 0 || slices.Contains(portfolios, p.ID) {
			units = append(units, p.Units...)
		}
	}
	slices.Sort(units)
	return slices.Compact(units)
}

// Consumers are the accounts in which Verify looks, sorted, each once.
func (s *Settings) Consumers() []string {
	var accounts []string
	for _, p := range s.Portfolios {
		accounts = append(accounts, s.PortfolioConsumers(p)...)
	}
	slices.Sort(accounts)
	return slices.Compact(accounts)
}

// PortfolioConsumers are the accounts in which Verify looks at p: every listed one, one of its organizational units, and the catalog
// account for what no other can be looked at in.
func (s *Settings) PortfolioConsumers(p Portfolio) []string {
	accounts := slices.Clone(p.Accounts)
	switch {
	case p.VerifyIn != "":
		accounts = append(accounts, p.VerifyIn)
	case len(p.Units) > 0 || len(accounts) == 0:
		accounts = append(accounts, s.Accounts.Catalog)
	}
	slices.Sort(accounts)
	return slices.Compact(accounts)
}

// kebab turns an action name such as "PolicyAsCode" into "policy-as-code".
func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' {
			if i > 0 && name[i-1] != '-' {
				b.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
