package launch

import (
	"context"
	"slices"
	"strings"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/evidence"
)

// retire removes the stacks of products that left the catalog. Beta keeps the stacks of account-scoped products for updates in place;
// a product that is not in the catalog any more has no next version, and its stack would stay, and cost, for ever. What it leaves is
// swept without a finding, because nobody can declare it any more. Names are all that is asked for, so nothing but Beta's own is seen.
func (p *Provision) retire(ctx context.Context, products []bundle.Product) ([]*journal, error) {
	prefix := p.Settings.BetaStack("")
	names, err := p.Beta.StackNames(ctx, prefix)
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, name := range names {
		id := strings.TrimPrefix(name, prefix)
		if !slices.ContainsFunc(products, func(product bundle.Product) bool { return product.ID == id }) {
			gone = append(gone, id)
		}
	}
	journals := make([]*journal, len(gone))
	together(parallel, make([]task, len(gone)), func(i int) { journals[i] = p.clearAway(ctx, gone[i]) })
	return journals, nil
}

// clearAway deletes the Beta stack of a product that is gone.
func (p *Provision) clearAway(ctx context.Context, id string) *journal {
	j := &journal{action: "Provision", log: p.Log, now: p.Now, product: evidence.Product{ID: id}}
	ctx, cancel := cloud.Cleanup(ctx)
	defer cancel()
	var stack string
	found := j.step("left the catalog", func() (detail string, err error) {
		stack, err = p.Stacks.ID(ctx, p.Settings.BetaStack(id))
		return orElse(stack, "its stack is gone already"), err
	})
	if !found || stack == "" {
		return j
	}
	leftovers := bundle.Product{}
	leftovers.ID = id
	if left, err := p.Stacks.Leftovers(ctx, stack); err == nil {
		for _, r := range left {
			leftovers.Retained = append(leftovers.Retained, r.LogicalID)
		}
	}
	remove(ctx, j, p.Stacks, p.Sweeper, leftovers, stack, p.role(), "")
	return j
}
