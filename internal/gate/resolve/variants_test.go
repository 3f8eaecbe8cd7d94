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
