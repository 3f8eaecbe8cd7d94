package cloud

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cctypes "github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/ledger"
)

func TestLedgerKeepsOneOrder(t *testing.T) {
	bucket := &fakeBucket{objects: map[string][]byte{}}
	l := &Ledger{bucket: "b", objects: bucket}
	require.NoError(t, l.Append(t.Context(), ledger.Entry{Seq: 1, Kind: ledger.Published, Commit: "one"}))
	require.NoError(t, l.Append(t.Context(), ledger.Entry{Seq: 2, Kind: ledger.Guidance, Commit: "two"}))
	require.Contains(t, bucket.objects, "ledger/00000002.json")
	entries, err := l.Entries(t.Context())
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.Equal(t, "two", entries[1].Commit)
}

func TestLedgerSaysThatItMoved(t *testing.T) {
	for name, bucket := range map[string]*fakeBucket{
		"number taken before":      {objects: map[string][]byte{"ledger/00000001.json": []byte(`{"seq":1}`)}},
		"number taken meanwhile":   {objects: map[string][]byte{}, beaten: []byte(`{"seq":1,"commit":"other"}`)},
		"another put is under way": {objects: map[string][]byte{}, beaten: []byte(`{"seq":1}`), code: "ConditionalRequestConflict"},
	} {
		t.Run(name, func(t *testing.T) {
			err := (&Ledger{objects: bucket}).Append(t.Context(), ledger.Entry{Seq: 1})
			require.ErrorIs(t, err, ledger.ErrMoved)
		})
	}
	t.Run("number is not the next", func(t *testing.T) {
		err := (&Ledger{objects: &fakeBucket{objects: map[string][]byte{}}}).Append(t.Context(), ledger.Entry{Seq: 2})
		require.ErrorIs(t, err, ledger.ErrMoved)
	})
}

func TestLedgerKnowsItsOwnEntryAfterALostAnswer(t *testing.T) {
	bucket := &fakeBucket{objects: map[string][]byte{}, lose: true}
	require.NoError(t, (&Ledger{objects: bucket}).Append(t.Context(), ledger.Entry{Seq: 1, Commit: "mine"}))
}

func TestLedgerReportsDamage(t *testing.T) {
	gap := &fakeBucket{objects: map[string][]byte{"ledger/00000001.json": []byte(`{"seq":1}`), "ledger/00000003.json": []byte(`{"seq":3}`)}}
	_, err := (&Ledger{bucket: "b", objects: gap}).Entries(t.Context())
	require.ErrorContains(t, err, "holds entry 3 where 2 belongs")
	broken := &fakeBucket{objects: map[string][]byte{"ledger/00000001.json": []byte(`{`)}}
	_, err = (&Ledger{bucket: "b", objects: broken}).Entries(t.Context())
	require.ErrorContains(t, err, "the ledger is damaged")
}

func TestStoreIsImmutable(t *testing.T) {
	bucket := &fakeBucket{objects: map[string][]byte{}}
	store := &Store{bucket: "b", objects: bucket}
	digest := hexDigest([]byte("{}"))
	added, err := store.Put(t.Context(), digest, []byte("{}"))
	require.NoError(t, err)
	require.True(t, added)
	added, err = store.Put(t.Context(), digest, []byte("{}"))
	require.NoError(t, err)
	require.False(t, added)
	_, err = store.Put(t.Context(), digest, []byte("[]"))
	require.ErrorContains(t, err, "the package is damaged")
	bucket.objects["templates/"+digest+".json"] = []byte("other")
	_, err = store.Put(t.Context(), digest, []byte("{}"))
	require.ErrorContains(t, err, "another template is there")
}

func formation(stack *types.Stack) *fakeFormation {
	return &fakeFormation{stack: stack, script: map[string][]types.StackStatus{
		"create": {types.StackStatusCreateInProgress, types.StackStatusCreateComplete},
		"update": {types.StackStatusUpdateInProgress, types.StackStatusUpdateComplete},
		"delete": {types.StackStatusDeleteInProgress, types.StackStatusDeleteComplete},
	}, failures: map[string][]types.StackEvent{}, refusals: map[string]error{}}
}

