package memory

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/finding"
	"accountfleet/internal/manifest"
)

func product(id, body string) *manifest.Product {
	return &manifest.Product{ID: id, Template: manifest.Template{Path: id + ".yaml", Source: []byte(body), Body: []byte(body)}}
}

func TestATemplateIsJudgedOnceUntilItChanges(t *testing.T) {
	m, err := Open(t.TempDir(), "p")
	require.NoError(t, err)
	one, two := product("one", "a"), product("two", "b")
	about := func(p *manifest.Product) finding.Finding {
		return finding.Finding{Product: p.ID, File: p.Template.Path, Rule: "R"}
	}
	stray := finding.Finding{File: "guard-rules/x.guard", Rule: "S"}

	first := m.Templates("policy", []*manifest.Product{one, two}, "rules")
	assert.Equal(t, []*manifest.Product{one, two}, first.Fresh)
	first.Settle([]finding.Finding{about(one), stray})

	second := m.Templates("policy", []*manifest.Product{one, two}, "rules")
	assert.Empty(t, second.Fresh)
	assert.Equal(t, 2, second.Known)
	assert.Equal(t, []finding.Finding{about(one)}, second.Settle(nil), "what was found stays found, and findings about other files are not remembered")

	changed := product("two", "c")
	third := m.Templates("policy", []*manifest.Product{one, changed}, "rules")
	assert.Equal(t, []*manifest.Product{changed}, third.Fresh)
	assert.Equal(t, []finding.Finding{about(one), about(changed)}, third.Settle([]finding.Finding{about(changed)}))

	assert.Len(t, m.Templates("policy", []*manifest.Product{one}, "other rules").Fresh, 1)
	assert.Len(t, m.Templates("schema", []*manifest.Product{one}, "rules").Fresh, 1)
	moved := product("one", "a")
	moved.Template.Path = "elsewhere.yaml"
	assert.Len(t, m.Templates("policy", []*manifest.Product{moved}, "rules").Fresh, 1)
	var none *Memory
	assert.Len(t, none.Templates("policy", []*manifest.Product{one}).Fresh, 1)
}
