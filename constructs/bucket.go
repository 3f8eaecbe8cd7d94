package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// BucketProps describes a bucket. Every bucket is encrypted, versioned, private, owned by its account, open to TLS only and retained
// when its stack is deleted; only a stack that could not be created takes it away again.
type BucketProps struct {
	Name           string      // at most 63 characters
	KeyARN         string      // KMS key; default: a key that S3 owns, which readers of other accounts need no permission for
	ExpireDays     int         // days until objects are deleted; default 0, never
	ExpireOldDays  int         // days until versions that are not current are deleted; default 0, never
	ObjectLockDays int         // days that nobody deletes a version without bypassing governance; default 0, no Object Lock
	WriteOnce      bool        // objects can only be written where there is none; default false
	Policy         []Statement // more statements of the bucket policy; default none
}

// Bucket is a bucket and its policy.
type Bucket struct {
	Resource awss3.CfnBucket
	Policy   awss3.CfnBucketPolicy
}

// BucketARN is the ARN of a bucket by name.
func BucketARN(name string) string { return "arn:aws:s3:::" + name }

// ObjectsARN is the ARN of a bucket's objects whose keys match pattern.
func ObjectsARN(name, pattern string) string { return BucketARN(name) + "/" + pattern }

// NewBucket creates a bucket and its policy.
func NewBucket(scope constructs.Construct, id string, props BucketProps) *Bucket {
	bucket := awss3.NewCfnBucket(scope, jsii.String(id), &awss3.CfnBucketProps{
		BucketName:       jsii.String(props.Name),
		BucketEncryption: encryption(props.KeyARN),
		PublicAccessBlockConfiguration: &awss3.CfnBucket_PublicAccessBlockConfigurationProperty{
			BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true,
		},
		OwnershipControls: &awss3.CfnBucket_OwnershipControlsProperty{
			Rules: []any{&awss3.CfnBucket_OwnershipControlsRuleProperty{ObjectOwnership: jsii.String("BucketOwnerEnforced")}},
		},
		VersioningConfiguration: &awss3.CfnBucket_VersioningConfigurationProperty{Status: jsii.String("Enabled")},
		LifecycleConfiguration:  lifecycle(props),
		ObjectLockEnabled:       lockEnabled(props),
		ObjectLockConfiguration: lock(props),
	})
	bucket.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE, nil)
	policy := awss3.NewCfnBucketPolicy(scope, jsii.String(id+"Policy"), &awss3.CfnBucketPolicyProps{
		Bucket:         bucket.Ref(),
		PolicyDocument: Document(bucketPolicy(props)...),
	})
	policy.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE, nil)
	return &Bucket{Resource: bucket, Policy: policy}
}

func bucketPolicy(props BucketProps) []Statement {
	everything := []string{BucketARN(props.Name), ObjectsARN(props.Name, "*")}
	statements := []Statement{
		Deny("OnlyEncryptedConnections", everything, "s3:*").By(Everyone).When("Bool", "aws:SecureTransport", "false"),
	}
	if props.WriteOnce {
		statements = append(statements, Deny("OnlyWhereThereIsNone", everything[1:], "s3:PutObject").By(Everyone).
			When("Null", "s3:if-none-match", "true"))
	}
	return append(statements, props.Policy...)
}

func encryption(keyARN string) any {
	rule := &awss3.CfnBucket_ServerSideEncryptionByDefaultProperty{SseAlgorithm: jsii.String("AES256")}
	if keyARN != "" {
		rule.SseAlgorithm, rule.KmsMasterKeyId = jsii.String("aws:kms"), jsii.String(keyARN)
	}
	return &awss3.CfnBucket_BucketEncryptionProperty{ServerSideEncryptionConfiguration: []any{
		&awss3.CfnBucket_ServerSideEncryptionRuleProperty{BucketKeyEnabled: keyARN != "", ServerSideEncryptionByDefault: rule},
	}}
}

func lifecycle(props BucketProps) any {
	rule := &awss3.CfnBucket_RuleProperty{
		Id: jsii.String("tidy"), Status: jsii.String("Enabled"),
		AbortIncompleteMultipartUpload: &awss3.CfnBucket_AbortIncompleteMultipartUploadProperty{DaysAfterInitiation: jsii.Number(7)},
	}
	if props.ExpireDays > 0 {
		rule.ExpirationInDays = jsii.Number(props.ExpireDays)
	}
	if props.ExpireOldDays > 0 {
		rule.NoncurrentVersionExpiration = &awss3.CfnBucket_NoncurrentVersionExpirationProperty{NoncurrentDays: jsii.Number(props.ExpireOldDays)}
	}
	return &awss3.CfnBucket_LifecycleConfigurationProperty{Rules: []any{rule}}
}

func lockEnabled(props BucketProps) any {
	if props.ObjectLockDays == 0 {
		return nil
	}
	return true
}

func lock(props BucketProps) any {
	if props.ObjectLockDays == 0 {
		return nil
	}
	return &awss3.CfnBucket_ObjectLockConfigurationProperty{
		ObjectLockEnabled: jsii.String("Enabled"),
		Rule: &awss3.CfnBucket_ObjectLockRuleProperty{DefaultRetention: &awss3.CfnBucket_DefaultRetentionProperty{
			Mode: jsii.String("GOVERNANCE"), Days: jsii.Number(props.ObjectLockDays),
		}},
	}
}
