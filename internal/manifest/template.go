package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/document"
	"accountfleet/internal/finding"
)

var (
	sections = []string{
		"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs",
	}
	logicalID = regexp.MustCompile(`^[a-zA-Z0-9]{1,255}$`)
	// suppressions are the metadata keys, reduced to letters and digits in lower case, by which tools let an author wave himself through.
	// cfn-guard finds keys in any case, so the comparison ignores it.
	suppressions = []string{"guard", "cfnguard", "cfnnag", "cfnlint", "cdknag", "checkov", "kics", "trivy", "regula", "snyk", "semgrep"}
	notLetter    = regexp.MustCompile(`[^a-z0-9]`)
)

// registrations are types by which code becomes part of CloudFormation, for every stack of an account. Source: CloudFormation User Guide,
// "Managing extensions with the CloudFormation registry".
var registrations = []string{
	"AWS::CloudFormation::GuardHook", "AWS::CloudFormation::HookDefaultVersion", "AWS::CloudFormation::HookTypeConfig",
	"AWS::CloudFormation::HookVersion", "AWS::CloudFormation::LambdaHook", "AWS::CloudFormation::Macro",
	"AWS::CloudFormation::ModuleDefaultVersion", "AWS::CloudFormation::ModuleVersion", "AWS::CloudFormation::PublicTypeVersion",
	"AWS::CloudFormation::Publisher", "AWS::CloudFormation::ResourceDefaultVersion", "AWS::CloudFormation::ResourceVersion",
	"AWS::CloudFormation::TypeActivation",
}

// maxResources is CloudFormation's limit for one template.
const maxResources = 500

// template fills p.Template and p.StackSets from the folder at; Doc stays nil if the template is not YAML.
func (l *loader) template(p *Product, at string, stackSets []string) error {
	path := at + "/" + templateName
	d, source, err := l.parse(path, document.Options{CloudFormation: true})
	if err != nil || d == nil {
		return err
	}
	report := document.NewReport(d)
	root := l.checked(report, d)
	if root == nil {
		l.problems("TEMPLATE", path, report)
		return nil
	}
	if err := l.stackSets(p, report, d, at, stackSets); err != nil {
		return err
	}
	l.problems("TEMPLATE", path, report)
	p.Template = l.canonical(d, source)
	return nil
}

// checked reports what no template may hold. It gives the template's root, nil if it is no map.
func (l *loader) checked(report *document.Report, d *document.Document) map[string]any {
	root, ok := d.Value.(map[string]any)
	if !ok {
		report.Add("", "is no CloudFormation template", "write a map with Resources")
		return nil
	}
	checkSections(report, root)
	checkResources(report, root)
	checkMacros(report, root, "")
	refuseRuntimeValues(report, "", root)
	return root
}

// canonical is the template that gates see and Service Catalog gets: without metadata that asks a tool to skip a rule.
func (l *loader) canonical(d *document.Document, source []byte) Template {
	root, _ := d.Value.(map[string]any)
	for _, pointer := range strip(root) {
		l.add(finding.Finding{
			Rule: "SUPPRESSION", Severity: finding.Warning, Resource: document.Path(pointer), File: d.File, Span: d.Lines.At(pointer),
			Message: document.Path(pointer) + ": asks a tool to skip a rule, which has no effect here", Cure: "mend what the rule finds, or ask the platform team for a waiver; remove this",
		})
	}
	body := d.JSON()
	sum := sha256.Sum256(body)
	return Template{Path: d.File, Source: source, Body: body, Digest: hex.EncodeToString(sum[:]), Doc: root, Lines: d.Lines}
}

// section is one section of a template, empty if it is absent or malformed.
func section(root map[string]any, name string) map[string]any {
	values, _ := root[name].(map[string]any)
	return values
}

// checkSections refuses what CloudFormation would not read, and what would run code on its side.
func checkSections(r *document.Report, root map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(root)) {
		pointer := document.Pointer(name)
		_, isMap := root[name].(map[string]any)
		switch {
		case name == "Transform":
			r.Add(pointer, "transforms run code that no gate has seen", "write the resources out")
		case name == "Hooks":
			r.Add(pointer, "deployment hooks are not supported", "remove the section")
		case !slices.Contains(sections, name):
			cure := "remove it"
			if near := document.Nearest(name, sections); near != "" {
				cure = "did you mean " + near
			}
			r.Add(pointer, "is no section of a template", cure)
		case name == "AWSTemplateFormatVersion":
			if root[name] != "2010-09-09" {
				r.Add(pointer, fmt.Sprintf("want 2010-09-09, got %v", root[name]), `write "2010-09-09", or leave it out`)
			}
		case name == "Description":
			if text, ok := root[name].(string); !ok || len(text) > 1024 {
				r.Add(pointer, "want text of at most 1,024 bytes", "shorten it")
			}
		case !isMap:
			r.Add(pointer, "want a map", "write its entries below it, indented")
		}
	}
}

