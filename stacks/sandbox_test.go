package stacks

import (
	"testing"

	"github.com/stretchr/testify/assert"

	parts "accountfleet/constructs"
)

// TestOnlySandboxOrganizationsAreSwept holds that a role which sweeps can close accounts only where an organization is there to be thrown away.
func TestOnlySandboxOrganizationsAreSwept(t *testing.T) {
	s := settings()
	s.SandboxOrganization = false
	assert.Empty(t, sweepOrganization(s))
	s.SandboxOrganization = true
	document := parts.Document(sweepOrganization(s)...)
	assert.Contains(t, document["Statement"].([]any)[0].(map[string]any)["Action"], "organizations:CloseAccount")
}
