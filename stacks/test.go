package stacks

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"accountfleet/internal/config"

	parts "accountfleet/constructs"
)

// newTest is the test account: the roles of Beta and the bucket of TaskCat. It is in the first test region, where the bucket is.
func newTest(app awscdk.App, s *config.Settings, accounts *boundaries) awscdk.Stack {
	account := s.Accounts.Test
	stack := installed(app, place{
		name: s.TestStack(), account: account, region: s.Regions.Test[0],
		description: "Account fleet: roles by which products are launched and tested in the test account",
	})
	boundary := accounts.of(account, stack)
	parts.NewBucket(stack, "TaskCat", parts.BucketProps{Name: s.TaskCatBucket(), ExpireDays: 7, ExpireOldDays: 1})
	builds := []string{
		config.RoleARN(s.Accounts.Tools, s.ProjectRole(provision)), config.RoleARN(s.Accounts.Tools, s.ProjectRole(integrationTests)),
	}
	parts.NewRole(stack, "DeployRole", parts.RoleProps{
		Name: s.TestDeployRole(), Description: "Provision and IntegrationTests, to deploy stacks of products",
		Trust: []parts.Statement{parts.TrustRoles(s.Accounts.Tools, builds...)}, Policy: deployProducts(s),
	})
	// The boundary is both the most and the least that a product may ask for in Beta: whatever it allows can be tried there.
	parts.NewRole(stack, "ExecutionRole", parts.RoleProps{
		Name: s.TestExecutionRole(), Description: "CloudFormation, to create what products consist of",
		Trust:   []parts.Statement{parts.TrustServiceAnywhere("cloudformation.amazonaws.com")},
		Managed: []string{boundary}, Boundary: boundary,
	})
	sweeper := sweepProducts(s, s.Regions.Test)
	sweeper = append(sweeper, sweepOrganization(s)...)
	sweeper = append(sweeper, parts.Allow("Stacks", productStacks(s), sweepStackActions...),
		parts.Deny("KeepTheTaskCatBucket", []string{parts.BucketARN(s.TaskCatBucket())}, "s3:DeleteBucket*"))
	parts.NewRole(stack, "SweepRole", parts.RoleProps{
		Name: s.TestSweepRole(), Description: "Provision and IntegrationTests, to remove what stacks leave behind",
		Trust: []parts.Statement{parts.TrustRoles(s.Accounts.Tools, builds...)}, Policy: sweeper, Boundary: boundary,
	})
	return stack
}

// productStacks are the stacks of Beta and TaskCat.
func productStacks(s *config.Settings) []string {
	return stackARNs(s.Accounts.Test, s.Regions.Test, s.BetaStack("*"), s.TaskCatPrefix()+"-*")
}

// deployProducts is what Provision and TaskCat do themselves; resources are created by the execution role.
func deployProducts(s *config.Settings) []parts.Statement {
	bucket := s.TaskCatBucket()
	return []parts.Statement{
		parts.Allow("Stacks", productStacks(s), "cloudformation:CreateStack", "cloudformation:UpdateStack", "cloudformation:DeleteStack",
			"cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:DescribeStack*",
			"cloudformation:ListStackResources", "cloudformation:TagResource", "cloudformation:UntagResource"),
		parts.Allow("Templates", []string{"*"}, "cloudformation:ValidateTemplate", "cloudformation:GetTemplateSummary", "cloudformation:ListStacks"),
		passRole("ExecutionRole", config.RoleARN(s.Accounts.Test, s.TestExecutionRole()), "cloudformation.amazonaws.com"),
		parts.Allow("TaskCatBucket", []string{parts.BucketARN(bucket)}, "s3:ListBucket", "s3:GetBucketLocation"),
		parts.Allow("TaskCatObjects", []string{parts.ObjectsARN(bucket, "*")}, "s3:GetObject", "s3:PutObject", "s3:PutObjectAcl",
			"s3:DeleteObject", "s3:AbortMultipartUpload"),
		parts.Allow("TaskCatParameters", []string{"*"}, "ec2:DescribeRegions", "ec2:DescribeAvailabilityZones"),
		readOrganization(),
	}
}

