package iam

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
)

// hidings are ways to bring one bad statement past a gate. Each must be found, by the rule named.
var hidings = map[string]struct{ template, rule string }{
	"in a branch":         {allowing(`!If [Never, {Effect: Allow, Action: s3:GetObjekt, Resource: "*"}, !Ref AWS::NoValue]`) + never, "IAM_ACTION_EXISTS"},
	"in the other branch": {allowing(`!If [Never, !Ref AWS::NoValue, {Effect: Allow, Action: s3:GetObjekt, Resource: "*"}]`) + never, "IAM_ACTION_EXISTS"},
	"in a branch of a branch": {allowing(`{Effect: Allow, Resource: "*", Action: !If [Never, !If [Always, s3:GetObjekt, s3:ListAllMyBuckets], s3:ListAllMyBuckets]}`) +
		never, "IAM_ACTION_EXISTS"},
	"in a resource that is never made": {strings.Replace(allowing(`{Effect: Allow, Action: s3:GetObjekt, Resource: "*"}`), "ManagedPolicy\n", "ManagedPolicy\n    Condition: Never\n", 1) +
		never, "IAM_ACTION_EXISTS"},
	"in a parameter's value": {"Parameters: {Verb: {Type: String, Default: Get, AllowedValues: [Get, Fetch]}}\nConditions: {Fetches: !Equals [!Ref Verb, Fetch]}\n" +
		allowing(`{Effect: Allow, Action: !Sub "s3:${Verb}Object", Resource: "arn:aws:s3:::b/*"}`), "IAM_ACTION_EXISTS"},
	"in a mapping":        {"Mappings: {M: {a: {b: s3:GetObjekt}}}\n" + allowing(`{Effect: Allow, Action: !FindInMap [M, a, b], Resource: "*"}`), "IAM_ACTION_EXISTS"},
	"joined":              {allowing(`{Effect: Allow, Action: !Join [":", [s3, GetObjekt]], Resource: "*"}`), "IAM_ACTION_EXISTS"},
	"selected":            {allowing(`{Effect: Allow, Action: !Select [1, [s3:GetObject, s3:GetObjekt]], Resource: "*"}`), "IAM_ACTION_EXISTS"},
	"split":               {allowing(`{Effect: Allow, Action: !Split [",", "s3:GetObject,s3:GetObjekt"], Resource: "*"}`), "IAM_ACTION_EXISTS"},
	"as JSON":             {managed(`'{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*"}}'`), "IAM_ACTION_EXISTS"},
	"as escaped JSON":     {managed(`'{"Version": "2012-10-17", "St\u0061tement": {"Effect": "Allow", "Action": "s3:GetObj\u0065kt", "Resource": "*"}}'`), "IAM_ACTION_EXISTS"},
	"as JSON, said twice": {managed(`'{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}, "Statement": []}'`), "IAM_POLICY_READABLE"},
	"as JSON, said twice in another case": {managed(`'{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "action": "*", "Resource": "*"}}'`),
		"IAM_POLICY_READABLE"},
	"as JSON with more behind it": {managed(`'{"Version": "2012-10-17", "Statement": []} {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'`), "IAM_POLICY_READABLE"},
	"as substituted JSON":         {managed(`!Sub '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "arn:${AWS::Partition}:s3:::${B}/*"}}'`) + "  B: {Type: AWS::S3::Bucket}\n", "IAM_ACTION_EXISTS"},
	"as JSON made by a function":  {managed(`!ToJsonString {Version: "2012-10-17", Statement: {Effect: Allow, Action: s3:GetObjekt, Resource: !GetAtt B.Arn}}`) + "  B: {Type: AWS::S3::Bucket}\n", "IAM_ACTION_EXISTS"},
	"public, as JSON": {strings.Replace(managed(`'{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}}'`),
		"AWS::IAM::ManagedPolicy\n    Properties: {", "AWS::S3::BucketPolicy\n    Properties: {Bucket: b, ", 1), "IAM_PRINCIPAL_NOT_PUBLIC"},
	"in a control policy": {"Resources:\n  P:\n    Type: AWS::Organizations::Policy\n    Properties: {Name: p, Type: SERVICE_CONTROL_POLICY, Content: '{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Deny\", \"Action\": \"s3:GetObjekt\", \"Resource\": \"*\"}]}'}\n",
		"IAM_ACTION_EXISTS"},
	"as an imported control policy": {"Resources:\n  P:\n    Type: AWS::Organizations::Policy\n    Properties: {Name: p, Type: SERVICE_CONTROL_POLICY, Content: !ImportValue x}\n", "IAM_POLICY_READABLE"},
	"one statement, no list":        {managed(`{Version: "2012-10-17", Statement: {Effect: Allow, Action: s3:GetObjekt, Resource: "*"}}`), "IAM_ACTION_EXISTS"},
	"elements in lower case":        {managed(`{version: "2012-10-17", statement: [{effect: Allow, action: "s3:GetObject", resource: "*"}]}`), "IAM_POLICY_WELL_FORMED"},
	"an empty document":             {managed(`{}`), "IAM_POLICY_READABLE"},
	"no statements":                 {managed(`{Version: "2012-10-17", Statement: []}`), "IAM_POLICY_READABLE"},
	"everything but a little":       {allowing(`{Effect: Allow, NotAction: [s3:DeleteBucket], Resource: "*"}`), "IAM_ESCALATES_BY_MANY"},
	"actions in odd case":           {allowing(`{Effect: Allow, Action: ["IAM:PASSROLE", "LAMBDA:createfunction"], Resource: "*"}`), "IAM_ESCALATES_BY_FUNCTION"},
	"actions by question marks":     {allowing(`{Effect: Allow, Action: ["iam:Pa??Role", "lambda:Create*"], Resource: "*"}`), "IAM_ESCALATES_BY_FUNCTION"},
	"in a trust":                    {"Resources:\n" + role("", `{Effect: Allow, Principal: {Service: scheduler.amazonaws.com}, Action: "sts:AssumeRol"}`), "IAM_ACTION_EXISTS"},
	"in an event bus's statement": {"Resources:\n  P:\n    Type: AWS::Events::EventBusPolicy\n    Properties: {StatementId: s, Statement: {Effect: Allow, Principal: {AWS: \"999999999999\"}, Action: events:PutEvents, Resource: \"*\"}}\n",
		"IAM_OTHER_ACCOUNT_IS_BOUND"},
	"in a slow pattern": {allowing(`{Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::`+strings.Repeat("a*", 60)+`b"}`, `{Effect: Allow, Action: s3:GetObjekt, Resource: "*"}`), "IAM_ACTION_EXISTS"},
}

const never = "Conditions: {Never: !Equals [!Ref AWS::AccountId, \"000000000001\"], Always: !Not [!Condition Never]}\n"

func managed(body string) string {
	return "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties: {PolicyDocument: " + body + "}\n"
}

func TestNothingIsHidden(t *testing.T) {
	templates := map[string]string{}
	id := func(name string) string {
		return strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(strings.ToLower(name))
	}
	for name, h := range hidings {
		templates[id(name)] = h.template
	}
	findings, err := judged(t, templates, gatetest.Locate, nil)
	require.NoError(t, err)
	for name, h := range hidings {
		assert.Contains(t, rulesOf(findings, id(name)), h.rule, name)
	}
}
