package cloud

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/codecommit/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeCodeCommit holds one repository. One of its answers can get lost, or a call fail before it does anything.
type fakeCodeCommit struct {
	made      int // repositories so far
	there     *repositorySettings
	lingering int // creates that still meet the deleted repository
	calls     []string
	failAt    int // call that fails, from 1
	after     bool
}

func code(name string) error { return &smithy.GenericAPIError{Code: name, Message: "refused"} }

// call does something, unless it is the one that fails.
func (f *fakeCodeCommit) call(name string, do func() error) error {
	f.calls = append(f.calls, name)
	if len(f.calls) != f.failAt {
		return do()
	}
	if f.after {
		_ = do() // its answer is lost
	}
	return errors.New("cut off")
}

func (f *fakeCodeCommit) need(do func(s *repositorySettings)) func() error {
	return func() error {
		if f.there == nil {
			return code("RepositoryDoesNotExistException")
		}
		do(f.there)
		return nil
	}
}

func (f *fakeCodeCommit) GetRepository(context.Context, *codecommit.GetRepositoryInput, ...func(*codecommit.Options)) (*codecommit.GetRepositoryOutput, error) {
	out := &codecommit.GetRepositoryOutput{}
	return out, f.call("get", f.need(func(s *repositorySettings) {
		out.RepositoryMetadata = &types.RepositoryMetadata{RepositoryId: &s.ID, Arn: &s.ARN, RepositoryDescription: &s.Description, KmsKeyId: &s.KMSKeyID, DefaultBranch: &s.DefaultBranch}
	}))
}

func (f *fakeCodeCommit) ListTagsForResource(context.Context, *codecommit.ListTagsForResourceInput, ...func(*codecommit.Options)) (*codecommit.ListTagsForResourceOutput, error) {
	out := &codecommit.ListTagsForResourceOutput{}
	return out, f.call("tags", f.need(func(s *repositorySettings) { out.Tags = s.Tags }))
}

func (f *fakeCodeCommit) GetRepositoryTriggers(context.Context, *codecommit.GetRepositoryTriggersInput, ...func(*codecommit.Options)) (*codecommit.GetRepositoryTriggersOutput, error) {
	out := &codecommit.GetRepositoryTriggersOutput{}
	return out, f.call("triggers", f.need(func(s *repositorySettings) { out.Triggers = s.Triggers }))
}

func (f *fakeCodeCommit) ListAssociatedApprovalRuleTemplatesForRepository(_ context.Context, in *codecommit.ListAssociatedApprovalRuleTemplatesForRepositoryInput, _ ...func(*codecommit.Options)) (*codecommit.ListAssociatedApprovalRuleTemplatesForRepositoryOutput, error) {
	out := &codecommit.ListAssociatedApprovalRuleTemplatesForRepositoryOutput{}
	return out, f.call("templates", f.need(func(s *repositorySettings) {
		if in.NextToken == nil && len(s.Templates) > 1 { // two pages
			out.ApprovalRuleTemplateNames, out.NextToken = s.Templates[:1], aws.String("more")
		} else {
			out.ApprovalRuleTemplateNames = s.Templates[len(s.Templates)-1:]
		}
	}))
}

func (f *fakeCodeCommit) DeleteRepository(context.Context, *codecommit.DeleteRepositoryInput, ...func(*codecommit.Options)) (*codecommit.DeleteRepositoryOutput, error) {
	return nil, f.call("delete "+f.there.ID, f.need(func(*repositorySettings) { f.there = nil }))
}

func (f *fakeCodeCommit) CreateRepository(_ context.Context, in *codecommit.CreateRepositoryInput, _ ...func(*codecommit.Options)) (*codecommit.CreateRepositoryOutput, error) {
	return nil, f.call("create", func() error {
		if f.there != nil || f.lingering > 0 {
			f.lingering--
			return code("RepositoryNameExistsException")
		}
		f.made++
		f.there = &repositorySettings{
			ID: fmt.Sprint(f.made), ARN: "arn", Description: aws.ToString(in.RepositoryDescription), KMSKeyID: aws.ToString(in.KmsKeyId), Tags: in.Tags,
		}
		return nil
	})
}

