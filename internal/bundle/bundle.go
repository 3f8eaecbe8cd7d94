// Package bundle is what Alpha builds once and later stages promote unrebuilt: payloads by digest, and which products changed and why.
//
// A bundle is a folder: bundle.json, templates/<digest>.json (canonical templates), sbom.json, and rendered/ (a trial rendering, see
// internal/plan). Open verifies every digest, so a later stage cannot use a payload that Alpha did not see. Build is a pure function of catalog,
// ledger state and commit. Start at Bundle and Build; change.go decides what a push does to a product, shard.go where a new one lives,
// files.go is the only part that touches files.
package bundle

import "accountfleet/internal/ledger"

// Bundle is bundle.json.
type Bundle struct {
	Format     int       `json:"format"`            // 1
	Commit     string    `json:"commit"`            // commit of the catalog repository
	LedgerHead int       `json:"ledgerHead"`        // ledger state that Changed was decided against
	Products   []Product `json:"products"`          // every product of the catalog, ordered by id
	Removed    []string  `json:"removed,omitempty"` // published products that left the catalog; they stay published
	SBOM       string    `json:"sbom"`              // SHA-256 of sbom.json
	Digest     string    `json:"digest"`            // SHA-256 over the rest of bundle.json, which holds the digests of all payloads
}

// Product is a product as later stages need it.
type Product struct {
	ledger.Product                   // metadata; Versions holds exactly the candidate version
	Scope          string            `json:"scope"`
	Irreversible   bool              `json:"irreversible,omitempty"`
	Parameters     map[string]string `json:"parameters,omitempty"`
	Retained       []string          `json:"retained,omitempty"`
	Tests          []Test            `json:"tests"`
	Outputs        []string          `json:"outputs,omitempty"`      // names of the template's outputs
	Capabilities   []string          `json:"capabilities,omitempty"` // CAPABILITY_NAMED_IAM, CAPABILITY_IAM as the template needs
	Change         Change            `json:"change"`
	Reason         string            `json:"reason"`             // for people: "new product", "1.3.0 follows 1.2.0", "unchanged since 1.2.0"
	Previous       *ledger.Version   `json:"previous,omitempty"` // newest active published version, if any
	Deprecate      []string          `json:"deprecate,omitempty"`
	Deactivate     []string          `json:"deactivate,omitempty"`
}

// Test is one TaskCat test.
type Test struct {
	Name       string            `json:"name"`
	Regions    []string          `json:"regions"`
	Parameters map[string]string `json:"parameters,omitempty"`
}

// Change says what a push does to a product.
type Change string

// Unchanged products are neither launched nor published again. Metadata changes publish without a launch.
const (
	NewProduct Change = "new product"
	NewVersion Change = "new version"
	Metadata   Change = "metadata"
	Unchanged  Change = "unchanged"
)

// Candidate is the version that this bundle brings.
func (p Product) Candidate() ledger.Version { return p.Versions[0] }

// Launches says whether Beta and Gamma must exercise the product.
func (p Product) Launches() bool { return p.Change == NewProduct || p.Change == NewVersion }

// Changes counts what publishing would do: launched products, products with new metadata, and versions that get new guidance. With none,
// the later stages are skipped.
func (b *Bundle) Changes() int {
	changes := 0
	for _, p := range b.Products {
		if p.Change != Unchanged {
			changes++
		}
		changes += len(p.Deprecate) + len(p.Deactivate)
	}
	return changes
}

// Find is the product called id.
func (b *Bundle) Find(id string) (Product, bool) {
	for _, p := range b.Products {
		if p.ID == id {
			return p, true
		}
	}
	return Product{}, false
}
