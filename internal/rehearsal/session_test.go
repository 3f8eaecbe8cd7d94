package rehearsal

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/assembly"
)

const checkSpec = `
version: 0.2
env: {shell: bash, exported-variables: [CHANGES]}
phases:
  install: {commands: ["set -euo pipefail", "export STATE=kept"]}
  build:
    commands:
      - test -d .git && test "$STATE" = kept
      - git rev-parse HEAD > head
      - export CHANGES=3
      - mkdir evidence && cp product.yaml evidence/ && env | sort > evidence/environment
artifacts: {base-directory: evidence, files: ["**/*"]}
`

const useSpec = `
version: 0.2
env: {shell: bash}
phases:
  build:
    commands:
      - set -eu
      - test "$CHANGES" = 3
      - cmp product.yaml "$CODEBUILD_SRC_DIR_Source/product.yaml"
`

// twoStages is a pipeline that checks and then uses what was checked.
func twoStages() *assembly.Assembly {
	a := pipeline()
	check := withBuild(a, assembly.Action{Name: "Check", Namespace: "Check", Outputs: []string{"Checked"}}, checkSpec,
		assembly.Variable{Name: "GIVEN", Value: "by project", Type: "PLAINTEXT"})
	use := withBuild(a, assembly.Action{Name: "Use", Inputs: []string{"Checked", "Source"}, Configuration: map[string]string{
		"PrimarySource": "Checked", "EnvironmentVariables": `[{"name":"CHANGES","value":"#{Check.CHANGES}"}]`}}, useSpec)
	a.Pipeline.Stages = append(a.Pipeline.Stages,
		assembly.Stage{Name: "Alpha", Actions: []assembly.Action{check}},
		assembly.Stage{Name: "Beta", Actions: []assembly.Action{use}, Entry: []assembly.Condition{{Result: "SKIP", Rules: []assembly.Rule{{
			Name: "Changed", Provider: "VariableCheck", Configuration: map[string]string{"Variable": "#{Check.CHANGES}", "Operator": "NE", "Value": "0"}}}}}})
	return a
}

func TestPushRunsThePipelineWithTheRolesOfTheAssembly(t *testing.T) {
	aws := newFakeAWS(t)
	s := newTestSession(t, aws, twoStages(), Options{})
	t.Setenv("SECRET_OF_THE_MACHINE", "hidden")
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"product.yaml": "name: x\n"}))
	require.NoError(t, err)

	require.Equal(t, Succeeded, result.Outcome, result.Reason)
	assert.Equal(t, "push", result.StartedBy, "the rule of the assembly decided")
	assert.Equal(t, "3", result.Stages[1].Actions[0].Variables["CHANGES"])
	assert.Equal(t, 0, result.ExitCode())
	calls := aws.called()
	for _, want := range []string{
		"engineer codecommit:GitPush", "trigger codepipeline:StartPipelineExecution", "pipeline AssumeRole",
		"source-action codecommit:GetBranch", "source-action s3:PutObject",
		"start-Check codebuild:StartBuild", "build-Check codecommit:GitPull", "build-Check logs:PutLogEvents",
		"build-Check s3:GetObject", "build-Check s3:PutObject", "build-Use s3:GetObject",
	} {
		assert.Contains(t, calls, want)
	}

	environment, err := os.ReadFile(filepath.Join(result.Folder, "artifacts", "Checked", "environment"))
	require.NoError(t, err)
	assert.NotContains(t, string(environment), "hidden")
	assert.Contains(t, string(environment), "GIVEN=by project")
	assert.Contains(t, string(environment), "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:")
	assert.NotContains(t, string(environment), "AWS_ACCESS_KEY_ID")

	assert.FileExists(t, filepath.Join(result.Folder, "result.json"))
	assert.Equal(t, 1, result.Resources.Emulated)
	assert.Equal(t, 1, result.Resources.Modelled)
	assert.Equal(t, []Unused{{Role: arn("pipeline"), Actions: []string{"sts:AssumeRole"}}}, result.Unused)
}

func TestMissingPermissionBreaksTheRun(t *testing.T) {
	for name, test := range map[string]struct{ role, action, want string }{
		"push":                    {"engineer", "codecommit:GitPush", "may not push refs/heads/main"},
		"rule may not start":      {"trigger", "codepipeline:StartPipelineExecution", "rule push: AccessDenied"},
		"rule's role not trusted": {"trigger", "events.amazonaws.com", "events.amazonaws.com cannot take role"},
		"source":                  {"source-action", "codecommit:GetCommit", "may not codecommit:GetCommit"},
		"bucket":                  {"source-action", "s3:PutObject", "AccessDenied"},
		"input":                   {"build-Check", "s3:GetObject", "get artifact Source"},
		"build":                   {"start-Check", "codebuild:StartBuild", "may not codebuild:StartBuild"},
		"clone":                   {"build-Check", "codecommit:GitPull", "may not codecommit:GitPull"},
		"project's trust":         {"build-Check", "codebuild.amazonaws.com", "cannot take role"},
		"pipeline's trust":        {"pipeline", "codepipeline.amazonaws.com", "cannot take role"},
		"action role":             {"pipeline", "AssumeRole", "pipeline cannot assume"},
	} {
		t.Run(name, func(t *testing.T) {
			aws := newFakeAWS(t)
			aws.deny(test.role, test.action)
			s := newTestSession(t, aws, twoStages(), Options{})
			result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"product.yaml": "x"}))
			if err == nil {
				assert.Equal(t, Broken, result.Outcome)
				assert.Equal(t, 2, result.ExitCode())
				err = errors.New(result.Reason)
			}
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestStageIsSkippedWhenItsConditionDoesNotHold(t *testing.T) {
	a := twoStages()
	project := a.Projects["p-Check"]
	project.Buildspec = `{version: "0.2", env: {shell: bash, exported-variables: [CHANGES]}, phases: {build: {commands: ["export CHANGES=0; echo > e"]}}, artifacts: {files: [e]}}`
	a.Projects["p-Check"] = project
	s := newTestSession(t, newFakeAWS(t), a, Options{})
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"product.yaml": "x"}))
	require.NoError(t, err)
	assert.Equal(t, Succeeded, result.Outcome)
	assert.Equal(t, Skipped, result.Stages[2].Outcome)
	assert.Equal(t, `Changed: Check.CHANGES is "0", want NE "0"`, result.Stages[2].Reason)
	assert.Empty(t, result.Stages[2].Actions)
	assert.Equal(t, "stage Beta", result.NotRun[0].What)
}

