package hooks

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/memory"
	"accountfleet/internal/snapshot"
)

// catalog commits files and gives the repository and the tree.
func catalog(t *testing.T, files map[string]string) (*snapshot.Repository, string) {
	t.Helper()
	ctx, top := context.Background(), t.TempDir()
	_, err := snapshot.Plain(ctx, top, "init", "--quiet")
	require.NoError(t, err)
	for name, body := range files {
		path := filepath.Join(top, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(body), 0o644))
	}
	_, err = snapshot.Plain(ctx, top, "add", ".")
	require.NoError(t, err)
	r, err := snapshot.Open(ctx, top)
	require.NoError(t, err)
	tree, err := r.Staged(ctx)
	require.NoError(t, err)
	return r, tree
}

func TestACatalogThatPassedIsKnownUntilSomethingThatDecidesChanges(t *testing.T) {
	folder := t.TempDir()
	knows := func(files map[string]string, remember bool, identity ...string) bool {
		t.Helper()
		m, err := memory.Open(folder, identity...)
		require.NoError(t, err)
		r, tree := catalog(t, files)
		p, err := Options{memory: m}.passed(context.Background(), r, tree)
		require.NoError(t, err)
		known := p.known()
		if remember {
			p.remember()
		}
		return known
	}
	sound := map[string]string{"products/topic/template.yaml": "Resources: {}", "README.md": "words"}
	assert.False(t, knows(sound, true, "program", "settings"))
	assert.True(t, knows(sound, false, "program", "settings"), "in any clone, and without hooks installed, as the pre-commit framework has it")
	assert.True(t, knows(map[string]string{"products/topic/template.yaml": "Resources: {}", "README.md": "others"}, false, "program", "settings"))
	assert.False(t, knows(map[string]string{"products/topic/template.yaml": "Resources: []", "README.md": "words"}, false, "program", "settings"))
	assert.False(t, knows(map[string]string{"products/topic/template.yaml": "Resources: {}", "OTHER.md": "words"}, false, "program", "settings"))
	assert.False(t, knows(sound, false, "program", "other settings"))
	assert.False(t, knows(sound, false, "other program", "settings"))
}

func TestWithoutAMemoryNothingIsSkipped(t *testing.T) {
	r, tree := catalog(t, map[string]string{"products/topic/template.yaml": "Resources: {}"})
	for range 2 {
		p, err := Options{}.passed(context.Background(), r, tree)
		require.NoError(t, err)
		assert.False(t, p.known())
		p.remember()
	}
}
