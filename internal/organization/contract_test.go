package organization

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/emulator"
	"accountfleet/internal/emulator/emulatortest"
)

// emulated is an emulated AWS; the account's root user acts.
func emulated(t *testing.T) (*emulator.Emulator, func(account string) *Account) {
	t.Helper()
	e := emulatortest.Start(t)
	return e, func(account string) *Account {
		return New(aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(e.Endpoint), RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider(account, "x", "")})
	}
}

// TestAgainstTheEmulator holds that AWS's own calls see what was prepared, and that a second run has nothing to do.
func TestAgainstTheEmulator(t *testing.T) {
	e, as := emulated(t)
	management, member := settings.Accounts.Management, settings.Accounts.Catalog
	made, err := emulator.NewClient(e.Endpoint).PutOrganization(t.Context(), emulator.Organization{
		ID: "o-exampleorgid", Management: management, Accounts: []emulator.OrganizationAccount{{ID: member}, {ID: "555555555555"}},
	})
	require.NoError(t, err)
	wanted, err := Want(settings, management, "555555555555")
	require.NoError(t, err)

	present, err := as(management).Inspect(t.Context(), management, wanted)
	require.NoError(t, err)
	assert.Equal(t, made.Root, present.Root)
	steps, err := Plan(wanted, present, management)
	require.NoError(t, err)
	var done []Step
	require.NoError(t, as(management).Apply(t.Context(), present.Root, steps, func(s Step) { done = append(done, s) }))
	assert.Equal(t, steps, done)

	present, err = as(management).Inspect(t.Context(), management, wanted)
	require.NoError(t, err)
	assert.True(t, present.ServiceCatalog)
	assert.True(t, present.StackSets)
	assert.Subset(t, present.Services, wanted.Services, "the services with a switch of their own are trusted too")
	assert.ElementsMatch(t, wanted.PolicyTypes, present.PolicyTypes)
	assert.ElementsMatch(t, wanted.Delegates, present.Delegates)
	again, err := Plan(wanted, present, management)
	require.NoError(t, err)
	assert.Empty(t, again)
	require.NoError(t, as(management).Apply(t.Context(), present.Root, []Step{
		{Kind: EnablePolicyType, Subject: "TAG_POLICY"}, {Kind: RegisterDelegate, Subject: stackSets, Account: member},
	}, func(Step) {}), "a faster run is no failure")

	present, err = as(member).Inspect(t.Context(), member, wanted)
	require.NoError(t, err)
	_, err = Plan(wanted, present, member)
	require.ErrorContains(t, err, "whose management account is 666666666666")
	_, err = as("999999999999").Inspect(t.Context(), "999999999999", wanted)
	require.ErrorContains(t, err, "account 999999999999 is in no organization: run aws organizations create-organization")
	err = as(management).Apply(t.Context(), present.Root, []Step{{Kind: RegisterDelegate, Subject: stackSets, Account: "999999999999"}}, func(Step) {})
	require.ErrorContains(t, err, "make account 999999999999 administrator of member.org.stacksets.cloudformation.amazonaws.com")
}
