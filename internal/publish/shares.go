package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
)

// ShareReader tells which portfolios a region has and whom they are shared with; *cloud.Sharing is one.
type ShareReader interface {
	Portfolios(ctx context.Context, prefix string) (ids map[string]string, err error) // by the names of their stacks
	Shares(ctx context.Context, portfolio string) ([]cloud.Share, error)
}

// Sharer shares portfolios of one region with organizational units, which CloudFormation cannot; *cloud.Sharing is one.
type Sharer interface {
	ShareReader
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
	ShareAdd        = "share with"
	SharePrincipals = "share principals with"
	ShareRemove     = "stop sharing with"
)

// ShareSteps turns the shares that are there into those that are wanted. New ones come first, so that an account that moved with its
// unit is not without products in between.
func ShareSteps(wanted []string, present []cloud.Share) []ShareStep {
	var steps []ShareStep
	for _, node := range wanted {
		i := slices.IndexFunc(present, func(s cloud.Share) bool { return s.Node == node })
		switch {
		case i < 0:
			steps = append(steps, ShareStep{ShareAdd, node})
		case !present[i].Principals:
			steps = append(steps, ShareStep{SharePrincipals, node})
		}
	}
	for _, share := range present {
		if !slices.Contains(wanted, share.Node) {
			steps = append(steps, ShareStep{ShareRemove, share.Node})
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

// ShareChange is what Settle will do about the shares of a portfolio in a region.
type ShareChange struct {
	Region    string `json:"region"`
	Portfolio string `json:"portfolio"` // id in fleet.yaml, or what it was there
	Do        string `json:"do"`        // as of a ShareStep
	Node      string `json:"node"`
}

func (c ShareChange) String() string {
	return fmt.Sprintf("portfolio %s in %s: %s %s", c.Portfolio, c.Region, c.Do, c.Node)
}

// ShareChanges compares the shares that the portfolios of a region have with those that the settings want. Portfolios that left the
// settings are to be shared with nobody; one that is not published yet has no shares.
func ShareChanges(ctx context.Context, s *config.Settings, region string, reader ShareReader) ([]ShareChange, error) {
	if !s.SharesWithUnits() {
		return nil, nil
	}
	ids, err := reader.Portfolios(ctx, s.PortfolioStack(""))
	if err != nil {
		return nil, err
	}
	wanted := map[string][]string{}
	for _, portfolio := range s.Portfolios {
		wanted[portfolio.ID] = nodes(s, portfolio)
	}
	for stack := range ids {
		if id := strings.TrimPrefix(stack, s.PortfolioStack("")); wanted[id] == nil {
			wanted[id] = []string{}
		}
	}
	var changes []ShareChange
	for _, portfolio := range slices.Sorted(maps.Keys(wanted)) {
		var present []cloud.Share
		if id := ids[s.PortfolioStack(portfolio)]; id != "" {
			if present, err = reader.Shares(ctx, id); err != nil {
				return nil, err
			}
			slices.SortFunc(present, func(a, b cloud.Share) int { return strings.Compare(a.Node, b.Node) })
		}
		for _, step := range ShareSteps(wanted[portfolio], present) {
			changes = append(changes, ShareChange{region, portfolio, step.Do, step.Node})
		}
	}
	return changes, nil
}

// shares settles the shares of all portfolios in a region. Run again it does what is left.
func (s *Settlement) shares(ctx context.Context, region string) error {
	if !s.Settings.SharesWithUnits() {
		return nil
	}
	sharer := s.SharesIn(region)
	ids, err := sharer.Portfolios(ctx, s.Settings.PortfolioStack(""))
	if err != nil {
		return err
	}
	for _, portfolio := range s.Settings.Portfolios {
		if stack := s.Settings.PortfolioStack(portfolio.ID); ids[stack] == "" {
			return refuse("portfolio %s is not published in %s: stack %s has no output PortfolioId: execute the change sets of the portfolios first", portfolio.ID, region, stack)
		}
	}
	changes, err := ShareChanges(ctx, s.Settings, region, sharer)
	if err != nil {
		return err
	}
	for _, change := range changes {
		if err := (ShareStep{change.Do, change.Node}).run(ctx, sharer, ids[s.Settings.PortfolioStack(change.Portfolio)]); err != nil {
			return err
		}
		fmt.Fprintf(s.Out, "%s: done\n", change)
	}
	return nil
}

func (step ShareStep) run(ctx context.Context, sharer Sharer, portfolio string) error {
	switch step.Do {
	case ShareAdd:
		return sharer.Share(ctx, portfolio, step.Node)
	case SharePrincipals:
		return sharer.SharePrincipals(ctx, portfolio, step.Node)
	case ShareRemove:
		return sharer.Unshare(ctx, portfolio, step.Node)
	default:
		return fmt.Errorf("share portfolio %s: %q is no step: this is a bug of fleet", portfolio, step.Do)
	}
}

// units checks what consumers in organizational units depend on and Verify cannot see in their accounts: that the shares are as wanted,
// and that stack sets brought boundary and launch roles to every account.
func (v *Verification) units(ctx context.Context, e *evidence.Evidence) ([]string, error) {
	if !v.Settings.SharesWithUnits() {
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

// shared says which shares of a region are not as wanted, of how many.
func (v *Verification) shared(ctx context.Context, region string) (wrong []string, counted int, err error) {
	changes, err := ShareChanges(ctx, v.Settings, region, v.SharesIn(region))
	if err != nil {
		return nil, 0, err
	}
	for _, portfolio := range v.Settings.Portfolios {
		counted += len(nodes(v.Settings, portfolio))
	}
	for _, change := range changes {
		wrong = append(wrong, fmt.Sprintf("%s: left to do", change))
	}
	return wrong, counted, nil
}

// stackSets are the stack sets that accounts of units depend on.
func (v *Verification) stackSets() []string {
	if len(v.Settings.Units()) == 0 {
		return nil
	}
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
	if looked && len(behind) > 0 && errors.Is(err, cloud.ErrNotFinished) && ctx.Err() == nil {
		return behind, counted, nil // the last look that came to its end
	}
	return behind, counted, err
}
