package constructs

import (
	"maps"
	"slices"

	"github.com/aws/constructs-go/constructs/v10"

	"accountfleet/internal/config"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
)

// LaunchRoleProps describes the role that Service Catalog takes to launch a product in an account.
type LaunchRoleProps struct {
	Settings *config.Settings
	Account  string
	Name     string         // the same in the portfolio's account and in every consumer account
	Product  ledger.Product // its versions say what their templates need
}

// NewLaunchRole creates a launch role: what Service Catalog itself needs, and what any version that may still be used needs.
func NewLaunchRole(scope constructs.Construct, id string, props LaunchRoleProps) *Role {
	return NewRole(scope, id, props.role())
}

// role is the launch role, for a stack as for a stack set.
func (p LaunchRoleProps) role() RoleProps {
	return RoleProps{
		Name:        p.Name,
		Description: "Service Catalog, to launch " + p.Product.ID,
		Trust:       []Statement{TrustServiceAnywhere("servicecatalog.amazonaws.com")},
		Boundary:    BoundaryARN(p.Settings, p.Account),
		Policy:      append(launchBasics(p), launchPermissions(p.Product)...),
	}
}

// launchBasics is what every launch needs, whatever the product.
// Source: AWS Service Catalog Administrator Guide, "AWS Service Catalog Launch Constraints".
func launchBasics(props LaunchRoleProps) []Statement {
	return []Statement{
		Allow("Stacks", []string{config.ARN("cloudformation", "*", props.Account, "stack/SC-*")},
			"cloudformation:CreateStack", "cloudformation:UpdateStack", "cloudformation:DeleteStack", "cloudformation:DescribeStacks",
			"cloudformation:DescribeStackEvents", "cloudformation:SetStackPolicy", "cloudformation:TagResource"),
		Allow("Templates", []string{"*"}, "cloudformation:GetTemplateSummary", "cloudformation:ValidateTemplate"),
		readTemplates(),
	}
}

// readTemplates lets a launch read the template: Service Catalog keeps a copy of its own, in a bucket that only it knows.
func readTemplates() Statement {
	return Allow("ProvisionedTemplates", []string{"*"}, "s3:GetObject").
		When("StringEquals", "s3:ExistingObjectTag/servicecatalog:provisioning", "true")
}

// launchPermissions is what the versions of a product need, as policy statements.
func launchPermissions(product ledger.Product) []Statement {
	var statements []Statement
	for _, permission := range plan.LaunchPermissions(product) {
		statements = append(statements, statement(permission))
	}
	return statements
}

func statement(permission ledger.Permission) Statement {
	s := Allow(permission.Sid, slices.Sorted(slices.Values(permission.Resources)), permission.Actions...)
	for _, operator := range slices.Sorted(maps.Keys(permission.Conditions)) {
		for _, key := range slices.Sorted(maps.Keys(permission.Conditions[operator])) {
			s = s.When(operator, key, permission.Conditions[operator][key])
		}
	}
	return s
}
