package stacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Limits of AWS that a deployment would find out about late, in the middle of a stack. Sources: IAM and STS quotas; CloudFormation
// quotas; CodePipeline quotas and action structure reference; AWS Service Catalog quotas; S3 bucket naming rules.
const (
	maxRoleName      = 64
	maxInlinePolicy  = 10240
	maxManagedPolicy = 6144
	maxTrustPolicy   = 2048
	maxBucketName    = 63
	maxBucketPolicy  = 20480
	maxInputs        = 5
	maxConfiguration = 1000
	maxOverrides     = 1024
	maxStageActions  = 50
	maxResources     = 500
	maxOutputs       = 200
	maxTemplate      = 900_000 // CloudFormation takes 1,048,576 bytes; the rest is for growth between two releases
	maxPrincipals    = 100
	maxPortfolio     = 150
	maxVersions      = 100
	maxTemplateBody  = 51_200
)

// Check reads every template of a cloud assembly and names, all at once, what AWS would refuse later, each with its cure.
func Check(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	if err != nil {
		return fmt.Errorf("check the templates: %w", err)
	}
	var problems []error
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("check the templates: %w", err)
		}
		var template template
		if err := json.Unmarshal(body, &template); err != nil {
			return fmt.Errorf("check the templates: %s: %w", path, err)
		}
		c := &checker{stack: strings.TrimSuffix(filepath.Base(path), ".template.json")}
		if len(body) > maxTemplate {
			c.refuse("Template", "%d bytes, more than %d: raise shards in fleet.yaml, which divides products and their launch roles, or shorten the notes of versions", len(body), maxTemplate)
		}
		c.template(template)
		problems = append(problems, c.problems...)
	}
	return errors.Join(problems...)
}

// template is the part of a CloudFormation template that has limits.
type template struct {
	Resources map[string]resource       `json:"Resources"`
	Outputs   map[string]map[string]any `json:"Outputs"`
}

type resource struct {
	Type       string         `json:"Type"`
	Properties map[string]any `json:"Properties"`
}

// checker collects the problems of one stack.
type checker struct {
	stack    string
	problems []error
}

// refuse notes a problem of a resource; the format says what, why and the cure.
func (c *checker) refuse(where, format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf("%s: %s: %s", c.stack, where, fmt.Sprintf(format, args...)))
}

func (c *checker) template(t template) {
	if n := len(t.Resources); n > maxResources {
		c.refuse("Resources", "%d, more than %d of a stack: raise shards in fleet.yaml, which divides products and their launch roles", n, maxResources)
	}
	if n := len(t.Outputs); n > maxOutputs {
		c.refuse("Outputs", "%d, more than %d of a stack: raise shards in fleet.yaml", n, maxOutputs)
	}
	count := map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		r := t.Resources[id]
		count[r.Type]++
		switch r.Type {
		case "AWS::IAM::Role":
			c.role(id, r.Properties)
		case "AWS::IAM::ManagedPolicy":
			if n := policySize(r.Properties["PolicyDocument"]); n > maxManagedPolicy {
				c.refuse(id, "managed policy of %d characters, more than %d: shorten allowed_services in fleet.yaml", n, maxManagedPolicy)
			}
		case "AWS::S3::Bucket":
			if name, _ := r.Properties["BucketName"].(string); len(name) > maxBucketName {
				c.refuse(id, "bucket name %q has %d characters, more than %d: shorten name in fleet.yaml", name, len(name), maxBucketName)
			}
		case "AWS::S3::BucketPolicy":
			if n := policySize(r.Properties["PolicyDocument"]); n > maxBucketPolicy {
				c.refuse(id, "bucket policy of %d characters, more than %d: name fewer consumer accounts in fleet.yaml", n, maxBucketPolicy)
			}
		case "AWS::CloudFormation::StackSet":
			if body, _ := r.Properties["TemplateBody"].(string); len(body) > maxTemplateBody {
				c.refuse(id, "template of the stack set of %d bytes, more than %d: split the product, or let it use fewer services", len(body), maxTemplateBody)
			}
		case "AWS::CodePipeline::Pipeline":
			c.pipeline(id, r.Properties)
		case "AWS::ServiceCatalog::CloudFormationProduct":
			if n := len(list(r.Properties["ProvisioningArtifactParameters"])); n > maxVersions {
				c.refuse(id, "%d versions, more than %d of a product: publish it anew under another id", n, maxVersions)
			}
		}
	}
	c.portfolio(count)
}

