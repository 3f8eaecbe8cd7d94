package buildspecs

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/rehearsal/buildspec"
)

func names(t *testing.T) []string {
	t.Helper()
	list, err := fs.Glob(files, "*.yml")
	require.NoError(t, err)
	require.Len(t, list, 14)
	return list
}

func TestEveryBuildspecIsUnderstoodByTheRehearsal(t *testing.T) {
	for _, name := range names(t) {
		text, err := For("fleet-"+strings.TrimSuffix(name, ".yml"), "fleet")
		require.NoError(t, err, name)
		_, err = buildspec.Parse(text)
		assert.NoError(t, err, name)
	}
}

// TestEveryBuildspecHasTheFrame holds the order that makes the toolbox trustworthy: strict shell, download, digest, unpack, and only then use.
func TestEveryBuildspecHasTheFrame(t *testing.T) {
	for _, name := range names(t) {
		text, err := For("fleet-"+strings.TrimSuffix(name, ".yml"), "fleet")
		require.NoError(t, err, name)
		spec, err := buildspec.Parse(text)
		require.NoError(t, err, name)
		install := strings.Join(spec.Phases["install"].Commands, "\n")
		last := -1
		for _, step := range []string{"set -euo pipefail", "aws s3 cp", "sha256sum --check", "tar -xzf", "export PATH="} {
			at := strings.Index(install, step)
			assert.Greater(t, at, last, "%s: %q is missing or too early", name, step)
			last = at
		}
		assert.NotContains(t, install, "fleet check", name)
		for _, command := range spec.Phases["build"].Commands {
			if strings.Contains(command, "fleet check --only") {
				assert.Contains(t, command, "--only features", "%s: a cache that earlier builds wrote would be believed", name)
			}
		}
		if spec.Artifacts != nil {
			assert.Contains(t, spec.Phases["build"].Commands[0], "rm -rf out", "%s: the input could bring files into the artifact", name)
		}
	}
}

// TestVariablesAreExportedByTheCommandThatSetsThem: CodeBuild carries the environment from command to command, but promises nothing of
// shell variables; and a failed substitution must fail its command, which export NAME="$(...)" does not.
func TestVariablesAreExportedByTheCommandThatSetsThem(t *testing.T) {
	exported := 0
	for _, name := range names(t) {
		text, err := For("fleet-"+strings.TrimSuffix(name, ".yml"), "fleet")
		require.NoError(t, err, name)
		spec, err := buildspec.Parse(text)
		require.NoError(t, err, name)
		for _, variable := range spec.Env.ExportedVariables {
			exported++
			assert.True(t, slices.ContainsFunc(spec.Phases["build"].Commands, func(command string) bool {
				return strings.HasPrefix(command, variable+`="$(cat out/`) && strings.HasSuffix(command, " && export "+variable)
			}), "%s: %s", name, variable)
		}
	}
	assert.Equal(t, 3, exported)
}

// TestBuildsChooseTheRuntimesThatTheyNeed: without a choice the image takes its default, which for standard:7.0 is Node.js 18 and may
// change at any time. Source: CodeBuild user guide, "Available runtimes"; aws-codebuild-docker-images, ubuntu/standard/7.0.
func TestBuildsChooseTheRuntimesThatTheyNeed(t *testing.T) {
	for _, name := range names(t) {
		text, err := For("fleet-"+strings.TrimSuffix(name, ".yml"), "fleet")
		require.NoError(t, err, name)
		spec, err := buildspec.Parse(text)
		require.NoError(t, err, name)
		want := map[string]string{}
		if strings.Contains(text, "--app ") { // the CDK runs on Node.js
			want["nodejs"] = "24"
		}
		if strings.Contains(text, "fleet tools install") { // cfn-lint and TaskCat are Python
			want["python"] = "3.11"
		}
		if len(want) == 0 {
			want = nil
		}
		assert.Equal(t, want, spec.Phases["install"].RuntimeVersions, name)
	}
}

func TestBuildspecThatCouldPassWithoutDoingAnythingIsRefused(t *testing.T) {
	for body, want := range map[string]string{
		"version: 0.1\n":                     "version 0.1: only 0.2 keeps one shell for all commands: write version: 0.2",
		"version: 0.2\n":                     `env.shell "": the commands are written for bash: write shell: bash`,
		"version: 0.2\nenv: {shell: bash}\n": "phases.build has no commands: the action would pass without doing anything: add them",
		"version: 0.2\nenv: {shell: bash}\nphases: {build: {commands: [true x]}}\n":                                         `phases.install does not begin with "set -euo pipefail": a failed command would go unseen: put it first`,
		"version: 0.2\nenv: {shell: bash}\nphases: {install: {commands: [a, set -euo pipefail]}, build: {commands: [x]}}\n": "does not begin with",
		"{": "is no buildspec",
	} {
		assert.ErrorContains(t, check([]byte(body)), want)
	}
}

func TestMissingBuildspecIsNamed(t *testing.T) {
	_, err := For("fleet-nothing", "fleet")
	assert.EqualError(t, err, "buildspecs/nothing.yml: no such file: project fleet-nothing runs it: add it and build the app again")
}
