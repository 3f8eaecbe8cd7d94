package config

import (
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
	"github.com/stretchr/testify/assert"

	"accountfleet/internal/document/schematest"
)

const schemaPath = "../../schemas/fleet.schema.json"

func schema(t *testing.T) []byte {
	return schematest.Generate(t, &file{}, "Settings of the account fleet", "fleet.yaml, owned by the platform team.", func(s *jsonschema.Schema) {
		for _, names := range [][]string{{"regions", "home"}, {"regions", "catalog", "[]"}, {"regions", "test", "[]"}} {
			schematest.Property(t, s, names...).Enum = anys(regions)
		}
		schematest.Property(t, s, "log_retention_days").Enum = anys(retentions)
		schematest.Property(t, s, "portfolios", "[]", "accounts", "[]").Pattern = accountID.String()
		schematest.Property(t, s, "portfolios", "[]", "organizational_units", "[]").Pattern = unitID.String()
		schematest.Property(t, s, "portfolios", "[]", "principals", "[]").Pattern = principalARN.String()
		schematest.Property(t, s, "approval", "approvers", "[]").Pattern = approverARN.String()
		schematest.Property(t, s, "source", "connection", "arn").Pattern = connectionARN.String()
	})
}

func anys[T any](values []T) []any {
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = value
	}
	return list
}

func TestSchemaIsGeneratedFromTheTypes(t *testing.T) {
	schematest.Committed(t, schemaPath, schema(t))
}

func TestSchemaAcceptsTheSeed(t *testing.T) {
	assert.NoError(t, schematest.Validate(t, schema(t), []byte(seed(t))))
	assert.NoError(t, schematest.Validate(t, schema(t), []byte(smallest)))
}

func TestSeedNamesTheSchemaForEditors(t *testing.T) {
	first, _, _ := strings.Cut(seed(t), "\n")
	assert.Equal(t, "# yaml-language-server: $schema=schemas/fleet.schema.json", first)
}

func TestSchemaRejectsMistakes(t *testing.T) {
	schematest.Rejects(t, schema(t), seed(t), []schematest.Mistake{
		{"unknown key", "shards: 1", "shard: 1"},
		{"unknown nested key", "timeout: 48h", "timeouts: 48h"},
		{"missing key", "organization: o-exampleorgid\n", ""},
		{"account of 11 digits", `"333333333333"`, `"33333333333"`},
		{"account unquoted", `"333333333333"`, `333333333333`},
		{"region misspelt", "home: eu-west-1", "home: eu-wset-1"},
		{"test region misspelt", "[eu-central-1,", "[eu-central1,"},
		{"log retention", "log_retention_days: 365", "log_retention_days: 300"},
		{"shards", "shards: 1", "shards: 10"},
		{"leaked access keys", "leaked_access_keys: deactivate", "leaked_access_keys: delete"},
		{"two sources", "source:", "source:\n  connection: {arn: \"arn:aws:codeconnections:eu-west-1:111111111111:connection/1\", repository: a/b}"},
		{"portfolio id", "id: security", "id: Security"},
		{"principal", `principals: ["arn:aws:iam:::role/fleet/*"]`, `principals: ["arn:aws:iam::1:role/x"]`},
	}, func(_ *testing.T, body string) bool {
		_, err := Parse("fleet.yaml", []byte(body))
		return err != nil
	})
}

func TestEveryKeyIsDescribed(t *testing.T) {
	schematest.Generate(t, &file{}, "", "", func(s *jsonschema.Schema) { described(t, "fleet.yaml", s) })
}

func described(t *testing.T, path string, s *jsonschema.Schema) {
	t.Helper()
	if s.Items != nil {
		described(t, path+"[]", s.Items)
	}
	if s.Properties == nil {
		return
	}
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		assert.NotEmpty(t, pair.Value.Description, path+"."+pair.Key)
		described(t, path+"."+pair.Key, pair.Value)
	}
}
