package manifest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTooManyFilesAreRefused(t *testing.T) {
	crowd := files{}
	for i := range MaxFiles {
		crowd[fmt.Sprintf("docs/%d", i)] = "x"
	}
	_, findings := load(t, sound().with(crowd))
	require.Len(t, findings, 1)
	assert.Equal(t, "SIZE", findings[0].Rule)
}

// writeDir stores f below a new folder.
func writeDir(t *testing.T, f files) string {
	t.Helper()
	root := t.TempDir()
	for path, body := range f {
		name := filepath.Join(root, filepath.FromSlash(path))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(body), 0o644))
	}
	return root
}

func TestDirReadsAFolderAndLeavesItsRepositoryOut(t *testing.T) {
	root := writeDir(t, sound().with(files{".git/config": "x"}))
	catalog, findings := load(t, Dir(root))
	assert.Empty(t, findings)
	assert.Len(t, catalog.Products, 1)
}

func TestDirRefusesWhatLeadsOutOfTheCatalog(t *testing.T) {
	root := writeDir(t, sound().with(files{"products/nested/.git/config": "x", "products/nested/product.yaml": "name: x"}))
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("name: x"), 0o644))
	require.NoError(t, os.Symlink(secret, filepath.Join(root, "products/archive/features/link.feature")))
	require.NoError(t, os.Symlink(filepath.Dir(secret), filepath.Join(root, "products/elsewhere")))
	if mkfifo, err := exec.LookPath("mkfifo"); err == nil {
		require.NoError(t, exec.Command(mkfifo, filepath.Join(root, "products/archive/pipe")).Run())
	}
	_, findings := load(t, Dir(root))
	kinds := map[string]string{}
	for _, f := range findings {
		if f.Rule == "FILE_TYPE" {
			kinds[f.File] = f.Message
		}
	}
	assert.Contains(t, kinds["products/archive/features/link.feature"], "symbolic link")
	assert.Contains(t, kinds["products/elsewhere"], "symbolic link")
	assert.Contains(t, kinds["products/nested"], "repository of its own")
	if len(kinds) > 3 {
		assert.Contains(t, kinds["products/archive/pipe"], "special file")
	}
	_, err := Dir(root).Read("products/archive/features/link.feature")
	assert.Error(t, err, "a link out of the folder is not followed")
	_, err = Dir(root).Read("../secret")
	assert.Error(t, err)
}

func TestDirWithoutFolderSaysHowToNameOne(t *testing.T) {
	_, _, err := Load(t.Context(), Dir(filepath.Join(t.TempDir(), "none")), settings())
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "--catalog")
}

func TestLoadStopsWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := Load(ctx, Dir(writeDir(t, sound())), settings())
	assert.ErrorIs(t, err, context.Canceled)
}
