package launchrole

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/ledger"
)

var index = &Index{Source: "test", Types: map[string]map[string][]string{
	"AWS::S3::Bucket":        {"create": {"s3:CreateBucket", "s3:REST.PUT.OBJECT", "s3tables:CreateTable"}, "delete": {"s3:DeleteBucket"}, "list": {"s3:ListAllMyBuckets"}},
	"AWS::KMS::Key":          {"create": {"kms:CreateKey"}},
	"AWS::EC2::FlowLog":      {"create": {"ec2:CreateFlowLogs", "iam:PassRole", "logs:CreateLogDelivery", "Iam:createServiceLinkedRole"}},
	"AWS::EC2::VPC":          {"create": {"ec2:CreateVpc"}},
	"AWS::EC2::ClientVpn":    {},
	"AWS::RDS::DBInstance":   {"create": {"rds:CreateDBInstance", "secretsmanager:GetSecretValue", "sts:AssumeRole", "iam:CreateUser"}},
	"AWS::WAFRegional::Rule": {},
	"AWS::IAM::Role": {
		"create": {"iam:CreateRole", "iam:PutRolePolicy", "iam:GetRole", "iam:TagRole"},
		"update": {"iam:UpdateAssumeRolePolicy", "iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"},
		"delete": {"iam:DeleteRole"},
	},
	"AWS::IAM::ManagedPolicy":                  {"create": {"iam:CreatePolicy", "iam:AttachUserPolicy", "iam:AttachRolePolicy"}, "update": {"iam:CreatePolicyVersion"}},
	"AWS::IAM::User":                           {"create": {"iam:CreateUser"}},
	"AWS::CloudFormation::Stack":               {"create": {"cloudformation:CreateStack"}},
	"AWS::CloudFormation::WaitConditionHandle": {},
	"AWS::CloudFormation::StackSet": {
		"create": {"cloudformation:CreateStackSet", "cloudformation:CreateStackInstances", "cloudformation:TagResource", "iam:PassRole"},
	},
	"AWS::S3::BucketPolicy":    {"create": {"s3:PutBucketPolicy"}},
	"AWS::Events::Rule":        {"create": {"events:PutRule"}},
	"AWS::SNS::Topic":          {"create": {"sns:CreateTopic", "iam:PassRole"}},
	"AWS::SNS::Subscription":   {"create": {"sns:Subscribe"}},
	"AWS::SNS::TopicPolicy":    {"create": {"sns:SetTopicAttributes"}},
	"AWS::Logs::LogGroup":      {"create": {"logs:CreateLogGroup", "logs:TagResource", "logs:DescribeLogGroups", "logs:PutNews"}},
	"AWS::DynamoDB::Table":     {"create": {"dynamodb:CreateTable", "dynamodb:Query", "dynamodb:Scan", "s3:GetObject", "kinesis:DescribeStream"}},
	"AWS::KMS::Alias":          {"create": {"kms:CreateAlias"}},
	"AWS::Backup::BackupVault": {"create": {"backup:CreateBackupVault", "backup:TagResource"}},
	"AWS::SecurityHub::Hub":    {"create": {"securityhub:EnableSecurityHub", "securityhub:PutNews"}},
	"AWS::Macie::Session":      {"create": {"macie2:EnableMacie"}},
	"AWS::Future::Thing":       {"create": {"future:CreateThing"}},
}, Services: map[string]Service{
	"backup": {Actions: map[string][]string{"createbackupvault": {"backupVault"}, "tagresource": {"backupPlan", "backupVault"}},
		Kinds: map[string][]string{"backupvault": {"arn:${Partition}:backup:${Region}:${Account}:backup-vault:.*"}, "backupplan": {"arn:${Partition}:backup:${Region}:${Account}:backup-plan:.*"}}},
	"cloudformation": {Actions: map[string][]string{"createstack": {"stack"}, "createstackset": nil, "createstackinstances": {"stackset", "stackset-target", "type"}, "tagresource": {"changeset", "stack", "stackset"}},
		Kinds: map[string][]string{"stack": {"arn:${Partition}:cloudformation:${Region}:${Account}:stack/.*"}, "stackset": {"arn:${Partition}:cloudformation:${Region}:${Account}:.*"},
			"stackset-target": {"arn:${Partition}:cloudformation:${Region}:${Account}:stackset-target/.*"}, "type": {"arn:${Partition}:cloudformation:${Region}:${Account}:type/resource/.*"}}},
	"dynamodb": {Actions: map[string][]string{"createtable": {"table"}, "query": {"index", "table"}, "scan": {"table"}},
		Kinds: map[string][]string{"table": {"arn:${Partition}:dynamodb:${Region}:${Account}:table/.*"}, "index": {"arn:${Partition}:dynamodb:${Region}:${Account}:table/.*"}}},
	"events": {Actions: map[string][]string{"putrule": {"rule-on-custom-event-bus", "rule-on-default-event-bus"}},
		Kinds: map[string][]string{"rule-on-custom-event-bus": {"arn:${Partition}:events:${Region}:${Account}:rule/.*"}, "rule-on-default-event-bus": {"arn:${Partition}:events:${Region}:${Account}:rule/.*"}}},
	"ec2": {Actions: map[string][]string{"createflowlogs": {"subnet", "vpc-flow-log", "vpc"}, "createvpc": {"vpc"}, "describevpcs": nil},
		Kinds: map[string][]string{"vpc": {"arn:${Partition}:ec2:${Region}:${Account}:vpc/.*"}, "subnet": {"arn:${Partition}:ec2:${Region}:${Account}:subnet/.*"}, "vpc-flow-log": {"arn:${Partition}:ec2:${Region}:${Account}:vpc-flow-log/.*"}}},
	"kms": {Actions: map[string][]string{"createkey": nil, "createalias": {"alias", "key"}},
		Kinds: map[string][]string{"alias": {"arn:${Partition}:kms:${Region}:${Account}:alias/.*"}, "key": {"arn:${Partition}:kms:${Region}:${Account}:key/.*"}}},
	"logs": {Actions: map[string][]string{"createloggroup": {"log-group"}, "tagresource": {"delivery", "log-group"}, "describeloggroups": nil, "createlogdelivery": nil},
		Kinds: map[string][]string{"log-group": {"arn:${Partition}:logs:${Region}:${Account}:log-group:.*"}, "delivery": {"arn:${Partition}:logs:${Region}:${Account}:delivery:.*"}}},
	"rds": {Actions: map[string][]string{"createdbinstance": {"db", "pg", "proxy"}},
		Kinds: map[string][]string{"db": {"arn:${Partition}:rds:${Region}:${Account}:db:.*"}, "pg": {"arn:${Partition}:rds:${Region}:${Account}:pg:.*"}}},
	"s3": {Actions: map[string][]string{"createbucket": {"bucket"}, "deletebucket": {"bucket"}, "putbucketpolicy": {"accesspoint", "bucket"}, "getobject": {"object"}},
		Kinds: map[string][]string{"bucket": {"arn:${Partition}:s3:::.*"}, "object": {"arn:${Partition}:s3:::.*"}, "accesspoint": {"arn:${Partition}:s3:${Region}:${Account}:accesspoint/.*"}}},
	"securityhub": {Actions: map[string][]string{"enablesecurityhub": {"hub"}}, Kinds: map[string][]string{"hub": {"arn:${Partition}:securityhub:${Region}:${Account}:hub/default"}}},
	"sns": {Actions: map[string][]string{"createtopic": {"topic"}, "subscribe": {"topic"}, "settopicattributes": {"topic"}},
		Kinds: map[string][]string{"topic": {"arn:${Partition}:sns:${Region}:${Account}:.*"}}},
}}

