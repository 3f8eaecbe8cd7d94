//go:build e2e

package e2e

import (
	"context"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/emulator"
	"accountfleet/internal/ledger"
	"accountfleet/internal/rehearsal"
)

// leaked is an access key id that nobody has, put together here so that no file holds it.
var leaked = "AKIA" + "QYLPMN5HHHFPZAM2"

// leak adds a secret, and more keys, to a catalog and takes them out again, so that only the history holds them.
func leak(c *catalog, keys ...string) {
	c.write("notes.txt", "key = "+strings.Join(append(keys, leaked), "\nkey = ")+"\n")
	c.commit("Add notes")
	c.remove("notes.txt")
	c.commit("Remove notes")
	c.write("README.md", "# Catalog\n")
}

// TestCleansing is the cheap way through a cleansing: the pipeline stops after Alpha.
func TestCleansing(t *testing.T) {
	f := open(t, func(o *rehearsal.Options) { o.To = "Alpha" })
	c := seed(t)
	keys := f.userKeys(t)
	leak(c, slices.Collect(maps.Keys(keys))...)
	c.commit("Say what the catalog is")
	c.git("tag", "--annotate", "first", "--message", "the first")
	c.git("branch", "feature", "HEAD~1")

	result := f.push(t, c)
	requireCleansed(t, f, c, result)
	t.Run("access keys of accounts that the fleet knows are inactive, and everybody is told", func(t *testing.T) {
		f.requireDeactivated(t, result.Beside[0].Said, keys)
	})
	t.Run("the role used every permission that it has, and has no other", func(t *testing.T) {
		for _, unused := range result.Unused {
			assert.NotContains(t, unused.Role, f.settings.ProjectRole(config.CleansingAction), "%s were never used", unused.Actions)
		}
		probes(t, f)
		keyProbes(t, f)
	})
	t.Run("a reviewer undoes it by an event, and has it done again", func(t *testing.T) {
		id := f.entries(t)[0].Rewrite.Cleansing
		undone := f.decide(t, "undo", id)
		require.Equal(t, rehearsal.Succeeded, undone.Outcome, undone.Reason)
		assert.Equal(t, result.Commit, bare(t, f, "rev-parse", "refs/heads/"+f.settings.Source.Branch), "bit for bit")
		assert.True(t, holds(t, f, leaked))
		assert.True(t, f.entries(t)[1].Rewrite.Undo)
		assert.Nil(t, undone.Next, "its scan would find the secret")
		again := f.decide(t, "run", "again")
		require.Equal(t, rehearsal.Succeeded, again.Outcome, again.Reason)
		assert.False(t, holds(t, f, leaked))
		require.Len(t, again.Beside, 1)
		f.requireDeactivated(t, again.Beside[0].Said, keys)
		require.NotNil(t, again.Next)
		requireSucceeded(t, again.Next)
		assert.Equal(t, result.Next.Commit, again.Next.Commit, "a second run gives the same ids")
	})
	t.Run("a clone of before that pushes the secret back stops and alerts", func(t *testing.T) {
		again := f.push(t, c)
		assert.Equal(t, rehearsal.Failed, again.Outcome)
		require.Len(t, again.Beside, 1)
		assert.Equal(t, rehearsal.Failed, again.Beside[0].Outcome, "a person must decide: %s", again.Beside[0].Reason)
		assert.Contains(t, strings.Join(again.Beside[0].Said, "\n"), "was purged by")
		assert.Nil(t, again.Next)
		assert.True(t, holds(t, f, leaked), "nothing was changed")
		assert.Len(t, f.entries(t), 3)
	})
	t.Run("a reviewer is asked what waits, and has it carried out by the event of the notice", func(t *testing.T) { f.requireAsked(t) })
	t.Run("engineers cannot push while the repository is frozen, and the cleansing can", func(t *testing.T) {
		cfg, err := f.root(t.Context(), f.settings.Accounts.Tools)
		require.NoError(t, err)
		repository := f.settings.ToolsARN("codecommit", f.settings.Source.Repository)
		_, err = codecommit.NewFromConfig(cfg).TagResource(t.Context(), &codecommit.TagResourceInput{
			ResourceArn: &repository, Tags: map[string]string{f.settings.FreezeTag(): "test"}})
		require.NoError(t, err)
		assert.False(t, f.may(t, f.settings.EngineerRole(), "codecommit:GitPush", repository, nil))
		assert.True(t, f.may(t, f.settings.EngineerRole(), "codecommit:GitPull", repository, nil))
		assert.True(t, f.may(t, f.settings.ProjectRole(config.CleansingAction), "codecommit:GitPush", repository, nil))
	})
}

