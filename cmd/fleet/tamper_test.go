package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/gatetest"
)

// attempt is a small repository that tries to get one bad thing past a gate. It starts from a catalog that passes every gate, changes
// files of it, and says what the gates must answer.
type attempt struct {
	name    string
	files   map[string]string // path -> content; below products/sample/ unless it starts with a slash
	prepare func(t *testing.T, dir string)
	only    string   // gates to run; default features, which loads the catalog and starts no tool
	env     []string // what an attacker of this machine would set
	args    []string // beside check --catalog . --only ...
	exit    int      // default 1
	rule    string   // gate/RULE that must be found; empty: none is asked for
	at      string   // file:line or file of that finding; default any
	says    string   // part of what is printed
}

// topic is a template that passes every gate.
const topic = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {KmsMasterKeyId: alias/mine}\n"

// openTopic breaks SNS_TOPIC_ENCRYPTED_WITH_KMS in its second line.
const openTopic = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"

const openRule = "policy/SNS_TOPIC_ENCRYPTED_WITH_KMS"

func soundFiles() map[string]string {
	files := map[string]string{}
	for name, body := range gatetest.Files("sample", topic) {
		files[strings.TrimPrefix(name, "products/sample/")] = body
	}
	return files
}

// tamperSettings are the repository's, without services that a catalog of one product cannot enable.
func tamperSettings(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(repositoryRoot, "fleet.yaml"))
	require.NoError(t, err)
	text := strings.Replace(string(body), "required_services: [guardduty, securityhub, config]", "required_services: []", 1)
	require.NotEqual(t, string(body), text)
	path := filepath.Join(t.TempDir(), "fleet.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// TestNothingGetsPastAGate runs the real command for each attempt. Those that only bring a product share a catalog and a run, because the
// gate of policy proves every rule in each.
func TestNothingGetsPastAGate(t *testing.T) {
	settings := tamperSettings(t)
	all := slices.Concat(documentAttempts(), treeAttempts(), codeAttempts(), taskcatAttempts(), featureAttempts(), policyAttempts(), toolAttempts(), secretAttempts())
	names := map[string]bool{}
	shared := map[string][]attempt{}
	for _, a := range all {
		require.False(t, names[a.name], "two attempts are called %s", a.name)
		names[a.name] = true
		if a.isProduct() {
			shared[a.only] = append(shared[a.only], a)
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			a.run(t, settings)
		})
	}
	for only, some := range shared {
		t.Run("products by "+only, func(t *testing.T) {
			t.Parallel()
			runProducts(t, settings, only, some)
		})
	}
	assert.GreaterOrEqual(t, len(all), 60)
}

// isProduct tells attempts that are nothing but a product, of which a tool finds that it is bad.
func (a attempt) isProduct() bool {
	outside := slices.ContainsFunc(slices.Collect(maps.Keys(a.files)), func(name string) bool { return strings.HasPrefix(name, "/") })
	return (a.only == "policy" || a.only == "schema") && a.rule != "" && a.exit == 0 && a.says == "" && a.prepare == nil && a.env == nil && a.args == nil && !outside
}

// runProducts checks attempts as products of one catalog, each under an id of its own, and demands of each what is found in its files.
func runProducts(t *testing.T, settings, only string, attempts []attempt) {
	t.Helper()
	whole := attempt{only: only, files: map[string]string{}}
	for name := range soundFiles() {
		whole.files[name] = gone
	}
	ids := make([]string, len(attempts))
	for i, a := range attempts {
		ids[i] = fmt.Sprintf("sample-%d", i)
		files := soundFiles()
		maps.Copy(files, a.files)
		for name, body := range files {
			whole.files["/products/"+ids[i]+"/"+name] = renamed(body, ids[i])
		}
	}
	out := whole.check(t, whole.repository(t), settings)
	for i, a := range attempts {
		t.Run(a.name, func(t *testing.T) {
			a.at = renamed(a.at, ids[i])
			a.found(t, out, "products/"+ids[i]+"/")
		})
	}
}

// renamed is a text about the product sample, about one of another id.
func renamed(text, id string) string {
	return strings.NewReplacer("sample", id, "name: Sample", "name: Sample "+id).Replace(text)
}

// TestTheCatalogThatAttemptsStartFromPasses: without it, an attempt could be refused for a reason of its own.
func TestTheCatalogThatAttemptsStartFromPasses(t *testing.T) {
	a := attempt{only: "policy,schema,iam,secrets,features", exit: -1}
	a.run(t, tamperSettings(t))
}

func (a attempt) run(t *testing.T, settings string) {
	t.Helper()
	out := a.check(t, a.repository(t), settings)
	if a.rule != "" {
		a.found(t, out, "")
	}
}

