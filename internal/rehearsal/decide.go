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
	by, err := s.send(ctx, d)
	if err != nil {
		return nil, err
	}
	e, result, err := s.newExecution(newUUID(), "")
	if err != nil {
		return nil, err
	}
	if err := e.happens(ctx, d.happened(s), result); err != nil {
		return nil, err
	}
	for i := range result.Beside {
		result.Beside[i].DecidedBy = by
	}
	result.Outcome, result.StartedBy = Succeeded, "an event of the reviewer"
	if err = e.settle(ctx, result, mostFollowing); err != nil {
		result.Outcome, result.Reason = Broken, err.Error()
	}
	result.Seconds = time.Since(result.Started).Seconds()
	return result, errors.Join(err, result.Write())
}

// send puts the event as the reviewer's role, which must be allowed to, and returns the role's ARN.
func (s *Session) send(ctx context.Context, d EventDecision) (by string, err error) {
	reviewer, err := s.reviewer(ctx)
	if err != nil {
		return "", err
	}
	detail, err := json.Marshal(d.Detail)
	if err != nil {
		return "", fmt.Errorf("decide: %w", err)
	}
	out, err := eventbridge.NewFromConfig(reviewer.config).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: &d.Source, DetailType: &d.DetailType, Detail: aws.String(string(detail))},
	}})
	if err != nil {
		return "", fmt.Errorf("decide as %s: %w", reviewer.arn, err)
	}
	if out.FailedEntryCount > 0 {
		return "", fmt.Errorf("decide as %s: %s", reviewer.arn, aws.ToString(out.Entries[0].ErrorMessage))
	}
	return reviewer.arn, nil
}

// happened is the event as rules get it.
func (d EventDecision) happened(s *Session) map[string]any {
	fields := map[string]any{}
	for key, value := range d.Detail {
		fields[key] = value
	}
	p := s.plan.Assembly.Pipeline
	return map[string]any{
		"version": "0", "id": newUUID(), "source": d.Source, "detail-type": d.DetailType, "account": p.Account, "region": p.Region,
		"time": time.Now().UTC().Format(time.RFC3339), "resources": []any{}, "detail": fields,
	}
}

// happens runs the projects whose rules match a reviewer's event, and adds them to the result.
func (e *execution) happens(ctx context.Context, happened map[string]any, r *Result) error {
	before := len(r.Beside)
	for _, s := range e.session.plan.starters {
		if s.pattern.Match(happened) {
			r.Beside = append(r.Beside, e.start(ctx, s, happened, len(r.Beside)))
		}
	}
	if len(r.Beside) == before {
		return errors.New("the event starts nothing: no rule's pattern matches it")
	}
	return nil
}
