package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// RoleProps describes an IAM role.
type RoleProps struct {
	Name        string      // at most 64 characters
	Description string      // who uses the role and what for, at most 1,000 characters
	Trust       []Statement // who may assume it
	Policy      []Statement // its one inline policy; default none
	Managed     []string    // ARNs of managed policies; default none
	Boundary    string      // ARN of its permissions boundary; default none
}

// Role is an IAM role with one inline policy.
type Role struct {
	Resource awsiam.CfnRole
}

// policyName is the name of a role's inline policy.
const policyName = "permissions"

// NewRole creates a role.
func NewRole(scope constructs.Construct, id string, props RoleProps) *Role {
	role := &awsiam.CfnRoleProps{
		RoleName:                 jsii.String(props.Name),
		Description:              jsii.String(props.Description),
		AssumeRolePolicyDocument: Document(props.Trust...),
	}
	if len(props.Policy) > 0 {
		role.Policies = &[]any{&awsiam.CfnRole_PolicyProperty{
			PolicyName:     jsii.String(policyName),
			PolicyDocument: Document(props.Policy...),
		}}
	}
	if len(props.Managed) > 0 {
		arns := list(props.Managed)
		role.ManagedPolicyArns = &arns
	}
	if props.Boundary != "" {
		role.PermissionsBoundary = props.Boundary
	}
	return &Role{Resource: awsiam.NewCfnRole(scope, jsii.String(id), role)}
}

// properties are the role as a template spells it, for templates that are not the CDK's.
func (p RoleProps) properties() map[string]any {
	properties := map[string]any{
		"RoleName": p.Name, "Description": p.Description, "AssumeRolePolicyDocument": Document(p.Trust...),
	}
	if len(p.Policy) > 0 {
		properties["Policies"] = []any{map[string]any{"PolicyName": policyName, "PolicyDocument": Document(p.Policy...)}}
	}
	if len(p.Managed) > 0 {
		properties["ManagedPolicyArns"] = list(p.Managed)
	}
	if p.Boundary != "" {
		properties["PermissionsBoundary"] = p.Boundary
	}
	return properties
}

// ARN is a token: what refers to it is created after the role.
func (r *Role) ARN() string { return *r.Resource.AttrArn() }

// TrustService lets a service of AWS assume a role, on behalf of account only.
func TrustService(service, account string) Statement {
	return Statement{Sid: "Service", Principal: Services(service), Actions: []string{"sts:AssumeRole"}}.
		When("StringEquals", "aws:SourceAccount", account)
}

// TrustServiceAnywhere lets a service of AWS assume a role, for services that do not say on whose behalf they ask.
func TrustServiceAnywhere(service string) Statement {
	return Statement{Sid: "Service", Principal: Services(service), Actions: []string{"sts:AssumeRole"}}
}

// TrustRoles lets exactly these roles of account assume a role. They need not exist yet: the account is the principal, and the
// roles are a condition.
func TrustRoles(account string, arns ...string) Statement {
	return Statement{Sid: "Roles", Principal: Accounts(account), Actions: []string{"sts:AssumeRole"}}.
		When("ArnEquals", "aws:PrincipalArn", arns)
}
