package manifest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"accountfleet/internal/document"
)

// Names of the files of a product.
const (
	productName  = "product.yaml"
	templateName = "template.yaml"
	taskcatName  = ".taskcat.yml"
	readmeName   = "README.md"
	stackSetsDir = "stack-sets/"
)

// layout is the catalog's files, sorted by what they are.
type layout struct {
	products map[string]*folder
	features []string
	rules    []string
}

// folder is products/<id>.
type folder struct {
	product, template, taskcat bool
	features                   []string
	stackSets                  []string // names such as stack-sets/baseline.yaml
}

// sort puts every entry where it belongs and refuses what belongs nowhere.
func (l *loader) sort(entries []Entry) layout {
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	found := layout{products: map[string]*folder{}}
	var total int64
	folded := map[string]string{}
	strangers := map[string]bool{}
	for _, e := range entries {
		total += e.Size
		if !l.acceptable(e, folded) {
			continue
		}
		top, rest, nested := strings.Cut(e.Path, "/")
		switch {
		case !nested:
			l.topFile(top)
		case top == "products":
			l.productFile(found, e.Path, rest)
		case top == "features":
			if l.wanted(e.Path, ".feature") {
				found.features = append(found.features, e.Path)
			}
		case top == "guard-rules":
			if l.wanted(e.Path, ".guard", ".yaml", ".yml", ".json") {
				found.rules = append(found.rules, e.Path)
			}
		case strings.HasPrefix(top, ".") || top == "docs":
		case !strangers[top]:
			strangers[top] = true
			cure := "keep products/, features/, guard-rules/ and docs/ only"
			if near := document.Nearest(top, []string{"products", "features", "guard-rules", "docs"}); near != "" {
				cure = "did you mean " + near + "/"
			}
			l.refuse("STRAY", top, "a folder that nothing reads, so that what it holds would never be checked", cure)
		}
	}
	if len(entries) > MaxFiles {
		l.refuse("SIZE", "", fmt.Sprintf("the catalog has %d files, more than %d", len(entries), MaxFiles), "remove generated files")
	}
	if total > MaxTotal {
		l.refuse("SIZE", "", fmt.Sprintf("the catalog has %s, more than %s", document.Size(int(total)), document.Size(MaxTotal)), "remove generated files")
	}
	return found
}

