package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// gateway is a security group whose address is given.
func gateway(head, address string) string {
	return head + "Resources:\n  R:\n    Type: AWS::EC2::SecurityGroup\n    Properties: {GroupDescription: d, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: " + address + "}]}\n"
}

const openGroup = "policy/SECURITY_GROUP_CLOSED_TO_THE_WORLD"

// policyAttempts hide what is wrong behind functions, conditions and metadata, or weaken the rules.
func policyAttempts() []attempt {
	attempts := []attempt{
		{name: "a resource whose condition is false", files: withTemplate("Conditions: {Never: !Equals [a, b]}\nResources:\n  Topic: {Type: AWS::SNS::Topic, Condition: Never}\n  Other: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: alias/mine}}\n"), rule: openRule, at: at + ":3"},
		{name: "one branch by the account", files: withTemplate(gateway("Conditions: {Test: !Equals [!Ref AWS::AccountId, '222222222222']}\n", "!If [Test, 10.0.0.0/8, 0.0.0.0/0]")), rule: openGroup},
		{name: "one branch by the name of the stack", files: withTemplate(gateway("Conditions: {Beta: !Equals [!Ref AWS::StackName, fleet-beta-sample]}\n", "!If [Beta, 10.0.0.0/8, 0.0.0.0/0]")), rule: openGroup},
		{name: "one branch by a part of the name", files: withTemplate(gateway("Conditions: {Beta: !Equals [!Select [0, !Split ['-', !Ref AWS::StackName]], fleet]}\n", "!If [Beta, 10.0.0.0/8, 0.0.0.0/0]")), rule: openGroup},
		{name: "one branch by the region", files: withTemplate(gateway("Conditions: {Home: !Equals [!Ref AWS::Region, us-east-1]}\n", "!If [Home, 0.0.0.0/0, 10.0.0.0/8]")), rule: openGroup},
		{name: "one branch behind six switches", files: withTemplate(gateway(sixSwitches(), "!If [C0, !If [C1, !If [C2, !If [C3, !If [C4, !If [C5, 0.0.0.0/0, a], a], a], a], a], a]")), rule: openGroup},
		{name: "a parameter with an unsafe default", files: withTemplate(gateway("Parameters: {Cidr: {Type: String, Default: 0.0.0.0/0}}\n", "!Ref Cidr")), rule: openGroup},
		{name: "a list of which one is unsafe", files: withTemplate(gateway("Parameters: {Cidrs: {Type: CommaDelimitedList, Default: '10.0.0.0/8, 0.0.0.0/0'}}\n", "!Select [1, !Ref Cidrs]")), rule: openGroup},
		{name: "a mapping by the account", files: withTemplate(gateway("Mappings: {M: {'222222222222': {v: 10.0.0.0/8}, '555555555555': {v: 0.0.0.0/0}}}\n", "!FindInMap [M, !Ref AWS::AccountId, v]")), rule: openGroup},
		{name: "a mapping by a parameter", files: withTemplate(gateway("Parameters: {Env: {Type: String, Default: prod, AllowedValues: [prod, dev]}}\nMappings: {M: {prod: {v: 10.0.0.0/8}, dev: {v: 0.0.0.0/0}}}\n", "!FindInMap [M, !Ref Env, v]")), rule: openGroup},
		{name: "a mapping by a part of the name", files: withTemplate(gateway("Mappings: {M: {fleet: {v: 10.0.0.0/8}, SC: {v: 0.0.0.0/0}}}\n", "!FindInMap [M, !Select [0, !Split ['-', !Ref AWS::StackName]], v]")), rule: "policy/TEMPLATE_UNRESOLVED"},
		{name: "an address in pieces", files: withTemplate(gateway("", "!Join ['/', [!Join ['.', ['0', '0', '0', '0']], '0']]")), rule: openGroup},
		{name: "a property that is taken away", files: withTemplate("Resources:\n  Topic: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: !Ref AWS::NoValue}}\n"), rule: openRule, at: at + ":2"},
		{name: "a property that one branch takes away", files: withTemplate("Conditions: {Test: !Equals [!Ref AWS::AccountId, '222222222222']}\nResources:\n  Topic: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: !If [Test, alias/mine, !Ref AWS::NoValue]}}\n"), rule: openRule, at: at + ":3"},
		{name: "a rule that the catalog writes anew", files: map[string]string{"template.yaml": openTopic, "/guard-rules/mine.guard": passing("SNS_TOPIC_ENCRYPTED_WITH_KMS"), "/guard-rules/tests/mine_tests.yaml": passingTests("SNS_TOPIC_ENCRYPTED_WITH_KMS")}, rule: openRule, at: at + ":2"},
		{name: "a rule of the baseline's name", files: map[string]string{"/guard-rules/mine.guard": passing("SNS_TOPIC_ENCRYPTED_WITH_KMS"), "/guard-rules/tests/mine_tests.yaml": passingTests("SNS_TOPIC_ENCRYPTED_WITH_KMS")}, rule: "policy/RULE_REDEFINED", at: "guard-rules/mine.guard:1"},
		{name: "waivers in the catalog", files: map[string]string{"template.yaml": openTopic, "/guard-rules/waivers.yaml": "waivers: [{rule: SNS_TOPIC_ENCRYPTED_WITH_KMS, product: sample, resource: Topic, reason: Because we want it like this., owner: me, expires: '2027-01-01'}]\n"}, rule: openRule},
		{name: "waivers that nobody reads", files: map[string]string{"/guard-rules/waivers.yaml": "waivers: []\n"}, rule: "policy/WAIVER_IGNORED", at: "guard-rules/waivers.yaml:1"},
		{name: "rules without tests", files: map[string]string{"/guard-rules/mine.guard": passing("MINE")}, rule: "policy/RULE_UNTESTED", at: "guard-rules/mine.guard:1"},
		{name: "rules that are comments", files: map[string]string{"/guard-rules/mine.guard": "# rule MINE\n", "/guard-rules/tests/mine_tests.yaml": passingTests("MINE")}, rule: "policy/RULE_UNREADABLE"},
		{name: "rules that are none", files: map[string]string{"/guard-rules/mine.guard": "rule MINE {\n  ???\n}\n", "/guard-rules/tests/mine_tests.yaml": passingTests("MINE")}, rule: "policy/RULE_UNREADABLE", at: "guard-rules/mine.guard"},
	}
	for name, metadata := range map[string]string{
		"guard": "guard: {SuppressedRules: [SNS_TOPIC_ENCRYPTED_WITH_KMS]}", "Guard": "Guard: {SuppressedRules: [SNS_TOPIC_ENCRYPTED_WITH_KMS]}",
		"cfn-guard": "cfn-guard: {SuppressedRules: [SNS_TOPIC_ENCRYPTED_WITH_KMS]}",
	} {
		attempts = append(attempts, attempt{name: "metadata " + name + " that suppresses", files: withTemplate("Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Metadata: {" + metadata + "}\n"), rule: openRule, at: at + ":2"})
	}
	for i := range attempts {
		attempts[i].only = "policy"
	}
	return append(attempts, attempt{name: "too many branches", only: "policy", files: withTemplate(manyBranches()), rule: "policy/TEMPLATE_UNRESOLVED", at: at + ":2"})
}