// readOrganization is for the values that parameters of products take from the organization of the account: $[fleet_organization_...], $[fleet_identity_center].
func readOrganization() parts.Statement {
	return parts.Allow("ReadOrganization", []string{"*"}, "organizations:DescribeOrganization", "organizations:ListRoots", "sso:ListInstances")
}

// sweepOrganization lets a role remove what products of an organization left behind, in the test and gamma accounts with a sandbox
// organization. These services have no regions.
func sweepOrganization(s *config.Settings) []parts.Statement {
	if !s.SandboxOrganization {
		return nil
	}
	return []parts.Statement{parts.Allow("SandboxOrganization", []string{"*"}, "organizations:CloseAccount", "organizations:Delete*",
		"organizations:Describe*", "organizations:DetachPolicy", "organizations:List*")}
}

// sweepStackActions are what sweeping needs of stacks that hang.
var sweepStackActions = []string{
	"cloudformation:DeleteStack", "cloudformation:DescribeStack*", "cloudformation:ListStackResources",
}

// sweepProducts lets a role read and delete resources of the services that products may use, in regions. It cannot create any. What
// it may do is bounded as for products, so it cannot touch the fleet's own roles.
func sweepProducts(s *config.Settings, regions []string) []parts.Statement {
	var remove, read []string
	for _, service := range s.AllowedServices {
		switch service {
		case "iam", "sts", "organizations", "account", "sso", "s3":
			continue
		}
		remove = append(remove, service+":Delete*")
		read = append(read, service+":Describe*", service+":List*")
		if service != "ssm" { // ssm:Get* reads secure parameters
			read = append(read, service+":Get*")
		}
	}
	remove = append(remove, removals(s)...)
	return []parts.Statement{
		parts.Allow("CloudControl", []string{"*"}, "cloudformation:DeleteResource", "cloudformation:GetResource",
			"cloudformation:GetResourceRequestStatus", "cloudformation:ListResources"),
		parts.Allow("Remove", []string{"*"}, remove...).When("StringEquals", "aws:RequestedRegion", regions),
		parts.Allow("Read", []string{"*"}, read...),
		parts.Allow("Buckets", []string{"*"}, "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:DeleteObject", "s3:DeleteObjectVersion",
			"s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:ListBucket", "s3:ListBucketVersions"),
		parts.Allow("Roles", []string{"*"}, "iam:DeleteInstanceProfile", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:DeleteRole",
			"iam:Get*", "iam:List*", "iam:RemoveRoleFromInstanceProfile"),
		parts.Allow("BoundedRoles", []string{"*"}, "iam:DeleteRolePolicy", "iam:DetachRolePolicy").
			When("StringLike", "iam:PermissionsBoundary", "arn:aws:iam::*:policy/"+s.Boundary()),
	}
}

// removals are the deletions that are not called Delete, of the services that products may use.
func removals(s *config.Settings) []string {
	named := map[string][]string{
		"ec2":         {"ec2:Detach*", "ec2:Disassociate*", "ec2:Release*", "ec2:Revoke*", "ec2:Terminate*"},
		"config":      {"config:StopConfigurationRecorder"},
		"events":      {"events:RemoveTargets"},
		"guardduty":   {"guardduty:Disassociate*"},
		"kms":         {"kms:DisableKey", "kms:ScheduleKeyDeletion"},
		"macie2":      {"macie2:Disable*"},
		"cloudtrail":  {"cloudtrail:StopLogging"},
		"securityhub": {"securityhub:BatchDisable*", "securityhub:Disable*"},
		"inspector2":  {"inspector2:Disable*"},
		"ram":         {"ram:Disassociate*"},
		"sns":         {"sns:Unsubscribe"},
		"ssm":         {"ssm:Deregister*"},
	}
	var actions []string
	for _, service := range slices.Sorted(slices.Values(s.AllowedServices)) {
		actions = append(actions, named[service]...)
	}
	return actions
}
