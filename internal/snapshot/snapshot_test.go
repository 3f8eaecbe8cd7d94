package snapshot

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	c := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull)
	out, err := c.CombinedOutput()
	require.NoError(t, err, string(out))
}

func write(t *testing.T, dir, name, body string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(body), 0o644))
}

func repository(t *testing.T) (*Repository, string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	run(t, dir, "init", "-q", "-b", "main")
	r, err := Open(context.Background(), dir)
	require.NoError(t, err)
	return r, dir
}

func TestCheckoutWritesWhatIsRecordedAndNothingElse(t *testing.T) {
	r, dir := repository(t)
	ctx := context.Background()
	write(t, dir, ".gitattributes", "*.txt text eol=crlf filter=nothing\n")
	write(t, dir, "catalog/products/a/file.txt", "one\ntwo\n")
	require.NoError(t, os.Symlink("../../../../etc/passwd", filepath.Join(dir, "catalog/products/a/link")))
	run(t, dir, "add", "-A")
	write(t, dir, "catalog/products/a/file.txt", "changed after it was staged\n")
	write(t, dir, "catalog/products/a/other.txt", "not staged\n")

	tree, err := r.Staged(ctx)
	require.NoError(t, err)
	id, at, err := r.Catalog(ctx, tree, "")
	require.NoError(t, err)
	assert.Equal(t, "catalog", at)
	out := filepath.Join(t.TempDir(), "out")
	require.NoError(t, r.Checkout(ctx, id, out))
	body, err := os.ReadFile(filepath.Join(out, "products/a/file.txt"))
	require.NoError(t, err)
	assert.Equal(t, "one\ntwo\n", string(body))
	target, err := os.Readlink(filepath.Join(out, "products/a/link"))
	require.NoError(t, err)
	assert.Equal(t, "../../../../etc/passwd", target)
	assert.NoFileExists(t, filepath.Join(out, "products/a/other.txt"))
}

func TestCatalogIsFoundAtTheTopOrInItsFolderOrWhereItIsNamed(t *testing.T) {
	r, dir := repository(t)
	ctx := context.Background()
	write(t, dir, "elsewhere/products/a/x", "x")
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-qm", "first")
	tree, err := r.Tree(ctx, "HEAD")
	require.NoError(t, err)
	id, _, err := r.Catalog(ctx, tree, "")
	require.NoError(t, err)
	assert.Empty(t, id)
	id, at, err := r.Catalog(ctx, tree, "elsewhere/")
	require.NoError(t, err)
	assert.NotEmpty(t, id)
	assert.Equal(t, "elsewhere", at)

	write(t, dir, "products/a/x", "x")
	run(t, dir, "add", "-A")
	tree, err = r.Staged(ctx)
	require.NoError(t, err)
	id, at, err = r.Catalog(ctx, tree, "")
	require.NoError(t, err)
	assert.Equal(t, tree, id)
	assert.Equal(t, ".", at)
}

func TestReplacementRefsChangeNothing(t *testing.T) {
	r, dir := repository(t)
	ctx := context.Background()
	write(t, dir, "products/a/x", "recorded")
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-qm", "first")
	run(t, dir, "tag", "first")
	write(t, dir, "products/a/x", "pretended")
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-qm", "second")
	run(t, dir, "replace", "first", "HEAD")
	tree, err := r.Tree(ctx, "first")
	require.NoError(t, err)
	out := t.TempDir()
	require.NoError(t, r.Checkout(ctx, tree, out))
	body, err := os.ReadFile(filepath.Join(out, "products/a/x"))
	require.NoError(t, err)
	assert.Equal(t, "recorded", string(body))
}

func TestOpenSaysWhatToDo(t *testing.T) {
	_, err := Open(context.Background(), t.TempDir())
	assert.ErrorContains(t, err, "is in no git repository: run git init first")
	bare := t.TempDir()
	run(t, bare, "init", "-q", "--bare")
	_, err = Open(context.Background(), bare)
	assert.ErrorContains(t, err, "go to a clone of it")
}
