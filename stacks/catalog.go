package stacks

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"accountfleet/internal/config"

	parts "accountfleet/constructs"
)

// ledgerDays is how long nobody deletes an entry of the ledger without bypassing governance on purpose: ten years.
const ledgerDays = 3650

// newCatalog is the catalog account: template store, ledger, and the roles that publish.
func newCatalog(app awscdk.App, s *config.Settings, accounts *boundaries) awscdk.Stack {
	account := s.Accounts.Catalog
	stack := installed(app, place{
		name: s.CatalogStack(), account: account, region: s.Regions.Home,
		description: "Account fleet: template store, ledger, and the roles that publish products", keep: true,
	})
	accounts.of(account, stack)
	newUnitBoundary(stack, s)
	newUnitKeyDeactivation(stack, s)
	newTemplateStore(stack, s, s.Regions.Home)
	parts.NewBucket(stack, "Ledger", parts.BucketProps{Name: s.LedgerBucket(), ObjectLockDays: ledgerDays, WriteOnce: true})
	newDeployRoles(stack, deployRoleProps{
		settings: s, account: account, deploy: s.CatalogDeployRole(), cloudFormation: s.CatalogCloudFormationRole(),
		artifacts: []string{packaging, planArtifact}, regions: storeRegions(s),
		deploys: slices.Concat(createOrUpdate(stackARNs(account, []string{s.Regions.Home}, s.GammaPortfolioStack())),
			changeSets(s, stackARNs(account, storeRegions(s), publishedStacks(s)...))),
		permits: slices.Concat(launchRoles(s, account, s.LaunchRole("*"), s.GammaLaunchRole("*")), administerCatalog(s), administerUnits(s)),
	})
	newCatalogRoles(stack, s)
	return stack
}

// newCatalogRegion is the template store of a catalog region other than home.
func newCatalogRegion(app awscdk.App, s *config.Settings, region string) awscdk.Stack {
	stack := installed(app, place{
		name: s.CatalogRegionStack(region), account: s.Accounts.Catalog, region: region,
		description: "Account fleet: template store of this region", keep: true,
	})
	newTemplateStore(stack, s, region)
	return stack
}

// publishedStacks are name patterns of what Prod publishes to the catalog account.
func publishedStacks(s *config.Settings) []string {
	return []string{s.Name + "-products-*", s.LaunchRolesStack(0) + "*", s.PortfolioStack("*")}
}

// newTemplateStore keeps templates under their digests. A listed template is read at every launch, by launch roles of any account of
// the organization, and so it is written once and never deleted. Who reads is fixed by the organization or by an account: a pattern of
// roles alone would make the policy public, which S3 refuses.
// Source: S3 user guide, "Blocking public access to your Amazon S3 storage", the meaning of "public".
func newTemplateStore(stack awscdk.Stack, s *config.Settings, region string) {
	name := s.TemplateBucket(region)
	readers := []string{"arn:aws:iam::*:role/" + s.LaunchRole("*"), "arn:aws:iam::*:role/" + s.GammaLaunchRole("*")}
	read := parts.Allow("LaunchRolesRead", []string{parts.ObjectsARN(name, "templates/*")}, "s3:GetObject").By(parts.Everyone).
		When("StringEquals", "s3:ExistingObjectTag/servicecatalog:provisioning", "true")
	policy := []parts.Statement{read.When("StringEquals", "aws:PrincipalOrgID", s.Organization).When("ArnLike", "aws:PrincipalArn", readers)}
	if s.SandboxOrganization { // the gamma account is then in an organization of its own
		read.Sid = "GammaLaunchRolesRead"
		policy = append(policy, read.By(parts.Accounts(s.Accounts.Gamma)).
			When("ArnLike", "aws:PrincipalArn", config.RoleARN(s.Accounts.Gamma, s.GammaLaunchRole("*"))))
	}
	parts.NewBucket(stack, "Templates", parts.BucketProps{Name: name, WriteOnce: true, Policy: policy})
}

// templates are the objects of all template stores.
func templates(s *config.Settings) []string {
	var arns []string
	for _, region := range storeRegions(s) {
		arns = append(arns, parts.ObjectsARN(s.TemplateBucket(region), "templates/*"))
	}
	return arns
}

// templateBuckets are the template stores themselves.
func templateBuckets(s *config.Settings) []string {
	var arns []string
	for _, region := range storeRegions(s) {
		arns = append(arns, parts.BucketARN(s.TemplateBucket(region)))
	}
	return arns
}

