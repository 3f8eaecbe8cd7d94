package bundle

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/manifest"
)

func TestBillOfMaterialsNamesProductsDigestsAndTypes(t *testing.T) {
	c := catalog(product("a", "1.0.0", "x"))
	var bom map[string]any
	require.NoError(t, json.Unmarshal(billOfMaterials(&Bundle{Commit: "c1"}, c), &bom))
	assert.Equal(t, "CycloneDX", bom["bomFormat"])
	components := bom["components"].([]any)
	require.Len(t, components, 2)
	first := components[0].(map[string]any)
	assert.Equal(t, "a", first["name"])
	assert.Equal(t, c.Products[0].Template.Digest, first["hashes"].([]any)[0].(map[string]any)["content"])
	assert.Equal(t, "AWS::S3::Bucket", components[1].(map[string]any)["name"])
}

func TestBillOfMaterialsNamesTheTypesOfStackSetsTemplates(t *testing.T) {
	p := product("a", "1.0.0", "x")
	p.StackSets = []manifest.StackSet{{Name: "child", Template: manifest.Template{
		Doc: map[string]any{"Resources": map[string]any{"Topic": map[string]any{"Type": "AWS::SNS::Topic"}, "Logs": map[string]any{"Type": "AWS::S3::Bucket"}}},
	}}}
	assert.Equal(t, []string{"AWS::S3::Bucket", "AWS::SNS::Topic"}, productTypes(p))
	assert.Contains(t, string(billOfMaterials(&Bundle{Commit: "c1"}, catalog(p))), "type/AWS::SNS::Topic")
}
