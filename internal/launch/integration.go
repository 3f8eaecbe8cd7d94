package launch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
)

// Integration runs the products' TaskCat tests in the test regions and leaves nothing behind.
type Integration struct {
	Settings  *config.Settings
	Template  func(bundle.Product) ([]byte, error)
	StacksIn  func(region string) Stacks
	SweeperIn func(region string) Sweeper
	Levels    Levels
	TaskCat   TaskCat
	Around    Surroundings
	Run       string // short id that makes the names of this run's stacks its own
	Emulated  bool
	Log       *Log
	Now       func() time.Time
}

// TaskCat starts the runner on a plan; *Process is one.
type TaskCat interface {
	Start(ctx context.Context, plan Plan) (Conversation, error)
}

// Conversation is a running runner.
type Conversation interface {
	// Next is the runner's next event; io.EOF when it ended well.
	Next() (Event, error)
	// Answer lets the runner go on.
	Answer() error
	// Close ends it. Its error says why it did not end well.
	Close() error
}

// Plan is what the runner reads.
type Plan struct {
	Account        string   `json:"account"`
	TimeoutSeconds int      `json:"timeoutSeconds"`
	PollSeconds    int      `json:"pollSeconds"`
	Parallel       int      `json:"parallel"`
	Regions        []string `json:"regions"` // of all tests
	Rounds         [][]Spec `json:"rounds"`
	Files          []File   `json:"-"` // templates, written before the runner starts
}

// File is a template of a plan.
type File struct {
	Root string // folder name, that of the product
	Body []byte
}

// Spec is one test.
type Spec struct {
	Product string         `json:"product"`
	Test    string         `json:"test"`
	Root    string         `json:"root"` // folder of the template: its name in a Plan, absolute when the runner reads it
	Config  map[string]any `json:"config"`
	regions []string
	stack   string
}

// Event is what the runner says: "tested" with the results of a round, "cleaned" after TaskCat deleted its stacks.
type Event struct {
	Event   string   `json:"event"`
	Results []Result `json:"results"`
}

// Result is what became of a test.
type Result struct {
	Product string        `json:"product"`
	Test    string        `json:"test"`
	Error   string        `json:"error"`
	Seconds float64       `json:"seconds"`
	Stacks  []TestedStack `json:"stacks"`
}

// TestedStack is one stack of a test.
type TestedStack struct {
	ID       string `json:"id"` // empty if CloudFormation refused it
	Name     string `json:"name"`
	Region   string `json:"region"`
	Status   string `json:"status"`
	Resource string `json:"resource"`
	Reason   string `json:"reason"`
}

// Do runs every test of every changed product, whatever becomes of the others.
func (in *Integration) Do(ctx context.Context, products []bundle.Product) (evidence.Evidence, error) {
	e := evidence.Evidence{Action: "IntegrationTests", Started: in.Now()}
	journals := map[string]*journal{}
	var changed []bundle.Product
	for _, product := range products {
		if !product.Launches() {
			continue
		}
		if why := notLaunched(in.Settings, product, in.Emulated); why != "" {
			e.NotRun = append(e.NotRun, evidence.Skipped{What: "TaskCat tests of " + product.ID, Why: why})
			continue
		}
		changed = append(changed, product)
		journals[product.ID] = newJournal("Test", product, in.Log, in.Now)
	}
	plan, err := in.plan(ctx, changed)
	if err == nil && len(plan.Rounds) > 0 {
		err = in.converse(ctx, plan, changed, journals)
	}
	var list []*journal
	for _, product := range changed {
		list = append(list, journals[product.ID])
	}
	broken := errors.Join(err, collect(&e, list, in.Now()))
	if broken != nil {
		e.Outcome = evidence.Broken
	}
	return e, broken
}

