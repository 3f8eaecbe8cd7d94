package constructs

import (
	"github.com/aws/constructs-go/constructs/v10"

	"accountfleet/internal/config"
)

// NewKeyDeactivationRole creates the role by which a cleansing of the pipeline deactivates leaked access keys of an account's users; there
// is at most one in each account.
func NewKeyDeactivationRole(scope constructs.Construct, id string, s *config.Settings, account string) *Role {
	return NewRole(scope, id, keyDeactivation(s, account))
}

// keyDeactivation is that role, for a stack as for a stack set. It finds out whose key an id is, and changes that key's status. IAM has no
// condition for the status, so the role could activate a key as well: it makes, deletes and reads none.
// Source: Service Authorization Reference, IAM, GetAccessKeyLastUsed and UpdateAccessKey.
func keyDeactivation(s *config.Settings, account string) RoleProps {
	return RoleProps{
		Name:        s.KeyDeactivationRole(),
		Description: config.CleansingAction + ", to deactivate access keys that leaked into the catalog's history",
		Trust:       []Statement{TrustRoles(s.Accounts.Tools, config.RoleARN(s.Accounts.Tools, s.ProjectRole(config.CleansingAction)))},
		Policy: []Statement{
			Allow("DeactivateKeys", []string{"arn:aws:iam::" + account + ":user/*"}, "iam:GetAccessKeyLastUsed", "iam:UpdateAccessKey"),
		},
	}
}

// KeyDeactivationTemplate is a template with that role, for any account.
func KeyDeactivationTemplate(s *config.Settings) string {
	return unitTemplate("Account fleet: role by which leaked access keys are deactivated", "Role", map[string]any{
		"Type": "AWS::IAM::Role", "Properties": keyDeactivation(s, anyAccount).properties(),
	})
}
