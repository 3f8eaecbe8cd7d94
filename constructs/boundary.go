package constructs

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
)

// BoundaryProps describes the permissions boundary of an account.
type BoundaryProps struct {
	Settings *config.Settings
	Account  string
}

// Boundary is the most that a product's roles, launch roles and test roles may ever do in an account.
//
// It propagates: a role under it can only create and change roles that carry it too, cannot take it off, cannot edit it, and cannot
// touch the fleet's own roles or those that administer the account.
type Boundary struct {
	Resource awsiam.CfnManagedPolicy
}

// NewBoundary creates the boundary of an account; there is one in each.
func NewBoundary(scope constructs.Construct, id string, props BoundaryProps) *Boundary {
	return &Boundary{Resource: awsiam.NewCfnManagedPolicy(scope, jsii.String(id), &awsiam.CfnManagedPolicyProps{
		ManagedPolicyName: jsii.String(props.Settings.Boundary()),
		Description:       jsii.String(boundaryDescription),
		PolicyDocument:    Document(props.statements()...),
	})}
}

const boundaryDescription = "The most that products, their roles and their launch roles may do"

// properties are the boundary as a template spells it, for templates that are not the CDK's.
func (p BoundaryProps) properties() map[string]any {
	return map[string]any{
		"ManagedPolicyName": p.Settings.Boundary(), "Description": boundaryDescription, "PolicyDocument": Document(p.statements()...),
	}
}

// BoundaryARN is the ARN of the boundary of an account.
func BoundaryARN(s *config.Settings, account string) string {
	return "arn:aws:iam::" + account + ":policy/" + s.Boundary()
}

// identityServices are written out action by action: a wildcard would let a role lift itself.
var identityServices = []string{"iam", "sts", "organizations", "account", "sso", "sso-directory", "identitystore", "cloudformation"}

// IAM actions that a product may need, by what keeps them harmless.
var (
	// boundedActions can be tied to the boundary. Source: Service Authorization Reference, IAM, condition key iam:PermissionsBoundary.
	boundedActions = []string{
		"iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
	}
	// ownActions have no such condition, and could open or replace what other roles may do: for names that CloudFormation makes up only.
	ownActions = []string{
		"iam:AddRoleToInstanceProfile", "iam:CreatePolicyVersion", "iam:PassRole", "iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy",
	}
	// plainActions give nobody more rights.
	plainActions = []string{
		"iam:CreateInstanceProfile", "iam:CreatePolicy", "iam:CreateServiceLinkedRole", "iam:DeleteInstanceProfile", "iam:DeletePolicy",
		"iam:DeletePolicyVersion", "iam:DeleteRole", "iam:DeleteServiceLinkedRole", "iam:Get*", "iam:List*",
		"iam:RemoveRoleFromInstanceProfile", "iam:Tag*", "iam:Untag*", "iam:UpdateRole", "iam:UpdateRoleDescription", "sts:GetCallerIdentity",
	}
	// protectedActions are what nobody under the boundary may do to a protected role.
	protectedActions = []string{
		"iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:PassRole", "iam:Put*", "iam:Tag*", "iam:Untag*", "iam:Update*", "sts:AssumeRole",
	}
	// harmlessServices run nobody's code and call nothing by the role that is passed to them, so any role that trusts them may be passed.
	harmlessServices = []string{"cloudtrail.amazonaws.com", "config.amazonaws.com", "vpc-flow-logs.amazonaws.com"}
)

func (p BoundaryProps) statements() []Statement {
	s, anything, boundary := p.Settings, []string{"*"}, BoundaryARN(p.Settings, p.Account)
	statements := []Statement{
		Allow("Services", anything, p.services()...),
		Allow("Stacks", p.stacks(), "cloudformation:*"),
		Allow("CloudControl", anything, "cloudformation:DeleteResource", "cloudformation:GetResource*", "cloudformation:GetTemplateSummary",
			"cloudformation:ListResources", "cloudformation:ValidateTemplate"),
		readTemplates(),
		Allow("Identity", anything, plainActions...),
		Allow("OwnRoles", p.ownNames(), ownActions...),
		Allow("PassToHarmlessServices", anything, "iam:PassRole").When("StringEquals", "iam:PassedToService", harmlessServices),
		Allow("BoundedRoles", anything, boundedActions...).When("StringEquals", "iam:PermissionsBoundary", boundary),
		Deny("KeepTheBoundary", anything, "iam:DeleteRolePermissionsBoundary"),
		Deny("KeepTheBoundaryAsItIs", []string{boundary}, "iam:CreatePolicyVersion", "iam:DeletePolicy*", "iam:SetDefaultPolicyVersion",
			"iam:Tag*", "iam:Untag*"),
		Deny("KeepProtectedRoles", protectedRoles(s), protectedActions...),
		Deny("KeepFleetBuckets", fleetBuckets(s), "s3:BypassGovernanceRetention", "s3:Delete*", "s3:Put*"),
	}
	if p.managesOrganization() {
		statements = append(statements, Allow("Organization", anything, "organizations:*", "account:*"),
			Allow("StackSets", anything, "cloudformation:*StackSet*", "cloudformation:*StackInstance*"),
			Allow("TagStackSets", []string{config.ARN("cloudformation", "*", p.Account, "stackset/*")}, "cloudformation:TagResource", "cloudformation:UntagResource"))
	} else {
		statements = append(statements, Allow("Organization", anything, "organizations:Describe*", "organizations:List*"))
	}
	if p.managesOrganization() || slices.Contains(s.Listed(), p.Account) {
		statements = append(statements, Allow("PermissionSets", anything, "sso:*AccountAssignment*", "sso:*PermissionSet*", "sso:Describe*",
			"sso:Get*", "sso:List*", "sso:TagResource", "sso:UntagResource"))
	}
	return statements
}

