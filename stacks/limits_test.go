package stacks

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refused is what Check says of one template.
func refused(t *testing.T, resources map[string]any) error {
	t.Helper()
	return check(t, map[string]any{"Resources": resources})
}

func check(t *testing.T, template map[string]any) error {
	t.Helper()
	body, err := json.Marshal(template)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "some-stack.template.json"), body, 0o644))
	return Check(dir)
}

func some(kind string, properties map[string]any) map[string]any {
	return map[string]any{"Type": kind, "Properties": properties}
}

// many are n actions, inputs or resources.
func many(n int, value any) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = value
	}
	return list
}

func pipeline(action map[string]any) map[string]any {
	action["Name"] = "Deploy"
	return some("AWS::CodePipeline::Pipeline", map[string]any{"Stages": []any{map[string]any{"Name": "Prod", "Actions": []any{action}}}})
}

func policyOf(statements ...any) []any {
	return []any{map[string]any{"PolicyDocument": map[string]any{"Statement": statements}}}
}

func TestWhatAWSWouldRefuseLaterIsRefusedWithItsCure(t *testing.T) {
	trust := map[string]any{"Statement": []any{map[string]any{"Effect": "Allow", "Principal": map[string]any{"Service": "servicecatalog.amazonaws.com"}}}}
	for name, c := range map[string]struct {
		resource map[string]any
		want     string
	}{
		"long role name": {
			some("AWS::IAM::Role", map[string]any{"RoleName": strings.Repeat("r", 65)}), "has 65 characters, more than 64: shorten name in fleet.yaml or the product's id",
		},
		"large inline policy": {
			some("AWS::IAM::Role", map[string]any{"RoleName": "r", "Policies": policyOf(map[string]any{"Resource": many(200, strings.Repeat("r", 60))})}),
			"characters, more than 10240: split the product, or let it use fewer services",
		},
		"everything on everything": {
			some("AWS::IAM::Role", map[string]any{"RoleName": "r", "Policies": policyOf(map[string]any{"Effect": "Allow", "Action": []any{"s3:Get*", "*"}, "Resource": "*"})}),
			"role r may do everything on everything: name actions",
		},
		"launch role without boundary": {
			some("AWS::IAM::Role", map[string]any{"RoleName": "r", "AssumeRolePolicyDocument": trust}), "launch role r has no permissions boundary: give it one",
		},
		"large trust policy": {
			some("AWS::IAM::Role", map[string]any{"RoleName": "r", "AssumeRolePolicyDocument": map[string]any{"Statement": many(40, map[string]any{"Sid": strings.Repeat("s", 60)})}}),
			"more than 2048: name fewer approvers in fleet.yaml",
		},
		"large managed policy": {
			some("AWS::IAM::ManagedPolicy", map[string]any{"PolicyDocument": map[string]any{"Statement": many(200, strings.Repeat("s", 40))}}),
			"more than 6144: shorten allowed_services in fleet.yaml",
		},
		"long bucket name": {
			some("AWS::S3::Bucket", map[string]any{"BucketName": strings.Repeat("b", 64)}), "has 64 characters, more than 63: shorten name in fleet.yaml",
		},
		"large bucket policy": {
			some("AWS::S3::BucketPolicy", map[string]any{"PolicyDocument": map[string]any{"Statement": many(600, strings.Repeat("s", 40))}}),
			"more than 20480: name fewer consumer accounts in fleet.yaml",
		},
		"six inputs": {
			pipeline(map[string]any{"InputArtifacts": many(6, map[string]any{"Name": "x"})}), "action Deploy has 6 input artifacts, more than 5: fold some into one",
		},
		"large overrides": {
			pipeline(map[string]any{"Configuration": map[string]any{"ParameterOverrides": strings.Repeat("p", 1025)}}),
			"action Deploy: ParameterOverrides of 1025 bytes, more than 1024: share fewer portfolios with one account",
		},
		"long configuration": {
			pipeline(map[string]any{"Configuration": map[string]any{"CustomData": strings.Repeat("c", 1001)}}), "action Deploy: CustomData of 1001 characters, more than 1000: shorten it",
		},
		"many actions": {
			some("AWS::CodePipeline::Pipeline", map[string]any{"Stages": []any{map[string]any{"Name": "Prod", "Actions": many(51, map[string]any{"Name": "x"})}}}),
			"stage Prod has 51 actions, more than 50: use fewer shards, portfolios or consumer accounts in fleet.yaml",
		},
		"many versions": {
			some("AWS::ServiceCatalog::CloudFormationProduct", map[string]any{"ProvisioningArtifactParameters": many(101, map[string]any{})}),
			"101 versions, more than 100 of a product",
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.ErrorContains(t, refused(t, map[string]any{"Thing": c.resource}), "some-stack: Thing: ")
			assert.ErrorContains(t, refused(t, map[string]any{"Thing": c.resource}), c.want)
		})
	}
}

