package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/Masterminds/semver/v3"

	"accountfleet/internal/document"
)

// file is product.yaml as it is written. The tags are the one description of its keys: messages quote them, and
// schemas/product.schema.json is generated from them.
type file struct {
	Name         string                   `json:"name" jsonschema:"minLength=1,maxLength=100" jsonschema_description:"Display name, 1 to 100 characters, unlike that of any other product."`
	Description  string                   `json:"description,omitempty" jsonschema:"maxLength=8191" jsonschema_description:"What the product does, for those who choose one."`
	Owner        string                   `json:"owner" jsonschema:"minLength=1,maxLength=100" jsonschema_description:"Team that answers for the product."`
	Support      fileSupport              `json:"support,omitempty" jsonschema_description:"Where consumers find help."`
	Version      string                   `json:"version" jsonschema_description:"Semantic version such as 1.2.0, without a leading v. Any change of the template needs a new one."`
	Notes        string                   `json:"notes,omitempty" jsonschema:"maxLength=8191" jsonschema_description:"What this version changes, for those who use the product."`
	Portfolios   []string                 `json:"portfolios" jsonschema:"minItems=1,uniqueItems=true" jsonschema_description:"Ids of the portfolios of fleet.yaml that offer the product."`
	Scope        Scope                    `json:"scope" jsonschema:"enum=account,enum=region,enum=organization" jsonschema_description:"How often it may exist: account (any number), region (one for each account and region) or organization."`
	Irreversible bool                     `json:"irreversible,omitempty" jsonschema_description:"Whether it creates what cannot simply be deleted, so that it is launched in the emulator only. Default false."`
	Parameters   map[string]document.Text `json:"parameters,omitempty" jsonschema_description:"Parameter values for the launches of Beta and Gamma."`
	Retained     []string                 `json:"retained,omitempty" jsonschema:"uniqueItems=true" jsonschema_description:"Logical ids of resources that outlive their stack by design, for example a bucket with DeletionPolicy Retain."`
	Guidance     fileGuidance             `json:"guidance,omitempty" jsonschema_description:"What becomes of older versions."`
}

// fileSupport is support.
type fileSupport struct {
	Email       string `json:"email,omitempty" jsonschema:"maxLength=254" jsonschema_description:"Mail address."`
	URL         string `json:"url,omitempty" jsonschema:"maxLength=2083" jsonschema_description:"Address of a page, https://..."`
	Description string `json:"description,omitempty" jsonschema:"maxLength=8191" jsonschema_description:"How to get help."`
}

// fileGuidance is guidance.
type fileGuidance struct {
	Deprecated []string `json:"deprecated,omitempty" jsonschema:"uniqueItems=true" jsonschema_description:"Published versions that may be updated to, but not launched anew."`
	Inactive   []string `json:"inactive,omitempty" jsonschema:"uniqueItems=true" jsonschema_description:"Published versions that may not be used any more."`
}

// productYAML fills p from its product.yaml.
func (l *loader) productYAML(p *Product, path string) error {
	d, _, err := l.parse(path, document.Options{})
	if err != nil || d == nil {
		return err
	}
	report := document.NewReport(d)
	checker{Report: report}.numericVersion(d.Value)
	var raw file
	document.Decode(report, &raw)
	p.Name, p.Description, p.Owner, p.Support = strings.TrimSpace(raw.Name), strings.TrimSpace(raw.Description), strings.TrimSpace(raw.Owner), Support(raw.Support)
	p.Version, p.Notes, p.Scope, p.Irreversible = raw.Version, strings.TrimSpace(raw.Notes), raw.Scope, raw.Irreversible
	p.Portfolios = slices.Sorted(slices.Values(raw.Portfolios))
	p.Retained = slices.Sorted(slices.Values(raw.Retained))
	p.Deprecated, p.Inactive = raw.Guidance.Deprecated, raw.Guidance.Inactive
	p.Parameters = texts(raw.Parameters)
	p.Lines = d.Lines

	c := checker{Report: report, loader: l, template: p.Template.Doc}
	if root, ok := d.Value.(map[string]any); ok {
		elsewhere := maps.Clone(root)
		delete(elsewhere, "parameters")
		refuseRuntimeValues(report, "", elsewhere)
	}
	c.presentation(p)
	c.version("/version", p.Version)
	c.portfolios(raw.Portfolios)
	if !slices.Contains(scopes, p.Scope) {
		c.Add("/scope", fmt.Sprintf("want account, region or organization, got %q", p.Scope), scopeCure(p.Scope))
	}
	c.parameters("/parameters", p.Parameters, true)
	c.retained(raw.Retained)
	c.guidance(p)
	l.problems("PRODUCT", path, report)
	return nil
}