// managesOrganization says whether organization-wide products are launched in the account: in the management account, and in those
// of sandbox organizations. Listed accounts may be delegated administrators besides, of Identity Center for example; accounts of
// organizational units are neither.
func (p BoundaryProps) managesOrganization() bool {
	a := p.Settings.Accounts
	return p.Account == a.Management || p.Settings.SandboxOrganization && (p.Account == a.Test || p.Account == a.Gamma)
}

// stackNames are the names of products' stacks: those that Service Catalog makes up, and those of Beta and TaskCat.
func stackNames(s *config.Settings) []string {
	return []string{"SC-*", s.BetaStack("*"), s.TaskCatPrefix() + "-*"}
}

// stacks are the stacks of products. No other stack of the account can be changed under the boundary, because a stack acts by the role
// that deployed it.
func (p BoundaryProps) stacks() []string {
	var arns []string
	for _, name := range stackNames(p.Settings) {
		arns = append(arns, config.ARN("cloudformation", "*", p.Account, "stack/"+name))
	}
	return arns
}

// ownNames are the roles, policies and profiles whose names CloudFormation makes up from the names of products' stacks. A product that
// chooses names itself can create and delete these, but neither pass them to just any service nor change their trust in place.
func (p BoundaryProps) ownNames() []string {
	var arns []string
	for _, name := range stackNames(p.Settings) {
		for _, kind := range []string{"role/", "policy/", "instance-profile/"} {
			arns = append(arns, "arn:aws:iam::"+p.Account+":"+kind+name)
		}
	}
	return arns
}

// fleetBuckets are the fleet's own buckets and what is in them: products may read templates, and change nothing.
func fleetBuckets(s *config.Settings) []string {
	names := []string{s.ArtifactBucket(), s.CleansingBucket(), s.DossierBucket(), s.LedgerBucket(), s.TaskCatBucket(), s.TemplateBucket("*")}
	var arns []string
	for _, name := range names {
		arns = append(arns, BucketARN(name), ObjectsARN(name, "*"))
	}
	return arns
}

// services are the settings' services, without those that give access.
func (p BoundaryProps) services() []string {
	var actions []string
	for _, service := range p.Settings.AllowedServices {
		if !slices.Contains(identityServices, service) {
			actions = append(actions, service+":*")
		}
	}
	return actions
}

// FleetRoles are patterns of the fleet's own roles. Stacks of Beta and TaskCat name their roles <name>-beta-* and <name>-taskcat-*,
// which match none of these.
func FleetRoles(s *config.Settings) []string {
	var roles []string
	for _, function := range []string{
		"action-*", "build-*", "catalog-*", "cleansing-trigger", "consumer-*", "engineer", "gamma-*", "launch-*", "notifier", "pipeline", "reviewer",
		"test-*", "trigger",
	} {
		roles = append(roles, "arn:aws:iam::*:role/"+s.Name+"-"+function)
	}
	if s.LeakedAccessKeys == config.DeactivateKeys {
		roles = append(roles, "arn:aws:iam::*:role/"+s.KeyDeactivationRole())
	}
	return roles
}

// protectedRoles are those that neither products nor their stacks may touch: the fleet's own, and those by which an account is
// administered.
func protectedRoles(s *config.Settings) []string {
	roles := FleetRoles(s)
	for _, pattern := range []string{"cdk-*", "aws-reserved/*", "AWSControlTower*", "OrganizationAccountAccessRole", "stacksets-exec-*"} {
		roles = append(roles, "arn:aws:iam::*:role/"+pattern)
	}
	return roles
}
