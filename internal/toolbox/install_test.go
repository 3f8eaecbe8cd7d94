package toolbox

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInstallBringsAScriptAndThenDoesNothing(t *testing.T) {
	inPath(t, "hello", script)
	b := box(t, hello("1.2.3", digest(script)), nil)
	changed, err := b.Install(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"hello"}, changed)

	before, err := os.Stat(filepath.Join(b.Folder, "bin", "hello"))
	require.NoError(t, err)
	changed, err = b.Install(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, changed)
	after, err := os.Stat(filepath.Join(b.Folder, "bin", "hello"))
	require.NoError(t, err)
	assert.Equal(t, before.ModTime(), after.ModTime())
}

func TestInstallStopsAtADigestMismatchWithBothDigestsAndLeavesNothing(t *testing.T) {
	inPath(t, "hello", script)
	want := strings.Repeat("0", 64)
	b := box(t, hello("1.2.3", want), nil)
	_, err := b.Install(t.Context(), nil)
	require.ErrorContains(t, err, digest(script))
	require.ErrorContains(t, err, want)
	left, err := filepath.Glob(filepath.Join(b.Folder, "*", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestInstallStopsWhenTheToolNamesAnotherVersion(t *testing.T) {
	inPath(t, "hello", script)
	_, err := box(t, hello("1.2.4", digest(script)), nil).Install(t.Context(), nil)
	assert.ErrorContains(t, err, `it says that it is "hello 1.2.3", want 1.2.4`)
}

func TestInstallSaysHowToGetAScriptThatNothingBrings(t *testing.T) {
	_, err := box(t, hello("1.2.3", digest(script)), nil).Install(t.Context(), nil)
	assert.ErrorContains(t, err, "write one")
}

func TestInstallRepairsWhatWasInterruptedOrChanged(t *testing.T) {
	inPath(t, "hello", script)
	b := box(t, hello("1.2.3", digest(script)), nil)
	steps, err := b.Plan(nil)
	require.NoError(t, err)
	for name, damage := range map[string]func(){
		"half a folder":     func() { write(t, filepath.Join(steps[0].Place, "rest"), "") },
		"a folder aside":    func() { write(t, filepath.Join(b.Folder, "tmp", "hello", "hello"), "") },
		"a changed program": func() { write(t, filepath.Join(steps[0].Place, "hello"), "other") },
		"a lost program":    func() { require.NoError(t, os.Remove(filepath.Join(steps[0].Place, "hello"))) },
		"a lost link":       func() { require.NoError(t, os.Remove(filepath.Join(b.Folder, "bin", "hello"))) },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Install(t.Context(), nil)
			require.NoError(t, err)
			damage()
			_, err = b.Install(t.Context(), nil)
			require.NoError(t, err)
			tool, err := b.Locate("hello")
			require.NoError(t, err)
			output, err := exec.Command(tool.Path).Output()
			require.NoError(t, err)
			assert.Equal(t, "hello 1.2.3\n", string(output))
		})
	}
}

func TestInstallReplacesAnotherVersionAndRemovesIt(t *testing.T) {
	inPath(t, "hello", script)
	b := box(t, hello("1.2.3", digest(script)), nil)
	old := filepath.Join(b.Folder, "store", "hello-0123456789ab")
	write(t, filepath.Join(old, "hello"), "old")
	_, err := b.Install(t.Context(), nil)
	require.NoError(t, err)
	assert.NoDirExists(t, old)
}

func TestManyInstallAtOnce(t *testing.T) {
	slow := "#!/bin/sh\nsleep 0.2\necho hello 1.2.3\n"
	inPath(t, "hello", slow)
	b := box(t, hello("1.2.3", digest(slow)), nil)
	var group sync.WaitGroup
	installed := make(chan string, 4)
	for range 4 {
		group.Go(func() {
			changed, err := b.Install(t.Context(), nil)
			assert.NoError(t, err)
			for _, name := range changed {
				installed <- name
			}
		})
	}
	group.Wait()
	assert.Len(t, installed, 1, "one of them installs, the others wait and find it done")
}

func TestInstallEndsWithItsContext(t *testing.T) {
	endless := "#!/bin/sh\nsleep 60\n"
	inPath(t, "hello", endless)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err := box(t, hello("1.2.3", digest(endless)), nil).Install(ctx, nil)
	require.Error(t, err)
	assert.Less(t, time.Since(started), 30*time.Second)
}

// guard is a definition of a binary in an npm package.
func guard(archive, integrity, platform, sha string) string {
	return fmt.Sprintf(`
tools:
  - name: guard
    version: 1.2.3
    source:
      npm:
        package: %s
        integrity: %s
        files: {%s: {path: bin/guard, sha256: %s}}
    links: {bin/guard: "{platform}/guard"}
    ask: [bin/guard]
`, archive, integrity, platform, sha)
}

func TestInstallTakesABinaryOutOfAnNpmPackage(t *testing.T) {
	archive, integrity := npmPackage(t, map[string]string{"bin/guard": script})
	b := box(t, guard(archive, integrity, box(t, "tools: []", nil).Platform, digest(script)), nil)
	_, err := b.Install(t.Context(), nil)
	require.NoError(t, err)
	tool, err := b.Locate("guard")
	require.NoError(t, err)
	assert.Equal(t, "1.2.3", tool.Version)
	assert.FileExists(t, tool.Path)
}

func TestInstallStopsAtAnotherNpmPackage(t *testing.T) {
	platform := box(t, "tools: []", nil).Platform
	archive, integrity := npmPackage(t, map[string]string{"bin/guard": script})
	other, _ := npmPackage(t, map[string]string{"bin/guard": script, "more": "x"})
	for name, row := range map[string]struct{ archive, sha string }{
		"package": {other, digest(script)},
		"file":    {archive, digest("other")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := box(t, guard(row.archive, integrity, platform, row.sha), nil).Install(t.Context(), nil)
			require.ErrorContains(t, err, "is not the pinned file")
			if name == "package" {
				require.ErrorContains(t, err, integrity)
			} else {
				require.ErrorContains(t, err, digest(script))
				require.ErrorContains(t, err, digest("other"))
			}
		})
	}
}

