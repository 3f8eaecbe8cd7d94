// Package manifest reads the catalog repository: products, their templates and tests.
//
// Load reads a whole catalog and reports every mistake at once as findings with file and line. Content never comes from the
// working folder directly: callers give a Tree, so that staged files, commits and folders are read alike and symlinks, submodules
// and oversized files are refused in one place. Start at Load and Catalog; layout.go says which file may lie where, check.go what
// product.yaml may say, template.go what a template may hold, stacksets.go how templates of stack sets become part of it, taskcat.go
// what is taken from .taskcat.yml. The package is pure: no process, no network, and no files but through Dir.
package manifest

import "accountfleet/internal/document"

// Lines leads from a JSON pointer to a place in the source.
type Lines = document.Lines

// Catalog is everything that a push brings, as far as it was found to be well formed.
type Catalog struct {
	Products []Product // ordered by ID
	Features []File    // catalog-wide features, from features/, ordered by path
	Rules    []File    // catalog-wide extra guard rules (*.guard) and their tests (YAML, JSON), from guard-rules/, ordered by path
}

// File is a text file of the catalog.
type File struct {
	Path string // slash-separated, relative to the catalog root
	Body []byte
}

// Scope says where a product may exist and how often.
type Scope string

// The scopes of DESIGN: any number; one per account and region; organization-wide.
const (
	ScopeAccount      Scope = "account"
	ScopeRegion       Scope = "region"
	ScopeOrganization Scope = "organization"
)

// Product is one folder of products/.
type Product struct {
	ID           string            // the folder's name: lower-case words joined by dashes, at most 40 characters
	Name         string            // 1 to 100 characters
	Description  string            //
	Owner        string            //
	Support      Support           //
	Version      string            // semantic version without a leading v
	Notes        string            // what this version changes, shown to consumers
	Portfolios   []string          // ids of fleet.yaml's portfolios
	Scope        Scope             //
	Irreversible bool              // creates what cannot simply be deleted: launched in the emulator only
	Parameters   map[string]string // values used by Beta and Gamma launches
	Retained     []string          // logical ids whose resources outlive their stack by design
	Deprecated   []string          // published versions that may still be updated but not launched anew
	Inactive     []string          // published versions that may not be used any more
	Lines        Lines             // JSON pointer in product.yaml -> place in it
	Template     Template          //
	StackSets    []StackSet        // templates that the product's stack sets bring to other accounts, ordered by name
	Tests        []Test            // from .taskcat.yml, ordered by name
	Features     []File            // from features/
}

// Support tells consumers where help is.
type Support struct {
	Email       string
	URL         string
	Description string
}

// Template is a CloudFormation template in canonical form.
type Template struct {
	Path   string         // source file, relative to the catalog root
	Source []byte         // as the author wrote it
	Body   []byte         // canonical JSON: sorted keys, short intrinsics spelt out, suppression metadata stripped
	Digest string         // lower-case hex SHA-256 of Body
	Doc    map[string]any // Body decoded, numbers as json.Number; shared, never modified
	Lines  Lines          // JSON pointer in Doc -> place in Source
}

// StackSet is a template of stack-sets/. The product's own template carries it as TemplateBody, so that both are published as one.
type StackSet struct {
	Name     string // stack-sets/<name>, without extension
	Template Template
}

// Test is one TaskCat test: what the allow list takes from .taskcat.yml.
type Test struct {
	Name       string
	Regions    []string
	Parameters map[string]string
}
