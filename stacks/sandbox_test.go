package stacks

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// TestProductsOfOrganizationsTagTheirStackSets: CloudFormation passes the tags of a stack on to the stack sets in it, and asks for the
// permission to tag them, which no pattern with StackSet in its name covers.
func TestProductsOfOrganizationsTagTheirStackSets(t *testing.T) {
	for stack, want := range map[string][]string{
		"fleet-test": {"arn:aws:cloudformation:*:222222222222:stackset/*"}, "fleet-consumer-555555555555": nil,
	} {
		boundaries := units.in(stack, "AWS::IAM::ManagedPolicy")
		require.Len(t, boundaries, 1, stack)
		var may []string
		for _, statement := range statementsOf(boundaries[0].properties["PolicyDocument"]) {
			if slices.Contains(texts(statement["Action"]), "cloudformation:TagResource") {
				may = append(may, texts(statement["Resource"])...)
			}
		}
		assert.Equal(t, want, may, stack)
	}
}
