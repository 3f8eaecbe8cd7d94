package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate"
)

var update = flag.Bool("update", false, "record the examples of docs/gates.md anew")

// recorded are the catalogs behind the examples of docs/gates.md, by the name in the comment above each.
func recorded() map[string]attempt {
	return map[string]attempt{
		"manifest": {files: map[string]string{".taskcat.yml": "tests:\n  default:\n    regions: [eu-central-1]\n    hooks: {prehooks: [{type: mine}]}\n"}},
		"policy":   {files: withTemplate(openTopic)},
		"schema":   {files: resource("AWS::SNS::Topic", "KmsMasterKeyId: alias/mine, DisplayNam: Alarms")},
		"iam": {files: withTemplate(`Resources:
  Helper:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "s3:GetObjects", Resource: "arn:aws:s3:::reports/*"}]
`)},
		"secrets":  {only: "secrets", files: map[string]string{"/docs/setup.md": "Set up\n\nexport AWS_ACCESS_KEY_ID=AKIA" + "QWERTYUIOPASDFGH\n"}},
		"features": {files: map[string]string{"features/own.feature": "Feature: own\n  Scenario: encrypted\n    Given the template of this product\n    Then every AWS::SNS::Topic is encripted with a customer key\n"}},
		"broken":   {},
		"explain":  {},
		"lines":    {files: withTemplate(openTopic)},
	}
}

var (
	block = regexp.MustCompile("(?s)<!-- recorded: ([a-z]+) -->\n```text\n\\$ ([^\n]+)\n(.*?)```\n")
	// volatile is what differs from run to run, and with every new rule.
	volatile = regexp.MustCompile(`\d+\.\d s|\b\d+ (templates|objects|steps|products)\b|  +| +\n|:\d+\), of|\.guard:\d+`)
)

// TestExamplesInTheGuideToTheGatesAreWhatIsPrinted runs each command of docs/gates.md on the catalog that belongs to it; -update records.
func TestExamplesInTheGuideToTheGatesAreWhatIsPrinted(t *testing.T) {
	path := filepath.Join(repositoryRoot, "docs/gates.md")
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	settings := tamperSettings(t)
	shown := map[string]bool{}
	text := block.ReplaceAllStringFunc(string(body), func(found string) string {
		parts := block.FindStringSubmatch(found)
		name, line, said := parts[1], parts[2], parts[3]
		a, known := recorded()[name]
		require.True(t, known, "no catalog for the example %s", name)
		shown[name] = true
		dir := a.repository(t)
		words := strings.Fields(line)
		require.Equal(t, "fleet", words[0])
		command := exec.Command(words[0], words[1:]...)
		command.Dir, command.Env = dir, tamperEnvironment(t, settings)
		if name == "broken" {
			command.Env = append(command.Env, "FLEET_TOOLS=/opt/fleet")
		}
		command.Env = append(command.Env, "FLEET_CACHE="+t.TempDir())
		output, _ := command.CombinedOutput() // its exit code is part of the tamper suite
		if !*update {
			assert.Equal(t, volatile.ReplaceAllString(said, " "), volatile.ReplaceAllString(string(output), " "), "go test ./cmd/fleet -run Examples -update")
		}
		return strings.TrimSuffix(found, said+"```\n") + string(output) + "```\n"
	})
	for name := range recorded() {
		assert.True(t, shown[name], "docs/gates.md has no example %s", name)
	}
	for _, name := range gate.Names() {
		assert.True(t, shown[name], "docs/gates.md has no example of the gate %s", name)
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
}
