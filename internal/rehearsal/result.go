package rehearsal

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"accountfleet/internal/emulator"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/ledger"
)

// Outcome is how an action, a stage or a whole execution ended.
type Outcome string

// Outcomes. Failed means that what was pushed is wrong; Broken that the pipeline, a tool or the machine is.
const (
	Succeeded Outcome = "succeeded"
	Failed    Outcome = "failed"
	Rejected  Outcome = "rejected"
	Broken    Outcome = "broken"
	Skipped   Outcome = "skipped" // by the stage's own condition
	NotRun    Outcome = "not run"
)

// Result is result.json: what one execution did, and what it proved.
type Result struct {
	Format    int                `json:"format"` // 1
	Outcome   Outcome            `json:"outcome"`
	Reason    string             `json:"reason,omitempty"` // of an outcome other than succeeded
	Pipeline  string             `json:"pipeline"`
	Execution string             `json:"execution"`
	Catalog   string             `json:"catalog"`   // folder that was pushed
	Commit    string             `json:"commit"`    // commit of the copy that was pushed
	StartedBy string             `json:"startedBy"` // rule that started the pipeline, or "release change"
	Started   time.Time          `json:"started"`
	Seconds   float64            `json:"seconds"`
	Folder    string             `json:"folder"` // run folder
	Notes     []string           `json:"notes,omitempty"`
	Stages    []StageResult      `json:"stages"`
	Beside    []BesideResult     `json:"beside,omitempty"` // projects that rules started because actions failed
	Next      *Result            `json:"next,omitempty"`   // execution that one of those started; its findings and resources are its own
	Published []ledger.Ref       `json:"published,omitempty"`
	Findings  []finding.Finding  `json:"findings,omitempty"`
	Resources Resources          `json:"resources"`
	NotRun    []evidence.Skipped `json:"notRun,omitempty"`
	Unused    []Unused           `json:"permissionsNeverUsed,omitempty"`
}

// StageResult is one stage.
type StageResult struct {
	Name    string         `json:"name"`
	Outcome Outcome        `json:"outcome"`
	Reason  string         `json:"reason,omitempty"`
	Seconds float64        `json:"seconds"`
	Actions []ActionResult `json:"actions,omitempty"`
}

// ActionResult is one action.
type ActionResult struct {
	Name      string             `json:"name"`
	Provider  string             `json:"provider"`
	RunOrder  int                `json:"runOrder"`
	Outcome   Outcome            `json:"outcome"`
	Summary   string             `json:"summary,omitempty"`
	Reason    string             `json:"reason,omitempty"`
	DecidedBy string             `json:"decidedBy,omitempty"` // ARN of who approved or rejected
	Started   time.Time          `json:"started,omitzero"`
	Seconds   float64            `json:"seconds"`
	Log       string             `json:"log,omitempty"`
	Variables map[string]string  `json:"variables,omitempty"`
	Artifacts []string           `json:"artifacts,omitempty"`
	Evidence  *evidence.Evidence `json:"evidence,omitempty"`
}

// BesideResult is a project that a rule started beside the pipeline.
type BesideResult struct {
	Rule string `json:"rule"`
	ActionResult
	Said     []string        `json:"said,omitempty"`     // lines that its last command wrote
	Decision *DecisionResult `json:"decision,omitempty"` // what it left to a person; what that started comes after it
}

// DecisionResult is what a person decided about what a build left to them.
type DecisionResult struct {
	Ruled   Ruled             `json:"ruled"`
	How     string            `json:"how"`
	Summary string            `json:"summary,omitempty"`
	By      string            `json:"by,omitempty"` // ARN of who sent the event
	Detail  map[string]string `json:"detail"`       // of the event that was sent, or could have been
	Command string            `json:"command"`      // by which a reviewer sends it, as the build told people
}

// Resources says how the resources of all stacks were exercised.
type Resources struct {
	Emulated int                 `json:"emulated"` // a stateful backend holds them
	Modelled int                 `json:"modelled"` // checked against their registry schema, nothing behind them
	List     []emulator.Resource `json:"list"`
}

// Unused are permissions of a role that nothing used.
type Unused struct {
	Role    string   `json:"role"`
	Actions []string `json:"actions"`
}

// ExitCode is what the process should end with: 0 for a success, 1 if what was pushed is wrong or was rejected, 2 if something is broken.
// The worst of all executions decides.
func (r *Result) ExitCode() int {
	worst := 0
	for ; r != nil; r = r.Next {
		switch r.Outcome {
		case Succeeded:
		case Failed, Rejected:
			worst = max(worst, 1)
		default:
			return 2
		}
	}
	return worst
}

// Write stores the result as result.json in its run folder.
func (r *Result) Write() error {
	body, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	if err := os.WriteFile(filepath.Join(r.Folder, "result.json"), append(body, '\n'), 0o644); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// weigh lets a project beside the pipeline decide that failed where nothing else did, or that is broken: nobody would know what it left.
// One that stopped for a person is no failure any more after that person had it done.
func (r *Result) weigh() {
	for _, b := range r.Beside {
		if b.Outcome == Failed && b.Decision != nil && b.Decision.Ruled == Sent {
			continue
		}
		if b.Outcome == Broken && r.Outcome != Broken || b.Outcome == Failed && r.Outcome == Succeeded {
			r.Outcome, r.Reason = b.Outcome, b.Name+": "+b.Reason
		}
	}
}

// gather collects the findings and the things that were not run from the evidence of all actions.
func (r *Result) gather() {
	for _, stage := range r.Stages {
		for _, action := range stage.Actions {
			if action.Evidence != nil {
				r.Findings = append(r.Findings, action.Evidence.Findings...)
				r.NotRun = append(r.NotRun, action.Evidence.NotRun...)
			}
		}
		if stage.Outcome == Skipped || stage.Outcome == NotRun {
			r.NotRun = append(r.NotRun, evidence.Skipped{What: "stage " + stage.Name, Why: stage.Reason})
		}
	}
}
