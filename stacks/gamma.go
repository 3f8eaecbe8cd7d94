package stacks

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"accountfleet/internal/config"

	parts "accountfleet/constructs"
)

// newGamma is the gamma account: the end user, and the roles that bring it access to candidates.
func newGamma(app awscdk.App, s *config.Settings, accounts *boundaries) awscdk.Stack {
	account := s.Accounts.Gamma
	stack := installed(app, place{
		name: s.GammaStack(), account: account, region: s.Regions.Home,
		description: "Account fleet: roles by which candidates are launched as consumers will launch them",
	})
	boundary := accounts.of(account, stack)
	newDeployRoles(stack, deployRoleProps{
		settings: s, account: account, deploy: s.GammaDeployRole(), cloudFormation: s.GammaCloudFormationRole(), artifacts: []string{packaging},
		regions: []string{s.Regions.Home}, deploys: createOrUpdate(stackARNs(account, []string{s.Regions.Home}, s.GammaAccessStack())),
		permits: append(launchRoles(s, account, s.GammaLaunchRole("*")), consumeShare()),
	})
	build := config.RoleARN(s.Accounts.Tools, s.ProjectRole(consume))
	parts.NewRole(stack, "ConsumerRole", parts.RoleProps{
		Name: s.GammaConsumerRole(), Description: "Consume, as an end user without any right but to launch",
		Trust:  []parts.Statement{parts.TrustRoles(s.Accounts.Tools, build)},
		Policy: []parts.Statement{seeProducts(), useProducts()},
	})
	sweep := append(sweepProducts(s, []string{s.Regions.Home}),
		parts.Allow("Stacks", stackARNs(account, []string{s.Regions.Home}, "SC-*"), sweepStackActions...), readOrganization())
	sweep = append(sweep, sweepOrganization(s)...)
	parts.NewRole(stack, "SweepRole", parts.RoleProps{
		Name: s.GammaSweepRole(), Description: "Consume, to look at what a launch made and to remove what it left behind",
		Trust: []parts.Statement{parts.TrustRoles(s.Accounts.Tools, build)}, Policy: sweep, Boundary: boundary,
	})
	return stack
}

// newConsumer is a consumer account: the end user that verifies and, where the account is listed, the roles that bring it launch roles,
// shares and principals. An account in which only Verify looks gets everything else, the boundary too, through its organizational unit.
func newConsumer(app awscdk.App, s *config.Settings, account string, accounts *boundaries) awscdk.Stack {
	stack := installed(app, place{
		name: s.ConsumerStack(account), account: account, region: s.Regions.Home,
		description: "Account fleet: roles by which this account gets access to portfolios",
	})
	if account == s.Accounts.Catalog || slices.Contains(accessAccounts(s), account) {
		accounts.of(account, stack)
	}
	parts.NewRole(stack, "VerifyRole", parts.RoleProps{
		Name: s.ConsumerVerifyRole(), Description: "Verify, to see what is published as an end user sees it",
		Trust:  []parts.Statement{parts.TrustRoles(s.Accounts.Tools, config.RoleARN(s.Accounts.Tools, s.ProjectRole(verify)))},
		Policy: []parts.Statement{seeProducts()},
	})
	if slices.Contains(accessAccounts(s), account) {
		newDeployRoles(stack, deployRoleProps{
			settings: s, account: account, deploy: s.ConsumerDeployRole(), cloudFormation: s.ConsumerCloudFormationRole(),
			artifacts: []string{planArtifact}, regions: s.Regions.Catalog,
			deploys: createOrUpdate(stackARNs(account, s.Regions.Catalog, s.AccessStack())),
			permits: append(launchRoles(s, account, s.LaunchRole("*")), consumeShare()),
		})
	}
	return stack
}

// deployRoleProps describes the two roles of CloudFormation actions in an account.
type deployRoleProps struct {
	settings       *config.Settings
	account        string
	deploy         string // name of the role that the pipeline takes
	cloudFormation string // name of the role that CloudFormation takes
	artifacts      []string
	regions        []string
	deploys        []parts.Statement // what the pipeline's role does with which stacks
	permits        []parts.Statement // of CloudFormation's role
}

// newDeployRoles makes the pair: the pipeline may only hand templates to CloudFormation, and CloudFormation may do only what these
// templates consist of.
func newDeployRoles(stack awscdk.Stack, p deployRoleProps) {
	s := p.settings
	parts.NewRole(stack, "CloudFormationRole", parts.RoleProps{
		Name: p.cloudFormation, Description: "CloudFormation, for the stacks that the pipeline deploys here",
		Trust: []parts.Statement{parts.TrustServiceAnywhere("cloudformation.amazonaws.com")}, Policy: p.permits,
	})
	parts.NewRole(stack, "DeployRole", parts.RoleProps{
		Name: p.deploy, Description: "The pipeline, to deploy its stacks here",
		Trust: []parts.Statement{parts.TrustRoles(s.Accounts.Tools, config.RoleARN(s.Accounts.Tools, s.PipelineRole()))},
		Policy: slices.Concat(p.deploys, readArtifacts(s, p.regions, p.artifacts...),
			[]parts.Statement{passRole("CloudFormationRole", config.RoleARN(p.account, p.cloudFormation), "cloudformation.amazonaws.com")}),
	})
}
