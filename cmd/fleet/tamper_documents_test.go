package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

const at = "products/sample/template.yaml"

func withTemplate(body string) map[string]string { return map[string]string{"template.yaml": body} }

// documentAttempts are texts that readers understand differently.
func documentAttempts() []attempt {
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	attempts := []attempt{
		{name: "a second document", files: withTemplate(topic + "---\n" + openTopic), rule: "manifest/DOCUMENTS", at: at + ":5"},
		{name: "an alias", files: withTemplate("Metadata: &m {a: b}\nResources:\n  Topic: {Type: AWS::SNS::Topic, Metadata: *m}\n"), rule: "manifest/ALIAS", at: at + ":3"},
		{name: "a merge key", files: withTemplate("Resources:\n  Topic:\n    <<: {Type: AWS::SNS::Topic}\n"), rule: "manifest/MERGE_KEY", at: at + ":3"},
		{name: "a duplicate key", files: withTemplate(topic + "Resources: {Open: {Type: AWS::SNS::Topic}}\n"), rule: "manifest/DUPLICATE_KEY", at: at + ":5"},
		{name: "a duplicate key in quotes", files: withTemplate(topic + "\"Resources\": {Open: {Type: AWS::SNS::Topic}}\n"), rule: "manifest/DUPLICATE_KEY", at: at + ":5"},
		{name: "a duplicate key spelt with an escape", files: withTemplate(topic + "\"\\x52esources\": {Open: {Type: AWS::SNS::Topic}}\n"), rule: "manifest/DUPLICATE_KEY", at: at + ":5"},
		{name: "JSON with a duplicate key", files: withTemplate(`{"Resources": {"T": {"Type": "AWS::SNS::Topic", "Type": "AWS::SQS::Queue"}}}`), rule: "manifest/DUPLICATE_KEY", at: at + ":1"},
		{name: "nested a hundred deep", files: withTemplate(topic + "Metadata: {a: " + deep + "}\n"), rule: "manifest/DEPTH", at: at + ":5"},
		{name: "10 MB", files: withTemplate(topic + "# " + strings.Repeat("x", 10<<20) + "\n"), rule: "manifest/SIZE", at: at},
		{name: "10 MB beside the products", files: map[string]string{"/docs/big.txt": strings.Repeat("x", 10<<20)}, rule: "manifest/SIZE", at: "docs/big.txt"},
		{name: "a byte order mark", files: withTemplate("\ufeff" + topic), rule: "manifest/BYTE_ORDER_MARK", at: at + ":1"},
		{name: "UTF-16", files: withTemplate("\xff\xfe" + wide(topic)), rule: "manifest/BYTE_ORDER_MARK", at: at + ":1"},
		{name: "UTF-16 without a mark", files: withTemplate(wide(topic)), rule: "manifest/SYNTAX", at: at + ":1"},
		{name: "Latin-1", files: withTemplate(topic + "Description: caf\xe9\n"), rule: "manifest/ENCODING", at: at + ":5"},
		{name: "nothing but comments", files: withTemplate("# Resources: {}\n"), rule: "manifest/EMPTY", at: at},
		{name: "half of a surrogate pair", files: withTemplate(topic + "Description: \"\\ud800\"\n"), rule: "manifest/SYNTAX", at: at + ":5"},
		{name: "a tag that makes objects", files: withTemplate("Resources:\n  Topic: !!python/object:os.system {Type: AWS::SNS::Topic}\n"), rule: "manifest/TAG", at: at + ":2"},
		{name: "a tag that is none of CloudFormation's", files: withTemplate("Resources:\n  Topic: {Type: !Include x}\n"), rule: "manifest/TAG", at: at + ":2"},
		{name: "a number that two readers read as two", files: withTemplate(topic + "Metadata: {account: 012345678901}\n"), rule: "manifest/AMBIGUOUS", at: at + ":5"},
		{name: "a key that is a list", files: withTemplate(topic + "? [Resources]\n: {}\n"), rule: "manifest/KEY_TYPE", at: at + ":5"},
		{name: "null", files: withTemplate("Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties: ~\n"), rule: "manifest/NULL", at: at + ":4"},
		{name: "a section that looks like Resources", files: withTemplate(topic + "R\u0435sources: {}\n"), rule: "manifest/TEMPLATE", at: at + ":5"},
		{name: "a section with a space nobody sees", files: withTemplate(topic + "\"Resources\u200b\": {}\n"), rule: "manifest/TEMPLATE", at: at + ":5"},
		{name: "a logical id that looks like another", files: withTemplate(topic + "  T\u043epic: {Type: AWS::SNS::Topic}\n"), rule: "manifest/TEMPLATE", at: at + ":5"},
		{name: "terminal codes", files: withTemplate(topic + "\"\\e]0;pwned\\a\\e[2J\": {}\n"), args: []string{"--format", "text"}, says: "is no section of a template"},
		{name: "terminal codes in a description", files: map[string]string{"product.yaml": strings.Replace(soundFiles()["product.yaml"], "scope: account", "scope: \"\\e[31maccount\"", 1)}, args: []string{"--format", "lines"}, says: "want account, region or organization"},
	}
	return attempts
}

