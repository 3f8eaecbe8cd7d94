package rehearsal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/assembly"
)

// runBuild rehearses a pipeline of one build with the given specification, and returns the action's result and log.
func runBuild(t *testing.T, spec string, change func(*assembly.Assembly, *assembly.Action), environment ...assembly.Variable) (*Result, ActionResult, string) {
	t.Helper()
	a := pipeline()
	action := withBuild(a, assembly.Action{Name: "Build"}, spec, environment...)
	if change != nil {
		change(a, &action)
	}
	a.Pipeline.Stages = append(a.Pipeline.Stages, assembly.Stage{Name: "Alpha", Actions: []assembly.Action{action}})
	s := newTestSession(t, newFakeAWS(t), a, Options{})
	s.options.Tools = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(s.options.Tools, "tool"), []byte("a tool"), 0o644))
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"a.txt": "a"}))
	require.NoError(t, err)
	built := result.Stages[1].Actions[0]
	log, err := os.ReadFile(built.Log)
	require.NoError(t, err)
	return result, built, string(log)
}

func TestPhasesFollowCodeBuildsOrder(t *testing.T) {
	for name, test := range map[string]struct {
		spec string
		ran  string // what the phases wrote, in order
		want Outcome
	}{
		"all": {`{version: "0.2", phases: {post_build: {commands: [echo @post]}, install: {commands: [echo @in], finally: [echo @fin]}, pre_build: {commands: [echo @pre]}, build: {commands: [echo @build]}}}`,
			"in fin pre build post", Succeeded},
		"finally follows a failure": {`{version: "0.2", phases: {build: {commands: [echo @one, "false", echo @two], finally: [echo @fin]}}}`, "one fin", Failed},
		"failed install ends":       {`{version: "0.2", phases: {install: {commands: ["false"]}, build: {commands: [echo @build]}, post_build: {commands: [echo @post]}}}`, "", Broken},
		"failed pre_build ends":     {`{version: "0.2", phases: {pre_build: {commands: ["false"]}, build: {commands: [echo @build]}, post_build: {commands: [echo @post]}}}`, "", Failed},
		"post_build follows a failed build": {`{version: "0.2", phases: {build: {commands: ["false"]}, post_build: {commands: [echo "@post $CODEBUILD_BUILD_SUCCEEDING"]}}}`,
			"post 0", Failed},
		"ABORT leaves post_build out": {`{version: "0.2", phases: {build: {on-failure: ABORT, commands: ["false"]}, post_build: {commands: [echo @post]}}}`, "", Failed},
		"CONTINUE goes on":            {`{version: "0.2", phases: {pre_build: {on-failure: CONTINUE, commands: ["false"]}, build: {commands: [echo "@build $CODEBUILD_BUILD_SUCCEEDING"]}}}`, "build 1", Succeeded},
		"RETRY tries again": {`{version: "0.2", phases: {build: {on-failure: RETRY-2, commands: [echo @try, 'N=$((${N:-0}+1)); export N; test $N = 3']}}}`,
			"try try try", Succeeded},
		"RETRY gives up": {`{version: "0.2", phases: {build: {on-failure: RETRY-1, commands: [echo @try, "false"]}}}`, "try try", Failed},
		"RETRY only for what it matches": {`{version: "0.2", phases: {build: {on-failure: RETRY-2-throttled, commands: [echo @try, "false"]}}}`,
			"try", Failed},
		"failed finally fails": {`{version: "0.2", phases: {build: {commands: [echo @build], finally: ["false"]}}}`, "build", Failed},
	} {
		t.Run(name, func(t *testing.T) {
			result, _, log := runBuild(t, test.spec, nil)
			assert.Equal(t, test.want, result.Outcome, result.Reason)
			var ran []string
			for _, line := range strings.Split(log, "\n") {
				if text, ok := strings.CutPrefix(line, "@"); ok {
					ran = append(ran, text)
				}
			}
			assert.Equal(t, test.ran, strings.Join(ran, " "))
		})
	}
}

