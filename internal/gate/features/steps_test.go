package features

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/document"
	"accountfleet/internal/manifest"
)

// sample is a template about which every sentence can be true or false.
const sample = `
Parameters:
  Public: {Type: String, Default: "false", AllowedValues: ["true", "false"]}
  Days: {Type: Number, Default: 365, MinValue: 90}
  Owner: {Type: String}
Conditions:
  IsPublic: !Equals [!Ref Public, "true"]
Resources:
  Key: {Type: AWS::KMS::Key, DeletionPolicy: Retain, UpdateReplacePolicy: Retain, Properties: {EnableKeyRotation: true}}
  Lazy: {Type: AWS::KMS::Key, Condition: IsPublic}
  Good:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      VersioningConfiguration: {Status: Enabled}
      Tags: [{Key: owner, Value: !Ref Owner}, {Key: region, Value: !Ref AWS::Region}]
      BucketEncryption: {ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {KMSMasterKeyID: !GetAtt Key.Arn}}]}
      PublicAccessBlockConfiguration: {BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Good
      PolicyDocument:
        Statement:
          Effect: Deny
          Principal: "*"
          Action: s3:*
          Resource: [!GetAtt Good.Arn, !Sub "${Good.Arn}/*"]
          Condition: {Bool: {"aws:SecureTransport": "false"}}
  Bad:
    Type: AWS::S3::Bucket
    Condition: IsPublic
    Properties:
      AccessControl: PublicRead
      BucketEncryption: {ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {KMSMasterKeyID: alias/aws/s3}}]}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: !Ref Days}}
  Vpc: {Type: AWS::EC2::VPC}
  Flow: {Type: AWS::EC2::FlowLog, Properties: {ResourceId: !Ref Vpc, TrafficType: !If [IsPublic, REJECT, ALL]}}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}
        - !If [IsPublic, {IpProtocol: tcp, FromPort: 20, ToPort: 25, CidrIpv6: "::/0"}, !Ref AWS::NoValue]
  Detector: {Type: AWS::GuardDuty::Detector, Properties: {Enable: !If [IsPublic, false, true]}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      PermissionsBoundary: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/fleet-boundary"
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: config.amazonaws.com}, Action: sts:AssumeRole}]}
      Policies:
        - PolicyName: p
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: [s3:Put*], Resource: !Sub "${Good.Arn}/*"}
              - {Effect: Allow, Action: logs:CreateLogStream, Resource: "*"}
              - {Effect: Deny, Action: ec2:*, Resource: "*"}
              - {Effect: Allow, Action: ec2:RunInstances, Resource: "*"}
  Managed:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {AWS: ["111111111111", "222222222222"]}, Action: sts:AssumeRole}]}
      ManagedPolicyArns: [!Sub "arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess", !Ref Extra]
  Extra:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Statement: [{Effect: Allow, NotAction: iam:*, Resource: "*"}]}}
  Fence:
    Type: AWS::Organizations::Policy
    Properties:
      Name: fence
      Type: SERVICE_CONTROL_POLICY
      TargetIds: [!If [IsPublic, r-root, ou-root-unit0001]]
      Content:
        Version: "2012-10-17"
        Statement:
          Effect: Deny
          NotAction: ["iam:*"]
          Resource: "*"
          Condition: {StringNotEquals: {"aws:RequestedRegion": [eu-west-1, !If [IsPublic, us-east-1, !Ref AWS::NoValue]]}}
  Labels:
    Type: AWS::Organizations::Policy
    Properties: {Name: labels, Type: TAG_POLICY, Content: '{"tags": {"owner": {"tag_key": {"@@assign": "owner"}}}}'}
  Odd:
    Type: AWS::Organizations::Policy
    Properties: {Name: odd, Type: S3_POLICY, Content: !Sub '{"bucket": "${Good}"}'}
Outputs:
  Arn: {Value: !GetAtt Good.Arn}
  Region: {Value: !Ref AWS::Region}
  Only: {Condition: IsPublic, Value: x}
`

func sampleCatalog(t *testing.T) (*manifest.Catalog, *config.Settings) {
	t.Helper()
	d, findings := document.Parse("products/sample/template.yaml", []byte(sample), document.Options{CloudFormation: true})
	require.Empty(t, findings)
	product := manifest.Product{
		ID: "sample", Portfolios: []string{"security"}, Parameters: map[string]string{"Owner": "team", "Days": "90"},
		Tests:    []manifest.Test{{Name: "public", Parameters: map[string]string{"Public": "true", "Owner": "$[taskcat_genuuid]"}}},
		Template: manifest.Template{Path: d.File, Body: d.JSON(), Doc: d.Value.(map[string]any), Lines: d.Lines},
	}
	settings := &config.Settings{
		Name: "fleet", Regions: config.Regions{Home: "eu-west-1"}, Accounts: config.Accounts{Test: "222222222222"}, RequiredServices: []string{"guardduty"},
	}
	return &manifest.Catalog{Products: []manifest.Product{product}}, settings
}

