package cloud

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeOrganizations answers for an organization, and counts how often it is asked.
type fakeOrganizations struct {
	asked int
	err   error
}

func (f *fakeOrganizations) DescribeOrganization(context.Context, *organizations.DescribeOrganizationInput, ...func(*organizations.Options)) (*organizations.DescribeOrganizationOutput, error) {
	f.asked++
	return &organizations.DescribeOrganizationOutput{Organization: &types.Organization{Id: aws.String("o-a"), MasterAccountId: aws.String("222222222222")}}, f.err
}

func (f *fakeOrganizations) ListRoots(context.Context, *organizations.ListRootsInput, ...func(*organizations.Options)) (*organizations.ListRootsOutput, error) {
	f.asked++
	return &organizations.ListRootsOutput{Roots: []types.Root{{Id: aws.String("r-a")}}}, f.err
}

func TestSurroundingsAreAskedForOnce(t *testing.T) {
	fake := &fakeOrganizations{}
	s := &Surroundings{client: fake}
	for range 2 {
		found, err := s.Organization(t.Context())
		require.NoError(t, err)
		assert.Equal(t, Organization{ID: "o-a", Management: "222222222222"}, found)
		root, err := s.Root(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "r-a", root)
	}
	assert.Equal(t, 2, fake.asked)
}

func TestAnAccountWithoutOrganizationIsToldWhatToDo(t *testing.T) {
	s := &Surroundings{client: &fakeOrganizations{err: &types.AWSOrganizationsNotInUseException{}}}
	_, err := s.Organization(t.Context())
	require.ErrorContains(t, err, "the account is in no organization: create a sandbox organization")
	_, err = s.Root(t.Context())
	require.ErrorContains(t, err, "run fleet org-prepare in it")
}