var fleet = Fleet{Boundary: "fleet-boundary", Prefix: "fleet"}

func derive(t *testing.T, resources string) (map[string]ledger.Permission, []string) {
	t.Helper()
	var parsed map[string]any
	require.NoError(t, json.Unmarshal([]byte(resources), &parsed))
	permissions, findings := index.Permissions("p", map[string]any{"Resources": parsed}, fleet)
	byID := map[string]ledger.Permission{}
	for _, p := range permissions {
		require.NotContains(t, byID, p.Sid)
		byID[p.Sid] = p
	}
	var messages []string
	for _, f := range findings {
		messages = append(messages, f.Rule+" "+f.Message)
	}
	return byID, messages
}

func TestActionsAreThoseOfTheHandlersOnTheNarrowestResources(t *testing.T) {
	got, findings := derive(t, `{"B": {"Type": "AWS::S3::Bucket"}, "K": {"Type": "AWS::KMS::Key"}, "W": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}`)
	require.Empty(t, findings)
	require.Equal(t, map[string]ledger.Permission{
		"S3":     {Sid: "S3", Actions: []string{"s3:CreateBucket", "s3:DeleteBucket"}, Resources: []string{"arn:aws:s3:::sc-*"}},
		"KmsAny": {Sid: "KmsAny", Actions: []string{"kms:CreateKey"}, Resources: []string{"*"}, Reason: "AWS takes no resource for these actions"},
	}, got)
}

