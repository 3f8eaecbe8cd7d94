package publish

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"accountfleet/internal/bundle"
	"accountfleet/internal/config"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
)

// Planned is the outcome of MakePlan.
type Planned struct {
	Plan      *plan.Plan
	Rendering string
	Stacks    []string
	Changes   bool // something would be published
}

// MakePlan reads the ledger, merges the package into it and renders the result: out/plan.json and out/rendered/.
func MakePlan(ctx context.Context, s *config.Settings, b *bundle.Bundle, reader ledger.Reader, app Renderer, out string) (Planned, error) {
	entries, err := reader.Entries(ctx)
	if err != nil {
		return Planned{}, err
	}
	state, err := ledger.Reduce(entries)
	if err != nil {
		return Planned{}, err
	}
	made, err := plan.Make(s, b, state)
	if errors.Is(err, plan.ErrConflict) {
		return Planned{}, &Refusal{Message: err.Error()}
	}
	if err != nil {
		return Planned{}, err
	}
	file := filepath.Join(out, "plan.json")
	if err := plan.Write(file, made); err != nil {
		return Planned{}, err
	}
	rendered := filepath.Join(out, "rendered")
	stacks, err := app.Render(ctx, file, rendered, s, false)
	if err != nil {
		return Planned{}, err
	}
	problems, err := Exceeds(rendered)
	if err != nil {
		return Planned{}, err
	}
	if len(problems) > 0 {
		return Planned{}, &Refusal{Message: fmt.Sprint(problems[0])}
	}
	digest, err := plan.Rendering(rendered)
	return Planned{Plan: made, Rendering: digest, Stacks: stacks, Changes: Changes(made, digest, state.Rendering)}, err
}
