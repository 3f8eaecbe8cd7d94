package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/finding"
	"accountfleet/internal/ledger"
	"accountfleet/internal/manifest"
)

// format is the version of bundle.json that this program writes and reads.
const format = 1

// gate is how findings of this package are filed.
const gate = "package"

// Input is what Build needs beside catalog and ledger.
type Input struct {
	Commit string // commit of the catalog repository
	Shards int    // product stacks per catalog region, from fleet.yaml
	// Permissions derives what the launch role of a product needs. It is asked for new versions only; published ones keep theirs.
	Permissions func(manifest.Product) ([]ledger.Permission, error)
}

// Build decides what a push would publish. The same catalog, ledger and input give the same bundle, byte for byte. If a finding fails,
// there is no bundle.
func Build(c *manifest.Catalog, st ledger.State, in Input) (*Bundle, []finding.Finding, error) {
	b := &builder{state: st, in: in, bundle: &Bundle{Format: format, Commit: in.Commit, LedgerHead: st.Head}}
	for _, p := range c.Products {
		if err := b.add(p); err != nil {
			return nil, nil, err
		}
	}
	if err := b.shards(c.Products); err != nil {
		return nil, nil, err
	}
	b.removed(c.Products)
	finding.Sort(b.findings)
	if finding.Failed(b.findings) {
		return nil, b.findings, nil
	}
	b.bundle.SBOM = digest(billOfMaterials(b.bundle, c))
	b.bundle.Digest = b.bundle.digest()
	return b.bundle, b.findings, nil
}

// builder collects products and findings.
type builder struct {
	state    ledger.State
	in       Input
	bundle   *Bundle
	findings []finding.Finding
}

// report files a finding about a key of p's product.yaml.
func (b *builder) report(severity finding.Severity, rule string, p manifest.Product, pointer, message, cure string) {
	f := finding.Finding{
		Gate: gate, Rule: rule, Severity: severity, Product: p.ID, Resource: strings.TrimPrefix(pointer, "/"),
		File: "products/" + p.ID + "/product.yaml", Span: p.Lines.At(pointer), Message: message, Cure: cure,
	}
	f.Fingerprint = finding.Identify(f)
	b.findings = append(b.findings, f)
}

// add decides about one product; its shard comes later.
func (b *builder) add(p manifest.Product) error {
	known := b.state.Products[p.ID]
	entry := Product{
		Product: ledger.Product{
			ID: p.ID, Name: p.Name, Description: p.Description, Owner: p.Owner,
			Email: p.Support.Email, URL: p.Support.URL, Support: p.Support.Description, Portfolios: slices.Clone(p.Portfolios),
		},
		Scope: string(p.Scope), Irreversible: p.Irreversible, Parameters: p.Parameters, Retained: p.Retained,
		Outputs: outputs(p.Template.Doc), Capabilities: capabilities(p.Template.Doc),
	}
	for _, t := range p.Tests {
		entry.Tests = append(entry.Tests, Test(t))
	}
	candidate := ledger.Version{Version: p.Version, Digest: p.Template.Digest, Notes: p.Notes, Commit: b.in.Commit, Status: ledger.Active}
	if !b.change(p, &entry, candidate, known) {
		return nil
	}
	if entry.Launches() {
		permissions, err := b.in.Permissions(p)
		if err != nil {
			return fmt.Errorf("permissions of product %s: %w", p.ID, err)
		}
		entry.Versions[0].Permissions = permissions
	}
	b.guidance(p, &entry, known)
	b.bundle.Products = append(b.bundle.Products, entry)
	return nil
}

// removed lists published products that are in the catalog no more, and refuses one that only changed its folder.
func (b *builder) removed(products []manifest.Product) {
	gone := map[string]*ledger.Product{}
	for id, p := range b.state.Products {
		gone[id] = p
	}
	for _, p := range products {
		delete(gone, p.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(gone)) {
		b.bundle.Removed = append(b.bundle.Removed, id)
		b.findings = append(b.findings, finding.Finding{
			Gate: gate, Rule: "REMOVED", Severity: finding.Note, Product: id, File: "products/" + id,
			Message: "the product left the catalog, but stays published", Cure: "to withdraw it, bring it back and list its versions under guidance: inactive",
		})
		for _, p := range products {
			if strings.EqualFold(p.Name, gone[id].Name) {
				b.report(finding.Error, "PRODUCT_NAME", p, "/name", fmt.Sprintf("the published product %s is called %q too, and a renamed folder is a new product", id, p.Name),
					fmt.Sprintf("keep the folder products/%s, or give this product another name", id))
			}
		}
	}
}

// outputs are the names of a template's outputs, sorted.
func outputs(template map[string]any) []string {
	values, _ := template["Outputs"].(map[string]any)
	return slices.Sorted(maps.Keys(values))
}

// identities are the name properties by which IAM resources need CAPABILITY_NAMED_IAM. The name of an AWS::IAM::Policy is no such name:
// it lies inside its role. Source: CloudFormation API Reference, CreateStack, Capabilities.
var identities = map[string]string{
	"AWS::IAM::Group": "GroupName", "AWS::IAM::InstanceProfile": "InstanceProfileName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
	"AWS::IAM::Role": "RoleName", "AWS::IAM::User": "UserName",
}

// capabilities are what a caller must acknowledge to launch the template. CAPABILITY_NAMED_IAM includes CAPABILITY_IAM.
func capabilities(template map[string]any) []string {
	resources, _ := template["Resources"].(map[string]any)
	var needed []string
	for _, value := range resources {
		resource, _ := value.(map[string]any)
		kind, _ := resource["Type"].(string)
		properties, _ := resource["Properties"].(map[string]any)
		switch {
		case !strings.HasPrefix(kind, "AWS::IAM::"):
		case identities[kind] != "" && properties[identities[kind]] != nil:
			return []string{"CAPABILITY_NAMED_IAM"}
		default:
			needed = []string{"CAPABILITY_IAM"}
		}
	}
	return needed
}

// digest is the lower-case hex SHA-256 of body.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// digest of a bundle covers everything but itself.
func (b Bundle) digest() string {
	b.Digest = ""
	return digest(b.json())
}

// json is bundle.json.
func (b Bundle) json() []byte {
	body, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("bundle: a bundle has no JSON form: %v", err)) // it is made of strings and numbers only
	}
	return append(body, '\n')
}
