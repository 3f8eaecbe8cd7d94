package rehearsal

import (
	"context"
	"fmt"
	"sync"

	"accountfleet/internal/assembly"
)

// state is the pipeline's state as GetPipelineState tells it. CodePipeline is played by this package, so it must tell the emulator,
// which answers the actions that ask (a settlement wants to know who approved).
type state struct {
	session *Session
	mu      sync.Mutex
	body    pipelineState
}

type pipelineState struct {
	PipelineName string       `json:"pipelineName"`
	Version      int          `json:"pipelineVersion"`
	Stages       []stageState `json:"stageStates"`
	Created      float64      `json:"created"`
	Updated      float64      `json:"updated"`
}

type stageState struct {
	Name       string          `json:"stageName"`
	Transition map[string]bool `json:"inboundTransitionState"`
	Actions    []actionState   `json:"actionStates"`
	Latest     *stageExecution `json:"latestExecution,omitempty"`
}

type stageExecution struct {
	ID     string `json:"pipelineExecutionId"`
	Status string `json:"status"`
}

type actionState struct {
	Name   string           `json:"actionName"`
	Latest *actionExecution `json:"latestExecution,omitempty"`
}

type actionExecution struct {
	ID      string            `json:"actionExecutionId"`
	Status  string            `json:"status"`
	Summary string            `json:"summary,omitempty"`
	Changed float64           `json:"lastStatusChange"`
	Token   string            `json:"token,omitempty"`
	By      string            `json:"lastUpdatedBy,omitempty"`
	Error   map[string]string `json:"errorDetails,omitempty"`
}

func newState(s *Session, p *assembly.Pipeline) *state {
	st := &state{session: s, body: pipelineState{PipelineName: p.Name, Version: 1, Created: now()}}
	for _, stage := range p.Stages {
		shown := stageState{Name: stage.Name, Transition: map[string]bool{"enabled": true}}
		for _, action := range stage.Actions {
			shown.Actions = append(shown.Actions, actionState{Name: action.Name})
		}
		st.body.Stages = append(st.body.Stages, shown)
	}
	return st
}

// stage records where a stage stands.
func (st *state) stage(ctx context.Context, execution, name, status string) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	for i := range st.body.Stages {
		if st.body.Stages[i].Name == name {
			st.body.Stages[i].Latest = &stageExecution{ID: execution, Status: status}
		}
	}
	return st.put(ctx)
}

// action records where an action stands. What the reviewer left stays.
func (st *state) action(ctx context.Context, stage, name, execution, status, reason string) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	found := st.find(stage, name)
	if found == nil {
		return fmt.Errorf("the pipeline has no action %s/%s", stage, name)
	}
	latest := actionExecution{}
	if found.Latest != nil && found.Latest.ID == execution {
		latest = *found.Latest
	}
	latest.ID, latest.Status, latest.Changed = execution, status, now()
	if status == "Failed" {
		latest.Error = map[string]string{"code": "JobFailed", "message": reason}
	}
	found.Latest = &latest
	return st.put(ctx)
}

// await makes an approval answerable: the token is what PutApprovalResult must bring.
func (st *state) await(ctx context.Context, t *task, token string) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if found := st.find(t.stage, t.action.Name); found != nil && found.Latest != nil {
		found.Latest.Token = token
	}
	return st.put(ctx)
}

// decided keeps what the emulator recorded of an approval.
func (st *state) decided(t *task, by, summary string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if found := st.find(t.stage, t.action.Name); found != nil && found.Latest != nil {
		found.Latest.By, found.Latest.Summary = by, summary
	}
}

func (st *state) find(stage, action string) *actionState {
	for i := range st.body.Stages {
		for j := range st.body.Stages[i].Actions {
			if st.body.Stages[i].Name == stage && st.body.Stages[i].Actions[j].Name == action {
				return &st.body.Stages[i].Actions[j]
			}
		}
	}
	return nil
}

func (st *state) put(ctx context.Context) error {
	st.body.Updated = now()
	p := st.session.plan.Assembly.Pipeline
	if err := st.session.emulator.PutPipeline(ctx, p.Name, p.Account, p.Region, st.body); err != nil {
		return fmt.Errorf("tell the emulator how the pipeline stands: %w", err)
	}
	return nil
}
