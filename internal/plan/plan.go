// Package plan turns ledger and bundle into what will be published: a pure function, read by the CDK app, which renders it as
// stacks, and by publish, which carries it out and records it.
//
// Because it is computed from the ledger and not from the catalog alone, a version that another execution published meanwhile is
// always part of it: Service Catalog deletes a version that is missing from a rendered list. Start at Make; permissions.go says what
// the launch role of a product needs for all its versions, and files.go reads and writes plans and digests what was rendered from them.
package plan

import (
	"slices"

	"accountfleet/internal/ledger"
)

// Plan is plan.json: what the rendered stacks must contain.
type Plan struct {
	Format     int              `json:"format"`     // 1
	Commit     string           `json:"commit"`     //
	Bundle     string           `json:"bundle"`     // digest of the bundle
	LedgerHead int              `json:"ledgerHead"` // publishing refuses if the ledger is not here any more
	Products   []ledger.Product `json:"products"`   // every product ever published or now new, with all its versions and their status after this plan, ordered by id
	New        []ledger.Ref     `json:"new"`        // versions that this plan makes available
	Metadata   []string         `json:"metadata"`   // products whose metadata changes without a new version
	Deprecate  []ledger.Ref     `json:"deprecate"`  // not deprecated yet
	Deactivate []ledger.Ref     `json:"deactivate"` // not inactive yet
	Gamma      Gamma            `json:"gamma"`      // candidates for the gamma portfolio
}

// Gamma is what the gamma portfolio offers: each changed product with its candidate and, if there is one, its previous version.
type Gamma struct {
	Products []ledger.Product `json:"products"`
}

// Empty says that publishing the plan would change nothing.
func (p *Plan) Empty() bool {
	return len(p.New)+len(p.Metadata)+len(p.Deprecate)+len(p.Deactivate) == 0
}

// Entry is what the ledger must say once the plan is carried out; time, execution, rendering and approval are the publisher's to fill in.
func (p *Plan) Entry() ledger.Entry {
	e := ledger.Entry{
		Seq: p.LedgerHead + 1, Kind: ledger.Published, Commit: p.Commit, Bundle: p.Bundle,
		Deprecated: p.Deprecate, Inactive: p.Deactivate,
	}
	for _, product := range p.Products {
		fresh := slices.DeleteFunc(slices.Clone(product.Versions), func(v ledger.Version) bool {
			return !slices.Contains(p.New, ledger.Ref{Product: product.ID, Version: v.Version})
		})
		if len(fresh) == 0 && !slices.Contains(p.Metadata, product.ID) {
			continue
		}
		product.Versions = fresh
		e.Products = append(e.Products, product)
	}
	if len(e.Products) == 0 {
		e.Kind = ledger.Guidance
	}
	return e
}
