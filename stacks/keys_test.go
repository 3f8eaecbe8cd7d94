package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
)

const keyRole = "fleet-key-deactivation"

// TestEveryAccountHasTheRoleThatDeactivatesKeysOnce also where an account has several functions, and whatever stack it then has first.
func TestEveryAccountHasTheRoleThatDeactivatesKeysOnce(t *testing.T) {
	for name, c := range map[string]struct {
		rendered
		s *config.Settings
	}{
		"different": {revoking, revokingSettings(unitsSettings())}, "partly": {revokingP, revokingSettings(partlySettings())},
		"equal": {revokingE, revokingSettings(equalSettings())},
	} {
		var accounts []string
		for _, stack := range loadStacks(t, c.dir) {
			for _, role := range c.in(stack.ArtifactID, "AWS::IAM::Role") {
				if role.properties["RoleName"] == keyRole {
					accounts = append(accounts, stack.Account)
					mayDeactivateKeysOnly(t, role.properties, stack.Account)
				}
			}
		}
		slices.Sort(accounts)
		assert.Equal(t, c.s.KeyAccounts(), accounts, name)
	}
}

// mayDeactivateKeysOnly holds that the role can do these two things to keys of users of its account, and that nobody but the cleansing takes it.
func mayDeactivateKeysOnly(t *testing.T, properties map[string]any, account string) {
	t.Helper()
	assert.Equal(t, []map[string]any{{
		"Sid": "DeactivateKeys", "Effect": "Allow", "Action": []any{"iam:GetAccessKeyLastUsed", "iam:UpdateAccessKey"},
		"Resource": "arn:aws:iam::" + account + ":user/*",
	}}, named{properties: properties}.statements(), account)
	assert.Equal(t, []map[string]any{{
		"Sid": "Roles", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"AWS": "arn:aws:iam::111111111111:root"},
		"Condition": map[string]any{"ArnEquals": map[string]any{"aws:PrincipalArn": "arn:aws:iam::111111111111:role/" + cleansingRole}},
	}}, statementsOf(properties["AssumeRolePolicyDocument"]), account)
	assert.Empty(t, properties["ManagedPolicyArns"], account)
}

func TestAccountsOfUnitsGetTheRoleThatDeactivatesKeysByAStackSet(t *testing.T) {
	var sets []named
	for _, set := range revoking.all("AWS::CloudFormation::StackSet") {
		if set.properties["StackSetName"] == keyRole {
			sets = append(sets, set)
		}
	}
	require.Len(t, sets, 1)
	assert.Equal(t, "fleet-catalog", sets[0].stack)
	role := inAccount(t, sets[0], "777777777777")
	assert.Equal(t, "AWS::IAM::Role", role["Type"])
	assert.Equal(t, keyRole, object(role["Properties"])["RoleName"])
	mayDeactivateKeysOnly(t, object(role["Properties"]), "777777777777")
	for _, inStack := range revoking.in("fleet-catalog", "AWS::IAM::Role") {
		if inStack.properties["RoleName"] == keyRole {
			assert.Equal(t, inStack.properties, inAccount(t, sets[0], "444444444444")["Properties"], "two spellings of one role")
		}
	}
	group := object(list(sets[0].properties["StackInstancesGroup"])[0])
	assert.Equal(t, map[string]any{
		"OrganizationalUnitIds": []any{"ou-f1ee-workload1", "ou-f1ee-workload2"}, "AccountFilterType": "DIFFERENCE",
		"Accounts": []any{"111111111111", "222222222222", "333333333333", "444444444444", "555555555555", "666666666666"},
	}, group["DeploymentTargets"], "whoever has it from a stack of its own is left out, and an account to verify in has none")
	assert.Equal(t, map[string]any{"Enabled": true, "RetainStacksOnAccountRemoval": false}, sets[0].properties["AutoDeployment"])
	assert.Equal(t, "DELEGATED_ADMIN", sets[0].properties["CallAs"])
}

func TestTheManagementAccountHasNothingOfTheFleetButThatRole(t *testing.T) {
	resources := maps.Clone(object(revoking.templates["fleet-management"]["Resources"]))
	delete(resources, "CDKMetadata")
	assert.Equal(t, []string{"KeyDeactivationRole"}, slices.Collect(maps.Keys(resources)))
	for _, name := range []string{"units", "revoking partly", "revoking equal"} {
		assert.NotContains(t, installations()[name].templates, "fleet-management", name)
	}
}

func TestProductsCannotTouchTheRoleThatDeactivatesKeys(t *testing.T) {
	for name, r := range map[string]rendered{"revoking": revoking, "equal": revokingE} {
		for _, policy := range r.all("AWS::IAM::ManagedPolicy") {
			if policy.properties["ManagedPolicyName"] != "fleet-boundary" {
				continue
			}
			for _, s := range statementsOf(policy.properties["PolicyDocument"]) {
				if s["Sid"] == "KeepProtectedRoles" {
					assert.Contains(t, texts(s["Resource"]), "arn:aws:iam::*:role/"+keyRole, name)
				}
			}
		}
	}
}

// TestNothingDeactivatesKeysUnlessTheSettingsAskForIt: no template knows of any of it.
func TestNothingDeactivatesKeysUnlessTheSettingsAskForIt(t *testing.T) {
	for name, r := range everything() {
		if r.dir == revoking.dir || r.dir == revokingP.dir || r.dir == revokingE.dir {
			continue
		}
		for stack, template := range r.templates {
			body, err := json.Marshal(template)
			require.NoError(t, err)
			for _, word := range []string{"key-deactivation", "AccessKey", "ResourceOrgID"} {
				assert.NotContains(t, string(body), word, fmt.Sprint(name, " ", stack))
			}
		}
	}
}

// TestOnlyTheCleansingTakesTheRoleThatDeactivatesKeys looks at every role of every account.
func TestOnlyTheCleansingTakesTheRoleThatDeactivatesKeys(t *testing.T) {
	for name, r := range map[string]rendered{"revoking": revoking, "partly": revokingP, "equal": revokingE} {
		var may []string
		for _, role := range r.all("AWS::IAM::Role") {
			for _, s := range role.allowing("sts:AssumeRole") {
				for _, arn := range texts(s["Resource"]) {
					if roleName := role.properties["RoleName"].(string); strings.HasSuffix(arn, "/"+keyRole) && !slices.Contains(may, roleName) {
						may = append(may, roleName)
					}
				}
			}
		}
		assert.Equal(t, []string{cleansingRole}, may, name)
	}
}
