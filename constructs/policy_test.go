package constructs

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/ledger"
)

func TestDocumentIsSpeltAsCloudFormationWantsIt(t *testing.T) {
	document := Document(
		Allow("Read", []string{"arn:aws:s3:::b"}, "s3:GetObject", "s3:GetObjectVersion").When("StringEquals", "aws:PrincipalOrgID", "o-1"),
		Deny("Never", []string{"*"}, "s3:*").By(Everyone).When("Bool", "aws:SecureTransport", "false"),
	)
	assert.Equal(t, map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{
			map[string]any{
				"Sid": "Read", "Effect": "Allow", "Action": []any{"s3:GetObject", "s3:GetObjectVersion"}, "Resource": "arn:aws:s3:::b",
				"Condition": map[string]any{"StringEquals": map[string]any{"aws:PrincipalOrgID": "o-1"}},
			},
			map[string]any{
				"Sid": "Never", "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "*",
				"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
			},
		},
	}, document)
}

func TestConditionsOfOneStatementDoNotReachAnother(t *testing.T) {
	base := Allow("Base", []string{"*"}, "s3:GetObject").When("StringEquals", "a", "1")
	more := base.When("StringEquals", "b", "2")
	assert.Equal(t, Conditions{"StringEquals": {"a": "1"}}, base.Conditions)
	assert.Equal(t, Conditions{"StringEquals": {"a": "1", "b": "2"}}, more.Conditions)
}

func TestAccountsAreNamedOnceAndInOrder(t *testing.T) {
	assert.Equal(t, map[string]any{"AWS": []any{"arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"}},
		Accounts("222222222222", "111111111111", "222222222222"))
}

func TestTrustInRolesNamesTheAccountAndTheRolesAsACondition(t *testing.T) {
	document := TrustRoles("111111111111", "arn:aws:iam::111111111111:role/a").document()
	assert.Equal(t, map[string]any{"AWS": "arn:aws:iam::111111111111:root"}, document["Principal"], "IAM refuses a principal that does not exist yet")
	assert.Equal(t, map[string]any{"ArnEquals": map[string]any{"aws:PrincipalArn": "arn:aws:iam::111111111111:role/a"}}, document["Condition"])
	assert.NotContains(t, document, "Resource", "IAM refuses a trust policy with a resource")
}

func TestIDsAreWordsWithCapitals(t *testing.T) {
	for id, want := range map[string]string{"log-archive": "LogArchive", "vpc": "Vpc", "a-1": "A1", "eu-west-1": "EuWest1"} {
		assert.Equal(t, want, ID(id))
	}
}

func TestArtifactPatternsCoverNamesThatCodePipelineCuts(t *testing.T) {
	s := &config.Settings{Name: "department"}
	arns := ArtifactObjects(s, "bucket", "IntegrationTestsEvidence", "Plan")
	assert.Equal(t, []string{"arn:aws:s3:::bucket/department-pipeline/Integrat*", "arn:aws:s3:::bucket/department-pipeline/Plan*"}, arns)
	s.Name = "departments-x"
	assert.Equal(t, []string{"arn:aws:s3:::bucket/departments-x-pipeli/Plan*"}, ArtifactObjects(s, "bucket", "Plan"), "20 characters of the pipeline's name")
}

func TestApproversAreTrustedInTheirOwnAccounts(t *testing.T) {
	s := &config.Settings{Name: "fleet", Accounts: config.Accounts{Tools: "111111111111"}}
	s.Approval.Approvers = []string{"arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/*", "arn:aws:iam::111111111111:role/lead"}
	trust := trustApprovers(s).document()
	assert.Equal(t, map[string]any{"AWS": []any{"arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root"}}, trust["Principal"])
	condition := trust["Condition"].(map[string]any)
	assert.Equal(t, map[string]any{"aws:PrincipalArn": []any{s.Approval.Approvers[0], s.Approval.Approvers[1]}}, condition["ArnLike"])
	for _, pattern := range FleetRoles(s) {
		assert.NotContains(t, pattern, "aws-reserved", "people sign in by these roles")
	}
}

