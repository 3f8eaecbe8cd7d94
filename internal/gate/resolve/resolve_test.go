package resolve

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// document decodes a template in canonical form.
func document(t *testing.T, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &doc))
	return doc
}

// property resolves one value as property P of a resource, in a template with a few parameters, conditions and resources.
func property(t *testing.T, value string, in Input) (any, error) {
	t.Helper()
	doc := document(t, `{
		"Parameters": {
			"Name": {"Type": "String", "Default": "blue"},
			"Days": {"Type": "Number", "Default": 30},
			"Zones": {"Type": "CommaDelimitedList", "Default": "a, b"},
			"Open": {"Type": "String"},
			"Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/path"}
		},
		"Mappings": {"M": {"eu-west-1": {"Size": "small"}}},
		"Conditions": {
			"Blue": {"Fn::Equals": [{"Ref": "Name"}, "blue"]},
			"Unsure": {"Fn::Equals": [{"Ref": "Open"}, "x"]}
		},
		"Resources": {
			"Key": {"Type": "AWS::KMS::Key"},
			"R": {"Type": "T", "Properties": {"P": `+value+`}}
		}
	}`)
	resolved, err := Resolve(doc, in)
	if err != nil {
		return nil, err
	}
	return resolved.Resources["R"].Properties["P"], nil
}

