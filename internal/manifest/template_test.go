package manifest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/document"
	"accountfleet/internal/finding"
)

func TestTemplateIsCanonicalAndLeadsBackToItsSource(t *testing.T) {
	catalog, _ := load(t, sound())
	template := catalog.Products[0].Template
	assert.Equal(t, "products/archive/template.yaml", template.Path)
	assert.Equal(t, templateBody, string(template.Source))
	assert.Contains(t, string(template.Body), `"BucketName":{"Fn::Sub":"${AWS::AccountId}-logs"}`)
	assert.Contains(t, string(template.Body), `"AWSTemplateFormatVersion":"2010-09-09"`)
	assert.Equal(t, 10, template.Lines.At("/Resources/Bucket/Properties/BucketName").Line)
	assert.Equal(t, string(document.Canonical(template.Doc)), string(template.Body))
}

func TestCommentsAndSpacingDoNotChangeTheDigest(t *testing.T) {
	before, _ := load(t, sound())
	after, _ := load(t, sound().with(files{"products/archive/template.yaml": "# a comment\n" + strings.Replace(templateBody, "{Type: Number}", "{  Type:   'Number'  }", 1)}))
	assert.Equal(t, before.Products[0].Template.Digest, after.Products[0].Template.Digest)
}

func TestMistakesOfTemplatesAreNamed(t *testing.T) {
	file := "products/archive/template.yaml"
	edit := func(old, new string) files {
		require.Contains(t, templateBody, old)
		return files{file: strings.Replace(templateBody, old, new, 1)}
	}
	check(t, []mistake{
		{"not YAML", files{file: "Resources: {\n"}, "SYNTAX", file, 1, "is not YAML", "mend"},
		{"tabs", edit("  Bucket:", "\tBucket:"), "TABS", file, 7, "tab", "spaces"},
		{"a list", files{file: "- a\n"}, "TEMPLATE", file, 1, "no CloudFormation template", "Resources"},
		{"no resources", files{file: "Description: x\n"}, "TEMPLATE", file, 1, "Resources: the template has no resources", "add at least one"},
		{"empty resources", files{file: "Description: x\nResources: {}\n"}, "TEMPLATE", file, 2, "no resources", "add at least one"},
		{"transform", edit("Resources:", "Transform: AWS::Serverless-2016-10-31\nResources:"), "TEMPLATE", file, 6, "Transform: transforms run code", "write the resources out"},
		{"include", edit("BucketName: !Sub", "Fn::Transform: {Name: AWS::Include, Parameters: {Location: x}}\n      BucketName: !Sub"), "TEMPLATE", file, 10, "macros run code", "write the result out"},
		{"short transform", edit(`!Sub "${AWS::AccountId}-logs"`, "!Transform {Name: Macro}"), "TEMPLATE", file, 10, "macros run code", ""},
		{"loop", edit("  Bucket:\n", "  Fn::ForEach::Loop: [I, [a], {}]\n  Bucket:\n"), "TEMPLATE", file, 7, "loops hide resources", "write each resource out"},
		{"loop in properties", edit("BucketName: !Sub", "Fn::ForEach::L: [I, [a], {}]\n      BucketName: !Sub"), "TEMPLATE", file, 10, "loops hide resources", ""},
		{"hooks", edit("Resources:", "Hooks: {}\nResources:"), "TEMPLATE", file, 6, "deployment hooks", "remove"},
		{"unknown section", edit("Outputs:", "Output:"), "TEMPLATE", file, 11, "Output: is no section of a template", "did you mean Outputs"},
		{"format version", edit("2010-09-09", "2012-10-17"), "TEMPLATE", file, 1, "want 2010-09-09, got 2012-10-17", ""},
		{"module", edit("AWS::S3::Bucket", "My::S3::Bucket::MODULE"), "TEMPLATE", file, 8, "modules bring resources", ""},
		{"nested stack", edit("AWS::S3::Bucket\n    Properties:\n", "AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: https://example.com/t.yaml\n"), "TEMPLATE", file, 10, "brings a template that no gate has seen", ""},
		{"no type", edit("    Type: AWS::S3::Bucket\n", ""), "TEMPLATE", file, 7, "Resources.Bucket.Type: is missing", "AWS::S3::Bucket"},
		{"logical id", edit("  Bucket:\n", "  My-Bucket:\n"), "TEMPLATE", file, 7, "letters and digits only", "rename"},
		{"resource is no map", edit("  Bucket:\n", "  Other: x\n  Bucket:\n"), "TEMPLATE", file, 7, "want a map with Type", ""},
		{"null", edit("{Type: Number}", "{Type: Number, Default: }"), "NULL", file, 4, "CloudFormation refuses null", ""},
		{"alias", edit("{Type: Number}", "&a {Type: Number}"), "ANCHOR", file, 4, "CloudFormation does not support", ""},
		{"misspelt intrinsic", edit("!GetAtt", "!GetAt"), "TAG", file, 12, "!GetAt", "did you mean !GetAtt"},
		{"unquoted account id as key", edit("Resources:", "Mappings: {M: {111111111111: {a: b}}}\nResources:"), "KEY_TYPE", file, 6, "key 111111111111", "quote it"},
	})
}

func TestAllowedPseudoParametersPass(t *testing.T) {
	for _, pseudo := range []string{"genaz_2", "genpass_16", "genpass_16A", "genpass_8S", "genuuid", "random-numbers", "random-string", "current_region", "getval_Days"} {
		_, findings := load(t, sound().with(files{"products/archive/.taskcat.yml": strings.Replace(taskcatBody, "random-numbers", pseudo, 1)}))
		assert.Empty(t, findings, pseudo)
	}
}

func TestSuppressionMetadataIsStrippedAndReported(t *testing.T) {
	body := strings.Replace(templateBody, "    Type: AWS::S3::Bucket\n", `    Type: AWS::S3::Bucket
    Metadata:
      guard: {SuppressedRules: [S3_BUCKET_ENCRYPTED]}
      cfn_nag: {rules_to_suppress: [{id: W35}]}
      cfn-lint: {config: {ignore_checks: [E3012]}}
      Guard: {SuppressedRules: [X]}
      Comment: stays
`, 1) + "Metadata:\n  cfn-lint: {config: {ignore_checks: [E3012]}}\n"
	catalog, findings := load(t, sound().with(files{"products/archive/template.yaml": body}))
	require.Len(t, catalog.Products, 1, "suppressions alone do not fail a catalog")
	template := string(catalog.Products[0].Template.Body)
	for _, gone := range []string{"uppress", "cfn-lint", "cfn_nag", "guard"} {
		assert.NotContains(t, strings.ToLower(template), gone)
	}
	assert.Contains(t, template, `"Metadata":{"Comment":"stays"}`)
	require.Len(t, findings, 5)
	assert.False(t, finding.Failed(findings))
	assert.Equal(t, 10, findings[0].Span.Line)
	assert.Contains(t, findings[0].Message, "Resources.Bucket.Metadata.guard")
}

func TestSuppressionDoesNotChangeTheDigest(t *testing.T) {
	plain, _ := load(t, sound())
	suppressed, _ := load(t, sound().with(files{"products/archive/template.yaml": templateBody + "Metadata: {guard: {SuppressedRules: [X]}}\n"}))
	assert.Equal(t, plain.Products[0].Template.Digest, suppressed.Products[0].Template.Digest)
}
