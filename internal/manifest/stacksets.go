package manifest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/document"
)

// stackSetType brings a template of its own to other accounts.
const stackSetType = "AWS::CloudFormation::StackSet"

// maxTemplateBody is the longest template, in bytes, that a request of CloudFormation carries. Source: CloudFormation API Reference,
// CreateStackSet, TemplateBody.
const maxTemplateBody = 51200

// stackSetFile is the only form of an address: no way leads out of the product.
var stackSetFile = regexp.MustCompile(`^stack-sets/[a-z][a-z0-9]*(-[a-z0-9]+)*\.yaml$`)

// Subjects are all templates that gates look at: each product, and after it the templates of its stack sets. These look like products
// called <product>/stack-sets/<name>, with the tests' regions and without parameters and features of their own.
func (c *Catalog) Subjects() []*Product {
	var subjects []*Product
	for i := range c.Products {
		p := &c.Products[i]
		subjects = append(subjects, p)
		for _, s := range p.StackSets {
			child := &Product{
				ID: p.ID + "/" + stackSetsDir + s.Name, Name: p.Name, Owner: p.Owner, Version: p.Version, Portfolios: p.Portfolios, Scope: p.Scope,
				Lines: p.Lines, Template: s.Template,
			}
			for _, test := range p.Tests {
				child.Tests = append(child.Tests, Test{Name: test.Name, Regions: test.Regions})
			}
			subjects = append(subjects, child)
		}
	}
	return subjects
}

// stackSets puts the templates that d's stack sets name in their place, and reports files that none names.
func (l *loader) stackSets(p *Product, report *document.Report, d *document.Document, at string, files []string) error {
	root, _ := d.Value.(map[string]any)
	loaded := map[string]*StackSet{}
	resources := section(root, "Resources")
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		resource, _ := resources[id].(map[string]any)
		if resource["Type"] != stackSetType {
			continue
		}
		pointer := document.Pointer("Resources", id, "Properties", "TemplateURL")
		properties, _ := resource["Properties"].(map[string]any)
		name, ok := l.address(report, pointer, properties, files)
		if !ok {
			continue
		}
		if _, known := loaded[name]; !known {
			child, err := l.stackSet(at, name)
			if err != nil {
				return err
			}
			loaded[name] = child
		}
		if child := loaded[name]; child != nil {
			checkParameters(report, document.Pointer("Resources", id, "Properties", "Parameters"), properties, child.Template.Doc)
			embed(d, pointer, properties, child.Template.Body)
		}
	}
	for _, name := range files {
		if _, used := loaded[name]; !used {
			l.refuse("STRAY", at+"/"+name, "no stack set of template.yaml names it", "write TemplateURL: "+name+" on an "+stackSetType+", or delete it")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(loaded)) {
		if loaded[name] != nil {
			p.StackSets = append(p.StackSets, *loaded[name])
		}
	}
	return nil
}

// address is the file that a stack set names, if it is one of the product.
func (l *loader) address(report *document.Report, pointer string, properties map[string]any, files []string) (string, bool) {
	const form = "write TemplateURL: stack-sets/<name>.yaml, and put the template there"
	value, given := properties["TemplateURL"]
	name, isText := value.(string)
	switch {
	case !given && properties["TemplateBody"] != nil: // reported by checkResources
	case !given:
		report.Add(pointer, "is missing, so that the stack set has no template", form)
	case !isText:
		report.Add(pointer, "is computed, so that no gate could see the template", form)
	case !stackSetFile.MatchString(name):
		report.Add(pointer, fmt.Sprintf("%q is no file of stack-sets/ in this product, so that no gate has seen the template", name), form)
	case !slices.Contains(files, name):
		cure := "add the file"
		if near := document.Nearest(name, files); near != "" {
			cure = "did you mean " + near
		}
		report.Add(pointer, fmt.Sprintf("the product has no file %s", name), cure)
	default:
		return name, true
	}
	return "", false
}

// stackSet reads one child template; nil if it is not well formed.
func (l *loader) stackSet(at, name string) (*StackSet, error) {
	path := at + "/" + name
	d, source, err := l.parse(path, document.Options{CloudFormation: true})
	if err != nil || d == nil {
		return nil, err
	}
	report := document.NewReport(d)
	root := l.checked(report, d)
	for _, id := range slices.Sorted(maps.Keys(section(root, "Resources"))) {
		if resource, _ := section(root, "Resources")[id].(map[string]any); resource["Type"] == stackSetType {
			report.Add(document.Pointer("Resources", id), "a stack set inside a stack set brings templates to accounts that nobody listed", "move it to template.yaml")
		}
	}
	child := &StackSet{Name: strings.TrimSuffix(strings.TrimPrefix(name, stackSetsDir), ".yaml")}
	if root != nil {
		child.Template = l.canonical(d, source)
		if size := len(child.Template.Body); size > maxTemplateBody {
			report.Add("", fmt.Sprintf("has %d bytes as JSON, more than the %d that a stack set takes", size, maxTemplateBody), "split it into two stack sets")
		}
	}
	problems := len(report.Problems())
	l.problems("TEMPLATE", path, report)
	if problems > 0 {
		return nil, nil
	}
	return child, nil
}

// checkParameters holds the parameters of a stack set against those of its template, as CloudFormation does only when it is created.
func checkParameters(report *document.Report, pointer string, properties map[string]any, child map[string]any) {
	given, isList := properties["Parameters"].([]any)
	if properties["Parameters"] != nil && !isList {
		return // computed; CloudFormation checks it
	}
	declared := section(child, "Parameters")
	names := slices.Sorted(maps.Keys(declared))
	seen := map[string]bool{}
	for i, item := range given {
		parameter, _ := item.(map[string]any)
		key, isText := parameter["ParameterKey"].(string)
		if !isText {
			return
		}
		seen[key] = true
		if declared[key] == nil {
			cure := "declare it there, or remove it here"
			if near := document.Nearest(key, names); near != "" {
				cure = "did you mean " + near
			}
			report.Add(fmt.Sprintf("%s/%d/ParameterKey", pointer, i), fmt.Sprintf("the template of the stack set has no parameter %q", key), cure)
		}
	}
	for _, name := range names {
		declaration, _ := declared[name].(map[string]any)
		if _, hasDefault := declaration["Default"]; !hasDefault && !seen[name] {
			report.Add(pointer, fmt.Sprintf("lacks %q, which the template of the stack set demands", name), "add it, or give it a Default there")
		}
	}
}

// embed replaces the address by the template itself.
func embed(d *document.Document, pointer string, properties map[string]any, body []byte) {
	delete(properties, "TemplateURL")
	properties["TemplateBody"] = string(body)
	d.Lines[strings.TrimSuffix(pointer, "TemplateURL")+"TemplateBody"] = d.Lines.At(pointer)
}
