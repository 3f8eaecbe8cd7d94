package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/gate/resolve"
	"accountfleet/internal/manifest"
)

// MaxTemplateBody is the largest template that CloudFormation takes in the request itself; larger ones are read from S3.
// Source: CloudFormation User Guide, "Understand CloudFormation quotas".
const MaxTemplateBody = 51200

// Beta is the test account, as Provision needs it.
type Beta interface {
	// Upload puts a template where CloudFormation can read it, and returns its address.
	Upload(ctx context.Context, name string, body []byte) (url string, err error)
	// Check asks CloudFormation whether a template would be accepted, by a change set that is not executed.
	Check(ctx context.Context, stack cloud.Stack) error
	// StackNames are the names of the stacks that exist and begin with prefix.
	StackNames(ctx context.Context, prefix string) ([]string, error)
}

// Provision deploys changed products into the test account, and updates those of account scope in place on the next push. It also
// removes the stacks of products that left the catalog.
type Provision struct {
	Settings *config.Settings
	Template func(bundle.Product) ([]byte, error)
	Beta     Beta
	Stacks   Stacks
	Sweeper  Sweeper
	Levels   Levels
	Around   Surroundings
	Emulated bool // the account is an emulated one: nothing in it is irreversible
	Log      *Log
	Now      func() time.Time
}

// Run tries every changed product, some at once, whatever becomes of the others.
func (p *Provision) Run(ctx context.Context, products []bundle.Product) (evidence.Evidence, error) {
	e := evidence.Evidence{Action: "Provision", Started: p.Now()}
	region := p.Settings.Regions.Test[0]
	var tasks []task
	journals, retiring := p.retire(ctx, products)
	for _, product := range products {
		if !product.Launches() {
			continue
		}
		if why := p.notRun(product); why != "" {
			e.NotRun = append(e.NotRun, evidence.Skipped{What: "launch of " + product.ID + " in the test account", Why: why})
			journals = append(journals, p.check(ctx, product))
			continue
		}
		t := task{product: product, regions: []string{region}}
		if body, err := p.Template(product); err == nil {
			t.types = typesOf(body)
		}
		tasks = append(tasks, t)
	}
	launched := make([]*journal, len(tasks))
	together(parallel, tasks, func(i int) { launched[i] = p.product(ctx, tasks[i].product) })
	broken := errors.Join(retiring, collect(&e, append(journals, launched...), p.Now()))
	if broken != nil {
		e.Outcome = evidence.Broken
	}
	return e, broken
}

// notRun says why a product is not launched in the test account; empty if it is.
func (p *Provision) notRun(product bundle.Product) string {
	return notLaunched(p.Settings, product, p.Emulated)
}

// notLaunched says why a product is launched in no account; empty if it is.
func notLaunched(s *config.Settings, product bundle.Product, emulated bool) string {
	switch {
	case product.Irreversible && !emulated:
		return "what it creates cannot simply be deleted, so it is launched in the emulator only"
	case product.Scope == string(manifest.ScopeOrganization) && !s.SandboxOrganization:
		return "it belongs to a whole organization, and the test account is not the management account of a sandbox organization"
	}
	return ""
}

// check has CloudFormation look at a product that is not launched.
func (p *Provision) check(ctx context.Context, product bundle.Product) *journal {
	j := newJournal("Provision", product, p.Log, p.Now)
	j.step("change set", func() (string, error) {
		product.Parameters = manifest.SampleParameters(product.Parameters) // the account is not where the product belongs
		stack, err := p.stack(ctx, product)
		if err != nil {
			return "", err
		}
		return "accepted, not executed", p.Beta.Check(ctx, stack)
	})
	return j
}

func (p *Provision) product(ctx context.Context, product bundle.Product) *journal {
	j := newJournal("Provision", product, p.Log, p.Now)
	var deployed cloud.Deployed
	var failed *cloud.StackError
	var stack cloud.Stack
	ok := j.step("deploy", func() (detail string, err error) {
		if stack, err = p.stack(ctx, product); err != nil {
			return "", err
		}
		deployed, err = p.Stacks.Deploy(ctx, stack)
		errors.As(err, &failed)
		return deployed.Action, err
	})
	cleanup, cancel := cloud.Cleanup(ctx)
	defer cancel()
	if ok {
		j.step("outputs", func() (string, error) {
			body, err := p.Template(product)
			if err != nil {
				return "", err
			}
			in := resolve.Input{Region: p.Settings.Regions.Test[0], Account: p.Settings.Accounts.Test, StackName: stack.Name, Parameters: stack.Parameters}
			return outputs(body, in, product.Outputs, deployed.Outputs)
		})
	}
	if deployed.ID != "" {
		j.levels(cleanup, p.Levels, p.Settings.Accounts.Test, p.Settings.Regions.Test[0], p.Settings.BetaStack(product.ID))
	}
	switch stays := product.Scope == string(manifest.ScopeAccount); {
	case deployed.ID == "":
	case ok && stays:
	case !ok && deployed.Action == "updated" && stays:
		j.step("rollback", func() (string, error) { return rolledBack(failed) })
	default:
		remove(cleanup, j, p.Stacks, p.Sweeper, product, deployed.ID, p.role(), "")
	}
	return j
}

// rolledBack confirms that a failed update left the stack as it was.
func rolledBack(failed *cloud.StackError) (string, error) {
	if failed == nil {
		return "", errors.New("the update did not end: look at the stack in the console")
	}
	if failed.Status == "" || failed.Status == "UPDATE_ROLLBACK_COMPLETE" {
		return "the stack is as it was before", nil
	}
	return "", fmt.Errorf("the stack is %s: continue its rollback in the console", failed.Status)
}

func (p *Provision) stack(ctx context.Context, product bundle.Product) (cloud.Stack, error) {
	body, err := p.Template(product)
	if err != nil {
		return cloud.Stack{}, err
	}
	parameters, err := fill(ctx, p.Around, p.Settings.Accounts.Test, product.Parameters)
	if err != nil {
		return cloud.Stack{}, err
	}
	stack := cloud.Stack{
		Name: p.Settings.BetaStack(product.ID), Body: string(body), Parameters: parameters, Capabilities: product.Capabilities,
		RoleARN: p.role(),
		Tags:    map[string]string{"fleet:product": product.ID, "fleet:version": product.Candidate().Version},
	}
	if len(body) > MaxTemplateBody {
		stack.Body = ""
		stack.URL, err = p.Beta.Upload(ctx, "beta/"+product.Candidate().Digest+".json", body)
	}
	return stack, err
}

func (p *Provision) role() string {
	return config.RoleARN(p.Settings.Accounts.Test, p.Settings.TestExecutionRole())
}

func typesOf(body []byte) []string {
	var template map[string]any
	if json.Unmarshal(body, &template) != nil {
		return nil
	}
	return resourceTypes(template)
}