// say runs one scenario and returns why it does not hold, empty if it does.
func say(t *testing.T, c *manifest.Catalog, s *config.Settings, steps ...string) string {
	t.Helper()
	text := "Feature: f\n  Scenario: s\n    Given " + strings.Join(steps, "\n    And ") + "\n"
	results, _, err := suite(context.Background(), []run{{uri: "f", file: manifest.File{Body: []byte(text)}}}, c, s)
	require.NoError(t, err)
	element := results[0].Elements[0]
	at := element.broken()
	if at < 0 {
		require.Len(t, element.Steps, len(steps))
		return ""
	}
	require.Equal(t, len(steps)-1, at, "only the last sentence is in question: %s", element.Steps[at].Result.Error)
	require.Equal(t, "failed", element.Steps[at].Result.Status, element.Steps[at].Name)
	return element.Steps[at].Result.Error
}

func TestSentencesHoldAndFailForTheRightReason(t *testing.T) {
	catalog, settings := sampleCatalog(t)
	const given, public = `the template of product "sample"`, `with parameter "Public" set to "true"`
	for _, row := range []struct{ step, privately, publicly string }{ // why it does not hold by default, and with Public set
		{`there is a AWS::S3::Bucket`, "", ""},
		{`there is a AWS::SNS::Topic`, "there is no AWS::SNS::Topic", "there is no"},
		{`there is no AWS::SNS::Topic`, "", ""},
		{`there is no AWS::S3::Bucket`, "Good is a AWS::S3::Bucket", "is a AWS::S3::Bucket"},
		{`there are 1 AWS::S3::Bucket`, "", "there are 2 AWS::S3::Bucket: Bad, Good"},
		{`the resource "Vpc" is a AWS::EC2::VPC`, "", ""},
		{`the resource "Vpc" is a AWS::EC2::Subnet`, "Vpc is a AWS::EC2::VPC", "Vpc is a AWS::EC2::VPC"},
		{`the resource "Bad" is not created`, "", "Bad is created"},
		{`the resource "Nobody" is not created`, `no resource "Nobody"`, `no resource "Nobody"`},
		{`the resource "Flow" has property "TrafficType" equal to "ALL"`, "", `TrafficType is "REJECT"`},
		{`the resource "Good" has property "Tags[].Value" equal to "team"`, `is "eu-west-1", not "team"`, `not "team"`},
		{`the resource "Good" has property "Tags[1].Value" equal to "eu-west-1"`, "", ""},
		{`the resource "Good" has property "Nothing" equal to "x"`, "has no Nothing", "has no Nothing"},
		{`the resource "Flow" has property "ResourceId" referring to "Vpc"`, "", ""},
		{`the resource "Flow" has property "ResourceId" referring to "Key"`, "does not refer to Key", "does not refer to Key"},
		{`the resource "Flow" has property "ResourceId" equal to "vpc-1"`, "known only after a deployment", "known only after"},
		{`every AWS::S3::Bucket has property "VersioningConfiguration"`, "", "Bad has no VersioningConfiguration"},
		{`every AWS::S3::Bucket has property "VersioningConfiguration.Status" equal to "Enabled"`, "", "Bad has no"},
		{`every AWS::SNS::Topic, if any, has property "X"`, "", ""},
		{`every AWS::SNS::Topic has property "X"`, "a demand on nothing proves nothing", "a demand on nothing"},
		{`no AWS::S3::Bucket has property "AccessControl"`, "", `AccessControl is "PublicRead"`},
		{`no AWS::S3::Bucket has property "AccessControl" equal to "PublicRead"`, "", `is "PublicRead"`},
		{`no AWS::EC2::FlowLog has property "ResourceId" equal to "x"`, "cannot be compared", "cannot be compared"},
		{`every AWS::S3::Bucket is kept when its stack is deleted`, "", "Bad: DeletionPolicy is Delete"},
		{`the resource "Policy" depends on "Key"`, "", ""},
		{`the resource "Key" depends on "Policy"`, "may be created before", "may be created before"},
		{`every AWS::S3::Bucket is encrypted with a customer key`, "", "a key that AWS manages"},
		{`every AWS::EC2::VPC is encrypted with a customer key`, "does not know which property", "does not know"},
		{`every AWS::S3::Bucket blocks public access`, "", "Bad has no PublicAccessBlock"},
		{`every AWS::S3::Bucket refuses requests without TLS`, "", "Bad: no bucket policy denies"},
		{`every AWS::KMS::Key rotates`, "", "Lazy has no EnableKeyRotation"},
		{`every AWS::Logs::LogGroup keeps events for at least 365 days`, "", ""},
		{`every AWS::Logs::LogGroup keeps events for at least 366 days`, "keeps events for 365 days", "365 days"},
		{`every AWS::EC2::VPC has a flow log`, "", "no AWS::EC2::FlowLog of all traffic"},
		{`port 22 is not open to the world`, "", "Group admits ::/0 on port 22"},
		{`port 443 is not open to the world`, "Group admits 0.0.0.0/0 on port 443", "on port 443"},
		{`every AWS::IAM::Role has the permissions boundary`, "Managed: PermissionsBoundary is absent", "Managed"},
		{`the role "Role" may be assumed only by "config.amazonaws.com"`, "", ""},
		{`the role "Managed" may be assumed only by "111111111111"`, "may be assumed by aws:222222222222", "222222222222"},
		{`the role "Vpc" can "s3:*"`, "not a role", "not a role"},
		{`the role "Role" can "s3:PutObject"`, "", ""},
		{`the role "Role" can "s3:GetObject"`, "no statement of the template allows", "no statement"},
		{`the role "Role" can "ec2:RunInstances"`, "no statement of the template allows", "no statement"},
		{`the role "Role" cannot "s3:Get*"`, "", ""},
		{`the role "Role" cannot "s3:*"`, "a statement allows s3:put*", "a statement allows"},
		{`the role "Role" cannot "s3:*" on any resource outside the product`, "", ""},
		{`the role "Role" cannot "logs:*" on any resource outside the product`, "on *, which is not a resource of this template", "on *"},
		{`the role "Managed" cannot "iam:*"`, "cannot be seen", "cannot be seen"},
		{`the role "Managed", managed policies aside, cannot "iam:*"`, "", ""},
		{`the role "Managed", managed policies aside, cannot "s3:*"`, "everything but iam:*", "everything but"},
		{`the role "Managed" attaches only the managed policy "ReadOnlyAccess"`, "", ""},
		{`the role "Managed" attaches only the managed policy ""`, "attaches arn:aws:iam::aws:policy/ReadOnlyAccess", "attaches"},
		{`the role "Role" attaches only the managed policy "ReadOnlyAccess"`, "does not attach", "does not attach"},
		{`no role, managed policies aside, can "iam:CreateUser"`, "", ""},
		{`no role, managed policies aside, can "sqs:SendMessage"`, "a statement allows everything but", "a statement allows"},
		{`the parameter "Days" has the default "365"`, "", ""},
		{`the parameter "Owner" has the default "x"`, "has no default", "has no default"},
		{`the parameter "Days" accepts "90"`, "", ""},
		{`the parameter "Days" accepts "89"`, "less than MinValue", "less than"},
		{`the parameter "Days" refuses "89"`, "", ""},
		{`the parameter "Days" refuses "90"`, "accepts", "accepts"},
		{`the parameter "Nobody" accepts "1"`, "no parameter", "no parameter"},
		{`the output "Arn" exists`, "", ""},
		{`the output "Only" exists`, `no output "Only"`, ""},
		{`the output "Region" is "eu-west-1"`, "", ""},
		{`the output "Arn" is "x"`, "known only after a deployment", "known only"},
		{`the output "Arn" refers to "Good"`, "", ""},
		{`the output "Arn" refers to "Key"`, "does not refer to Key", "does not refer"},
		{`the product enables "guardduty"`, "", `Enable is "false"`},
		{`the product enables "macie"`, "there is no AWS::Macie::Session", "there is no"},
		{`the product enables "nothing"`, "unknown service", "unknown service"},
	} {
		t.Run(row.step, func(t *testing.T) {
			for _, run := range []struct {
				want  string
				steps []string
			}{{row.privately, []string{given, row.step}}, {row.publicly, []string{given, public, row.step}}} {
				why := say(t, catalog, settings, run.steps...)
				if run.want == "" {
					assert.Empty(t, why)
				} else {
					assert.Contains(t, why, run.want)
				}
			}
		})
	}
}

