package features

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/gate/resolve"
	"accountfleet/internal/manifest"
)

// services says what switches each service on in an account and region: every resource type named must be created, with the
// properties given.
var services = map[string][]enabler{
	"accessanalyzer": {{typ: "AWS::AccessAnalyzer::Analyzer"}},
	"cloudtrail":     {{typ: "AWS::CloudTrail::Trail", property: "IsLogging", on: "true"}},
	"config":         {{typ: "AWS::Config::ConfigurationRecorder"}, {typ: "AWS::Config::DeliveryChannel"}},
	"detective":      {{typ: "AWS::Detective::Graph"}},
	"guardduty":      {{typ: "AWS::GuardDuty::Detector", property: "Enable", on: "true"}},
	"macie":          {{typ: "AWS::Macie::Session", property: "Status", on: "ENABLED", byDefault: true}},
	"securityhub":    {{typ: "AWS::SecurityHub::Hub"}},
	"vpc-flow-logs":  {{typ: "AWS::EC2::FlowLog", property: "TrafficType", on: "ALL"}},
}

type enabler struct {
	typ       string
	property  string // must be on, where given
	on        string
	byDefault bool // the service is on where the property is absent
}

func serviceNames() string { return strings.Join(slices.Sorted(maps.Keys(services)), ", ") }

// enables says why a template does not switch a service on.
func enables(t *resolve.Template, service string) error {
	needed, ok := services[service]
	if !ok {
		return fmt.Errorf("unknown service %q: the vocabulary knows %s", service, serviceNames())
	}
	for _, e := range needed {
		resources := t.OfType(e.typ)
		if len(resources) == 0 {
			return fmt.Errorf("%s is not enabled: there is no %s", service, e.typ)
		}
		for _, r := range resources {
			if e.property == "" || e.byDefault && r.Properties[e.property] == nil {
				continue
			}
			if err := propertyEquals(r, e.property, e.on); err != nil {
				return fmt.Errorf("%s is not enabled: %v", service, err)
			}
		}
	}
	return nil
}

func stepEnables(s *scenario, service string) error {
	t, err := s.template()
	if err != nil {
		return err
	}
	return enables(t, service)
}

func stepSomeEnables(s *scenario, service string) error {
	if _, ok := services[service]; !ok {
		return fmt.Errorf("unknown service %q: the vocabulary knows %s", service, serviceNames())
	}
	var why []string
	err := s.eachProduct(func(p *manifest.Product, t *resolve.Template) error {
		if err := enables(t, service); err != nil {
			why = append(why, p.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(why) == len(s.catalog.Subjects()) {
		return fmt.Errorf("no product enables %s: looked at %s", service, strings.Join(why, ", "))
	}
	return nil
}

func stepRequired(s *scenario) error {
	if err := s.needCatalog(); err != nil {
		return err
	}
	for _, service := range s.settings.RequiredServices {
		if err := stepSomeEnables(s, service); err != nil {
			return err
		}
	}
	return nil
}

func stepNoProductHas(s *scenario, typ string) error {
	return s.eachProduct(func(p *manifest.Product, t *resolve.Template) error {
		if found := t.OfType(typ); len(found) > 0 {
			return fmt.Errorf("product %s has a %s: %s", p.ID, typ, ids(found))
		}
		return nil
	})
}

func stepAtMostOne(s *scenario, typ string) error {
	var having []string
	err := s.eachProduct(func(p *manifest.Product, t *resolve.Template) error {
		if len(t.OfType(typ)) > 0 {
			having = append(having, p.ID)
		}
		return nil
	})
	if err == nil && len(having) > 1 {
		err = fmt.Errorf("%d products have a %s: %s", len(having), typ, strings.Join(having, ", "))
	}
	return err
}

func stepOffers(s *scenario, portfolio, product string) error {
	if err := s.needCatalog(); err != nil {
		return err
	}
	for _, p := range s.catalog.Products {
		if p.ID == product {
			if slices.Contains(p.Portfolios, portfolio) {
				return nil
			}
			return fmt.Errorf("product %s is offered in %s", product, strings.Join(p.Portfolios, ", "))
		}
	}
	return fmt.Errorf("the catalog has no product %q: it has %s", product, productIDs(s.catalog))
}

func (s *scenario) needCatalog() error {
	if !s.whole {
		return fmt.Errorf("the catalog is not looked at: begin with: Given the catalog")
	}
	return nil
}

func (s *scenario) eachProduct(visit func(*manifest.Product, *resolve.Template) error) error {
	if err := s.needCatalog(); err != nil {
		return err
	}
	for _, p := range s.catalog.Subjects() {
		t, err := resolveProduct(s.settings, p, nil, "", "")
		if err != nil {
			return err
		}
		if err := visit(p, t); err != nil {
			return err
		}
	}
	return nil
}
