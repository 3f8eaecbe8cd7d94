package rehearsal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/assembly"
)

// deploy rehearses a pipeline whose last action is a CloudFormation action on a template that a build made.
func deploy(t *testing.T, aws *fakeAWS, template string, configuration map[string]string) (*Result, ActionResult) {
	t.Helper()
	a := pipeline()
	build := withBuild(a, assembly.Action{Name: "Package", Namespace: "Package", Outputs: []string{"Package"}},
		`{version: "0.2", env: {exported-variables: [ID]}, phases: {build: {commands: [mkdir out, 'cp template.json out/', 'export ID=port-9']}}, artifacts: {base-directory: out, files: ["**/*"]}}`)
	action := assembly.Action{Name: "Deploy", Category: "Deploy", Owner: "AWS", Provider: "CloudFormation", RunOrder: 2, Region: "eu-west-1",
		RoleARN: arn("deploy"), Namespace: "Stack", Inputs: []string{"Package"}, Configuration: map[string]string{"StackName": "s", "RoleArn": arn("cloudformation"),
			"TemplatePath": "Package::template.json", "Capabilities": "CAPABILITY_NAMED_IAM", "ParameterOverrides": `{"PortfolioId":"#{Package.ID}"}`}}
	for key, value := range configuration {
		action.Configuration[key] = value
	}
	if action.Configuration["ActionMode"] == "CHANGE_SET_EXECUTE" {
		delete(action.Configuration, "TemplatePath")
	}
	a.Pipeline.Stages = append(a.Pipeline.Stages, assembly.Stage{Name: "Prod", Actions: []assembly.Action{build, action}})
	s := newTestSession(t, aws, a, Options{})
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"template.json": template}))
	require.NoError(t, err)
	require.Len(t, result.Stages[1].Actions, 2, result.Reason)
	return result, result.Stages[1].Actions[1]
}

func TestStackActionsDoWhatCodePipelineDoes(t *testing.T) {
	for name, test := range map[string]struct {
		stack   fakeStack
		mode    string
		outcome Outcome
		says    string
	}{
		"create":                       {fakeStack{next: "CREATE_COMPLETE"}, "CREATE_UPDATE", Succeeded, "created"},
		"update":                       {fakeStack{status: "CREATE_COMPLETE", next: "UPDATE_COMPLETE"}, "CREATE_UPDATE", Succeeded, "updated"},
		"nothing to update":            {fakeStack{status: "CREATE_COMPLETE"}, "CREATE_UPDATE", Succeeded, "unchanged"},
		"failed update":                {fakeStack{status: "CREATE_COMPLETE", next: "UPDATE_ROLLBACK_COMPLETE"}, "CREATE_UPDATE", Failed, "stack s ended in UPDATE_ROLLBACK_COMPLETE: Bucket: the name is taken"},
		"failed create":                {fakeStack{next: "ROLLBACK_COMPLETE"}, "CREATE_UPDATE", Failed, "stack s ended in ROLLBACK_COMPLETE"},
		"first change set":             {fakeStack{}, "CHANGE_SET_REPLACE", Succeeded, "1 changes"},
		"change set of a rejected one": {fakeStack{status: "REVIEW_IN_PROGRESS", change: "CREATE_COMPLETE"}, "CHANGE_SET_REPLACE", Succeeded, "1 changes"},
		"empty change set":             {fakeStack{status: "CREATE_COMPLETE", changeReason: "The submitted information didn't contain changes."}, "CHANGE_SET_REPLACE", Succeeded, "no change"},
		"failed change set":            {fakeStack{status: "CREATE_COMPLETE", changeReason: "No export named x found."}, "CHANGE_SET_REPLACE", Failed, "change set c of stack s failed: No export named x found."},
		"execute":                      {fakeStack{status: "REVIEW_IN_PROGRESS", change: "CREATE_COMPLETE", next: "CREATE_COMPLETE"}, "CHANGE_SET_EXECUTE", Succeeded, "created"},
		"execute an update":            {fakeStack{status: "UPDATE_COMPLETE", change: "CREATE_COMPLETE", next: "UPDATE_COMPLETE"}, "CHANGE_SET_EXECUTE", Succeeded, "updated"},
		"execute an empty one":         {fakeStack{status: "CREATE_COMPLETE", change: "FAILED", changeReason: "No updates are to be performed."}, "CHANGE_SET_EXECUTE", Succeeded, "no change"},
		"execute what is not there":    {fakeStack{status: "CREATE_COMPLETE"}, "CHANGE_SET_EXECUTE", Failed, "ChangeSet [x] does not exist"},
		"execute that fails":           {fakeStack{status: "CREATE_COMPLETE", change: "CREATE_COMPLETE", next: "UPDATE_ROLLBACK_COMPLETE"}, "CHANGE_SET_EXECUTE", Failed, "the name is taken"},
	} {
		t.Run(name, func(t *testing.T) {
			aws := newFakeAWS(t)
			aws.stack = test.stack
			configuration := map[string]string{"ActionMode": test.mode}
			if test.mode != "CREATE_UPDATE" {
				configuration["ChangeSetName"] = "c"
			}
			result, action := deploy(t, aws, `{"Resources": {}}`, configuration)
			assert.Equal(t, test.outcome, action.Outcome, action.Reason)
			assert.Contains(t, action.Summary+action.Reason, test.says)
			assert.Equal(t, test.outcome == Succeeded, result.ExitCode() == 0)
			if test.outcome == Succeeded && test.mode != "CHANGE_SET_REPLACE" {
				assert.Equal(t, "port-1", action.Variables["PortfolioId"], "outputs are variables")
			}
		})
	}
}

