package bundle

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"accountfleet/internal/manifest"
)

// CycloneDX 1.6, as much of it as a catalog can say. There is neither a time nor a random serial number, so that the same catalog gives
// the same bytes. Source: https://cyclonedx.org/docs/1.6/json/
type (
	cycloneDX struct {
		Format     string       `json:"bomFormat"`
		Spec       string       `json:"specVersion"`
		Version    int          `json:"version"`
		Metadata   cdxMetadata  `json:"metadata"`
		Components []cdxPart    `json:"components"`
		Depends    []cdxDepends `json:"dependencies"`
	}
	cdxMetadata struct {
		Component cdxPart `json:"component"`
	}
	cdxPart struct {
		Type        string        `json:"type"`
		Ref         string        `json:"bom-ref"`
		Name        string        `json:"name"`
		Version     string        `json:"version,omitempty"`
		Description string        `json:"description,omitempty"`
		Publisher   string        `json:"publisher,omitempty"`
		Hashes      []cdxHash     `json:"hashes,omitempty"`
		Properties  []cdxProperty `json:"properties,omitempty"`
	}
	cdxHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	cdxProperty struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	cdxDepends struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn,omitempty"`
	}
)

// billOfMaterials is sbom.json: the catalog, its products with the digests of their templates, and the resource types they are made of.
func billOfMaterials(b *Bundle, c *manifest.Catalog) []byte {
	root := cdxPart{Type: "application", Ref: "catalog", Name: "fleet-catalog", Version: b.Commit}
	bom := cycloneDX{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: cdxMetadata{root}, Components: []cdxPart{}}
	catalog := cdxDepends{Ref: root.Ref}
	kinds := map[string]bool{}
	for _, p := range c.Products {
		product := cdxPart{
			Type: "application", Ref: "product/" + p.ID, Name: p.ID, Version: p.Version, Description: p.Description, Publisher: p.Owner,
			Hashes:     []cdxHash{{"SHA-256", p.Template.Digest}},
			Properties: []cdxProperty{{"fleet:scope", string(p.Scope)}},
		}
		bom.Components = append(bom.Components, product)
		catalog.On = append(catalog.On, product.Ref)
		depends := cdxDepends{Ref: product.Ref}
		for _, kind := range productTypes(p) {
			kinds[kind] = true
			depends.On = append(depends.On, "type/"+kind)
		}
		bom.Depends = append(bom.Depends, depends)
	}
	bom.Depends = append([]cdxDepends{catalog}, bom.Depends...)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		bom.Components = append(bom.Components, cdxPart{Type: "platform", Ref: "type/" + kind, Name: kind})
	}
	body, err := json.MarshalIndent(bom, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("bundle: a bill of materials has no JSON form: %v", err)) // it is made of strings only
	}
	return append(body, '\n')
}

// productTypes are the types that a product's template uses, and those of the templates that its stack sets bring to other accounts.
func productTypes(p manifest.Product) []string {
	all := resourceTypes(p.Template.Doc)
	for _, s := range p.StackSets {
		all = append(all, resourceTypes(s.Template.Doc)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// resourceTypes are the types that a template uses, sorted, each once.
func resourceTypes(template map[string]any) []string {
	resources, _ := template["Resources"].(map[string]any)
	kinds := map[string]bool{}
	for _, value := range resources {
		resource, _ := value.(map[string]any)
		if kind, ok := resource["Type"].(string); ok {
			kinds[kind] = true
		}
	}
	return slices.Sorted(maps.Keys(kinds))
}
