package stacks

import (
	"accountfleet/internal/config"

	parts "accountfleet/constructs"
)

// Permissions that several roles share. Each is as narrow as the service allows; where a service knows no resource for an action,
// "*" stands with exactly that action.

// assume lets a build of the tools account take roles of other accounts.
func assume(arns ...string) parts.Statement {
	return parts.Allow("AssumeRoles", arns, "sts:AssumeRole")
}

// passRole lets a role be handed to one service.
func passRole(sid, arn, service string) parts.Statement {
	return parts.Allow(sid, []string{arn}, "iam:PassRole").When("StringEquals", "iam:PassedToService", service)
}

// stackARNs are the ARNs of stacks whose names match patterns, in regions of an account.
func stackARNs(account string, regions []string, patterns ...string) []string {
	var arns []string
	for _, region := range regions {
		for _, pattern := range patterns {
			arns = append(arns, config.ARN("cloudformation", region, account, "stack/"+pattern+"/*"))
		}
	}
	return arns
}

// createOrUpdate lets the action role of CodePipeline's CloudFormation actions create and update stacks.
// Source: CodePipeline user guide, "Add permissions to the CodePipeline service role", CloudFormation.
func createOrUpdate(stacks []string) []parts.Statement {
	return []parts.Statement{
		parts.Allow("CreateOrUpdate", stacks, "cloudformation:CreateStack", "cloudformation:UpdateStack", "cloudformation:DescribeStacks",
			"cloudformation:DescribeStackEvents", "cloudformation:GetTemplate"),
		parts.Allow("Templates", []string{"*"}, "cloudformation:ValidateTemplate"),
	}
}

// changeSets lets the action role of CodePipeline's CloudFormation actions make and execute the one change set that is reviewed.
func changeSets(s *config.Settings, stacks []string) []parts.Statement {
	return []parts.Statement{
		parts.Allow("ChangeSets", stacks, "cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet", "cloudformation:DeleteChangeSet",
			"cloudformation:ExecuteChangeSet").When("StringEqualsIfExists", "cloudformation:ChangeSetName", s.ChangeSet()),
		parts.Allow("Stacks", stacks, "cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"),
	}
}

// readArtifacts lets a role of another account read artifacts of the pipeline in regions.
func readArtifacts(s *config.Settings, regions []string, artifacts ...string) []parts.Statement {
	var buckets, objects, keys []string
	for _, region := range regions {
		bucket := artifactBucket(s, region)
		buckets = append(buckets, parts.BucketARN(bucket))
		objects = append(objects, parts.ArtifactObjects(s, bucket, artifacts...)...)
		keys = append(keys, config.ARN("kms", region, s.Accounts.Tools, "key/*"))
	}
	return []parts.Statement{
		parts.Allow("ArtifactBuckets", buckets, "s3:GetBucketLocation", "s3:GetBucketVersioning"),
		parts.Allow("Artifacts", objects, "s3:GetObject", "s3:GetObjectVersion"),
		parts.Allow("ArtifactKeys", keys, "kms:Decrypt", "kms:DescribeKey").
			When("ForAnyValue:StringEquals", "kms:ResourceAliases", s.ArtifactKeyAlias()),
	}
}

// artifactBucket is where the actions of a region find artifacts.
func artifactBucket(s *config.Settings, region string) string {
	if region == s.Regions.Home {
		return s.ArtifactBucket()
	}
	return s.ReplicationBuckets[region]
}

// launchRoles lets a CloudFormation role manage roles whose names match patterns, only under the boundary of the account.
func launchRoles(s *config.Settings, account string, patterns ...string) []parts.Statement {
	var roles []string
	for _, pattern := range patterns {
		roles = append(roles, config.RoleARN(account, pattern))
	}
	boundary := parts.BoundaryARN(s, account)
	return []parts.Statement{
		parts.Allow("BoundedLaunchRoles", roles, "iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary").
			When("StringEquals", "iam:PermissionsBoundary", boundary),
		parts.Allow("LaunchRoles", roles, "iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies",
			"iam:ListRoleTags", "iam:DeleteRole", "iam:UpdateRole", "iam:UpdateRoleDescription",
			"iam:UpdateAssumeRolePolicy", "iam:TagRole", "iam:UntagRole"),
		parts.Deny("KeepTheBoundary", []string{"*"}, "iam:DeleteRolePermissionsBoundary"),
		parts.Deny("KeepTheBoundaryAsItIs", []string{boundary}, "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion",
			"iam:SetDefaultPolicyVersion"),
	}
}

// seeProducts is what an end user of Service Catalog does to look around.
func seeProducts() parts.Statement {
	return parts.Allow("SeeProducts", []string{"*"}, "servicecatalog:SearchProducts", "servicecatalog:DescribeProduct", "servicecatalog:ListLaunchPaths")
}

// useProducts is what an end user does to launch. Source: AWS managed policy AWSServiceCatalogEndUserFullAccess, without what a launch
// role makes needless.
func useProducts() parts.Statement {
	return parts.Allow("UseProducts", []string{"*"}, "servicecatalog:DescribeProvisioningParameters", "servicecatalog:ProvisionProduct",
		"servicecatalog:UpdateProvisionedProduct", "servicecatalog:TerminateProvisionedProduct", "servicecatalog:DescribeRecord")
}

// consumeShare lets a CloudFormation role accept shares and associate principals.
func consumeShare() parts.Statement {
	return parts.Allow("Shares", []string{"*"}, "servicecatalog:AcceptPortfolioShare", "servicecatalog:RejectPortfolioShare",
		"servicecatalog:ListAcceptedPortfolioShares", "servicecatalog:DescribePortfolio",
		"servicecatalog:AssociatePrincipalWithPortfolio", "servicecatalog:DisassociatePrincipalFromPortfolio",
		"servicecatalog:ListPrincipalsForPortfolio")
}
