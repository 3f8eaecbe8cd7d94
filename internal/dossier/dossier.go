// Package dossier writes the page that a reviewer reads before a publication: what changes, for whom, why, what CloudFormation
// will do, which permissions are gained, and what was proved and how.
//
// Collect gathers everything into a Page, plain values that tests can look at; page.html turns it into one self-contained file
// without script, every text escaped, because much of it was written by whoever pushed. The wording is part of the contract: a
// level is never shown as more than it is, and what is missing is said. Start at Collect.
package dossier

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"accountfleet/internal/bundle"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
	"accountfleet/internal/publish"
)

// Input is everything that a page is made of.
type Input struct {
	Settings  *config.Settings
	Bundle    *bundle.Bundle
	Plan      *plan.Plan
	Before    ledger.State // the ledger that the plan was made on
	Rendering string       // digest of the published stacks
	Rendered  string       // folder of their templates
	Evidence  []evidence.Evidence
	Execution string
	Emulated  bool // the accounts are those of an emulator
	Now       time.Time

	Template func(bundle.Product) ([]byte, error)                            // of a candidate
	Previous func(ctx context.Context, digest string) ([]byte, error)        // of a published version
	SetsIn   func(region string) publish.SetReader                           // change sets of the catalog account
	Deployed func(ctx context.Context, region, stack string) ([]byte, error) // template of a deployed stack of the catalog account; nil if there is none
	Shares   publish.SharesNow                                               // what Settle will do about organizational units
}

// Page is the page as plain values.
type Page struct {
	Name       string // of the fleet
	Verdict    string // what is asked, in one sentence
	Proof      string // how it was proved, in one sentence
	Attention  []string
	Commit     string
	Execution  string
	Bundle     string
	Rendering  string
	LedgerHead int
	Made       time.Time
	Emulated   bool
	Products   []Product
	Others     int // products of the catalog that do not change
	Portfolios []Portfolio
	Sets       []Set
	Stacks     []Stack
	Gates      []Gate
	NotRun     []evidence.Skipped
	Approved   publish.Approved // dossier.json
}

// Product is a product that changes.
type Product struct {
	ID, Name, Owner, Version, Previous string
	Change, Reason, Notes              string
	Scope                              string
	Irreversible                       bool
	Portfolios                         []string
	Deprecate, Deactivate              []string
	Digest                             string
	Retained                           []string
	Gained, Lost                       []Grant
	Diff                               Diff
	Proofs                             []Proof
}

// Portfolio says for whom.
type Portfolio struct {
	Name, Provider string
	Products       []string
	Accounts       []string // that it is shared with one by one; the catalog account if it is shared with nobody
	Units          []string // organizational units that it is shared with as a whole
	Principals     []string
}

// Collect gathers a page. It reads AWS, and changes nothing.
func Collect(ctx context.Context, in Input) (*Page, error) {
	page := &Page{
		Name: in.Settings.Name, Commit: in.Plan.Commit, Execution: in.Execution, Bundle: in.Plan.Bundle, Rendering: in.Rendering,
		LedgerHead: in.Plan.LedgerHead, Made: in.Now.UTC(), Emulated: in.Emulated,
		Approved: publish.Approved{
			Format: 1, Commit: in.Plan.Commit, Bundle: in.Plan.Bundle, Rendering: in.Rendering, LedgerHead: in.Plan.LedgerHead,
		},
	}
	for _, p := range in.Bundle.Products {
		if p.Change == bundle.Unchanged && len(p.Deprecate)+len(p.Deactivate) == 0 {
			page.Others++
			continue
		}
		product, err := in.product(ctx, p)
		if err != nil {
			return nil, err
		}
		page.Products = append(page.Products, product)
	}
	page.Portfolios = in.portfolios(page.Products)
	if err := in.sets(ctx, page); err != nil {
		return nil, err
	}
	if err := in.stacks(ctx, page); err != nil {
		return nil, err
	}
	shares, err := in.Shares(ctx)
	if err != nil {
		return nil, err
	}
	page.Approved.Shares = shares
	page.Gates = gates(in.Evidence)
	for _, e := range in.Evidence {
		page.NotRun = append(page.NotRun, e.NotRun...)
	}
	page.Verdict = verdict(page)
	page.Proof = proofSentence(page)
	page.Attention = attention(in, page)
	return page, nil
}

