package stacks

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"

	parts "accountfleet/constructs"
)

// Organizational units: what reaches their accounts by stack sets, of which the catalog account is the delegated administrator, and what
// Settle may do to share portfolios with them. Without a management account in fleet.yaml there is nothing of this in any stack; without
// units only the rights to take back what they had.

// boundaryAccounts are the accounts whose boundary is in a stack of their own; see boundaries.
func boundaryAccounts(s *config.Settings) []string {
	return accountsOf("", append(accessAccounts(s), s.Accounts.Test, s.Accounts.Gamma, s.Accounts.Catalog)...)
}

// newUnitBoundary brings the boundary to the accounts of organizational units, before any launch role comes there. It is installed, not
// published, because it is the platform team's and changes with the settings only.
//
// Accounts that have it from a stack of their own are left out. One that moves into a unit later gets it a second time, which fails for
// that account alone: automatic deployment does not know the filter. Source: CloudFormation User Guide, "Manage automatic deployments".
func newUnitBoundary(stack awscdk.Stack, s *config.Settings) {
	units := s.Units()
	if len(units) == 0 {
		return
	}
	set := parts.NewUnitStackSet(stack, "UnitBoundary", parts.UnitStackSetProps{
		Name: s.BoundaryStackSet(), Description: "Permissions boundary of products in the accounts of organizational units",
		Template: parts.BoundaryTemplate(s), Units: units, Except: boundaryAccounts(s), Region: s.Regions.Home,
	})
	// The ARN is of the management account, whose all stack sets of an organization are, those of a delegated administrator too.
	// Source: CloudFormation User Guide, "Register a delegated administrator".
	awscdk.NewCfnOutput(stack, jsii.String("UnitBoundaryARN"), &awscdk.CfnOutputProps{
		Value:      jsii.String(config.ARN("cloudformation", s.Regions.Home, s.Accounts.Management, "stackset/"+*set.Ref())),
		ExportName: jsii.String(s.BoundaryExport()), Description: jsii.String("That launch roles wait for in accounts that join a unit"),
	})
}

// newUnitKeyDeactivation brings the role that deactivates leaked access keys to the accounts of organizational units, if the settings ask
// for it. It needs no boundary: it can do two things, and neither is a product's.
func newUnitKeyDeactivation(stack awscdk.Stack, s *config.Settings) {
	units, except := s.Units(), s.KeyAccounts()
	if len(units) == 0 || len(except) == 0 {
		return
	}
	parts.NewUnitStackSet(stack, "UnitKeyDeactivation", parts.UnitStackSetProps{
		Name: s.KeyDeactivationStackSet(), Description: "Role by which leaked access keys of accounts of organizational units are deactivated",
		Template: parts.KeyDeactivationTemplate(s), Units: units, Except: except, Region: s.Regions.Home,
	})
}

// launchRoleStackSets are the stack sets that bring launch roles.
func launchRoleStackSets(s *config.Settings) []string {
	return stackSets(s, s.LaunchRoleStackSet("*"))
}

// stackSets are ARNs of stack sets. They name the management account, which owns those of a delegated administrator too.
// Source: CloudFormation User Guide, "Register a delegated administrator"; aws-solutions/quota-monitor-for-aws, hub.stack.ts, whose
// delegated administrator is allowed stack sets and their targets in the management account only.
func stackSets(s *config.Settings, names ...string) []string {
	var arns []string
	for _, name := range names {
		arns = append(arns, config.ARN("cloudformation", s.Regions.Home, s.Accounts.Management, "stackset/"+name+":*"))
	}
	return arns
}

// actAsDelegate is what StackSets asks of whoever acts as delegated administrator, on every call.
// Source: CloudFormation User Guide, "Register a delegated administrator".
func actAsDelegate() parts.Statement {
	return parts.Allow("ActAsDelegate", []string{"*"}, "organizations:ListDelegatedAdministrators")
}

// administerUnits is what CloudFormation does with stack sets. Source: registry schema of AWS::CloudFormation::StackSet; which resources
// an action takes: Service Authorization Reference.
func administerUnits(s *config.Settings) []parts.Statement {
	if !s.SharesWithUnits() {
		return nil
	}
	sets := launchRoleStackSets(s)
	targets := append(slices.Clone(sets),
		config.ARN("cloudformation", "*", s.Accounts.Management, "stackset-target/"+s.LaunchRoleStackSet("*")),
		config.ARN("cloudformation", "*", "", "type/resource/AWS-IAM-Role")) // the types of AWS are in no account
	return []parts.Statement{
		actAsDelegate(),
		parts.Allow("CreateStackSets", []string{"*"}, "cloudformation:CreateStackSet"), // takes no resource
		parts.Allow("StackSets", sets, "cloudformation:DeleteStackSet", "cloudformation:DescribeStackSet", "cloudformation:DescribeStackInstance",
			"cloudformation:DescribeStackSetOperation", "cloudformation:ListStackSetOperationResults", "cloudformation:ListStackInstances",
			"cloudformation:TagResource", "cloudformation:UntagResource"),
		parts.Allow("StackInstances", targets, "cloudformation:CreateStackInstances", "cloudformation:UpdateStackInstances",
			"cloudformation:DeleteStackInstances", "cloudformation:UpdateStackSet"),
	}
}

// shareWithUnits is what Settle and Verify do about organizational units. Service Catalog knows a portfolio as a resource, whose id AWS
// makes up.
func shareWithUnits(s *config.Settings) []parts.Statement {
	if !s.SharesWithUnits() {
		return nil
	}
	return append(readShares(s),
		actAsDelegate(),
		parts.Allow("SharePortfolios", portfolios(s), "servicecatalog:CreatePortfolioShare", "servicecatalog:UpdatePortfolioShare",
			"servicecatalog:DeletePortfolioShare"),
		parts.Allow("FollowShares", []string{"*"}, "servicecatalog:DescribePortfolioShareStatus"), // takes no resource
		parts.Allow("LookAtStackSets", stackSets(s, s.LaunchRoleStackSet("*"), s.BoundaryStackSet()), "cloudformation:ListStackInstances"),
	)
}

// readShares finds the portfolios that the fleet published, also those that left the settings, and tells whom they are shared with.
func readShares(s *config.Settings) []parts.Statement {
	if !s.SharesWithUnits() {
		return nil
	}
	return []parts.Statement{
		parts.Allow("ListStacks", []string{"*"}, "cloudformation:ListStacks"), // takes no resource
		parts.Allow("FindPortfolios", stackARNs(s.Accounts.Catalog, storeRegions(s), s.PortfolioStack("*")), "cloudformation:DescribeStacks"),
		parts.Allow("ReadShares", portfolios(s), "servicecatalog:DescribePortfolioShares"),
	}
}

func portfolios(s *config.Settings) []string {
	return []string{config.ARN("catalog", "*", s.Accounts.Catalog, "portfolio/*")}
}
