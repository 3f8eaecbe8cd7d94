package features

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/document"
)

// policyOf reads a policy's statements, written as YAML.
func policyOf(t *testing.T, statement string) any {
	t.Helper()
	d, findings := document.Parse("policy.yaml", []byte("Statement: ["+statement+"]"), document.Options{})
	require.Empty(t, findings)
	return d.Value
}

// TestConditionsAreEvaluatedAsIAMDoes follows the IAM User Guide: "Condition operators", "Single-valued vs. multivalued context keys",
// "Policy variables". A value of "-" is a key that the request does not carry; several are joined by a bar.
func TestConditionsAreEvaluatedAsIAMDoes(t *testing.T) {
	for _, row := range []struct {
		operator, wanted, value string
		holds                   bool
	}{
		{"StringEquals", "a|b", "b", true},
		{"StringEquals", "a", "A", false},
		{"StringEquals", "a*", "abc", false},
		{"StringEquals", "a", "-", false},
		{"StringEqualsIfExists", "a", "-", true},
		{"StringEqualsIfExists", "a", "b", false},
		{"StringNotEquals", "a|b", "b", false},
		{"StringNotEquals", "a|b", "c", true},
		{"StringNotEquals", "a", "-", true},
		{"StringNotEqualsIfExists", "a", "-", true},
		{"StringEqualsIgnoreCase", "a", "A", true},
		{"StringNotEqualsIgnoreCase", "a", "A", false},
		{"StringLike", "a*", "abc", true},
		{"StringLike", "a?c", "abc", true},
		{"StringLike", "a.c", "abc", false},
		{"StringLike", "a${*}", "abc", false},
		{"StringLike", "a${*}", "a*", true},
		{"StringNotLike", "a*", "abc", false},
		{"StringEquals", "${test:other}", "o", true},
		{"StringEquals", "${test:absent}", "o", false},
		{"StringEquals", "${test:absent, 'o'}", "o", true},
		{"StringLike", "${test:star}", "anything", false},
		{"ArnLike", "arn:aws:iam::*:role/x*", "arn:aws:iam::1:role/xy", true},
		{"ArnLike", "arn:*:s3:*:x:y", "arn:aws:iam:s3:q:x:y", false},
		{"ArnLike", "arn:*:iam::*:role/x", "not-an-arn", false},
		{"ArnNotLike", "arn:aws:iam::*:role/x*", "arn:aws:iam::1:role/y", true},
		{"ArnNotLike", "arn:aws:iam::*:role/x*", "-", true},
		{"ArnEquals", "arn:aws:iam::1:role/x", "arn:aws:iam::1:role/x", true},
		{"Bool", "true", "true", true},
		{"Bool", "false", "-", false},
		{"BoolIfExists", "false", "-", true},
		{"Null", "true", "-", true},
		{"Null", "true", "x", false},
		{"Null", "false", "x", true},
		{"NumericLessThan", "900", "899", true},
		{"NumericGreaterThanEquals", "900", "899", false},
		{"NumericNotEquals", "1", "1.0", false},
		{"IpAddress", "10.0.0.0/8", "10.1.2.3", true},
		{"NotIpAddress", "10.0.0.0/8|192.0.2.1", "192.0.2.1", false},
		{"ForAllValues:StringEquals", "a|b", "a|b", true},
		{"ForAllValues:StringEquals", "a|b", "a|c", false},
		{"ForAllValues:StringEquals", "a|b", "-", true},
		{"ForAnyValue:StringEquals", "a|b", "a|c", true},
		{"ForAnyValue:StringEquals", "a|b", "c|d", false},
		{"ForAnyValue:StringEquals", "a|b", "-", false},
		{"ForAnyValue:StringNotEquals", "a|b", "a|c", true},
		{"ForAllValues:StringNotEquals", "a|b", "a|c", false},
	} {
		t.Run(row.operator+" "+row.wanted+" "+row.value, func(t *testing.T) {
			r := request{action: "s3:GetObject", resource: "*", keys: map[string][]string{
				"test:key": strings.Split(row.value, "|"), "test:other": {"o"}, "test:absent": {}, "test:star": {"*"},
			}}
			if row.value == "-" {
				r.keys["test:key"] = []string{}
			}
			wanted := []any{}
			for _, text := range strings.Split(row.wanted, "|") {
				wanted = append(wanted, text)
			}
			policy := map[string]any{"Statement": map[string]any{
				"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": map[string]any{row.operator: map[string]any{"TEST:Key": wanted}},
			}}
			denies, _, err := denied(policy, r)
			require.NoError(t, err)
			assert.Equal(t, row.holds, denies)
		})
	}
}

