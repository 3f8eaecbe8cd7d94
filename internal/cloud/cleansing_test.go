package cloud

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBundlesComeBackAsTheyWerePut(t *testing.T) {
	bucket := &fakeBucket{objects: map[string][]byte{}}
	store := &Bundles{bucket: "b", objects: bucket}
	require.NoError(t, store.Put(t.Context(), "1/old.bundle", strings.NewReader("bundle")))
	require.NoError(t, store.Put(t.Context(), "1/journal.json", io.MultiReader(strings.NewReader("a stream "), strings.NewReader("without an end to seek"))))
	names, err := store.List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"1/journal.json", "1/old.bundle"}, names)
	for name, want := range map[string]string{"1/old.bundle": "bundle", "1/journal.json": "a stream without an end to seek"} {
		body, err := store.Get(t.Context(), name)
		require.NoError(t, err)
		got, err := io.ReadAll(body)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	_, err = store.Get(t.Context(), "2/old.bundle")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// fakeGate stands for CodeCommit and EventBridge, and remembers what it was asked in which order.
type fakeGate struct {
	asked  []string
	fail   string
	absent bool // there is no repository
}

func (g *fakeGate) ask(what string) error {
	g.asked = append(g.asked, what)
	if what == g.fail {
		return errors.New("refused")
	}
	return nil
}

func (g *fakeGate) TagResource(_ context.Context, in *codecommit.TagResourceInput, _ ...func(*codecommit.Options)) (*codecommit.TagResourceOutput, error) {
	return nil, g.repository("tag " + in.Tags["fleet-frozen"])
}

func (g *fakeGate) repository(what string) error {
	err := g.ask(what)
	if g.absent {
		return code("RepositoryDoesNotExistException")
	}
	return err
}

func (g *fakeGate) UntagResource(_ context.Context, in *codecommit.UntagResourceInput, _ ...func(*codecommit.Options)) (*codecommit.UntagResourceOutput, error) {
	return nil, g.repository("untag " + strings.Join(in.TagKeys, " "))
}

func (g *fakeGate) DisableRule(_ context.Context, in *eventbridge.DisableRuleInput, _ ...func(*eventbridge.Options)) (*eventbridge.DisableRuleOutput, error) {
	return nil, g.ask("disable " + *in.Name)
}

func (g *fakeGate) EnableRule(_ context.Context, in *eventbridge.EnableRuleInput, _ ...func(*eventbridge.Options)) (*eventbridge.EnableRuleOutput, error) {
	return nil, g.ask("enable " + *in.Name)
}

func TestFreezeHoldsPushesBeforeTheTriggerAndThawsBothWhateverFails(t *testing.T) {
	rows := []struct {
		name, fail  string
		asked       []string
		close, open string // errors
	}{
		{"all well", "", []string{"tag c1", "disable push", "enable push", "untag fleet-frozen"}, "", ""},
		{"no tag", "tag c1", []string{"tag c1", "enable push", "untag fleet-frozen"}, "freeze arn", ""},
		{"no hold", "disable push", []string{"tag c1", "disable push", "enable push", "untag fleet-frozen"}, "hold rule push", ""},
		{"rule stays", "enable push", []string{"tag c1", "disable push", "enable push", "untag fleet-frozen"}, "", "aws events enable-rule --name push"},
		{"tag stays", "untag fleet-frozen", []string{"tag c1", "disable push", "enable push", "untag fleet-frozen"}, "",
			"aws codecommit untag-resource --resource-arn arn --tag-keys fleet-frozen"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			gate := &fakeGate{fail: row.fail}
			f := &Freeze{Repository: "arn", Tag: "fleet-frozen", Why: "c1", Rule: "push", repositories: gate, rules: gate}
			closed, opened := f.Close(t.Context()), f.Open(t.Context())
			for err, want := range map[*error]string{&closed: row.close, &opened: row.open} {
				if want == "" {
					assert.NoError(t, *err)
				} else {
					assert.ErrorContains(t, *err, want)
				}
			}
			assert.Equal(t, row.asked, gate.asked)
		})
	}
}

// fakeHistory is a pipeline with two executions and a bucket with what they made.
type fakeHistory struct{ deleted []string }

func (h *fakeHistory) ListPipelineExecutions(context.Context, *codepipeline.ListPipelineExecutionsInput, ...func(*codepipeline.Options)) (*codepipeline.ListPipelineExecutionsOutput, error) {
	execution := func(id, commit string) types.PipelineExecutionSummary {
		return types.PipelineExecutionSummary{PipelineExecutionId: &id, SourceRevisions: []types.SourceRevision{{RevisionId: &commit}}}
	}
	return &codepipeline.ListPipelineExecutionsOutput{PipelineExecutionSummaries: []types.PipelineExecutionSummary{execution("e2", "bad"), execution("e1", "good")}}, nil
}

func (h *fakeHistory) ListActionExecutions(_ context.Context, in *codepipeline.ListActionExecutionsInput, _ ...func(*codepipeline.Options)) (*codepipeline.ListActionExecutionsOutput, error) {
	made := func(artifact string) types.ActionExecutionDetail {
		return types.ActionExecutionDetail{Output: &types.ActionExecutionOutput{OutputArtifacts: []types.ArtifactDetail{{
			Name: &artifact, S3location: &types.S3Location{Bucket: aws.String("artifacts"), Key: aws.String(*in.Filter.PipelineExecutionId + "/" + artifact)},
		}}}}
	}
	return &codepipeline.ListActionExecutionsOutput{ActionExecutionDetails: []types.ActionExecutionDetail{made("Package"), made("Plan"), {}}}, nil
}

func (h *fakeHistory) ListObjectVersions(_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	return &s3.ListObjectVersionsOutput{Versions: []s3types.ObjectVersion{
		{Key: in.Prefix, VersionId: aws.String("2")}, {Key: in.Prefix, VersionId: aws.String("1")}, {Key: aws.String(*in.Prefix + "-other"), VersionId: aws.String("9")},
	}}, nil
}

func (h *fakeHistory) DeleteObject(_ context.Context, in *s3.DeleteObjectInput, _ ...func(*s3.Options)) (*s3.DeleteObjectOutput, error) {
	h.deleted = append(h.deleted, *in.Bucket+"/"+*in.Key+" "+*in.VersionId)
	return nil, nil
}

func TestCopiesOfConcernedCommitsAreFoundAndThoseThatMayBeAreRemoved(t *testing.T) {
	history := &fakeHistory{}
	c := &Copies{Pipeline: "p", Removed: []string{"Package"}, executions: history, versions: history}
	found, err := c.Remove(t.Context(), func(commit string) bool { return commit == "bad" })
	require.NoError(t, err)
	assert.Equal(t, []Copy{
		{Execution: "e2", Commit: "bad", Artifact: "Package", Address: "s3://artifacts/e2/Package", Removed: true},
		{Execution: "e2", Commit: "bad", Artifact: "Plan", Address: "s3://artifacts/e2/Plan"},
	}, found)
	assert.Equal(t, []string{"artifacts/e2/Package 2", "artifacts/e2/Package 1"}, history.deleted)
}