func (f *fakeCodeCommit) PutRepositoryTriggers(_ context.Context, in *codecommit.PutRepositoryTriggersInput, _ ...func(*codecommit.Options)) (*codecommit.PutRepositoryTriggersOutput, error) {
	return nil, f.call("put triggers", f.need(func(s *repositorySettings) { s.Triggers = in.Triggers }))
}

func (f *fakeCodeCommit) AssociateApprovalRuleTemplateWithRepository(_ context.Context, in *codecommit.AssociateApprovalRuleTemplateWithRepositoryInput, _ ...func(*codecommit.Options)) (*codecommit.AssociateApprovalRuleTemplateWithRepositoryOutput, error) {
	return nil, f.call("associate", f.need(func(s *repositorySettings) {
		for _, known := range s.Templates {
			if known == *in.ApprovalRuleTemplateName {
				return
			}
		}
		s.Templates = append(s.Templates, *in.ApprovalRuleTemplateName)
	}))
}

func (f *fakeCodeCommit) UpdateDefaultBranch(_ context.Context, in *codecommit.UpdateDefaultBranchInput, _ ...func(*codecommit.Options)) (*codecommit.UpdateDefaultBranchOutput, error) {
	return nil, f.call("branch", f.need(func(s *repositorySettings) { s.DefaultBranch = *in.DefaultBranchName }))
}

func (f *fakeCodeCommit) ListPullRequests(_ context.Context, in *codecommit.ListPullRequestsInput, _ ...func(*codecommit.Options)) (*codecommit.ListPullRequestsOutput, error) {
	out := &codecommit.ListPullRequestsOutput{PullRequestIds: []string{"1", "2"}}
	if in.NextToken == nil {
		out.NextToken = aws.String("more")
	}
	return out, f.call("pull requests "+string(in.PullRequestStatus), f.need(func(*repositorySettings) {}))
}

func newFakeCodeCommit() *fakeCodeCommit {
	return &fakeCodeCommit{made: 1, there: &repositorySettings{
		ID: "1", ARN: "arn", Description: "the catalog", KMSKeyID: "key", DefaultBranch: "trunk", Tags: map[string]string{"owner": "platform", "fleet-frozen": "c1"},
		Templates: []string{"two-eyes", "four-eyes"},
		Triggers: []types.RepositoryTrigger{{
			Name: aws.String("t"), DestinationArn: aws.String("topic"), CustomData: aws.String("x"), Branches: []string{"trunk"},
			Events: []types.RepositoryTriggerEventEnum{types.RepositoryTriggerEventEnumAll},
		}},
	}}
}

// TestARepositoryComesBackWithItsSettingsWhereverItWasCutOff fails every call of Recreate and Settle once, before and after it was carried
// out, and repeats both.
func TestARepositoryComesBackWithItsSettingsWhereverItWasCutOff(t *testing.T) {
	want := *newFakeCodeCommit().there
	want.ID = "2"
	for at := 0; at <= 8; at++ {
		for _, after := range []bool{false, true} {
			f := newFakeCodeCommit()
			f.lingering = 1
			r := &Repository{name: "catalog", repositories: f}
			settings, err := r.Inspect(t.Context())
			require.NoError(t, err)
			f.calls, f.failAt, f.after = nil, at, after
			again := func() error {
				if err := r.Recreate(t.Context(), settings); err != nil {
					return err
				}
				return r.Settle(t.Context(), settings)
			}
			err = again()
			if at == 0 {
				require.NoError(t, err)
				require.Equal(t, []string{"get", "delete 1", "create", "create", "put triggers", "associate", "associate", "branch"}, f.calls)
			} else {
				require.ErrorContains(t, err, "cut off", "call %d", at)
			}
			require.NoError(t, again())
			assert.Equal(t, want, *f.there, "call %d, after %v: one repository was made, and nothing is missing", at, after)
		}
	}
}

func TestARepositoryThatIsNotTheInspectedOneIsNotDeleted(t *testing.T) {
	f := newFakeCodeCommit()
	r := &Repository{name: "catalog", repositories: f}
	settings, err := r.Inspect(t.Context())
	require.NoError(t, err)
	f.there.ID = "of somebody else"
	require.NoError(t, r.Recreate(t.Context(), settings))
	assert.NotContains(t, f.calls, "delete of somebody else")
}