func TestActionsAndResourcesAreMatchedAsIAMDoes(t *testing.T) {
	for name, row := range map[string]struct {
		statement string
		denies    bool
	}{
		"action in any case":       {`{Effect: Deny, Action: ["iam:*", "S3:get*"], Resource: "*"}`, true},
		"another action":           {`{Effect: Deny, Action: "s3:Put*", Resource: "*"}`, false},
		"not action":               {`{Effect: Deny, NotAction: ["iam:*"], Resource: "*"}`, true},
		"not action, but named":    {`{Effect: Deny, NotAction: ["s3:*"], Resource: "*"}`, false},
		"resource":                 {`{Effect: Deny, Action: "*", Resource: "arn:aws:s3:::b?cket/*"}`, true},
		"resource in another case": {`{Effect: Deny, Action: "*", Resource: "arn:aws:s3:::Bucket/*"}`, false},
		"not resource":             {`{Effect: Deny, Action: "*", NotResource: "arn:aws:s3:::other/*"}`, true},
		"not resource, but named":  {`{Effect: Deny, Action: "*", NotResource: "arn:aws:s3:::bucket/*"}`, false},
		"allowed":                  {`{Effect: Allow, Action: "*", Resource: "*"}`, false},
		"the second statement":     {`{Effect: Allow, Action: "*", Resource: "*"}, {Effect: Deny, Principal: "*", Action: "*", Resource: "*"}`, true},
		"two keys, one holds":      {`{Effect: Deny, Action: "*", Resource: "*", Condition: {Bool: {"a:b": "true", "a:c": "true"}}}`, false},
		"a variable in a resource": {`{Effect: Deny, Action: "*", Resource: "arn:aws:s3:::${a:name}/*"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			denies, _, err := denied(policyOf(t, row.statement), request{
				action: "s3:GetObject", resource: "arn:aws:s3:::bucket/key", keys: map[string][]string{"a:b": {"true"}, "a:c": {"false"}, "a:name": {"bucket"}},
			})
			require.NoError(t, err)
			assert.Equal(t, row.denies, denies)
		})
	}
}

func TestWhatCannotBeEvaluatedIsNoAnswer(t *testing.T) {
	for name, row := range map[string]struct{ statement, says string }{
		"unknown operator":      {`{Effect: Deny, Action: "*", Resource: "*", Condition: {DateLessThan: {"a:b": "2030-01-01"}}}`, "operator DateLessThan cannot be evaluated"},
		"operator misspelt":     {`{Effect: Deny, Action: "*", Resource: "*", Condition: {StringEqual: {"a:b": "x"}}}`, "operator StringEqual cannot"},
		"key not stated":        {`{Effect: Deny, Action: "*", Resource: "*", Condition: {Bool: {"a:unsaid": "true"}}}`, "depends on a:unsaid"},
		"one fails, one errs":   {`{Effect: Deny, Action: "*", Resource: "*", Condition: {Bool: {"a:b": "false"}, StringEqual: {"a:b": "x"}}}`, "cannot be evaluated"},
		"variable not stated":   {`{Effect: Deny, Action: "*", Resource: "${a:unsaid}"}`, "depends on a:unsaid"},
		"several values":        {`{Effect: Deny, Action: "*", Resource: "*", Condition: {StringEquals: {"a:many": "x"}}}`, "has several values"},
		"effect":                {`{Effect: deny, Action: "*", Resource: "*"}`, "Effect is"},
		"no action":             {`{Effect: Deny, Resource: "*"}`, "neither Action nor NotAction"},
		"no resource":           {`{Effect: Deny, Action: "*"}`, "neither Resource nor NotResource"},
		"some principal":        {`{Effect: Deny, Principal: {AWS: "1"}, Action: "*", Resource: "*"}`, `only "*" is allowed`},
		"principals left out":   {`{Effect: Deny, NotPrincipal: "*", Action: "*", Resource: "*"}`, "NotPrincipal"},
		"no statement":          {``, "has no statement"},
		"Null without a truth":  {`{Effect: Deny, Action: "*", Resource: "*", Condition: {"Null": {"a:b": "x"}}}`, "want true or false"},
		"a number that is none": {`{Effect: Deny, Action: "*", Resource: "*", Condition: {NumericEquals: {"a:b": "1"}}}`, "cannot be compared"},
		"an ARN that is none":   {`{Effect: Deny, Action: "*", Resource: "*", Condition: {ArnLike: {"a:b": "role/x"}}}`, "is no ARN"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := denied(policyOf(t, row.statement), request{
				action: "s3:GetObject", resource: "*", keys: map[string][]string{"a:b": {"true"}, "a:many": {"x", "y"}},
			})
			require.ErrorContains(t, err, row.says)
		})
	}
}
