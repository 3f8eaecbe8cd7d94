package launch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/gate/resolve"
)

// Market is Service Catalog as an end user sees it; *cloud.Consumer is one.
type Market interface {
	Named(ctx context.Context, name string) ([]cloud.Offer, error)
	Launch(ctx context.Context, o cloud.Order) (cloud.Provisioned, error)
	Update(ctx context.Context, provisioned string, o cloud.Order) (cloud.Provisioned, error)
	Terminate(ctx context.Context, name, provisioned string) error
}

// Consume launches every changed product in the gamma account as its consumers will: through Service Catalog, by its launch role.
type Consume struct {
	Settings  *config.Settings
	Portfolio string // id of the gamma portfolio, for people
	Template  func(bundle.Product) ([]byte, error)
	Market    Market
	Stacks    Stacks // of the gamma account, by the sweep role
	Sweeper   Sweeper
	Levels    Levels
	Watcher   Watcher // tells what launch roles used; nil on AWS, which does not
	Around    Surroundings
	Judge     Judge  // default: nobody is asked, and the evidence says so
	Run       string // short id that makes the names of this run's provisioned products its own
	Emulated  bool
	Log       *Log
	Now       func() time.Time
}

// Do tries every changed product; singletons one after another, the others some at once.
func (c *Consume) Do(ctx context.Context, products []bundle.Product) (evidence.Evidence, error) {
	e := evidence.Evidence{Action: "Consume", Started: c.Now()}
	var tasks []task
	for _, product := range products {
		if !product.Launches() {
			continue
		}
		if why := notLaunched(c.Settings, product, c.Emulated); why != "" {
			e.NotRun = append(e.NotRun, evidence.Skipped{What: "launch of " + product.ID + " as a consumer", Why: why})
			continue
		}
		if _, ok := stranger(product); !ok || c.Judge == nil {
			e.NotRun = append(e.NotRun, evidence.Skipped{What: "denial of an action outside the launch role of " + product.ID,
				Why: "IAM's simulator is asked in the emulator only, and for an action that is not the product's own"})
		}
		t := task{product: product, regions: []string{c.Settings.Regions.Home}}
		if body, err := c.Template(product); err == nil {
			t.types = typesOf(body)
		}
		tasks = append(tasks, t)
	}
	launched := make([]*journal, len(tasks))
	together(parallel, tasks, func(i int) { launched[i] = c.product(ctx, tasks[i].product) })
	return e, collect(&e, launched, c.Now())
}

func (c *Consume) product(ctx context.Context, p bundle.Product) *journal {
	j := newJournal("Consume", p, c.Log, c.Now)
	var order cloud.Order
	if !j.step("find", func() (detail string, err error) { order, detail, err = c.order(ctx, p); return detail, err }) {
		return j
	}
	c.denied(ctx, j, p)
	launched, ok := c.use(ctx, j, p, order)
	cleanup, cancel := cloud.Cleanup(ctx)
	defer cancel()
	if launched.ID == "" {
		return j
	}
	if launched.Stack == "" { // a failed record does not always name its stack
		name := "SC-" + c.Settings.Accounts.Gamma + "-" + launched.ID
		j.step("look for "+name, func() (detail string, err error) {
			launched.Stack, err = c.Stacks.ID(cleanup, name)
			return orElse(launched.Stack, "there is none"), err
		})
	}
	if ok {
		j.step("outputs", func() (string, error) {
			body, err := c.Template(p)
			if err != nil {
				return "", err
			}
			in := resolve.Input{Region: c.Settings.Regions.Home, Account: c.Settings.Accounts.Gamma, StackName: order.Name, Parameters: order.Parameters}
			return outputs(body, in, p.Outputs, launched.Outputs)
		})
	}
	if launched.Stack != "" {
		j.levels(cleanup, c.Levels, c.Settings.Accounts.Gamma, c.Settings.Regions.Home, stackName(launched.Stack))
	}
	c.end(cleanup, j, p, launched)
	if c.Watcher != nil {
		j.step("permissions", func() (string, error) {
			detail, err := c.used(cleanup, j, p)
			if err == nil && ok && len(j.product.Used) == 0 {
				err = errors.New("the emulator saw no action of the launch role, by which it launched: it watches other roles")
			}
			return detail, err
		})
	}
	return j
}

