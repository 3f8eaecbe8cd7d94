package cloud

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/emulator/emulatortest"
	"accountfleet/internal/ledger"
)

// owner is the root of an emulated account.
func owner(t *testing.T) *Session {
	t.Helper()
	e := emulatortest.Start(t)
	for key, value := range map[string]string{
		"AWS_ENDPOINT_URL": e.Endpoint, "AWS_ACCESS_KEY_ID": "444444444444", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "credentials"),
	} {
		t.Setenv(key, value)
	}
	session, err := Open(t.Context(), "eu-west-1")
	require.NoError(t, err)
	return session
}

// TestAgainstTheEmulator holds that what S3 and CloudFormation are asked for is what they understand.
func TestAgainstTheEmulator(t *testing.T) {
	session := owner(t)
	buckets := session.S3()
	for _, name := range []string{"ledger", "templates"} {
		_, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket: &name, ObjectLockEnabledForBucket: aws.Bool(name == "ledger"),
			CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraintEuWest1},
		})
		require.NoError(t, err)
	}

	t.Run("ledger under Object Lock", func(t *testing.T) {
		_, err := buckets.PutObjectLockConfiguration(t.Context(), &s3.PutObjectLockConfigurationInput{
			Bucket: aws.String("ledger"), ObjectLockConfiguration: &s3types.ObjectLockConfiguration{
				ObjectLockEnabled: s3types.ObjectLockEnabledEnabled,
				Rule:              &s3types.ObjectLockRule{DefaultRetention: &s3types.DefaultRetention{Mode: s3types.ObjectLockRetentionModeGovernance, Days: aws.Int32(1)}},
			},
		})
		require.NoError(t, err)
		l := session.Ledger("ledger")
		entries, err := l.Entries(t.Context())
		require.NoError(t, err)
		require.Empty(t, entries)
		require.NoError(t, l.Append(t.Context(), ledger.Entry{Seq: 1, Kind: ledger.Published, Commit: "one"}))
		require.ErrorIs(t, l.Append(t.Context(), ledger.Entry{Seq: 1, Kind: ledger.Published, Commit: "two"}), ledger.ErrMoved)
		entries, err = l.Entries(t.Context())
		require.NoError(t, err)
		require.Equal(t, "one", entries[0].Commit)
		racing := &Ledger{bucket: "ledger", objects: blind{buckets}}
		require.ErrorIs(t, racing.Append(t.Context(), ledger.Entry{Seq: 1, Commit: "three"}), ledger.ErrMoved, "the conditional put itself must refuse")
	})

	t.Run("template store", func(t *testing.T) {
		store := session.Store("templates")
		digest := hexDigest([]byte("{}"))
		added, err := store.Put(t.Context(), digest, []byte("{}"))
		require.NoError(t, err)
		require.True(t, added)
		added, err = store.Put(t.Context(), digest, []byte("{}"))
		require.NoError(t, err)
		require.False(t, added)
		tags, err := buckets.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: aws.String("templates"), Key: aws.String("templates/" + digest + ".json")})
		require.NoError(t, err)
		require.Equal(t, "servicecatalog:provisioning", *tags.TagSet[0].Key)
		require.Equal(t, "true", *tags.TagSet[0].Value)
	})

	t.Run("change sets", func(t *testing.T) { changeSets(t, session) })
	t.Run("a product that is only checked", func(t *testing.T) {
		require.NoError(t, session.Check(t.Context(), Stack{Name: "tried", Body: queue}))
		var refused *StackError
		require.ErrorAs(t, session.Check(t.Context(), Stack{Name: "tried", Body: `{"Resources": {"X": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Nobody"}}}}}`}), &refused)
		found, err := session.Stacks().Find(t.Context(), "tried")
		require.NoError(t, err)
		require.Nil(t, found, "nothing of it may stay")
	})
}

// blind is a bucket whose listing is always empty, as if another writer came between listing and writing.
type blind struct{ *s3.Client }

func (blind) ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	return &s3.ListObjectsV2Output{}, nil
}

const queue = `{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}, "Outputs": {"Id": {"Value": {"Ref": "Queue"}, "Export": {"Name": "fleet-product-q"}}}}`

func changeSets(t *testing.T, session *Session) {
	stacks, sets, client := session.Stacks(), session.ChangeSets(), session.CloudFormation()
	none, err := sets.Find(t.Context(), "shelf", "release")
	require.NoError(t, err)
	require.Empty(t, none.ARN)
	body, err := sets.Deployed(t.Context(), "shelf")
	require.NoError(t, err)
	require.Nil(t, body)

	deployed, err := stacks.Deploy(t.Context(), Stack{Name: "shelf", Body: queue})
	require.NoError(t, err)
	require.Equal(t, "created", deployed.Action)
	deployed, err = stacks.Deploy(t.Context(), Stack{Name: "shelf", Body: queue})
	require.NoError(t, err)
	require.Equal(t, "unchanged", deployed.Action)
	exports, err := session.Shelf().Exports(t.Context(), "shelf")
	require.NoError(t, err)
	require.Contains(t, exports, "fleet-product-q")

	propose := func(body string) ChangeSet {
		_, _ = client.DeleteChangeSet(t.Context(), &cloudformation.DeleteChangeSetInput{StackName: aws.String("shelf"), ChangeSetName: aws.String("release")})
		_, err := client.CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
			StackName: aws.String("shelf"), ChangeSetName: aws.String("release"), TemplateBody: &body, ChangeSetType: cfntypes.ChangeSetTypeUpdate,
		})
		require.NoError(t, err)
		var set ChangeSet
		require.NoError(t, quick.Poll(t.Context(), "the change set", func(ctx context.Context) (bool, error) {
			set, err = sets.Find(ctx, "shelf", "release")
			return set.Empty || set.Status == "AVAILABLE", err
		}))
		return set
	}
	require.True(t, propose(queue).Empty)
	more := strings.Replace(queue, `"Queue": {`, `"Topic": {"Type": "AWS::SNS::Topic"}, "Queue": {`, 1)
	set := propose(more)
	require.Equal(t, []ResourceChange{{Action: "Add", LogicalID: "Topic", Type: "AWS::SNS::Topic"}}, set.Changes)
	canonical, err := Canonical([]byte(more))
	require.NoError(t, err)
	require.Equal(t, hexDigest(canonical), set.Template)
	require.NotEqual(t, set.ARN, propose(more).ARN, "a change set made anew is another one")
}
