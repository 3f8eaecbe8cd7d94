package assembly

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

func TestLoadReadsThePipelineWithEveryNameResolved(t *testing.T) {
	a, err := Load("testdata/small")
	require.NoError(t, err)

	assert.Equal(t, []string{"fleet-catalog", "fleet-toolchain"}, []string{a.Stacks[0].Name, a.Stacks[1].Name}, "the toolchain depends on the catalog")
	assert.Equal(t, "111111111111", a.Stacks[1].Account)
	assert.Equal(t, []string{"catalog"}, a.Stacks[1].DependsOn)

	p := a.Pipeline
	assert.Equal(t, "arn:aws:codepipeline:eu-west-1:111111111111:fleet-pipeline", p.ARN)
	assert.Equal(t, "arn:aws:iam::111111111111:role/fleet/fleet-pipeline", p.RoleARN)
	assert.Equal(t, "QUEUED", p.ExecutionMode)
	assert.Equal(t, Store{Bucket: "fleet-artifacts-111111111111",
		KeyARN: "arn:aws:kms:eu-west-1:111111111111:key/${deployed:fleet-toolchain:Key}"}, p.Stores["eu-west-1"])

	source := p.Stages[0].Actions[0]
	assert.Equal(t, "fleet-catalog", source.Configuration["RepositoryName"])
	assert.Equal(t, "false", source.Configuration["PollForSourceChanges"])
	assert.Equal(t, 1, source.RunOrder)
	assert.Equal(t, "111111111111", source.Account)

	gamma := p.Stages[1]
	assert.Equal(t, []Condition{{Result: "SKIP", Rules: []Rule{{Name: "Changed", Provider: "VariableCheck",
		Configuration: map[string]string{"Variable": "#{Package.CHANGES}", "Value": "0", "Operator": "NE"}}}}}, gamma.Entry)
	assert.Equal(t, "arn:aws:iam::444444444444:role/fleet-catalog-deploy", gamma.Actions[0].RoleARN)
	assert.Equal(t, "444444444444", gamma.Actions[0].Account)
	assert.Equal(t, map[string]string{"StackName": "home"}, gamma.Actions[0].Configuration)
	assert.Equal(t, 2880, gamma.Actions[1].TimeoutMinutes)
}

func TestLoadReadsProjectsTriggersRepositoryAndRoles(t *testing.T) {
	a, err := Load("testdata/small")
	require.NoError(t, err)

	project := a.Projects["fleet-policy-as-code"]
	assert.Equal(t, "arn:aws:codebuild:eu-west-1:111111111111:project/fleet-policy-as-code", project.ARN)
	assert.Equal(t, "arn:aws:iam::111111111111:role/fleet-build", project.RoleARN)
	assert.Equal(t, []Variable{{Name: "TOOLBOX_URI", Value: "s3://fleet-artifacts-111111111111/toolbox", Type: "PLAINTEXT"}}, project.Environment)
	assert.Equal(t, 10, project.TimeoutMinutes)
	assert.Contains(t, project.Buildspec, "${HOME}")

	require.Len(t, a.Triggers, 1, "the rule that notifies is no trigger")
	assert.Equal(t, []string{"Failures"}, a.OtherRules)
	assert.Equal(t, "arn:aws:iam::111111111111:role/${deployed:fleet-toolchain:TriggerRole}", a.Triggers[0].RoleARN)
	assert.Equal(t, []any{"arn:aws:codecommit:eu-west-1:111111111111:fleet-catalog"}, a.Triggers[0].Pattern["resources"])

	assert.Equal(t, &Repository{Name: "fleet-catalog", ARN: "arn:aws:codecommit:eu-west-1:111111111111:fleet-catalog",
		Region: "eu-west-1", Account: "111111111111", Branch: "main"}, a.Repository)
	assert.Equal(t, "arn:aws:iam::111111111111:role/fleet-reviewer", a.Reviewers)
	assert.Equal(t, []string{"arn:aws:iam::111111111111:role/*"}, a.Approvers)
	assert.Equal(t, "arn:aws:iam::111111111111:role/fleet-engineer", a.Engineers)
}

func TestResolveAsksTheDeploymentOnceForEachPhysicalID(t *testing.T) {
	a, err := Load("testdata/small")
	require.NoError(t, err)
	var asked []string
	require.NoError(t, a.Resolve(func(s Stack, id string) (string, error) {
		asked = append(asked, s.Name+"."+id)
		return "physical-" + id, nil
	}))

	assert.ElementsMatch(t, []string{"fleet-toolchain.Key", "fleet-toolchain.TriggerRole"}, asked)
	assert.Equal(t, "arn:aws:kms:eu-west-1:111111111111:key/physical-Key", a.Pipeline.Stores["eu-west-1"].KeyARN)
	assert.Equal(t, "arn:aws:kms:eu-west-1:111111111111:key/physical-Key", a.Projects["fleet-policy-as-code"].EncryptionKey)
	assert.Equal(t, "arn:aws:iam::111111111111:role/physical-TriggerRole", a.Triggers[0].RoleARN)
	assert.Contains(t, a.Projects["fleet-policy-as-code"].Buildspec, "${HOME}", "a shell's own braces stay")
}

