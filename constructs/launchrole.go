package constructs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"

	"accountfleet/internal/config"
	"accountfleet/internal/ledger"
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
	return NewRole(scope, id, RoleProps{
		Name:        props.Name,
		Description: "Service Catalog, to launch " + props.Product.ID,
		Trust:       []Statement{TrustServiceAnywhere("servicecatalog.amazonaws.com")},
		Boundary:    BoundaryARN(props.Settings, props.Account),
		Policy:      slices.Concat(launchBasics(props), versionPermissions(props.Product)),
	})
}

// launchBasics is what every launch needs, whatever the product.
// Source: AWS Service Catalog Administrator Guide, "AWS Service Catalog Launch Constraints".
func launchBasics(props LaunchRoleProps) []Statement {
	s := props.Settings
	var templates []string
	for _, region := range s.Regions.Catalog {
		templates = append(templates, ObjectsARN(s.TemplateBucket(region), "templates/*"))
	}
	return []Statement{
		Allow("Stacks", []string{config.ARN("cloudformation", "*", props.Account, "stack/SC-*")},
			"cloudformation:CreateStack", "cloudformation:DeleteStack", "cloudformation:UpdateStack", "cloudformation:DescribeStack*",
			"cloudformation:GetTemplate", "cloudformation:ListStackResources", "cloudformation:SetStackPolicy",
			"cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet", "cloudformation:DeleteChangeSet",
			"cloudformation:ExecuteChangeSet", "cloudformation:ListChangeSets", "cloudformation:TagResource"),
		Allow("Templates", []string{"*"}, "cloudformation:GetTemplateSummary", "cloudformation:ValidateTemplate"),
		Allow("TemplateStore", templates, "s3:GetObject").
			When("StringEquals", "s3:ExistingObjectTag/servicecatalog:provisioning", "true"),
	}
}

// versionPermissions is the union of what the versions need, without those that nobody can use any more. Statements that differ in
// their actions only are joined.
func versionPermissions(product ledger.Product) []Statement {
	type group struct {
		statement Statement
		actions   map[string]bool
	}
	groups := map[string]*group{}
	var order []string
	for _, version := range product.Versions {
		if version.Status == ledger.Inactive {
			continue
		}
		for _, permission := range version.Permissions {
			key := fmt.Sprint(slices.Sorted(slices.Values(permission.Resources)), permission.Conditions)
			if groups[key] == nil {
				groups[key] = &group{statement: statement(permission), actions: map[string]bool{}}
				order = append(order, key)
			}
			for _, action := range permission.Actions {
				groups[key].actions[action] = true
			}
		}
	}
	var statements []Statement
	seen := map[string]int{}
	for _, key := range order {
		s := groups[key].statement
		s.Actions = slices.Sorted(maps.Keys(groups[key].actions))
		if seen[s.Sid]++; seen[s.Sid] > 1 {
			s.Sid = fmt.Sprintf("%s%d", s.Sid, seen[s.Sid]) // two versions may use one Sid for different resources
		}
		statements = append(statements, s)
	}
	slices.SortFunc(statements, func(a, b Statement) int { return strings.Compare(a.Sid, b.Sid) })
	return statements
}

func statement(permission ledger.Permission) Statement {
	s := Allow(permission.Sid, slices.Sorted(slices.Values(permission.Resources)))
	for _, operator := range slices.Sorted(maps.Keys(permission.Conditions)) {
		for _, key := range slices.Sorted(maps.Keys(permission.Conditions[operator])) {
			s = s.When(operator, key, permission.Conditions[operator][key])
		}
	}
	return s
}