func TestNamesComeFromTheTemplate(t *testing.T) {
	for name, row := range map[string]struct {
		resources, sid string
		want           []string
	}{
		"made up by CloudFormation":      {`{"T": {"Type": "AWS::SNS::Topic"}}`, "Sns", []string{"arn:aws:sns:*:*:SC-*"}},
		"written out":                    {`{"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "audit"}}}`, "Sns", []string{"arn:aws:sns:*:*:audit"}},
		"substituted":                    {`{"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Sub": "audit-${AWS::Region}"}}}}`, "Sns", []string{"arn:aws:sns:*:*:audit-*"}},
		"joined":                         {`{"V": {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": {"Fn::Join": ["-", ["backup", {"Ref": "X"}]]}}}}`, "Backup", []string{"arn:aws:backup:*:*:backup-vault:backup-*"}},
		"a parameter's":                  {`{"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}}`, "SnsKinds", []string{"arn:aws:sns:*:*:*"}},
		"nothing but a variable":         {`{"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Sub": "${Name}"}}}}`, "SnsKinds", []string{"arn:aws:sns:*:*:*"}},
		"a log group and its streams":    {`{"G": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/audit"}}}`, "Logs", []string{"arn:aws:logs:*:*:log-group:/audit", "arn:aws:logs:*:*:log-group:/audit:*"}},
		"an alias, and any key":          {`{"A": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/audit"}}}`, "KmsKinds", []string{"arn:aws:kms:*:*:alias/audit", "arn:aws:kms:*:*:key/*"}},
		"the policy of an own bucket":    {`{"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "b"}}, "P": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "B"}}}}`, "S3", []string{"arn:aws:s3:::b"}},
		"the policy of another's bucket": {`{"P": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "B"}}}}`, "S3Kinds", []string{"arn:aws:s3:::*"}},
		"subscription to an own topic":   {`{"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "a"}}, "S": {"Type": "AWS::SNS::Subscription", "Properties": {"TopicArn": {"Fn::GetAtt": ["T", "TopicArn"]}}}}`, "Sns", []string{"arn:aws:sns:*:*:a"}},
		"policy of two topics":           {`{"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "a"}}, "P": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [{"Ref": "T"}, {"Ref": "Param"}]}}}`, "SnsKinds", []string{"arn:aws:sns:*:*:*"}},
		"a rule of the default bus":      {`{"R": {"Type": "AWS::Events::Rule"}}`, "Events", []string{"arn:aws:events:*:*:rule/SC-*"}},
		"a rule of another bus":          {`{"R": {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": "b"}}}`, "EventsKinds", []string{"arn:aws:events:*:*:rule/*"}},
		"there is one of it":             {`{"H": {"Type": "AWS::SecurityHub::Hub"}}`, "Securityhub", []string{"arn:aws:securityhub:*:*:hub/default"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, findings := derive(t, row.resources)
			require.Empty(t, findings)
			require.Contains(t, got, row.sid)
			require.Equal(t, row.want, got[row.sid].Resources)
		})
	}
}

func TestTagsAreSetOnTheTypesOwnKind(t *testing.T) {
	got, _ := derive(t, `{"V": {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": "v"}}}`)
	require.Equal(t, ledger.Permission{Sid: "Backup", Actions: []string{"backup:CreateBackupVault", "backup:TagResource"}, Resources: []string{"arn:aws:backup:*:*:backup-vault:v"}}, got["Backup"])
}

