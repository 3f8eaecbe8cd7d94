package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/codecommit/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	events "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/emulator"
	"accountfleet/internal/emulator/emulatortest"
)

// hosted is the fleet's repository in an emulated CodeCommit, with a leak in its history, and the shell of an administrator.
type hosted struct {
	t        *testing.T
	settings *config.Settings
	bare     string
	old      string // the commit that leaks
	commits  *codecommit.Client
	rules    *eventbridge.Client
}

func (h *hosted) git(dir string, args ...string) string {
	h.t.Helper()
	out, err := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=n", "-c", "user.email=n@example.com"}, args...)...).CombinedOutput()
	require.NoError(h.t, err, string(out))
	return strings.TrimSpace(string(out))
}

// host starts everything, and leaves it to the process's environment to reach it.
func host(t *testing.T) *hosted {
	t.Helper()
	freezeTakes = 0 // the emulated IAM sees a tag at once
	e := emulatortest.Start(t)
	home, root := t.TempDir(), filepath.Join("..", "..")
	s, err := config.Load(filepath.Join(root, "fleet.yaml"))
	require.NoError(t, err)
	h := &hosted{t: t, settings: s, bare: filepath.Join(home, "catalog.git")}
	tools, err := filepath.Abs(filepath.Join(root, ".tools"))
	require.NoError(t, err)
	for key, value := range map[string]string{
		"HOME": home, "AWS_ENDPOINT_URL": e.Endpoint, "AWS_ACCESS_KEY_ID": s.Accounts.Tools, "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_EC2_METADATA_DISABLED": "true", "FLEET_SETTINGS": filepath.Join(root, "fleet.yaml"), "FLEET_TOOLS": tools,
	} {
		t.Setenv(key, value)
	}
	instead := fmt.Sprintf("[url %q]\n\tinsteadOf = %s\n", h.bare, s.RepositoryURL())
	require.NoError(t, os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(instead), 0o600))
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion(s.Regions.Home))
	require.NoError(t, err)
	h.commits, h.rules = codecommit.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	h.create()
	h.git(home, "init", "-q", "--bare", "-b", "main", h.bare)
	require.NoError(t, emulator.NewClient(e.Endpoint).HostRepository(t.Context(), s.Accounts.Tools, s.Regions.Home, s.Source.Repository, h.bare))
	work := filepath.Join(home, "work")
	h.git(home, "init", "-q", "-b", "trunk", work)
	require.NoError(t, os.WriteFile(filepath.Join(work, "key.txt"), []byte("key = AKIA"+"QYLPMN5HHHFPZAM2\n"), 0o600))
	h.git(work, "add", ".")
	h.git(work, "commit", "-q", "-m", "oops")
	h.git(work, "push", "-q", h.bare, "trunk", "trunk:a-branch-that-sorts-first")
	h.old = h.git(work, "rev-parse", "HEAD")
	_, err = h.commits.UpdateDefaultBranch(t.Context(), &codecommit.UpdateDefaultBranchInput{RepositoryName: &s.Source.Repository, DefaultBranchName: aws.String("trunk")})
	require.NoError(t, err)
	return h
}

func (h *hosted) create() {
	name := &h.settings.Source.Repository
	_, err := h.commits.CreateRepository(h.t.Context(), &codecommit.CreateRepositoryInput{
		RepositoryName: name, RepositoryDescription: aws.String("the catalog"), Tags: map[string]string{"owner": "platform"},
	})
	require.NoError(h.t, err)
	_, err = h.commits.PutRepositoryTriggers(h.t.Context(), &codecommit.PutRepositoryTriggersInput{RepositoryName: name, Triggers: []types.RepositoryTrigger{{
		Name: aws.String("tell"), DestinationArn: aws.String(h.settings.ToolsARN("sns", "pushes")), Events: []types.RepositoryTriggerEventEnum{types.RepositoryTriggerEventEnumAll}, Branches: []string{},
	}}})
	require.NoError(h.t, err)
	_, err = h.rules.PutRule(h.t.Context(), &eventbridge.PutRuleInput{Name: aws.String(h.settings.PushRule()), EventPattern: aws.String(`{"source":["aws.codecommit"]}`)})
	require.NoError(h.t, err)
}