// decide puts the event by which a reviewer decides.
func (f *fleet) decide(t *testing.T, command, cleansing string) *rehearsal.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	result, err := f.session.Decide(ctx, rehearsal.EventDecision{Source: f.settings.CleansingSource(), DetailType: config.CleansingDecided,
		Detail: map[string]string{"command": command, "execution": "none", "cleansing": cleansing}})
	require.NoError(t, err)
	return result
}

// requireCleansed holds that a push with a leak was refused, that the leak is gone from the repository, that everything is recorded and
// told, and that the pipeline went on with the new history.
func requireCleansed(t *testing.T, f *fleet, c *catalog, result *rehearsal.Result) {
	t.Helper()
	assert.Equal(t, rehearsal.Failed, result.Outcome, "what was pushed was wrong: %s", result.Reason)
	require.Len(t, result.Beside, 1)
	beside := result.Beside[0]
	require.Equal(t, rehearsal.Succeeded, beside.Outcome, "%s\n%s", beside.Reason, strings.Join(beside.Said, "\n"))
	assert.Equal(t, f.settings.CleansingRule(), beside.Rule)
	assert.False(t, holds(t, f, leaked))

	entries := slices.DeleteFunc(f.entries(t), func(e ledger.Entry) bool { return e.Kind != ledger.Rewritten }) // the next execution may publish
	require.NotEmpty(t, entries)
	rewritten := entries[len(entries)-1]
	assert.Equal(t, result.Execution, rewritten.Execution)
	require.NotNil(t, result.Next)
	assert.Equal(t, result.Next.Commit, rewritten.Rewrite.Commits[result.Commit], "the ledger leads from what was pushed to what is there now")
	requireSucceeded(t, result.Next)

	said := strings.Join(beside.Said, "\n")
	for _, want := range []string{"ROTATE NOW", "git clone " + f.settings.RepositoryURL(), result.Commit + " -> " + result.Next.Commit, "TO UNDO IT", "notes.txt", "could not be deactivated: "} {
		assert.Contains(t, said, want)
	}
	assert.NotContains(t, said, leaked)
	assert.Equal(t, c.git("rev-parse", "HEAD^{tree}"), bare(t, f, "rev-parse", result.Next.Commit+"^{tree}"), "the files that are there now are what they were")
}

// bare runs git in the rehearsed repository.
func bare(t *testing.T, f *fleet, args ...string) string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"--git-dir", filepath.Join(f.session.Folder(), "repository.git")}, args...)...).CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}

// holds says whether an object that a ref leads to holds a text.
func holds(t *testing.T, f *fleet, text string) bool {
	t.Helper()
	for _, id := range strings.Fields(bare(t, f, "rev-list", "--objects", "--no-object-names", "--all")) {
		kind := bare(t, f, "cat-file", "-t", id)
		if kind != "tree" && strings.Contains(bare(t, f, "cat-file", kind, id), text) {
			return true
		}
	}
	return false
}

// may asks the emulated IAM about a role of the tools account.
func (f *fleet) may(t *testing.T, role, action, resource string, context map[string][]string) bool {
	t.Helper()
	return f.mayAs(t, config.RoleARN(f.settings.Accounts.Tools, role), action, resource, context)
}

// mayAs asks the emulated IAM about any role.
func (f *fleet) mayAs(t *testing.T, principal, action, resource string, context map[string][]string) bool {
	t.Helper()
	decision, err := emulator.NewClient(f.session.Endpoint()).Authorize(t.Context(), emulator.Question{
		Principal: principal, Action: action, Resource: resource, Context: context,
	})
	require.NoError(t, err)
	return decision.Allowed
}

