package launch

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/cloud"
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

func TestInEmulatorTakesItsWordAndNoOther(t *testing.T) {
	answer := `{"resources": [{"account": "1", "region": "r", "stack": "s", "logicalId": "A", "type": "T", "level": "emulated", "status": "CREATE_COMPLETE"},
		{"logicalId": "B", "level": "modelled", "status": "CREATE_FAILED"}]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/_fleet/resources?account=1&region=r&stack=s", r.URL.String())
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	e := InEmulator{Endpoint: server.URL, Client: server.Client()}
	got, err := e.Resources(t.Context(), "1", "r", "s")
	require.NoError(t, err)
	require.Equal(t, []evidence.Resource{{Account: "1", Region: "r", Stack: "s", LogicalID: "A", Type: "T", Level: evidence.Emulated}}, got)
	answer = `{"resources": [{"logicalId": "A", "level": "perfect"}]}`
	_, err = e.Resources(t.Context(), "1", "r", "s")
	require.ErrorContains(t, err, `the emulator says "perfect" of A`)
}