// acceptable refuses what is no plain file with a plain name, and names that differ by case only, which not every machine can hold.
func (l *loader) acceptable(e Entry, folded map[string]string) bool {
	if !utf8.ValidString(e.Path) || strings.ContainsFunc(e.Path, unicode.IsControl) || strings.Contains(e.Path, `\`) || path.Clean("/"+e.Path) != "/"+e.Path {
		l.refuse("PATH", "", fmt.Sprintf("the path %q cannot be used on every machine", e.Path), "rename it to plain letters, digits, dots, dashes and underscores")
		return false
	}
	clash := ""
	for at := e.Path; at != "."; at = path.Dir(at) {
		if other, ok := folded[strings.ToLower(at)]; ok && other != at {
			clash = at // the topmost wins: one message for a folder, not one for each of its files
			continue
		}
		folded[strings.ToLower(at)] = at
	}
	if clash != "" {
		if !l.clashes[clash] {
			l.clashes[clash] = true
			l.refuse("CASE", clash, fmt.Sprintf("%s and %s differ by case only, so that some machines hold just one of them", folded[strings.ToLower(clash)], clash), "rename one")
		}
		return false
	}
	switch {
	case e.Kind != Regular:
		l.refuse("FILE_TYPE", e.Path, fmt.Sprintf("is a %s, which could lead out of the catalog", e.Kind), "put the file itself here")
	case e.Size > document.MaxBytes:
		l.refuse("SIZE", e.Path, fmt.Sprintf("%s, more than the %s that one file may have", document.Size(int(e.Size)), document.Size(document.MaxBytes)), "split it; CloudFormation reads no larger template")
	default:
		return true
	}
	if rest, ok := strings.CutPrefix(e.Path, "products/"); ok {
		id, _, _ := strings.Cut(rest, "/")
		l.broken[id] = true
	}
	return false
}

// topFile refuses files at the top that belong into a folder.
func (l *loader) topFile(name string) {
	switch {
	case name == productName || name == templateName || name == taskcatName:
		l.refuse("STRAY", name, "belongs to a product", "move it to products/<id>/")
	case path.Ext(name) == ".feature":
		l.refuse("STRAY", name, "nothing reads features here", "move it to features/ or products/<id>/features/")
	case path.Ext(name) == ".guard":
		l.refuse("STRAY", name, "nothing reads rules here", "move it to guard-rules/")
	}
}

// productFile sorts one file below products/.
func (l *loader) productFile(found layout, full, rest string) {
	id, name, nested := strings.Cut(rest, "/")
	if !nested {
		if id != readmeName {
			l.refuse("STRAY", full, "lies beside the products", "move it into the folder of its product, or delete it")
		}
		return
	}
	if found.products[id] == nil {
		found.products[id] = &folder{}
	}
	f := found.products[id]
	switch name {
	case productName:
		f.product = true
		return
	case templateName:
		f.template = true
		return
	case taskcatName:
		f.taskcat = true
		return
	case readmeName:
		return
	}
	if strings.HasPrefix(name, "features/") {
		if l.wanted(full, ".feature") {
			f.features = append(f.features, full)
		}
		return
	}
	if strings.HasPrefix(name, stackSetsDir) {
		if l.wanted(full, ".yaml") {
			f.stackSets = append(f.stackSets, name)
		}
		return
	}
	cure := "delete it; a product is product.yaml, template.yaml, stack-sets/, .taskcat.yml, features/ and README.md"
	if near := document.Nearest(name, []string{productName, templateName, taskcatName, readmeName}); near != "" {
		cure = "did you mean " + near
	}
	l.refuse("STRAY", full, "is no part of a product", cure)
}

// wanted says whether a file has one of extensions; a README.md is tolerated, anything else refused.
func (l *loader) wanted(full string, extensions ...string) bool {
	if path.Base(full) == readmeName {
		return false
	}
	if !slices.Contains(extensions, path.Ext(full)) {
		l.refuse("STRAY", full, "nothing reads it here", "name it *"+strings.Join(extensions, ", *")+", or delete it")
		return false
	}
	return true
}

// missing reports the parts that a product lacks.
func (l *loader) missing(id string, f *folder) {
	at := "products/" + id
	if !f.product {
		l.refuse("MISSING", at+"/"+productName, "is missing", "write who owns the product, its version and where it is published; copy that of another product to start from")
	}
	if !f.template {
		l.refuse("MISSING", at+"/"+templateName, "is missing", "write the CloudFormation template of the product")
	}
	if !f.taskcat {
		l.refuse("MISSING", at+"/"+taskcatName, "is missing, so that nothing would test the product", "write at least one test")
	}
	if len(f.features) == 0 {
		l.refuse("MISSING", at+"/features", "holds no feature, so that nothing says how the product must behave", "write at least one *.feature; fleet steps lists the sentences")
	}
}

// alike reports ids that AWS names or people would confuse.
func (l *loader) alike(ids []string) {
	seen := map[string]string{}
	for _, id := range ids {
		plain := strings.ReplaceAll(strings.ToLower(id), "-", "")
		if other, ok := seen[plain]; ok {
			l.refuse("PRODUCT_ID", "products/"+id, fmt.Sprintf("is called like products/%s but for case and dashes", other), "rename one that is not published yet")
			continue
		}
		seen[plain] = id
	}
}

// ids are the products' folders in order.
func (f layout) ids() []string { return slices.Sorted(maps.Keys(f.products)) }
