package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// keyholder is what deactivating needs of IAM.
type keyholder interface {
	GetAccessKeyLastUsed(context.Context, *iam.GetAccessKeyLastUsedInput, ...func(*iam.Options)) (*iam.GetAccessKeyLastUsedOutput, error)
	UpdateAccessKey(context.Context, *iam.UpdateAccessKeyInput, ...func(*iam.Options)) (*iam.UpdateAccessKeyOutput, error)
}

// AccessKeys deactivates access keys that leaked, of users of the session's account.
type AccessKeys struct{ users keyholder }

// AccessKeys acts with the session's identity, which needs iam:GetAccessKeyLastUsed and iam:UpdateAccessKey.
func (s *Session) AccessKeys() *AccessKeys { return &AccessKeys{iam.NewFromConfig(s.config)} }

// Deactivate makes a key useless. It can be activated again where that was a mistake, so nothing is deleted. A key that is not of this account
// is an error: whoever owns it must do it.
func (k *AccessKeys) Deactivate(ctx context.Context, id string) (string, error) {
	owner, err := k.users.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
	if err != nil {
		return "", fmt.Errorf("whose key it is cannot be told: %w: aws sts get-access-key-info names its account: use a role of that one, which may iam:GetAccessKeyLastUsed", err)
	}
	_, err = k.users.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: &id, UserName: owner.UserName, Status: types.StatusTypeInactive})
	if err != nil {
		return "", fmt.Errorf("key of user %s: %w: use a role that may iam:UpdateAccessKey", aws.ToString(owner.UserName), err)
	}
	return fmt.Sprintf("key of user %s is inactive: make a new one, then delete it", aws.ToString(owner.UserName)), nil
}
