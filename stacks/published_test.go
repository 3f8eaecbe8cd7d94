package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/ledger"
)

func TestPublishedStacksHoldNothingButThePlan(t *testing.T) {
	for name, r := range map[string]rendered{"different": publishedD, "equal": publishedE, "regions": publishedR} {
		for stack, template := range r.templates {
			assert.Subset(t, []string{"Description", "Outputs", "Parameters", "Resources"}, slices.Collect(maps.Keys(template)), "%s: %s", name, stack)
			for parameter := range object(template["Parameters"]) {
				assert.Regexp(t, "^Portfolio", parameter, "%s: %s: no bootstrap version", name, stack)
			}
			for id, resource := range object(template["Resources"]) {
				assert.NotContains(t, resource, "Metadata", "%s: %s.%s", name, stack, id)
			}
		}
		assets, err := filepath.Glob(filepath.Join(r.dir, "asset.*"))
		require.NoError(t, err)
		assert.Empty(t, assets, name)
	}
}

func TestProductsAndPortfoliosOutliveTheirStacksAndCandidatesDoNot(t *testing.T) {
	for _, kind := range []string{"AWS::ServiceCatalog::CloudFormationProduct", "AWS::ServiceCatalog::Portfolio"} {
		for _, resource := range publishedD.all(kind) {
			if resource.stack == "fleet-gamma-portfolio" {
				assert.NotContains(t, resource.definition, "DeletionPolicy")
				continue
			}
			assert.Equal(t, "Retain", resource.definition["DeletionPolicy"], resource.id)
			assert.Equal(t, "Retain", resource.definition["UpdateReplacePolicy"], resource.id)
		}
	}
}

func TestLogicalIdsAreMadeOfIdsAlone(t *testing.T) {
	var ids []string
	for stack := range publishedD.templates {
		for id := range object(publishedD.templates[stack]["Resources"]) {
			ids = append(ids, id)
		}
	}
	pattern := regexp.MustCompile(`^(Product(ProductX[01])|Role(ProductX[01])|Association(ProductX[01])|Launch(ProductX[01])|Portfolio|Share([0-9]{12}|Security|AccountBaseline)?|Principal(Security|AccountBaseline)?[0-9A-F]{8})$`)
	for _, id := range ids {
		assert.Regexp(t, pattern, id, "a renamed resource is a deleted one")
	}
}

func TestEveryVersionEverPublishedStaysListed(t *testing.T) {
	products := publishedD.in("fleet-products-0", "AWS::ServiceCatalog::CloudFormationProduct")
	require.Len(t, products, 2)
	for i, product := range products {
		var versions []string
		for v, value := range list(product.properties["ProvisioningArtifactParameters"]) {
			artifact := object(value)
			versions = append(versions, artifact["Name"].(string))
			url := fmt.Sprintf("https://fleet-templates-444444444444-eu-west-1.s3.eu-west-1.amazonaws.com/templates/%064d.json", i*1000+v)
			assert.Equal(t, map[string]any{"LoadTemplateFromURL": url}, artifact["Info"])
		}
		assert.Equal(t, []string{"1.0.0", "1.1.0"}, versions, "the first is inactive, and yet not dropped")
		assert.NotContains(t, product.properties, "ReplaceProvisioningArtifacts", "true would give every version a new id")
	}
}

func TestProductIdsAreExportedAndImported(t *testing.T) {
	output := object(object(publishedD.templates["fleet-products-0"]["Outputs"])["ProductProductX0Id"])
	assert.Equal(t, map[string]any{"Name": "fleet-product-product-x0"}, output["Export"])
	association := publishedD.in("fleet-portfolio-security", "AWS::ServiceCatalog::PortfolioProductAssociation")[0]
	assert.Equal(t, map[string]any{"Fn::ImportValue": "fleet-product-product-x0"}, association.properties["ProductId"])
	assert.Contains(t, publishedD.templates["fleet-portfolio-security"]["Outputs"], "PortfolioId")
}

