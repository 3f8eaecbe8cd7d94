//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
)

// deployer is a user of other accounts whose access keys leak.
const deployer = "deployer"

// userKeys makes a user with an access key in one account of each kind: sandbox organization, listed, management, organizational unit. It
// gives the accounts by the ids of the keys.
func (f *fleet) userKeys(t *testing.T) map[string]string {
	t.Helper()
	keys := map[string]string{}
	for _, account := range []string{f.settings.Accounts.Test, "555555555555", f.settings.Accounts.Management, f.unitAccount(t)} {
		made, err := f.users(t, account).CreateUser(t.Context(), &iam.CreateUserInput{UserName: text(deployer), Path: text("/robots/")})
		require.NoError(t, err)
		key, err := f.users(t, account).CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: made.User.UserName})
		require.NoError(t, err)
		keys[*key.AccessKey.AccessKeyId] = account
	}
	return keys
}

func text(s string) *string { return &s }

// users is IAM of an account, as its root user.
func (f *fleet) users(t *testing.T, account string) *iam.Client {
	t.Helper()
	cfg, err := f.root(t.Context(), account)
	require.NoError(t, err)
	return iam.NewFromConfig(cfg)
}

// requireDeactivated holds that these keys are inactive, and that a build said so of each, with its account and without its id.
func (f *fleet) requireDeactivated(t *testing.T, lines []string, keys map[string]string) {
	t.Helper()
	said := strings.Join(lines, "\n")
	for id, account := range keys {
		found, err := f.users(t, account).ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: text(deployer)})
		require.NoError(t, err)
		require.Len(t, found.AccessKeyMetadata, 1, "nothing is deleted")
		assert.Equal(t, types.StatusTypeInactive, found.AccessKeyMetadata[0].Status, account)
		assert.Contains(t, said, "key of user "+deployer+" of account "+account+" is inactive: make a new one, then delete it")
		assert.NotContains(t, said, id)
		assert.False(t, holds(t, f, id))
	}
	assert.Contains(t, said, "could not be deactivated: its id names account ", "of the key that nobody has")
	assert.Contains(t, said, "aws iam update-access-key --user-name USER --access-key-id ID --status Active")
}

// keyProbes asks who may take the role that deactivates keys, and what else it could be tempted to do.
func keyProbes(t *testing.T, f *fleet) {
	s := f.settings
	cleansing := s.ProjectRole(config.CleansingAction)
	for _, account := range append(s.KeyAccounts(), f.unitAccount(t)) {
		role := config.RoleARN(account, s.KeyDeactivationRole())
		assert.True(t, f.may(t, cleansing, "sts:AssumeRole", role, nil), account)
		for _, other := range []string{s.ReviewerRole(), s.EngineerRole(), s.PipelineRole(), s.ProjectRole("SecretsDetection"), s.CleansingTriggerRole()} {
			assert.False(t, f.may(t, other, "sts:AssumeRole", role, nil), "%s takes %s", other, role)
		}
		user := "arn:aws:iam::" + account + ":user/robots/" + deployer
		assert.True(t, f.mayAs(t, role, "iam:UpdateAccessKey", user, nil), account)
		for _, denied := range [][2]string{
			{"iam:CreateAccessKey", user}, {"iam:DeleteAccessKey", user}, {"iam:ListAccessKeys", user}, {"iam:CreateUser", user}, {"iam:GetUser", user},
			{"iam:UpdateUser", user}, {"iam:DeleteUser", user}, {"iam:CreateLoginProfile", user}, {"iam:UpdateLoginProfile", user},
			{"iam:PutUserPolicy", user}, {"iam:AttachUserPolicy", user}, {"iam:AddUserToGroup", user}, {"iam:DeactivateMFADevice", user},
			{"iam:UpdateAccessKey", "arn:aws:iam::999999999999:user/" + deployer}, {"iam:UpdateAssumeRolePolicy", role}, {"iam:PutRolePolicy", role},
			{"sts:AssumeRole", config.RoleARN(s.Accounts.Catalog, s.CatalogRewriteRole())}, {"codecommit:GitPush", s.ToolsARN("codecommit", s.Source.Repository)},
		} {
			assert.False(t, f.mayAs(t, role, denied[0], denied[1], nil), "%s: %s on %s", role, denied[0], denied[1])
		}
	}
	for _, denied := range [][2]string{
		{"sts:AssumeRole", config.RoleARN("999999999999", s.KeyDeactivationRole())}, // of a stranger, who may call his role the same
		{"sts:AssumeRole", config.RoleARN(f.unitAccount(t), "OrganizationAccountAccessRole")},
		{"iam:UpdateAccessKey", "arn:aws:iam::" + s.Accounts.Tools + ":user/" + deployer},
		{"iam:GetAccessKeyLastUsed", "arn:aws:iam::" + s.Accounts.Tools + ":user/" + deployer},
	} {
		assert.False(t, f.may(t, cleansing, denied[0], denied[1], nil), "%s on %s", denied[0], denied[1])
	}
}
