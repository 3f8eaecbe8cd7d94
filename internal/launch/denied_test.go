package launch

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
)

// lenient is an IAM that allows what it says, and remembers what it was asked.
type lenient struct {
	allows map[string]bool
	asked  []string
}

func (l *lenient) Allowed(_ context.Context, role, action string) (bool, string, error) {
	l.asked = append(l.asked, role+" "+action)
	return l.allows[action], "by a policy", nil
}

func TestAnActionOutsideTheLaunchRoleMustBeDenied(t *testing.T) {
	p := product("tables", "account")
	p.Versions[0].Permissions = []ledger.Permission{{Actions: []string{"dynamodb:Create*"}}, {Actions: []string{"sqs:CreateQueue"}}}
	for name, judge := range map[string]*lenient{"passed": {}, "findings": {allows: map[string]bool{"sns:CreateTopic": true}}} {
		c := consume(&account{}, &market{versions: []string{"1.0.0"}, paths: []cloud.Path{{ID: "lp-1"}}})
		c.Judge = judge
		e, err := c.Do(t.Context(), []bundle.Product{p})
		require.NoError(t, err)
		require.Contains(t, steps(t, e, "tables"), "denied outside "+name)
		require.Equal(t, []string{"arn:aws:iam::333333333333:role/fleet-gamma-launch-tables sns:CreateTopic"}, judge.asked, "the product's own actions prove nothing")
	}
}

func TestADenialThatNobodyWasAskedForIsNotRun(t *testing.T) {
	c := consume(&account{}, &market{versions: []string{"1.0.0"}, paths: []cloud.Path{{ID: "lp-1"}}})
	e, err := c.Do(t.Context(), []bundle.Product{product("vpc", "account")})
	require.NoError(t, err)
	require.Equal(t, []evidence.Skipped{{What: "denial of an action outside the launch role of vpc",
		Why: "IAM's simulator is asked in the emulator only, and for an action that is not the product's own"}}, e.NotRun)
}