func TestSentencesAboutWhatIsLookedAt(t *testing.T) {
	catalog, settings := sampleCatalog(t)
	const given = `the template of product "sample"`
	for _, row := range []struct {
		steps []string
		want  string
	}{
		{[]string{`the template of product "nobody"`}, "it has sample"},
		{[]string{`the template of this product`}, "belongs to no product"},
		{[]string{`there is a AWS::S3::Bucket`}, "no template is looked at yet"},
		{[]string{given, `with parameter "Days" set to "1"`}, "less than MinValue"},
		{[]string{given, `with parameter "Nobody" set to "1"`}, "no such parameter"},
		{[]string{given, `with the parameters of its manifest`, `every AWS::Logs::LogGroup keeps events for at least 91 days`}, "90 days"},
		{[]string{given, `with the parameters of test "public"`, `the output "Only" exists`}, ""},
		{[]string{given, `with the parameters of test "nobody"`}, "no test"},
		{[]string{given, `in region "us-east-1"`, `the output "Region" is "us-east-1"`}, ""},
		{[]string{given, `in account "123456789012"`, `the resource "Role" has property "PermissionsBoundary" equal to "arn:aws:iam::123456789012:policy/fleet-boundary"`}, ""},
		{[]string{`the catalog`, `some product enables "guardduty"`}, ""},
		{[]string{`the catalog`, `some product enables "macie"`}, "no product enables macie"},
		{[]string{`the catalog`, `some product enables each required service`}, ""},
		{[]string{`the catalog`, `no product has a AWS::IAM::User`}, ""},
		{[]string{`the catalog`, `no product has a AWS::EC2::VPC`}, "product sample has a AWS::EC2::VPC: Vpc"},
		{[]string{`the catalog`, `at most one product has a AWS::GuardDuty::Detector`}, ""},
		{[]string{`the catalog`, `portfolio "security" offers product "sample"`}, ""},
		{[]string{`the catalog`, `portfolio "baseline" offers product "sample"`}, "is offered in security"},
		{[]string{given, `some product enables "guardduty"`}, "the catalog is not looked at"},
	} {
		t.Run(strings.Join(row.steps, " and "), func(t *testing.T) {
			why := say(t, catalog, settings, row.steps...)
			if row.want == "" {
				assert.Empty(t, why)
			} else {
				assert.Contains(t, why, row.want)
			}
		})
	}
	settings.RequiredServices = append(settings.RequiredServices, "config")
	assert.Contains(t, say(t, catalog, settings, `the catalog`, `some product enables each required service`), "no product enables config")
	catalog.Products = append(catalog.Products, catalog.Products[0])
	assert.Contains(t, say(t, catalog, settings, `the catalog`, `at most one product has a AWS::GuardDuty::Detector`), "2 products")
}

