package bundle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOpenReadsWhatWriteStored(t *testing.T) {
	dir := t.TempDir()
	c := catalog(product("a", "1.0.0", "x"), product("b", "1.0.0", "y"))
	written := build(t, c, published(t, product("b", "1.0.0", "y")))
	require.NoError(t, Write(dir, written, c))
	require.NoError(t, Write(dir, written, c), "writing again replaces")
	opened, err := Open(dir)
	require.NoError(t, err)
	assert.Equal(t, written.Digest, opened.Digest)
	assert.Equal(t, written.json(), opened.json())
	body, err := opened.Template(dir, opened.Products[0])
	require.NoError(t, err)
	assert.Equal(t, c.Products[0].Template.Body, body)
}

func TestOpenRefusesAPayloadThatAlphaDidNotSee(t *testing.T) {
	c := catalog(product("a", "1.0.0", "x"))
	template := templatesDir + "/" + c.Products[0].Template.Digest + ".json"
	rows := []struct {
		name   string
		tamper func(t *testing.T, dir string)
		want   string
	}{
		{"template changed", change(template, "x", "z"), "template of product a has digest"},
		{"template missing", drop(template), "template of product a"},
		{"template added", add(templatesDir + "/other.json"), "other.json belongs to no product"},
		{"bundle changed", change(bundleName, `"shard": 0`, `"shard": 1`), "it was changed after Alpha"},
		{"unknown key", change(bundleName, `"format": 1`, `"format": 1, "x": 2`), "unknown field"},
		{"future format", change(bundleName, `"format": 1`, `"format": 2`), "format 2, this program reads 1"},
		{"bill of materials changed", change(sbomName, "Owner", "Other"), "sbom.json has digest"},
		{"bill of materials missing", drop(sbomName), "sbom.json"},
		{"no bundle", drop(bundleName), "bundle.json: file does not exist: name the folder"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, Write(dir, build(t, c, published(t)), c))
			row.tamper(t, dir)
			_, err := Open(dir)
			assert.ErrorContains(t, err, row.want)
		})
	}
}

func change(name, old, new string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		body, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Contains(t, string(body), old)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(string(body), old, new, 1)), 0o644))
	}
}

func drop(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, name))) }
}

func add(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("{}"), 0o644))
	}
}

func TestWriteRefusesAnotherCatalog(t *testing.T) {
	b := build(t, catalog(product("a", "1.0.0", "x")), published(t))
	err := Write(t.TempDir(), b, catalog(product("a", "1.0.0", "y")))
	assert.ErrorContains(t, err, "build the bundle from this catalog")
}
