package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// KeyProps describes a KMS key.
type KeyProps struct {
	Alias       string      // begins with "alias/"
	Description string      //
	Account     string      // its account, whose own policies may allow the use of the key
	Closed      bool        // its account administers the key and uses it only as Policy says; default false
	Policy      []Statement // more statements of the key policy; default none
}

// Key is a KMS key that rotates every year, and its alias.
type Key struct {
	Resource awskms.CfnKey
	Alias    awskms.CfnAlias
}

// NewKey creates a key and its alias.
func NewKey(scope constructs.Construct, id string, props KeyProps) *Key {
	account := Allow("AccountAdministersTheKey", []string{"*"}, "kms:*").By(Accounts(props.Account))
	if props.Closed {
		account = Allow("AccountAdministersTheKey", []string{"*"}, administerKey()...).By(Accounts(props.Account))
	}
	key := awskms.NewCfnKey(scope, jsii.String(id), &awskms.CfnKeyProps{
		Description:       jsii.String(props.Description),
		EnableKeyRotation: true,
		KeyPolicy:         Document(append([]Statement{account}, props.Policy...)...),
	})
	key.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE, nil)
	return &Key{Resource: key, Alias: awskms.NewCfnAlias(scope, jsii.String(id+"Alias"), &awskms.CfnAliasProps{
		AliasName: jsii.String(props.Alias), TargetKeyId: key.Ref(),
	})}
}

// administerKey is everything about a key but its use, and but grants, which would allow that. Source: KMS developer guide, "Allows key
// administrators to administer the KMS key".
func administerKey() []string {
	return []string{
		"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:Delete*", "kms:Describe*", "kms:Disable*", "kms:Enable*", "kms:Get*", "kms:List*", "kms:Put*",
		"kms:Revoke*", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:Update*",
	}
}

// ARN is a token: what refers to it is created after the key.
func (k *Key) ARN() string { return *k.Resource.AttrArn() }

// UseKeyByAlias lets a role use a key whose id is not known where the role is written, by its alias.
func UseKeyByAlias(region, account, alias string, actions ...string) Statement {
	return Allow("KeyByAlias", []string{"arn:aws:kms:" + region + ":" + account + ":key/*"}, actions...).
		When("ForAnyValue:StringEquals", "kms:ResourceAliases", alias)
}
