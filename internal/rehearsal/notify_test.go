package rehearsal

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPeopleAreToldThatAnApprovalWaitsAndThatThePipelineFailed(t *testing.T) {
	aws := newFakeAWS(t)
	result, _ := review(t, aws, Decision{Approve: true, How: "test"})
	assert.Equal(t, Succeeded, result.Outcome, result.Reason)
	assert.Equal(t, []string{"STARTED"}, aws.events)

	aws = newFakeAWS(t)
	review(t, aws, Decision{Summary: "no", How: "test"})
	assert.Equal(t, []string{"STARTED", "FAILED"}, aws.events)
}

// TestAMessageThatArrivesNowhereBreaksTheRun: on AWS the pipeline would go on, and nobody would notice that nobody is told.
func TestAMessageThatArrivesNowhereBreaksTheRun(t *testing.T) {
	for _, state := range []string{"STARTED", "FAILED"} {
		t.Run(state, func(t *testing.T) {
			aws := newFakeAWS(t)
			aws.deny("events", state)
			result, _ := review(t, aws, Decision{How: "test"})
			assert.Equal(t, Broken, result.Outcome)
			assert.Contains(t, result.Reason, "rule people would tell nobody: topic arn:aws:sns:r:1:t: no statement allows it")
		})
	}
}
