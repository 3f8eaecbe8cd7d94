//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/rehearsal"
)

// requireAsked holds that a reviewer is asked about a plan and about a secret that came back, by the event that the notice spells out,
// that nothing happens if they leave it, and that the purge and the pipeline go on if they do not. The leak is in the repository, and
// was purged before. What a failed scan starts with `cleansing: approval` is the same build as the first one here.
func (f *fleet) requireAsked(t *testing.T) {
	t.Helper()
	reviewer := config.RoleARN(f.settings.Accounts.Tools, f.settings.ReviewerRole())
	defer func() { f.ruling = rehearsal.Ruling{} }()
	before := len(f.entries(t))

	f.ruling = rehearsal.Ruling{Ruled: rehearsal.Left, How: "test", Summary: "find the clone first"}
	left := f.decide(t, "plan", "none")
	assert.Equal(t, rehearsal.Succeeded, left.Outcome, left.Reason)
	require.Len(t, left.Beside, 1)
	assert.Contains(t, strings.Join(left.Beside[0].Said, "\n"), "waits for a reviewer")
	require.NotNil(t, left.Beside[0].Decision)
	assert.Equal(t, rehearsal.Left, left.Beside[0].Decision.Ruled)
	assert.Equal(t, map[string]string{"command": "run", "execution": "none", "cleansing": "approved"}, left.Beside[0].Decision.Detail)
	assert.Empty(t, left.Beside[0].Decision.By)
	assert.Nil(t, left.Next)
	assert.True(t, holds(t, f, leaked), "nothing was changed")

	f.ruling = rehearsal.Ruling{Ruled: rehearsal.Sent, How: "test", Summary: "purge"}
	purged := f.decide(t, "run", "") // as the rule of a failed scan starts it
	assert.Equal(t, rehearsal.Succeeded, purged.Outcome, purged.Reason)
	require.Len(t, purged.Beside, 2)
	assert.Equal(t, rehearsal.Failed, purged.Beside[0].Outcome, "it stopped for a person")
	require.NotNil(t, purged.Beside[0].Decision)
	assert.Equal(t, "again", purged.Beside[0].Decision.Detail["cleansing"])
	assert.Equal(t, reviewer, purged.Beside[0].Decision.By)
	assert.Equal(t, rehearsal.Succeeded, purged.Beside[1].Outcome, purged.Beside[1].Reason)
	assert.Equal(t, f.settings.CleansingDecisionRule(), purged.Beside[1].Rule)
	assert.Equal(t, reviewer, purged.Beside[1].DecidedBy)
	assert.Contains(t, strings.Join(purged.Beside[1].Said, "\n"), "ROTATE NOW")
	assert.False(t, holds(t, f, leaked))
	assert.Len(t, f.entries(t), before+1)
	require.NotNil(t, purged.Next)
	requireSucceeded(t, purged.Next)
}