func existing(status types.StackStatus) *types.Stack {
	return &types.Stack{StackName: aws.String("s"), StackId: aws.String("arn:stack/s"), StackStatus: status}
}

func TestDeployCreatesUpdatesOrClearsFirst(t *testing.T) {
	for name, row := range map[string]struct {
		stack *types.Stack
		calls []string
		want  string
	}{
		"no stack":            {nil, []string{"create"}, "created"},
		"deployed before":     {existing(types.StackStatusUpdateRollbackComplete), []string{"update"}, "updated"},
		"failed creation":     {existing(types.StackStatusRollbackComplete), []string{"delete", "create"}, "created"},
		"forgotten changeset": {existing(types.StackStatusReviewInProgress), []string{"delete", "create"}, "created"},
	} {
		t.Run(name, func(t *testing.T) {
			f := formation(row.stack)
			deployed, err := (&Stacks{read: f, write: f, pace: quick}).Deploy(t.Context(), Stack{Name: "s", Body: "{}"})
			require.NoError(t, err)
			require.Equal(t, row.calls, f.calls)
			require.Equal(t, row.want, deployed.Action)
		})
	}
}

func TestDeployTakesNoUpdateForUnchanged(t *testing.T) {
	f := formation(existing(types.StackStatusCreateComplete))
	f.stack.Outputs = []types.Output{{OutputKey: aws.String("A"), OutputValue: aws.String("1")}}
	f.refusals["update"] = &smithy.GenericAPIError{Code: "ValidationError", Message: "No updates are to be performed."}
	deployed, err := (&Stacks{read: f, write: f, pace: quick}).Deploy(t.Context(), Stack{Name: "s"})
	require.NoError(t, err)
	require.Equal(t, "unchanged", deployed.Action)
	require.Equal(t, map[string]string{"A": "1"}, deployed.Outputs)
}

func TestDeployNamesTheFirstRealReason(t *testing.T) {
	f := formation(existing(types.StackStatusCreateComplete))
	f.events = []types.StackEvent{event("old", "Bucket", types.ResourceStatusCreateFailed, "an old story")}
	f.script["update"] = []types.StackStatus{types.StackStatusUpdateRollbackInProgress, types.StackStatusUpdateRollbackComplete}
	f.failures["update"] = []types.StackEvent{
		event("1", "Topic", types.ResourceStatusUpdateFailed, "Resource update cancelled"),
		event("2", "Key", types.ResourceStatusUpdateFailed, "kms:CreateKey is denied"),
		event("3", "Bucket", types.ResourceStatusUpdateFailed, "a later one"),
		event("4", "s", types.ResourceStatusUpdateRollbackInProgress, "The following resource(s) failed to update: [Key]"),
	}
	_, err := (&Stacks{read: f, write: f, pace: quick}).Deploy(t.Context(), Stack{Name: "s"})
	var failed *StackError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "Key", failed.Resource)
	require.Equal(t, "kms:CreateKey is denied", failed.Reason)
	require.Equal(t, "UPDATE_ROLLBACK_COMPLETE", failed.Status)
}

func TestRefusalIsAboutWhatWasPushedAndDeniedIsNot(t *testing.T) {
	f := formation(nil)
	f.refusals["create"] = &smithy.GenericAPIError{Code: "ValidationError", Message: "Parameters: [Cidr] must have values"}
	_, err := (&Stacks{read: f, write: f, pace: quick}).Deploy(t.Context(), Stack{Name: "s"})
	var failed *StackError
	require.ErrorAs(t, err, &failed)
	require.EqualError(t, err, "stack s was refused: Parameters: [Cidr] must have values")

	f.refusals["create"] = &smithy.GenericAPIError{Code: "AccessDenied", Message: "not authorized"}
	_, err = (&Stacks{read: f, write: f, pace: quick}).Deploy(t.Context(), Stack{Name: "s"})
	require.Error(t, err)
	require.False(t, errors.As(err, &failed))
}

