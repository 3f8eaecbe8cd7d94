package rehearsal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/assembly"
)

const scanSpec = `{version: "0.2", env: {shell: bash}, phases: {build: {commands: ["test ! -e leak"]}}}`

const mendSpec = `
version: "0.2"
env: {shell: bash}
phases:
  install: {commands: ["set -eu", "echo preparing"]}
  build:
    commands:
      - test "$COMMAND" = run && test -n "$EXECUTION"
      - git clone -q https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/catalog c
      - cd c && git rm -q leak && git -c user.name=n -c user.email=n@example.com commit -q -m mended && git push -q origin HEAD:refs/heads/main
      - echo "it is gone from $EXECUTION"
`

// mending is a pipeline whose scan fails for a file, and a project beside it that a rule starts then, to take the file away.
func mending(spec string) *assembly.Assembly {
	a := pipeline()
	scan := withBuild(a, assembly.Action{Name: "Scan"}, scanSpec)
	a.Pipeline.Stages = append(a.Pipeline.Stages, assembly.Stage{Name: "Alpha", Actions: []assembly.Action{scan}})
	a.Projects["mend"] = assembly.Project{
		Name: "mend", ARN: "arn:aws:codebuild:eu-west-1:111111111111:project/mend", RoleARN: arn("mender"), Source: "NO_SOURCE",
		Buildspec: spec, TimeoutMinutes: 5, LogGroup: "/logs",
	}
	a.Starters = []assembly.Starter{{
		Name: "scan-failed", RoleARN: arn("starter"), Project: "mend",
		Pattern: map[string]any{"source": []any{"aws.codepipeline"}, "detail": map[string]any{"action": []any{"Scan"}, "state": []any{"FAILED"}}},
		Paths:   map[string]string{"execution": "$.detail.execution-id"},
		Input: `{"environmentVariablesOverride":[{"name":"COMMAND","type":"PLAINTEXT","value":"run"},` +
			`{"name":"EXECUTION","type":"PLAINTEXT","value":<execution>}]}`,
	}}
	return a
}

func TestAFailedActionStartsTheProjectOfItsRuleAndWhatThatStarts(t *testing.T) {
	aws := newFakeAWS(t)
	aws.started = "11111111-2222-4333-8444-555555555555"
	s := newTestSession(t, aws, mending(mendSpec), Options{})
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"product.yaml": "x", "leak": "y"}))
	require.NoError(t, err)
	assert.Equal(t, Failed, result.Outcome, "what was pushed was wrong")
	require.Len(t, result.Beside, 1)
	beside := result.Beside[0]
	assert.Equal(t, "scan-failed", beside.Rule)
	assert.Equal(t, Succeeded, beside.Outcome, beside.Reason)
	assert.Equal(t, []string{"it is gone from " + result.Execution}, beside.Said, "what the last command said, and no line of another")

	require.NotNil(t, result.Next)
	assert.Equal(t, aws.started, result.Next.Execution)
	assert.Equal(t, Succeeded, result.Next.Outcome, result.Next.Reason)
	assert.NotEqual(t, result.Commit, result.Next.Commit)
	assert.Equal(t, "mend", result.Next.StartedBy)
	assert.Nil(t, result.Next.Next)
	for _, want := range []string{"starter codebuild:StartBuild", "mender codecommit:GitPull", "mender codecommit:GitPush", "mender logs:PutLogEvents"} {
		assert.Contains(t, aws.called(), want)
	}
	body, err := os.ReadFile(filepath.Join(result.Folder, "result.json"))
	require.NoError(t, err)
	assert.Contains(t, string(body), `"startedBy": "mend"`)
}

func TestNothingIsStartedWhereNothingFails(t *testing.T) {
	s := newTestSession(t, newFakeAWS(t), mending(mendSpec), Options{})
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"product.yaml": "x"}))
	require.NoError(t, err)
	assert.Equal(t, Succeeded, result.Outcome)
	assert.Empty(t, result.Beside)
	assert.Nil(t, result.Next)
}

