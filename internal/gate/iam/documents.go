package iam

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"accountfleet/internal/gate/resolve"
	"accountfleet/internal/manifest"
)

// kind says what a policy is for, by which IAM reads it.
type kind string

const (
	identity     kind = "identity"     // what a role, group or permission set may do
	resource     kind = "resource"     // who may do what with a resource
	trust        kind = "trust"        // who may assume a role
	organization kind = "organization" // service and resource control policies
)

// policy is one policy document of a template. What only a deployment knows stands in it as ${LogicalId}, ${LogicalId.Attribute},
// ${Parameter}, ...
type policy struct {
	product  *manifest.Product
	variant  string // for a message: "with X=y", empty for the template as written
	resource string // logical id
	typ      string
	words    []string // path from the root of the template
	kind     kind
	body     map[string]any
	asJSON   bool // written as text, which no other gate reads

	ofResources bool // a resource control policy
}

// slots are the properties that hold a policy, by the registry's schemas. Source: the schemas that cfn-lint 1.58.0 ships.
var slots = map[string]bool{
	"AccessPolicies": true, "AccessPolicy": true, "AssumeRolePolicyDocument": true, "FileSystemPolicy": true, "InlinePolicy": true,
	"KeyPolicy": true, "NamespaceResourcePolicy": true, "PermissionsPolicyDocument": true, "Policy": true, "PolicyDocument": true,
	"PolicyText": true, "RepositoryPolicyText": true, "ResourcePolicy": true, "ResourcePolicyDocument": true, "S3AccessPolicy": true,
}

// foreign are types whose property of such a name is written in another language than IAM's.
var foreign = regexp.MustCompile(`^AWS::(BedrockAgentCore::Policy|CleanRooms::.*|Config::.*|DataZone::.*|EC2::ClientVpnEndpoint|EC2::VerifiedAccess.*|IVS::.*|` +
	`Logs::(AccountPolicy|.*DataProtection.*)|NetworkManager::.*|OpenSearchServerless::.*|ResilienceHub::.*|SES::.*)$`)

// controlPolicies are the types of organization policies that are written in IAM's language.
var controlPolicies = []string{"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"}

// collector finds the policies of one resolved template.
type collector struct {
	product    *manifest.Product
	variant    string
	at         resolve.Resource
	types      map[string]string // of resources, by logical id
	properties map[string]any    // likewise; a mapping each
	policies   []policy
	unreadable []policy // slots whose content is not known before a deployment, or is no policy; body is nil
}

func collect(p *manifest.Product, variant string, t *resolve.Template) *collector {
	c := &collector{product: p, variant: variant, types: map[string]string{}, properties: map[string]any{}}
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		c.at = t.Resources[id]
		properties := resolve.Replace(c.at.Properties, textOf)
		c.types[id], c.properties[id] = c.at.Type, properties
		c.walk(properties, []string{"Resources", id, "Properties"}, false)
	}
	return c
}

// walk looks at a value and everything in it.
func (c *collector) walk(v any, words []string, asJSON bool) {
	last := words[len(words)-1]
	switch v := v.(type) {
	case map[string]any:
		if inner, ok := v[jsonText]; ok && len(v) == 1 {
			c.walk(inner, words, true)
			return
		}
		if document, ok := policyIn(v, last == "Properties"); ok {
			c.add(document, words, asJSON)
			return
		}
		if c.isSlot(last) && (len(v) == 0 || v["PolicyDocument"] == nil && v["Policy"] == nil) {
			c.refuse(words)
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			c.walk(v[key], append(slices.Clone(words), key), asJSON)
		}
	case []any:
		for i, item := range v {
			c.walk(item, append(slices.Clone(words), strconv.Itoa(i)), asJSON)
		}
	case string:
		document, ok := policyInText(v)
		switch {
		case ok:
			c.add(document, words, true)
		case c.at.Type == "AWS::CloudFormation::StackSet" && last == "TemplateBody": // a template of the product, judged for itself
		case c.isSlot(last), strings.Contains(v, `"Statement"`) && strings.Contains(v, `"Effect"`):
			c.refuse(words)
		}
	}
}