func TestDeleteOfNothingIsDoneAndFailureHasAReason(t *testing.T) {
	f := formation(nil)
	stacks := &Stacks{read: f, write: f, pace: quick}
	require.NoError(t, stacks.Delete(t.Context(), "s", ""))
	require.Empty(t, f.calls)

	f.stack = existing(types.StackStatusCreateComplete)
	f.script["delete"] = []types.StackStatus{types.StackStatusDeleteFailed}
	f.failures["delete"] = []types.StackEvent{event("9", "Bucket", types.ResourceStatusDeleteFailed, "The bucket you tried to delete is not empty")}
	require.ErrorContains(t, stacks.Delete(t.Context(), "s", ""), "stack s failed (DELETE_FAILED): Bucket: The bucket you tried to delete is not empty")
}

func TestLeftoversAreWhatWasNotDeleted(t *testing.T) {
	f := formation(nil)
	summary := func(id, physical string, status types.ResourceStatus) types.StackResourceSummary {
		return types.StackResourceSummary{LogicalResourceId: &id, PhysicalResourceId: &physical, ResourceType: aws.String("AWS::S3::Bucket"), ResourceStatus: status}
	}
	f.resources = []types.StackResourceSummary{
		summary("Gone", "a", types.ResourceStatusDeleteComplete), summary("Kept", "b", types.ResourceStatusDeleteSkipped),
		summary("Never", "", types.ResourceStatusCreateFailed), summary("Stuck", "c", types.ResourceStatusDeleteFailed),
	}
	left, err := (&Stacks{read: f, pace: quick}).Leftovers(t.Context(), "arn")
	require.NoError(t, err)
	require.Len(t, left, 2)
	require.Equal(t, "Kept", left[0].LogicalID)
	require.Equal(t, "Stuck", left[1].LogicalID)
}

func TestSweeperEmptiesBucketsAndWaits(t *testing.T) {
	a := &fakeAccount{
		versions: []s3types.ObjectVersion{{Key: aws.String("k"), VersionId: aws.String("1")}},
		markers:  []s3types.DeleteMarkerEntry{{Key: aws.String("k"), VersionId: aws.String("2")}},
		progress: []cctypes.ProgressEvent{{OperationStatus: cctypes.OperationStatusInProgress}, {OperationStatus: cctypes.OperationStatusSuccess}},
	}
	w := &Sweeper{contents: a, resources: a, pace: quick}
	require.NoError(t, w.Remove(t.Context(), StackResource{Type: "AWS::S3::Bucket", PhysicalID: "logs", LogicalID: "LogBucket"}))
	require.Equal(t, []string{"k@1", "k@2", "AWS::S3::Bucket logs"}, a.deleted)

	a.progress = []cctypes.ProgressEvent{{OperationStatus: cctypes.OperationStatusFailed, ErrorCode: cctypes.HandlerErrorCodeAccessDenied, StatusMessage: aws.String("no")}}
	require.ErrorContains(t, w.Remove(t.Context(), StackResource{Type: "AWS::KMS::Key", PhysicalID: "k", LogicalID: "Key"}), "sweep AWS::KMS::Key Key (k): AccessDenied: no")

	a.refusal = &smithy.GenericAPIError{Code: "ResourceNotFoundException"}
	require.NoError(t, w.Remove(t.Context(), StackResource{Type: "AWS::KMS::Key", PhysicalID: "k"}))
}

func TestPollIsBounded(t *testing.T) {
	never := func(context.Context) (bool, error) { return false, nil }
	err := Pace{First: time.Millisecond, Longest: time.Millisecond, Timeout: 10 * time.Millisecond}.Poll(t.Context(), "stack x", never)
	require.ErrorContains(t, err, "wait for stack x: not finished after 10ms")
	slow := func(ctx context.Context) (bool, error) {
		select {
		case <-time.After(20 * time.Millisecond):
			return true, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	require.NoError(t, Pace{First: time.Millisecond, Longest: time.Millisecond, Timeout: time.Millisecond}.Poll(t.Context(), "stack x", slow), "a slow answer is an answer")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, quick.Poll(ctx, "stack x", never), context.Canceled)
}
