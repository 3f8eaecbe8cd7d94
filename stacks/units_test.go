package stacks

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inAccount is the one resource of a stack set's template as CloudFormation fills it in for an account.
func inAccount(t *testing.T, set named, account string) map[string]any {
	t.Helper()
	var body map[string]any
	require.NoError(t, json.Unmarshal([]byte(set.properties["TemplateBody"].(string)), &body))
	require.Len(t, object(body["Resources"]), 1)
	for _, r := range object(body["Resources"]) {
		return object(filled(r, account))
	}
	return nil
}

func filled(value any, account string) any {
	switch v := value.(type) {
	case map[string]any:
		if text, ok := v["Fn::Sub"].(string); ok && len(v) == 1 {
			return strings.ReplaceAll(strings.ReplaceAll(text, "${AWS::AccountId}", account), "${!", "${")
		}
		m := map[string]any{}
		for key, inner := range v {
			m[key] = filled(inner, account)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, inner := range v {
			l[i] = filled(inner, account)
		}
		return l
	}
	return value
}

func TestLaunchRolesReachUnitsAsTheyReachTheCatalogAccount(t *testing.T) {
	require.Empty(t, publishedU.in("fleet-launch-roles", "AWS::CloudFormation::StackSet"), "its product is shared with accounts only")
	sets := publishedU.in("fleet-launch-roles-1", "AWS::CloudFormation::StackSet")
	require.Len(t, sets, 1)
	assert.Equal(t, "fleet-launch-product-x1", sets[0].properties["StackSetName"])
	roles := publishedU.in("fleet-launch-roles-1", "AWS::IAM::Role")
	require.Len(t, roles, 1, "roles are in the shard of their product")
	assert.Equal(t, object(roles[0].definition["Properties"]), inAccount(t, sets[0], "444444444444")["Properties"], "two spellings of one role")
	assert.NotContains(t, sets[0].properties["TemplateBody"], "444444444444:policy", "the boundary is that of the account")
}

func TestBoundaryReachesUnitsAsItReachesOtherAccounts(t *testing.T) {
	sets := units.all("AWS::CloudFormation::StackSet")
	require.Len(t, sets, 1)
	assert.Equal(t, "fleet-catalog", sets[0].stack)
	for _, policy := range units.in("fleet-catalog", "AWS::IAM::ManagedPolicy") {
		if policy.properties["ManagedPolicyName"] == "fleet-boundary" {
			inUnit := inAccount(t, sets[0], "444444444444")
			assert.Equal(t, policy.properties, inUnit["Properties"])
			assert.Equal(t, "RetainExceptOnCreate", inUnit["DeletionPolicy"], "IAM deletes no boundary that a role has")
		}
	}
	group := object(list(sets[0].properties["StackInstancesGroup"])[0])
	assert.Equal(t, map[string]any{
		"OrganizationalUnitIds": []any{"ou-f1ee-workload1", "ou-f1ee-workload2"}, "AccountFilterType": "DIFFERENCE",
		"Accounts": []any{"222222222222", "333333333333", "444444444444", "555555555555"},
	}, group["DeploymentTargets"], "whoever has it from a stack of its own is left out")
}

func TestStackSetsFollowTheirUnitsAndActAsDelegate(t *testing.T) {
	for _, set := range append(units.all("AWS::CloudFormation::StackSet"), publishedU.all("AWS::CloudFormation::StackSet")...) {
		p := set.properties
		assert.Equal(t, "SERVICE_MANAGED", p["PermissionModel"], set.id)
		assert.Equal(t, "DELEGATED_ADMIN", p["CallAs"], set.id)
		automatic := map[string]any{"Enabled": true, "RetainStacksOnAccountRemoval": false}
		if set.stack != "fleet-catalog" {
			automatic["DependsOn"] = []any{map[string]any{"Fn::ImportValue": "fleet-boundary-stack-set"}}
		}
		assert.Equal(t, automatic, p["AutoDeployment"], "%s: where an account joins, no role comes before its boundary", set.id)
		assert.Equal(t, map[string]any{"Active": true}, p["ManagedExecution"], set.id)
		assert.Equal(t, []any{"CAPABILITY_NAMED_IAM"}, p["Capabilities"], set.id)
		assert.Equal(t, "PARALLEL", object(p["OperationPreferences"])["RegionConcurrencyType"], set.id)
		assert.Equal(t, []any{"eu-west-1"}, object(list(p["StackInstancesGroup"])[0])["Regions"], "IAM is global: one region brings the role")
		assert.LessOrEqual(t, len(p["TemplateBody"].(string)), maxTemplateBody)
	}
}

func TestTheBoundarysStackSetIsExportedAsOneOfTheManagementAccount(t *testing.T) {
	output := object(object(units.templates["fleet-catalog"]["Outputs"])["UnitBoundaryARN"])
	assert.Equal(t, map[string]any{"Name": "fleet-boundary-stack-set"}, output["Export"])
	assert.Equal(t, map[string]any{"Fn::Join": []any{"", []any{
		"arn:aws:cloudformation:eu-west-1:666666666666:stackset/", map[string]any{"Ref": "UnitBoundary"}}}}, output["Value"])
}

// TestStackSetsAreAllowedAsThoseOfTheManagementAccount holds the ARNs that AWS asks about when a delegated administrator acts.
func TestStackSetsAreAllowedAsThoseOfTheManagementAccount(t *testing.T) {
	deploy := units.role(t, "fleet-catalog-cloudformation")
	assert.Equal(t, []any{
		"arn:aws:cloudformation:eu-west-1:666666666666:stackset/fleet-launch-*:*",
		"arn:aws:cloudformation:*:666666666666:stackset-target/fleet-launch-*",
		"arn:aws:cloudformation:*::type/resource/AWS-IAM-Role",
	}, deploy.allowing("cloudformation:CreateStackInstances")[0]["Resource"])
	for _, role := range units.all("AWS::IAM::Role") {
		for _, statement := range role.statements() {
			for _, resource := range texts(statement["Resource"]) {
				if strings.Contains(resource, ":stackset") {
					assert.Contains(t, resource, ":666666666666:stackset", "%s: %s", role.id, statement["Sid"])
				}
				assert.NotRegexp(t, `\d:type/resource`, resource)
			}
		}
	}
}

func TestUnitsAreSharedWithBySettleAndSeenInTheRendering(t *testing.T) {
	assert.Empty(t, publishedU.in("fleet-portfolio-account-baseline", "AWS::ServiceCatalog::PortfolioShare"))
	output := object(object(publishedU.templates["fleet-portfolio-account-baseline"]["Outputs"])["OrganizationalUnits"])
	assert.Equal(t, "ou-f1ee-workload2,ou-f1ee-workload1", output["Value"])
	assert.NotContains(t, publishedU.templates["fleet-portfolio-security"]["Outputs"], "OrganizationalUnits")
	for _, action := range []string{"servicecatalog:CreatePortfolioShare", "servicecatalog:DeletePortfolioShare", "servicecatalog:DescribePortfolioShares",
		"servicecatalog:DescribePortfolioShareStatus", "organizations:ListDelegatedAdministrators", "cloudformation:ListStackInstances"} {
		assert.NotEmpty(t, units.role(t, "fleet-catalog-publish").allowing(action), action)
		assert.Empty(t, different.role(t, "fleet-catalog-publish").allowing(action), "%s: without a management account nobody needs it", action)
	}
	read := units.role(t, "fleet-catalog-read")
	assert.NotEmpty(t, read.allowing("servicecatalog:DescribePortfolioShares"), "the reviewer sees what Settle will share")
	assert.Empty(t, read.allowing("servicecatalog:CreatePortfolioShare"))
}

func TestAnAccountToVerifyInHasTheVerifierAndNothingElse(t *testing.T) {
	resources := object(units.templates["fleet-consumer-777777777777"]["Resources"])
	var kinds []string
	for id, r := range resources {
		if kind := fmt.Sprint(object(r)["Type"]); kind != "AWS::CDK::Metadata" {
			kinds = append(kinds, id+" "+kind)
		}
	}
	assert.Equal(t, []string{"VerifyRole AWS::IAM::Role"}, kinds)
	assert.NotContains(t, publishedU.templates, "fleet-access-777777777777")
	var accesses []string
	for _, action := range units.actions(t, "Prod") {
		if name := action["Name"].(string); strings.HasPrefix(name, "Access-") {
			accesses = append(accesses, name)
		}
	}
	assert.Equal(t, []string{"Access-555555555555"}, accesses)
	units.action(t, "Prod", "Execute-LaunchRoles-1")
}

func TestGammaInAnOrganizationOfItsOwnReadsTemplatesAsItself(t *testing.T) {
	readers := map[string]string{}
	for _, policy := range units.in("fleet-catalog", "AWS::S3::BucketPolicy") {
		for _, statement := range statementsOf(policy.properties["PolicyDocument"]) {
			if sid := fmt.Sprint(statement["Sid"]); strings.HasSuffix(sid, "LaunchRolesRead") {
				condition := object(statement["Condition"])
				readers[sid] = fmt.Sprint(object(condition["ArnLike"])["aws:PrincipalArn"], " ", object(condition["StringEquals"])["aws:PrincipalOrgID"])
			}
		}
	}
	assert.Equal(t, map[string]string{
		"LaunchRolesRead":      "[arn:aws:iam::*:role/fleet-launch-* arn:aws:iam::*:role/fleet-gamma-launch-*] o-exampleorgid",
		"GammaLaunchRolesRead": "arn:aws:iam::333333333333:role/fleet-gamma-launch-* <nil>",
	}, readers)
}