func sixSwitches() string {
	parameters, conditions := "Parameters:\n", "Conditions:\n"
	for i := range 6 {
		parameters += fmt.Sprintf("  P%d: {Type: String, Default: off, AllowedValues: ['on', 'off']}\n", i)
		conditions += fmt.Sprintf("  C%d: !Equals [!Ref P%d, 'on']\n", i, i)
	}
	return strings.ReplaceAll(parameters, "Default: off", "Default: 'off'") + conditions
}

func manyBranches() string {
	conditions, tags := "", ""
	for i := range 80 {
		conditions += fmt.Sprintf("C%d: !Equals [!Ref AWS::AccountId, '%012d'], ", i, i)
		tags += fmt.Sprintf("{Key: k%d, Value: !If [C%d, a, b]}, ", i, i)
	}
	return "Conditions: {" + conditions + "}\nResources:\n  Topic: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: alias/mine, Tags: [" + tags + "]}}\n"
}

// passing is a rule that every template passes.
func passing(name string) string {
	return "rule " + name + " when Resources exists {\n  Resources.*.Type exists <<no. Cure: yes>>\n}\n"
}

func passingTests(name string) string {
	return "- {name: p, input: {Resources: {R: {Type: T}}}, expectations: {rules: {" + name + ": PASS}}}\n" +
		"- {name: f, input: {Resources: {R: {X: T}}}, expectations: {rules: {" + name + ": FAIL}}}\n"
}

