package cloud

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The policy of the role in each account, and its trust in account 444444444444.
const (
	mayDeactivate = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["iam:GetAccessKeyLastUsed", "iam:UpdateAccessKey"], "Resource": "arn:aws:iam::222222222222:user/*"}]}`
	trustCatalog  = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::444444444444:root"}}]}`
)

// TestKeysOfOtherAccountsAgainstTheEmulator holds that STS and IAM understand what they are asked, and say what is read from their answers.
func TestKeysOfOtherAccountsAgainstTheEmulator(t *testing.T) {
	session := owner(t)
	const role = "fleet-key-deactivation"
	there := inAccount(session, "222222222222")
	_, err := there.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String(role), AssumeRolePolicyDocument: aws.String(trustCatalog)})
	require.NoError(t, err)
	_, err = there.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String(role), PolicyName: aws.String("p"), PolicyDocument: aws.String(mayDeactivate)})
	require.NoError(t, err)
	keys := session.AccessKeysAs(role)

	id := newKey(t, there, "deployer")
	for range 2 { // a run that is resumed asks again
		done, err := keys.Deactivate(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, "key of user deployer of account 222222222222 is inactive: make a new one, then delete it", done)
	}
	listed, err := there.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("deployer")})
	require.NoError(t, err)
	require.Len(t, listed.AccessKeyMetadata, 1)
	assert.Equal(t, types.StatusTypeInactive, listed.AccessKeyMetadata[0].Status)

	without := newKey(t, inAccount(session, "555555555555"), "stranger")
	deleted := newKey(t, there, "gone")
	_, err = there.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{AccessKeyId: &deleted, UserName: aws.String("gone")})
	require.NoError(t, err)
	for name, row := range map[string]struct {
		keys     *AccessKeys
		id, says string
	}{
		"made up":                               {keys, "AKIA" + "QYLPMN5HHHFPZAM2", "cannot be taken: AccessDenied: "},
		"of no account":                         {keys, "AKIA" + "AAAAAAAAHHHFPZAM", "AWS does not name the key's account: GetAccessKeyInfo: "},
		"deleted":                               {keys, deleted, "was deleted or made up"},
		"of an account without the role":        {keys, without, "its id names account 555555555555, whose role fleet-key-deactivation cannot be taken: "},
		"of another account than the session's": {session.AccessKeys(), id, "whose key it is cannot be told: GetAccessKeyLastUsed: "},
	} {
		_, err := row.keys.Deactivate(t.Context(), row.id)
		require.ErrorContains(t, err, row.says, name)
		assert.NotContains(t, err.Error(), row.id, name)
	}
	own := newKey(t, iam.NewFromConfig(session.Config()), "me")
	done, err := session.AccessKeys().Deactivate(t.Context(), own)
	require.NoError(t, err)
	assert.Equal(t, "key of user me is inactive: make a new one, then delete it", done)
}

// inAccount is IAM as the root of another emulated account.
func inAccount(s *Session, account string) *iam.Client {
	cfg := s.Config()
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: account, SecretAccessKey: "x"}, nil
	})
	return iam.NewFromConfig(cfg)
}

// newKey makes a user with an access key.
func newKey(t *testing.T, users *iam.Client, name string) string {
	t.Helper()
	_, err := users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
	require.NoError(t, err)
	made, err := users.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	require.NoError(t, err)
	return *made.AccessKey.AccessKeyId
}
