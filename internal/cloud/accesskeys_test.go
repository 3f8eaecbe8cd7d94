package cloud

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeUsers knows one key.
type fakeUsers struct {
	key, user string
	status    types.StatusType
	refuses   error
}

func (f *fakeUsers) GetAccessKeyLastUsed(_ context.Context, in *iam.GetAccessKeyLastUsedInput, _ ...func(*iam.Options)) (*iam.GetAccessKeyLastUsedOutput, error) {
	if aws.ToString(in.AccessKeyId) != f.key {
		return nil, errors.New("AccessDenied")
	}
	return &iam.GetAccessKeyLastUsedOutput{UserName: &f.user}, nil
}

func (f *fakeUsers) UpdateAccessKey(_ context.Context, in *iam.UpdateAccessKeyInput, _ ...func(*iam.Options)) (*iam.UpdateAccessKeyOutput, error) {
	if f.refuses != nil || aws.ToString(in.AccessKeyId) != f.key || aws.ToString(in.UserName) != f.user {
		return nil, errors.Join(errors.New("refused"), f.refuses)
	}
	f.status = in.Status
	return &iam.UpdateAccessKeyOutput{}, nil
}

func TestALeakedAccessKeyIsDeactivatedForItsOwner(t *testing.T) {
	users := &fakeUsers{key: "AKIA" + "KEYOFTHISACCOUNT", user: "deployer"}
	keys := &AccessKeys{users}
	done, err := keys.Deactivate(t.Context(), users.key)
	require.NoError(t, err)
	assert.Equal(t, types.StatusTypeInactive, users.status)
	assert.Equal(t, "key of user deployer is inactive: make a new one, then delete it", done)

	_, err = keys.Deactivate(t.Context(), "AKIA"+"KEYOFANOTHERONE0")
	require.ErrorContains(t, err, "whose key it is cannot be told: AccessDenied: aws sts get-access-key-info")
	users.refuses = errors.New("AccessDenied")
	_, err = keys.Deactivate(t.Context(), users.key)
	require.ErrorContains(t, err, "use a role that may iam:UpdateAccessKey")
}
