package toolbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// demo is a toolbox with the uv of this repository and one Python tool, of a wheel in a folder.
func demo(t *testing.T, lock string) *Toolbox {
	t.Helper()
	uv, err := Locate("uv")
	require.NoError(t, err)
	sha, err := fileDigest(uv.Path)
	require.NoError(t, err)
	t.Setenv("PATH", filepath.Dir(uv.Path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	return box(t, fmt.Sprintf(`
tools:
  - name: uv
    version: %s
    source: {script: {program: uv, cure: run make tools, sha256: [%s]}}
    links: {bin/uv: uv}
  - name: demo
    version: 1.2.3
    source: {uv: demo.txt}
    links: {bin/demo: bin/demo, bin/demo-python: bin/python}
    ask: [bin/demo]
`, uv.Version, sha), map[string]string{"demo.txt": lock})
}

func TestPythonToolsWorkThroughALinkedFolder(t *testing.T) {
	wheels := t.TempDir()
	lock := wheel(t, wheels)
	t.Setenv("UV_FIND_LINKS", wheels)
	t.Setenv("UV_OFFLINE", "1")
	b := demo(t, lock)
	_, err := b.Install(t.Context(), nil)
	require.NoError(t, err)

	linked := filepath.Join(t.TempDir(), "linked")
	require.NoError(t, os.Symlink(b.Folder, linked))
	for _, command := range [][]string{
		{filepath.Join(linked, "bin", "demo")},
		{filepath.Join(linked, "bin", "demo-python"), "-c", "import demo; demo.main()"},
	} {
		output, err := exec.Command(command[0], command[1:]...).CombinedOutput()
		require.NoError(t, err, string(output))
		assert.Contains(t, string(output), "demo 1.2.3")
		assert.Contains(t, string(output), filepath.Join("store", "demo-"), "it runs in its own environment")
	}
	b.Folder = linked
	changed, err := b.Install(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, changed, "what was installed through one path is there through the other")
	tool, err := b.Locate("demo-python")
	require.NoError(t, err)
	output, err := exec.Command(tool.Path, "-c", "import demo").CombinedOutput()
	require.NoError(t, err, string(output))
}

func TestPythonPackageWithAnotherHashIsRefused(t *testing.T) {
	wheels := t.TempDir()
	wheel(t, wheels)
	t.Setenv("UV_FIND_LINKS", wheels)
	t.Setenv("UV_OFFLINE", "1")
	wrong := digest("other")
	_, err := demo(t, "demo==1.2.3 --hash=sha256:"+wrong+"\n").Install(t.Context(), nil)
	require.ErrorContains(t, err, wrong)
	require.ErrorContains(t, err, "install demo 1.2.3")
}

func TestPipsMirrorsAreGivenToUV(t *testing.T) {
	b := box(t, "tools: []", nil)
	require.NoError(t, os.MkdirAll(b.Folder, 0o755))
	b.Environ = append(b.Environ, "PIP_INDEX_URL=https://mirror.example/simple", "PIP_CERT=/ca.pem")
	assert.Subset(t, b.mirrors(t.Context()), []string{"UV_DEFAULT_INDEX=https://mirror.example/simple", "SSL_CERT_FILE=/ca.pem"})
	b.Environ = append(b.Environ, "UV_DEFAULT_INDEX=https://other.example")
	assert.Empty(t, b.mirrors(t.Context()), "settings of uv itself win")
}