func TestIntrinsicsBecomeWhatCloudFormationMakesOfThem(t *testing.T) {
	in := Input{Region: "eu-west-1", Account: "111111111111", StackName: "s"}
	for name, row := range map[string]struct {
		value string
		want  any
	}{
		"default":                  {`{"Ref": "Name"}`, "blue"},
		"number default":           {`{"Ref": "Days"}`, "30"},
		"list default":             {`{"Ref": "Zones"}`, []any{"a", "b"}},
		"no default":               {`{"Ref": "Open"}`, Symbol{Text: "${Open}"}},
		"parameter store":          {`{"Ref": "Image"}`, Symbol{Text: "${Image}"}},
		"region":                   {`{"Ref": "AWS::Region"}`, "eu-west-1"},
		"account":                  {`{"Ref": "AWS::AccountId"}`, "111111111111"},
		"partition":                {`{"Ref": "AWS::Partition"}`, "aws"},
		"stack id":                 {`{"Ref": "AWS::StackId"}`, Symbol{Text: "${AWS::StackId}"}},
		"resource":                 {`{"Ref": "Key"}`, Symbol{Text: "${Key}", Refs: []string{"Key"}}},
		"attribute":                {`{"Fn::GetAtt": ["Key", "Arn"]}`, Symbol{Text: "${Key.Arn}", Refs: []string{"Key"}}},
		"attribute as text":        {`{"Fn::GetAtt": "Key.Arn"}`, Symbol{Text: "${Key.Arn}", Refs: []string{"Key"}}},
		"known sub":                {`{"Fn::Sub": "${Name}-${AWS::Region}-${!x}"}`, "blue-eu-west-1-${x}"},
		"symbolic sub":             {`{"Fn::Sub": "${Key.Arn}/*"}`, Symbol{Text: "${Key.Arn}/*", Refs: []string{"Key"}}},
		"sub with variables":       {`{"Fn::Sub": ["${a}/${b}", {"a": {"Ref": "Name"}, "b": {"Ref": "Key"}}]}`, Symbol{Text: "blue/${Key}", Refs: []string{"Key"}}},
		"join":                     {`{"Fn::Join": ["-", ["a", {"Ref": "Name"}]]}`, "a-blue"},
		"join of a list parameter": {`{"Fn::Join": ["-", {"Ref": "Zones"}]}`, "a-b"},
		"symbolic join":            {`{"Fn::Join": [",", [{"Ref": "Key"}, "b"]]}`, Symbol{Text: "${Key},b", Refs: []string{"Key"}}},
		"select":                   {`{"Fn::Select": [1, {"Ref": "Zones"}]}`, "b"},
		"select of zones":          {`{"Fn::Select": ["0", {"Fn::GetAZs": ""}]}`, "eu-west-1a"},
		"split":                    {`{"Fn::Split": ["-", "a-b"]}`, []any{"a", "b"}},
		"symbolic split":           {`{"Fn::Split": ["-", {"Ref": "Key"}]}`, Symbol{Text: "${Key}", Refs: []string{"Key"}}},
		"cidr":                     {`{"Fn::Cidr": ["10.0.0.0/20", 3, "10"]}`, []any{"10.0.0.0/22", "10.0.4.0/22", "10.0.8.0/22"}},
		"map":                      {`{"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "Size"]}`, "small"},
		"map with default":         {`{"Fn::FindInMap": ["M", "us-east-1", "Size", {"DefaultValue": "none"}]}`, "none"},
		"if":                       {`{"Fn::If": ["Blue", "yes", "no"]}`, "yes"},
		"unsure if":                {`{"Fn::If": ["Unsure", {"Ref": "Key"}, "no"]}`, Symbol{Text: "${Fn::If Unsure}", Refs: []string{"Key"}}},
		"no value in a list":       {`["a", {"Fn::If": ["Blue", {"Ref": "AWS::NoValue"}, "b"]}]`, []any{"a"}},
		"no value as a property":   {`{"Fn::If": ["Blue", {"Ref": "AWS::NoValue"}, "b"]}`, nil},
		"import":                   {`{"Fn::ImportValue": "x"}`, Symbol{Text: "${import:x}"}},
		"base64":                   {`{"Fn::Base64": "a"}`, "YQ=="},
		"length":                   {`{"Fn::Length": {"Ref": "Zones"}}`, "2"},
		"json":                     {`{"Fn::ToJsonString": {"a": {"Ref": "Name"}}}`, `{"a":"blue"}`},
		"unknown function":         {`{"Fn::Later": {"Ref": "Key"}}`, Symbol{Text: "${Fn::Later}", Refs: []string{"Key"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := property(t, row.value, in)
			require.NoError(t, err)
			assert.Equal(t, row.want, got)
		})
	}
}

func TestWhatCannotBeEvaluatedIsNamed(t *testing.T) {
	in := Input{Region: "eu-west-1"}
	for name, row := range map[string]struct{ value, want string }{
		"unknown reference":   {`{"Ref": "Nobody"}`, `Ref "Nobody"`},
		"unknown attribute":   {`{"Fn::GetAtt": ["Nobody", "Arn"]}`, "Fn::GetAtt"},
		"select out of range": {`{"Fn::Select": [5, ["a"]]}`, "index 5 of a list of 1"},
		"key not in the map":  {`{"Fn::FindInMap": ["M", "eu-west-1", "Colour"]}`, `no key "Colour"`},
		"cidr too small":      {`{"Fn::Cidr": ["10.0.0.0/24", 2, "8"]}`, "cannot cut"},
		"unknown condition":   {`{"Fn::If": ["Nobody", 1, 2]}`, `condition "Nobody"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := property(t, row.value, in)
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestConditionsDecideWhatIsCreated(t *testing.T) {
	doc := document(t, `{
		"Parameters": {"Size": {"Type": "String", "AllowedValues": ["small", "large"], "Default": "small"}},
		"Conditions": {
			"Large": {"Fn::Equals": [{"Ref": "Size"}, "large"]},
			"Small": {"Fn::Not": [{"Condition": "Large"}]},
			"Never": {"Fn::And": [{"Condition": "Large"}, {"Condition": "Small"}]},
			"Always": {"Fn::Or": [{"Condition": "Large"}, {"Condition": "Small"}]}
		},
		"Resources": {
			"A": {"Type": "T", "Condition": "Large"}, "B": {"Type": "T", "Condition": "Small"},
			"C": {"Type": "T", "Condition": "Never"}, "D": {"Type": "T", "Condition": "Always"}
		},
		"Outputs": {"Only": {"Condition": "Large", "Value": "x", "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-x"}}}}
	}`)
	small, err := Resolve(doc, Input{})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"B", "D"}, keysOf(small.Resources))
	assert.Equal(t, map[string]string{"A": "T", "C": "T"}, small.Absent)
	assert.Empty(t, small.Outputs)

	large, err := Resolve(doc, Input{StackName: "s", Parameters: map[string]string{"Size": "large"}})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"A", "D"}, keysOf(large.Resources))
	assert.Equal(t, "s-x", large.Outputs["Only"].ExportName)
}

func keysOf[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

func TestAConditionThatIsOpenMustBeClosedForResources(t *testing.T) {
	doc := document(t, `{
		"Parameters": {"P": {"Type": "String"}},
		"Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, "x"]}, "Loop": {"Condition": "Loop"}},
		"Resources": {"A": {"Type": "T", "Condition": "C"}}
	}`)
	_, err := Resolve(doc, Input{})
	require.ErrorContains(t, err, "give the parameter a value")
	require.ErrorContains(t, err, "refers to itself")
}

func TestParametersAreCheckedAsTheTemplateDeclaresThem(t *testing.T) {
	for name, row := range map[string]struct{ declaration, value, want string }{
		"allowed":     {`{"Type": "Number", "AllowedValues": [1, 2]}`, "2", ""},
		"not allowed": {`{"Type": "String", "AllowedValues": ["a"]}`, "b", "not one of AllowedValues"},
		"pattern":     {`{"Type": "String", "AllowedPattern": "a+"}`, "aab", "does not match"},
		"whole":       {`{"Type": "String", "AllowedPattern": "a|b"}`, "ab", "does not match"},
		"lookahead":   {`{"Type": "String", "AllowedPattern": "(?=a)"}`, "a", "cannot be checked here"},
		"short":       {`{"Type": "String", "MinLength": 2}`, "a", "shorter"},
		"long":        {`{"Type": "String", "MaxLength": "2"}`, "aaa", "longer"},
		"no number":   {`{"Type": "Number"}`, "a", "not a number"},
		"small":       {`{"Type": "Number", "MinValue": 2}`, "1", "less than"},
		"large":       {`{"Type": "Number", "MaxValue": 2}`, "3", "more than"},
		"each":        {`{"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}`, "a,c", `"c" is not one`},
	} {
		t.Run(name, func(t *testing.T) {
			err := Accepts(document(t, row.declaration), row.value)
			if row.want == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, row.want)
			}
		})
	}
	doc := document(t, `{"Parameters": {"A": {"Type": "String"}}, "Resources": {"R": {"Type": "T"}}}`)
	_, err := Resolve(doc, Input{Parameters: map[string]string{"B": "x"}})
	require.ErrorContains(t, err, "no such parameter: it has A")
}

func TestDependenciesFollowReferencesAndDependsOn(t *testing.T) {
	doc := document(t, `{"Resources": {
		"A": {"Type": "T", "DependsOn": "B"},
		"B": {"Type": "T", "Properties": {"P": {"Fn::Sub": "${C.Arn}"}}},
		"C": {"Type": "T", "DependsOn": ["A"]},
		"D": {"Type": "T"}
	}}`)
	resolved, err := Resolve(doc, Input{})
	require.NoError(t, err)
	assert.True(t, resolved.DependsOn("A", "C"))
	assert.False(t, resolved.DependsOn("A", "D"))
}
