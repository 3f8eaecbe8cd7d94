package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
)

// Market is Service Catalog as an end user sees it; *cloud.Consumer is one.
type Market interface {
	Named(ctx context.Context, name string) ([]cloud.Offer, error)
}

// Verification looks at a publication as its consumers do.
type Verification struct {
	Settings  *config.Settings
	Plan      *plan.Plan
	Rendering string
	Execution string
	Ledger    Ledger
	MarketOf  func(account, region string) Market
	ShelfIn   func(region string) Shelf
	SharesIn  func(region string) Sharer // called only if the settings name a management account
	Fleet     Fleet                      // of the home region; asked only then
	Pace      cloud.Pace                 // how long a publication may take to be seen
	Now       func() time.Time
	Out       io.Writer
}

// Verify checks that shares and stack sets of organizational units are as wanted, and that every version of the plan looks to every
// consumer as planned. If anything does not, the versions that are new are made invisible again, the ledger says so, and the returned
// *Refusal tells what was wrong and what was restored.
func (v *Verification) Verify(ctx context.Context) (evidence.Evidence, error) {
	e := evidence.Evidence{Action: "Verify", Outcome: evidence.Passed, Started: v.Now()}
	wrong, err := v.units(ctx, &e)
	if err != nil {
		e.Outcome, e.Finished = evidence.Broken, v.Now()
		return e, err
	}
	for _, region := range v.Settings.Regions.Catalog {
		for _, account := range v.Settings.Consumers() {
			found, err := v.consumer(ctx, account, region, &e)
			if err != nil {
				e.Outcome, e.Finished = evidence.Broken, v.Now()
				return e, err
			}
			wrong = append(wrong, found...)
		}
	}
	e.Finished = v.Now()
	if len(wrong) == 0 {
		return e, nil
	}
	e.Outcome = evidence.Findings
	restored, err := v.restore(ctx)
	e.Finished = v.Now()
	if err != nil {
		return e, fmt.Errorf("verification failed (%s), and so did the restoration: %w", strings.Join(wrong, "; "), err)
	}
	return e, refuse("verification failed: %s: %s", strings.Join(wrong, "; "), restored)
}

// consumer looks at all products of the portfolios of one account, until they are as planned or the time is over. What is reported is
// the last look that came to its end.
func (v *Verification) consumer(ctx context.Context, account, region string, e *evidence.Evidence) ([]string, error) {
	market := v.MarketOf(account, region)
	var last sight
	err := v.Pace.Poll(ctx, "the publication to be seen", func(ctx context.Context) (bool, error) {
		look, err := v.look(ctx, market, account, region)
		if err == nil {
			last = look
		}
		return len(look.wrong) == 0, err
	})
	if err != nil && (ctx.Err() != nil || !errors.Is(err, cloud.ErrNotFinished) || len(last.wrong) == 0) {
		return nil, err // nobody looked to the end, so nothing is known to be wrong
	}
	check := evidence.Check{
		Name: "consumer " + account + " in " + region, Tool: "servicecatalog", Outcome: evidence.Passed, Counted: last.counted, Unit: "versions",
	}
	if len(last.wrong) > 0 {
		check.Outcome, check.Detail = evidence.Findings, strings.Join(last.wrong, "; ")
	}
	e.Checks = append(e.Checks, check)
	fmt.Fprintf(v.Out, "%s: %d versions looked at: %s\n", check.Name, last.counted, check.Outcome)
	return last.wrong, nil
}

// sight is what one look at the catalog saw.
type sight struct {
	wrong   []string
	counted int // versions
}

func (v *Verification) look(ctx context.Context, market Market, account, region string) (sight, error) {
	var seen sight
	for _, product := range v.Plan.Products {
		name, visible := v.portfolio(product, account)
		if !visible {
			continue
		}
		offers, err := market.Named(ctx, product.Name)
		if err != nil {
			return sight{}, fmt.Errorf("consumer account %s: %w", account, err)
		}
		seen.counted += len(product.Versions)
		for _, problem := range v.compare(product, name, offers) {
			seen.wrong = append(seen.wrong, fmt.Sprintf("consumer %s in %s: %s", account, region, problem))
		}
	}
	return seen, nil
}