// toolAttempts try to change which program runs, or what it reads beside the template.
func toolAttempts() []attempt {
	const typo = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {KmsMasterKeyId: alias/mine, DisplayNam: x}\n"
	const python = "import os\nopen(os.path.join(os.environ.get('TAMPER', '$CATALOG'), 'ran'), 'w')\n"
	return []attempt{
		{name: "a configuration of cfn-lint where it runs", only: "schema", files: map[string]string{
			"template.yaml": typo, "/.cfnlintrc": "ignore_checks: [E]\nappend_rules: [.rules]\n", "/.rules/mine.py": python,
		}, env: []string{"TAMPER=$CATALOG"}, rule: "schema/E3002", at: at + ":4"},
		{name: "metadata of cfn-lint", only: "schema", files: withTemplate("Metadata: {cfn-lint: {config: {ignore_checks: [E3002]}}}\n" + typo), rule: "schema/E3002", at: at + ":5"},
		{name: "a module that Python would load first", only: "schema", files: map[string]string{"template.yaml": typo, "/.evil/sitecustomize.py": python, "/.evil/cfnlint.py": python},
			env: []string{"PYTHONPATH=$CATALOG/.evil", "PYTHONSTARTUP=$CATALOG/.evil/sitecustomize.py", "TAMPER=$CATALOG"}, rule: "schema/E3002"},
		{name: "a type with a typo, which no rule filters", only: "schema", files: resource("AWS::SNS::topic", ""), rule: "schema/E3006", at: at + ":3"},
		{name: "a property that looks like another", only: "schema", files: resource("AWS::SNS::Topic", "KmsMasterKeyId: alias/mine, D\u0456splayName: x"), rule: "schema/E3002"},
		{name: "stubs first in PATH", only: "policy", files: withTemplate(openTopic), prepare: stubs, env: []string{"PATH=$CATALOG/.bin:" + os.Getenv("PATH")}, rule: openRule},
		{name: "a poisoned home", only: "policy", files: map[string]string{"template.yaml": openTopic, "/.home/.guardrc": "x", "/.home/.config/cfn-guard/config": "x", "/.home/.gitconfig": "[core]\n\thooksPath = x\n"},
			env: []string{"HOME=$CATALOG/.home", "XDG_CONFIG_HOME=$CATALOG/.home/.config"}, rule: openRule},
		{name: "a tool that was replaced", only: "policy", prepare: replacedTool, env: []string{"FLEET_TOOLS=$CATALOG/.tools"}, exit: 2, says: "gate policy is broken"},
		{name: "a folder of the catalog as memory", only: "policy", files: map[string]string{"template.yaml": openTopic, "/.cache/x.json": "[]"}, env: []string{"FLEET_CACHE=$CATALOG/.cache"}, rule: openRule},
	}
}

// stubs are programs that say that all is well.
func stubs(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".bin"), 0o755))
	for _, name := range []string{"cfn-guard", "cfn-lint", "python", "python3", "git-secrets"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".bin", name), []byte("#!/bin/sh\ntouch '"+dir+"/ran'\necho '[]'\n"), 0o755))
	}
}

// replacedTool is a folder of tools in which cfn-guard is another program.
func replacedTool(t *testing.T, dir string) {
	t.Helper()
	tools, err := filepath.EvalSymlinks(toolsFolder(t)) // which may be a link itself
	require.NoError(t, err)
	path, err := filepath.EvalSymlinks(filepath.Join(tools, "bin/cfn-guard"))
	require.NoError(t, err)
	below, err := filepath.Rel(tools, path)
	require.NoError(t, err)
	require.True(t, filepath.IsLocal(below), "%s is not below %s, and would be overwritten", path, tools)
	fake := filepath.Join(dir, ".tools", below)
	require.NoError(t, os.MkdirAll(filepath.Dir(fake), 0o755))
	require.NoError(t, os.WriteFile(fake, []byte("#!/bin/sh\ntouch '"+dir+"/ran'\necho cfn-guard 3.1.1\n"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".tools/bin"), 0o755))
	require.NoError(t, os.Symlink(filepath.Join("..", below), filepath.Join(dir, ".tools/bin/cfn-guard")))
}

