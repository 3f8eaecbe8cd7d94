package cloud

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// leakedKey is put together here so that no file holds an access key id.
const leakedKey = "AKIA" + "KEYOFTHISACCOUNT"

// fakeUsers knows one key.
type fakeUsers struct {
	key, user string
	status    types.StatusType
	refuses   error
}

func (f *fakeUsers) GetAccessKeyLastUsed(_ context.Context, in *iam.GetAccessKeyLastUsedInput, _ ...func(*iam.Options)) (*iam.GetAccessKeyLastUsedOutput, error) {
	if aws.ToString(in.AccessKeyId) != f.key {
		return nil, quoting("IAM", "GetAccessKeyLastUsed", "AccessDenied", *in.AccessKeyId)
	}
	return &iam.GetAccessKeyLastUsedOutput{UserName: &f.user}, nil
}

func (f *fakeUsers) UpdateAccessKey(_ context.Context, in *iam.UpdateAccessKeyInput, _ ...func(*iam.Options)) (*iam.UpdateAccessKeyOutput, error) {
	if f.refuses != nil {
		return nil, f.refuses
	}
	if aws.ToString(in.AccessKeyId) != f.key || aws.ToString(in.UserName) != f.user {
		return nil, errors.New("another key")
	}
	f.status = in.Status
	return &iam.UpdateAccessKeyOutput{}, nil
}

// quoting is a refusal as the SDK brings it from AWS, which quotes the key.
func quoting(service, operation, code, id string) error {
	return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: &smithy.GenericAPIError{Code: code, Message: "no access key " + id + " for you"}}
}

func TestALeakedAccessKeyIsDeactivatedForItsOwner(t *testing.T) {
	users := &fakeUsers{key: leakedKey, user: "deployer"}
	keys := &AccessKeys{func(context.Context, string) (keyAccount, error) { return keyAccount{users: users}, nil }}
	done, err := keys.Deactivate(t.Context(), users.key)
	require.NoError(t, err)
	assert.Equal(t, types.StatusTypeInactive, users.status)
	assert.Equal(t, "key of user deployer is inactive: make a new one, then delete it", done)

	other := "AKIA" + "KEYOFANOTHERONE0"
	_, err = keys.Deactivate(t.Context(), other)
	require.ErrorContains(t, err, "whose key it is cannot be told: GetAccessKeyLastUsed: AccessDenied: no access key (the key) for you: aws sts get-access-key-info")
	users.refuses = errors.New("AccessDenied")
	_, err = keys.Deactivate(t.Context(), users.key)
	require.ErrorContains(t, err, "use a role that may iam:UpdateAccessKey")
}

// TestAKeyOfTheRootUserIsNotTakenForOneOfTheCaller holds that a missing name is never sent on: IAM would take it for the caller's own.
func TestAKeyOfTheRootUserIsNotTakenForOneOfTheCaller(t *testing.T) {
	for _, name := range []string{"", "<root_account>"} {
		users := &fakeUsers{key: leakedKey, user: name}
		keys := &AccessKeys{func(context.Context, string) (keyAccount, error) {
			return keyAccount{users: users, id: "222222222222"}, nil
		}}
		_, err := keys.Deactivate(t.Context(), leakedKey)
		require.EqualError(t, err, "it is a key of the root user of account 222222222222: only that user can deactivate it, in the console, and should do so now")
		assert.Empty(t, users.status)
	}
}

// fakeAccounts says of every key that it is of one account.
type fakeAccounts struct {
	account string
	refuses error
}

func (f fakeAccounts) GetAccessKeyInfo(context.Context, *sts.GetAccessKeyInfoInput, ...func(*sts.Options)) (*sts.GetAccessKeyInfoOutput, error) {
	return &sts.GetAccessKeyInfoOutput{Account: &f.account}, f.refuses
}

func TestALeakedAccessKeyIsDeactivatedInItsAccountByTheRoleThere(t *testing.T) {
	const account = "222222222222"
	for name, row := range map[string]struct {
		accounts fakeAccounts
		enter    error
		users    fakeUsers
		done     string
		errors   []string
	}{
		"a user's": {users: fakeUsers{key: leakedKey},
			done: "key of user deployer of account 222222222222 is inactive: make a new one, then delete it"},
		"a user's whose name holds the key": {users: fakeUsers{key: leakedKey, user: leakedKey},
			done: "key of user (the key) of account 222222222222 is inactive: make a new one, then delete it"},
		"deleted meanwhile": {users: fakeUsers{key: leakedKey, refuses: quoting("IAM", "UpdateAccessKey", "NoSuchEntity", leakedKey)},
			done: "key of user deployer of account 222222222222 is deleted"},
		"AWS may not be asked": {accounts: fakeAccounts{refuses: quoting("STS", "GetAccessKeyInfo", "AccessDenied", leakedKey)},
			errors: []string{"the key's account cannot be asked for: GetAccessKeyInfo: AccessDenied: no access key (the key) for you", "may sts:GetAccessKeyInfo"}},
		"AWS does not know it": {accounts: fakeAccounts{refuses: quoting("STS", "GetAccessKeyInfo", "ValidationError", leakedKey)},
			errors: []string{"AWS does not name the key's account: GetAccessKeyInfo: ValidationError", "was deleted or made up, and is done with"}},
		"AWS cannot be reached": {accounts: fakeAccounts{refuses: errors.New("dial: no route, asking for " + leakedKey)},
			errors: []string{"AWS does not name the key's account: dial: no route, asking for (the key)"}},
		"of an account without the role": {enter: quoting("STS", "AssumeRole", "AccessDenied", "x"),
			errors: []string{"its id names account 222222222222, whose role fleet-key-deactivation cannot be taken: AccessDenied: an administrator",
				"an administrator of that account must deactivate the key, unless it is made up", "leaked_access_keys: deactivate"}},
		"of an account that cannot be reached": {enter: errors.New("dial: no route"), errors: []string{"fleet-key-deactivation cannot be taken: dial: no route: an administrator"}},
		"of no user there": {users: fakeUsers{key: "AKIA" + "KEYOFANOTHERONE0"},
			errors: []string{"whose key it is cannot be told in account 222222222222: GetAccessKeyLastUsed: AccessDenied", "deleted or made up", "root user"}},
		"kept by a policy": {users: fakeUsers{key: leakedKey, refuses: quoting("IAM", "UpdateAccessKey", "AccessDenied", leakedKey)},
			errors: []string{"key of user deployer of account 222222222222: UpdateAccessKey: AccessDenied", "an administrator of that account must deactivate it"}},
	} {
		t.Run(name, func(t *testing.T) {
			row.accounts.account = account
			if row.users.user == "" {
				row.users.user = "deployer"
			}
			keys := accessKeysAs("fleet-key-deactivation", row.accounts, func(_ context.Context, in string) (keyholder, error) {
				assert.Equal(t, account, in)
				return &row.users, row.enter
			})
			done, err := keys.Deactivate(t.Context(), leakedKey)
			assert.Equal(t, row.done, done)
			if len(row.errors) == 0 {
				require.NoError(t, err)
				return
			}
			for _, want := range row.errors {
				require.ErrorContains(t, err, want)
			}
			assert.NotContains(t, err.Error(), leakedKey)
		})
	}
}
