package toolbox

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plant makes a small repository with two programs, and a toolbox of hand-made tools for it.
func plant(t *testing.T, platform string) *Toolbox {
	t.Helper()
	program := "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"built\") }\n"
	inPath(t, "git-secrets", script)
	mac := script + "# mac\n"
	archive, integrity := npmPackage(t, map[string]string{"linux/cfn-guard": script, "mac/cfn-guard": mac})
	b := box(t, `
tools:
  - name: git-secrets
    version: 1.2.3
    source: {script: {program: git-secrets, cure: write one, sha256: [`+digest(script)+`]}}
    links: {bin/git-secrets: git-secrets}
  - name: cfn-guard
    version: 1.2.3
    source:
      npm:
        package: `+archive+`
        integrity: `+integrity+`
        files:
          linux-amd64: {path: linux/cfn-guard, sha256: `+digest(script)+`}
          darwin-arm64: {path: mac/cfn-guard, sha256: `+digest(mac)+`}
    links: {bin/cfn-guard: "{platform}/cfn-guard"}
  - name: registry
    version: 1.2.3
    source: {script: {program: git-secrets, cure: write one, sha256: [`+digest(script)+`]}}
    links: {registry.json: git-secrets}
`, nil)
	b.Platform = platform
	b.Root = t.TempDir()
	for name, body := range map[string]string{
		"go.mod":                   "module accountfleet\n\ngo 1.26\n",
		"app.go":                   program,
		"cmd/fleet/main.go":        program,
		"cmd/fleet/main_test.go":   "package main\n",
		"fleet.yaml":               "organization: o-example\n",
		"guard-rules/a.guard":      "rule a { true }\n",
		"guard-rules/tests/a.yaml": "- {}\n",
		"features/a.feature":       "Feature: a\n",
		"requirements/a.txt":       "a==1\n",
		"requirements/a.in":        "a\n",
	} {
		write(t, filepath.Join(b.Root, name), body)
	}
	_, err := b.Install(t.Context(), nil)
	require.NoError(t, err)
	return b
}

// entries lists an archive's files with their modes.
func entries(t *testing.T, name string) map[string]int64 {
	t.Helper()
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	found := map[string]int64{}
	for packed := tar.NewReader(unzipped); ; {
		header, err := packed.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		assert.True(t, header.ModTime.Unix() == 0 && header.Uid == 0 && header.Uname == "", "nothing of this machine")
		found[header.Name] = header.Mode
	}
}

func options(b *Toolbox) BuildOptions {
	return BuildOptions{Settings: filepath.Join(b.Root, "fleet.yaml"), Out: filepath.Join(b.Root, ".build")}
}

func TestBuildGivesTheSameBytesWhereverTheRepositoryLies(t *testing.T) {
	var digests [][]string
	for range 2 {
		b := plant(t, CodeBuild)
		assets, err := b.Build(t.Context(), options(b))
		require.NoError(t, err)
		digests = append(digests, []string{assets[0].SHA256, assets[1].SHA256})
		assert.Equal(t, map[string]int64{
			"bin/cfn-guard": 0o755, "bin/fleet": 0o755, "bin/git-secrets": 0o755, "features/a.feature": 0o644, "fleet.yaml": 0o644,
			"guard-rules/a.guard": 0o644, "guard-rules/tests/a.yaml": 0o644, "registry.json": 0o644, "requirements/a.txt": 0o644,
		}, entries(t, assets[1].Path))
		assert.Equal(t, map[string]int64{"bin/app": 0o755}, entries(t, assets[0].Path))
	}
	assert.Equal(t, digests[0], digests[1])
}

func TestBuildWritesOnlyWhatChanged(t *testing.T) {
	b := plant(t, CodeBuild)
	build := func() (app, toolbox Asset) {
		assets, err := b.Build(t.Context(), options(b))
		require.NoError(t, err)
		return assets[0], assets[1]
	}
	app, toolbox := build()
	assert.True(t, app.Changed && toolbox.Changed)

	write(t, filepath.Join(b.Root, "cmd/fleet/main_test.go"), "package main\n\n// tests decide nothing\n")
	app, toolbox = build()
	assert.False(t, app.Changed || toolbox.Changed)

	write(t, filepath.Join(b.Root, "guard-rules/a.guard"), "rule b { true }\n")
	app, toolbox = build()
	assert.True(t, !app.Changed && toolbox.Changed, "a rule is in the toolbox only")

	write(t, filepath.Join(b.Root, "app.go"), "package main\n\nfunc main() { println(1) }\n")
	app, toolbox = build()
	assert.True(t, app.Changed && !toolbox.Changed, "the app is in its own archive only")

	require.NoError(t, os.WriteFile(app.Path, []byte("damaged"), 0o644))
	app, _ = build()
	assert.True(t, app.Changed, "a damaged archive is built again")
}

func TestBuildSaysWhichToolIsMissing(t *testing.T) {
	b := plant(t, CodeBuild)
	require.NoError(t, os.RemoveAll(b.Folder))
	_, err := b.Build(t.Context(), options(b))
	require.ErrorContains(t, err, "run make tools")
	assert.NoFileExists(t, filepath.Join(b.Root, ".build", ToolboxArchive))
}

func TestToolboxOfAnotherMachineRunsThereAndInCodeBuild(t *testing.T) {
	b := plant(t, "darwin-arm64")
	contents, err := b.contents(options(b))
	require.NoError(t, err)
	for _, name := range []string{"bin/linux-amd64/cfn-guard", "bin/darwin-arm64/cfn-guard", "bin/git-secrets"} {
		assert.Contains(t, contents.files, name)
	}

	folder := t.TempDir()
	for name, text := range contents.texts {
		write(t, filepath.Join(folder, name), text)
		require.NoError(t, os.Chmod(filepath.Join(folder, name), 0o755))
	}
	for _, platform := range b.platforms() {
		name := filepath.Join(folder, "bin", platform, "cfn-guard")
		write(t, name, "#!/bin/sh\necho "+platform+" \"$1\"\n")
		require.NoError(t, os.Chmod(name, 0o755))
	}
	for machine, want := range map[string]string{"-s) echo Linux;; -m) echo x86_64": "linux-amd64", "-s) echo Darwin;; -m) echo arm64": "darwin-arm64"} {
		inPath(t, "uname", "#!/bin/sh\ncase $1 in "+machine+";; esac\n")
		output, err := exec.Command(filepath.Join(folder, "bin", "cfn-guard"), "x y").Output()
		require.NoError(t, err)
		assert.Equal(t, want+" x y\n", string(output))
	}
}