// secretAttempts hide a key where scanners do not look, or switch them off.
func secretAttempts() []attempt {
	key := "AKIA" + "QWERTYUIOPASDFGH"
	const rule = "secrets/AWS_ACCESS_KEY"
	attempts := []attempt{
		{name: "a file that allows everything", files: map[string]string{"/key.txt": key + "\n", "/.gitallowed": ".\n"}},
		{name: "a configuration of gitleaks", files: map[string]string{"/key.txt": key + "\n", "/.gitleaks.toml": "[allowlist]\nregexes = ['.']\n", "/.gitleaksignore": "key.txt:*:1\n"}},
		{name: "a comment that allows", files: map[string]string{"/key.txt": key + " # gitleaks:allow pragma: allowlist secret\n"}},
		{name: "attributes that say binary", files: map[string]string{"/key.txt": key + "\n", "/.gitattributes": "* binary -diff -text\n"}},
		{name: "a key in UTF-16", files: map[string]string{"/key.txt": "\xff\xfe" + wide("id = "+key+"\n")}},
		{name: "a key between zero bytes", files: map[string]string{"/key.bin": "\x00\x00 " + key + " \x00\x00"}},
		{name: "a key in a name", files: map[string]string{"/" + key + ".txt": "x"}},
		{name: "a key added and deleted", prepare: func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "key.txt"), []byte(key), 0o600))
			commit(t, dir, "add")
			require.NoError(t, os.Remove(filepath.Join(dir, "key.txt")))
		}},
		{name: "a key in a message", prepare: func(t *testing.T, dir string) { commit(t, dir, "use "+key) }},
		{name: "a key in a tag", prepare: func(t *testing.T, dir string) {
			commit(t, dir, "m")
			git(t, dir, "tag", "-a", "v1", "-m", key)
		}},
		{name: "a key in a note", prepare: func(t *testing.T, dir string) {
			commit(t, dir, "m")
			git(t, dir, "notes", "add", "-m", key)
		}},
		{name: "a key that no ref reaches, which no push would send", exit: -1, prepare: func(t *testing.T, dir string) {
			commit(t, dir, "m")
			require.NoError(t, os.WriteFile(filepath.Join(dir, "key.txt"), []byte(key), 0o600))
			commit(t, dir, "add")
			git(t, dir, "reset", "-q", "--hard", "HEAD~1")
		}},
		{name: "a key behind a replacement", prepare: func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "key.txt"), []byte(key), 0o600))
			commit(t, dir, "add")
			bad := git(t, dir, "rev-parse", "HEAD:key.txt")
			require.NoError(t, os.WriteFile(filepath.Join(dir, "key.txt"), []byte("clean"), 0o600))
			commit(t, dir, "clean")
			git(t, dir, "replace", bad, git(t, dir, "rev-parse", "HEAD:key.txt"))
		}},
		{name: "another repository by the environment", files: map[string]string{"/key.txt": key + "\n"}, env: []string{"GIT_DIR=/nowhere", "GIT_WORK_TREE=/nowhere", "GIT_OBJECT_DIRECTORY=/nowhere"}},
		{name: "a configuration by the environment", files: map[string]string{"/key.txt": key + "\n"}, env: []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=secrets.allowed", "GIT_CONFIG_VALUE_0=."}},
	}
	for i := range attempts {
		attempts[i].only, attempts[i].rule = "secrets", rule
	}
	return append(attempts, attempt{name: "a shallow clone", only: "secrets", exit: 2, says: "shallow clone", prepare: func(t *testing.T, dir string) {
		commit(t, dir, "one")
		head := git(t, dir, "rev-parse", "HEAD")
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".git/shallow"), []byte(head+"\n"), 0o600))
	}})
}
