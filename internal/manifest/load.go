package manifest

import (
	"context"
	"fmt"
	"regexp"
	"unicode/utf8"

	"accountfleet/internal/config"
	"accountfleet/internal/document"
	"accountfleet/internal/finding"
)

// gate is how findings of this package are filed.
const gate = "manifest"

var productID = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Load reads the catalog in tree and reports everything that is wrong with it. The catalog holds what is well formed, so that gates can
// go on and report theirs; use finding.Failed to see whether it may be published. The error is about reading, not about content.
func Load(ctx context.Context, tree Tree, settings *config.Settings) (*Catalog, []finding.Finding, error) {
	entries, err := tree.Files(ctx)
	if err != nil {
		return nil, nil, err
	}
	l := &loader{tree: tree, settings: settings, broken: map[string]bool{}, clashes: map[string]bool{}}
	found := l.sort(entries)
	l.alike(found.ids())
	catalog := &Catalog{}
	if catalog.Features, err = l.files(found.features); err != nil {
		return nil, nil, err
	}
	if catalog.Rules, err = l.files(found.rules); err != nil {
		return nil, nil, err
	}
	for _, id := range found.ids() {
		if err := ctx.Err(); err != nil {
			return nil, nil, fmt.Errorf("read the catalog: %w", err)
		}
		product, err := l.load(id, found.products[id])
		if err != nil {
			return nil, nil, err
		}
		if product != nil {
			catalog.Products = append(catalog.Products, *product)
		}
	}
	l.names(catalog.Products)
	if len(found.products) == 0 && len(l.broken) == 0 {
		l.refuse("EMPTY", "products", "the catalog has no product", "add products/<id>/ with product.yaml, template.yaml, .taskcat.yml and features/, or name the folder that holds products/ by --catalog")
	}
	finding.Sort(l.findings)
	return catalog, l.findings, nil
}

// loader collects findings while it reads.
type loader struct {
	tree     Tree
	settings *config.Settings
	product  string          // id that findings are about
	broken   map[string]bool // products with a file that may not be read
	clashes  map[string]bool // paths that were reported for differing from another by case only
	findings []finding.Finding
}

// refuse records an error about a whole file.
func (l *loader) refuse(rule, file, message, cure string) {
	l.add(finding.Finding{Rule: rule, Severity: finding.Error, File: file, Message: message, Cure: cure})
}

func (l *loader) add(f finding.Finding) {
	f.Gate, f.Product = gate, l.product
	f.Fingerprint = finding.Identify(f)
	l.findings = append(l.findings, f)
}

// problems turns a report into findings of rule.
func (l *loader) problems(rule, file string, r *document.Report) {
	for _, p := range r.Problems() {
		message := p.Message
		if p.Path != "" {
			message = p.Path + ": " + message
		}
		l.add(finding.Finding{Rule: rule, Severity: finding.Error, Resource: p.Path, File: file, Span: p.Span, Message: message, Cure: p.Cure})
	}
}

// files reads text files.
func (l *loader) files(paths []string) ([]File, error) {
	var files []File
	for _, path := range paths {
		body, err := l.tree.Read(path)
		if err != nil {
			return nil, err
		}
		if !utf8.Valid(body) {
			l.refuse("ENCODING", path, "is not valid UTF-8", "save it as UTF-8")
			continue
		}
		files = append(files, File{Path: path, Body: body})
	}
	return files, nil
}

// parse reads one YAML file of a product; the document is nil if it is malformed.
func (l *loader) parse(path string, o document.Options) (*document.Document, []byte, error) {
	body, err := l.tree.Read(path)
	if err != nil {
		return nil, nil, err
	}
	o.Product = l.product
	d, findings := document.Parse(path, body, o)
	l.findings = append(l.findings, findings...)
	return d, body, nil
}

// load reads one product; nil if it is not well formed.
func (l *loader) load(id string, f *folder) (*Product, error) {
	l.product = id
	defer func() { l.product = "" }()
	before := len(l.findings)
	at := "products/" + id
	if len(id) > 40 || !productID.MatchString(id) {
		l.refuse("PRODUCT_ID", at, "the folder's name is the product's id: want at most 40 lower-case letters, digits and single dashes", "rename the folder, for example log-archive")
	}
	if !l.broken[id] {
		l.missing(id, f)
	}
	p := &Product{ID: id}
	var err error
	if f.template {
		if err = l.template(p, at, f.stackSets); err != nil {
			return nil, err
		}
	}
	if f.product {
		if err = l.productYAML(p, at+"/"+productName); err != nil {
			return nil, err
		}
	}
	if f.taskcat {
		if err = l.taskcat(p, at+"/"+taskcatName); err != nil {
			return nil, err
		}
	}
	if p.Features, err = l.files(f.features); err != nil {
		return nil, err
	}
	if l.broken[id] || finding.Failed(l.findings[before:]) {
		return nil, nil
	}
	return p, nil
}
