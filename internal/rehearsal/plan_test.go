package rehearsal

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/assembly"
)

func TestPlanReportsEverythingThatCannotBeRehearsedAtOnce(t *testing.T) {
	a := pipeline()
	build := withBuild(a, assembly.Action{Name: "Build", Inputs: []string{"Source", "Nothing"}, Outputs: []string{"Source", "B"},
		Configuration: map[string]string{"EnvironmentVariables": `[{"name":"A","value":"#{Nobody.X} #{Source.Nope} #{codepipeline.Other}","type":"MAGIC"}]`,
			"BatchEnabled": "true"}},
		`{version: "0.2", phases: {build: {commands: [x]}, deploy: {commands: [x]}}, cache: {paths: [/var/cache/**]}, artifacts: {files: [x]}}`)
	a.Pipeline.Stages = append(a.Pipeline.Stages, assembly.Stage{Name: "Alpha", Actions: []assembly.Action{
		build,
		{Name: "Deploy", Owner: "AWS", Provider: "CloudFormation", RunOrder: 2, Inputs: []string{"Source"}, Configuration: map[string]string{
			"ActionMode": "DELETE_ONLY", "StackName": "s"}},
		{Name: "Clone", Owner: "AWS", Provider: "CloudFormation", RunOrder: 2, Inputs: []string{"Source"}, Configuration: map[string]string{
			"ActionMode": "CREATE_UPDATE", "StackName": "s", "RoleArn": "r", "TemplatePath": "Source::t.json", "Capabilities": "CAPABILITY_IAM, X",
			"ParameterOverrides": "[]", "OutputFileName": "o"}},
		{Name: "Other", Owner: "AWS", Provider: "CloudFormation", RunOrder: 2, Configuration: map[string]string{
			"ActionMode": "CREATE_UPDATE", "StackName": "s", "TemplatePath": "B::../t.json"}},
		{Name: "Lambda", Owner: "ThirdParty", Provider: "Lambda", RunOrder: 3},
		{Name: "Ask", Owner: "AWS", Provider: "Manual", RunOrder: 3, Configuration: map[string]string{"Emoji": "yes"}},
	}, Entry: []assembly.Condition{{Result: "ROLLBACK", Rules: []assembly.Rule{
		{Name: "R", Provider: "LambdaInvoke"},
		{Name: "V", Provider: "VariableCheck", Configuration: map[string]string{"Variable": "#{Later.X}", "Operator": "GT", "Value": "1"}},
		{Name: "W", Provider: "VariableCheck", Configuration: map[string]string{"Variable": "#{Source.CommitId}", "Operator": "MATCHES", "Value": "("}},
	}}}})
	a.Triggers[0].Pattern["detail"] = map[string]any{"x": []any{map[string]any{"sounds-like": "y"}}}
	_, err := NewPlan(a)
	require.Error(t, err)
	for _, want := range []string{
		"Alpha/Build: input artifact Nothing is made by no earlier action",
		"Alpha/Build: EnvironmentVariables: #{Nobody.X}: no earlier action has the namespace Nobody",
		"Alpha/Build: EnvironmentVariables: #{Source.Nope}: the namespace offers RepositoryName",
		"Alpha/Build: EnvironmentVariables: #{codepipeline.Other}: the namespace offers PipelineExecutionId only",
		"Alpha/Build: configuration key BatchEnabled is not understood",
		"Alpha/Build: configuration key PrimarySource is missing",
		"Alpha/Build: EnvironmentVariables: A: type MAGIC is not understood",
		"Alpha/Build: buildspec of project p-Build: phases.deploy: want one of install",
		"Alpha/Build: output artifact Source is made by Source/Source already",
		"Alpha/Deploy: ActionMode DELETE_ONLY is not understood",
		"Alpha/Clone: TemplatePath Source::t.json: a full clone can be used by CodeBuild only",
		`Alpha/Clone: capability " X" is not understood`,
		"Alpha/Clone: ParameterOverrides: want a JSON object of strings",
		"Alpha/Clone: configuration key OutputFileName is not understood",
		"Alpha/Other: configuration key RoleArn is missing",
		"Alpha/Other: TemplatePath B::../t.json: want artifact::file",
		"Alpha/Lambda: owner ThirdParty is not understood",
		"Alpha/Lambda: provider Lambda is not understood",
		"Alpha/Ask: configuration key Emoji is not understood",
		"Alpha/beforeEntry: result ROLLBACK is not understood",
		"Alpha/beforeEntry: rule R: provider LambdaInvoke is not understood",
		"Alpha/beforeEntry: Variable: #{Later.X}: no earlier action has the namespace Later",
		"Alpha/beforeEntry: rule V: operator GT is not understood",
		"Alpha/beforeEntry: rule W: value: error parsing regexp",
		"rule push: event pattern detail.x[0]: operator sounds-like is not understood",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestPlanChecksWhatABuildPromises(t *testing.T) {
	for name, test := range map[string]struct{ spec, want string }{
		"no artifacts":        {`{version: "0.2", phases: {build: {commands: [x]}}}`, "the buildspec has no artifacts, the action has the output B"},
		"secondary missing":   {`{version: "0.2", phases: {build: {commands: [x]}}, artifacts: {secondary-artifacts: {B: {files: [x]}}}}`, "the buildspec has no secondary artifact C"},
		"cache out of /root":  {`{version: "0.2", phases: {build: {commands: [x]}}, artifacts: {secondary-artifacts: {B: {files: [x]}, C: {files: [y]}}}, cache: {paths: [/var/x]}}`, "only paths below /root"},
		"variable not export": {`{version: "0.2", phases: {build: {commands: [x]}}, artifacts: {secondary-artifacts: {B: {files: [x]}, C: {files: [y]}}}}`, "the namespace offers  only"},
	} {
		t.Run(name, func(t *testing.T) {
			a := pipeline()
			build := withBuild(a, assembly.Action{Name: "Build", Namespace: "Build", Outputs: []string{"B", "C"}}, test.spec)
			use := withBuild(a, assembly.Action{Name: "Use", RunOrder: 2, Configuration: map[string]string{
				"EnvironmentVariables": `[{"name":"X","value":"#{Build.X}"}]`}}, `{version: "0.2", phases: {build: {commands: [x]}}}`)
			a.Pipeline.Stages = append(a.Pipeline.Stages, assembly.Stage{Name: "Alpha", Actions: []assembly.Action{build, use}})
			_, err := NewPlan(a)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestActionsOfOneRunOrderCannotUseEachOther(t *testing.T) {
	a := pipeline()
	spec := `{version: "0.2", env: {exported-variables: [V]}, phases: {build: {commands: [x]}}, artifacts: {files: [x]}}`
	first := withBuild(a, assembly.Action{Name: "One", Namespace: "One", Outputs: []string{"A"}}, spec)
	second := withBuild(a, assembly.Action{Name: "Two", Inputs: []string{"A"}}, spec)
	a.Pipeline.Stages = append(a.Pipeline.Stages, assembly.Stage{Name: "Alpha", Actions: []assembly.Action{first, second}})
	_, err := NewPlan(a)
	assert.ErrorContains(t, err, "Alpha/Two: input artifact A is made by no earlier action")
}

func TestPlanWantsOneSourceInTheFirstStage(t *testing.T) {
	a := pipeline()
	again := a.Pipeline.Stages[0].Actions[0]
	again.Outputs, again.Namespace = nil, ""
	a.Pipeline.Stages = append(a.Pipeline.Stages, assembly.Stage{Name: "Late", Actions: []assembly.Action{again}})
	_, err := NewPlan(a)
	assert.ErrorContains(t, err, "Late/Source: a source action must stand in the first stage")
	assert.ErrorContains(t, err, "want exactly one source action, found 2")

	a = pipeline()
	a.Pipeline.Stages[0].Actions[0].Configuration["PollForSourceChanges"] = "true"
	a.Pipeline.Stages[0].Actions[0].Configuration["RepositoryName"] = "other"
	_, err = NewPlan(a)
	assert.ErrorContains(t, err, "polling would start it twice")
	assert.ErrorContains(t, err, "RepositoryName other is not the assembly's repository catalog")
}

func TestPlanTakesAConnectionAsSource(t *testing.T) {
	a := pipeline()
	a.Repository, a.Triggers = nil, nil
	a.Pipeline.Stages[0].Actions[0].Provider = "CodeStarSourceConnection"
	a.Pipeline.Stages[0].Actions[0].Configuration = map[string]string{"ConnectionArn": "arn:aws:codeconnections:eu-west-1:111111111111:connection/c",
		"FullRepositoryId": "owner/name", "BranchName": "main", "OutputArtifactFormat": "CODEBUILD_CLONE_REF"}
	aws := newFakeAWS(t)
	s := newTestSession(t, aws, a, Options{})
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"a": "b"}))
	require.NoError(t, err)
	require.Equal(t, Succeeded, result.Outcome, result.Reason)
	assert.Contains(t, aws.called(), "source-action codeconnections:UseConnection")
	assert.Equal(t, "owner/name", result.Stages[0].Actions[0].Variables["FullRepositoryName"])
	assert.Equal(t, "connection", result.StartedBy)
}

func TestConditionsCompareVariables(t *testing.T) {
	v := newVariables("id")
	v.set("N", map[string]string{"A": "value-1"})
	for name, test := range map[string]struct {
		rule assembly.Rule
		want bool
	}{
		"EQ":           {assembly.Rule{Configuration: map[string]string{"Operator": "EQ", "Value": "value-1"}}, true},
		"NE":           {assembly.Rule{Configuration: map[string]string{"Operator": "NE", "Value": "value-1"}}, false},
		"CONTAINS":     {assembly.Rule{Configuration: map[string]string{"Operator": "CONTAINS", "Value": "lue"}}, true},
		"MATCHES":      {assembly.Rule{Configuration: map[string]string{"Operator": "MATCHES", "Value": "value-[0-9]"}}, true},
		"MATCHES part": {assembly.Rule{Configuration: map[string]string{"Operator": "MATCHES", "Value": "value"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &planner{namespaces: map[string]namespace{"N": {}}}
			test.rule.Provider = "VariableCheck"
			test.rule.Configuration["Variable"] = "#{N.A}"
			c := p.condition("S", assembly.Condition{Result: "SKIP", Rules: []assembly.Rule{test.rule}})
			require.Empty(t, p.problems)
			ok, _, err := c.holds(v)
			require.NoError(t, err)
			assert.Equal(t, test.want, ok)
		})
	}
}

func TestUndefinedVariableIsAnError(t *testing.T) {
	v := newVariables("id")
	text, err := v.expand("#{codepipeline.PipelineExecutionId}")
	require.NoError(t, err)
	assert.Equal(t, "id", text)
	_, err = v.expandAll(map[string]string{"K": "#{Nobody.X} and #{codepipeline.Y}"})
	assert.ErrorContains(t, err, "K: variable #{Nobody.X} has no value")
	assert.ErrorContains(t, err, "#{codepipeline.Y} has no value")
}