func TestWhatCannotBeNarrowedSaysWhy(t *testing.T) {
	got, _ := derive(t, `{"G": {"Type": "AWS::Logs::LogGroup"}, "F": {"Type": "AWS::EC2::FlowLog"}, "T": {"Type": "AWS::Future::Thing"}, "S": {"Type": "AWS::SecurityHub::Hub"}}`)
	require.Equal(t, ledger.Permission{Sid: "LogsAny", Actions: []string{"logs:CreateLogDelivery", "logs:DescribeLogGroups"}, Resources: []string{"*"}, Reason: "AWS takes no resource for these actions"}, got["LogsAny"])
	require.Contains(t, got["Logs"].Actions, "logs:PutNews", "the reference lacks the action, but the log group has a name")
	require.Equal(t, ledger.Permission{Sid: "SecurityhubKinds", Actions: []string{"securityhub:PutNews"}, Resources: []string{"arn:aws:securityhub:*:*:*"},
		Reason: "AWS or a parameter decides the names or ids of: what actions that the reference does not have act on"}, got["SecurityhubKinds"])
	require.Equal(t, []string{"arn:aws:ec2:*:*:subnet/*", "arn:aws:ec2:*:*:vpc-flow-log/*", "arn:aws:ec2:*:*:vpc/*"}, got["Ec2Kinds"].Resources)
	require.Equal(t, "AWS or a parameter decides the names or ids of: subnet, vpc, vpc-flow-log", got["Ec2Kinds"].Reason)
	require.Equal(t, "the Service Authorization Reference of test does not have the service", got["FutureAny"].Reason)
	for _, p := range got {
		if slices.Contains(p.Resources, "*") {
			require.NotEmpty(t, p.Reason, p.Sid)
		}
	}
}

func TestDataIsReachedOnlyForPropertiesThatNeedIt(t *testing.T) {
	got, _ := derive(t, `{"T": {"Type": "AWS::DynamoDB::Table"}}`)
	require.Equal(t, map[string]ledger.Permission{"Dynamodb": {Sid: "Dynamodb", Actions: []string{"dynamodb:CreateTable"}, Resources: []string{"arn:aws:dynamodb:*:*:table/SC-*"}}}, got)
	got, _ = derive(t, `{"T": {"Type": "AWS::DynamoDB::Table", "Properties": {"ImportSourceSpecification": {"Fn::If": ["C", {}, {"Ref": "AWS::NoValue"}]}}}}`)
	require.Contains(t, got, "S3Kinds")
	got, _ = derive(t, `{"B": {"Type": "AWS::S3::Bucket"}}`)
	require.NotContains(t, got, "S3tablesAny")
	got, _ = derive(t, `{"B": {"Type": "AWS::S3::Bucket", "Properties": {"MetadataConfiguration": {}}}}`)
	require.Contains(t, got, "S3tablesAny")
}

func TestStackSetsAreNamedAndPassNoRoleThatAWSAdministers(t *testing.T) {
	got, findings := derive(t, `{"S": {"Type": "AWS::CloudFormation::StackSet", "Properties": {"StackSetName": "account-baseline", "PermissionModel": "SERVICE_MANAGED", "AdministrationRoleARN": {"Ref": "AWS::NoValue"}}}}`)
	require.Empty(t, findings)
	require.Equal(t, []string{"cloudformation:TagResource"}, got["Cloudformation"].Actions)
	require.Equal(t, []string{"arn:aws:cloudformation:*:*:stackset/account-baseline:*"}, got["Cloudformation"].Resources)
	require.Equal(t, []string{
		"arn:aws:cloudformation:*:*:stackset-target/account-baseline:*", "arn:aws:cloudformation:*:*:stackset/account-baseline:*", "arn:aws:cloudformation:*::type/resource/*",
	}, got["CloudformationKinds"].Resources)
	require.Equal(t, []string{"cloudformation:CreateStackSet"}, got["CloudformationAny"].Actions)
	for sid := range got {
		require.NotContains(t, sid, "IamPass")
	}
	got, _ = derive(t, `{"S": {"Type": "AWS::CloudFormation::StackSet", "Properties": {"StackSetName": "x", "AdministrationRoleARN": "arn:aws:iam::111111111111:role/a"}}}`)
	require.Contains(t, got, "IamPassCloudformation")
}

func TestTypesWithoutHandlersGetTheirServiceOnly(t *testing.T) {
	got, _ := derive(t, `{"V": {"Type": "AWS::EC2::ClientVpn"}, "W": {"Type": "AWS::EC2::VPC"}, "R": {"Type": "AWS::WAFRegional::Rule"}}`)
	require.Equal(t, []string{"ec2:*"}, got["Ec2Any"].Actions)
	require.Equal(t, "the registry schema of AWS::EC2::ClientVpn lists no permissions", got["Ec2Any"].Reason)
	require.Equal(t, []string{"wafregional:*"}, got["WafregionalAny"].Actions)
}

