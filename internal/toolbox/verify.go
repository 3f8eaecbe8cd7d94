package toolbox

import (
	"context"
	"errors"
	"fmt"
)

// Verify compares every installed tool with its pins, asks each for its version, and returns how many it looked at.
func (t *Toolbox) Verify(ctx context.Context) (int, error) {
	steps, err := t.Plan(nil)
	if err != nil {
		return 0, err
	}
	var mistakes []error
	for _, step := range steps {
		if step.Reason != "" {
			mistakes = append(mistakes, fmt.Errorf("%s: run make tools", step.Reason))
			continue
		}
		if err := t.ask(ctx, step.Tool, step.Place); err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %w: run make tools", step.Tool.Name, err))
		}
	}
	return len(steps), errors.Join(mistakes...)
}
