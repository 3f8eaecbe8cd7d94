package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/document"
	"accountfleet/internal/finding"
	"accountfleet/internal/manifest"
)

// Dynamic references and parameters of type AWS::SSM::Parameter::Value put values into a template that no gate has seen, read with the
// rights of whoever launches it. Source: CloudFormation User Guide, "Get values stored in other services using dynamic references".
var (
	reference = regexp.MustCompile(`(?i)\{\{\s*resolve\s*:\s*([a-z-]*)\s*:?([^}]*)`)
	// publicParameter is a parameter that AWS publishes to everyone, such as the ids of machine images.
	publicParameter = regexp.MustCompile(`^/aws/service/`)
	// wholeSecret is a value that is nothing but a reference to a secret.
	wholeSecret = regexp.MustCompile(`^\{\{resolve:(secretsmanager|ssm-secure):[^{}]+\}\}$`)
	// secretProperty are the properties that hide what they are given.
	secretProperty = regexp.MustCompile(`(?i)(password|passwords|authtoken|secret|privatekey|token)$`)
)

const referenceCure = "declare a parameter and let the consumer give the value; a secret may stand alone in a property that is made for one, such as MasterUserPassword; AWS's own parameters below /aws/service/ are free"

// references refuses dynamic references elsewhere than where they hide a secret or name a public parameter. It looks at templates as
// written and at what they become, because a reference can be put together by Fn::Join.
func references(subjects []subject) ([]finding.Finding, error) {
	var findings []finding.Finding
	seen := map[string]bool{}
	for _, s := range subjects {
		var doc map[string]any
		if err := json.Unmarshal(s.body, &doc); err != nil {
			return nil, fmt.Errorf("template of %s: %w", s.product.ID, err)
		}
		report := func(pointer, message string) {
			id := subjectOf(pointer)
			if key := s.product.ID + id + message; !seen[key] {
				seen[key] = true
				findings = append(findings, own(referenceRule, s.product, pointer, id, message, referenceCure))
			}
		}
		readParameters(doc, report)
		readTexts(doc, "", "", report)
	}
	return findings, nil
}

// subjectOf is what a finding calls the place: a logical id, or section and name.
func subjectOf(pointer string) string {
	words := strings.Split(pointer, "/")
	switch {
	case len(words) > 2 && words[1] == "Resources":
		return words[2]
	case len(words) > 2:
		return words[1] + "." + words[2]
	}
	return strings.TrimPrefix(pointer, "/")
}

// readParameters looks at parameters whose value is the name of a parameter of Systems Manager.
func readParameters(doc map[string]any, report func(pointer, message string)) {
	parameters, _ := doc["Parameters"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		declaration, _ := parameters[name].(map[string]any)
		kind, _ := declaration["Type"].(string)
		value, _ := declaration["Default"].(string)
		if strings.HasPrefix(kind, "AWS::SSM::Parameter::") && !publicParameter.MatchString(value) {
			report(document.Pointer("Parameters", name), fmt.Sprintf("the parameter takes its value from Systems Manager, from %q, which no gate has seen", value))
		}
	}
}

// readTexts looks at every text below value; key is the nearest name above it.
func readTexts(value any, pointer, key string, report func(pointer, message string)) {
	switch v := value.(type) {
	case string:
		for _, m := range reference.FindAllStringSubmatch(v, -1) {
			hidden := strings.HasPrefix(pointer, "/Resources/") && wholeSecret.MatchString(v) && secretProperty.MatchString(key)
			public := m[1] == "ssm" && publicParameter.MatchString(m[2])
			if !hidden && !public {
				report(pointer, fmt.Sprintf("{{resolve:%s:...}} brings a value that no gate has seen, readable to whoever sees the resource", m[1]))
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			at, nearest := pointer+document.Pointer(name), name
			if strings.HasPrefix(name, "Fn::") || name == "Ref" {
				nearest = key
			}
			readTexts(name, at, "", report)
			readTexts(v[name], at, nearest, report)
		}
	case []any:
		for i, item := range v {
			readTexts(item, fmt.Sprintf("%s/%d", pointer, i), key, report)
		}
	}
}

// judge evaluates this package's own rules.
func judge(o Options, templates []*manifest.Product, subjects []subject) ([]finding.Finding, error) {
	findings, err := references(subjects)
	if len(o.Settings.AllowedServices) > 0 { // config.Load never leaves it empty
		findings = append(findings, services(o.Settings.AllowedServices, templates)...)
	}
	return findings, err
}
