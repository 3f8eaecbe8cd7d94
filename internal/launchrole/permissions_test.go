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
	"AWS::S3::Bucket":        {"create": {"s3:CreateBucket", "s3:REST.PUT.OBJECT"}, "delete": {"s3:DeleteBucket"}, "list": {"s3:ListAllMyBuckets"}},
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

func TestActionsAreThoseOfTheHandlersPerService(t *testing.T) {
	got, findings := derive(t, `{"B": {"Type": "AWS::S3::Bucket"}, "K": {"Type": "AWS::KMS::Key"}, "W": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}`)
	require.Empty(t, findings)
	require.Equal(t, map[string]ledger.Permission{
		"S3":  {Sid: "S3", Actions: []string{"s3:CreateBucket", "s3:DeleteBucket"}, Resources: []string{"*"}},
		"Kms": {Sid: "Kms", Actions: []string{"kms:CreateKey"}, Resources: []string{"*"}},
	}, got)
}

func TestTypesWithoutHandlersGetTheirServiceOnly(t *testing.T) {
	got, _ := derive(t, `{"V": {"Type": "AWS::EC2::ClientVpn"}, "W": {"Type": "AWS::EC2::VPC"}, "R": {"Type": "AWS::WAFRegional::Rule"}}`)
	require.Equal(t, []string{"ec2:*"}, got["Ec2"].Actions)
	require.Equal(t, []string{"wafregional:*"}, got["Wafregional"].Actions)
}

func TestRolesAreBoundAndNamed(t *testing.T) {
	got, findings := derive(t, `{"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": {"Principal": {"Service": "vpc-flow-logs.amazonaws.com"}}}}},
		"N": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Fn::Sub": "audit-${AWS::Region}"}, "Path": "/x/"}},
		"F": {"Type": "AWS::EC2::FlowLog"}}`)
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
}

func TestARoleFromOutsideIsPassedToItsServiceOnly(t *testing.T) {
	got, _ := derive(t, `{"F": {"Type": "AWS::EC2::FlowLog"}}`)
	require.Equal(t, map[string]map[string]string{"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}, got["IamPassEc2"].Conditions)
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
	require.Equal(t, []string{"arn:aws:cloudformation:*:*:stack/SC-*/*"}, got["Cloudformation"].Resources)
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
}

func TestReadIndexNamesTheCure(t *testing.T) {
	_, err := ReadIndex(filepath.Join(t.TempDir(), "registry.json"))
	require.ErrorContains(t, err, "run make tools")
	path := filepath.Join(t.TempDir(), "registry.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"source": "x", "types": {"AWS::S3::Bucket": {"create": ["s3:CreateBucket"]}}}`), 0o600))
	read, err := ReadIndex(path)
	require.NoError(t, err)
	require.Equal(t, []string{"s3:CreateBucket"}, read.actions("AWS::S3::Bucket"))
	require.NoError(t, os.WriteFile(path, []byte(`{}`), 0o600))
	_, err = ReadIndex(path)
	require.ErrorContains(t, err, "holds no types")
}
