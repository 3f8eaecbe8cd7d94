package resolve

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVariantsReachEveryOutcomeThatAConsumerCanChoose(t *testing.T) {
	doc := document(t, `{
		"Parameters": {
			"Public": {"Type": "String", "Default": "false", "AllowedValues": ["true", "false"]},
			"Bucket": {"Type": "String", "Default": ""}
		},
		"Conditions": {
			"Public": {"Fn::Equals": [{"Ref": "Public"}, "true"]},
			"HasBucket": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Bucket"}, ""]}]},
			"Home": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}
		},
		"Resources": {"R": {"Type": "T"}}
	}`)
	in := Input{Region: "eu-west-1"}
	variants := Variants(doc, in, []string{"eu-west-1", "eu-north-1"})
	assert.Equal(t, in, variants[0])
	outcomes := map[string]bool{}
	for _, v := range variants {
		resolved, err := Resolve(doc, v)
		require.NoError(t, err)
		outcomes[fmt.Sprint(resolved.Conditions)] = true
	}
	assert.Len(t, outcomes, 8)
	assert.Len(t, variants, 8, "no outcome twice")
	assert.Equal(t, "Public=true", Difference(in, Input{Region: "eu-west-1", Parameters: map[string]string{"Public": "true"}}))
}

func TestVariantsOfManyParametersStayFew(t *testing.T) {
	parameters, conditions := "", ""
	for i := range 20 {
		parameters += fmt.Sprintf(`%s"P%d": {"Type": "String", "Default": "a", "AllowedValues": ["a", "b"]}`, comma(i), i)
		conditions += fmt.Sprintf(`%s"C%d": {"Fn::Equals": [{"Ref": "P%d"}, "b"]}`, comma(i), i, i)
	}
	doc := document(t, `{"Parameters": {`+parameters+`}, "Conditions": {`+conditions+`}, "Resources": {"R": {"Type": "T"}}}`)
	assert.Len(t, Variants(doc, Input{}, nil), 21, "the defaults, and each parameter changed once")

	doc["Resources"].(map[string]any)["R"] = map[string]any{"Type": "T", "Condition": "C1", "Properties": map[string]any{
		"P": map[string]any{"Fn::If": []any{"C2", map[string]any{"Fn::If": []any{"C3", "deep", "less"}}, "shallow"}},
	}}
	assert.Contains(t, values(t, doc, Variants(doc, Input{}, nil)), "deep", "what several values bring about together is seen all the same")
}

// values are what property P of resource R becomes.
func values(t *testing.T, doc map[string]any, inputs []Input) []any {
	t.Helper()
	var all []any
	for _, in := range inputs {
		resolved, err := Resolve(doc, in)
		require.NoError(t, err)
		all = append(all, resolved.Resources["R"].Properties["P"])
	}
	return all
}

