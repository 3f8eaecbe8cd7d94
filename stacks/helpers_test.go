package stacks

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/assembly"
)

// named is a resource with where it is.
type named struct {
	stack, id  string
	definition map[string]any
	properties map[string]any
}

// all are the resources of a type in every stack of an assembly, in a fixed order.
func (r rendered) all(kind string) []named {
	var found []named
	for _, stack := range slices.Sorted(maps.Keys(r.templates)) {
		found = append(found, r.in(stack, kind)...)
	}
	return found
}

// in are the resources of a type in one stack.
func (r rendered) in(stack, kind string) []named {
	var found []named
	resources := object(r.templates[stack]["Resources"])
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		definition := object(resources[id])
		if definition["Type"] == kind {
			found = append(found, named{stack: stack, id: id, definition: definition, properties: object(definition["Properties"])})
		}
	}
	return found
}

// role is the role with a name, wherever it is.
func (r rendered) role(t *testing.T, name string) named {
	t.Helper()
	for _, role := range r.all("AWS::IAM::Role") {
		if role.properties["RoleName"] == name {
			return role
		}
	}
	require.Fail(t, "no role is called "+name)
	return named{}
}

// statements are those of a role's inline policies.
func (n named) statements() []map[string]any {
	var found []map[string]any
	for _, policy := range list(n.properties["Policies"]) {
		found = append(found, statementsOf(object(policy)["PolicyDocument"])...)
	}
	return found
}

func statementsOf(document any) []map[string]any {
	var found []map[string]any
	for _, statement := range list(object(document)["Statement"]) {
		found = append(found, object(statement))
	}
	return found
}

// texts are the strings of a string or a list.
func texts(value any) []string {
	var found []string
	for _, item := range list(value) {
		if text, ok := item.(string); ok {
			found = append(found, text)
		}
	}
	return found
}

// allowing are the Allow statements that name an action or cover it by a pattern.
func (n named) allowing(action string) []map[string]any {
	return slices.DeleteFunc(n.statements(), func(s map[string]any) bool {
		return s["Effect"] != "Allow" || !slices.ContainsFunc(texts(s["Action"]), func(pattern string) bool { return covers(pattern, action) })
	})
}

// covers says whether an IAM action pattern with a star at its end covers an action.
func covers(pattern, action string) bool {
	prefix, star := strings.CutSuffix(pattern, "*")
	return pattern == action || star && strings.HasPrefix(action, prefix)
}

// stages are the stages of the one pipeline.
func (r rendered) stages(t *testing.T) []map[string]any {
	t.Helper()
	pipelines := r.all("AWS::CodePipeline::Pipeline")
	require.Len(t, pipelines, 1)
	var found []map[string]any
	for _, stage := range list(pipelines[0].properties["Stages"]) {
		found = append(found, object(stage))
	}
	return found
}

// actions are a stage's actions.
func (r rendered) actions(t *testing.T, stage string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for _, s := range r.stages(t) {
		if s["Name"] == stage {
			for _, action := range list(s["Actions"]) {
				found = append(found, object(action))
			}
		}
	}
	require.NotEmpty(t, found, "stage "+stage)
	return found
}

// action is one action of a stage.
func (r rendered) action(t *testing.T, stage, name string) map[string]any {
	t.Helper()
	for _, action := range r.actions(t, stage) {
		if action["Name"] == name {
			return action
		}
	}
	require.Fail(t, "stage "+stage+" has no action "+name)
	return nil
}

// loadStacks are the stacks of an assembly in deployment order.
func loadStacks(t *testing.T, dir string) []assembly.Stack {
	t.Helper()
	a, err := assembly.Load(dir)
	require.NoError(t, err)
	return a.Stacks
}
