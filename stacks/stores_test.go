package stacks

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryBucketIsEncryptedPrivateVersionedAndOpenToTLSOnly(t *testing.T) {
	for name, r := range installations() {
		for _, bucket := range r.all("AWS::S3::Bucket") {
			assert.NotEmpty(t, bucket.properties["BucketEncryption"], bucket.id)
			assert.Equal(t, map[string]any{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true},
				bucket.properties["PublicAccessBlockConfiguration"], bucket.id)
			assert.Equal(t, map[string]any{"Status": "Enabled"}, bucket.properties["VersioningConfiguration"], bucket.id)
			assert.Equal(t, "Retain", bucket.definition["UpdateReplacePolicy"], bucket.id)
			protected := false
			for _, policy := range r.in(bucket.stack, "AWS::S3::BucketPolicy") {
				if object(policy.properties["Bucket"])["Ref"] != bucket.id {
					continue
				}
				for _, s := range statementsOf(policy.properties["PolicyDocument"]) {
					protected = protected || s["Effect"] == "Deny" && s["Principal"] == "*" && s["Action"] == "s3:*" &&
						fmt.Sprint(s["Condition"]) == "map[Bool:map[aws:SecureTransport:false]]"
				}
			}
			assert.True(t, protected, "%s: bucket %s of %s accepts connections that are not encrypted", name, bucket.id, bucket.stack)
		}
	}
}

func TestLedgerAndTemplateStoreAreWrittenOnce(t *testing.T) {
	for _, policy := range different.in("fleet-catalog", "AWS::S3::BucketPolicy") {
		text := fmt.Sprint(policy.properties["PolicyDocument"])
		assert.Contains(t, text, "s3:if-none-match", policy.id)
	}
	var locked []string
	for _, bucket := range different.in("fleet-catalog", "AWS::S3::Bucket") {
		if bucket.properties["ObjectLockEnabled"] == true {
			locked = append(locked, bucket.properties["BucketName"].(string))
			retention := object(object(object(bucket.properties["ObjectLockConfiguration"])["Rule"])["DefaultRetention"])
			assert.Equal(t, map[string]any{"Mode": "GOVERNANCE", "Days": 3650.0}, retention)
		}
	}
	assert.Equal(t, []string{"fleet-ledger-444444444444-eu-west-1"}, locked)
}

func TestTemplatesAreReadByLaunchRolesOfTheOrganizationOnly(t *testing.T) {
	for _, policy := range different.in("fleet-catalog", "AWS::S3::BucketPolicy") {
		if policy.id != "TemplatesPolicy" {
			continue
		}
		for _, s := range statementsOf(policy.properties["PolicyDocument"]) {
			if s["Effect"] != "Allow" {
				continue
			}
			condition := object(s["Condition"])
			assert.Equal(t, "s3:GetObject", s["Action"])
			assert.Equal(t, map[string]any{"aws:PrincipalOrgID": "o-exampleorgid", "s3:ExistingObjectTag/servicecatalog:provisioning": "true"}, condition["StringEquals"])
			assert.Equal(t, []string{"arn:aws:iam::*:role/fleet-launch-*", "arn:aws:iam::*:role/fleet-gamma-launch-*"},
				texts(object(condition["ArnLike"])["aws:PrincipalArn"]))
		}
	}
}

func TestLogsAndNotificationsAreEncryptedAndKept(t *testing.T) {
	groups := different.all("AWS::Logs::LogGroup")
	assert.Len(t, groups, 14)
	for _, group := range groups {
		assert.Equal(t, 365.0, group.properties["RetentionInDays"], group.id)
		assert.NotEmpty(t, group.properties["KmsKeyId"], group.id)
	}
	assert.NotEmpty(t, different.all("AWS::SNS::Topic")[0].properties["KmsMasterKeyId"])
	assert.Equal(t, "platform@example.com", different.all("AWS::SNS::Subscription")[0].properties["Endpoint"])
	for _, key := range different.all("AWS::KMS::Key") {
		assert.Equal(t, true, key.properties["EnableKeyRotation"], key.id)
	}
}

func TestRepositoryOutlivesItsStack(t *testing.T) {
	repository := different.all("AWS::CodeCommit::Repository")[0]
	assert.Contains(t, []any{"Retain", "RetainExceptOnCreate"}, repository.definition["DeletionPolicy"])
	assert.Equal(t, "main", object(repository.properties["Code"])["BranchName"], "the default of CodeCommit is another")
}

// TestStacksThatHoldWhatCannotBeMadeAgainAreProtected: the ledger, the templates, the repository and the dossiers outlive their stacks, but
// a pipeline without them would have to be joined together by hand.
func TestStacksThatHoldWhatCannotBeMadeAgainAreProtected(t *testing.T) {
	for name, want := range map[string]bool{
		"fleet-toolchain": true, "fleet-catalog": true, "fleet-catalog-us-east-1": true,
		"fleet-test": false, "fleet-gamma": false, "fleet-consumer-555555555555": false,
	} {
		body, err := os.ReadFile(filepath.Join(regions.dir, "manifest.json"))
		require.NoError(t, err)
		var manifest struct {
			Artifacts map[string]struct {
				Properties struct{ TerminationProtection bool }
			}
		}
		require.NoError(t, json.Unmarshal(body, &manifest))
		require.Contains(t, manifest.Artifacts, name)
		assert.Equal(t, want, manifest.Artifacts[name].Properties.TerminationProtection, name)
	}
}

// TestNoBucketPolicyIsPublic: a statement for everyone is public unless a condition holds it to a fixed value, without a wildcard. S3
// refuses public policies where BlockPublicPolicy is set, and so the stack would fail.
// Source: S3 user guide, "Blocking public access to your Amazon S3 storage", the meaning of "public".
func TestNoBucketPolicyIsPublic(t *testing.T) {
	fixed := func(condition map[string]any) bool {
		organization := texts(object(condition["StringEquals"])["aws:PrincipalOrgID"])
		return len(organization) > 0 && !strings.Contains(strings.Join(organization, ""), "*")
	}
	for name, r := range installations() {
		for _, policy := range r.all("AWS::S3::BucketPolicy") {
			for _, s := range statementsOf(policy.properties["PolicyDocument"]) {
				open := s["Principal"] == "*" || strings.Contains(fmt.Sprint(s["Principal"]), "AWS:*")
				assert.False(t, s["Effect"] == "Allow" && open && !fixed(object(s["Condition"])), "%s: %s of %s is public: %v", name, policy.id, policy.stack, s["Sid"])
			}
		}
	}
}