func TestBoundaryFitsAManagedPolicyWithEveryDefaultService(t *testing.T) {
	s := &config.Settings{
		Name: "abcdefghij", AllowedServices: config.DefaultAllowedServices(), SandboxOrganization: true,
		Accounts: config.Accounts{Tools: "111111111111", Test: "222222222222", Gamma: "333333333333", Catalog: "444444444444"},
		Regions:  config.Regions{Home: "ap-southeast-1", Catalog: []string{"ap-southeast-1"}, Test: []string{"ap-northeast-1"}},
	}
	size := 0
	for _, statement := range (BoundaryProps{Settings: s, Account: "222222222222"}).statements() {
		size += len(strings.Join(statement.Actions, `","`)) + len(strings.Join(statement.Resources, `","`)) + 120
	}
	assert.Less(t, size, 6144)
}

func TestBoundaryWritesIdentityServicesOut(t *testing.T) {
	s := &config.Settings{Name: "fleet", AllowedServices: []string{"iam", "s3", "organizations", "sso", "cloudformation"}}
	assert.Equal(t, []string{"s3:*"}, BoundaryProps{Settings: s}.services(), "a wildcard on iam would let a role lift itself")
}

func TestOnlyManagementAccountsReachTheirOrganization(t *testing.T) {
	s := &config.Settings{Name: "fleet", SandboxOrganization: true, Regions: config.Regions{Home: "eu-west-1", Test: []string{"eu-north-1"}},
		Accounts:   config.Accounts{Test: "222222222222", Gamma: "333333333333", Catalog: "444444444444", Management: "666666666666"},
		Portfolios: []config.Portfolio{{ID: "security", Accounts: []string{"555555555555"}}}}
	allows := func(account, action string) bool {
		for _, statement := range (BoundaryProps{Settings: s, Account: account}).statements() {
			if !statement.Deny && slices.Contains(statement.Actions, action) {
				return true
			}
		}
		return false
	}
	for _, account := range []string{"222222222222", "333333333333", "666666666666"} {
		assert.True(t, allows(account, "organizations:*"), account)
		assert.True(t, allows(account, "cloudformation:*StackSet*"), account)
	}
	for _, account := range []string{"444444444444", "555555555555", anyAccount} {
		assert.False(t, allows(account, "organizations:*"), "%s must not change the organization", account)
		assert.True(t, allows(account, "organizations:Describe*"), account)
	}
	assert.True(t, allows("555555555555", "sso:*PermissionSet*"), "a listed account may be the delegated administrator")
	assert.False(t, allows(anyAccount, "sso:*PermissionSet*"), "an account of a unit is none")
	s.SandboxOrganization = false
	assert.False(t, allows("222222222222", "organizations:*"))
	assert.True(t, allows("666666666666", "organizations:*"))
}

func TestLaunchRoleStatementsKeepActionsAndConditions(t *testing.T) {
	statements := launchPermissions(ledger.Product{ID: "queue", Versions: []ledger.Version{{Version: "1.0.0", Permissions: []ledger.Permission{{
		Sid: "Roles", Actions: []string{"iam:CreateRole"}, Resources: []string{"b", "a"},
		Conditions: map[string]map[string]string{"StringLike": {"iam:PermissionsBoundary": "x"}},
	}}}}})
	require.Len(t, statements, 1)
	assert.Equal(t, Statement{
		Sid: "Roles", Actions: []string{"iam:CreateRole"}, Resources: []string{"a", "b"},
		Conditions: Conditions{"StringLike": {"iam:PermissionsBoundary": "x"}},
	}, statements[0])
}

func TestTextsOfUnitTemplatesAreFilledInByCloudFormation(t *testing.T) {
	assert.Equal(t, map[string]any{
		"a": "plain ${aws:username}", "b": []any{map[string]any{"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${!aws:username}"}, "*"},
	}, substituted(map[string]any{"a": "plain ${aws:username}", "b": []any{"arn:aws:iam::" + anyAccount + ":role/${aws:username}", "*"}}))
}
