package iam

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"accountfleet/internal/finding"
	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/gate/tool"
	"accountfleet/internal/manifest"
)

// judged runs the gate, with the real parliament, on products with a template each.
func judged(t *testing.T, templates map[string]string, locate tool.Locate, analyzer Analyzer) ([]finding.Finding, error) {
	t.Helper()
	files := map[string]string{}
	for id, template := range templates {
		for path, body := range gatetest.Files(id, template) {
			files[path] = body
		}
	}
	check, findings, err := Run(context.Background(), Options{
		Catalog: gatetest.Catalog(t, files), Settings: gatetest.Settings(), Locate: locate, Analyzer: analyzer,
	})
	if err == nil {
		assert.Equal(t, len(templates), check.Counted)
	}
	return findings, err
}

// rulesOf lists the rules of findings about a product, each once.
func rulesOf(findings []finding.Finding, product string) []string {
	rules, seen := []string{}, map[string]bool{}
	for _, f := range findings {
		if f.Product == product && !seen[f.Rule] {
			seen[f.Rule] = true
			rules = append(rules, f.Rule)
		}
	}
	return rules
}

// allowing is a template with one managed policy of statements in YAML's flow form.
func allowing(statements ...string) string {
	return "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - " +
		strings.Join(statements, "\n          - ") + "\n"
}

// onBucket is a template with one bucket policy.
func onBucket(statements ...string) string {
	return "Resources:\n  B: {Type: AWS::S3::Bucket}\n  P:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: !Ref B\n      PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          - " +
		strings.Join(statements, "\n          - ") + "\n"
}

const reading = `{Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::b/*"}`

