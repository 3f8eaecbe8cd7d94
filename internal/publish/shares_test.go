package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
)

// portfolio is the one portfolio of a region with its shares in memory, and what stack sets brought.
type portfolio struct {
	id     string
	left   bool // the settings do not have it any more
	shares []cloud.Share
	calls  []string
	refuse error
	behind map[string][]string // by stack set
	looked []string
}

func (p *portfolio) Portfolios(_ context.Context, prefix string) (map[string]string, error) {
	if p.id == "" {
		return nil, nil
	}
	ids := map[string]string{prefix + "base": p.id}
	if p.left {
		ids[prefix+"former"] = "port-former"
	}
	return ids, nil
}

func (p *portfolio) Shares(_ context.Context, id string) ([]cloud.Share, error) {
	if id != p.id {
		return []cloud.Share{{Node: "ou-f1ee-former", Principals: true}}, nil
	}
	return slices.Clone(p.shares), nil
}

func (p *portfolio) Share(_ context.Context, id, node string) error {
	p.calls = append(p.calls, fmt.Sprintf("share %s %s", id, node))
	p.shares = append(p.shares, cloud.Share{Node: node, Principals: true})
	return p.refuse
}

func (p *portfolio) SharePrincipals(_ context.Context, id, node string) error {
	p.calls = append(p.calls, fmt.Sprintf("principals %s %s", id, node))
	p.shares[slices.Index(p.shares, cloud.Share{Node: node})].Principals = true
	return p.refuse
}

func (p *portfolio) Unshare(_ context.Context, id, node string) error {
	p.calls = append(p.calls, fmt.Sprintf("unshare %s %s", id, node))
	p.shares = slices.DeleteFunc(p.shares, func(s cloud.Share) bool { return s.Node == node })
	return p.refuse
}

func (p *portfolio) Behind(_ context.Context, set string) ([]string, int, error) {
	p.looked = append(p.looked, set)
	return p.behind[set], 2, nil
}

// inUnits are the settings with the portfolio shared with units, and looked at in an account of one.
func inUnits(units ...string) *config.Settings {
	s := *settings
	s.Organization, s.Accounts.Management = "o-exampleorgid", "666666666666"
	s.Portfolios = []config.Portfolio{{ID: "base", Name: "Baseline", Units: units, VerifyIn: "777777777777"}}
	return &s
}

func TestSharesThatAreWantedComeBeforeThoseThatGo(t *testing.T) {
	require.Equal(t, []ShareStep{{ShareAdd, "ou-b"}, {SharePrincipals, "ou-c"}, {ShareRemove, "ou-x"}},
		ShareSteps([]string{"ou-a", "ou-b", "ou-c"}, []cloud.Share{{Node: "ou-x", Principals: true}, {Node: "ou-a", Principals: true}, {Node: "ou-c"}}))
	require.Empty(t, ShareSteps([]string{"ou-a"}, []cloud.Share{{Node: "ou-a", Principals: true}}))
	require.Empty(t, ShareSteps(nil, nil))
}

func TestTheRootIsSharedWithAsTheOrganization(t *testing.T) {
	s := inUnits("ou-f1ee-workload1", "r-f1ee")
	require.Equal(t, []string{"o-exampleorgid", "ou-f1ee-workload1"}, nodes(s, s.Portfolios[0]))
}

func TestSettleSharesWithUnitsOnceAndSaysSo(t *testing.T) {
	s, l, p := world(t)
	there := &portfolio{id: "port-1", shares: []cloud.Share{{Node: "ou-f1ee-workload2"}, {Node: "ou-f1ee-leftover", Principals: true}}}
	var out bytes.Buffer
	settle := settlement(s, l, p)
	settle.Settings, settle.Out = inUnits("ou-f1ee-workload1", "ou-f1ee-workload2"), &out
	settle.SharesIn = func(string) Sharer { return there }
	require.NoError(t, settle.Settle(t.Context()))
	require.Equal(t, []string{"share port-1 ou-f1ee-workload1", "principals port-1 ou-f1ee-workload2", "unshare port-1 ou-f1ee-leftover"}, there.calls)
	require.Contains(t, out.String(), "portfolio base in eu-west-1: share with ou-f1ee-workload1: done\n")
	require.NoError(t, settle.Settle(t.Context()), "run again")
	require.Len(t, there.calls, 3, "a share that is there is left alone")
}