func TestBuildSeesItsDeclaredEnvironmentOnly(t *testing.T) {
	t.Setenv("FLEET_SECRET", "leak")
	spec := `{version: "0.2", env: {variables: {A: spec, B: spec, C: spec}}, phases: {build: {commands: [
	  'test "$A $B $C" = "spec project action"', 'test -z "${FLEET_SECRET:-}"', 'test "$HOME" != "` + os.Getenv("HOME") + `"',
	  'test "$CODEBUILD_INITIATOR" = codepipeline/pipeline', 'case "$CODEBUILD_BUILD_ID" in p-Build:*) ;; *) exit 1;; esac',
	  'test "$(git rev-parse HEAD)" = "$CODEBUILD_RESOLVED_SOURCE_VERSION"', 'test "$PWD" = "$CODEBUILD_SRC_DIR"', 'test "$AWS_REGION" = eu-west-1']}}}`
	result, _, log := runBuild(t, spec, func(_ *assembly.Assembly, action *assembly.Action) {
		action.Configuration["EnvironmentVariables"] = `[{"name":"C","value":"action"}]`
	}, assembly.Variable{Name: "B", Value: "project", Type: "PLAINTEXT"}, assembly.Variable{Name: "C", Value: "project", Type: "PLAINTEXT"})
	assert.Equal(t, Succeeded, result.Outcome, log)
}

func TestCredentialsComeFromTheContainerEndpoint(t *testing.T) {
	spec := `{version: "0.2", phases: {build: {commands: [
	  'python3 -c "import os,urllib.request as u; r=u.Request(os.environ[\"AWS_CONTAINER_CREDENTIALS_FULL_URI\"], headers={\"Authorization\": os.environ[\"AWS_CONTAINER_AUTHORIZATION_TOKEN\"]}); print(u.urlopen(r).read().decode())"']}}}`
	result, _, log := runBuild(t, spec, nil)
	assert.Equal(t, Succeeded, result.Outcome, log)
	assert.Contains(t, log, `"AccessKeyId":"build-Build"`)
}

func TestCacheHoldsTheInstalledToolsAndWhatEarlierBuildsLeft(t *testing.T) {
	spec := `{version: "0.2", phases: {build: {commands: ['grep "a tool" "$HOME/.cache/fleet/tools/tool"', 'echo x > "$HOME/.cache/other/deep/file"']}},
	  cache: {paths: ["/root/.cache/fleet/**/*", "/root/.cache/other/deep/**/*"]}}`
	result, _, log := runBuild(t, spec, nil)
	assert.Equal(t, Succeeded, result.Outcome, log)
}

func TestSecondaryArtifactsGoToTheOutputsOfTheirName(t *testing.T) {
	spec := `{version: "0.2", phases: {build: {commands: [mkdir -p one/deep two, echo 1 > one/deep/x, echo 2 > two/y, echo 3 > two/skip]}},
	  artifacts: {secondary-artifacts: {One: {base-directory: one, files: ["**/*"], discard-paths: yes}, Two: {base-directory: two, files: ["**/*"], exclude-paths: [skip]}}}}`
	result, built, log := runBuild(t, spec, func(_ *assembly.Assembly, action *assembly.Action) { action.Outputs = []string{"One", "Two"} })
	assert.Equal(t, Succeeded, result.Outcome, log)
	assert.Equal(t, []string{"One", "Two"}, built.Artifacts)
	assert.FileExists(t, filepath.Join(result.Folder, "artifacts", "One", "x"))
	assert.FileExists(t, filepath.Join(result.Folder, "artifacts", "Two", "y"))
	assert.NoFileExists(t, filepath.Join(result.Folder, "artifacts", "Two", "skip"))
}