// planted are templates by the one rule that must find them.
var planted = map[string][]string{
	"IAM_POLICY_WELL_FORMED": {
		allowing(`{Effect: Allow, Action: 5, Resource: "*"}`),
		allowing(`{Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::b/*", Conditions: {}}`),
		allowing(`{Effect: allow, Action: s3:GetObject, Resource: "arn:aws:s3:::b/*"}`),
		allowing(`{effect: Allow, action: s3:GetObject, resource: "arn:aws:s3:::b/*"}`),
		allowing(`{Effect: Allow, Action: s3GetObject, Resource: "arn:aws:s3:::b/*"}`),
		allowing(`{Effect: Deny, Action: s3:GetObject, NotAction: s3:PutObject, Resource: "arn:aws:s3:::b/*"}`),
		allowing(`{Effect: Allow, Action: s3:GetObject}`),
	},
	"IAM_POLICY_VERSION": {
		strings.Replace(allowing(reading), `        Version: "2012-10-17"`+"\n", "", 1),
		strings.Replace(allowing(reading), "2012-10-17", "2008-10-17", 1),
		strings.Replace(allowing(reading), "2012-10-17", "2020-01-01", 1),
	},
	"IAM_STATEMENT_IDS_DIFFER": {allowing(`{Sid: A, Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::b/*"}`, `{Sid: A, Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::c/*"}`)},
	"IAM_STATEMENT_ID_PLAIN":   {allowing(`{Sid: "a b", Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::b/*"}`)},
	"IAM_ACTION_EXISTS": {
		allowing(`{Effect: Allow, Action: s3:GetObjekt, Resource: "*"}`),
		allowing(`{Effect: Allow, Action: [s3:GetObject, "s4:*"], Resource: "*"}`),
		allowing(`{Effect: Deny, NotAction: ["s3:Fetch*"], Resource: "*"}`),
	},
	"IAM_CONDITION_OPERATOR_EXISTS": {allowing(`{Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::b/*", Condition: {StringsEqual: {"aws:username": x}}}`)},
	"IAM_CONDITION_KEY_EXISTS":      {allowing(`{Effect: Allow, Action: s3:PutObject, Resource: "arn:aws:s3:::b/*", Condition: {StringEquals: {"ec2:Region": x}}}`)},
	"IAM_CONDITION_VALUE_FITS": {
		allowing(`{Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::b/*", Condition: {DateLessThan: {"aws:CurrentTime": tomorrow}}}`),
		allowing(`{Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::b/*", Condition: {Bool: {"aws:SecureTransport": maybe}}}`),
	},
	"IAM_CONDITION_ARN_OPERATOR": {allowing(`{Effect: Allow, Action: ssm:GetParameter, Resource: "*", Condition: {StringEquals: {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}}`),
		onBucket(`{Effect: Deny, Principal: "*", Action: s3:PutObject, Resource: !Sub "${B.Arn}/*", Condition: {StringNotEquals: {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:*:111111111111:key/x"}}}`)},
	"IAM_CONDITION_SINGLE_VALUE": {allowing(`{Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::c/*"}`,
		`{Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::b/*", Condition: {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": o-exampleorgid}}}`)},
	"IAM_MFA_IS_DEMANDED":      {allowing(`{Effect: Deny, Action: s3:GetObject, Resource: "arn:aws:s3:::b/*", Condition: {Bool: {"aws:MultiFactorAuthPresent": "false"}}}`)},
	"IAM_RESOURCE_IS_ARN":      {allowing(`{Effect: Allow, Action: s3:GetObject, Resource: "b/*"}`), allowing(`{Effect: Allow, Action: s3:GetObject, Resource: ""}`)},
	"IAM_RESOURCE_FITS_ACTION": {allowing(`{Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::b"}`), onBucket(`{Effect: Allow, Principal: {AWS: "222222222222"}, Action: s3:GetObject, Resource: !GetAtt B.Arn}`)},
	"IAM_PRINCIPAL_EXISTS": {
		onBucket(`{Effect: Allow, Principal: {AWS: administrators}, Action: s3:GetObject, Resource: !Sub "${B.Arn}/*"}`),
		onBucket(`{Effect: Allow, Principal: {Aws: "222222222222"}, Action: s3:GetObject, Resource: !Sub "${B.Arn}/*"}`),
	},
	"IAM_NO_NOTPRINCIPAL_ALLOWED": {onBucket(`{Effect: Allow, NotPrincipal: {AWS: "222222222222"}, Action: s3:GetObject, Resource: !Sub "${B.Arn}/*"}`)},
	"IAM_POLICY_READABLE": {
		"Parameters: {Text: {Type: String, Default: none}}\nResources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties: {PolicyDocument: !Ref Text}\n",
		"Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties: {PolicyDocument: !ImportValue elsewhere}\n",
	},
	"IAM_PRINCIPAL_NOT_PUBLIC": {"Resources:\n  T: {Type: AWS::SNS::Topic}\n  P:\n    Type: AWS::SNS::TopicPolicy\n    Properties:\n      Topics: [!Ref T]\n      PolicyDocument: {Version: \"2012-10-17\", " +
		`Statement: [{Effect: Allow, Principal: "*", Action: sns:Publish, Resource: !Ref T, Condition: {Bool: {"aws:SecureTransport": "true"}}}]}` + "\n"},
	"IAM_OTHER_ACCOUNT_IS_BOUND": {onBucket(`{Effect: Allow, Principal: {AWS: "arn:aws:iam::999999999999:role/x"}, Action: s3:GetObject, Resource: !Sub "${B.Arn}/*"}`)},
	"IAM_SERVICE_IS_BOUND":       {onBucket(`{Effect: Allow, Principal: {Service: cloudtrail.amazonaws.com}, Action: s3:PutObject, Resource: !Sub "${B.Arn}/*"}`)},
	"IAM_SOURCE_IS_SAID": {"Resources:\n  T: {Type: AWS::SNS::Topic}\n  P:\n    Type: AWS::SNS::TopicPolicy\n    Properties:\n      Topics: [!Ref T]\n      PolicyDocument: {Version: \"2012-10-17\", " +
		`Statement: [{Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: sns:Publish, Resource: !Ref T, Condition: {ArnEquals: {"aws:SourceArn": "arn:aws:events:eu-west-1:222222222222:rule/r"}}}]}` + "\n"},
	"IAM_BUCKET_POLICY_GRANTS": {allowing(`{Effect: Allow, Action: s3:PutBucketPolicy, Resource: "arn:aws:s3:::b"}`)},
	"IAM_ESCALATES_BY_MANY":    {allowing(`{Effect: Allow, Action: "*", Resource: "*"}`), allowing(`{Effect: Allow, NotAction: "s3:*", Resource: "*"}`)},
	"IAM_TEMPLATE_UNRESOLVED": {"Mappings: {M: {a: {b: c}}}\nResources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      Description: !FindInMap [M, a, z]\n" +
		"      PolicyDocument: {Version: \"2012-10-17\", Statement: [" + reading + "]}\n"},
}

