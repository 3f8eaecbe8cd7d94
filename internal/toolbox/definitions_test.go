package toolbox

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/requirements"
)

func TestPinnedToolsSayWhatTheyAreForAndMatchTheirLocks(t *testing.T) {
	definitions, err := Pinned()
	require.NoError(t, err)
	packages := map[string]string{"emulator": "moto", "dev": "pytest"}
	for _, tool := range definitions.Tools {
		assert.NotEmpty(t, tool.Why, tool.Name)
		lock := tool.Source.UV + tool.Source.Pip
		if lock == "" {
			continue
		}
		body, err := fs.ReadFile(requirements.Locks, lock)
		require.NoError(t, err)
		name := tool.Name
		if packages[name] != "" {
			name = packages[name]
		}
		assert.Contains(t, "\n"+string(body), "\n"+name+"=="+tool.Version+" ", "the lock and tools.yaml name different versions")
		assert.NotContains(t, string(body), "://", "a lock carries no address")
	}
}

func TestPinnedBinariesHaveADigestForEveryPlatform(t *testing.T) {
	definitions, err := Pinned()
	require.NoError(t, err)
	guard, err := definitions.Tool("cfn-guard")
	require.NoError(t, err)
	for _, platform := range []string{"linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"} {
		assert.Regexp(t, "^[0-9a-f]{64}$", guard.digests(platform)[0], platform)
	}
}

func TestEveryMistakeInDefinitionsIsReportedAtOnce(t *testing.T) {
	_, err := ParseDefinitions("tools.yaml", []byte(`
tools:
  - {name: a, version: "1", source: {}, links: {bin/a: a}}
  - {name: a, version: "1", source: {uv: a.txt, pip: a.txt}, links: {bin/a: ../a}, ask: [bin/b]}
`))
	for _, want := range []string{
		"a: want one source, got 0",
		"a is defined twice",
		"a: want one source, got 2",
		"link bin/a -> ../a leaves the tools folder",
		`ask starts with "bin/b"`,
		`no tool is called "uv"`,
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestUnknownKeyInDefinitionsIsAnError(t *testing.T) {
	_, err := ParseDefinitions("tools.yaml", []byte("tools:\n  - {name: a, sha: x}\n"))
	assert.ErrorContains(t, err, "field sha not found")
}
