// Package plan turns ledger and bundle into what will be published: a pure function, read by the CDK app, which renders it as
// stacks, and by publish, which carries it out and records it.
//
// Because it is computed from the ledger and not from the catalog alone, a version that another execution published meanwhile is
// always part of it: Service Catalog deletes a version that is missing from a rendered list. Start at Make.
package plan

import "accountfleet/internal/ledger"

// Plan is plan.json: what the rendered stacks must contain.
type Plan struct {
	Format     int              `json:"format"`     // 1
	Commit     string           `json:"commit"`     //
	Bundle     string           `json:"bundle"`     // digest of the bundle
	LedgerHead int              `json:"ledgerHead"` // publishing refuses if the ledger is not here any more
	Products   []ledger.Product `json:"products"`   // every product ever published or now new, with all its versions, ordered by id
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