func TestInstallWithoutNetworkGivesOneMessage(t *testing.T) {
	t.Setenv("npm_config_registry", "http://127.0.0.1:9/")
	t.Setenv("npm_config_fetch_retries", "0")
	t.Setenv("npm_config_cache", t.TempDir())
	b := box(t, guard("no-such-package@1.0.0", "sha512-x", box(t, "tools: []", nil).Platform, digest(script)), nil)
	_, err := b.Install(t.Context(), nil)
	require.ErrorContains(t, err, "install guard 1.2.3: no network: npm cannot reach its registry")
	assert.NotContains(t, err.Error(), "\n")
}

func TestDebianPackageWithoutNetworkGivesOneMessage(t *testing.T) {
	inPath(t, "apt-get", `#!/bin/sh
case "$*" in
*Error-Mode=any*update*) echo "E: Failed to fetch http://deb.example.com/InRelease  Could not connect to 127.0.0.1:9"; exit 100 ;;
*update*) exit 0 ;;
*) echo "E: Unable to locate package hello"; exit 100 ;;
esac
`)
	b := box(t, `
tools:
  - name: hello
    version: 1.2.3
    source: {script: {program: no-such-program, cure: put it in PATH, sha256: [x], debian: {package: hello, path: usr/bin/hello}}}
    links: {bin/hello: no-such-program}
`, nil)
	_, err := b.Install(t.Context(), nil)
	require.ErrorContains(t, err, "install hello 1.2.3: no network: apt-get cannot reach its registry (E: Failed to fetch http://deb.example.com/InRelease")
	require.ErrorContains(t, err, "put it in PATH")
	assert.NotContains(t, err.Error(), "\n")
	assert.NoDirExists(t, filepath.Join(b.Folder, "tmp"), "nothing half-installed is left")
}

func TestInstallSaysWhichProgramsOfTheMachineAreMissingOrTooOld(t *testing.T) {
	inPath(t, "node", "#!/bin/sh\necho v18.1.0\n")
	b := box(t, `
needs:
  - {name: node, minimum: "20", ask: [node, --version], cure: install Node}
  - {name: npm, minimum: "9", ask: [no-npm-here, --version], cure: install npm}
`+guard("x", "y", "z", "w")[1:], nil)
	_, err := b.Install(t.Context(), nil)
	require.ErrorContains(t, err, "node is 18.1.0, want 20 or newer: install Node")
	require.ErrorContains(t, err, "npm is not in PATH: install npm")
}

func TestOnlyInstallsAToolAndWhatItNeeds(t *testing.T) {
	definitions, err := Pinned()
	require.NoError(t, err)
	b, err := FromEnvironment(func(string) string { return "" })
	require.NoError(t, err)
	b.Definitions, b.Folder = definitions, t.TempDir()
	steps, err := b.Plan([]string{"registry"})
	require.NoError(t, err)
	var names []string
	for _, step := range steps {
		names = append(names, step.Tool.Name)
	}
	assert.Equal(t, []string{"uv", "cfn-lint", "registry"}, names)
	_, err = b.Plan([]string{"cfnlint"})
	assert.ErrorContains(t, err, `no tool is called "cfnlint": choose from uv, aws-cdk`)
}
