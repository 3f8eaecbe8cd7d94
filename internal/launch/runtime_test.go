package launch

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
)

// sandbox is the surroundings of an account with an organization; lost are those of one that is in none.
type sandbox struct{ lost error }

func (s sandbox) Organization(context.Context) (cloud.Organization, error) {
	return cloud.Organization{ID: "o-sandbox0001", Management: "222222222222"}, s.lost
}

func (s sandbox) Root(context.Context) (string, error) { return "r-sand", s.lost }

func (s sandbox) IdentityCenter(context.Context) (string, error) {
	return "arn:aws:sso:::instance/ssoins-1", s.lost
}

// guardrail is a product of an organization that names what only its account knows.
func guardrail() bundle.Product {
	p := product("guardrail", "organization")
	p.Parameters = map[string]string{"Targets": "ou-1,$[fleet_organization_root]", "Owner": "$[fleet_account]", "Days": "30", "People": "$[fleet_identity_center]"}
	p.Tests[0].Parameters = map[string]string{"Targets": "$[fleet_organization_root]", "Id": "$[fleet_organization_id]/$[fleet_organization_management]", "Az": "$[taskcat_genaz_2]"}
	return p
}

func withSandbox() *config.Settings {
	s := *settings
	s.SandboxOrganization = true
	return &s
}

func TestRunTimeValuesAreThoseOfTheAccount(t *testing.T) {
	a := &account{}
	beta := provision(a)
	beta.Settings, beta.Around = withSandbox(), sandbox{}
	e, err := beta.Run(t.Context(), []bundle.Product{guardrail()})
	require.NoError(t, err)
	require.Empty(t, e.NotRun)
	require.Equal(t, map[string]string{"Targets": "ou-1,r-sand", "Owner": "222222222222", "Days": "30", "People": "arn:aws:sso:::instance/ssoins-1"}, a.stacks[0].Parameters)
	require.Equal(t, []string{"deploy passed", "outputs passed", "delete passed", "residue passed"}, steps(t, e, "guardrail"), "one organization, so nothing stays")

	tests := integration(&account{}, &script{err: io.EOF})
	tests.Settings, tests.Around = withSandbox(), sandbox{}
	plan, err := tests.plan(t.Context(), []bundle.Product{guardrail()})
	require.NoError(t, err)
	test, _ := plan.Rounds[0][0].Config["tests"].(map[string]any)["defaults"].(map[string]any)
	require.Equal(t, map[string]any{"Targets": "r-sand", "Id": "o-sandbox0001/222222222222", "Az": "$[taskcat_genaz_2]"}, test["parameters"])
}

func TestAnAccountWithoutOrganizationBreaksTheLaunch(t *testing.T) {
	beta := provision(&account{})
	beta.Settings, beta.Around = withSandbox(), sandbox{lost: errors.New("the account is in no organization")}
	e, err := beta.Run(t.Context(), []bundle.Product{guardrail()})
	require.ErrorContains(t, err, "parameter Targets: $[fleet_organization_root]: the account is in no organization")
	require.Equal(t, evidence.Broken, e.Outcome, "the product is not to blame")
}

func TestOnlyWhatIsNamedIsAskedFor(t *testing.T) {
	filled, err := fill(t.Context(), sandbox{lost: errors.New("asked")}, "222222222222", map[string]string{"Owner": "$[fleet_account]", "Days": "30"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Owner": "222222222222", "Days": "30"}, filled)
}

func TestAProductThatIsNotLaunchedIsCheckedWithSamples(t *testing.T) {
	a := &account{}
	beta := provision(a)
	beta.Around = sandbox{lost: errors.New("asked")}
	e, err := beta.Run(t.Context(), []bundle.Product{guardrail()})
	require.NoError(t, err)
	require.Len(t, e.NotRun, 1)
	require.Equal(t, []string{"change set passed"}, steps(t, e, "guardrail"))
}