func TestResolveSaysWhichResourceIsNotThere(t *testing.T) {
	a, err := Load("testdata/small")
	require.NoError(t, err)
	err = a.Resolve(func(Stack, string) (string, error) { return "", fmt.Errorf("no such resource") })
	assert.ErrorContains(t, err, "of stack fleet-toolchain: no such resource")
}

func TestLoadReportsAllProblemsAtOnce(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "manifest.json"), stackManifest)
	write(t, filepath.Join(dir, "one.template.json"), `{"Resources": {
	  "Project": {"Type": "AWS::CodeBuild::Project", "Properties": {"Name": {"Ref": "Missing"}, "ServiceRole": {"Fn::GetAtt": ["Queue", "Color"]},
	    "Source": {"BuildSpec": {"Fn::Base64": "x"}}, "Environment": {"EnvironmentVariables": [{"Name": "A", "Value": {"Fn::ImportValue": "nowhere"}, "Extra": 1}]}}},
	  "Queue": {"Type": "AWS::Unknown::Thing"},
	  "Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": {"Name": "p", "PipelineType": "V1", "RoleArn": "r",
	    "ArtifactStore": {"Type": "S3", "Location": "b"}, "Variables": [], "Stages": [{"Name": "S", "OnFailure": {"Result": "ROLLBACK"}, "Actions": []}]}}}}`)
	_, err := Load(dir)
	require.Error(t, err)
	for _, want := range []string{
		"one: Resources.Pipeline.Properties.PipelineType: want V2",
		"one: Resources.Pipeline.Properties: key Variables is not understood",
		"one: Resources.Pipeline.Properties.Stages[0]: key OnFailure is not understood",
		"one: Resources.Project.Properties.Name: Ref Missing: the template has no such parameter or resource",
		"one: Resources.Project.Properties.ServiceRole: Fn::GetAtt Queue.Color: the attribute is not known for AWS::Unknown::Thing",
		"one: Resources.Project.Properties.Source.BuildSpec: Fn::Base64 is not understood",
		"one: Resources.Project.Properties.Environment.EnvironmentVariables[0].Value: Fn::ImportValue nowhere: no stack of the assembly exports it",
		"one: Resources.Project.Properties.Environment.EnvironmentVariables[0]: key Extra is not understood",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestLoadSaysHowToGetAnAssembly(t *testing.T) {
	_, err := Load(t.TempDir())
	assert.ErrorContains(t, err, "run cdk synth")
}

func TestLoadRefusesWhatItDoesNotKnowOfAManifest(t *testing.T) {
	for name, test := range map[string]struct{ manifest, want string }{
		"nested assembly": {`{"artifacts": {"s": {"type": "cdk:cloud-assembly"}}}`, `artifacts.s: type "cdk:cloud-assembly" is not understood`},
		"no environment": {`{"artifacts": {"s": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region"}}}`,
			"give the stack an env"},
		"circle": {`{"artifacts": {
			"a": {"type": "aws:cloudformation:stack", "environment": "aws://1/r", "dependencies": ["b"]},
			"b": {"type": "aws:cloudformation:stack", "environment": "aws://1/r", "dependencies": ["a"]}}}`, "in a circle"},
		"empty":    {`{"artifacts": {}}`, "holds no stack"},
		"no JSON":  {`{`, "manifest.json"},
		"no stack": {`{}`, "holds no stack"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "manifest.json"), test.manifest)
			_, err := Load(dir)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestIntrinsicsResolve(t *testing.T) {
	for name, test := range map[string]struct{ value, want string }{
		"sub with variables":    {`{"Fn::Sub": ["${A}-${!B}-${AWS::Region}", {"A": {"Ref": "P"}}]}`, `"v-${B}-r"`},
		"sub with attribute":    {`{"Fn::Sub": "${Role.Arn}"}`, `"arn:aws:iam::1:role/role"`},
		"select of split":       {`{"Fn::Select": ["1", {"Fn::Split": [":", "a:b:c"]}]}`, `"b"`},
		"join of list":          {`{"Fn::Join": ["/", {"Ref": "List"}]}`, `"x/y"`},
		"condition and or":      {`{"Fn::If": ["Both", "yes", "no"]}`, `"yes"`},
		"no value in a list":    {`["a", {"Ref": "AWS::NoValue"}]`, `["a"]`},
		"getatt with dots":      {`{"Fn::GetAtt": "Role.Arn"}`, `"arn:aws:iam::1:role/role"`},
		"unnamed topic":         {`{"Ref": "Topic"}`, `"${deployed:one:Topic}"`},
		"unnamed topic's arn":   {`{"Fn::GetAtt": ["Topic", "TopicArn"]}`, `"${deployed:one:Topic}"`},
		"bucket's domain":       {`{"Fn::GetAtt": ["Bucket", "RegionalDomainName"]}`, `"${deployed:one:Bucket}.s3.r.amazonaws.com"`},
		"number stays a number": {`7`, `7`},
	} {
		t.Run(name, func(t *testing.T) {
			tmpl := intrinsicTemplate(t)
			node := decode(t, test.value)
			got, err := json.Marshal(tmpl.resolve("here", node))
			require.NoError(t, err)
			assert.Empty(t, tmpl.loader.problems)
			assert.JSONEq(t, test.want, string(got))
		})
	}
}

func TestIntrinsicsThatCannotBeResolvedAreProblems(t *testing.T) {
	for name, test := range map[string]struct{ value, want string }{
		"ssm parameter":     {`{"Ref": "Version"}`, "known only after the deployment"},
		"no default":        {`{"Ref": "Bare"}`, "has no default"},
		"stack id":          {`{"Ref": "AWS::StackId"}`, "known only after the deployment"},
		"select too far":    {`{"Fn::Select": [3, ["a"]]}`, "finds nothing at"},
		"map without key":   {`{"Fn::FindInMap": ["A", "B", "C"]}`, "finds no A"},
		"unknown condition": {`{"Fn::If": ["Nope", 1, 2]}`, "no condition Nope"},
		"circular":          {`{"Fn::If": ["Circle", 1, 2]}`, "refers to itself"},
		"equals in a value": {`{"Fn::Equals": [1, 1]}`, "in Conditions only"},
		"join of text":      {`{"Fn::Join": ["", "text"]}`, "wants a delimiter and a list"},
		"transform":         {`{"Fn::Transform": {"Name": "AWS::Include"}}`, "Fn::Transform is not understood"},
	} {
		t.Run(name, func(t *testing.T) {
			tmpl := intrinsicTemplate(t)
			node := decode(t, test.value)
			tmpl.resolve("here", node)
			require.NotEmpty(t, tmpl.loader.problems)
			assert.ErrorContains(t, tmpl.loader.problems[0], test.want)
			assert.ErrorContains(t, tmpl.loader.problems[0], "one: ")
		})
	}
}

const stackManifest = `{"artifacts": {"one": {"type": "aws:cloudformation:stack", "environment": "aws://1/r", "properties": {"templateFile": "one.template.json"}}}}`

func intrinsicTemplate(t *testing.T) *template {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "one.template.json"), `{
	  "Parameters": {"P": {"Type": "String", "Default": "v"}, "List": {"Type": "CommaDelimitedList", "Default": "x,y"}, "Bare": {"Type": "String"},
	    "Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/v"}},
	  "Conditions": {"True": {"Fn::Equals": [{"Ref": "P"}, "v"]}, "Circle": {"Condition": "Circle"},
	    "Both": {"Fn::And": [{"Condition": "True"}, {"Fn::Or": [{"Fn::Not": [{"Condition": "True"}]}, {"Condition": "True"}]}]}},
	  "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "role"}}, "Topic": {"Type": "AWS::SNS::Topic"},
	    "Bucket": {"Type": "AWS::S3::Bucket"}}}`)
	l := &loader{exports: map[string]export{}}
	tmpl, err := l.open(Stack{Name: "one", Account: "1", Region: "r", TemplatePath: filepath.Join(dir, "one.template.json")})
	require.NoError(t, err)
	return tmpl
}

