// Package publish makes packages, and carries out what CloudFormation cannot do with them: it renders stacks, fills the template
// store, checks before execution that nothing moved since the approval, settles versions and writes the ledger entry, verifies as a
// consumer, and restores if that fails.
//
// Every step may be run again after a crash: it looks at what is there and does the rest. What is published was decided before, by
// internal/plan; nothing here decides. AWS is reached through small interfaces that internal/cloud implements. Start at Packaging for Alpha, and at Settlement for
// Prod.
package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
)

// Ledger is the record of what was published.
type Ledger interface {
	ledger.Reader
	ledger.Appender
}

// Shelf is the published products of one region, as their owner sees them; *cloud.Shelf is one.
type Shelf interface {
	Exports(ctx context.Context, stack string) (map[string]string, error)
	Versions(ctx context.Context, product string) ([]cloud.ShelvedVersion, error)
	Set(ctx context.Context, product string, v cloud.ShelvedVersion) error
}

// Addresses tells where Service Catalog read a version's template; *cloud.Shelf is one.
type Addresses interface {
	TemplateURL(ctx context.Context, product, version string) (string, error)
}

// Refusal says why publishing stopped because of what the world looks like now: exit code 1, with the cure in the message.
type Refusal struct{ Message string }

func (r *Refusal) Error() string { return r.Message }

func refuse(format string, args ...any) error { return &Refusal{Message: fmt.Sprintf(format, args...)} }

// moved is the refusal of everything that finds another ledger than it was planned against.
func moved(planned, now int) error {
	return refuse("the ledger moved since this was planned: it was at entry %d and is at %d: another publication came first; "+
		"release the change again, so that it is rendered from today's ledger", planned, now)
}

// Putter stores templates of one region; *cloud.Store is one.
type Putter interface {
	Put(ctx context.Context, digest string, body []byte) (added bool, err error)
}

// Store puts the candidates' templates into the store of every catalog region, and says what was new. A candidate that nobody
// refers to does no harm, so this comes before approval.
func Store(ctx context.Context, b *bundle.Bundle, template func(bundle.Product) ([]byte, error), in func(region string) Putter, regions []string, out io.Writer) error {
	for _, product := range b.Products {
		if !product.Launches() {
			continue
		}
		body, err := template(product)
		if err != nil {
			return err
		}
		for _, region := range regions {
			digest := product.Candidate().Digest
			added, err := in(region).Put(ctx, digest, body)
			if err != nil {
				return err
			}
			what := "already in"
			if added {
				what = "added to"
			}
			fmt.Fprintf(out, "%s %s %s the template store of %s as %s\n", product.ID, product.Candidate().Version, what, region, config.TemplateKey(digest))
		}
	}
	return nil
}

// Changes says whether a plan publishes anything, given the digest of its rendering and that of the last publication.
func Changes(p *plan.Plan, rendering, last string) bool {
	return len(p.New)+len(p.Metadata)+len(p.Deprecate)+len(p.Deactivate) > 0 || rendering != last
}

// status is what a version must be after this plan.
func status(p *plan.Plan, product string, v ledger.Version) ledger.Status {
	ref := ledger.Ref{Product: product, Version: v.Version}
	switch {
	case slices.Contains(p.Deactivate, ref):
		return ledger.Inactive
	case slices.Contains(p.Deprecate, ref) && v.Status != ledger.Inactive:
		return ledger.Deprecated
	}
	return cmp.Or(v.Status, ledger.Active)
}

// Settlement is everything that Settle needs.
type Settlement struct {
	Settings  *config.Settings
	Plan      *plan.Plan
	Rendering string // digest of the published stacks
	Execution string // pipeline execution id
	Ledger    Ledger
	ShelfIn   func(region string) Shelf
	URLsIn    func(region string) Addresses
	SharesIn  func(region string) Sharer // called only if the settings name a management account
	Approval  func(ctx context.Context) (ledger.Approval, error)
	Now       func() time.Time
	Out       io.Writer
}