var scopes = []Scope{ScopeAccount, ScopeRegion, ScopeOrganization}

func scopeCure(scope Scope) string {
	if near := document.Nearest(string(scope), []string{"account", "region", "organization"}); near != "" {
		return "did you mean " + near
	}
	return "write account if any number of it may exist, region if one for each account and region, else organization"
}

// texts turns parameter values into plain strings.
func texts(values map[string]document.Text) map[string]string {
	if len(values) == 0 {
		return nil
	}
	plain := make(map[string]string, len(values))
	for name, value := range values {
		plain[name] = string(value)
	}
	return plain
}

// checker knows what the values of product.yaml mean.
type checker struct {
	*document.Report
	loader   *loader
	template map[string]any // nil if the template is malformed
}

// presentation checks what consumers see; the limits are those of Service Catalog's CreateProduct.
func (c checker) presentation(p *Product) {
	c.length("/name", p.Name, 1, 100)
	c.length("/owner", p.Owner, 1, 100)
	c.length("/description", p.Description, 0, 8191)
	c.length("/notes", p.Notes, 0, 8191)
	c.length("/support/description", p.Support.Description, 0, 8191)
	if email := p.Support.Email; email != "" {
		if parsed, err := mail.ParseAddress(email); err != nil || parsed.Address != email || len(email) > 254 {
			c.Add("/support/email", fmt.Sprintf("want a mail address, got %q", email), "write it as name@example.com")
		}
	}
	if address := p.Support.URL; address != "" {
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(address) > 2083 {
			c.Add("/support/url", fmt.Sprintf("want the address of a page, got %q", address), "write it as https://example.com/help")
		}
	}
}

func (c checker) length(pointer, text string, least, most int) {
	if n := utf8.RuneCountInString(text); n < least || n > most {
		c.Add(pointer, fmt.Sprintf("want %d to %d characters, got %d", least, most, n), "Service Catalog shows it to consumers and accepts no other length")
	}
}

// version checks that text is a version by which AWS and people can order.
func (c checker) version(pointer, text string) {
	v, err := semver.StrictNewVersion(text)
	if err != nil {
		cure := "write three numbers, for example 1.0.0"
		if lenient, err := semver.NewVersion(text); err == nil {
			cure = "write " + lenient.String()
		}
		c.Add(pointer, fmt.Sprintf("%q is no semantic version", text), cure)
		return
	}
	if v.Metadata() != "" {
		c.Add(pointer, fmt.Sprintf("%q ends in build metadata, by which versions cannot be ordered", text), fmt.Sprintf("cut it off from the plus sign: %s", strings.TrimSuffix(text, "+"+v.Metadata())))
	}
}

// numericVersion words the commonest slip, version: 1.0, before Decode would only ask for quotes.
func (c checker) numericVersion(value any) {
	root, _ := value.(map[string]any)
	if number, ok := root["version"].(json.Number); ok {
		c.version("/version", number.String())
	}
}

func (c checker) portfolios(ids []string) {
	var known []string
	for _, p := range c.loader.settings.Portfolios {
		known = append(known, p.ID)
	}
	if len(ids) == 0 {
		c.Add("/portfolios", "is empty, so that nobody could launch the product", "name one of "+strings.Join(known, ", "))
	}
	for i, id := range ids {
		pointer := fmt.Sprintf("/portfolios/%d", i)
		if !slices.Contains(known, id) {
			cure := "use one of " + strings.Join(known, ", ") + ", or ask the platform team to add it to fleet.yaml"
			if near := document.Nearest(id, known); near != "" {
				cure = "did you mean " + near
			}
			c.Add(pointer, fmt.Sprintf("there is no portfolio %q", id), cure)
		}
		c.once(pointer, ids, i)
	}
	c.oneWayToEachAccount(ids)
}