func TestSettleEndsSharesThatTheSettingsNoLongerName(t *testing.T) {
	for name, units := range map[string][]string{"a portfolio left, units stay": {"ou-f1ee-workload1"}, "no unit is left": nil} {
		t.Run(name, func(t *testing.T) {
			s, l, p := world(t)
			there := &portfolio{id: "port-1", left: true, shares: []cloud.Share{{Node: "ou-f1ee-workload1", Principals: true}}}
			settle := settlement(s, l, p)
			settle.Settings, settle.SharesIn = inUnits(units...), func(string) Sharer { return there }
			require.NoError(t, settle.Settle(t.Context()))
			require.Contains(t, there.calls, "unshare port-former ou-f1ee-former")
			require.Equal(t, units == nil, slices.Contains(there.calls, "unshare port-1 ou-f1ee-workload1"))
		})
	}
}

func TestWithoutAManagementAccountNobodyAsksAboutShares(t *testing.T) {
	changes, err := ShareChanges(t.Context(), settings, "eu-west-1", nil)
	require.NoError(t, err)
	require.Empty(t, changes)
}

func TestSettleRecordsNothingThatItCouldNotShare(t *testing.T) {
	for name, row := range map[string]struct {
		there *portfolio
		want  string
	}{
		"refused":       {&portfolio{id: "port-1", refuse: errors.New("not delegated")}, "not delegated"},
		"not published": {&portfolio{}, "portfolio base is not published in eu-west-1: stack fleet-portfolio-base has no output PortfolioId"},
	} {
		t.Run(name, func(t *testing.T) {
			s, l, p := world(t)
			settle := settlement(s, l, p)
			settle.Settings, settle.SharesIn = inUnits("ou-f1ee-workload1"), func(string) Sharer { return row.there }
			require.ErrorContains(t, settle.Settle(t.Context()), row.want)
			require.Len(t, must(l.Entries(t.Context())), 1)
		})
	}
}

func TestVerifyLooksAtSharesAndStackSetsOfUnits(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*portfolio)
		want  string
	}{
		"all well":       {func(*portfolio) {}, ""},
		"not shared":     {func(p *portfolio) { p.shares = nil }, "portfolio base in eu-west-1: share with ou-f1ee-workload1: left to do"},
		"no principals":  {func(p *portfolio) { p.shares[0].Principals = false }, "share principals with ou-f1ee-workload1: left to do"},
		"not published":  {func(p *portfolio) { p.id = "" }, "portfolio base in eu-west-1: share with ou-f1ee-workload1: left to do"},
		"former shared":  {func(p *portfolio) { p.left = true }, "portfolio former in eu-west-1: stop sharing with ou-f1ee-former: left to do"},
		"no boundary":    {func(p *portfolio) { p.behind["fleet-boundary"] = []string{"777 is OUTDATED"} }, "777 is OUTDATED"},
		"no launch role": {func(p *portfolio) { p.behind["fleet-launch-vpc"] = []string{"888 is INOPERABLE"} }, "888 is INOPERABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			s, l, p := world(t)
			there := &portfolio{id: "port-1", shares: []cloud.Share{{Node: "ou-f1ee-workload1", Principals: true}}, behind: map[string][]string{}}
			settle := settlement(s, l, p)
			settle.Settings, settle.SharesIn = inUnits("ou-f1ee-workload1"), func(string) Sharer { return there }
			require.NoError(t, settle.Settle(t.Context()))
			row.spoil(there)
			var accounts []string
			v := verification(s, l, p)
			v.Settings, v.Fleet, v.SharesIn = settle.Settings, there, func(string) Sharer { return there }
			v.MarketOf = func(account, _ string) Market { accounts = append(accounts, account); return s }
			e, err := v.Verify(t.Context())
			require.Equal(t, []string{"777777777777"}, accounts, "nobody looks in accounts that are not named for it")
			require.Len(t, e.Checks, 3)
			require.Equal(t, 4, e.Checks[1].Counted, "the boundary's and the launch role's instances")
			if row.want == "" {
				require.NoError(t, err)
				require.Equal(t, []string{"fleet-boundary", "fleet-launch-vpc"}, there.looked)
				return
			}
			var refusal *Refusal
			require.ErrorAs(t, err, &refusal)
			require.ErrorContains(t, err, row.want)
			require.ErrorContains(t, err, "restored: vpc 2.0.0 invisible again")
			require.Equal(t, evidence.Findings, e.Outcome)
		})
	}
}

func TestStackSetsOfAccountsThatAreListedAreNone(t *testing.T) {
	_, _, p := world(t)
	p.Products = append(p.Products, ledger.Product{ID: "listed", Portfolios: []string{"other"}}, ledger.Product{ID: "nowhere"})
	v := &Verification{Settings: inUnits("ou-f1ee-workload1"), Plan: p}
	require.Equal(t, []string{"fleet-boundary", "fleet-launch-vpc"}, v.stackSets())
	v.Settings = inUnits()
	require.Empty(t, v.stackSets(), "without units nothing is installed")
}