func TestEveryRuleFindsWhatItIsFor(t *testing.T) {
	templates, want := map[string]string{}, map[string]string{}
	for rule, bad := range planted {
		for i, template := range bad {
			id := strings.ReplaceAll(strings.ToLower(rule), "_", "-") + "-" + string(rune('a'+i))
			templates[id], want[id] = template, rule
		}
	}
	findings, err := judged(t, templates, gatetest.Locate, nil)
	require.NoError(t, err)
	for id, rule := range want {
		assert.Equal(t, []string{rule}, rulesOf(findings, id), id)
	}
	for _, r := range rules {
		_, isPlanted := planted[r.rule]
		assert.Equal(t, r.rule != "IAM_ACCESS_ANALYZER", isPlanted, "%s has no planted template", r.rule)
	}
	for _, f := range findings {
		assert.NotEmpty(t, f.Cure, f.Rule)
		assert.NotEmpty(t, f.Fingerprint, f.Rule)
		assert.Positive(t, f.Span.Line, f.Rule)
		assert.Contains(t, Explain(f.Rule), f.Rule)
	}
}

// sound are policies that AWS takes, among them what parliament alone would call wrong.
var sound = map[string]string{
	"an action newer than parliament": allowing(`{Effect: Allow, Action: ["odb:CreateOdbNetwork", "account:PutAccountName"], Resource: "*"}`),
	"actions in another case":         allowing(`{Effect: Allow, Action: ["S3:getobject"], Resource: "arn:aws:s3:::b/*"}`),
	"a key policy's sid":              keyPolicy(`{Sid: "Enable IAM user permissions", Effect: Allow, Principal: {AWS: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}, Action: "kms:*", Resource: "*"}`),
	"logs may use a key":              keyPolicy(`{Effect: Allow, Principal: {Service: !Sub "logs.${AWS::Region}.amazonaws.com"}, Action: ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"], Resource: "*", Condition: {ArnLike: {"kms:EncryptionContext:aws:logs:arn": !Sub "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"}}}`),
	"a version of TLS":                onBucket(`{Effect: Deny, Principal: "*", Action: "s3:*", Resource: [!GetAtt B.Arn, !Sub "${B.Arn}/*"], Condition: {NumericLessThan: {"s3:TlsVersion": "1.2"}}}`),
	"a newer global key":              onBucket(`{Effect: Allow, Principal: {Service: cloudtrail.amazonaws.com}, Action: s3:PutObject, Resource: !Sub "${B.Arn}/*", Condition: {StringEquals: {"aws:SourceOrgID": o-exampleorgid}}}`),
	"a service in another's name":     onBucket(`{Effect: Allow, Principal: {Service: "future.amazonaws.com"}, Action: s3:PutObject, Resource: !Sub "${B.Arn}/*"}`),
	"an organization's member":        onBucket(`{Effect: Allow, Principal: "*", Action: s3:GetObject, Resource: !Sub "${B.Arn}/*", Condition: {StringEquals: {"aws:PrincipalOrgID": o-exampleorgid}}}`),
	"a session":                       onBucket(`{Effect: Allow, Principal: {AWS: "arn:aws:sts::222222222222:assumed-role/r/s"}, Action: s3:GetObject, Resource: !Sub "${B.Arn}/*"}`),
	"a role of the template":          onBucket(`{Effect: Allow, Principal: {AWS: !GetAtt R.Arn}, Action: s3:GetObject, Resource: !Sub "${B.Arn}/*"}`) + role("", `{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}`),
	"an identity provider of one's own": "Resources:\n" + role("", `{Effect: Allow, Principal: {Federated: "arn:aws:iam::222222222222:oidc-provider/token.actions.githubusercontent.com"}, Action: sts:AssumeRoleWithWebIdentity, `+
		`Condition: {StringEquals: {"token.actions.githubusercontent.com:aud": sts.amazonaws.com, "token.actions.githubusercontent.com:sub": "repo:o/r:ref:refs/heads/main"}}}`),
	"an identity provider of the template": "Resources:\n  O:\n    Type: AWS::IAM::OIDCProvider\n    Properties: {Url: \"https://token.actions.githubusercontent.com\", ClientIdList: [sts.amazonaws.com]}\n" +
		role("", `{Effect: Allow, Principal: {Federated: !Ref O}, Action: sts:AssumeRoleWithWebIdentity, Condition: {StringEquals: {"token.actions.githubusercontent.com:sub": "repo:o/r:ref:refs/heads/main"}}}`),
	"what a branch that is not taken lacks": "Parameters: {Key: {Type: String, Default: \"\"}, Who: {Type: String, Default: \"\"}}\nConditions: {HasKey: !Not [!Equals [!Ref Key, \"\"]]}\n" +
		onBucket(`!If [HasKey, {Effect: Allow, Principal: {AWS: !Ref Who}, Action: s3:PutObject, Resource: !Sub "${B.Arn}/*", Condition: {ArnEquals: {"aws:PrincipalArn": !Ref Who}}}, !Ref AWS::NoValue]`,
			`{Effect: Deny, Principal: "*", Action: "s3:*", Resource: !GetAtt B.Arn}`),
	"nothing without encryption":  onBucket(`{Effect: Deny, Principal: "*", Action: s3:PutObject, Resource: !Sub "${B.Arn}/*", Condition: {StringNotEqualsIfExists: {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:222222222222:key/x"}}}`),
	"a guardrail by ForAllValues": allowing(`{Effect: Deny, Action: s3:GetObject, Resource: "*", Condition: {"ForAllValues:StringNotEquals": {"aws:PrincipalOrgID": o-exampleorgid}}}`),
	"a managed policy of AWS":     allowing(`{Effect: Allow, Action: iam:GetPolicy, Resource: "arn:aws:iam::aws:policy/ReadOnlyAccess"}`),
	"statements for two kinds":    allowing(`{Effect: Allow, Action: ["s3:GetObject", "s3:ListBucket"], Resource: ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}`),
	"a pattern of actions":        allowing(`{Effect: Allow, Action: ["s3:Get*"], Resource: ["arn:aws:s3:::b/*"]}`),
	"an endpoint's policy": "Resources:\n  E:\n    Type: AWS::EC2::VPCEndpoint\n    Properties:\n      ServiceName: com.amazonaws.eu-west-1.s3\n      VpcId: vpc-0123456789abcdef0\n" +
		"      PolicyDocument: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Principal: \"*\", Action: s3:GetObject, Resource: \"*\"}]}\n",
	"a rule of a firewall": "Resources:\n  W:\n    Type: AWS::WAFv2::RuleGroup\n    Properties:\n      Capacity: 1\n      Scope: REGIONAL\n      VisibilityConfig: {CloudWatchMetricsEnabled: true, MetricName: m, SampledRequestsEnabled: true}\n" +
		"      Rules: [{Name: r, Priority: 0, Action: {Block: {}}, Statement: {GeoMatchStatement: {CountryCodes: [AQ]}}, VisibilityConfig: {CloudWatchMetricsEnabled: true, MetricName: m, SampledRequestsEnabled: true}}]\n",
	"a policy of another language": "Resources:\n  A:\n    Type: AWS::OpenSearchServerless::AccessPolicy\n    Properties: {Name: abc, Type: data, Policy: '[{\"Rules\": []}]'}\n",
	"a tag policy":                 "Resources:\n  T:\n    Type: AWS::Organizations::Policy\n    Properties: {Name: t, Type: TAG_POLICY, Content: '{\"tags\": {}}'}\n",
}