func TestSentencesAboutOrganizationPolicies(t *testing.T) {
	catalog, settings := sampleCatalog(t)
	const given, public, at = `the template of product "sample"`, `with parameter "Public" set to "true"`, "\n      | aws:RequestedRegion | us-east-1 |"
	const home = "requests that carry:\n      | aws:RequestedRegion | eu-west-1 |"
	for _, row := range []struct {
		want  string
		steps []string
	}{
		{"", []string{given, `the policy "Fence" denies "ec2:RunInstances" on "*" when:` + at}},
		{"no statement denies ec2:RunInstances", []string{given, public, `the policy "Fence" denies "ec2:RunInstances" on "*" when:` + at}},
		{"statement 1 denies ec2:RunInstances", []string{given, `the policy "Fence" allows "ec2:RunInstances" on "*" when:` + at}},
		{"", []string{given, `the policy "Fence" allows "iam:CreateRole" on "*"`}},
		{"", []string{given, home, `the policy "Fence" allows "ec2:RunInstances" on "*"`}},
		{"statement 1 denies", []string{given, home, `the policy "Fence" allows "ec2:RunInstances" on "*" when:` + at}},
		{"", []string{given, home, `no policy denies "ec2:RunInstances" on "*"`}},
		{"Fence: statement 1 denies", []string{given, home, `no policy denies "ec2:RunInstances" on "*" when:` + at}},
		{"depends on aws:RequestedRegion", []string{given, `the policy "Fence" allows "ec2:RunInstances" on "*"`}},
		{"depends on aws:RequestedRegion", []string{given, `the policy "Fence" denies "ec2:RunInstances" on "*"`}},
		{"Labels is a TAG_POLICY", []string{given, `the policy "Labels" denies "ec2:RunInstances" on "*"`}},
		{"Good is a AWS::S3::Bucket", []string{given, `the policy "Good" denies "ec2:RunInstances" on "*"`}},
		{"want one action", []string{given, `the policy "Fence" denies "ec2:*" on "*"`}},
		{"is no condition key", []string{given, `the policy "Fence" denies "ec2:RunInstances" on "*" when:` + "\n      | region | us-east-1 |"}},
		{"want rows of two cells", []string{given, `the policy "Fence" denies "ec2:RunInstances" on "*" when:` + "\n      | aws:RequestedRegion |"}},
		{"", []string{given, `the policy "Labels" says "tags.owner.tag_key.@@assign" is "owner"`}},
		{`is "owner", not "team"`, []string{given, `the policy "Labels" says "tags.owner.tag_key.@@assign" is "team"`}},
		{"has no Content.tags.team", []string{given, `the policy "Labels" says "tags.team.tag_key" is "team"`}},
		{"", []string{given, `the policy "Labels" does not mention "tags.owner.enforced_for"`}},
		{"tags.owner.tag_key is a mapping", []string{given, `the policy "Labels" does not mention "tags.owner.tag_key"`}},
		{"", []string{given, `the policy "Labels" fits the quota of its type`}},
		{"the quota of S3_POLICY is not known here", []string{given, `the policy "Odd" fits the quota of its type`}},
	} {
		t.Run(strings.Join(row.steps, " and "), func(t *testing.T) {
			if why := say(t, catalog, settings, row.steps...); row.want == "" {
				assert.Empty(t, why)
			} else {
				assert.Contains(t, why, row.want)
			}
		})
	}
}