// Settle makes versions what the plan says, checks that what CloudFormation published is what was planned, and appends the ledger
// entry. Run again after a crash it does what is left; run twice it writes one entry.
func (s *Settlement) Settle(ctx context.Context) error {
	entries, err := s.Ledger.Entries(ctx)
	if err != nil {
		return err
	}
	state, err := ledger.Reduce(entries[:min(s.Plan.LedgerHead, len(entries))])
	if err != nil {
		return err
	}
	done := slices.ContainsFunc(entries, s.ours)
	if !done && len(entries) != s.Plan.LedgerHead {
		return moved(s.Plan.LedgerHead, len(entries))
	}
	if !Changes(s.Plan, s.Rendering, state.Rendering) {
		fmt.Fprintln(s.Out, "nothing changed: no ledger entry")
		return nil
	}
	for _, region := range s.Settings.Regions.Catalog {
		if err := s.region(ctx, region); err != nil {
			return err
		}
		if err := s.shares(ctx, region); err != nil {
			return err
		}
	}
	if done {
		fmt.Fprintln(s.Out, "this execution's ledger entry is there already")
		return nil
	}
	entry, err := s.entry(ctx, state)
	if err != nil {
		return err
	}
	if err := s.Ledger.Append(ctx, entry); errors.Is(err, ledger.ErrMoved) {
		return moved(s.Plan.LedgerHead, s.Plan.LedgerHead+1)
	} else if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "ledger entry %d: %s, approved by %s\n", entry.Seq, entry.Kind, entry.Approval.By)
	return nil
}

// ours says whether an entry records this very publication.
func (s *Settlement) ours(e ledger.Entry) bool {
	return e.Seq > s.Plan.LedgerHead && e.Execution == s.Execution && e.Bundle == s.Plan.Bundle && e.Kind != ledger.Restored
}

// region checks and settles the versions of one region.
func (s *Settlement) region(ctx context.Context, region string) error {
	shelf := s.ShelfIn(region)
	exports, err := productIDs(ctx, s.Settings, shelf)
	if err != nil {
		return err
	}
	for _, product := range s.Plan.Products {
		id := exports[s.Settings.ProductExport(product.ID)]
		if id == "" {
			return refuse("product %s is not published in %s: no stack exports %s: execute the change sets of the product stacks first",
				product.ID, region, s.Settings.ProductExport(product.ID))
		}
		shelved, err := shelf.Versions(ctx, id)
		if err != nil {
			return err
		}
		for _, version := range product.Versions {
			if err := s.version(ctx, shelf, region, id, product.ID, version, shelved); err != nil {
				return err
			}
		}
	}
	return nil
}

// productIDs are the exports of all product shards of a region.
func productIDs(ctx context.Context, s *config.Settings, shelf Shelf) (map[string]string, error) {
	ids := map[string]string{}
	for shard := range s.Shards {
		exports, err := shelf.Exports(ctx, s.ProductsStack(shard))
		if err != nil {
			return nil, err
		}
		maps.Copy(ids, exports)
	}
	return ids, nil
}

func (s *Settlement) version(ctx context.Context, shelf Shelf, region, id, product string, v ledger.Version, shelved []cloud.ShelvedVersion) error {
	i := slices.IndexFunc(shelved, func(k cloud.ShelvedVersion) bool { return k.Name == v.Version })
	if i < 0 {
		return refuse("version %s of %s is not published in %s: execute the change sets of the product stacks first", v.Version, product, region)
	}
	there := shelved[i]
	if slices.Contains(s.Plan.New, ledger.Ref{Product: product, Version: v.Version}) {
		url, err := s.URLsIn(region).TemplateURL(ctx, id, there.ID)
		if err != nil {
			return err
		}
		if want := s.Settings.TemplateURL(region, v.Digest); url != want {
			return refuse("version %s of %s is published from %s in %s: want %s: something else published it; deactivate it and look who did",
				v.Version, product, url, region, want)
		}
	}
	want := there
	want.Active, want.Deprecated = true, false
	switch status(s.Plan, product, v) {
	case ledger.Inactive:
		want.Active, want.Deprecated = false, there.Deprecated
	case ledger.Deprecated:
		want.Deprecated = true
	}
	if want == there {
		return nil
	}
	if err := shelf.Set(ctx, id, want); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "%s %s in %s: active %t, deprecated %t\n", product, v.Version, region, want.Active, want.Deprecated)
	return nil
}

// entry is the ledger entry of this publication.
func (s *Settlement) entry(ctx context.Context, before ledger.State) (ledger.Entry, error) {
	approval, err := s.Approval(ctx)
	if err != nil {
		return ledger.Entry{}, err
	}
	entry := s.Plan.Entry()
	entry.Time, entry.Execution, entry.Rendering, entry.Approval = s.Now().UTC(), s.Execution, s.Rendering, approval
	if s.Rendering != before.Rendering {
		entry.Kind = ledger.Published // settings or app change what is rendered, though no product does
	}
	return entry, nil
}

// Unmoved refuses a plan that was made on another ledger than there is now, whose last entry is number head.
func Unmoved(p *plan.Plan, head int) error {
	if head != p.LedgerHead {
		return moved(p.LedgerHead, head)
	}
	return nil
}