func keyPolicy(statement string) string {
	return "Resources:\n  K:\n    Type: AWS::KMS::Key\n    Properties:\n      KeyPolicy: {Version: \"2012-10-17\", Statement: [" + statement + "]}\n"
}

// role is a role as it stands under Resources; properties end in a newline.
func role(properties string, trust string) string {
	return "  R:\n    Type: AWS::IAM::Role\n    Properties:\n" + properties + "      AssumeRolePolicyDocument: {Version: \"2012-10-17\", Statement: [" + trust + "]}\n"
}

func TestWhatAWSTakesIsNoFinding(t *testing.T) {
	templates, names := map[string]string{}, map[string]string{}
	for name, template := range sound {
		id := strings.ReplaceAll(strings.ToLower(strings.ReplaceAll(name, "'", "")), " ", "-")
		templates[id], names[id] = template, name
	}
	findings, err := judged(t, templates, gatetest.Locate, nil)
	require.NoError(t, err)
	for _, f := range findings {
		t.Errorf("%s: %s: %s", names[f.Product], f.Rule, f.Message)
	}
}

func TestAFindingIsShownAtItsLine(t *testing.T) {
	findings, err := judged(t, map[string]string{"sample": `Conditions:
  Here: !Equals [!Ref AWS::Region, eu-west-1]
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - !If [Here, !Ref AWS::NoValue, {Effect: Allow, Action: s3:GetObject, Resource: "arn:aws:s3:::b/*"}]
          - Effect: Allow
            Action:
              - s3:GetObject
              - s3:GetObjekt
            Resource: "*"
`}, gatetest.Locate, nil)
	require.NoError(t, err)
	require.Len(t, findings, 1)
	f := findings[0]
	assert.Equal(t, []any{"IAM_ACTION_EXISTS", "P", "products/sample/template.yaml", 14}, []any{f.Rule, f.Resource, f.File, f.Span.Line})
	assert.Equal(t, "Unknown action s3:GetObjekt: AWS has no such action, so the statement does less than it says", f.Message)
}