func TestConstraintsFollowTheirAssociationsAndNameLocalRoles(t *testing.T) {
	for _, r := range []rendered{publishedD, publishedE} {
		constraints := r.all("AWS::ServiceCatalog::LaunchRoleConstraint")
		assert.Len(t, constraints, 5, "two products in two portfolios, and a candidate")
		for _, c := range constraints {
			association := "Association" + c.id[len("Launch"):]
			assert.Contains(t, list(c.definition["DependsOn"]), any(association), "%s.%s", c.stack, c.id)
			assert.NotContains(t, c.properties, "RoleArn", "a role of one account is none of another")
			found := false
			for _, role := range r.all("AWS::IAM::Role") {
				found = found || role.properties["RoleName"] == c.properties["LocalRoleName"]
			}
			assert.True(t, found, "%v is created nowhere", c.properties["LocalRoleName"])
		}
	}
	candidate := publishedD.in("fleet-gamma-portfolio", "AWS::ServiceCatalog::LaunchRoleConstraint")[0]
	assert.Contains(t, list(candidate.definition["DependsOn"]), any("RoleProductX0"), "the role is in the same stack")
}

func TestPortfoliosAreSharedWithTheirConsumersOnly(t *testing.T) {
	accounts := func(stack string) []any {
		var found []any
		for _, share := range publishedD.in(stack, "AWS::ServiceCatalog::PortfolioShare") {
			found = append(found, share.properties["AccountId"])
		}
		return found
	}
	assert.Equal(t, []any{"555555555555"}, accounts("fleet-portfolio-security"))
	assert.Equal(t, []any{"555555555555", "666666666666"}, accounts("fleet-portfolio-account-baseline"))
	assert.Equal(t, []any{"333333333333"}, accounts("fleet-gamma-portfolio"))
	assert.Empty(t, publishedE.all("AWS::ServiceCatalog::PortfolioShare"), "no account is shared with itself")
	assert.Empty(t, publishedE.all("AWS::ServiceCatalog::AcceptedPortfolioShare"))
}

func TestPrincipalsArePatternsAndIncludeTheVerifier(t *testing.T) {
	for _, stack := range []string{"fleet-portfolio-security", "fleet-access-555555555555"} {
		var patterns []any
		for _, p := range publishedD.in(stack, "AWS::ServiceCatalog::PortfolioPrincipalAssociation") {
			assert.Equal(t, "IAM_PATTERN", p.properties["PrincipalType"])
			patterns = append(patterns, p.properties["PrincipalARN"])
			if stack != "fleet-portfolio-security" {
				assert.Len(t, list(p.definition["DependsOn"]), 1, "there is no portfolio before its share is accepted")
			}
		}
		assert.Contains(t, patterns, any("arn:aws:iam:::role/fleet/*"), stack)
		assert.Contains(t, patterns, any("arn:aws:iam:::role/fleet-consumer-verify"), stack)
	}
}

func TestAccessBringsTheLaunchRolesOfWhatTheAccountConsumes(t *testing.T) {
	for stack, account := range map[string]string{
		"fleet-access-555555555555": "555555555555", "fleet-access-666666666666": "666666666666",
		"fleet-launch-roles": "444444444444",
	} {
		roles := publishedD.in(stack, "AWS::IAM::Role")
		require.Len(t, roles, 2, stack)
		for i, role := range roles {
			assert.Equal(t, fmt.Sprintf("fleet-launch-product-x%d", i), role.properties["RoleName"])
			assert.Equal(t, "arn:aws:iam::"+account+":policy/fleet-boundary", role.properties["PermissionsBoundary"])
			trust := statementsOf(role.properties["AssumeRolePolicyDocument"])[0]
			assert.Equal(t, map[string]any{"Service": "servicecatalog.amazonaws.com"}, trust["Principal"])
		}
	}
	assert.Empty(t, publishedR.in("fleet-access-555555555555-us-east-1", "AWS::IAM::Role"), "IAM is global: one region brings the roles")
}