// oneWayToEachAccount refuses a product whose launch role an account could get twice: by its organizational unit, and because it is
// listed.
func (c checker) oneWayToEachAccount(ids []string) {
	var byUnit, listed string
	for _, p := range c.loader.settings.Portfolios {
		if !slices.Contains(ids, p.ID) {
			continue
		}
		if len(p.Units) > 0 {
			byUnit = p.ID
		}
		if len(p.Accounts) > 0 {
			listed = p.ID
		}
	}
	if byUnit != "" && listed != "" {
		c.Add("/portfolios", fmt.Sprintf("portfolio %s is shared with organizational units and %s with single accounts, so that an account of both would get the launch role twice", byUnit, listed),
			"keep one of the two, or ask the platform team to share both alike in fleet.yaml")
	}
}

func (c checker) once(pointer string, list []string, i int) {
	if slices.Index(list, list[i]) < i {
		c.Add(pointer, fmt.Sprintf("%q comes twice", list[i]), "keep one")
	}
}

// parameters checks values against the template's declarations; complete asks that all without a default have a value.
func (c checker) parameters(pointer string, values map[string]string, complete bool) {
	if c.template == nil {
		return
	}
	declared := section(c.template, "Parameters")
	names := slices.Sorted(maps.Keys(declared))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, ok := declared[name]; !ok {
			cure := "declare it in template.yaml, or remove it here"
			if near := document.Nearest(name, names); near != "" {
				cure = "did you mean " + near
			}
			c.Add(pointer+document.Pointer(name), "the template declares no such parameter", cure)
		} else if unknownRuntimeValue(c.Report, pointer+document.Pointer(name), values[name]) {
			continue
		} else if complete && strings.Contains(runtimeValue.ReplaceAllString(values[name], ""), "$[") {
			c.Add(pointer+document.Pointer(name), "holds a TaskCat pseudo-parameter, which only TaskCat fills in", "write a value; pseudo-parameters belong into .taskcat.yml")
		}
	}
	if !complete {
		return
	}
	for _, name := range names {
		parameter, _ := declared[name].(map[string]any)
		_, hasDefault := parameter["Default"]
		if _, given := values[name]; !given && !hasDefault {
			c.Add(pointer+document.Pointer(name), "is missing: the parameter has no default, so that Beta could not launch the product", "add a value for tests, or a Default in template.yaml")
		}
	}
}

func (c checker) retained(ids []string) {
	if c.template == nil {
		return
	}
	resources := section(c.template, "Resources")
	for i, id := range ids {
		pointer := fmt.Sprintf("/retained/%d", i)
		if _, ok := resources[id]; !ok {
			cure := "remove it"
			if near := document.Nearest(id, slices.Sorted(maps.Keys(resources))); near != "" {
				cure = "did you mean " + near
			}
			c.Add(pointer, fmt.Sprintf("the template has no resource %q", id), cure)
		}
		c.once(pointer, ids, i)
	}
}

// guidance checks that old versions are versions and in one list only. Whether they were published is for bundle to see.
func (c checker) guidance(p *Product) {
	for name, list := range map[string][]string{"deprecated": p.Deprecated, "inactive": p.Inactive} {
		for i, version := range list {
			pointer := fmt.Sprintf("/guidance/%s/%d", name, i)
			c.version(pointer, version)
			c.once(pointer, list, i)
			if name == "deprecated" && slices.Contains(p.Inactive, version) {
				c.Add(pointer, fmt.Sprintf("%s is listed under inactive too", version), "keep one of the two")
			}
		}
	}
}

// names reports products that consumers could not tell apart.
func (l *loader) names(products []Product) {
	seen := map[string]string{}
	for _, p := range products {
		key := strings.ToLower(p.Name)
		if other, ok := seen[key]; ok {
			l.product = p.ID
			l.refuse("PRODUCT_NAME", "products/"+p.ID+"/"+productName, fmt.Sprintf("name: product %s is called %q too", other, p.Name), "give one of them another name")
			l.product = ""
			continue
		}
		seen[key] = p.ID
	}
}