func TestNoTemplateIsBroken(t *testing.T) {
	_, _, err := Run(context.Background(), Options{Catalog: &manifest.Catalog{}, Settings: gatetest.Settings(), Locate: gatetest.Locate})
	require.ErrorContains(t, err, "no template to check")
}

func TestAToolThatDoesNotDoItsWorkIsBroken(t *testing.T) {
	stub := func(script string) tool.Locate {
		located, err := gatetest.Stub(t, script)("parliament-python")
		require.NoError(t, err)
		return func(name string) (tool.Tool, error) {
			if name == "parliament-python" {
				return located, nil
			}
			return gatetest.Locate(name)
		}
	}
	without := func(missing string) tool.Locate {
		return func(name string) (tool.Tool, error) {
			if name == missing {
				return tool.Tool{}, fs.ErrNotExist
			}
			return gatetest.Locate(name)
		}
	}
	const ids = `"0":[],"canary-0":[],"canary-1":[],"canary-2":[],"canary-3":[],"canary-4":[],"canary-5":[]`
	for name, row := range map[string]struct {
		locate tool.Locate
		want   string
	}{
		"missing":         {without("parliament-python"), "file does not exist"},
		"no reference":    {without("cfn-lint"), "file does not exist"},
		"crashes":         {stub("exit 1"), "exit status 1"},
		"complains":       {stub("echo odd >&2"), "odd"},
		"says nothing":    {stub(""), "report cannot be read"},
		"another version": {stub(`echo '{"version":"1.0.0","issues":{}}'`), "want 1.6.4"},
		"answers part":    {stub(`echo '{"version":"1.6.4","issues":{}}'`), "asked about 7 policies and answered about 0"},
		"finds nothing":   {stub(`echo '{"version":"1.6.4","issues":{` + ids + `}}'`), "proof of life"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := judged(t, map[string]string{"sample": allowing(reading)}, row.locate, nil)
			require.ErrorContains(t, err, row.want)
		})
	}
}

// TestEveryKindOfIssueIsKnown holds that no kind that this parliament has, or its community's auditors, was overlooked.
func TestEveryKindOfIssueIsKnown(t *testing.T) {
	python, err := gatetest.Locate("parliament-python")
	require.NoError(t, err)
	var files []string
	for _, name := range []string{"config.yaml", "community_auditors/config_override.yaml"} {
		found, err := filepath.Glob(filepath.Join(filepath.Dir(python.Path), "../lib/python3.*/site-packages/parliament", name))
		require.NoError(t, err)
		files = append(files, found...)
	}
	require.Len(t, files, 2)
	kinds := 0
	for _, path := range files {
		body, err := os.ReadFile(path)
		require.NoError(t, err)
		var known map[string]any
		require.NoError(t, yaml.Unmarshal(body, &known))
		for kind := range known {
			kinds++
			_, err := judge(policy{product: &manifest.Product{ID: "sample"}}, issue{Kind: kind, Detail: json.RawMessage("{}")})
			assert.NoError(t, err)
		}
	}
	assert.Greater(t, kinds, 25)
}

func TestAKindOfIssueThatIsNotKnownBreaksTheGate(t *testing.T) {
	_, err := judge(policy{product: &manifest.Product{ID: "sample"}}, issue{Kind: "NEW_KIND"})
	require.ErrorContains(t, err, `unknown kind of issue "NEW_KIND"`)
}