func TestARepositoryThatLingersIsToldAfterAWhile(t *testing.T) {
	f := newFakeCodeCommit()
	f.lingering = 1000
	r := &Repository{name: "catalog", repositories: f}
	settings, err := r.Inspect(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, r.Recreate(t.Context(), settings), "create repository catalog")
	f.there = nil
	_, err = r.Inspect(t.Context())
	require.ErrorContains(t, err, "use credentials of its account")
}

func TestWhatOnlyAWSMayGiveIsLeftOut(t *testing.T) {
	f := newFakeCodeCommit()
	f.there.KMSKeyID = "alias/aws/codecommit"
	f.there.Tags["aws:cloudformation:stack-name"] = "fleet-toolchain"
	f.there.Triggers[0].Branches = nil
	r := &Repository{name: "catalog", repositories: f}
	settings, err := r.Inspect(t.Context())
	require.NoError(t, err)
	require.NoError(t, r.Recreate(t.Context(), settings))
	assert.Empty(t, f.there.KMSKeyID)
	assert.Equal(t, map[string]string{"owner": "platform", "fleet-frozen": "c1"}, f.there.Tags)
	assert.NotNil(t, f.there.Triggers[0].Branches, "a request without the list is refused")
}

func TestOpenPullRequestsAreCounted(t *testing.T) {
	f := newFakeCodeCommit()
	r := &Repository{name: "catalog", repositories: f}
	n, err := r.OpenPullRequests(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 4, n, "of all pages")
	assert.Equal(t, []string{"pull requests OPEN", "pull requests OPEN"}, f.calls)
	f.there = nil
	_, err = r.OpenPullRequests(t.Context())
	require.ErrorContains(t, err, "list pull requests of repository catalog")
}

func TestAFreezeOfARepositoryThatIsBeingMadeAgainIsNoError(t *testing.T) {
	gate := &fakeGate{absent: true}
	f := &Freeze{Repository: "arn", Tag: "fleet-frozen", Why: "c1", Rule: "push", repositories: gate, rules: gate}
	require.NoError(t, f.Close(t.Context()))
	require.NoError(t, f.Open(t.Context()))
	f.Takes = time.Hour
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, f.Close(canceled), context.Canceled, "it waits until IAM sees the tag")
	gate.asked = gate.asked[:4]
	assert.Equal(t, []string{"tag c1", "disable push", "enable push", "untag fleet-frozen"}, gate.asked, "the trigger is held all the same")
}

func TestAddressesOfCodeCommit(t *testing.T) {
	for address, want := range map[string][2]string{
		"https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/fleet-catalog":      {"eu-west-1", "fleet-catalog"},
		"https://git-codecommit-fips.us-east-1.amazonaws.com/v1/repos/a.b_c":         {"us-east-1", "a.b_c"},
		"ssh://git-codecommit.eu-west-1.amazonaws.com/v1/repos/fleet-catalog":        {"eu-west-1", "fleet-catalog"},
		"ssh://APKA1@git-codecommit.eu-west-1.amazonaws.com/v1/repos/fleet-catalog/": {"eu-west-1", "fleet-catalog"},
		"codecommit::eu-west-1://fleet-catalog":                                      {"eu-west-1", "fleet-catalog"},
		"codecommit::eu-west-1://profile@fleet-catalog":                              {"eu-west-1", "fleet-catalog"},
		"codecommit://profile@fleet-catalog":                                         {"", "fleet-catalog"},
		"codecommit://fleet-catalog":                                                 {"", "fleet-catalog"},
	} {
		region, name, ok := CodeCommitOf(address)
		assert.True(t, ok, address)
		assert.Equal(t, want, [2]string{region, name}, address)
	}
	for _, address := range []string{"https://github.com/a/b", "file:///srv/git-codecommit.git", "https://git-codecommit.eu-west-1.amazonaws.com.example.com/v1/repos/a", ""} {
		_, _, ok := CodeCommitOf(address)
		assert.False(t, ok, address)
	}
}