func TestLaunchRoleMayWhatItsUsableVersionsNeedAndNoMore(t *testing.T) {
	role := publishedD.role(t, "fleet-launch-product-x0")
	assert.NotEmpty(t, role.allowing("sqs:CreateQueue"))
	assert.Empty(t, role.allowing("sqs:AddPermission"), "only an inactive version needed it")
	creates := role.allowing("iam:CreateRole")
	require.Len(t, creates, 1)
	assert.Equal(t, map[string]any{"StringLike": map[string]any{"iam:PermissionsBoundary": "arn:aws:iam::*:policy/fleet-boundary"}}, creates[0]["Condition"])
	for _, stack := range texts(role.allowing("cloudformation:UpdateStack")[0]["Resource"]) {
		assert.Contains(t, stack, ":stack/SC-*")
	}
	reads := role.allowing("s3:GetObject")
	require.Len(t, reads, 1)
	assert.Equal(t, map[string]any{"StringEquals": map[string]any{"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}}, reads[0]["Condition"])
	var sids []any
	for _, s := range role.statements() {
		assert.NotContains(t, sids, s["Sid"])
		sids = append(sids, s["Sid"])
	}
}

func TestGammaOffersCandidatesToTheGammaAccount(t *testing.T) {
	products := publishedD.in("fleet-gamma-portfolio", "AWS::ServiceCatalog::CloudFormationProduct")
	require.Len(t, products, 1)
	assert.Equal(t, "1.1.0", object(list(products[0].properties["ProvisioningArtifactParameters"])[0])["Name"])
	assert.Len(t, publishedD.in("fleet-gamma-portfolio", "AWS::IAM::Role"), 1)
	assert.Len(t, publishedD.in("fleet-gamma-access", "AWS::IAM::Role"), 1)
	assert.Len(t, publishedE.in("fleet-gamma-portfolio", "AWS::IAM::Role"), 1)
	assert.Empty(t, publishedE.in("fleet-gamma-access", "AWS::IAM::Role"), "in one account a role exists once")
}

func TestStacksWithoutContentCanStillBeDeployed(t *testing.T) {
	for name, r := range map[string]rendered{"different": publishedD, "equal": publishedE, "regions": publishedR} {
		for stack, template := range r.templates {
			assert.NotEmpty(t, template["Resources"], "%s: CloudFormation refuses %s", name, stack)
		}
	}
	assert.Len(t, publishedR.in("fleet-products-1", "AWS::CloudFormation::WaitConditionHandle"), 1, "the second shard is empty")
}

// TestFortyProductsOfThirtyVersionsFit holds the limit of a shard: 40 products with their version lists stay below the size of a template.
func TestFortyProductsOfThirtyVersionsFit(t *testing.T) {
	info, err := os.Stat(filepath.Join(large.dir, "fleet-products-0.template.json"))
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(maxTemplate))
	assert.Len(t, large.in("fleet-products-0", "AWS::ServiceCatalog::CloudFormationProduct"), 40)
	t.Logf("%d bytes", info.Size())
}

// TestLaunchRolesOfAFullShardFit holds the same for the launch roles of these products, each in the catalog account and in a stack set.
func TestLaunchRolesOfAFullShardFit(t *testing.T) {
	info, err := os.Stat(filepath.Join(large.dir, "fleet-launch-roles.template.json"))
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(maxTemplate))
	assert.Len(t, large.in("fleet-launch-roles", "AWS::IAM::Role"), 40)
	assert.Len(t, large.in("fleet-launch-roles", "AWS::CloudFormation::StackSet"), 40)
	assert.Greater(t, policySize(object(list(large.in("fleet-launch-roles", "AWS::IAM::Role")[0].properties["Policies"])[0])["PolicyDocument"]), 5000)
	t.Logf("%d bytes", info.Size())
}

func TestPlanThatCannotBeRenderedIsRefusedWithItsCure(t *testing.T) {
	p := somePlan(41, 1)
	p.Products[3].Shard = 2
	p.Products[4].ID, p.Products[5].ID = "queue-1", "queue1"
	err := checkPlan(settings(), p)
	require.Error(t, err)
	assert.ErrorContains(t, err, "product product-x3: is in shard 2 of 1: a product cannot leave its shard: raise shards in fleet.yaml")
	assert.ErrorContains(t, err, "products queue-1 and queue1: CloudFormation cannot tell their ids apart: rename the newer one")
	p = somePlan(41, 1)
	assert.ErrorContains(t, checkPlan(settings(), p), "shard 0: holds 41 products, more than 40: raise shards")
}

func TestSamePlanRendersTheSameBytes(t *testing.T) {
	var again rendered
	dir := t.TempDir()
	require.NoError(t, synthesize(&again, dir, publishing(settings(), somePlan(2, 2))))
	for stack := range publishedD.templates {
		first, err := os.ReadFile(filepath.Join(publishedD.dir, stack+".template.json"))
		require.NoError(t, err)
		second, err := os.ReadFile(filepath.Join(dir, stack+".template.json"))
		require.NoError(t, err)
		assert.Equal(t, string(first), string(second), stack)
	}
}

func TestPlanOfTheLedgerIsNotChangedByRendering(t *testing.T) {
	p := somePlan(2, 2)
	before, err := json.Marshal(p)
	require.NoError(t, err)
	var r rendered
	require.NoError(t, synthesize(&r, t.TempDir(), publishing(settings(), p)))
	after, err := json.Marshal(p)
	require.NoError(t, err)
	assert.JSONEq(t, string(before), string(after))
	assert.Equal(t, ledger.Inactive, p.Products[0].Versions[0].Status)
}