func TestRolesAreBoundAndNamed(t *testing.T) {
	got, findings := derive(t, `{"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": {"Principal": {"Service": "vpc-flow-logs.amazonaws.com"}}}}},
		"N": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Fn::Sub": "audit-${AWS::Region}"}, "Path": "/x/"}},
		"F": {"Type": "AWS::EC2::FlowLog", "Properties": {"DeliverLogsPermissionArn": {"Fn::GetAtt": ["R", "Arn"]}}}}`)
	require.Empty(t, findings)
	own := []string{"arn:aws:iam::*:role/SC-*", "arn:aws:iam::*:role/x/audit-*"}
	require.Equal(t, ledger.Permission{
		Sid: "IamBoundedRoles", Actions: []string{"iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"}, Resources: own,
		Conditions: map[string]map[string]string{"StringLike": {"iam:PermissionsBoundary": "arn:aws:iam::*:policy/fleet-boundary"}},
	}, got["IamBoundedRoles"])
	require.Equal(t, []string{"iam:DeleteRole", "iam:TagRole", "iam:UpdateAssumeRolePolicy"}, got["IamOwnRoles"].Actions)
	require.Equal(t, own, got["IamOwnRoles"].Resources)
	require.Equal(t, ledger.Permission{
		Sid: "IamPassVpcFlowLogs", Actions: []string{"iam:PassRole"}, Resources: own[:1],
		Conditions: map[string]map[string]string{"StringEquals": {"iam:PassedToService": "vpc-flow-logs.amazonaws.com"}},
	}, got["IamPassVpcFlowLogs"])
	require.Equal(t, []string{"iam:CreateServiceLinkedRole"}, got["IamServiceLinkedRoles"].Actions)
	require.Equal(t, []string{"arn:aws:iam::*:role/aws-service-role/*ec2*.amazonaws.com/*", "arn:aws:iam::*:role/aws-service-role/*logs*.amazonaws.com/*"},
		got["IamServiceLinkedRoles"].Resources, "the services that the handlers call, and no other's role")
}

func TestServicesThatAreEnabledMayMakeTheirOwnRoleThoughTheSchemaIsSilent(t *testing.T) {
	for name, pattern := range map[string]string{"AWS::SecurityHub::Hub": "*securityhub*", "AWS::Macie::Session": "*macie*"} {
		got, findings := derive(t, `{"H": {"Type": "`+name+`"}}`)
		require.Empty(t, findings)
		require.Equal(t, []string{"iam:CreateServiceLinkedRole"}, got["IamServiceLinkedRoles"].Actions)
		require.Equal(t, []string{"arn:aws:iam::*:role/aws-service-role/" + pattern + ".amazonaws.com/*"}, got["IamServiceLinkedRoles"].Resources)
	}
}

func TestARoleFromOutsideIsPassedToItsServiceOnly(t *testing.T) {
	got, _ := derive(t, `{"F": {"Type": "AWS::EC2::FlowLog", "Properties": {"DeliverLogsPermissionArn": {"Ref": "RoleArn"}}}}`)
	require.Equal(t, map[string]map[string]string{"StringEquals": {"iam:PassedToService": "vpc-flow-logs.amazonaws.com"}}, got["IamPassVpcFlowLogs"].Conditions)
}

func TestWhoPassesNoRoleMayPassNone(t *testing.T) {
	got, _ := derive(t, `{"T": {"Type": "AWS::SNS::Topic"}}`)
	for sid := range got {
		require.NotContains(t, sid, "IamPass")
	}
}

