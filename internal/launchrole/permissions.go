package launchrole

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"accountfleet/internal/finding"
	"accountfleet/internal/ledger"
)

// Fleet is what permissions depend on beside the template.
type Fleet struct {
	Boundary string // name of the permissions boundary that every role of a product must carry
	Prefix   string // starts the names of the fleet's own roles and policies, which no product may name
}

// Limit is the longest JSON of a launch role's statements. IAM allows 10,240 characters of inline policy per role; the rest is for
// what every launch role needs. Source: IAM User Guide, "IAM and AWS STS quotas".
const Limit = 8500

// stacks are the names that CloudFormation and Service Catalog give to what a launched product creates.
const stacks = "SC-*"

// nothing lists types that need no permission, because CloudFormation itself is behind them.
var nothing = []string{"AWS::CloudFormation::WaitCondition", "AWS::CloudFormation::WaitConditionHandle", "AWS::CDK::Metadata"}

// Permissions are the statements that a launch role needs for a template, ordered by Sid, and findings for what it must not be given.
func (i *Index) Permissions(product string, template map[string]any, fleet Fleet) ([]ledger.Permission, []finding.Finding) {
	d := &derivation{index: i, product: product, fleet: fleet, services: map[string]*grants{}, trusted: map[string][]string{}}
	d.resources, _ = template["Resources"].(map[string]any)
	for _, id := range sorted(d.resources) {
		resource, _ := d.resources[id].(map[string]any)
		name, _ := resource["Type"].(string)
		properties, _ := resource["Properties"].(map[string]any)
		d.resource(id, name, properties)
	}
	permissions := append(d.perService(), d.iam()...)
	slices.SortFunc(permissions, func(a, b ledger.Permission) int { return strings.Compare(a.Sid, b.Sid) })
	if n := Size(permissions); n > Limit {
		d.refuse("", "SIZE", fmt.Sprintf("the launch role needs %d characters of policy, IAM leaves it %d; most need %s", n, Limit, d.heaviest(permissions)),
			"split the product into two, so that each has a launch role of its own")
	}
	return permissions, d.findings
}

// Size is how many characters of a policy the statements take.
func Size(permissions []ledger.Permission) int {
	total := 0
	for _, p := range permissions {
		p.Reason = "" // is for people, and not part of the policy
		body, err := json.Marshal(p)
		if err != nil {
			panic(fmt.Sprintf("launchrole: a permission has no JSON form: %v", err)) // it is made of strings only
		}
		total += len(body) + len(`"Effect":"Allow",`)
	}
	return total
}

// heaviest names the three services that take most of a policy.
func (d *derivation) heaviest(permissions []ledger.Permission) string {
	weight := map[string]int{}
	for _, p := range permissions {
		service, _, _ := strings.Cut(p.Actions[0], ":")
		weight[service] += Size([]ledger.Permission{p})
	}
	services := sorted(weight)
	slices.SortStableFunc(services, func(a, b string) int { return weight[b] - weight[a] })
	return strings.Join(services[:min(3, len(services))], ", ")
}

// derivation collects while it walks the resources.
type derivation struct {
	index     *Index
	product   string
	fleet     Fleet
	resources map[string]any
	services  map[string]*grants  // by IAM prefix, but for IAM
	wanted    []string            // IAM actions that handlers ask for
	linkers   []string            // services that may need a role of their own in the account
	roles     []string            // ARN patterns of the template's roles
	policies  []string            // ARN patterns of its managed policies
	profiles  []string            // ARN patterns of its instance profiles
	trusted   map[string][]string // service principal -> ARN patterns of the roles that trust it
	passers   []string            // services whose handlers pass roles
	findings  []finding.Finding
}

func (d *derivation) resource(id, name string, properties map[string]any) {
	switch {
	case slices.Contains(nothing, name):
		return
	case strings.HasPrefix(name, "Custom::"), name == "AWS::CloudFormation::CustomResource", name == "AWS::CloudFormation::Macro":
		d.refuse(id, "CODE", name+" runs code with the launch role's rights", "use a resource type of the registry")
		return
	case d.index.Types[name] == nil:
		d.refuse(id, "TYPE", fmt.Sprintf("type %q is not in the registry index (%s)", name, d.index.Source), "correct the type")
		return
	case strings.HasPrefix(name, "AWS::IAM::"):
		if !d.identity(id, name, properties) {
			return
		}
	}
	actions := d.index.actions(name)
	if len(actions) == 0 {
		service := d.index.prefix(name)
		d.grants(service).add(service+":*", scope{any: "the registry schema of " + name + " lists no permissions"})
		return
	}
	for _, action := range actions {
		if !optional(name, action, properties) {
			d.action(id, name, action, properties)
		}
	}
}

func (d *derivation) action(id, name, action string, properties map[string]any) {
	service, operation, _ := strings.Cut(action, ":")
	switch {
	case service == "iam" && operation == "PassRole":
		if passes(name, properties) {
			d.passers = append(d.passers, cmp.Or(receivers[name], d.index.prefix(name)))
		}
	case service == "iam":
		d.wanted = append(d.wanted, operation)
		if strings.Contains(operation, "ServiceLinkedRole") {
			d.linkers = append(d.linkers, d.index.called(name)...)
		}
	case service == "sts" && operation != "GetCallerIdentity":
		// launching assumes no role
	case action == "secretsmanager:GetSecretValue":
		// a launch role never reads a secret
	default:
		d.grants(service).add(action, d.scope(id, name, action, properties))
	}
}

func (d *derivation) grants(service string) *grants {
	if d.services[service] == nil {
		d.services[service] = &grants{}
	}
	return d.services[service]
}

func (d *derivation) perService() []ledger.Permission {
	var permissions []ledger.Permission
	for _, service := range sorted(d.services) {
		permissions = append(permissions, d.services[service].statements(service)...)
	}
	return permissions
}

func (d *derivation) refuse(id, rule, message, cure string) {
	f := finding.Finding{
		Gate: "launch-role", Rule: rule, Severity: finding.Error, Product: d.product, Resource: id, Message: message, Cure: cure,
	}
	if id != "" {
		f.Message = id + ": " + message
	}
	f.Fingerprint = finding.Identify(f)
	d.findings = append(d.findings, f)
}

// sid turns a service prefix such as "vpc-lattice" into a statement id such as "VpcLattice": IAM allows letters and digits only.
func sid(words string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(words, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func unique(values []string) []string {
	values = slices.Clone(values)
	slices.Sort(values)
	return slices.Compact(values)
}