// check runs the command on a repository and gives what it printed.
func (a attempt) check(t *testing.T, dir, settings string) []byte {
	t.Helper()
	only := a.only
	if only == "" {
		only = "features"
	}
	args := append([]string{"check", "--catalog", ".", "--only", only, "--format", "json", "--no-cache"}, a.args...)
	command := exec.Command("fleet", args...)
	command.Dir = dir
	command.Env = append(tamperEnvironment(t, settings), a.env...)
	for i := range command.Env {
		command.Env[i] = strings.ReplaceAll(command.Env[i], "$CATALOG", dir)
	}
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	want := a.exit
	switch want {
	case 0:
		want = 1
	case -1:
		want = 0
	}
	require.NotContains(t, said.String(), "goroutine ", "it panicked")
	require.Equal(t, want, command.ProcessState.ExitCode(), "%s%s", out.String(), said.String())
	assert.NotContains(t, out.String()+said.String(), "\x1b", "what was pushed steers the terminal")
	if a.says != "" {
		assert.Contains(t, out.String()+said.String(), a.says)
	}
	assert.NoFileExists(t, filepath.Join(dir, "ran"), "what was pushed was run")
	return out.Bytes()
}

// found demands the finding, in a file below a folder. Where the command has to fail for it, it must be an error.
func (a attempt) found(t *testing.T, out []byte, below string) {
	t.Helper()
	var result evidence.Evidence
	require.NoError(t, json.Unmarshal(out, &result), string(out))
	var seen []string
	for _, f := range result.Findings {
		where := f.File
		if f.Span.Line > 0 && strings.Contains(a.at, ":") {
			where += ":" + strconv.Itoa(f.Span.Line)
		}
		if !strings.HasPrefix(f.File, below) {
			continue
		}
		seen = append(seen, f.Gate+"/"+f.Rule+" "+where)
		if f.Gate+"/"+f.Rule == a.rule && (a.at == "" || a.at == where) && (a.exit != 0 || f.Severity == finding.Error) {
			assert.NotEmpty(t, f.Cure)
			return
		}
	}
	t.Errorf("%s at %q was not found: %s", a.rule, a.at, strings.Join(seen, ", "))
}

// repository is a folder with the catalog, committed.
func (a attempt) repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{}
	for name, body := range soundFiles() {
		files["/products/sample/"+name] = body
	}
	for name, body := range a.files {
		if !strings.HasPrefix(name, "/") {
			name = "/products/sample/" + name
		}
		files[name] = body
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name] == gone {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(files[name]), 0o600))
	}
	if a.prepare != nil {
		a.prepare(t, dir)
	}
	if strings.Contains(a.only, "secrets") || len(a.args) > 0 {
		commit(t, dir, "m")
	}
	return dir
}

// gone leaves a file of the sound catalog out.
const gone = "\x00gone"

// commit records everything in dir.
func commit(t *testing.T, dir, message string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, ".git")); err != nil {
		git(t, dir, "init", "-q", "-b", "main")
	}
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", message)
}

// git runs git without the configuration of whoever tests.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false", "-c", "advice.addEmbeddedRepo=false"}, args...)...)
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_DATE=2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z") // so that ids are the same in every run
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	return strings.TrimSpace(string(output))
}

// TestAForgedMemoryIsWorthNothingToThePipeline states what the memory of checks promises: it belongs to whoever owns this account of
// this machine, who could as well change the program. Damage is noticed, and the pipeline believes none.
func TestAForgedMemoryIsWorthNothingToThePipeline(t *testing.T) {
	const misspelt = "Resources:\n  Policy: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'sns:ListTopicz', Resource: '*'}]}}}\n"
	dir := attempt{files: withTemplate(misspelt)}.repository(t)
	memory := t.TempDir()
	environment := append(tamperEnvironment(t, tamperSettings(t)), "FLEET_CACHE="+memory)
	check := func(args ...string) int {
		command := exec.Command("fleet", append([]string{"check", "--catalog", dir, "--only", "iam"}, args...)...)
		command.Env = environment
		_ = command.Run() // the exit code is the answer
		return command.ProcessState.ExitCode()
	}
	forge := func(damage string) {
		kept, err := filepath.Glob(filepath.Join(memory, "*", "*.json"))
		require.NoError(t, err)
		require.Len(t, kept, 1)
		sum := sha256.Sum256([]byte("[]"))
		require.NoError(t, os.WriteFile(kept[0], append(sum[:], "[]"+damage...), 0o600))
	}
	require.Equal(t, 1, check())
	forge(" ")
	assert.Equal(t, 1, check(), "a damaged memory is not believed")
	forge("")
	assert.Equal(t, 0, check(), "a well-formed one is")
	assert.Equal(t, 1, check("--no-cache"), "but not by the pipeline")
}

func tamperEnvironment(t *testing.T, settings string) []string {
	t.Helper()
	tools := toolsFolder(t)
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.DevNull, "FLEET_SETTINGS=" + settings, "FLEET_TOOLS=" + tools, "GIT_CONFIG_GLOBAL=" + os.DevNull,
	}
}

// toolsFolder is where the real tools are.
func toolsFolder(t *testing.T) string {
	t.Helper()
	if tools := os.Getenv("FLEET_TOOLS"); tools != "" {
		return tools
	}
	root, err := filepath.Abs(repositoryRoot)
	require.NoError(t, err)
	return filepath.Join(root, ".tools")
}