// administerCatalog is what CloudFormation does with products and portfolios. Service Catalog knows few resources in policies, so the
// actions are written out one by one.
func administerCatalog(s *config.Settings) []parts.Statement {
	return []parts.Statement{
		parts.Allow("Products", []string{"*"}, "servicecatalog:CreateProduct", "servicecatalog:UpdateProduct", "servicecatalog:DeleteProduct",
			"servicecatalog:DescribeProductAsAdmin", "servicecatalog:CreateProvisioningArtifact", "servicecatalog:UpdateProvisioningArtifact",
			"servicecatalog:DeleteProvisioningArtifact", "servicecatalog:DescribeProvisioningArtifact", "servicecatalog:ListProvisioningArtifacts",
			"servicecatalog:SearchProductsAsAdmin", "servicecatalog:ListTagOptions", "servicecatalog:ListResourcesForTagOption",
			"servicecatalog:ListServiceActionsForProvisioningArtifact", "servicecatalog:DisassociateServiceActionFromProvisioningArtifact"),
		parts.Allow("Tags", []string{"*"}, "servicecatalog:ListTagsForResource", "servicecatalog:TagResource", "servicecatalog:UntagResource"),
		parts.Allow("Portfolios", []string{"*"}, "servicecatalog:CreatePortfolio", "servicecatalog:UpdatePortfolio",
			"servicecatalog:DeletePortfolio", "servicecatalog:DescribePortfolio", "servicecatalog:ListPortfolios",
			"servicecatalog:AssociateProductWithPortfolio", "servicecatalog:DisassociateProductFromPortfolio", "servicecatalog:ListPortfoliosForProduct",
			"servicecatalog:AssociatePrincipalWithPortfolio", "servicecatalog:DisassociatePrincipalFromPortfolio", "servicecatalog:ListPrincipalsForPortfolio",
			"servicecatalog:CreateConstraint", "servicecatalog:UpdateConstraint", "servicecatalog:DeleteConstraint", "servicecatalog:DescribeConstraint",
			"servicecatalog:ListConstraintsForPortfolio", "servicecatalog:CreatePortfolioShare", "servicecatalog:UpdatePortfolioShare",
			"servicecatalog:DeletePortfolioShare", "servicecatalog:DescribePortfolioShares", "servicecatalog:DescribePortfolioShareStatus",
			"servicecatalog:ListPortfolioAccess"),
		passLaunchRoles(s),
		parts.Allow("Templates", templates(s), "s3:GetObject"),
		parts.Allow("CheckTemplates", []string{"*"}, "cloudformation:ValidateTemplate", "cloudformation:GetTemplateSummary"),
	}
}

// passLaunchRoles lets CloudFormation name launch roles in constraints. Source: registry schema of AWS::ServiceCatalog::LaunchRoleConstraint;
// AWS managed policy AWSServiceCatalogAdminFullAccess.
func passLaunchRoles(s *config.Settings) parts.Statement {
	account := s.Accounts.Catalog
	roles := []string{config.RoleARN(account, s.LaunchRole("*")), config.RoleARN(account, s.GammaLaunchRole("*"))}
	return parts.Allow("PassLaunchRoles", roles, "iam:PassRole").When("StringEquals", "iam:PassedToService", "servicecatalog.amazonaws.com")
}

// newCatalogRoles are the roles that builds take in the catalog account: to store, to read, to publish.
func newCatalogRoles(stack awscdk.Stack, s *config.Settings) {
	role := func(id, name, description string, policy []parts.Statement, actions ...string) {
		var builds []string
		for _, action := range actions {
			builds = append(builds, config.RoleARN(s.Accounts.Tools, s.ProjectRole(action)))
		}
		parts.NewRole(stack, id, parts.RoleProps{
			Name: name, Description: description, Policy: policy,
			Trust: []parts.Statement{parts.TrustRoles(s.Accounts.Tools, builds...)},
		})
	}
	ledger := []string{parts.ObjectsARN(s.LedgerBucket(), "ledger/*")}
	readLedger := []parts.Statement{
		parts.Allow("ListLedger", []string{parts.BucketARN(s.LedgerBucket())}, "s3:ListBucket"),
		parts.Allow("ReadLedger", ledger, "s3:GetObject"),
	}
	role("StoreRole", s.CatalogStoreRole(), "Store, to write candidates to the template store", []parts.Statement{
		parts.Allow("ReadTemplates", templates(s), "s3:GetObject"),
		parts.Allow("WriteTemplates", templates(s), "s3:PutObject", "s3:PutObjectTagging").
			When("StringEquals", "s3:RequestObjectTag/servicecatalog:provisioning", "true"),
	}, store)
	role("ReadRole", s.CatalogReadRole(), "Package, Render, Dossier and Preflight, to read ledger, change sets and templates",
		slices.Concat(readLedger, readShares(s), []parts.Statement{
			parts.Allow("ListTemplates", templateBuckets(s), "s3:ListBucket"),
			parts.Allow("ReadTemplates", templates(s), "s3:GetObject"),
			parts.Allow("ReadStacks", stackARNs(s.Accounts.Catalog, storeRegions(s), publishedStacks(s)...),
				"cloudformation:DescribeChangeSet", "cloudformation:GetTemplate"),
		}), packaging, render, dossier, preflight)
	role("PublishRole", s.CatalogPublishRole(), "Settle and Verify, to settle versions and to append to the ledger",
		slices.Concat(readLedger, shareWithUnits(s), []parts.Statement{
			parts.Allow("AppendLedger", ledger, "s3:PutObject"),
			parts.Allow("FindProducts", stackARNs(s.Accounts.Catalog, storeRegions(s), s.Name+"-products-*"), "cloudformation:DescribeStacks"),
			parts.Allow("SettleVersions", []string{"*"}, "servicecatalog:DescribeProvisioningArtifact", "servicecatalog:ListProvisioningArtifacts",
				"servicecatalog:UpdateProvisioningArtifact"),
		}), settle, verify)
	if s.Cleansing != config.CleanseNever {
		role("RewriteRole", s.CatalogRewriteRole(), "RepoCleansing, to append to the ledger what a rewrite made of commits",
			append(readLedger, parts.Allow("AppendLedger", ledger, "s3:PutObject")), config.CleansingAction)
	}
}
