package manifest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/finding"
)

const (
	parentBody = `Parameters:
  Days: {Type: Number, Default: 30}
  Strict: {Type: String, Default: "false"}
Resources:
  Bucket: {Type: AWS::S3::Bucket}
  Everywhere:
    Type: AWS::CloudFormation::StackSet
    Properties:
      StackSetName: everywhere
      PermissionModel: SERVICE_MANAGED
      TemplateURL: stack-sets/baseline.yaml
      Parameters:
        - {ParameterKey: Owner, ParameterValue: team}
`
	childBody = `Parameters:
  Owner: {Type: String}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: !Ref Owner
`
	parentFile = "products/archive/template.yaml"
	childFile  = "products/archive/stack-sets/baseline.yaml"
)

// setting is a sound catalog whose product has a stack set.
func setting() files { return sound().with(files{parentFile: parentBody, childFile: childBody}) }

func TestTheTemplateOfAStackSetBecomesPartOfItsProduct(t *testing.T) {
	catalog, findings := load(t, setting())
	require.Empty(t, findings)
	p := catalog.Products[0]
	require.Len(t, p.StackSets, 1)
	child := p.StackSets[0]
	assert.Equal(t, "baseline", child.Name)
	assert.Equal(t, childFile, child.Template.Path)
	assert.Equal(t, 4, child.Template.Lines.At("/Resources/Topic").Line)
	properties := section(section(section(p.Template.Doc, "Resources"), "Everywhere"), "Properties")
	assert.Equal(t, string(child.Template.Body), properties["TemplateBody"])
	assert.NotContains(t, properties, "TemplateURL")
	assert.Contains(t, string(p.Template.Body), `"TemplateBody":"{\"Parameters\"`)
	assert.Equal(t, 11, p.Template.Lines.At("/Resources/Everywhere/Properties/TemplateBody").Line, "findings about it point at the address")
}

func TestAChangedStackSetTemplateChangesTheDigest(t *testing.T) {
	before, _ := load(t, setting())
	after, _ := load(t, setting().with(files{childFile: childBody + "      TopicName: x\n"}))
	assert.NotEqual(t, before.Products[0].Template.Digest, after.Products[0].Template.Digest)
}

func TestGatesSeeTheTemplatesOfStackSetsAsSubjects(t *testing.T) {
	catalog, _ := load(t, setting())
	subjects := catalog.Subjects()
	require.Len(t, subjects, 2)
	assert.Equal(t, []string{"archive", "archive/stack-sets/baseline"}, []string{subjects[0].ID, subjects[1].ID})
	assert.Equal(t, childFile, subjects[1].Template.Path)
	assert.Equal(t, subjects[0].Tests[1].Regions, subjects[1].Tests[1].Regions)
	assert.Nil(t, subjects[1].Tests[1].Parameters, "they are the product's")
}

func TestWrongStackSetsAreRefused(t *testing.T) {
	address := func(to string) files {
		return files{parentFile: strings.Replace(parentBody, "stack-sets/baseline.yaml", to, 1)}
	}
	child := func(old, new string) files { return files{childFile: strings.Replace(childBody, old, new, 1)} }
	parent := func(old, new string) files { return files{parentFile: strings.Replace(parentBody, old, new, 1)} }
	large := childBody + "Outputs:\n"
	for i := range 60 {
		large += fmt.Sprintf("  O%d: {Value: x, Description: %s}\n", i, strings.Repeat("x", 1000))
	}
	for name, row := range map[string]struct {
		change     files
		file       string
		line       int
		says, cure string
	}{
		"parent folder":     {address("../other/stack-sets/baseline.yaml"), parentFile, 11, "is no file of stack-sets/", "write TemplateURL: stack-sets/"},
		"dots inside":       {address("stack-sets/../template.yaml"), parentFile, 11, "is no file of stack-sets/", ""},
		"absolute":          {address("/etc/passwd"), parentFile, 11, "is no file of stack-sets/", ""},
		"S3":                {address("https://bucket.s3.amazonaws.com/t.yaml"), parentFile, 11, "is no file of stack-sets/", ""},
		"computed":          {address(`!Sub "stack-sets/${Days}.yaml"`), parentFile, 11, "is computed", ""},
		"missing":           {address("stack-sets/baselin.yaml"), parentFile, 11, "no file stack-sets/baselin.yaml", "did you mean stack-sets/baseline.yaml"},
		"symbolic link":     {files{childFile: "kind:symbolic link"}, childFile, 0, "is a symbolic link", "put the file itself here"},
		"no address":        {parent("      TemplateURL: stack-sets/baseline.yaml\n", ""), parentFile, 8, "is missing", ""},
		"literal body":      {parent("TemplateURL: stack-sets/baseline.yaml", `TemplateBody: "{}"`), parentFile, 11, "brings a template that no gate has seen", "stack-sets/<name>.yaml"},
		"unused":            {files{"products/archive/stack-sets/other.yaml": childBody}, "products/archive/stack-sets/other.yaml", 0, "no stack set of template.yaml names it", ""},
		"not a template":    {files{"products/archive/stack-sets/x.txt": "x"}, "products/archive/stack-sets/x.txt", 0, "nothing reads it here", ""},
		"transform":         {files{childFile: "Transform: AWS::Serverless-2016-10-31\n" + childBody}, childFile, 1, "transforms run code", ""},
		"stack set inside":  {child("AWS::SNS::Topic", "AWS::CloudFormation::StackSet"), childFile, 4, "a stack set inside a stack set", "template.yaml"},
		"stack inside":      {child("AWS::SNS::Topic", "AWS::CloudFormation::Stack"), childFile, 6, "a nested stack brings a template", ""},
		"too large":         {files{childFile: large}, childFile, 1, "more than the 51200 that a stack set takes", "split it"},
		"not YAML":          {files{childFile: childBody + "Resources: {}\n"}, childFile, 8, "", ""},
		"unknown parameter": {parent("ParameterKey: Owner", "ParameterKey: Ownr"), parentFile, 13, `has no parameter "Ownr"`, "did you mean Owner"},
		"parameter missing": {parent("        - {ParameterKey: Owner, ParameterValue: team}\n", "        []\n"), parentFile, 12, `lacks "Owner"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := load(t, setting().with(row.change))
			assert.True(t, finding.Failed(findings))
			for _, f := range findings {
				if f.File == row.file && f.Span.Line == row.line && strings.Contains(f.Message, row.says) && strings.Contains(f.Cure, row.cure) {
					return
				}
			}
			assert.Fail(t, "no such finding", "%v", findings)
		})
	}
}
