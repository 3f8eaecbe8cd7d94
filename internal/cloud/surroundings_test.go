package cloud

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
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

// ListInstances has an instance, unless there is an error: then there is none.
func (f *fakeOrganizations) ListInstances(context.Context, *ssoadmin.ListInstancesInput, ...func(*ssoadmin.Options)) (*ssoadmin.ListInstancesOutput, error) {
	f.asked++
	if f.err != nil {
		return &ssoadmin.ListInstancesOutput{}, nil
	}
	return &ssoadmin.ListInstancesOutput{Instances: []ssotypes.InstanceMetadata{{InstanceArn: aws.String("arn:aws:sso:::instance/ssoins-1")}}}, nil
}

func TestSurroundingsAreAskedForOnce(t *testing.T) {
	fake := &fakeOrganizations{}
	s := &Surroundings{client: fake, people: fake}
	for range 2 {
		found, err := s.Organization(t.Context())
		require.NoError(t, err)
		assert.Equal(t, Organization{ID: "o-a", Management: "222222222222"}, found)
		root, err := s.Root(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "r-a", root)
		instance, err := s.IdentityCenter(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "arn:aws:sso:::instance/ssoins-1", instance)
	}
	assert.Equal(t, 3, fake.asked)
}

func TestAnAccountWithoutOrganizationIsToldWhatToDo(t *testing.T) {
	fake := &fakeOrganizations{err: &types.AWSOrganizationsNotInUseException{}}
	s := &Surroundings{client: fake, people: fake}
	_, err := s.Organization(t.Context())
	require.ErrorContains(t, err, "the account is in no organization: create a sandbox organization")
	_, err = s.Root(t.Context())
	require.ErrorContains(t, err, "run fleet org-prepare in it")
	_, err = s.IdentityCenter(t.Context())
	require.ErrorContains(t, err, "no instance of IAM Identity Center in this region")
}
