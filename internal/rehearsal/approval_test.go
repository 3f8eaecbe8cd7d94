package rehearsal

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/assembly"
)

// review rehearses a pipeline that makes a page and asks about it.
func review(t *testing.T, aws *fakeAWS, decision Decision) (result *Result, asked Question) {
	t.Helper()
	a := pipeline()
	build := withBuild(a, assembly.Action{Name: "Dossier", Namespace: "Dossier", Outputs: []string{"Dossier"}},
		`{version: "0.2", env: {exported-variables: [URL, TEXT]}, phases: {build: {commands: [mkdir out, 'echo page > out/index.html', 'export URL=https://page TEXT="two products"']}},
		  artifacts: {base-directory: out, files: ["**/*"]}}`)
	approve := assembly.Action{Name: "Approve", Category: "Approval", Owner: "AWS", Provider: "Manual", RunOrder: 2, Region: "eu-west-1",
		Configuration: map[string]string{"ExternalEntityLink": "#{Dossier.URL}", "CustomData": "#{Dossier.TEXT}"}}
	after := withBuild(a, assembly.Action{Name: "After", RunOrder: 3}, `{version: "0.2", phases: {build: {commands: ["true"]}}}`)
	a.Pipeline.Stages = append(a.Pipeline.Stages, assembly.Stage{Name: "Prod", Actions: []assembly.Action{build, approve, after}})
	s := newTestSession(t, aws, a, Options{Approve: func(_ context.Context, q Question) (Decision, error) {
		asked = q
		return decision, nil
	}})
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"a": "b"}))
	require.NoError(t, err)
	return result, asked
}

func TestApprovalIsGivenAsTheReviewersRole(t *testing.T) {
	aws := newFakeAWS(t)
	result, asked := review(t, aws, Decision{Approve: true, Summary: "fine", How: "test"})
	require.Equal(t, Succeeded, result.Outcome, result.Reason)
	assert.Equal(t, Question{Stage: "Prod", Action: "Approve", Comments: "two products", Link: "https://page",
		Page: result.Folder + "/artifacts/Dossier/index.html"}, asked)
	calls := aws.called()
	assert.Contains(t, calls, "111111111111 CreateRole", "somebody whom the reviewer's role trusts")
	assert.Contains(t, calls, "rehearsal-approver AssumeRole")
	assert.Contains(t, calls, "reviewer PutApprovalResult")
	assert.Equal(t, "reviewer", result.Stages[1].Actions[1].DecidedBy)
	assert.Contains(t, string(aws.pipeline), `"lastUpdatedBy":"reviewer"`, "later actions can read who approved")
	assert.Contains(t, string(aws.pipeline), `"summary":"fine"`)
}

func TestRejectionStopsTheStage(t *testing.T) {
	result, _ := review(t, newFakeAWS(t), Decision{Summary: "not on a Friday", How: "test"})
	assert.Equal(t, Rejected, result.Outcome)
	assert.Equal(t, 1, result.ExitCode())
	assert.Equal(t, "Prod/Approve: rejected: not on a Friday", result.Reason)
	assert.Len(t, result.Stages[1].Actions, 2, "what follows is not run")
}

func TestReviewerWhoMayNotApproveBreaksTheRun(t *testing.T) {
	aws := newFakeAWS(t)
	aws.deny("rehearsal-approver", "AssumeRole")
	result, _ := review(t, aws, Decision{Approve: true})
	assert.Equal(t, Broken, result.Outcome)
	assert.Contains(t, result.Reason, "cannot assume "+arn("reviewer"))
}
