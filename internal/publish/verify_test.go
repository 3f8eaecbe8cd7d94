package publish

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/cloud"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
)

func verification(s *shelf, l Ledger, p *plan.Plan) *Verification {
	return &Verification{
		Settings: settings, Plan: p, Rendering: "r1", Execution: "e1", Ledger: l,
		MarketOf: func(string, string) Market { return s }, ShelfIn: func(string) Shelf { return s },
		Pace: cloud.Pace{First: time.Millisecond, Longest: time.Millisecond, Timeout: 20 * time.Millisecond, Look: 40 * time.Millisecond},
		Now:  func() time.Time { return time.Unix(0, 0) }, Out: io.Discard,
	}
}

func TestVerifySeesWhatConsumersSee(t *testing.T) {
	s, l, p := world(t)
	require.NoError(t, settlement(s, l, p).Settle(t.Context()))
	e, err := verification(s, l, p).Verify(t.Context())
	require.NoError(t, err)
	require.Equal(t, evidence.Passed, e.Outcome)
	require.Equal(t, 2, e.Checks[0].Counted)
}

func TestVerifyRestoresWhatConsumersCannotUse(t *testing.T) {
	s, l, p := world(t)
	require.NoError(t, settlement(s, l, p).Settle(t.Context()))
	s.hidden["pa-2"] = true
	for _, want := range []string{"restored: vpc 2.0.0 invisible again, ledger entry 3", "recorded before"} {
		e, err := verification(s, l, p).Verify(t.Context())
		var refusal *Refusal
		require.ErrorAs(t, err, &refusal)
		require.ErrorContains(t, err, "consumer 555555555555 in eu-west-1: vpc 2.0.0 is not visible")
		require.ErrorContains(t, err, want)
		require.Equal(t, evidence.Findings, e.Outcome)
	}
	require.False(t, s.versions["prod-1"][1].Active)
	entries := must(l.Entries(t.Context()))
	require.Len(t, entries, 3)
	require.Equal(t, ledger.Restored, entries[2].Kind)
	require.Equal(t, p.New, entries[2].Inactive)
	_, err := ledger.Reduce(entries)
	require.NoError(t, err)
}

func TestVerifySeesEveryDifference(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*shelf, *plan.Plan)
		want  string
	}{
		"no product":           {func(s *shelf, _ *plan.Plan) { clear(s.names) }, `product vpc ("Network") cannot be launched through portfolio "Baseline"`},
		"not deprecated":       {func(s *shelf, _ *plan.Plan) { s.versions["prod-1"][0].Deprecated = false }, "vpc 1.0.0 is not deprecated"},
		"deprecated too early": {func(s *shelf, _ *plan.Plan) { s.versions["prod-1"][1].Deprecated = true }, "vpc 2.0.0 is deprecated"},
		"inactive but visible": {func(_ *shelf, p *plan.Plan) { p.Deactivate, p.Deprecate = p.Deprecate, nil }, "vpc 1.0.0 is still visible"},
	} {
		t.Run(name, func(t *testing.T) {
			s, l, p := world(t)
			require.NoError(t, settlement(s, l, p).Settle(t.Context()))
			row.spoil(s, p)
			_, err := verification(s, l, p).Verify(t.Context())
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestVerifyRestoresNothingWhenItWasStopped(t *testing.T) {
	s, l, p := world(t)
	s.hidden["pa-2"] = true
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := verification(s, l, p).Verify(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, must(l.Entries(t.Context())), 1)
}

// slow is a market that does not answer in time any more after its first looks.
type slow struct {
	*shelf
	looks int
}

func (s *slow) Named(ctx context.Context, name string) ([]cloud.Offer, error) {
	if s.looks--; s.looks < 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.shelf.Named(ctx, name)
}

func TestVerifyReportsTheLastCompleteLook(t *testing.T) {
	s, l, p := world(t)
	s.hidden["pa-2"] = true
	v := verification(s, l, p)
	v.MarketOf = func(string, string) Market { return &slow{s, 1} }
	_, err := v.Verify(t.Context())
	require.ErrorContains(t, err, "vpc 2.0.0 is not visible")

	s, l, p = world(t)
	v = verification(s, l, p)
	v.MarketOf = func(string, string) Market { return &slow{s, 0} }
	e, err := v.Verify(t.Context())
	require.ErrorIs(t, err, cloud.ErrNotFinished)
	require.Equal(t, evidence.Broken, e.Outcome)
	require.Len(t, must(l.Entries(t.Context())), 1, "nothing is restored that nobody saw wrong")
}