// used notes what the launch role did, so that a reviewer can tell it from what only the schema says that the role needs.
func (c *Consume) used(ctx context.Context, j *journal, p bundle.Product) (string, error) {
	roles, err := c.Watcher.Permissions(ctx)
	if err != nil {
		return "", err
	}
	for _, role := range roles {
		if role.ARN == config.RoleARN(c.Settings.Accounts.Gamma, c.Settings.GammaLaunchRole(p.ID)) {
			j.product.Used = role.Used
		}
	}
	return fmt.Sprintf("%d actions used by the launch role", len(j.product.Used)), nil
}

// use launches the candidate, or launches the previous version and updates it to the candidate.
func (c *Consume) use(ctx context.Context, j *journal, p bundle.Product, order cloud.Order) (launched cloud.Provisioned, ok bool) {
	candidate := order.Version
	previous, upgrade := cloud.OfferedVersion{}, false
	if p.Previous != nil {
		previous, upgrade = order.Offer.Version(p.Previous.Version)
	}
	if !upgrade {
		ok = j.step("launch", func() (detail string, err error) {
			launched, err = c.Market.Launch(ctx, order)
			return candidate.Name + " by its launch role", err
		})
		return launched, ok
	}
	ok = j.step("launch previous", func() (detail string, err error) {
		order.Version = previous
		launched, err = c.Market.Launch(ctx, order)
		return previous.Name + " by its launch role", err
	})
	if !ok {
		return launched, false
	}
	ok = j.step("update", func() (detail string, err error) {
		order.Version = candidate
		updated, err := c.Market.Update(ctx, launched.ID, order)
		launched.Outputs = updated.Outputs
		launched.Stack = orElse(updated.Stack, launched.Stack)
		return previous.Name + " to " + candidate.Name, err
	})
	return launched, ok
}

// end terminates what was launched and removes what it left.
func (c *Consume) end(ctx context.Context, j *journal, p bundle.Product, launched cloud.Provisioned) {
	gone := j.step("terminate", func() (string, error) {
		return "by its launch role", c.Market.Terminate(ctx, p.Name, launched.ID)
	})
	if launched.Stack == "" {
		return
	}
	if !gone {
		gone = j.step("terminate again", func() (string, error) {
			if err := clearStuck(ctx, c.Stacks, c.Sweeper, launched.Stack); err != nil {
				return "", err
			}
			return "after clearing what held it", c.Market.Terminate(ctx, p.Name, launched.ID)
		})
	}
	if gone {
		j.step("residue", func() (string, error) { return residue(ctx, c.Stacks, c.Sweeper, p, launched.Stack) })
	}
}

// order finds the candidate among what the consumer sees.
func (c *Consume) order(ctx context.Context, p bundle.Product) (cloud.Order, string, error) {
	offers, err := c.Market.Named(ctx, p.Name)
	if err != nil {
		return cloud.Order{}, "", err
	}
	parameters, err := fill(ctx, c.Around, c.Settings.Accounts.Gamma, p.Parameters)
	if err != nil {
		return cloud.Order{}, "", err
	}
	version := p.Candidate().Version
	var seen []string
	for _, offer := range offers {
		for _, v := range offer.Versions {
			seen = append(seen, v.Name)
		}
		candidate, ok := offer.Version(version)
		if !ok {
			continue
		}
		order := cloud.Order{
			Offer: offer, Version: candidate, Parameters: parameters,
			Name: strings.Join([]string{c.Settings.Name, "gamma", p.ID, c.Run}, "-"),
		}
		if len(offer.Paths) == 0 {
			return order, "", fmt.Errorf("product %s is visible but has no launch path in portfolio %s: the consumer role is no principal of it",
				p.Name, c.Portfolio)
		}
		order.Path = offer.Paths[0].ID
		return order, fmt.Sprintf("%s in portfolio %s", version, orElse(c.Portfolio, offer.Paths[0].Name)), nil
	}
	return cloud.Order{}, "", fmt.Errorf("version %s of %s is not offered to the consumer (%d products of that name, versions %s): look at the gamma portfolio",
		version, p.Name, len(offers), orElse(strings.Join(seen, ", "), "none"))
}

// stackName is the name in a stack ARN.
func stackName(arn string) string {
	if parts := strings.Split(arn, "/"); len(parts) > 1 {
		return parts[1]
	}
	return arn
}
