package features

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/config"
	"accountfleet/internal/gate/resolve"
	"accountfleet/internal/manifest"
)

// scenario is the state of one scenario: which template is looked at, and for which input.
type scenario struct {
	catalog    *manifest.Catalog
	settings   *config.Settings
	this       *manifest.Product // the product whose feature runs, nil for features of the whole catalog
	product    *manifest.Product // chosen by a step
	whole      bool              // "the catalog" was chosen
	parameters map[string]string
	region     string
	account    string
	carried    map[string][]string // what every request carries, see stepRequests
	resolved   *resolve.Template
}

func stepProduct(s *scenario, id string) error {
	subjects := s.catalog.Subjects()
	i := slices.IndexFunc(subjects, func(p *manifest.Product) bool { return p.ID == id })
	if i < 0 {
		return fmt.Errorf("the catalog has no product %q: it has %s", id, productIDs(s.catalog))
	}
	return s.choose(subjects[i])
}

func stepThisProduct(s *scenario) error {
	if s.this == nil {
		return fmt.Errorf("this feature belongs to no product: say the template of product \"...\", or move it to products/<id>/features/")
	}
	return s.choose(s.this)
}

func (s *scenario) choose(p *manifest.Product) error {
	s.product, s.whole, s.resolved = p, false, nil
	s.parameters, s.region, s.account, s.carried = map[string]string{}, "", "", nil
	return nil
}

func stepCatalog(s *scenario) error {
	if len(s.catalog.Products) == 0 {
		return fmt.Errorf("the catalog has no product")
	}
	s.whole, s.product, s.resolved = true, nil, nil
	return nil
}

func stepParameter(s *scenario, name, value string) error {
	if err := s.needProduct(); err != nil {
		return err
	}
	s.parameters[name], s.resolved = value, nil
	_, err := s.template()
	return err
}

func stepManifestParameters(s *scenario) error {
	if err := s.needProduct(); err != nil {
		return err
	}
	maps.Copy(s.parameters, manifest.SampleParameters(s.product.Parameters))
	s.resolved = nil
	_, err := s.template()
	return err
}

func stepTestParameters(s *scenario, name string) error {
	if err := s.needProduct(); err != nil {
		return err
	}
	i := slices.IndexFunc(s.product.Tests, func(t manifest.Test) bool { return t.Name == name })
	if i < 0 {
		return fmt.Errorf(".taskcat.yml of %s has no test %q", s.product.ID, name)
	}
	for key, value := range manifest.SampleParameters(s.product.Tests[i].Parameters) {
		if !strings.Contains(value, "$[") { // values that TaskCat generates are known only when it runs
			s.parameters[key] = value
		}
	}
	s.resolved = nil
	_, err := s.template()
	return err
}

func stepRegion(s *scenario, region string) error {
	s.region, s.resolved = region, nil
	return s.needProduct()
}

func stepAccount(s *scenario, account string) error {
	s.account, s.resolved = account, nil
	return s.needProduct()
}

func (s *scenario) needProduct() error {
	if s.product == nil {
		return fmt.Errorf(`no template is looked at yet: begin with: Given the template of product "..."`)
	}
	return nil
}

// template resolves the chosen product's template once per input.
func (s *scenario) template() (*resolve.Template, error) {
	if err := s.needProduct(); err != nil {
		return nil, err
	}
	if s.resolved != nil {
		return s.resolved, nil
	}
	t, err := resolveProduct(s.settings, s.product, s.parameters, s.region, s.account)
	if err != nil {
		return nil, err
	}
	s.resolved = t
	return t, nil
}

// resolveProduct resolves with given values, else template defaults, else the manifest's values.
func resolveProduct(settings *config.Settings, p *manifest.Product, given map[string]string, region, account string) (*resolve.Template, error) {
	parameters := maps.Clone(given)
	if parameters == nil {
		parameters = map[string]string{}
	}
	declared, _ := p.Template.Doc["Parameters"].(map[string]any)
	for name, value := range manifest.SampleParameters(p.Parameters) {
		declaration, ok := declared[name].(map[string]any)
		_, isGiven := parameters[name]
		if _, hasDefault := declaration["Default"]; ok && !isGiven && !hasDefault {
			parameters[name] = value
		}
	}
	in := resolve.Input{
		Region: settings.Regions.Home, Account: settings.Accounts.Test,
		StackName: settings.BetaStack(p.ID), Parameters: parameters,
	}
	if region != "" {
		in.Region = region
	}
	if account != "" {
		in.Account = account
	}
	t, err := resolve.Resolve(p.Template.Doc, in)
	if err != nil {
		return nil, fmt.Errorf("template of %s: %v", p.ID, err)
	}
	return t, nil
}

// each calls demand for every resource of a type. Without ", if any," a demand on nothing fails.
func (s *scenario) each(typ, optional string, demand func(resolve.Resource) error) error {
	t, err := s.template()
	if err != nil {
		return err
	}
	resources := t.OfType(typ)
	if len(resources) == 0 && optional == "" {
		return fmt.Errorf("there is no %s: a demand on nothing proves nothing; say \"every %s, if any, ...\" if that is meant", typ, typ)
	}
	for _, r := range resources {
		if err := demand(r); err != nil {
			return err
		}
	}
	return nil
}

func (s *scenario) resource(id string) (resolve.Resource, error) {
	t, err := s.template()
	if err != nil {
		return resolve.Resource{}, err
	}
	r, ok := t.Resources[id]
	switch {
	case ok:
		return r, nil
	case t.Absent[id] != "":
		return r, fmt.Errorf("resource %s is not created: its condition is false", id)
	}
	return r, fmt.Errorf("the template has no resource %q: it has %s", id, strings.Join(slices.Sorted(maps.Keys(t.Resources)), ", "))
}

func productIDs(c *manifest.Catalog) string {
	var ids []string
	for _, p := range c.Subjects() {
		ids = append(ids, p.ID)
	}
	if len(ids) == 0 {
		return "none"
	}
	return strings.Join(ids, ", ")
}