func TestReportsMustBeThereAndBeReadable(t *testing.T) {
	reports := `reports: {unit: {file-format: %s, files: [r]}}}`
	for name, test := range map[string]struct{ command, format, want string }{
		"junit":          {`echo '<testsuites><testsuite><testcase/><testcase/></testsuite></testsuites>' > r`, "JUNITXML", "r holds 2 test cases"},
		"cucumber":       {`echo '[{"elements":[{},{},{}]}]' > r`, "CUCUMBERJSON", "r holds 3 test cases"},
		"no report":      {`true`, "JUNITXML", "no matching artifact paths found"},
		"not JUnit":      {`echo '<html/>' > r`, "JUNITXML", "is no JUnit report"},
		"not Cucumber":   {`echo '{' > r`, "CUCUMBERJSON", "is no Cucumber JSON report"},
		"truncated file": {`echo '<testsuites><test' > r`, "JUNITXML", "is no JUnit report"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := "{version: \"0.2\", phases: {build: {commands: [\"" + strings.ReplaceAll(test.command, `"`, `\"`) + "\"]}}, " + strings.ReplaceAll(reports, "%s", test.format)
			result, _, log := runBuild(t, spec, nil)
			assert.Contains(t, log, test.want)
			assert.Equal(t, name == "junit" || name == "cucumber", result.Outcome == Succeeded, result.Reason)
			if result.Outcome == Succeeded {
				assert.FileExists(t, filepath.Join(result.Folder, "reports", "Build", "r"))
			}
		})
	}
}

func TestExportedVariableMustBeExported(t *testing.T) {
	result, _, _ := runBuild(t, `{version: "0.2", env: {exported-variables: [V]}, phases: {build: {commands: [V=1]}}}`, nil)
	assert.Equal(t, Broken, result.Outcome)
	assert.Contains(t, result.Reason, "exported variable V is not in the environment")
}

func TestEvidenceOfAFailedBuildIsKept(t *testing.T) {
	spec := `{version: "0.2", phases: {build: {commands: ['mkdir out; echo "{\"action\":\"Build\",\"outcome\":\"findings\",\"findings\":[{\"rule\":\"R\"}]}" > out/evidence.json', exit 1]}},
	  artifacts: {base-directory: out, files: ["**/*"]}}`
	result, built, log := runBuild(t, spec, func(_ *assembly.Assembly, action *assembly.Action) { action.Outputs = []string{"Evidence"} })
	assert.Equal(t, Failed, result.Outcome, log)
	require.NotNil(t, built.Evidence)
	require.Len(t, result.Findings, 1)
	assert.Equal(t, "R", result.Findings[0].Rule)
}

func TestBuildThatTakesTooLongIsEnded(t *testing.T) {
	a := pipeline()
	action := withBuild(a, assembly.Action{Name: "Build"}, `{version: "0.2", phases: {build: {commands: [sleep 60]}}}`)
	project := a.Projects["p-Build"]
	project.TimeoutMinutes = 0
	a.Projects["p-Build"] = project
	a.Pipeline.Stages = append(a.Pipeline.Stages, assembly.Stage{Name: "Alpha", Actions: []assembly.Action{action}})
	s := newTestSession(t, newFakeAWS(t), a, Options{})
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"a": "b"}))
	require.NoError(t, err)
	assert.Equal(t, Failed, result.Outcome)
	assert.Contains(t, result.Reason, "timed out after 0s")
}

func TestParametersAndSecretsAreReadWithTheProjectsRole(t *testing.T) {
	spec := `{version: "0.2", env: {parameter-store: {P: /p}, secrets-manager: {S: "name:key", A: "arn:aws:secretsmanager:eu-west-1:1:secret:x:key"}},
	  phases: {build: {commands: ['test "$P" = "from the parameter store"', 'test "$S$A" = "from the secretfrom the secret"', 'test "$Q" = "$P"']}}}`
	result, _, log := runBuild(t, spec, nil, assembly.Variable{Name: "Q", Value: "/p", Type: "PARAMETER_STORE"})
	assert.Equal(t, Succeeded, result.Outcome, log)

	result, _, _ = runBuild(t, `{version: "0.2", env: {secrets-manager: {S: "name:nokey"}}, phases: {build: {commands: ["true"]}}}`, nil)
	assert.Contains(t, result.Reason, "variable S: secret name has no key nokey")
}

func TestCachePathsMustLieBelowHome(t *testing.T) {
	for path, want := range map[string]string{
		"/root/.cache/fleet/**/*": ".cache/fleet", "/root/.m2/x.jar": ".m2/x.jar",
	} {
		got, err := cachePath(path)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, path := range []string{"/var/lib", "/root/**/*", "/root/../etc/x", "relative"} {
		_, err := cachePath(path)
		assert.Error(t, err, path)
	}
}
