package rehearsal

import (
	"context"
	"fmt"
	"time"
)

// notify sends EventBridge an event of the pipeline, and wants each topic that a rule names to hear of it. On AWS the execution would go
// on and nobody would be told, which nobody sees; so here it is broken.
func (e *execution) notify(ctx context.Context, happened map[string]any) error {
	p := e.session.plan.Assembly.Pipeline
	deliveries, err := e.session.emulator.Happened(ctx, p.Account, p.Region, happened)
	if err != nil {
		return fmt.Errorf("send an event: %w", err)
	}
	for _, d := range deliveries {
		if !d.Delivered {
			return fmt.Errorf("rule %s would tell nobody: topic %s: %s", d.Rule, d.Target, d.Reason)
		}
	}
	return nil
}

// changed is what CodePipeline tells EventBridge of an action. Source: CodePipeline user guide, "Monitoring CodePipeline events".
func (e *execution) changed(stage string, action ActionResult, category, state string) map[string]any {
	return e.event("CodePipeline Action Execution State Change", map[string]any{
		"stage": stage, "action": action.Name, "state": state, "region": e.session.plan.Assembly.Pipeline.Region,
		"type": map[string]any{"owner": "AWS", "category": category, "provider": action.Provider, "version": "1"},
	})
}

// ended is what CodePipeline tells EventBridge of an execution that failed.
func (e *execution) ended() map[string]any {
	return e.event("CodePipeline Pipeline Execution State Change", map[string]any{"state": "FAILED"})
}

func (e *execution) event(kind string, detail map[string]any) map[string]any {
	p := e.session.plan.Assembly.Pipeline
	detail["pipeline"], detail["execution-id"], detail["version"] = p.Name, e.id, 1.0
	return map[string]any{
		"version": "0", "id": newUUID(), "source": "aws.codepipeline", "detail-type": kind, "account": p.Account, "region": p.Region,
		"time": time.Now().UTC().Format(time.RFC3339), "resources": []any{p.ARN}, "detail": detail,
	}
}
