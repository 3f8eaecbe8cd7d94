package launch

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/cloud"
	"accountfleet/internal/emulator"
	"accountfleet/internal/evidence"
)

type lister []cloud.StackResource

func (l lister) Resources(context.Context, string) ([]cloud.StackResource, error) { return l, nil }

func TestOnAWSClaimsOnlyWhatExists(t *testing.T) {
	l := lister{{LogicalID: "A", Type: "T", Status: "CREATE_COMPLETE"}, {LogicalID: "B", Status: "CREATE_FAILED"}, {LogicalID: "C", Status: "DELETE_COMPLETE"}}
	got, err := OnAWS{StacksIn: func(string) Lister { return l }}.Resources(t.Context(), "1", "r", "s")
	require.NoError(t, err)
	require.Equal(t, []evidence.Resource{{Account: "1", Region: "r", Stack: "s", LogicalID: "A", Type: "T", Level: evidence.Launched}}, got)
}

type backends []emulator.Resource

func (b backends) Resources(_ context.Context, f emulator.Filter) ([]emulator.Resource, error) {
	if f != (emulator.Filter{Account: "1", Region: "r", Stack: "s"}) {
		return nil, errors.New("asked for something else")
	}
	return b, nil
}

func TestInEmulatorTakesItsWordAndNoOther(t *testing.T) {
	b := backends{
		{Account: "1", Region: "r", Stack: "s", LogicalID: "A", Type: "T", Level: "emulated", Status: "CREATE_COMPLETE"},
		{LogicalID: "B", Level: "modelled", Status: "CREATE_FAILED"}, {LogicalID: "C", Level: "modelled", Status: "DELETE_SKIPPED"},
	}
	got, err := InEmulator{b}.Resources(t.Context(), "1", "r", "s")
	require.NoError(t, err)
	require.Equal(t, []evidence.Resource{{Account: "1", Region: "r", Stack: "s", LogicalID: "A", Type: "T", Level: evidence.Emulated}}, got)
	_, err = InEmulator{backends{{LogicalID: "A", Level: "perfect"}}}.Resources(t.Context(), "1", "r", "s")
	require.ErrorContains(t, err, `the emulator says "perfect" of A`)
}
