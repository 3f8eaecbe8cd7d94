package guardrules

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"accountfleet/internal/toolbox"
)

// testFile is one document of a file in cfn-guard's own test format.
type testFile []struct {
	Name         string
	Expectations struct{ Rules map[string]string }
}

var head = regexp.MustCompile(`(?m)^rule (\w+)`)

func read(t *testing.T, guard string) (rules []string, tests testFile) {
	t.Helper()
	body, err := fs.ReadFile(Files, guard)
	require.NoError(t, err)
	for _, m := range head.FindAllSubmatch(body, -1) {
		rules = append(rules, string(m[1]))
	}
	text, err := fs.ReadFile(Files, "tests/"+strings.TrimSuffix(guard, ".guard")+"_tests.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &tests))
	return rules, tests
}

func guards(t *testing.T) []string {
	t.Helper()
	paths, err := fs.Glob(Files, "*.guard")
	require.NoError(t, err)
	return paths
}

// cfn-guard test exits 0 for a misnamed test file and for an expectation of a rule that does not exist, so expectations are counted.
func TestEveryExpectationHoldsByTheRealTool(t *testing.T) {
	tool, err := toolbox.Locate("cfn-guard")
	require.NoError(t, err)
	for _, guard := range guards(t) {
		t.Run(guard, func(t *testing.T) {
			_, tests := read(t, guard)
			want := 0
			for _, test := range tests {
				want += len(test.Expectations.Rules)
			}
			require.Positive(t, want)
			command := exec.Command(tool.Path, "test", "-r", guard, "-t", filepath.Join("tests", strings.TrimSuffix(guard, ".guard")+"_tests.yaml"))
			output, err := command.CombinedOutput()
			require.NoError(t, err, string(output))
			assert.Equal(t, want, bytes.Count(output, []byte("Expected = ")), "expectations that cfn-guard evaluated")
			assert.NotContains(t, string(output), "Evaluated = ")
		})
	}
}

func TestEveryRuleIsPassedFailedAndNotApplicableSomewhere(t *testing.T) {
	count := 0
	for _, guard := range guards(t) {
		rules, tests := read(t, guard)
		for _, rule := range rules {
			count++
			for _, verdict := range []string{"PASS", "FAIL", "SKIP"} {
				found := false
				for _, test := range tests {
					found = found || test.Expectations.Rules[rule] == verdict
				}
				assert.True(t, found, "%s: no test of %s expects %s", guard, rule, verdict)
			}
		}
	}
	assert.GreaterOrEqual(t, count, 90)
}

func TestEveryRuleNamesItsSourceAndEveryClauseItsCure(t *testing.T) {
	for _, guard := range guards(t) {
		body, err := fs.ReadFile(Files, guard)
		require.NoError(t, err)
		lines := strings.Split(string(body), "\n")
		for i, line := range lines {
			if m := head.FindStringSubmatch(line); m != nil {
				assert.Regexp(t, `^# Source: .*(Security Hub|https://docs\.aws\.amazon\.com/)`, lines[i-1], m[1])
			}
		}
		messages := regexp.MustCompile(`(?s)<<(.*?)>>`).FindAllStringSubmatch(string(body), -1)
		require.NotEmpty(t, messages, guard)
		for _, m := range messages {
			assert.Regexp(t, `^[a-zA-Z].*\. Cure: \w`, m[1], guard)
			assert.NotContains(t, m[1], "\n")
		}
		assert.Contains(t, string(body[:2]), "# ", "a first line that says what the file is about")
	}
}

func TestEveryTestFileBelongsToARuleFile(t *testing.T) {
	entries, err := os.ReadDir("tests")
	require.NoError(t, err)
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), "_tests.yaml")
		require.True(t, ok, e.Name())
		assert.FileExists(t, name+".guard")
	}
	assert.Len(t, entries, len(guards(t)))
}
