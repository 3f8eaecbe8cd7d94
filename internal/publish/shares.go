package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
)

// Sharer shares portfolios of one region with organizational units, which CloudFormation cannot; *cloud.Sharing is one.
type Sharer interface {
	Portfolio(ctx context.Context, stack string) (id string, err error)
	Shares(ctx context.Context, portfolio string) ([]cloud.Share, error)
	Share(ctx context.Context, portfolio, node string) error
	SharePrincipals(ctx context.Context, portfolio, node string) error
	Unshare(ctx context.Context, portfolio, node string) error
}

// Fleet looks at what stack sets brought to the accounts of organizational units; *cloud.Sharing is one.
type Fleet interface {
	Behind(ctx context.Context, set string) (behind []string, counted int, err error)
}

// ShareStep is one thing to do about a portfolio's shares.
type ShareStep struct {
	Do   string // one of the constants below
	Node string
}

// What a ShareStep does.
const (
	shareAdd        = "share with"
	sharePrincipals = "share principals with"
	shareRemove     = "stop sharing with"
)

// ShareSteps turns the shares that are there into those that are wanted. New ones come first, so that an account that moved with its
// unit is not without products in between.
func ShareSteps(wanted []string, present []cloud.Share) []ShareStep {
	var steps []ShareStep
	for _, node := range wanted {
		i := slices.IndexFunc(present, func(s cloud.Share) bool { return s.Node == node })
		switch {
		case i < 0:
			steps = append(steps, ShareStep{shareAdd, node})
		case !present[i].Principals:
			steps = append(steps, ShareStep{sharePrincipals, node})
		}
	}
	for _, share := range present {
		if !slices.Contains(wanted, share.Node) {
			steps = append(steps, ShareStep{shareRemove, share.Node})
		}
	}
	return steps
}

// nodes are what Service Catalog calls the units of a portfolio: it knows the root by the organization's id.
func nodes(s *config.Settings, p config.Portfolio) []string {
	var list []string
	for _, unit := range p.Units {
		if strings.HasPrefix(unit, "r-") {
			unit = s.Organization
		}
		list = append(list, unit)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// sharing says whether anything is shared with organizational units: without, nobody asks Service Catalog about it.
func sharing(s *config.Settings) bool { return len(s.Units()) > 0 }

// shares settles the shares of all portfolios in a region. Run again it does what is left.
func (s *Settlement) shares(ctx context.Context, region string) error {
	if !sharing(s.Settings) {
		return nil
	}
	sharer := s.SharesIn(region)
	for _, portfolio := range s.Settings.Portfolios {
		stack := s.Settings.PortfolioStack(portfolio.ID)
		id, err := sharer.Portfolio(ctx, stack)
		if err != nil {
			return err
		}
		if id == "" {
			return refuse("portfolio %s is not published in %s: stack %s has no output PortfolioId: execute the change sets of the portfolios first", portfolio.ID, region, stack)
		}
		present, err := sharer.Shares(ctx, id)
		if err != nil {
			return err
		}
		for _, step := range ShareSteps(nodes(s.Settings, portfolio), present) {
			if err := step.run(ctx, sharer, id); err != nil {
				return err
			}
			fmt.Fprintf(s.Out, "portfolio %s in %s: %s %s: done\n", portfolio.ID, region, step.Do, step.Node)
		}
	}
	return nil
}

func (step ShareStep) run(ctx context.Context, sharer Sharer, portfolio string) error {
	switch step.Do {
	case shareAdd:
		return sharer.Share(ctx, portfolio, step.Node)
	case sharePrincipals:
		return sharer.SharePrincipals(ctx, portfolio, step.Node)
	case shareRemove:
		return sharer.Unshare(ctx, portfolio, step.Node)
	default:
		return fmt.Errorf("share portfolio %s: %q is no step: this is a bug of fleet", portfolio, step.Do)
	}
}

// units checks what consumers in organizational units depend on and Verify cannot see in their accounts: that the shares are as wanted,
// and that stack sets brought boundary and launch roles to every account.
func (v *Verification) units(ctx context.Context, e *evidence.Evidence) ([]string, error) {
	if !sharing(v.Settings) {
		return nil, nil
	}
	var wrong []string
	check := func(name, unit string, counted int, found []string) {
		c := evidence.Check{Name: name, Tool: "servicecatalog", Outcome: evidence.Passed, Counted: counted, Unit: unit}
		if len(found) > 0 {
			c.Outcome, c.Detail = evidence.Findings, strings.Join(found, "; ")
		}
		e.Checks = append(e.Checks, c)
		fmt.Fprintf(v.Out, "%s: %d %s looked at: %s\n", name, counted, unit, c.Outcome)
		wrong = append(wrong, found...)
	}
	for _, region := range v.Settings.Regions.Catalog {
		found, counted, err := v.shared(ctx, region)
		if err != nil {
			return nil, err
		}
		check("shares with organizational units in "+region, "shares", counted, found)
	}
	var behind []string
	accounts := 0
	for _, set := range v.stackSets() {
		found, counted, err := v.settled(ctx, set)
		if err != nil {
			return nil, err
		}
		behind, accounts = append(behind, found...), accounts+counted
	}
	check("stack sets of organizational units", "instances", accounts, behind)
	return wrong, nil
}

// shared says which shares of a region are not as wanted.
func (v *Verification) shared(ctx context.Context, region string) (wrong []string, counted int, err error) {
	sharer := v.SharesIn(region)
	for _, portfolio := range v.Settings.Portfolios {
		id, err := sharer.Portfolio(ctx, v.Settings.PortfolioStack(portfolio.ID))
		if err != nil {
			return nil, 0, err
		}
		if id == "" {
			wrong = append(wrong, fmt.Sprintf("portfolio %s is not published in %s", portfolio.ID, region))
			continue
		}
		present, err := sharer.Shares(ctx, id)
		if err != nil {
			return nil, 0, err
		}
		wanted := nodes(v.Settings, portfolio)
		counted += len(wanted)
		for _, step := range ShareSteps(wanted, present) {
			wrong = append(wrong, fmt.Sprintf("portfolio %s in %s: left to do: %s %s", portfolio.ID, region, step.Do, step.Node))
		}
	}
	return wrong, counted, nil
}

// stackSets are the stack sets that accounts of units depend on.
func (v *Verification) stackSets() []string {
	sets := []string{v.Settings.BoundaryStackSet()}
	for _, product := range v.Plan.Products {
		if len(product.Portfolios) > 0 && len(v.Settings.Units(product.Portfolios...)) > 0 {
			sets = append(sets, v.Settings.LaunchRoleStackSet(product.ID))
		}
	}
	return sets
}

// settled waits until nothing of a stack set is behind, or the time is over. An operation may still be running after the stack that
// started it is done, for accounts that joined meanwhile.
func (v *Verification) settled(ctx context.Context, set string) (behind []string, counted int, err error) {
	looked := false
	err = v.Pace.Poll(ctx, "stack set "+set, func(ctx context.Context) (bool, error) {
		found, n, err := v.Fleet.Behind(ctx, set)
		if err == nil {
			behind, counted, looked = found, n, true
		}
		return len(found) == 0, err
	})
	if err != nil && looked && len(behind) > 0 && ctx.Err() == nil {
		return behind, counted, nil
	}
	return behind, counted, err
}