func TestPortfolioOfTooManyIsRefused(t *testing.T) {
	resources := map[string]any{"Portfolio": some("AWS::ServiceCatalog::Portfolio", nil)}
	for i := range 101 {
		resources[fmt.Sprintf("Principal%d", i)] = some("AWS::ServiceCatalog::PortfolioPrincipalAssociation", nil)
	}
	for i := range 151 {
		resources[fmt.Sprintf("Association%d", i)] = some("AWS::ServiceCatalog::PortfolioProductAssociation", nil)
	}
	err := refused(t, resources)
	assert.ErrorContains(t, err, "101 principals, more than 100 of a portfolio: join patterns in fleet.yaml")
	assert.ErrorContains(t, err, "151 products, more than 150 of a portfolio: divide it in fleet.yaml")
}

func TestTemplateOfAStackSetOfTooManyBytesIsRefused(t *testing.T) {
	set := some("AWS::CloudFormation::StackSet", map[string]any{"TemplateBody": strings.Repeat("x", 51_201)})
	assert.ErrorContains(t, refused(t, map[string]any{"Units": set}), "Units: template of the stack set of 51201 bytes, more than 51200: split the product")
}

func TestTemplateOfTooManyIsRefused(t *testing.T) {
	resources, outputs := map[string]any{}, map[string]any{}
	for i := range 501 {
		resources[fmt.Sprintf("R%d", i)] = some("AWS::SQS::Queue", map[string]any{"QueueName": strings.Repeat("q", 1800)})
	}
	for i := range 201 {
		outputs[fmt.Sprintf("O%d", i)] = map[string]any{"Value": "x"}
	}
	err := check(t, map[string]any{"Resources": resources, "Outputs": outputs})
	assert.ErrorContains(t, err, "Resources: 501, more than 500 of a stack: raise shards in fleet.yaml")
	assert.ErrorContains(t, err, "Outputs: 201, more than 200 of a stack")
	assert.ErrorContains(t, err, "bytes, more than 900000: raise shards in fleet.yaml, which divides products and their launch roles, or shorten the notes of versions")
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	err := refused(t, map[string]any{
		"A": some("AWS::IAM::Role", map[string]any{"RoleName": strings.Repeat("r", 65)}),
		"B": some("AWS::S3::Bucket", map[string]any{"BucketName": strings.Repeat("b", 64)}),
	})
	assert.ErrorContains(t, err, "some-stack: A: ")
	assert.ErrorContains(t, err, "some-stack: B: ")
}

func TestWhiteSpaceDoesNotCountInPolicies(t *testing.T) {
	assert.Equal(t, len(`{"a":"bc"}`), policySize(map[string]any{"a": "b c"}))
}

func TestMissingAssetsAreNamedWithTheirCure(t *testing.T) {
	_, err := readAsset(filepath.Join("testdata", "none.tar.gz"), "toolbox")
	assert.EqualError(t, err, "testdata/none.tar.gz: no such file: the builds of the pipeline download the toolbox: run make toolbox")
}

func TestEverythingThatIsMissingIsNamedAtOnce(t *testing.T) {
	err := Install(nil, InstallProps{Settings: settings(), Toolbox: "testdata/none", App: "testdata/nothing", Seed: "testdata/no-seed"})
	assert.ErrorContains(t, err, "testdata/none: no such file: the builds of the pipeline download the toolbox: run make toolbox")
	assert.ErrorContains(t, err, "testdata/nothing: no such file: the builds of the pipeline download the app: run make toolbox")
	assert.ErrorContains(t, err, "testdata/no-seed: no such folder: the catalog repository is seeded from it: restore it, or name another by -c seed=FOLDER")
}

// TestASeedWithEmptyFilesIsRefused: CodeCommit makes no repository of one, and CloudFormation would take back the whole stack.
func TestASeedWithEmptyFilesIsRefused(t *testing.T) {
	seed := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(seed, "products"), 0o755))
	for name, content := range map[string]string{"some.yaml": "a: 1", "products/.keep": "", "__init__.py": ""} {
		require.NoError(t, os.WriteFile(filepath.Join(seed, name), []byte(content), 0o600))
	}
	err := checkSeed(settings(), seed)
	for _, name := range []string{"products/.keep", "__init__.py"} {
		assert.ErrorContains(t, err, filepath.Join(seed, name)+": empty file: CodeCommit makes no repository of a seed that has one: write something into it, or remove it")
	}
	assert.NotContains(t, err.Error(), "some.yaml")
	assert.NoError(t, checkSeed(settings(), filepath.Join("..", "catalog")))
	assert.NoError(t, checkSeed(regionsSettings(), seed), "a connection leads to a repository that is there")
}

func TestMissingNodeIsNamedWithItsCure(t *testing.T) {
	assert.EqualError(t, Refusal(`exec: "node": executable file not found in $PATH`),
		`the CDK runs on Node.js: exec: "node": executable file not found in $PATH: install Node.js 20 or newer`)
	assert.EqualError(t, Refusal("ValidationError"), "the CDK refused: ValidationError")

	old := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(old, "node"), []byte("#!/bin/sh\necho v16.20.2\n"), 0o755))
	t.Setenv("PATH", old)
	t.Setenv("JSII_NODE", "")
	assert.EqualError(t, Refusal("invalid character 'v'"), "the CDK runs on Node.js 20 or newer, and node is v16.20.2: install Node.js 20 or newer")
}