// converse follows the runner through its rounds; between test and deletion it looks at the stacks, after deletion it sweeps.
func (in *Integration) converse(ctx context.Context, plan Plan, products []bundle.Product, journals map[string]*journal) (err error) {
	talk, err := in.TaskCat.Start(ctx, plan)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, talk.Close()) }()
	byID := map[string]bundle.Product{}
	for _, p := range products {
		byID[p.ID] = p
	}
	for _, round := range plan.Rounds {
		cleanup, cancel := cloud.Cleanup(ctx)
		tested, failed := expect(talk, "tested")
		for _, result := range tested.Results {
			in.judge(cleanup, journals[result.Product], result)
		}
		if failed == nil {
			failed = talk.Answer()
		}
		if failed == nil {
			_, failed = expect(talk, "cleaned")
		}
		in.clear(cleanup, round, tested.Results, byID, journals)
		cancel()
		if failed == nil {
			failed = talk.Answer()
		}
		if failed != nil {
			return failed
		}
	}
	return nil
}

// expect reads an event.
func expect(talk Conversation, want string) (Event, error) {
	event, err := talk.Next()
	if err != nil {
		return event, fmt.Errorf("TaskCat stopped before its tests were done: %w: read its output above", err)
	}
	if event.Event != want {
		return event, fmt.Errorf("TaskCat's runner said %q where %q belongs: it does not match this fleet: run make tools", event.Event, want)
	}
	return event, nil
}

// judge records a test's stacks and the levels of their resources, while they exist.
func (in *Integration) judge(ctx context.Context, j *journal, r Result) {
	if len(r.Stacks) == 0 {
		j.step("taskcat "+r.Test, func() (string, error) {
			return "", &problem{what: orElse(r.Error, "TaskCat started no stack"), cure: "correct .taskcat.yml or the template",
				file: "products/" + r.Product + "/.taskcat.yml"}
		})
	}
	for _, stack := range r.Stacks {
		j.step("taskcat "+r.Test+" "+stack.Region, func() (string, error) {
			if stack.Status == "CREATE_COMPLETE" && r.Error == "" {
				return stack.Name, nil
			}
			return "", &cloud.StackError{Stack: stack.Name, ID: stack.ID, Status: stack.Status, Resource: stack.Resource,
				Reason: orElse(stack.Reason, orElse(r.Error, "CloudFormation gave no reason"))}
		})
		last := &j.product.Steps[len(j.product.Steps)-1]
		last.Seconds = r.Seconds
		if stack.ID != "" {
			j.levels(ctx, in.Levels, in.Settings.Accounts.Test, stack.Region, stack.Name)
		}
	}
}

// clear makes sure that every stack of a round is gone, also those of a runner that died, and removes what they left: products at the same
// time, the stacks of one after another.
func (in *Integration) clear(ctx context.Context, round []Spec, results []Result, products map[string]bundle.Product, journals map[string]*journal) {
	specs := map[string][]Spec{}
	for _, spec := range round {
		specs[spec.Product] = append(specs[spec.Product], spec)
	}
	ids := slices.Sorted(maps.Keys(specs))
	together(parallel, make([]task, len(ids)), func(i int) {
		for _, spec := range specs[ids[i]] {
			for _, region := range spec.regions {
				in.clearStack(ctx, spec, region, results, products[ids[i]], journals[ids[i]])
			}
		}
	})
}

func (in *Integration) clearStack(ctx context.Context, spec Spec, region string, results []Result, product bundle.Product, j *journal) {
	stacks := in.StacksIn(region)
	id := stackOf(results, spec, region)
	if results == nil {
		found := j.step("look for "+spec.stack, func() (detail string, err error) {
			id, err = stacks.ID(ctx, spec.stack)
			return orElse(id, "there is none"), err
		})
		if !found {
			return
		}
	}
	if id != "" {
		role := config.RoleARN(in.Settings.Accounts.Test, in.Settings.TestExecutionRole())
		remove(ctx, j, stacks, in.SweeperIn(region), product, id, role, " "+spec.Test+" "+region)
	}
}

// stackOf is the id of a test's stack in a region; empty if CloudFormation refused it.
func stackOf(results []Result, spec Spec, region string) string {
	for _, r := range results {
		for _, stack := range r.Stacks {
			if r.Product == spec.Product && r.Test == spec.Test && stack.Region == region {
				return stack.ID
			}
		}
	}
	return ""
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
