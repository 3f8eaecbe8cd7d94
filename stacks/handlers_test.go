package stacks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/launchrole"
)

// uncalled are actions that the schemas list and that no handler calls for what the fleet publishes, with the reason.
var uncalled = map[string]string{
	"cloudformation:GetTemplate":        "for products that are imported from a stack",
	"codestar-connections:":             "for products whose templates are in a repository behind a connection",
	"iam:AttachRolePolicy":              "for roles with managed policies",
	"iam:DetachRolePolicy":              "for roles with managed policies",
	"iam:DeleteRolePermissionsBoundary": "for roles that lose their boundary, which is denied",
	"iam:GetGroup":                      "for principals that are no patterns",
	"iam:GetUser":                       "for principals that are no patterns",
}

// TestCloudFormationMayWhatTheHandlersOfPublishedTypesCall reads from the registry schemas what CloudFormation calls as its role: the
// emulator asks only for what it is sure of, AWS for all.
func TestCloudFormationMayWhatTheHandlersOfPublishedTypesCall(t *testing.T) {
	index, err := launchrole.ReadIndex("../.tools/registry.json")
	require.NoError(t, err)
	checked := 0
	for _, c := range []struct{ published, installed rendered }{{publishedD, different}, {publishedU, units}} {
		checked += checkHandlers(t, index, c.published, c.installed)
	}
	assert.Greater(t, checked, 150)
}

func checkHandlers(t *testing.T, index *launchrole.Index, published, installed rendered) int {
	s := settings()
	checked := 0
	for stack, template := range published.templates {
		role := s.CatalogCloudFormationRole()
		switch {
		case strings.HasPrefix(stack, s.GammaAccessStack()):
			role = s.GammaCloudFormationRole()
		case strings.HasPrefix(stack, s.AccessStack()):
			role = s.ConsumerCloudFormationRole()
		}
		for id, resource := range object(template["Resources"]) {
			kind := fmt.Sprint(object(resource)["Type"])
			require.Contains(t, index.Types, kind, id)
			for _, handler := range []string{"create", "read", "update", "delete"} {
				for _, action := range index.Types[kind][handler] {
					if slices.ContainsFunc([]string{action, action[:strings.Index(action, ":")+1]}, func(key string) bool { _, ok := uncalled[key]; return ok }) {
						continue
					}
					checked++
					assert.NotEmpty(t, installed.role(t, role).allowing(action), "%s: %s may not %s, which %s of %s calls", stack, role, action, handler, kind)
				}
			}
		}
	}
	return checked
}
