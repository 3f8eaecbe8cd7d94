package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"accountfleet/internal/bundle"
	"accountfleet/internal/config"
	"accountfleet/internal/ledger"
)

// format is the version of plan.json that this program writes and reads.
const format = 1

// ErrConflict says that the ledger moved in a way that this bundle cannot be published on: push again, so that Alpha decides anew.
var ErrConflict = errors.New("the bundle does not fit the ledger any more")

// Make merges what is published with what the bundle brings. Nothing that the ledger holds is ever lost: products that left the catalog
// and versions that were published after the bundle was built are all in the plan. Neither b nor st is changed.
func Make(s *config.Settings, b *bundle.Bundle, st ledger.State) (*Plan, error) {
	if b.LedgerHead > st.Head {
		return nil, fmt.Errorf("the bundle was built on ledger entry %d, but the ledger ends at %d: it is another fleet's ledger or lost entries: name the right one", b.LedgerHead, st.Head)
	}
	m := &merge{
		products: map[string]*ledger.Product{},
		plan:     &Plan{Format: format, Commit: b.Commit, Bundle: b.Digest, LedgerHead: st.Head},
	}
	var published []ledger.Product
	for _, id := range slices.Sorted(maps.Keys(st.Products)) {
		copied := st.Products[id].Clone()
		m.products[id] = &copied
		published = append(published, copied)
	}
	var err error
	if m.room, err = bundle.NewRoom(s.Shards, published); err != nil {
		return nil, err
	}
	for _, p := range b.Products {
		if err := m.add(p); err != nil {
			return nil, err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.products)) {
		m.plan.Products = append(m.plan.Products, *m.products[id])
	}
	return m.plan, nil
}

// merge is a plan in the making.
type merge struct {
	products map[string]*ledger.Product
	room     *bundle.Room
	plan     *Plan
}

// add merges one product of the bundle.
func (m *merge) add(p bundle.Product) error {
	known := m.products[p.ID]
	if known == nil && !p.Launches() {
		return fmt.Errorf("product %s is %q, but was never published: %w", p.ID, p.Change, ErrConflict)
	}
	switch p.Change {
	case bundle.Unchanged:
	case bundle.Metadata:
		m.describe(p.Product, known)
	case bundle.NewProduct, bundle.NewVersion:
		m.candidate(p)
		if err := m.version(p.Product, known); err != nil {
			return err
		}
	default:
		return fmt.Errorf("product %s has the unknown change %q: use the fleet that built the bundle", p.ID, p.Change)
	}
	return m.guidance(p)
}

// describe takes new metadata over.
func (m *merge) describe(p ledger.Product, known *ledger.Product) bool {
	if len(bundle.Differences(*known, p)) == 0 {
		return false
	}
	p = p.Clone()
	p.Shard, p.Versions = known.Shard, known.Versions
	*known = p
	m.plan.Metadata = append(m.plan.Metadata, p.ID)
	return true
}

// version adds the candidate, unless another execution has published the very same meanwhile.
func (m *merge) version(p ledger.Product, known *ledger.Product) error {
	candidate := p.Versions[0]
	if known == nil {
		p = p.Clone()
		if !m.room.Place(&p) {
			return fmt.Errorf("no product shard has room for %s, because others were published meanwhile: raise shards in fleet.yaml, run cdk deploy and push again: %w", p.ID, ErrConflict)
		}
		m.products[p.ID] = &p
		m.plan.New = append(m.plan.New, ledger.Ref{Product: p.ID, Version: candidate.Version})
		return nil
	}
	if i := slices.IndexFunc(known.Versions, func(v ledger.Version) bool { return v.Version == candidate.Version }); i >= 0 {
		if known.Versions[i].Digest != candidate.Digest {
			return fmt.Errorf("version %s of %s was published meanwhile with another template: bump the version and push again: %w", candidate.Version, p.ID, ErrConflict)
		}
		m.describe(p, known)
		return nil
	}
	versions := append(slices.Clone(known.Versions), candidate)
	p = p.Clone()
	p.Shard, p.Versions = known.Shard, versions
	*known = p
	m.plan.New = append(m.plan.New, ledger.Ref{Product: p.ID, Version: candidate.Version})
	return nil
}

// candidate offers the product to the gamma account with its candidate and, to upgrade from, its previous version.
func (m *merge) candidate(p bundle.Product) {
	offered := p.Product.Clone()
	if p.Previous != nil {
		offered.Versions = append([]ledger.Version{*p.Previous}, offered.Versions...)
	}
	m.plan.Gamma.Products = append(m.plan.Gamma.Products, offered)
}

// guidance marks versions that are not marked yet.
func (m *merge) guidance(p bundle.Product) error {
	for _, change := range []struct {
		versions []string
		status   ledger.Status
		refs     *[]ledger.Ref
	}{
		{p.Deprecate, ledger.Deprecated, &m.plan.Deprecate},
		{p.Deactivate, ledger.Inactive, &m.plan.Deactivate},
	} {
		for _, version := range change.versions {
			versions := m.products[p.ID].Versions
			i := slices.IndexFunc(versions, func(v ledger.Version) bool { return v.Version == version })
			if i < 0 {
				return fmt.Errorf("version %s of %s becomes %s, but was never published: %w", version, p.ID, change.status, ErrConflict)
			}
			if status := versions[i].Status; status != change.status && status != ledger.Inactive {
				versions[i].Status = change.status
				*change.refs = append(*change.refs, ledger.Ref{Product: p.ID, Version: version})
			}
		}
	}
	return nil
}