func (c *collector) isSlot(name string) bool {
	if c.at.Type == "AWS::Organizations::Policy" {
		typ, known := resolve.Text(c.at.Properties["Type"])
		return name == "Content" && (!known || slices.Contains(controlPolicies, typ))
	}
	return slots[name] && !foreign.MatchString(c.at.Type)
}

func (c *collector) add(document map[string]any, words []string, asJSON bool) {
	c.policies = append(c.policies, policy{
		product: c.product, variant: c.variant, resource: c.at.LogicalID, typ: c.at.Type, words: words,
		kind: kindOf(c.at.Type, words, document), body: document, asJSON: asJSON,
		ofResources: c.at.Type == "AWS::Organizations::Policy" && c.at.Properties["Type"] == controlPolicies[1],
	})
}

func (c *collector) refuse(words []string) {
	c.unreadable = append(c.unreadable, policy{product: c.product, variant: c.variant, resource: c.at.LogicalID, typ: c.at.Type, words: words})
}

func kindOf(typ string, words []string, document map[string]any) kind {
	switch {
	case words[len(words)-1] == "AssumeRolePolicyDocument":
		return trust
	case typ == "AWS::Organizations::Policy":
		return organization
	case strings.HasPrefix(typ, "AWS::IAM::"), typ == "AWS::SSO::PermissionSet":
		return identity
	case slots[words[len(words)-1]], typ == "AWS::Events::EventBusPolicy":
		return resource
	}
	for _, st := range statementsOf(document) {
		if len(st.principals) > 0 {
			return resource
		}
	}
	return identity
}

// policyIn says whether a mapping is a policy: it has statements with what only IAM's have. Names are compared as if case did not
// matter, so that a misspelt policy is found and then refused. Properties of an event bus's policy hold one statement beside others.
func policyIn(m map[string]any, properties bool) (map[string]any, bool) {
	statement, others := any(nil), 0
	for key, value := range m {
		switch strings.ToLower(key) {
		case "statement":
			statement = value
		case "version", "id":
		default:
			others++
		}
	}
	if !slices.ContainsFunc(resolve.List(statement), isStatement) {
		return nil, false
	}
	if properties && others > 0 {
		return map[string]any{"Version": "2012-10-17", "Statement": statement}, true
	}
	return m, true
}

func isStatement(v any) bool {
	m, ok := v.(map[string]any)
	if !ok {
		return false
	}
	for key := range m {
		switch strings.ToLower(key) {
		case "effect", "principal", "notprincipal", "notaction", "notresource":
			return true
		}
	}
	return false
}

// policyInText reads a policy that is written as JSON. One that says something twice is none: who reads it decides what it says.
func policyInText(text string) (map[string]any, bool) {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var m map[string]any
	if decoder.Decode(&m) != nil || decoder.More() || repeats(json.NewDecoder(strings.NewReader(text))) {
		return nil, false
	}
	return policyIn(m, false)
}

// repeats says whether an object of well-formed JSON has a key twice, or one that differs only in case.
func repeats(decoder *json.Decoder) bool {
	var objects []map[string]bool // nil for a list
	key := false                  // the next text is a key
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{':
				objects = append(objects, map[string]bool{})
			case '[':
				objects = append(objects, nil)
			default:
				objects = objects[:len(objects)-1]
			}
			key = len(objects) > 0 && objects[len(objects)-1] != nil
			continue
		case string:
			if key {
				name := strings.ToLower(t)
				if objects[len(objects)-1][name] {
					return true
				}
				objects[len(objects)-1][name] = true
				key = false
				continue
			}
		}
		key = len(objects) > 0 && objects[len(objects)-1] != nil
	}
}

// textOf is what stands for a value that only a deployment knows.
func textOf(s resolve.Symbol) any { return s.Text }

func sorted(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