// wide is text in UTF-16.
func wide(text string) string {
	var body []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		body = binary.LittleEndian.AppendUint16(body, unit)
	}
	return string(body)
}

// treeAttempts are files that nothing looks at, or that lead elsewhere.
func treeAttempts() []attempt {
	return []attempt{
		{name: "a template in JSON beside the other", files: map[string]string{"template.json": "{}"}, rule: "manifest/STRAY", at: "products/sample/template.json"},
		{name: "a template called .txt", files: map[string]string{"template.yaml": gone, "template.txt": openTopic}, rule: "manifest/STRAY", at: "products/sample/template.txt"},
		{name: "a template called .yml", files: map[string]string{"template.yaml": gone, "template.yml": openTopic}, rule: "manifest/MISSING", at: at},
		{name: "a product in a folder with a typo", files: map[string]string{"/product/x/template.yaml": openTopic}, rule: "manifest/STRAY", at: "product"},
		{name: "a rule file that no tool reads", files: map[string]string{"/guard-rules/mine.rules": "rule A { Resources exists }"}, rule: "manifest/STRAY", at: "guard-rules/mine.rules"},
		{name: "configuration of cfn-lint in a product", files: map[string]string{".cfnlintrc": "append_rules: [rules]\n"}, rule: "manifest/STRAY", at: "products/sample/.cfnlintrc"},
		{name: "a path that climbs out of its archive", files: map[string]string{`/products/sample/..\..\x`: "x"}, rule: "manifest/PATH"},
		{name: "a name with a line break", files: map[string]string{"a\nb": "x"}, rule: "manifest/PATH"},
		{name: "names that differ by case only", files: map[string]string{"Template.yaml": openTopic}, rule: "manifest/CASE"},
		{name: "a symbolic link as template", files: map[string]string{"template.yaml": gone}, prepare: func(t *testing.T, dir string) {
			require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(dir, at)))
		}, rule: "manifest/FILE_TYPE", at: at},
		{name: "a symbolic link as product", prepare: func(t *testing.T, dir string) {
			require.NoError(t, os.Symlink("sample", filepath.Join(dir, "products/other")))
		}, rule: "manifest/FILE_TYPE", at: "products/other"},
		{name: "a repository within the repository", prepare: func(t *testing.T, dir string) {
			commit(t, filepath.Join(dir, "products/sample"), "m")
		}, rule: "manifest/FILE_TYPE", at: "products/sample"},
		{name: "a submodule", prepare: func(t *testing.T, dir string) {
			inner := filepath.Join(dir, "products/sample/stack-sets")
			require.NoError(t, os.MkdirAll(inner, 0o755))
			commit(t, inner, "m")
		}, args: []string{"--commit", "HEAD"}, rule: "manifest/FILE_TYPE", at: "products/sample/stack-sets"},
		{name: "a pipe as template", files: map[string]string{"template.yaml": gone}, prepare: func(t *testing.T, dir string) {
			require.NoError(t, syscall.Mkfifo(filepath.Join(dir, at), 0o600))
		}, rule: "manifest/FILE_TYPE", at: at},
		{name: "a large file that only a pointer stands for", files: withTemplate("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"), rule: "manifest/TEMPLATE", at: at + ":1"},
		{name: "attributes that change what is checked out", files: map[string]string{"/.gitattributes": "*.yaml export-ignore ident\n", "template.yaml": openTopic},
			only: "policy", args: []string{"--commit", "HEAD"}, rule: openRule, at: at + ":2"},
		{name: "a fixed working tree over a bad commit", files: withTemplate(openTopic), prepare: func(t *testing.T, dir string) {
			commit(t, dir, "bad")
			git(t, dir, "update-index", "--skip-worktree", at)
			require.NoError(t, os.WriteFile(filepath.Join(dir, at), []byte(topic), 0o600))
		}, only: "policy", args: []string{"--commit", "HEAD"}, rule: openRule, at: at + ":2"},
	}
}
