package launch

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
)

var settings = &config.Settings{
	Name: "fleet", Regions: config.Regions{Home: "eu-west-1", Catalog: []string{"eu-west-1"}, Test: []string{"eu-central-1", "eu-north-1"}},
	Accounts: config.Accounts{Tools: "111111111111", Test: "222222222222", Gamma: "333333333333", Catalog: "444444444444"},
}

func product(id, scope string) bundle.Product {
	return bundle.Product{
		Product: ledger.Product{ID: id, Name: "Name of " + id, Versions: []ledger.Version{{Version: "1.0.0", Digest: "d-" + id}}},
		Scope:   scope, Change: bundle.NewProduct, Outputs: []string{"Out"}, Tests: []bundle.Test{{Name: "defaults", Regions: []string{"eu-central-1"}}},
	}
}

// account is stacks, sweeper and levels of one account, all in memory.
type account struct {
	mu       sync.Mutex
	calls    []string
	deploys  map[string]error                 // stack name -> failure
	action   string                           // default created
	deletes  map[string][]error               // id -> failures, one a call
	left     map[string][]cloud.StackResource // id -> leftovers
	swept    []string
	sweepErr error
	levelErr error
	listErr  error
	ids      map[string]string
	running  int
	most     int
	pause    time.Duration
	stacks   []cloud.Stack
}

// StackNames are the stacks that the test says are there.
func (a *account) StackNames(_ context.Context, prefix string) ([]string, error) {
	var names []string
	for name := range a.ids {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, a.listErr
}

func (a *account) note(call string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, call)
}

func (a *account) Deploy(_ context.Context, s cloud.Stack) (cloud.Deployed, error) {
	a.note("deploy " + s.Name)
	a.mu.Lock()
	a.stacks = append(a.stacks, s)
	a.running++
	a.most = max(a.most, a.running)
	a.mu.Unlock()
	time.Sleep(a.pause)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running--
	action := a.action
	if action == "" {
		action = "created"
	}
	d := cloud.Deployed{ID: "arn:" + s.Name, Action: action, Outputs: map[string]string{"Out": "x"}}
	var refused *cloud.StackError
	if errors.As(a.deploys[s.Name], &refused) && refused.Status == "" && action == "created" {
		d = cloud.Deployed{}
	}
	return d, a.deploys[s.Name]
}

func (a *account) Delete(_ context.Context, id, _ string) error {
	a.note("delete " + id)
	a.mu.Lock()
	defer a.mu.Unlock()
	if failures := a.deletes[id]; len(failures) > 0 {
		a.deletes[id] = failures[1:]
		return failures[0]
	}
	return nil
}

func (a *account) Leftovers(_ context.Context, id string) ([]cloud.StackResource, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.left[id]), nil
}

func (a *account) ID(_ context.Context, name string) (string, error) { return a.ids[name], nil }

func (a *account) Remove(_ context.Context, r cloud.StackResource) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.swept = append(a.swept, r.LogicalID)
	for id := range a.left {
		a.left[id] = slices.DeleteFunc(a.left[id], func(x cloud.StackResource) bool { return x.LogicalID == r.LogicalID })
	}
	return a.sweepErr
}

func (a *account) Resources(_ context.Context, account, region, stack string) ([]evidence.Resource, error) {
	return []evidence.Resource{{Account: account, Region: region, Stack: stack, LogicalID: "R", Type: "AWS::S3::Bucket", Level: evidence.Modelled}}, a.levelErr
}

func (a *account) Upload(_ context.Context, name string, _ []byte) (string, error) {
	a.note("upload " + name)
	return "https://bucket/" + name, nil
}

func (a *account) Check(_ context.Context, s cloud.Stack) error {
	a.note("check " + s.Name)
	return a.deploys[s.Name]
}

func template(p bundle.Product) ([]byte, error) {
	return []byte(`{"Resources": {"R": {"Type": "AWS::` + p.ID + `::Thing"}, "B": {"Type": "AWS::S3::Bucket"}}}`), nil
}

func clock() func() time.Time {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return func() time.Time { return at }
}

func quiet() *Log { return NewLog(io.Discard) }

func steps(t *testing.T, e evidence.Evidence, id string) []string {
	t.Helper()
	for _, p := range e.Products {
		if p.ID != id {
			continue
		}
		var names []string
		for _, s := range p.Steps {
			names = append(names, s.Name+" "+string(s.Outcome))
		}
		return names
	}
	t.Fatalf("no evidence of %s", id)
	return nil
}
