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
		Description:       jsii.String("The most that products, their roles and their launch roles may do"),
		PolicyDocument:    Document(props.statements()...),
	})}
}

// BoundaryARN is the ARN of the boundary of an account.
func BoundaryARN(s *config.Settings, account string) string {
	return "arn:aws:iam::" + account + ":policy/" + s.Boundary()
}

// identityServices are written out action by action: a wildcard would let a role lift itself.
var identityServices = []string{"iam", "sts", "organizations", "account", "sso", "sso-directory", "identitystore", "cloudformation"}

// IAM actions that a product may need. Those of the first list can be tied to the boundary.
// Source: Service Authorization Reference, IAM, condition key iam:PermissionsBoundary.
var (
	boundedActions = []string{
		"iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
	}
	roleActions = []string{
		"iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:CreatePolicy", "iam:CreatePolicyVersion",
		"iam:CreateServiceLinkedRole", "iam:DeleteInstanceProfile", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:DeleteRole",
		"iam:DeleteServiceLinkedRole", "iam:GetServiceLinkedRoleDeletionStatus", "iam:PassRole", "iam:RemoveRoleFromInstanceProfile",
		"iam:SetDefaultPolicyVersion", "iam:Tag*", "iam:Untag*", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
	}
	// protectedActions are what nobody under the boundary may do to a protected role.
	protectedActions = []string{
		"iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:PassRole", "iam:Put*", "iam:Tag*", "iam:Untag*", "iam:Update*", "sts:AssumeRole",
	}
)

func (p BoundaryProps) statements() []Statement {
	boundary := BoundaryARN(p.Settings, p.Account)
	anything := []string{"*"}
	statements := []Statement{
		Allow("Services", anything, p.services()...),
		Allow("Stacks", anything, "cloudformation:*Stack", "cloudformation:*StackResource*", "cloudformation:*ChangeSet*",
			"cloudformation:Describe*", "cloudformation:Get*", "cloudformation:List*", "cloudformation:SetStackPolicy",
			"cloudformation:*agResource", "cloudformation:ValidateTemplate"),
		Allow("ReadIdentity", anything, "iam:Get*", "iam:List*", "sts:GetCallerIdentity"),
		Allow("Roles", anything, roleActions...),
		Allow("BoundedRoles", anything, boundedActions...).When("StringEquals", "iam:PermissionsBoundary", boundary),
		Deny("KeepTheBoundary", anything, "iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"),
		Deny("KeepTheBoundaryAsItIs", []string{boundary}, "iam:CreatePolicyVersion", "iam:DeletePolicy*", "iam:SetDefaultPolicyVersion",
			"iam:Tag*", "iam:Untag*"),
		Deny("KeepProtectedRoles", protectedRoles(p.Settings), protectedActions...),
	}
	if p.Settings.SandboxOrganization && p.Account == p.Settings.Accounts.Test {
		statements = append(statements, Allow("SandboxOrganization", anything, "organizations:*", "account:*"))
	}
	return statements
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
		"action-*", "build-*", "catalog-*", "consumer-*", "engineer", "gamma-*", "launch-*", "pipeline", "reviewer", "test-*", "trigger",
	} {
		roles = append(roles, "arn:aws:iam::*:role/"+s.Name+"-"+function)
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
