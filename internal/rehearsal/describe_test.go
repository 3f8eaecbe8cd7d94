package rehearsal

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/assembly"
	"accountfleet/internal/emulator"
	"accountfleet/internal/evidence"
)

func TestNeverUsedComparesPatternsWithWhatWasUsed(t *testing.T) {
	assert.Equal(t, []string{"kms:Decrypt", "s3:PutObject"},
		neverUsed([]string{"s3:Get*", "s3:PutObject", "kms:Decrypt", "STS:AssumeRole", "s3:PutObject"}, []string{"s3:GetObject", "sts:AssumeRole"}))
	assert.Empty(t, neverUsed([]string{"*"}, []string{"s3:GetObject"}))
}

func TestLaunchedResourcesThatAreGoneAreCountedToo(t *testing.T) {
	present := []emulator.Resource{{Account: "1", Region: "r", Stack: "kept", LogicalID: "A", Level: "emulated"}}
	stages := []StageResult{{Actions: []ActionResult{{}, {Evidence: &evidence.Evidence{Products: []evidence.Product{{Resources: []evidence.Resource{
		{Account: "1", Region: "r", Stack: "kept", LogicalID: "A", Level: evidence.Emulated},
		{Account: "1", Region: "r", Stack: "gone", LogicalID: "A", Level: evidence.Modelled},
		{Account: "1", Region: "r", Stack: "gone", LogicalID: "A", Level: evidence.Modelled},
	}}}}}}}}
	gone := launched(stages, present)
	require.Len(t, gone, 1)
	assert.Equal(t, "gone", gone[0].Stack)
	assert.Equal(t, "modelled", gone[0].Level)
}

func TestResultSaysWhatTheRehearsalDoesNotPlay(t *testing.T) {
	a := mending(mendSpec)
	a.Repository.Branch, a.OtherRules = "main", []string{"failures"}
	build := withBuild(a, assembly.Action{Name: "Build"}, `{version: "0.2", phases: {install: {runtime-versions: {python: 3.12, nodejs: 22}, commands: [x]}}}`)
	a.Pipeline.Stages = append(a.Pipeline.Stages, assembly.Stage{Name: "Beta", Actions: []assembly.Action{build}})
	plan, err := NewPlan(a)
	require.NoError(t, err)
	var said []string
	for _, s := range plan.notPlayed() {
		said = append(said, s.What)
	}
	assert.Equal(t, []string{"build image with nodejs 22, python 3.12", "seed of repository catalog",
		"tries of rules scan-failed, and limits of builds at a time", "mail of rules failures"}, said)
}
