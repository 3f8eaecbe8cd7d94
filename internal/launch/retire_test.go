package launch

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/evidence"
)

func TestStacksOfProductsThatLeftAreRemoved(t *testing.T) {
	a := &account{
		ids:  map[string]string{"fleet-beta-old": "arn:old", "fleet-beta-vpc": "arn:vpc", "fleet-betamax": "arn:other"},
		left: map[string][]cloud.StackResource{"arn:old": {{LogicalID: "Logs", Type: "AWS::S3::Bucket", Status: "DELETE_SKIPPED"}}},
	}
	kept := product("vpc", "account")
	kept.Change = bundle.Unchanged
	e, err := provision(a).Run(t.Context(), []bundle.Product{kept})
	require.NoError(t, err)
	require.Equal(t, evidence.Passed, e.Outcome, "nobody can declare what a product that is gone leaves")
	require.Equal(t, []string{"left the catalog passed", "delete passed", "residue passed"}, steps(t, e, "old"))
	require.Equal(t, []string{"Logs"}, a.swept)
	require.NotContains(t, a.calls, "delete arn:vpc", "a product that did not change stays")
	require.NotContains(t, a.calls, "delete arn:other")
}

func TestNotKnowingWhatLeftIsBroken(t *testing.T) {
	a := &account{listErr: errors.New("denied")}
	e, err := provision(a).Run(t.Context(), []bundle.Product{product("vpc", "account")})
	require.ErrorContains(t, err, "denied")
	require.Equal(t, evidence.Broken, e.Outcome)
	require.Equal(t, []string{"deploy passed", "outputs passed"}, steps(t, e, "vpc"), "the others are tried all the same")
}
