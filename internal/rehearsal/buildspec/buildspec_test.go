package buildspec_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/rehearsal/buildspec"
)

const full = `
version: 0.2
env:
  shell: bash
  variables: {A: one, N: 3}
  parameter-store: {P: /fleet/p}
  secrets-manager: {S: "fleet/secret:key"}
  exported-variables: [CHANGES]
  git-credential-helper: yes
phases:
  install:
    on-failure: ABORT
    runtime-versions: {nodejs: 22, python: 3.12}
    commands: ["set -euo pipefail"]
  build:
    on-failure: RETRY-2-timeout.*
    commands:
      - echo hello
    finally: [echo bye]
reports:
  unit: {file-format: CUCUMBERJSON, files: [cucumber.json], base-directory: evidence, discard-paths: no}
artifacts:
  base-directory: out
  files: ["**/*"]
  exclude-paths: ["**/*.tmp"]
  secondary-artifacts:
    Extra: {files: [extra.txt]}
cache: {paths: ["/root/.cache/fleet/**/*"]}
`

func TestParseReadsEverythingThatABuildspecMaySay(t *testing.T) {
	spec, err := buildspec.Parse(full)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"A": "one", "N": "3"}, spec.Env.Variables)
	assert.Equal(t, []string{"echo hello"}, spec.Phases["build"].Commands)
	assert.Equal(t, []string{"echo bye"}, spec.Phases["build"].Finally)
	assert.Equal(t, "CUCUMBERJSON", spec.Reports["unit"].Format)
	assert.Equal(t, "out", spec.Artifacts.BaseDirectory)
	assert.Equal(t, []string{"extra.txt"}, spec.Artifacts.Secondary["Extra"].Files)
	assert.Equal(t, []string{"/root/.cache/fleet/**/*"}, spec.Cache.Paths)
	assert.Equal(t, map[string]string{"nodejs": "22", "python": "3.12"}, spec.Phases["install"].RuntimeVersions)
	assert.Equal(t, "bash", spec.Interpreter())
}

func TestParseReportsAllMistakesAtOnce(t *testing.T) {
	_, err := buildspec.Parse(`
version: 0.1
run-as: root
proxy: {logs: yes}
env: {shell: powershell, variables: {CODEBUILD_X: y}, secret: {}}
phases:
  install: {runtime-versions: {cobol: 1}, commands: []}
  deploy: {commands: [x], on-failure: PANIC}
reports: {r: {file-format: TESTNGXML, files: []}}
artifacts: {files: [], discard-paths: maybe}
cache: {paths: [], key: k}
`)
	for _, want := range []string{
		"line 3: key run-as is not understood", "line 4: key proxy is not understood", "key secret is not understood",
		"phases.install.runtime-versions.cobol: want one of golang, nodejs, python", "line 11: key key is not understood", `version: want 0.2, got "0.1"`,
		`env.shell: want bash or sh, got "powershell"`, "CODEBUILD_X: names that start with CODEBUILD_ are reserved",
		"phases.deploy: want one of install", `phases.deploy.on-failure: want ABORT, CONTINUE or RETRY, got "PANIC"`,
		"phases.install.commands: is empty", "reports.r.file-format: want JUNITXML or CUCUMBERJSON", "reports.r.files: is empty",
		"artifacts.files: is empty", "artifacts.discard-paths: want yes or no",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestParseRefusesNothingAndTwo(t *testing.T) {
	_, err := buildspec.Parse("")
	assert.ErrorContains(t, err, "phases: is empty")
	_, err = buildspec.Parse("version: 0.2\nphases: {build: {commands: [x]}}\n---\n{}\n")
	assert.ErrorContains(t, err, "a second document")
	_, err = buildspec.Parse("\tversion: 0.2")
	assert.Error(t, err)
}

func TestRetriesReadsOnFailure(t *testing.T) {
	for value, count := range map[string]int{"": 0, "RETRY": 3, "RETRY-5": 5, "RETRY-2-throttl.*": 2, "RETRY-throttl.*": 3} {
		retry, err := buildspec.Retries(value)
		require.NoError(t, err)
		assert.Equal(t, count, retry.Count, value)
		assert.Equal(t, len(value) > 8, retry.Match != nil, value)
	}
	_, err := buildspec.Retries("RETRY-2-(")
	assert.ErrorContains(t, err, "want a regular expression")
}

func TestSelectFindsFilesAsCodeBuildDoes(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a.json", "out/b.json", "out/deep/c.json", "out/deep/.hidden", "out/d.tmp"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(name), 0o644))
	}
	for name, test := range map[string]struct {
		set  buildspec.Set
		want []string
	}{
		"one file":         {buildspec.Set{Files: []string{"a.json"}}, []string{"a.json"}},
		"all below":        {buildspec.Set{Files: []string{"out/**/*"}}, []string{"out/b.json", "out/d.tmp", "out/deep/.hidden", "out/deep/c.json"}},
		"one level":        {buildspec.Set{Files: []string{"out/*"}}, []string{"out/b.json", "out/d.tmp"}},
		"base directory":   {buildspec.Set{BaseDirectory: "out", Files: []string{"**/*.json"}}, []string{"b.json", "deep/c.json"}},
		"absolute base":    {buildspec.Set{BaseDirectory: filepath.Join(root, "out", "deep"), Files: []string{"c.json"}}, []string{"c.json"}},
		"exclude":          {buildspec.Set{Files: []string{"**/*"}, ExcludePaths: []string{"**/*.tmp", "**/.hidden"}}, []string{"a.json", "out/b.json", "out/deep/c.json"}},
		"discard paths":    {buildspec.Set{Files: []string{"**/c.json"}, DiscardPaths: "yes"}, []string{"c.json"}},
		"leading dot path": {buildspec.Set{Files: []string{"./a.json"}}, []string{"a.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := test.set.Select(root)
			require.NoError(t, err)
			var names []string
			for _, f := range files {
				names = append(names, f.Name)
			}
			assert.Equal(t, test.want, names)
		})
	}
}

func TestSelectFailsWhereCodeBuildWould(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"x/same", "y/same"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), nil, 0o644))
	}
	_, err := buildspec.Set{Files: []string{"nothing"}}.Select(root)
	assert.ErrorContains(t, err, "no matching artifact paths found")
	_, err = buildspec.Set{BaseDirectory: "evidence", Files: []string{"**/*"}}.Select(root)
	assert.ErrorContains(t, err, "no matching base directory path found for evidence")
	_, err = buildspec.Set{Files: []string{"**/*"}, DiscardPaths: "yes"}.Select(root)
	assert.ErrorContains(t, err, "both become same")
}