func TestVariantsSeeWhatHangsOnTheAccountTheStackOrAMapping(t *testing.T) {
	for name, row := range map[string]struct{ conditions, value string }{
		"account":            {`{"C": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "222222222222"]}}`, `{"Fn::If": ["C", "good", "bad"]}`},
		"name of the stack":  {`{"C": {"Fn::Equals": [{"Ref": "AWS::StackName"}, "fleet-beta-x"]}}`, `{"Fn::If": ["C", "good", "bad"]}`},
		"part of the name":   {`{"C": {"Fn::Equals": [{"Fn::Select": [0, {"Fn::Split": ["-", {"Ref": "AWS::StackName"}]}]}, "fleet"]}}`, `{"Fn::If": ["C", "good", "bad"]}`},
		"id of the stack":    {`{"C": {"Fn::Equals": [{"Ref": "AWS::StackId"}, "x"]}}`, `{"Fn::If": ["C", "good", "bad"]}`},
		"mapping, parameter": {`{}`, `{"Fn::FindInMap": ["M", {"Ref": "Level"}, "v"]}`},
		"mapping, account":   {`{}`, `{"Fn::FindInMap": ["M", "accounts", {"Ref": "AWS::AccountId"}]}`},
		"mapping, region":    {`{}`, `{"Fn::FindInMap": ["M", "regions", {"Ref": "AWS::Region"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			doc := document(t, `{
				"Parameters": {"Level": {"Type": "String", "Default": "high"}},
				"Mappings": {"M": {"high": {"v": "good"}, "low": {"v": "bad"}, "regions": {"eu-west-1": "good", "eu-north-1": "bad"},
					"accounts": {"222222222222": "good", "555555555555": "bad"}}},
				"Conditions": `+row.conditions+`,
				"Resources": {"R": {"Type": "T", "Properties": {"P": `+row.value+`}}}
			}`)
			in := Input{Region: "eu-west-1", Account: "222222222222", StackName: "fleet-beta-x"}
			variants := Variants(doc, in, []string{"eu-west-1"})
			var all []any
			for _, v := range variants {
				if resolved, err := Resolve(doc, v); err == nil {
					all = append(all, resolved.Resources["R"].Properties["P"])
				}
			}
			assert.Contains(t, all, "good")
			assert.Contains(t, all, "bad")
		})
	}
	assert.Equal(t, "condition C false", Difference(Input{}, Input{Conditions: map[string]bool{"C": false}}))
}

func TestMoreBranchesThanCanBeLookedAtAreNoPass(t *testing.T) {
	conditions, properties := "", ""
	for i := range maxGranted + 1 {
		conditions += fmt.Sprintf(`%s"C%d": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "%d"]}`, comma(i), i, i)
		properties += fmt.Sprintf(`%s"P%d": {"Fn::If": ["C%d", 1, 2]}`, comma(i), i, i)
	}
	doc := document(t, `{"Conditions": {`+conditions+`}, "Resources": {"R": {"Type": "T", "Properties": {`+properties+`}}}}`)
	_, err := Explore(doc, Input{Account: "x"}, nil)
	require.ErrorContains(t, err, "65 branches hang on the account")
}

func TestAMappingIsNotLookedUpByAPartOfTheStacksName(t *testing.T) {
	doc := document(t, `{"Mappings": {"M": {"fleet": {"v": 1}, "SC": {"v": 2}}}, "Resources": {"R": {"Type": "T", "Properties": {
		"P": {"Fn::FindInMap": ["M", {"Fn::Select": [0, {"Fn::Split": ["-", {"Ref": "AWS::StackName"}]}]}, "v"]}
	}}}}`)
	_, err := Explore(doc, Input{StackName: "fleet-beta-x"}, nil)
	require.ErrorContains(t, err, "mapping M is looked up by a part of AWS::AccountId, AWS::StackId, AWS::StackName")
}

func TestDeepFunctionsTakeNoLongerThanShallowOnes(t *testing.T) {
	for _, wrap := range []string{`{"Fn::Join": ["", %s]}`, `{"Fn::Length": %s}`, `{"Fn::Cidr": [%s]}`, `{"Fn::Select": [0, %s]}`} {
		value := `{"Fn::GetAZs": {"Ref": "R"}}`
		for range 40 {
			value = fmt.Sprintf(wrap, value)
		}
		_, err := Resolve(document(t, `{"Resources": {"R": {"Type": "T", "Properties": {"P": `+value+`}}}}`), Input{})
		require.NoError(t, err, wrap)
	}
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

func TestATemplateWithoutConditionsHasOneVariant(t *testing.T) {
	assert.Len(t, Variants(document(t, `{"Resources": {"R": {"Type": "T"}}}`), Input{}, []string{"a", "b"}), 1)
}

func TestDocumentSaysWhatIsKnownAndKeepsTheRest(t *testing.T) {
	doc := document(t, `{
		"Parameters": {"Cidr": {"Type": "String", "Default": "0.0.0.0/0"}},
		"Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
		"Resources": {
			"Gone": {"Type": "T", "Condition": "Never"},
			"R": {"Type": "T", "DeletionPolicy": "Retain", "Properties": {
				"Known": {"Ref": "Cidr"}, "Ref": {"Ref": "R"}, "Att": {"Fn::GetAtt": ["R", "A.B"]},
				"Sub": {"Fn::Sub": "${R}/x"}, "Import": {"Fn::ImportValue": "n"}, "List": [{"Fn::If": ["Never", 1, {"Ref": "AWS::NoValue"}]}]
			}}
		}
	}`)
	resolved, err := Resolve(doc, Input{})
	require.NoError(t, err)
	resources := resolved.Document()["Resources"].(map[string]any)
	assert.NotContains(t, resources, "Gone")
	r := resources["R"].(map[string]any)
	assert.Equal(t, "Retain", r["DeletionPolicy"])
	assert.Equal(t, map[string]any{
		"Known": "0.0.0.0/0", "Ref": map[string]any{"Ref": "R"}, "Att": map[string]any{"Fn::GetAtt": []any{"R", "A.B"}},
		"Sub": map[string]any{"Fn::Sub": "${R}/x"}, "Import": map[string]any{"Fn::ImportValue": "n"}, "List": []any{},
	}, r["Properties"])
}