// probes asks what else the cleansing's role could be tempted to do.
func probes(t *testing.T, f *fleet) {
	s := f.settings
	role := s.ProjectRole(config.CleansingAction)
	tools := func(service, resource string) string { return s.ToolsARN(service, resource) }
	object := func(bucket, key string) string { return "arn:aws:s3:::" + bucket + "/" + key }
	for _, denied := range [][2]string{
		{"codecommit:GitPush", tools("codecommit", "another-repository")},
		{"codecommit:GitPull", tools("codecommit", "another-repository")},
		{"codecommit:DeleteRepository", tools("codecommit", s.Source.Repository)},
		{"codecommit:CreateRepository", tools("codecommit", s.Source.Repository)},
		{"codecommit:PutFile", tools("codecommit", s.Source.Repository)},
		{"codecommit:UpdateDefaultBranch", tools("codecommit", s.Source.Repository)},
		{"events:DisableRule", tools("events", "rule/"+s.FailureRule())},
		{"events:DisableRule", tools("events", "rule/"+s.CleansingRule())},
		{"events:DeleteRule", tools("events", "rule/"+s.PushRule())},
		{"events:PutRule", tools("events", "rule/"+s.PushRule())},
		{"events:PutTargets", tools("events", "rule/"+s.PushRule())},
		{"events:PutEvents", tools("events", "event-bus/default")},
		{"codepipeline:PutApprovalResult", tools("codepipeline", s.PipelineName()+"/Prod/Approve")},
		{"codepipeline:UpdatePipeline", tools("codepipeline", s.PipelineName())},
		{"codepipeline:StartPipelineExecution", tools("codepipeline", "another-pipeline")},
		{"codebuild:StartBuild", tools("codebuild", "project/"+s.ProjectName(config.CleansingAction))},
		{"codebuild:UpdateProject", tools("codebuild", "project/"+s.ProjectName(config.CleansingAction))},
		{"s3:PutObject", object(s.ArtifactBucket(), s.PipelineName()+"/Package/x")},
		{"s3:GetObject", object(s.ArtifactBucket(), s.PipelineName()+"/Package/x")},
		{"s3:DeleteObjectVersion", object(s.ArtifactBucket(), s.PipelineName()+"/Plan/x")},
		{"s3:GetObject", object(s.DossierBucket(), "x")},
		{"s3:PutObject", object(s.LedgerBucket(), "ledger/00000001.json")},
		{"s3:DeleteObject", object(s.CleansingBucket(), "x")},
		{"s3:DeleteObjectVersion", object(s.CleansingBucket(), "x")},
		{"s3:BypassGovernanceRetention", object(s.CleansingBucket(), "x")},
		{"s3:PutObjectRetention", object(s.CleansingBucket(), "x")},
		{"s3:PutBucketPolicy", "arn:aws:s3:::" + s.CleansingBucket()},
		{"s3:PutObject", object("any-other-bucket", "x")},
		{"sns:Subscribe", tools("sns", s.NotificationTopic())},
		{"sns:Publish", tools("sns", "another-topic")},
		{"iam:CreateRole", "arn:aws:iam::" + s.Accounts.Tools + ":role/x"},
		{"iam:PutRolePolicy", "arn:aws:iam::" + s.Accounts.Tools + ":role/" + role},
		{"iam:PassRole", "arn:aws:iam::" + s.Accounts.Tools + ":role/" + s.PipelineRole()},
		{"iam:UpdateAccessKey", "arn:aws:iam::" + s.Accounts.Tools + ":user/x"},
		{"sts:AssumeRole", config.RoleARN(s.Accounts.Catalog, s.CatalogPublishRole())},
		{"sts:AssumeRole", config.RoleARN(s.Accounts.Test, s.TestDeployRole())},
		{"sts:AssumeRole", config.RoleARN(s.Accounts.Tools, s.ReviewerRole())},
		{"logs:GetLogEvents", tools("logs", "log-group:"+s.LogGroup("SecretsDetection")+":log-stream:x")},
		{"secretsmanager:GetSecretValue", tools("secretsmanager", "secret:x")},
	} {
		assert.False(t, f.may(t, role, denied[0], denied[1], nil), "%s on %s", denied[0], denied[1])
	}
	assert.False(t, f.may(t, role, "codecommit:TagResource", tools("codecommit", s.Source.Repository), map[string][]string{"aws:TagKeys": {"owner"}}))
	for _, other := range []string{s.ReviewerRole(), s.EngineerRole(), s.ProjectRole("SecretsDetection"), s.PipelineRole(), s.CleansingTriggerRole()} {
		assert.False(t, f.may(t, other, "s3:GetObject", object(s.CleansingBucket(), "x"), nil), "%s reads old histories", other)
		if other != s.EngineerRole() {
			assert.False(t, f.may(t, other, "codecommit:GitPush", tools("codecommit", s.Source.Repository), nil), "%s pushes", other)
		}
	}
}
