package constructs

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
	"accountfleet/internal/document"
	"accountfleet/internal/ledger"
)

// UnitStackSetProps describes a stack set that brings one template to every account of organizational units, also to accounts that
// join them later.
type UnitStackSetProps struct {
	Name        string
	Description string
	Template    string   // at most 51,200 bytes
	Units       []string // organizational units, or the root
	Except      []string // accounts of the units that are left out; default none
	After       []string // ARNs of stack sets that come first where an account joins; default none
	Region      string   // the one region that it is deployed in
}

// NewUnitStackSet creates a stack set with permissions managed by the service. Its account is the delegated administrator for stack
// sets, and CloudFormation skips the management account.
//
// Accounts are deployed to all at once, and one in ten may fail: who did not get a stack is found by Verify, and one account that an
// administrator broke does not keep the others from theirs. Source: CloudFormation API reference, StackSetOperationPreferences.
func NewUnitStackSet(scope constructs.Construct, id string, props UnitStackSetProps) awscdk.CfnStackSet {
	targets := &awscdk.CfnStackSet_DeploymentTargetsProperty{OrganizationalUnitIds: jsii.Strings(props.Units...)}
	if len(props.Except) > 0 {
		targets.AccountFilterType, targets.Accounts = jsii.String("DIFFERENCE"), jsii.Strings(props.Except...)
	}
	automatic := &awscdk.CfnStackSet_AutoDeploymentProperty{Enabled: jsii.Bool(true), RetainStacksOnAccountRemoval: jsii.Bool(false)}
	if len(props.After) > 0 {
		automatic.DependsOn = jsii.Strings(props.After...)
	}
	return awscdk.NewCfnStackSet(scope, jsii.String(id), &awscdk.CfnStackSetProps{
		StackSetName:     jsii.String(props.Name),
		Description:      jsii.String(props.Description),
		PermissionModel:  jsii.String("SERVICE_MANAGED"),
		CallAs:           jsii.String("DELEGATED_ADMIN"),
		AutoDeployment:   automatic,
		ManagedExecution: map[string]any{"Active": true},
		OperationPreferences: &awscdk.CfnStackSet_OperationPreferencesProperty{
			ConcurrencyMode: jsii.String("SOFT_FAILURE_TOLERANCE"), RegionConcurrencyType: jsii.String("PARALLEL"),
			MaxConcurrentPercentage: jsii.Number(100), FailureTolerancePercentage: jsii.Number(10),
		},
		Capabilities: jsii.Strings("CAPABILITY_NAMED_IAM"),
		TemplateBody: jsii.String(props.Template),
		StackInstancesGroup: []any{&awscdk.CfnStackSet_StackInstancesProperty{
			DeploymentTargets: targets, Regions: jsii.Strings(props.Region),
		}},
	})
}

// anyAccount stands in policies for the account that a template is deployed in.
const anyAccount = "${AWS::AccountId}"

// LaunchRoleTemplate is a template with the launch role of a product, for any account.
func LaunchRoleTemplate(s *config.Settings, product ledger.Product) string {
	role := LaunchRoleProps{Settings: s, Account: anyAccount, Name: s.LaunchRole(product.ID), Product: product}.role()
	return unitTemplate("Account fleet: launch role of "+product.ID, "Role", map[string]any{"Type": "AWS::IAM::Role", "Properties": role.properties()})
}

// BoundaryTemplate is a template with the permissions boundary, for any account. The boundary stays where its stack goes: IAM deletes none
// that a role has, and products and launch roles are there still when an account or a unit leaves.
func BoundaryTemplate(s *config.Settings) string {
	boundary := BoundaryProps{Settings: s, Account: anyAccount}
	return unitTemplate("Account fleet: permissions boundary of products", "Boundary", map[string]any{
		"Type": "AWS::IAM::ManagedPolicy", "DeletionPolicy": "RetainExceptOnCreate", "Properties": boundary.properties(),
	})
}

// unitTemplate is a template with one resource, as canonical JSON, so that the same content is no change.
func unitTemplate(description, id string, resource map[string]any) string {
	return string(document.Canonical(map[string]any{
		"AWSTemplateFormatVersion": "2010-09-09", "Description": description,
		"Resources": map[string]any{id: substituted(resource)},
	}))
}

// substituted is a value in which texts with anyAccount are filled in by CloudFormation. What else such a text has in braces, such as a
// policy variable, stays as it is.
func substituted(value any) any {
	switch v := value.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, inner := range v {
			m[key] = substituted(inner)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, inner := range v {
			l[i] = substituted(inner)
		}
		return l
	case string:
		if strings.Contains(v, anyAccount) {
			kept := strings.ReplaceAll(strings.ReplaceAll(v, "${", "${!"), strings.Replace(anyAccount, "${", "${!", 1), anyAccount)
			return map[string]any{"Fn::Sub": kept}
		}
	}
	return value
}