// portfolio counts what one portfolio may hold; a stack holds at most one.
func (c *checker) portfolio(count map[string]int) {
	if count["AWS::ServiceCatalog::Portfolio"] == 0 {
		return
	}
	if n := count["AWS::ServiceCatalog::PortfolioPrincipalAssociation"]; n > maxPrincipals {
		c.refuse("Portfolio", "%d principals, more than %d of a portfolio: join patterns in fleet.yaml", n, maxPrincipals)
	}
	if n := count["AWS::ServiceCatalog::PortfolioProductAssociation"]; n > maxPortfolio {
		c.refuse("Portfolio", "%d products, more than %d of a portfolio: divide it in fleet.yaml", n, maxPortfolio)
	}
}

func (c *checker) role(id string, properties map[string]any) {
	name, _ := properties["RoleName"].(string)
	if len(name) > maxRoleName {
		c.refuse(id, "role name %q has %d characters, more than %d: shorten name in fleet.yaml or the product's id", name, len(name), maxRoleName)
	}
	size := 0
	for _, policy := range list(properties["Policies"]) {
		document := object(policy)["PolicyDocument"]
		size += policySize(document)
		if allowsEverything(document) {
			c.refuse(id, "role %s may do everything on everything: name actions", name)
		}
	}
	if size > maxInlinePolicy {
		c.refuse(id, "inline policies of role %s have %d characters, more than %d: split the product, or let it use fewer services", name, size, maxInlinePolicy)
	}
	trust := properties["AssumeRolePolicyDocument"]
	if n := policySize(trust); n > maxTrustPolicy {
		c.refuse(id, "trust policy of role %s has %d characters, more than %d: name fewer approvers in fleet.yaml", name, n, maxTrustPolicy)
	}
	if properties["PermissionsBoundary"] == nil && trusts(trust, "servicecatalog.amazonaws.com") {
		c.refuse(id, "launch role %s has no permissions boundary: give it one", name)
	}
}

func (c *checker) pipeline(id string, properties map[string]any) {
	for _, value := range list(properties["Stages"]) {
		stage := object(value)
		actions := list(stage["Actions"])
		if len(actions) > maxStageActions {
			c.refuse(id, "stage %v has %d actions, more than %d: use fewer shards, portfolios or consumer accounts in fleet.yaml", stage["Name"], len(actions), maxStageActions)
		}
		for _, action := range actions {
			c.action(id, object(action))
		}
	}
}

func (c *checker) action(id string, action map[string]any) {
	name := action["Name"]
	if n := len(list(action["InputArtifacts"])); n > maxInputs {
		c.refuse(id, "action %v has %d input artifacts, more than %d: fold some into one", name, n, maxInputs)
	}
	configuration := object(action["Configuration"])
	for _, key := range slices.Sorted(maps.Keys(configuration)) {
		text, _ := configuration[key].(string)
		switch {
		case key == "ParameterOverrides" && len(text) > maxOverrides:
			c.refuse(id, "action %v: ParameterOverrides of %d bytes, more than %d: share fewer portfolios with one account", name, len(text), maxOverrides)
		case key != "ParameterOverrides" && len(text) > maxConfiguration:
			c.refuse(id, "action %v: %s of %d characters, more than %d: shorten it", name, key, len(text), maxConfiguration)
		}
	}
}

// policySize is what IAM counts: characters that are not white space. References are counted as written, which is more than they become.
func policySize(document any) int {
	body, err := json.Marshal(document)
	if err != nil {
		return 0
	}
	size := 0
	for _, r := range string(body) {
		if !unicode.IsSpace(r) {
			size++
		}
	}
	return size
}

// allowsEverything says whether a statement allows every action on every resource.
func allowsEverything(document any) bool {
	for _, value := range list(object(document)["Statement"]) {
		statement := object(value)
		if statement["Effect"] == "Allow" && (contains(statement["Action"], "*") || contains(statement["Action"], "*:*")) && contains(statement["Resource"], "*") {
			return true
		}
	}
	return false
}

// trusts says whether a trust policy names a service.
func trusts(document any, service string) bool {
	for _, value := range list(object(document)["Statement"]) {
		if contains(object(object(value)["Principal"])["Service"], service) {
			return true
		}
	}
	return false
}

// contains says whether a string or a list holds text.
func contains(value any, text string) bool {
	return slices.Contains(list(value), any(text))
}

// list is a list, or one value as a list.
func list(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

func object(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}