// fleet runs the command as somebody who types.
func (h *hosted) fleet(typed string, args ...string) (code int, said string) {
	var out bytes.Buffer
	code = Main(h.t.Context(), args, &IO{In: strings.NewReader(typed), Out: &out, Err: &out, Getenv: os.Getenv})
	return code, out.String()
}

func (h *hosted) get() *types.RepositoryMetadata {
	got, err := h.commits.GetRepository(h.t.Context(), &codecommit.GetRepositoryInput{RepositoryName: &h.settings.Source.Repository})
	require.NoError(h.t, err)
	return got.RepositoryMetadata
}

func TestACodeCommitRepositoryIsMadeAgainWithAllThatItHadButItsOldObjects(t *testing.T) {
	h := host(t)
	before := h.get()
	require.Equal(t, "trunk", aws.ToString(before.DefaultBranch))
	args := []string{"cleanse", "run", "--remote", h.settings.RepositoryURL(), "--bundle", t.TempDir()}

	t.Setenv("AWS_ACCESS_KEY_ID", h.settings.Accounts.Test)
	code, said := h.fleet("recreate\n", append(args, "--yes", "--recreate")...)
	assert.Equal(t, 2, code)
	assert.Contains(t, said, fmt.Sprintf("credentials belong to account %s: want %s", h.settings.Accounts.Test, h.settings.Accounts.Tools))
	t.Setenv("AWS_ACCESS_KEY_ID", h.settings.Accounts.Tools)

	code, said = h.fleet("purge\nno\n", append(args, "--recreate")...)
	assert.Equal(t, 1, code, said)
	assert.Contains(t, said, "open pull requests, all closed ones and their comments are lost")
	assert.Equal(t, *before.RepositoryId, *h.get().RepositoryId, "nothing was changed")
	assert.Equal(t, h.old, h.git(h.bare, "rev-parse", "refs/heads/trunk"))

	code, said = h.fleet("", append(args, "--yes")...)
	require.Equal(t, 0, code, said)
	h.git(h.bare, "cat-file", "-e", h.old) // the server keeps it

	code, said = h.fleet("recreate\n", append(args, "--recreate")...)
	require.Equal(t, 0, code, said)
	assert.Contains(t, said, "the repository was made again")
	require.Error(t, exec.Command("git", "-C", h.bare, "cat-file", "-e", h.old).Run(), "no old commit can be read")
	assert.Equal(t, h.git(h.bare, "rev-parse", "trunk"), h.git(h.bare, "rev-parse", "a-branch-that-sorts-first"))

	after := h.get()
	assert.NotEqual(t, *before.RepositoryId, *after.RepositoryId)
	assert.Equal(t, "the catalog", *after.RepositoryDescription)
	assert.Equal(t, "trunk", aws.ToString(after.DefaultBranch))
	tags, err := h.commits.ListTagsForResource(t.Context(), &codecommit.ListTagsForResourceInput{ResourceArn: after.Arn})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"owner": "platform"}, tags.Tags, "it was thawed")
	triggers, err := h.commits.GetRepositoryTriggers(t.Context(), &codecommit.GetRepositoryTriggersInput{RepositoryName: after.RepositoryName})
	require.NoError(t, err)
	require.Len(t, triggers.Triggers, 1)
	assert.Equal(t, "tell", *triggers.Triggers[0].Name)
	rule, err := h.rules.DescribeRule(t.Context(), &eventbridge.DescribeRuleInput{Name: aws.String(h.settings.PushRule())})
	require.NoError(t, err)
	assert.Equal(t, events.RuleStateEnabled, rule.State)
}