func TestAPolicyBeyondItsQuotaDoesNotFit(t *testing.T) {
	catalog, settings := sampleCatalog(t)
	resources := catalog.Products[0].Template.Doc["Resources"].(map[string]any)
	labels := resources["Labels"].(map[string]any)["Properties"].(map[string]any)
	labels["Content"] = map[string]any{"tags": strings.Repeat("x", 10000)}
	assert.Contains(t, say(t, catalog, settings, `the template of product "sample"`, `the policy "Labels" fits the quota of its type`), "has 10011 characters, more than the 10000 of a TAG_POLICY")
}

func TestTheTemplateOfAStackSetIsLookedAtLikeAProduct(t *testing.T) {
	catalog, settings := sampleCatalog(t)
	child := manifest.Template{Path: "products/sample/stack-sets/child.yaml", Doc: map[string]any{"Resources": map[string]any{
		"Topic": map[string]any{"Type": "AWS::SNS::Topic"},
	}}}
	catalog.Products[0].StackSets = []manifest.StackSet{{Name: "child", Template: child}}
	assert.Empty(t, say(t, catalog, settings, `the template of product "sample/stack-sets/child"`, `there is a AWS::SNS::Topic`))
	assert.Contains(t, say(t, catalog, settings, `the catalog`, `no product has a AWS::SNS::Topic`), "product sample/stack-sets/child has a AWS::SNS::Topic")
	baseline := []manifest.File{source("features/b.feature", "Feature: f\n  Scenario: s\n    Given the template of this product\n    Then there is no AWS::SNS::Topic\n")}
	catalog.Products[0].Features = []manifest.File{source("products/sample/features/a.feature", holds)}
	_, findings, err := Run(context.Background(), Options{Catalog: catalog, Settings: settings, Baseline: baseline})
	require.NoError(t, err)
	require.Len(t, findings, 1)
	assert.Equal(t, []string{child.Path, "sample/stack-sets/child", "Topic"}, []string{findings[0].File, findings[0].Product, findings[0].Resource})
}

func TestGlobsIntersectAndContain(t *testing.T) {
	for _, row := range []struct {
		wide, narrow        string
		contains, intersect bool
	}{
		{"*", "iam:createuser", true, true},
		{"s3:*", "s3:put*", true, true},
		{"s3:put*", "s3:*", false, true},
		{"s3:*object", "s3:get*", false, true},
		{"s3:get?bject", "s3:getobject", true, true},
		{"s3:*", "ec2:*", false, false},
		{"iam:get*", "iam:create*", false, false},
	} {
		assert.Equal(t, row.contains, contains(row.wide, row.narrow), "%s contains %s", row.wide, row.narrow)
		assert.Equal(t, row.intersect, intersect(row.wide, row.narrow), "%s intersects %s", row.wide, row.narrow)
	}
}