// checkResources asks that every resource is one, and that none brings a template of its own.
func checkResources(r *document.Report, root map[string]any) {
	resources := section(root, "Resources")
	if len(resources) == 0 {
		r.Add("/Resources", "the template has no resources", "add at least one")
	}
	if len(resources) > maxResources {
		r.Add("/Resources", fmt.Sprintf("has %d resources, more than the %d that CloudFormation takes", len(resources), maxResources), "split the product")
	}
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		pointer := document.Pointer("Resources", id)
		if strings.HasPrefix(id, "Fn::") {
			continue // reported by checkMacros
		}
		if !logicalID.MatchString(id) {
			r.Add(pointer, "a logical id has letters and digits only", "rename it")
		}
		resource, ok := resources[id].(map[string]any)
		kind, isText := resource["Type"].(string)
		switch properties, _ := resource["Properties"].(map[string]any); {
		case !ok:
			r.Add(pointer, "want a map with Type and Properties", "write them below it, indented")
		case !isText || kind == "":
			r.Add(pointer+"/Type", "is missing or no text", "write the type of the resource, for example AWS::S3::Bucket")
		case strings.HasSuffix(kind, "::MODULE"):
			r.Add(pointer+"/Type", "modules bring resources that no gate has seen", "write the resources out")
		case !strings.HasPrefix(kind, "AWS::"), kind == "AWS::CloudFormation::CustomResource", slices.Contains(registrations, kind):
			r.Add(pointer+"/Type", kind+" runs code that no gate has seen, with the rights of whoever launches the product", "use a resource type of AWS's registry")
		case kind == "AWS::CloudFormation::Stack":
			r.Add(pointer+"/Properties/TemplateURL", "a nested stack brings a template that no gate has seen", "put its resources into this template, or make it a product of its own")
		case kind == stackSetType && properties["TemplateBody"] != nil:
			r.Add(pointer+"/Properties/TemplateBody", "brings a template that no gate has seen", "put it into stack-sets/<name>.yaml, and write TemplateURL: stack-sets/<name>.yaml")
		}
	}
}

// checkMacros refuses functions that run code or multiply resources on CloudFormation's side, wherever they stand.
func checkMacros(r *document.Report, value any, pointer string) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			at := pointer + document.Pointer(key)
			switch {
			case key == "Fn::Transform" || key == "AWS::Include":
				r.Add(at, "macros run code, or include text, that no gate has seen", "write the result out")
			case strings.HasPrefix(key, "Fn::ForEach"):
				r.Add(at, "loops hide resources from the gates", "write each resource out")
			default:
				checkMacros(r, v[key], at)
			}
		}
	case []any:
		for i, element := range v {
			checkMacros(r, element, fmt.Sprintf("%s/%d", pointer, i))
		}
	}
}

// strip removes suppression metadata from the template and its resources, and returns where it was.
func strip(root map[string]any) []string {
	removed := stripOne(root, "")
	for _, id := range slices.Sorted(maps.Keys(section(root, "Resources"))) {
		if resource, ok := section(root, "Resources")[id].(map[string]any); ok {
			removed = append(removed, stripOne(resource, document.Pointer("Resources", id))...)
		}
	}
	return removed
}

func stripOne(owner map[string]any, pointer string) []string {
	var removed []string
	for _, name := range slices.Sorted(maps.Keys(owner)) {
		metadata, ok := owner[name].(map[string]any)
		if !ok || !strings.EqualFold(name, "Metadata") {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(metadata)) {
			if slices.Contains(suppressions, notLetter.ReplaceAllString(strings.ToLower(key), "")) {
				delete(metadata, key)
				removed = append(removed, pointer+document.Pointer(name, key))
			}
		}
		if len(metadata) == 0 {
			delete(owner, name)
		}
	}
	return removed
}