func TestFailingBuildStopsThePipelineAndItsExitStatusSaysWhoseFaultItIs(t *testing.T) {
	for name, test := range map[string]struct {
		command string
		want    Outcome
		code    int
	}{
		"findings": {"exit 1", Failed, 1}, "broken": {"exit 2", Broken, 2}, "no such tool": {"nosuchtool", Broken, 2},
	} {
		t.Run(name, func(t *testing.T) {
			a := twoStages()
			project := a.Projects["p-Check"]
			project.Buildspec = `{version: "0.2", env: {shell: bash, exported-variables: [CHANGES]}, phases: {build: {commands: ["` + test.command + `"]}}, artifacts: {files: [e]}}`
			a.Projects["p-Check"] = project
			s := newTestSession(t, newFakeAWS(t), a, Options{})
			result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"product.yaml": "x"}))
			require.NoError(t, err)
			assert.Equal(t, test.want, result.Outcome)
			assert.Equal(t, test.code, result.ExitCode())
			assert.Contains(t, result.Reason, "Alpha/Check: build: command failed with exit status")
			assert.Equal(t, NotRun, result.Stages[2].Outcome)
			assert.Equal(t, "Alpha "+string(test.want), result.Stages[2].Reason)
		})
	}
}

func TestExecutionStopsAfterTheStageThatWasAskedFor(t *testing.T) {
	s := newTestSession(t, newFakeAWS(t), twoStages(), Options{To: "Alpha"})
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"product.yaml": "x"}))
	require.NoError(t, err)
	assert.Equal(t, Succeeded, result.Outcome)
	assert.Equal(t, "stopped after Alpha, as asked", result.Stages[2].Reason)
}

func TestHookStepsInBeforeAnAction(t *testing.T) {
	var seen []string
	s := newTestSession(t, newFakeAWS(t), twoStages(), Options{Hooks: Hooks{BeforeAction: func(_ context.Context, stage, action string) error {
		seen = append(seen, stage+"/"+action)
		if action == "Use" {
			return errors.New("not today")
		}
		return nil
	}}})
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"product.yaml": "x"}))
	require.NoError(t, err)
	assert.Equal(t, []string{"Source/Source", "Alpha/Check", "Beta/Use"}, seen)
	assert.Equal(t, Broken, result.Outcome)
	assert.Contains(t, result.Reason, "not today")
}

func TestSecondPushFollowsTheFirst(t *testing.T) {
	s := newTestSession(t, newFakeAWS(t), twoStages(), Options{To: "Source"})
	first, err := s.Push(t.Context(), catalogDir(t, map[string]string{"product.yaml": "one"}))
	require.NoError(t, err)
	dir := catalogDir(t, map[string]string{"product.yaml": "two"})
	second, err := s.Push(t.Context(), dir)
	require.NoError(t, err)
	parent, err := s.repository.git(t.Context(), "rev-parse", second.Commit+"^")
	require.NoError(t, err)
	assert.Equal(t, first.Commit, parent)

	third, err := s.Push(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, second.Commit, third.Commit)
	assert.Equal(t, "release change", third.StartedBy)
}

func TestNothingIsStartedForAnAssemblyThatIsWrong(t *testing.T) {
	_, err := Open(t.Context(), Options{
		Project: t.TempDir(), Assembly: t.TempDir(), Programs: Programs{CDK: []string{"false"}, Python: "python3"},
		Start: func(context.Context, io.Writer) (string, func(context.Context) error, error) {
			t.Error("the emulator was started")
			return "", nil, errors.New("started")
		},
	})
	assert.ErrorContains(t, err, "manifest.json")
}

func TestAStageThatIsNotThereIsAnsweredWithThoseThatAre(t *testing.T) {
	plan, err := NewPlan(twoStages())
	require.NoError(t, err)
	s := &Session{options: Options{To: "beta"}}
	assert.EqualError(t, s.checkOptions(plan), "--to beta: the pipeline has no such stage: choose one of Source, Alpha, Beta")
	s.options.To = "Beta"
	assert.NoError(t, s.checkOptions(plan))
}