func TestAProjectBesideThePipelineHasItsOwnPermissionsOnly(t *testing.T) {
	for name, test := range map[string]struct {
		role, action, want string
		outcome            Outcome
	}{
		"rule":          {"starter", "codebuild:StartBuild", "rule scan-failed: AccessDenied", Broken},
		"rule's trust":  {"starter", "events.amazonaws.com", "cannot take role", Broken},
		"its trust":     {"mender", "codebuild.amazonaws.com", "cannot take role", Broken},
		"pull":          {"mender", "codecommit:GitPull", "may not codecommit:GitPull", Broken},
		"push":          {"mender", "codecommit:GitPush", "command failed", Failed},
		"not to be had": {"", "", "", Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			aws := newFakeAWS(t)
			aws.deny(test.role, test.action)
			s := newTestSession(t, aws, mending(mendSpec), Options{})
			result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"leak": "y"}))
			require.NoError(t, err)
			require.Len(t, result.Beside, 1)
			assert.Equal(t, test.outcome, result.Beside[0].Outcome, result.Beside[0].Reason)
			assert.Contains(t, result.Beside[0].Reason, test.want)
			if test.outcome == Broken {
				assert.Equal(t, 2, result.ExitCode(), "nobody knows what a broken project left")
			} else {
				assert.Equal(t, 1, result.ExitCode())
			}
		})
	}
}

func TestAPipelineThatStartsItselfForEverIsSeen(t *testing.T) {
	aws := newFakeAWS(t)
	aws.started, aws.forever = "11111111-2222-4333-8444-555555555555", true
	s := newTestSession(t, aws, mending(`{version: "0.2", env: {shell: bash}, phases: {build: {commands: ["true"]}}}`), Options{})
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"leak": "y"}))
	require.NoError(t, err)
	last := result
	for n := 0; last.Next != nil; n++ {
		require.Less(t, n, 10)
		last = last.Next
	}
	assert.Equal(t, Broken, last.Outcome)
	assert.Contains(t, last.Reason, "would go on for ever")
}

func TestAPushWhileTheTriggersRuleIsDisabledStartsNothing(t *testing.T) {
	aws := newFakeAWS(t)
	aws.disabled = true
	s := newTestSession(t, aws, mending(mendSpec), Options{})
	_, err := s.Push(t.Context(), catalogDir(t, map[string]string{"product.yaml": "x"}))
	assert.ErrorIs(t, err, errNotStarted)
	assert.ErrorContains(t, err, "rule push is disabled")
}

func TestAReviewerDecidesByAnEventThatARuleTakes(t *testing.T) {
	a := mending(`{version: "0.2", env: {shell: bash}, phases: {build: {commands: ["echo \"decided: $WORD\""]}}}`)
	a.Starters[0].Pattern = map[string]any{"source": []any{"mine"}, "detail": map[string]any{"word": []any{"undo"}}}
	a.Starters[0].Paths = map[string]string{"word": "$.detail.word"}
	a.Starters[0].Input = `{"environmentVariablesOverride":[{"name":"WORD","type":"PLAINTEXT","value":<word>}]}`
	aws := newFakeAWS(t)
	s := newTestSession(t, aws, a, Options{})
	result, err := s.Decide(t.Context(), EventDecision{Source: "mine", DetailType: "Decided", Detail: map[string]string{"word": "undo"}})
	require.NoError(t, err)
	assert.Equal(t, Succeeded, result.Outcome, result.Reason)
	assert.Equal(t, []string{"decided: undo"}, result.Beside[0].Said)
	assert.Contains(t, aws.called(), "reviewer PutEvents")
	_, err = s.Decide(t.Context(), EventDecision{Source: "mine", DetailType: "Decided", Detail: map[string]string{"word": "dance"}})
	assert.ErrorContains(t, err, "the event starts nothing")
}

func TestRulesThatAreNotUnderstoodArePlanningErrors(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*assembly.Assembly)
		want   string
	}{
		"another input": {func(a *assembly.Assembly) { a.Starters[0].Input = `{"buildspecOverride":"x"}` }, "environmentVariablesOverride and nothing else"},
		"quoted": {func(a *assembly.Assembly) {
			a.Starters[0].Input = `{"environmentVariablesOverride":[{"name":"N","value":"<execution>"}]}`
		}, "input"},
		"pattern": {func(a *assembly.Assembly) { a.Starters[0].Pattern = map[string]any{} }, "would match every event"},
		"source": {func(a *assembly.Assembly) {
			p := a.Projects["mend"]
			p.Source = "CODEPIPELINE"
			a.Projects["mend"] = p
		}, "needs NO_SOURCE"},
	} {
		t.Run(name, func(t *testing.T) {
			a := mending(mendSpec)
			test.change(a)
			_, err := NewPlan(a)
			assert.ErrorContains(t, err, test.want)
		})
	}
}
