package toolbox

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLocateNeverTakesAProgramFromPath(t *testing.T) {
	inPath(t, "hello", "#!/bin/sh\necho stub 1.2.3\n")
	b := box(t, hello("1.2.3", digest(script)), nil)
	_, err := b.Locate("hello")
	require.ErrorContains(t, err, "hello 1.2.3 is not installed")
	require.ErrorContains(t, err, "run make tools")
}

func TestLocateRefusesAChangedTool(t *testing.T) {
	inPath(t, "hello", script)
	b := box(t, hello("1.2.3", digest(script)), nil)
	_, err := b.Install(t.Context(), nil)
	require.NoError(t, err)
	tool, err := b.Locate("hello")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(tool.Path, []byte("#!/bin/sh\n"), 0o755))
	_, err = b.Locate("hello")
	require.ErrorContains(t, err, digest("#!/bin/sh\n"))
	require.ErrorContains(t, err, digest(script))
}

func TestLocatePrefersTheToolboxAssetAndVerifiesIt(t *testing.T) {
	inPath(t, "hello", script)
	b := box(t, hello("1.2.3", digest(script)), nil)
	_, err := b.Install(t.Context(), nil)
	require.NoError(t, err)
	b.Home = t.TempDir()
	file := filepath.Join(b.Home, "bin", "hello")
	write(t, file, script)
	tool, err := b.Locate("hello")
	require.NoError(t, err)
	assert.Equal(t, Tool{Path: file, Version: "1.2.3"}, tool)
	write(t, file, "other")
	_, err = b.Locate("hello")
	assert.ErrorContains(t, err, "the toolbox was changed after it was built")
}

func TestLocateNamesAnUnknownProgram(t *testing.T) {
	_, err := box(t, "tools: []", nil).Locate("terraform")
	assert.ErrorContains(t, err, `no tool brings a program "terraform"`)
}

func TestAFolderThatWasPushedIsNoToolbox(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "internal/toolbox/tools.yaml", "tools: []")
	_, err := FromEnvironment(func(name string) string {
		return map[string]string{"FLEET_HOME": "/somewhere"}[name]
	})
	assert.ErrorContains(t, err, "set FLEET_TOOLS", "in CodeBuild the working folder holds what was pushed")
}

func TestRegistryKnowsThePermissionsOfHandlers(t *testing.T) {
	file, err := Registry()
	require.NoError(t, err)
	body, err := os.ReadFile(file)
	require.NoError(t, err)
	var index struct {
		Source string
		Types  map[string]map[string][]string
	}
	require.NoError(t, json.Unmarshal(body, &index))
	definitions, err := Pinned()
	require.NoError(t, err)
	linter, err := definitions.Tool("cfn-lint")
	require.NoError(t, err)
	assert.Equal(t, "cfn-lint "+linter.Version, index.Source)
	assert.Greater(t, len(index.Types), 1800)
	assert.Contains(t, index.Types["AWS::S3::Bucket"]["create"], "s3:CreateBucket")
	assert.Empty(t, index.Types["AWS::CloudFormation::WaitConditionHandle"])
}

func TestEveryToolIsLocatedByItsName(t *testing.T) {
	for _, name := range []string{"cfn-guard", "git-secrets", "cfn-lint", "taskcat", "taskcat-python", "aws", "cdk", "emulator-python"} {
		tool, err := Locate(name)
		require.NoError(t, err)
		assert.FileExists(t, tool.Path)
	}
}
