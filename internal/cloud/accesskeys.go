package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// keyholder is what deactivating needs of IAM.
type keyholder interface {
	GetAccessKeyLastUsed(context.Context, *iam.GetAccessKeyLastUsedInput, ...func(*iam.Options)) (*iam.GetAccessKeyLastUsedOutput, error)
	UpdateAccessKey(context.Context, *iam.UpdateAccessKeyInput, ...func(*iam.Options)) (*iam.UpdateAccessKeyOutput, error)
}

// locator tells whose account a key is of. AWS tells that of any key of any account.
type locator interface {
	GetAccessKeyInfo(context.Context, *sts.GetAccessKeyInfoInput, ...func(*sts.Options)) (*sts.GetAccessKeyInfoOutput, error)
}

// AccessKeys deactivates access keys that leaked. What it says, also in errors, names the key's user and account and never its id.
type AccessKeys struct {
	find func(ctx context.Context, id string) (keyAccount, error)
}

// keyAccount is the account of a key.
type keyAccount struct {
	users keyholder
	id    string // empty: the session's own
}

// AccessKeys acts in the session's account with its identity, which needs iam:GetAccessKeyLastUsed and iam:UpdateAccessKey.
func (s *Session) AccessKeys() *AccessKeys {
	users := iam.NewFromConfig(s.config)
	return &AccessKeys{func(context.Context, string) (keyAccount, error) { return keyAccount{users: users}, nil }}
}

// AccessKeysAs acts in the account of each key, by a role that has this name in all of them. The session needs sts:GetAccessKeyInfo, and
// must be able to assume these roles; a key of an account without one is an error.
func (s *Session) AccessKeysAs(role string) *AccessKeys {
	return accessKeysAs(role, sts.NewFromConfig(s.config), func(ctx context.Context, account string) (keyholder, error) {
		there := s.As(account, role)
		if _, err := there.config.Credentials.Retrieve(ctx); err != nil {
			return nil, err
		}
		return iam.NewFromConfig(there.config), nil
	})
}

func accessKeysAs(role string, accounts locator, enter func(ctx context.Context, account string) (keyholder, error)) *AccessKeys {
	return &AccessKeys{func(ctx context.Context, id string) (keyAccount, error) {
		found, err := accounts.GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: &id})
		switch {
		case denied(err):
			return keyAccount{}, fmt.Errorf("the key's account cannot be asked for: %w: use a role that may sts:GetAccessKeyInfo; the cleansing's has it after cdk deploy with leaked_access_keys: deactivate", err)
		case err != nil:
			return keyAccount{}, fmt.Errorf("AWS does not name the key's account: %w: a key that AWS does not know was deleted or made up, and is done with; of another, whoever made it must deactivate it", err)
		}
		account := aws.ToString(found.Account)
		users, err := enter(ctx, account)
		if denied(err) {
			err = errors.New("AccessDenied") // its text says at length what stands here
		}
		if err != nil {
			return keyAccount{}, fmt.Errorf("its id names account %s, whose role %s cannot be taken: %w: an administrator of that account must deactivate the key, unless it is made up; "+
				"accounts of fleet.yaml and of its units get the role by cdk deploy with leaked_access_keys: deactivate", account, role, err)
		}
		return keyAccount{users, account}, nil
	}}
}

// Deactivate makes a key useless. It can be activated again where that was a mistake, so nothing is deleted. It can be repeated.
func (k *AccessKeys) Deactivate(ctx context.Context, id string) (done string, err error) {
	account, err := k.find(ctx, id)
	if err == nil {
		done, err = account.deactivate(ctx, id)
	}
	if err != nil {
		return "", &worded{withoutKey(inWords(err), id), err}
	}
	return withoutKey(done, id), nil
}

// rootUser is how IAM's credential report names the root user.
const rootUser = "<root_account>"

// deactivate finds the key's user, and makes the key inactive. IAM says of no key of another account, or of none at all, whose it is, and
// not which of the two it was.
func (a keyAccount) deactivate(ctx context.Context, id string) (string, error) {
	owner, err := a.users.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
	switch {
	case err != nil && a.id == "":
		return "", fmt.Errorf("whose key it is cannot be told: %w: aws sts get-access-key-info names its account: use a role of that one, which may iam:GetAccessKeyLastUsed", err)
	case err != nil:
		return "", fmt.Errorf("whose key it is cannot be told in account %s: %w: a key that was deleted or made up is done with; a key of the root user only that user can deactivate, in the console; "+
			"of any other an administrator of that account must do it", a.id, err)
	}
	user := aws.ToString(owner.UserName)
	if user == "" || user == rootUser { // UpdateAccessKey without a name is about whoever calls it
		return "", fmt.Errorf("it is a key of the root user%s: only that user can deactivate it, in the console, and should do so now", a.of())
	}
	_, err = a.users.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: &id, UserName: owner.UserName, Status: types.StatusTypeInactive})
	switch {
	case hasCode(err, "NoSuchEntity"):
		return fmt.Sprintf("key of user %s%s is deleted", user, a.of()), nil
	case err != nil && a.id == "":
		return "", fmt.Errorf("key of user %s: %w: use a role that may iam:UpdateAccessKey", user, err)
	case err != nil:
		return "", fmt.Errorf("key of user %s%s: %w: an administrator of that account must deactivate it; a policy of the organization may keep the role from iam:UpdateAccessKey", user, a.of(), err)
	}
	return fmt.Sprintf("key of user %s%s is inactive: make a new one, then delete it", user, a.of()), nil
}

// of is the account as a message names it.
func (a keyAccount) of() string {
	if a.id == "" {
		return ""
	}
	return " of account " + a.id
}

// denied says whether AWS refused because of permissions.
func denied(err error) bool {
	return hasCode(err, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
}

// withoutKey is a text that does not hold the id.
func withoutKey(text, id string) string { return strings.ReplaceAll(text, id, "(the key)") }

// inWords is an error with the cause of a failed call in it, but without how the SDK got there and the numbers of the request.
func inWords(err error) string {
	var call *smithy.OperationError
	if !errors.As(err, &call) {
		return err.Error()
	}
	return strings.Replace(err.Error(), call.Error(), rootCause(call).Error(), 1)
}