// decode reads JSON as templates are read: numbers keep their text.
func decode(t *testing.T, text string) (node any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&node))
	return node
}

func write(t *testing.T, path, body string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(body), 0o644))
}

// TestLoadReadsWhatTheStacksSynthesize reads the goldens of stacks/, which are what a real synth gives: what the stacks say and what this
// package understands must not drift apart.
func TestLoadReadsWhatTheStacksSynthesize(t *testing.T) {
	goldens, err := filepath.Glob("../../stacks/testdata/golden/installed/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, goldens)
	artifacts := map[string]any{}
	dir := t.TempDir()
	for _, golden := range goldens {
		body, err := os.ReadFile(golden)
		require.NoError(t, err)
		name := strings.TrimSuffix(filepath.Base(golden), ".json")
		write(t, filepath.Join(dir, name+".template.json"), string(body))
		artifacts[name] = map[string]any{"type": "aws:cloudformation:stack", "environment": "aws://111111111111/eu-west-1",
			"properties": map[string]any{"templateFile": name + ".template.json", "stackName": name}}
	}
	manifest, err := json.Marshal(map[string]any{"artifacts": artifacts})
	require.NoError(t, err)
	write(t, filepath.Join(dir, "manifest.json"), string(manifest))

	a, err := Load(dir)
	require.NoError(t, err)
	var stages []string
	for _, s := range a.Pipeline.Stages {
		stages = append(stages, s.Name)
		for _, action := range s.Actions {
			if action.Provider == "CodeBuild" {
				assert.Contains(t, a.Projects, action.Configuration["ProjectName"], action.Name)
			}
		}
	}
	assert.Equal(t, []string{"Source", "Alpha", "Beta", "Gamma", "Prod"}, stages)
	assert.NotEmpty(t, a.Triggers)
	assert.Contains(t, a.Reviewers, "reviewer")
	assert.Contains(t, a.Engineers, "engineer")
	assert.NotEmpty(t, a.Approvers)
}