func TestNothingThatGainsRightsIsGranted(t *testing.T) {
	got, findings := derive(t, `{"D": {"Type": "AWS::RDS::DBInstance"}, "P": {"Type": "AWS::IAM::ManagedPolicy"}, "R": {"Type": "AWS::IAM::Role"}, "S": {"Type": "AWS::CloudFormation::Stack"}}`)
	require.Empty(t, findings)
	var all []string
	for _, p := range got {
		all = append(all, p.Actions...)
		if slices.Contains(p.Resources, "*") {
			require.False(t, strings.HasPrefix(p.Sid, "Iam"), p.Sid)
			require.NotContains(t, p.Actions, "*")
		}
	}
	for _, never := range []string{"iam:CreateUser", "iam:AttachUserPolicy", "iam:DeleteRolePermissionsBoundary", "sts:AssumeRole", "secretsmanager:GetSecretValue"} {
		require.NotContains(t, all, never)
	}
	require.Equal(t, []string{"arn:aws:iam::*:policy/SC-*"}, got["IamPolicies"].Resources)
	require.Equal(t, []string{"arn:aws:iam::*:role/*"}, got["IamRead"].Resources, "no policy or instance profile is read")
	require.Equal(t, []string{"arn:aws:cloudformation:*:*:stack/SC-*"}, got["Cloudformation"].Resources)
}

func TestWhatCannotBeBoundedIsAFinding(t *testing.T) {
	for name, row := range map[string]struct{ resource, want string }{
		"a user":                 {`{"Type": "AWS::IAM::User"}`, "IDENTITY X: AWS::IAM::User gives people or programs lasting access"},
		"code":                   {`{"Type": "Custom::Anything"}`, "CODE X: Custom::Anything runs code"},
		"unknown type":           {`{"Type": "AWS::S3::Bukket"}`, `TYPE X: type "AWS::S3::Bukket" is not in the registry index`},
		"name from a parameter":  {`{"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Ref": "Name"}}}`, "NAME X: the name may be anybody's"},
		"name starting with one": {`{"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Fn::Sub": "${Name}-x"}}}`, "NAME X: the name may be anybody's"},
		"name with a star":       {`{"Type": "AWS::IAM::Role", "Properties": {"RoleName": "*"}}`, "NAME X: the name may be anybody's"},
		"the fleet's name":       {`{"Type": "AWS::IAM::Role", "Properties": {"RoleName": "fleet-launch-x"}}`, `NAME X: the name "fleet-launch-x" could be one of the fleet's own`},
		"could be the fleet's":   {`{"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": {"Fn::Sub": "fl${Rest}"}}}`, "could be one of the fleet's own"},
		"computed path":          {`{"Type": "AWS::IAM::Role", "Properties": {"Path": {"Ref": "Path"}}}`, "NAME X: the path is computed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := derive(t, `{"X": `+row.resource+`}`)
			require.Len(t, findings, 1)
			require.Contains(t, findings[0], row.want)
		})
	}
}

func TestTooLongAPolicyIsAFinding(t *testing.T) {
	var many []string
	for range 400 {
		many = append(many, "s3:"+strings.Repeat("A", 1+len(many)%40)+string(rune('a'+len(many)%26))+strings.Repeat("b", len(many)/26))
	}
	big := &Index{Types: map[string]map[string][]string{"AWS::S3::Bucket": {"create": many}}}
	_, findings := big.Permissions("p", map[string]any{"Resources": map[string]any{"B": map[string]any{"Type": "AWS::S3::Bucket"}}}, fleet)
	require.Len(t, findings, 1)
	require.Equal(t, "SIZE", findings[0].Rule)
	require.Regexp(t, `^the launch role needs \d+ characters of policy, IAM leaves it 8500; most need s3$`, findings[0].Message)
	require.Contains(t, findings[0].Cure, "split the product into two")
}

func TestReadIndexNamesTheCure(t *testing.T) {
	_, err := ReadIndex(filepath.Join(t.TempDir(), "registry.json"))
	require.ErrorContains(t, err, "run make tools")
	path := filepath.Join(t.TempDir(), "registry.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"source": "x", "types": {"AWS::S3::Bucket": {"create": ["s3:CreateBucket"]}}, "services": {"s3": {}}}`), 0o600))
	read, err := ReadIndex(path)
	require.NoError(t, err)
	require.Equal(t, []string{"s3:CreateBucket"}, read.actions("AWS::S3::Bucket"))
	require.NoError(t, os.WriteFile(path, []byte(`{}`), 0o600))
	_, err = ReadIndex(path)
	require.ErrorContains(t, err, "holds no types")
	require.NoError(t, os.WriteFile(path, []byte(`{"types": {"AWS::S3::Bucket": {}}}`), 0o600))
	_, err = ReadIndex(path)
	require.ErrorContains(t, err, "holds no services")
}
