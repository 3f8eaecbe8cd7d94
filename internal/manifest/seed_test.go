package manifest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
)

func TestSeedCatalogIsWellFormed(t *testing.T) {
	settings, err := config.Load("../../fleet.yaml")
	require.NoError(t, err)
	catalog, findings, err := Load(t.Context(), Dir("../../catalog"), settings)
	require.NoError(t, err)
	for _, f := range findings {
		t.Error(f)
	}
	assert.GreaterOrEqual(t, len(catalog.Products), 5)
	for _, p := range catalog.Products {
		assert.NotEmpty(t, p.Tests, p.ID)
		assert.NotEmpty(t, p.Features, p.ID)
		assert.Len(t, p.Template.Digest, 64, p.ID)
	}
}
