package manifest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/invopop/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/document/schematest"
)

const schemaPath = "../../schemas/product.schema.json"

func schema(t *testing.T) []byte {
	return schematest.Generate(t, &file{}, "Product of the account fleet", "product.yaml of a product, owned by its engineers.", func(s *jsonschema.Schema) {
		schematest.Property(t, s, "version").Pattern = `^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$`
	})
}

func TestSchemaIsGeneratedFromTheTypes(t *testing.T) {
	schematest.Committed(t, schemaPath, schema(t))
}

func TestSchemaAcceptsTheSeedProducts(t *testing.T) {
	products, err := filepath.Glob("../../catalog/products/*/product.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, products)
	for _, path := range products {
		body, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.NoError(t, schematest.Validate(t, schema(t), body), path)
	}
	assert.NoError(t, schematest.Validate(t, schema(t), []byte(productBody)))
}

func TestSchemaRejectsMistakes(t *testing.T) {
	schematest.Rejects(t, schema(t), productBody, []schematest.Mistake{
		{"unknown key", "notes:", "note:"},
		{"unknown nested key", "email:", "mail:"},
		{"missing key", "scope: account\n", ""},
		{"scope", "scope: account", "scope: acount"},
		{"version", "1.2.0", "v1.2.0"},
		{"no portfolio", "[security]", "[]"},
		{"list as parameter", "Days: 30", "Days: [1]"},
	}, func(t *testing.T, body string) bool {
		_, findings := load(t, sound().with(files{"products/archive/product.yaml": body}))
		return len(findings) > 0
	})
}
