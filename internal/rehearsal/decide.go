package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// EventDecision is a decision that a reviewer makes by aws events put-events.
type EventDecision struct {
	Source     string
	DetailType string
	Detail     map[string]string
}

// Decide puts an event as the reviewer's role, and runs the projects that its rules start, and the executions that follow. The result has
// no stages of its own: nothing was pushed.
func (s *Session) Decide(ctx context.Context, d EventDecision) (*Result, error) {
	reviewer, err := s.reviewer(ctx)
	if err != nil {
		return nil, err
	}
	detail, err := json.Marshal(d.Detail)
	if err != nil {
		return nil, fmt.Errorf("decide: %w", err)
	}
	out, err := eventbridge.NewFromConfig(reviewer.config).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: &d.Source, DetailType: &d.DetailType, Detail: aws.String(string(detail))},
	}})
	if err != nil {
		return nil, fmt.Errorf("decide as %s: %w", reviewer.arn, err)
	}
	if out.FailedEntryCount > 0 {
		return nil, fmt.Errorf("decide as %s: %s", reviewer.arn, aws.ToString(out.Entries[0].ErrorMessage))
	}
	e, result, err := s.newExecution(newUUID(), "")
	if err != nil {
		return nil, err
	}
	p := s.plan.Assembly.Pipeline
	fields := map[string]any{}
	for key, value := range d.Detail {
		fields[key] = value
	}
	happened := map[string]any{
		"version": "0", "id": newUUID(), "source": d.Source, "detail-type": d.DetailType, "account": p.Account, "region": p.Region,
		"time": time.Now().UTC().Format(time.RFC3339), "resources": []any{}, "detail": fields,
	}
	for _, starter := range s.plan.starters {
		if starter.pattern.Match(happened) {
			result.Beside = append(result.Beside, e.start(ctx, starter, happened))
		}
	}
	if len(result.Beside) == 0 {
		return nil, errors.New("the event starts nothing: no rule's pattern matches it")
	}
	result.Outcome, result.StartedBy = Succeeded, "an event of the reviewer"
	result.weigh()
	err = s.follow(ctx, result, mostFollowing)
	result.Seconds = time.Since(result.Started).Seconds()
	return result, errors.Join(err, result.Write())
}