func (in Input) product(ctx context.Context, p bundle.Product) (Product, error) {
	product := Product{
		ID: p.ID, Name: p.Name, Owner: p.Owner, Version: p.Candidate().Version, Change: string(p.Change), Reason: p.Reason,
		Notes: p.Candidate().Notes, Scope: p.Scope, Irreversible: p.Irreversible, Deprecate: p.Deprecate, Deactivate: p.Deactivate,
		Digest: p.Candidate().Digest, Retained: p.Retained, Portfolios: in.portfolioNames(p.Portfolios),
	}
	if p.Change == bundle.Unchanged {
		product.Change, product.Reason = "guidance", "versions become deprecated or inactive"
	}
	before, after := in.Before.Products[p.ID], in.planned(p.ID)
	product.Gained, product.Lost = grants(before, after, used(p, in.Evidence))
	if !p.Launches() {
		return product, nil
	}
	product.Proofs = proofs(p, in.Evidence)
	body, err := in.Template(p)
	if err != nil {
		return product, err
	}
	if p.Previous == nil {
		product.Diff = whole(body)
		return product, nil
	}
	product.Previous = p.Previous.Version
	old, err := in.Previous(ctx, p.Previous.Digest)
	if err != nil {
		return product, fmt.Errorf("read the previous template of %s: %w", p.ID, err)
	}
	product.Diff = compare(old, body)
	return product, nil
}

// planned is a product as it will be after publication.
func (in Input) planned(id string) *ledger.Product {
	for i := range in.Plan.Products {
		if in.Plan.Products[i].ID == id {
			return &in.Plan.Products[i]
		}
	}
	return nil
}

func (in Input) portfolioNames(ids []string) []string {
	var names []string
	for _, id := range ids {
		name := id
		for _, p := range in.Settings.Portfolios {
			if p.ID == id {
				name = p.Name
			}
		}
		names = append(names, name)
	}
	return names
}

func (in Input) portfolios(products []Product) []Portfolio {
	var list []Portfolio
	for _, p := range in.Settings.Portfolios {
		portfolio := Portfolio{Name: p.Name, Provider: p.Provider, Accounts: p.Accounts, Units: p.Units, Principals: p.Principals}
		if len(p.Accounts)+len(p.Units) == 0 {
			portfolio.Accounts = []string{in.Settings.Accounts.Catalog}
		}
		for _, product := range products {
			if slices.Contains(product.Portfolios, p.Name) {
				portfolio.Products = append(portfolio.Products, product.Name)
			}
		}
		if len(portfolio.Products) > 0 {
			list = append(list, portfolio)
		}
	}
	return list
}

// verdict says what the reviewer is asked for.
func verdict(page *Page) string {
	count := map[string]int{}
	for _, p := range page.Products {
		count[p.Change]++
	}
	var parts []string
	for _, change := range []struct{ kind, one, many string }{
		{string(bundle.NewProduct), "new product", "new products"}, {string(bundle.NewVersion), "new version", "new versions"},
		{string(bundle.Metadata), "product with new metadata", "products with new metadata"}, {"guidance", "product with new guidance", "products with new guidance"},
	} {
		if n := count[change.kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, plural(n, change.one, change.many)))
		}
	}
	if len(parts) == 0 {
		return "Deploy the published stacks anew, with the same products"
	}
	return fmt.Sprintf("Publish %s to %d %s in %s", strings.Join(parts, " and "), len(page.Portfolios),
		plural(len(page.Portfolios), "portfolio", "portfolios"), reach(page.Portfolios))
}

