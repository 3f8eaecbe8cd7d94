// Package evidence holds what an action proved: the file that each stage hands to the reviewer's dossier.
//
// Every action that checks, launches or publishes writes one Evidence as JSON; the dossier and the rehearsal's
// result.json read them. A line here never claims more than was run: each resource says at which Level it was exercised.
package evidence

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"accountfleet/internal/finding"
)

// Level says how a resource was exercised.
type Level string

// Levels from strongest to weakest.
const (
	Launched Level = "launched" // real AWS
	Emulated Level = "emulated" // a stateful backend of the emulator
	Modelled Level = "modelled" // checked against its registry schema, nothing behind it
	NotRun   Level = "not run"  // with a reason
)

// Outcome is the result of an action or a check; Broken is never Passed.
type Outcome string

// The three outcomes of a gate.
const (
	Passed   Outcome = "passed"
	Findings Outcome = "findings"
	Broken   Outcome = "broken"
)

// Evidence is what one action proved.
type Evidence struct {
	Action   string            `json:"action"`  // action name, for example "Consume"
	Outcome  Outcome           `json:"outcome"` //
	Started  time.Time         `json:"started"`
	Finished time.Time         `json:"finished"`
	Checks   []Check           `json:"checks,omitempty"`   // what was checked, with counts
	Products []Product         `json:"products,omitempty"` // what was exercised per product
	Findings []finding.Finding `json:"findings,omitempty"`
	NotRun   []Skipped         `json:"notRun,omitempty"`
}

// Check is a named check and how much it looked at: a check that looked at nothing is broken.
type Check struct {
	Name    string  `json:"name"`    // for example "cfn-guard", "git-secrets", "gherkin"
	Tool    string  `json:"tool"`    // tool and version
	Outcome Outcome `json:"outcome"` //
	Counted int     `json:"counted"` // things looked at
	Unit    string  `json:"unit"`    // what Counted counts: "templates x rules", "objects", "steps"
	Detail  string  `json:"detail,omitempty"`
	Gate    string  `json:"gate,omitempty"`    // the gate of fleet check that it belongs to, for example "policy"
	Seconds float64 `json:"seconds,omitempty"` // wall time
}

// Product is one product exercised by an action.
type Product struct {
	ID        string     `json:"id"`
	Version   string     `json:"version"`
	Steps     []Step     `json:"steps"` // in order: "create", "update", "outputs", "terminate", "residue", ...
	Resources []Resource `json:"resources,omitempty"`
	Used      []string   `json:"used,omitempty"` // actions that the product's launch role was allowed and used; only the emulator tells
}

// Step is one thing done with a product.
type Step struct {
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	Detail  string  `json:"detail,omitempty"`
	Seconds float64 `json:"seconds"`
}

// Resource is one resource of a stack and how it was exercised.
type Resource struct {
	Account   string `json:"account"`
	Region    string `json:"region"`
	Stack     string `json:"stack"`
	LogicalID string `json:"logicalId"`
	Type      string `json:"type"`
	Level     Level  `json:"level"`
}

// Skipped names something that was not run, and why.
type Skipped struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Write stores e as indented JSON at path, creating the folder.
func Write(path string, e Evidence) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	body, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("write evidence %s: %w", path, err)
	}
	if err := os.WriteFile(path, append(body, '\n'), 0o644); err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	return nil
}

// Read loads an Evidence written by Write.
func Read(path string) (Evidence, error) {
	var e Evidence
	body, err := os.ReadFile(path)
	if err != nil {
		return e, fmt.Errorf("read evidence: %w: name the folder that holds it", err)
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("read evidence %s: %w", path, err)
	}
	return e, nil
}
