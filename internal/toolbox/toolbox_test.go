package toolbox

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const script = "#!/bin/sh\necho hello 1.2.3\n"

func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// box is a toolbox in a temporary folder with hand-made definitions.
func box(t *testing.T, definitions string, locks map[string]string) *Toolbox {
	t.Helper()
	d, err := ParseDefinitions("tools.yaml", []byte(definitions))
	require.NoError(t, err)
	files := fstest.MapFS{}
	for name, body := range locks {
		files[name] = &fstest.MapFile{Data: []byte(body)}
	}
	return &Toolbox{
		Definitions: d,
		Folder:      filepath.Join(t.TempDir(), "tools"),
		Locks:       files,
		Platform:    runtime.GOOS + "-" + runtime.GOARCH,
		Environ:     os.Environ(),
		Progress:    io.Discard,
	}
}

// hello is a definition of a script that PATH brings.
func hello(version, want string) string {
	return fmt.Sprintf(`
tools:
  - name: hello
    version: %s
    source: {script: {program: hello, cure: write one, sha256: [%s]}}
    links: {bin/hello: hello}
    ask: [bin/hello]
`, version, want)
}

// inPath puts a program into a folder of its own, before everything else in PATH.
func inPath(t *testing.T, name, body string) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(body), 0o755))
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// write makes a file and its folders.
func write(t *testing.T, name, body string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(body), 0o644))
}

// npmPackage writes a .tgz as npm packs it and returns its path and integrity.
func npmPackage(t *testing.T, files map[string]string) (archive, integrity string) {
	t.Helper()
	var body bytes.Buffer
	zipped := gzip.NewWriter(&body)
	packed := tar.NewWriter(zipped)
	files["package.json"] = `{"name": "demo", "version": "1.0.0"}`
	for name, content := range files {
		require.NoError(t, packed.WriteHeader(&tar.Header{Name: "package/" + name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(content))}))
		_, err := packed.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, packed.Close())
	require.NoError(t, zipped.Close())
	archive = filepath.Join(t.TempDir(), "demo-1.0.0.tgz")
	require.NoError(t, os.WriteFile(archive, body.Bytes(), 0o644))
	sum := sha512.Sum512(body.Bytes())
	return archive, "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// wheel writes a Python wheel with one console script and returns its lock.
func wheel(t *testing.T, folder string) (lock string) {
	t.Helper()
	var body bytes.Buffer
	archive := zip.NewWriter(&body)
	const info = "demo-1.2.3.dist-info/"
	for name, content := range map[string]string{
		"demo.py":                 "import sys\n\n\ndef main():\n    print('demo 1.2.3', sys.prefix)\n",
		info + "METADATA":         "Metadata-Version: 2.1\nName: demo\nVersion: 1.2.3\n",
		info + "WHEEL":            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		info + "entry_points.txt": "[console_scripts]\ndemo = demo:main\n",
		info + "RECORD":           "",
	} {
		out, err := archive.Create(name)
		require.NoError(t, err)
		_, err = out.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, os.WriteFile(filepath.Join(folder, "demo-1.2.3-py3-none-any.whl"), body.Bytes(), 0o644))
	return "demo==1.2.3 --hash=sha256:" + digest(body.String()) + "\n"
}