// reach says how many accounts and organizational units portfolios are shared with.
func reach(portfolios []Portfolio) string {
	accounts, units := map[string]bool{}, map[string]bool{}
	for _, p := range portfolios {
		for _, id := range p.Accounts {
			accounts[id] = true
		}
		for _, id := range p.Units {
			units[id] = true
		}
	}
	var where []string
	if n := len(accounts); n > 0 || len(units) == 0 {
		where = append(where, fmt.Sprintf("%d %s", n, plural(n, "account", "accounts")))
	}
	if n := len(units); n > 0 {
		where = append(where, fmt.Sprintf("%d %s", n, plural(n, "organizational unit", "organizational units")))
	}
	return strings.Join(where, " and ")
}

// sharesAttention says what becomes of a share, and for whom.
func sharesAttention(change publish.ShareChange) string {
	where := fmt.Sprintf("Portfolio %s in %s", change.Portfolio, change.Region)
	switch change.Do {
	case publish.ShareAdd:
		return fmt.Sprintf("%s is newly shared with %s, and with every account that joins it.", where, change.Node)
	case publish.ShareRemove:
		return fmt.Sprintf("%s is no longer shared with %s; what its accounts launched stays.", where, change.Node)
	}
	return fmt.Sprintf("%s: Settle will %s %s.", where, change.Do, change.Node)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// attention lists what a tired reader must not miss.
func attention(in Input, page *Page) []string {
	var list []string
	if page.Emulated {
		list = append(list, "This is a rehearsal: the accounts are emulated, and nothing on this page was proved on AWS.")
	}
	for _, p := range page.Products {
		list = append(list, productAttention(p)...)
	}
	for _, set := range page.Sets {
		for _, change := range set.Changes {
			if change.Action == "Remove" || change.Replacement == "True" || change.Replacement == "Conditional" {
				what := cmp.Or(map[string]string{"True": "is replaced", "Conditional": "may be replaced"}[change.Replacement], "is removed")
				list = append(list, fmt.Sprintf("Stack %s: %s (%s) %s.", set.Stack, change.LogicalID, change.Type, what))
			}
			if change.Type == "AWS::CloudFormation::StackSet" {
				list = append(list, fmt.Sprintf("Stack %s: %s changes a launch role in every account of its organizational units at once.", set.Stack, change.LogicalID))
			}
		}
	}
	for _, change := range page.Approved.Shares {
		list = append(list, sharesAttention(change))
	}
	for _, id := range in.Bundle.Removed {
		list = append(list, fmt.Sprintf("%s left the catalog, but stays published.", id))
	}
	for _, g := range page.Gates {
		if g.Outcome != evidence.Passed {
			list = append(list, fmt.Sprintf("%s, %s: %s.", g.Action, g.Name, g.Outcome))
		}
	}
	return list
}

func productAttention(p Product) []string {
	var list []string
	if p.Irreversible {
		list = append(list, fmt.Sprintf("%s creates what cannot simply be deleted.", p.ID))
	}
	if len(p.Deactivate) > 0 {
		list = append(list, fmt.Sprintf("%s: %s cannot be used any more.", p.ID, strings.Join(p.Deactivate, ", ")))
	}
	var writes []string
	var actions int
	for _, g := range p.Gained {
		if g.Writes {
			writes = append(writes, g.Resources...)
			actions += len(g.Actions)
		}
	}
	if actions > 0 {
		slices.Sort(writes)
		list = append(list, fmt.Sprintf("The launch role of %s may change identities: IAM actions gained: %d, on %s.", p.ID, actions, strings.Join(slices.Compact(writes), ", ")))
	}
	for _, proof := range p.Proofs {
		if proof.Outcome != evidence.Passed {
			what := string(proof.Outcome)
			if proof.Why != "" {
				what += ": " + proof.Why
			}
			list = append(list, fmt.Sprintf("%s, %s: %s.", p.ID, proof.Action, what))
		}
	}
	return list
}
