package publish

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
)

type sets map[string]ChangeSet

func (s sets) Find(_ context.Context, _, stack, _ string) (ChangeSet, error) { return s[stack], nil }

func TestPreflightRefusesWhatWasNotApproved(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*plan.Plan, *Approved, sets, *ledger.Folder)
		want  string
	}{
		"as approved": {func(*plan.Plan, *Approved, sets, *ledger.Folder) {}, ""},
		"ledger moved": {func(_ *plan.Plan, _ *Approved, _ sets, l *ledger.Folder) {
			_ = l.Append(context.Background(), ledger.Entry{Seq: 2, Kind: ledger.Guidance})
		}, "the ledger moved since this was planned: it was at entry 1 and is at 2"},
		"another package": {func(p *plan.Plan, _ *Approved, _ sets, _ *ledger.Folder) { p.Bundle = "other" }, "the approved dossier is of another plan"},
		"replaced": {func(_ *plan.Plan, _ *Approved, s sets, _ *ledger.Folder) {
			s["products"] = ChangeSet{Stack: "products", ARN: "arn:2"}
		}, `it was "arn:1" and is "arn:2"`},
		"another share": {func(_ *plan.Plan, a *Approved, _ sets, _ *ledger.Folder) { a.Shares = nil },
			"Settle would change other shares ([portfolio base in eu-west-1: share with ou-1]) than were approved ([])"},
		"another template": {func(_ *plan.Plan, a *Approved, _ sets, _ *ledger.Folder) { a.ChangeSets[0].Template = "t0" }, "its template was t0 and is t1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, l, p := world(t)
			set := ChangeSet{Stack: "products", Name: "fleet-release", ARN: "arn:1", Status: "AVAILABLE", Template: "t1"}
			approved := &Approved{Format: 1, Commit: "c2", Bundle: "b1", Rendering: "r1", LedgerHead: 1, ChangeSets: []ChangeSet{set}}
			approved.Shares = []ShareChange{{"eu-west-1", "base", ShareAdd, "ou-1"}}
			shares := func(context.Context) ([]ShareChange, error) {
				return []ShareChange{{"eu-west-1", "base", ShareAdd, "ou-1"}}, nil
			}
			now := sets{"products": set}
			row.spoil(p, approved, now, l)
			err := Preflight(t.Context(), p, "r1", approved, l, now, shares)
			if row.want == "" {
				require.NoError(t, err)
				return
			}
			var refusal *Refusal
			require.ErrorAs(t, err, &refusal)
			require.ErrorContains(t, err, row.want)
		})
	}
}