// portfolio is the display name of the portfolio by which an account gets a product.
func (v *Verification) portfolio(product ledger.Product, account string) (string, bool) {
	for _, p := range v.Settings.Portfolios {
		if slices.Contains(product.Portfolios, p.ID) && slices.Contains(v.Settings.PortfolioConsumers(p), account) {
			return p.Name, true
		}
	}
	return "", false
}

// compare says how a product looks otherwise than planned.
func (v *Verification) compare(product ledger.Product, portfolio string, offers []cloud.Offer) []string {
	i := slices.IndexFunc(offers, func(o cloud.Offer) bool {
		return slices.ContainsFunc(o.Paths, func(p cloud.Path) bool { return p.Name == portfolio })
	})
	if i < 0 { // the only way to a product need not carry the portfolio's name
		i = slices.IndexFunc(offers, func(o cloud.Offer) bool { return o.Path(portfolio) != "" })
	}
	visible := slices.ContainsFunc(product.Versions, func(k ledger.Version) bool { return status(v.Plan, product.ID, k) != ledger.Inactive })
	if i < 0 {
		if !visible {
			return nil
		}
		return []string{fmt.Sprintf("product %s (%q) cannot be launched through portfolio %q", product.ID, product.Name, portfolio)}
	}
	var wrong []string
	for _, version := range product.Versions {
		offered, seen := offers[i].Version(version.Version)
		label := product.ID + " " + version.Version
		switch status(v.Plan, product.ID, version) {
		case ledger.Active:
			if !seen {
				wrong = append(wrong, label+" is not visible")
			} else if offered.Deprecated {
				wrong = append(wrong, label+" is deprecated")
			}
		case ledger.Deprecated:
			if !seen || !offered.Deprecated {
				wrong = append(wrong, label+" is not deprecated")
			}
		case ledger.Inactive:
			if seen {
				wrong = append(wrong, label+" is still visible")
			}
		}
	}
	return wrong
}

// restore makes the plan's new versions invisible and records that. Run again it does what is left.
func (v *Verification) restore(ctx context.Context) (string, error) {
	entries, err := v.Ledger.Entries(ctx)
	if err != nil {
		return "", err
	}
	for _, region := range v.Settings.Regions.Catalog {
		shelf := v.ShelfIn(region)
		exports, err := productIDs(ctx, v.Settings, shelf)
		if err != nil {
			return "", err
		}
		for _, ref := range v.Plan.New {
			if err := deactivate(ctx, shelf, exports[v.Settings.ProductExport(ref.Product)], ref); err != nil {
				return "", err
			}
		}
	}
	if len(v.Plan.New) == 0 {
		return "no version was new, so nothing was restored: look at the portfolio's shares and principals", nil
	}
	said := fmt.Sprintf("restored: %s invisible again", names(v.Plan.New))
	if slices.ContainsFunc(entries, func(e ledger.Entry) bool { return e.Kind == ledger.Restored && e.Execution == v.Execution }) {
		return said + " (recorded before)", nil
	}
	seq := len(entries) + 1
	err = v.Ledger.Append(ctx, ledger.Entry{
		Seq: seq, Kind: ledger.Restored, Time: v.Now().UTC(), Execution: v.Execution, Commit: v.Plan.Commit, Bundle: v.Plan.Bundle,
		Rendering: v.Rendering, Inactive: v.Plan.New,
	})
	if errors.Is(err, ledger.ErrMoved) {
		return "", fmt.Errorf("record the restoration: %w: run verify again", err)
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, ledger entry %d", said, seq), nil
}

func deactivate(ctx context.Context, shelf Shelf, id string, ref ledger.Ref) error {
	if id == "" {
		return nil // never published there
	}
	versions, err := shelf.Versions(ctx, id)
	if err != nil {
		return err
	}
	for _, there := range versions {
		if there.Name == ref.Version && there.Active {
			there.Active = false
			return shelf.Set(ctx, id, there)
		}
	}
	return nil
}

func names(refs []ledger.Ref) string {
	var list []string
	for _, ref := range refs {
		list = append(list, ref.Product+" "+ref.Version)
	}
	return strings.Join(list, ", ")
}