func TestStackActionActsAsItsRoleWithVariablesInItsParameters(t *testing.T) {
	aws := newFakeAWS(t)
	aws.stack.next = "CREATE_COMPLETE"
	_, action := deploy(t, aws, `{"Resources": {}}`, map[string]string{"ActionMode": "CREATE_UPDATE"})
	require.Equal(t, Succeeded, action.Outcome, action.Reason)
	assert.Equal(t, `{"Resources": {}}`, aws.stack.template)
	assert.Equal(t, "PortfolioId=port-9", aws.stack.parameters)
	for _, want := range []string{"deploy s3:GetObject", "deploy CreateStack", "deploy iam:PassRole"} {
		assert.Contains(t, aws.called(), want)
	}
}

func TestLargeTemplateIsHandedOverInS3(t *testing.T) {
	aws := newFakeAWS(t)
	aws.stack.next = "CREATE_COMPLETE"
	_, action := deploy(t, aws, `{"Description": "`+strings.Repeat("x", bodyLimit)+`"}`, map[string]string{"ActionMode": "CREATE_UPDATE"})
	require.Equal(t, Succeeded, action.Outcome, action.Reason)
	assert.Equal(t, "https://store.s3.eu-west-1.amazonaws.com/pipeline/Package/template-Deploy.json", aws.stack.template)
	assert.Contains(t, aws.called(), "pipeline s3:PutObject")
}

func TestStackActionNeedsItsPermissions(t *testing.T) {
	for name, test := range map[string]struct{ denied, want string }{
		"artifact":  {"s3:GetObject", "get artifact Package"},
		"pass role": {"iam:PassRole", "may not iam:PassRole"},
		"describe":  {"DescribeStacks", "AccessDenied"},
		"create":    {"CreateStack", "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			aws := newFakeAWS(t)
			aws.stack.next = "CREATE_COMPLETE"
			aws.deny("deploy", test.denied)
			result, action := deploy(t, aws, `{}`, map[string]string{"ActionMode": "CREATE_UPDATE"})
			assert.Equal(t, Broken, action.Outcome, "a missing permission is no fault of the push")
			assert.Contains(t, action.Reason, test.want)
			assert.Equal(t, 2, result.ExitCode())
		})
	}
}

func TestTemplateThatThePackageLacksIsAFailure(t *testing.T) {
	_, action := deploy(t, newFakeAWS(t), `{}`, map[string]string{"ActionMode": "CREATE_UPDATE", "TemplatePath": "Package::rendered/other.json"})
	assert.Equal(t, Failed, action.Outcome)
	assert.Equal(t, "artifact Package holds no file rendered/other.json", action.Reason)
}
