package stacks

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
)

func installations() map[string]rendered {
	return map[string]rendered{"different": different, "equal": equal, "partly": partly, "regions": regions, "units": units,
		"revoking": revoking, "revoking partly": revokingP, "revoking equal": revokingE}
}

func everything() map[string]rendered {
	all := installations()
	for name, r := range map[string]rendered{"published": publishedD, "published equal": publishedE, "published regions": publishedR, "published units": publishedU} {
		all[name] = r
	}
	return all
}

func TestNoRoleMayDoEverything(t *testing.T) {
	for name, r := range everything() {
		for _, role := range r.all("AWS::IAM::Role") {
			for _, statement := range role.statements() {
				if statement["Effect"] != "Allow" {
					continue
				}
				for _, action := range texts(statement["Action"]) {
					service, operation, found := strings.Cut(action, ":")
					assert.True(t, found && service != "*" && operation != "*" && operation != "", "%s: %s.%s allows %s", name, role.stack, role.id, action)
				}
			}
		}
	}
}

func TestNoRoleIsAdministrator(t *testing.T) {
	for name, r := range everything() {
		for _, role := range r.all("AWS::IAM::Role") {
			for _, managed := range list(role.properties["ManagedPolicyArns"]) {
				assert.Equal(t, map[string]any{"Ref": "Boundary"}, managed, "%s: %s.%s", name, role.stack, role.id)
			}
		}
	}
}

func TestEveryActionHasARoleOfItsOwnAndEveryProjectToo(t *testing.T) {
	seen := map[string]string{}
	for _, stage := range different.stages(t) {
		for _, value := range list(stage["Actions"]) {
			action := object(value)
			provider := object(action["ActionTypeId"])["Provider"]
			if provider == "Manual" || provider == "CloudFormation" {
				continue
			}
			body, err := json.Marshal(action["RoleArn"])
			require.NoError(t, err)
			assert.Empty(t, seen[string(body)], "%s shares the role of %s", action["Name"], seen[string(body)])
			seen[string(body)] = action["Name"].(string)
		}
	}
	roles := map[string]bool{}
	for _, project := range different.all("AWS::CodeBuild::Project") {
		role := fmt.Sprint(project.properties["ServiceRole"])
		assert.False(t, roles[role], "%s shares its role", project.id)
		roles[role] = true
	}
}

func TestRolesArePassedToOneNamedServiceOnly(t *testing.T) {
	for name, r := range installations() {
		for _, role := range r.all("AWS::IAM::Role") {
			for _, statement := range role.allowing("iam:PassRole") {
				condition := object(object(statement["Condition"])["StringEquals"])
				assert.NotEmpty(t, condition["iam:PassedToService"], "%s: %s.%s", name, role.stack, role.id)
				assert.NotContains(t, texts(statement["Resource"]), "*", "%s: %s.%s", name, role.stack, role.id)
			}
		}
	}
}

func TestRolesThatCreateRolesCanOnlyCreateBoundedOnes(t *testing.T) {
	escalating := []string{"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"}
	for name, r := range installations() {
		for _, kind := range []string{"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"} {
			for _, resource := range r.all(kind) {
				statements := resource.statements()
				if kind == "AWS::IAM::ManagedPolicy" {
					statements = statementsOf(resource.properties["PolicyDocument"])
				}
				for _, statement := range statements {
					creates := statement["Effect"] == "Allow" && slices.ContainsFunc(escalating, func(action string) bool {
						return slices.ContainsFunc(texts(statement["Action"]), func(pattern string) bool { return covers(pattern, action) })
					})
					if !creates {
						continue
					}
					text := fmt.Sprint(statement["Condition"])
					assert.Contains(t, text, "iam:PermissionsBoundary", "%s: %s.%s %v", name, resource.stack, resource.id, statement["Sid"])
					assert.Contains(t, text, "policy/fleet-boundary", "%s: %s.%s", name, resource.stack, resource.id)
				}
			}
		}
	}
}

func TestNobodyTakesTheBoundaryOffOrEditsIt(t *testing.T) {
	for _, policy := range different.all("AWS::IAM::ManagedPolicy") {
		if policy.properties["ManagedPolicyName"] != "fleet-boundary" {
			continue
		}
		var denied []string
		for _, statement := range statementsOf(policy.properties["PolicyDocument"]) {
			if statement["Effect"] == "Deny" {
				denied = append(denied, fmt.Sprintf("%v on %v", statement["Action"], statement["Resource"]))
			}
		}
		text := strings.Join(denied, "\n")
		assert.Contains(t, text, "iam:DeleteRolePermissionsBoundary on *", policy.stack)
		assert.Contains(t, text, "iam:CreatePolicyVersion", policy.stack)
		for _, role := range []string{"fleet-launch-*", "cdk-*", "OrganizationAccountAccessRole"} {
			assert.Contains(t, text, "role/"+role, policy.stack)
		}
	}
}

// TestProductsKeepTheirHandsOffWhateverTheInstallationMakes goes through all roles and buckets of the installation, because any of its
// accounts may also be one in which products are launched.
func TestProductsKeepTheirHandsOffWhateverTheInstallationMakes(t *testing.T) {
	for _, policy := range different.all("AWS::IAM::ManagedPolicy") {
		if policy.properties["ManagedPolicyName"] != "fleet-boundary" {
			continue
		}
		denied := func(action, arn string) bool {
			return slices.ContainsFunc(statementsOf(policy.properties["PolicyDocument"]), func(s map[string]any) bool {
				matches := func(patterns any, text string) bool {
					return slices.ContainsFunc(texts(patterns), func(pattern string) bool {
						return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString(text)
					})
				}
				return s["Effect"] == "Deny" && s["Condition"] == nil && matches(s["Action"], action) && matches(s["Resource"], arn)
			})
		}
		for _, role := range different.all("AWS::IAM::Role") {
			arn := "arn:aws:iam::111111111111:role/" + role.properties["RoleName"].(string)
			assert.True(t, denied("iam:DeleteRole", arn), "%s: %s", policy.stack, arn)
		}
		for _, bucket := range different.all("AWS::S3::Bucket") {
			arn := "arn:aws:s3:::" + bucket.properties["BucketName"].(string)
			assert.True(t, denied("s3:DeleteBucket", arn), "%s: %s", policy.stack, arn)
			assert.True(t, denied("s3:PutObject", arn+"/x"), "%s: %s", policy.stack, arn)
		}
	}
}

// TestBoundaryAllowsNoWayAround looks at what the boundary allows: on stacks, roles and trust only what is named after a product.
func TestBoundaryAllowsNoWayAround(t *testing.T) {
	for _, policy := range different.all("AWS::IAM::ManagedPolicy") {
		if policy.properties["ManagedPolicyName"] != "fleet-boundary" {
			continue
		}
		for _, statement := range statementsOf(policy.properties["PolicyDocument"]) {
			if statement["Effect"] != "Allow" {
				continue
			}
			for _, action := range texts(statement["Action"]) {
				assert.NotContains(t, []string{"*", "iam:*", "sts:*", "organizations:*", "cloudformation:Update*", "iam:Create*", "iam:Put*"}, action)
				assert.False(t, covers(action, "sts:AssumeRole"), "%s: a product's role takes no other role", policy.stack)
				assert.False(t, covers(action, "iam:CreateUser") || covers(action, "iam:CreateAccessKey"), policy.stack)
				for _, dangerous := range []string{"iam:UpdateAssumeRolePolicy", "iam:CreatePolicyVersion", "cloudformation:UpdateStack", "cloudformation:ExecuteChangeSet"} {
					if covers(action, dangerous) {
						assert.NotContains(t, texts(statement["Resource"]), "*", "%s: %s on everything", policy.stack, dangerous)
					}
				}
				if covers(action, "iam:PassRole") && slices.Contains(texts(statement["Resource"]), "*") {
					services := texts(object(object(statement["Condition"])["StringEquals"])["iam:PassedToService"])
					assert.ElementsMatch(t, []string{"cloudtrail.amazonaws.com", "config.amazonaws.com", "vpc-flow-logs.amazonaws.com"}, services)
				}
			}
		}
	}
}

func TestEachAccountHasOneBoundaryAndItsUsersComeAfter(t *testing.T) {
	for name, c := range map[string]struct {
		rendered
		s *config.Settings
	}{"different": {different, settings()}, "equal": {equal, equalSettings()}, "partly": {partly, partlySettings()}, "regions": {regions, regionsSettings()}, "units": {units, unitsSettings()}} {
		count := map[string]int{}
		for _, stack := range loadStacks(t, c.dir) {
			for _, policy := range c.in(stack.ArtifactID, "AWS::IAM::ManagedPolicy") {
				if policy.properties["ManagedPolicyName"] == "fleet-boundary" {
					count[stack.Account]++
				}
			}
			for _, role := range c.in(stack.ArtifactID, "AWS::IAM::Role") {
				if boundary, ok := role.properties["PermissionsBoundary"].(string); ok {
					assert.Equal(t, "arn:aws:iam::"+stack.Account+":policy/fleet-boundary", boundary, name)
					assert.NotZero(t, count[stack.Account], "%s: %s comes before the boundary that it names", name, stack.Name)
				}
			}
		}
		want := append([]string{c.s.Accounts.Test, c.s.Accounts.Gamma, c.s.Accounts.Catalog}, c.s.Listed()...)
		for _, account := range accountsOf("", want...) {
			assert.Equal(t, 1, count[account], "%s: account %s", name, account)
			delete(count, account)
		}
		assert.Empty(t, count, "%s: the boundary of an account in which only Verify looks comes by its unit", name)
	}
}

func TestNoTwoStacksOfAnAccountUseOneName(t *testing.T) {
	for name, r := range installations() {
		seen := map[string]string{}
		for _, stack := range loadStacks(t, r.dir) {
			for kind, property := range map[string]string{
				"AWS::IAM::Role": "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName", "AWS::S3::Bucket": "BucketName",
			} {
				for _, resource := range r.in(stack.ArtifactID, kind) {
					key := fmt.Sprint(stack.Account, kind, resource.properties[property])
					assert.Empty(t, seen[key], "%s: %s of %s", name, key, stack.Name)
					seen[key] = stack.Name
				}
			}
			assert.NotContains(t, stack.Name, "support", "%s: the CDK made a stack of its own", name)
		}
	}
}

func TestRolesOfOtherAccountsAreTakenByExactlyTheirUsers(t *testing.T) {
	want := map[string][]string{
		"fleet-test-deploy":     {"fleet-build-provision", "fleet-build-integration-tests"},
		"fleet-test-sweep":      {"fleet-build-provision", "fleet-build-integration-tests"},
		"fleet-gamma-deploy":    {"fleet-pipeline"},
		"fleet-gamma-consumer":  {"fleet-build-consume"},
		"fleet-gamma-sweep":     {"fleet-build-consume"},
		"fleet-catalog-deploy":  {"fleet-pipeline"},
		"fleet-catalog-store":   {"fleet-build-store"},
		"fleet-catalog-read":    {"fleet-build-package", "fleet-build-render", "fleet-build-dossier", "fleet-build-preflight"},
		"fleet-catalog-rewrite": {"fleet-build-repo-cleansing"},
		"fleet-catalog-publish": {"fleet-build-settle", "fleet-build-verify"},
		"fleet-consumer-verify": {"fleet-build-verify"},
		"fleet-consumer-deploy": {"fleet-pipeline"},
	}
	for name, users := range want {
		statements := statementsOf(different.role(t, name).properties["AssumeRolePolicyDocument"])
		require.Len(t, statements, 1, name)
		assert.Equal(t, map[string]any{"AWS": "arn:aws:iam::111111111111:root"}, statements[0]["Principal"], name)
		var arns []string
		for _, user := range users {
			arns = append(arns, "arn:aws:iam::111111111111:role/"+user)
		}
		condition := object(object(statements[0]["Condition"])["ArnEquals"])["aws:PrincipalArn"]
		assert.Equal(t, arns, texts(condition), name)
	}
}

// TestTrustAndPermissionAgree holds both halves of every assumption: whom a role trusts may take it, and whom it may take trusts it.
func TestTrustAndPermissionAgree(t *testing.T) {
	for name, r := range installations() {
		trusted := map[string]bool{}
		for _, stack := range loadStacks(t, r.dir) {
			for _, role := range r.in(stack.ArtifactID, "AWS::IAM::Role") {
				arn := "arn:aws:iam::" + stack.Account + ":role/" + role.properties["RoleName"].(string)
				for _, statement := range statementsOf(role.properties["AssumeRolePolicyDocument"]) {
					for _, user := range texts(object(object(statement["Condition"])["ArnEquals"])["aws:PrincipalArn"]) {
						trusted[user+" takes "+arn] = true
					}
				}
			}
		}
		permitted := map[string]bool{}
		for _, role := range r.in("fleet-toolchain", "AWS::IAM::Role") {
			user := "arn:aws:iam::111111111111:role/" + role.properties["RoleName"].(string)
			for _, statement := range role.allowing("sts:AssumeRole") {
				if statement["Sid"] == "DeactivateKeysInUnits" { // its roles come by a stack set: see keys_test.go
					continue
				}
				for _, target := range list(statement["Resource"]) {
					arn, ok := target.(string)
					if !ok { // a reference to an action role of the same stack
						reference := list(object(target)["Fn::GetAtt"])
						properties := object(object(object(r.templates["fleet-toolchain"]["Resources"])[reference[0].(string)])["Properties"])
						arn = "arn:aws:iam::111111111111:role/" + properties["RoleName"].(string)
					}
					permitted[user+" takes "+arn] = true
				}
			}
		}
		assert.Equal(t, permitted, trusted, name)
	}
}

func TestOnlyReviewersApproveAndTheFleetsOwnRolesCannotBecomeReviewers(t *testing.T) {
	for name, r := range installations() {
		var may []string
		for _, role := range r.all("AWS::IAM::Role") {
			if len(role.allowing("codepipeline:PutApprovalResult")) > 0 {
				may = append(may, role.properties["RoleName"].(string))
			}
		}
		assert.Equal(t, []string{"fleet-reviewer"}, may, name)
	}
	reviewer := different.role(t, "fleet-reviewer")
	assert.Equal(t, "arn:aws:codepipeline:eu-west-1:111111111111:fleet-pipeline/Prod/Approve", reviewer.allowing("codepipeline:PutApprovalResult")[0]["Resource"])
	trust := statementsOf(reviewer.properties["AssumeRolePolicyDocument"])[0]
	condition := object(trust["Condition"])
	assert.Equal(t, "arn:aws:iam::111111111111:role/reviewers/*", object(condition["ArnLike"])["aws:PrincipalArn"])
	assert.Contains(t, texts(object(condition["ArnNotLike"])["aws:PrincipalArn"]), "arn:aws:iam::*:role/fleet-build-*")
	for _, policy := range different.all("AWS::IAM::ManagedPolicy") {
		if policy.properties["ManagedPolicyName"] == "fleet-approval-guard" {
			guard := statementsOf(policy.properties["PolicyDocument"])
			require.Len(t, guard, 2)
			assert.Equal(t, "Deny", guard[0]["Effect"])
			assert.ElementsMatch(t, []string{"codepipeline:PutApprovalResult", "codepipeline:OverrideStageCondition"}, texts(guard[0]["Action"]))
			assert.Equal(t, map[string]any{"ArnNotEquals": map[string]any{"aws:PrincipalArn": "arn:aws:iam::111111111111:role/fleet-reviewer"}}, guard[0]["Condition"])
			assert.Equal(t, "Deny", guard[1]["Effect"])
			assert.ElementsMatch(t, []string{"codepipeline:UpdatePipeline", "codepipeline:DeletePipeline"}, texts(guard[1]["Action"]))
			assert.Equal(t, map[string]any{"ArnNotLike": map[string]any{"aws:PrincipalArn": "arn:aws:iam::111111111111:role/cdk-*-cfn-exec-role-*"}},
				guard[1]["Condition"], "where the guard is on this role too, cdk deploy must still be able to change the pipeline")
			return
		}
	}
	t.Fatal("the guard is not offered")
}

func TestEngineersPushAndCannotDeleteThePublishedBranch(t *testing.T) {
	engineer := different.role(t, "fleet-engineer")
	require.Len(t, engineer.allowing("codecommit:GitPush"), 1)
	var denied []string
	for _, s := range engineer.statements() {
		if s["Effect"] == "Deny" && s["Sid"] != "FrozenWhileSecretsArePurged" {
			denied = append(denied, texts(s["Action"])...)
			assert.Equal(t, "refs/heads/main", object(object(s["Condition"])["StringEqualsIfExists"])["codecommit:References"])
			assert.Equal(t, "false", object(object(s["Condition"])["Null"])["codecommit:References"], "calls without a reference are not concerned")
		}
	}
	assert.Contains(t, denied, "codecommit:DeleteBranch")
	for _, forbidden := range []string{"codepipeline:StartPipelineExecution", "codepipeline:PutApprovalResult", "codebuild:StartBuild", "codecommit:DeleteRepository"} {
		assert.Empty(t, engineer.allowing(forbidden), forbidden)
	}
}

func TestEndUsersMayOnlyUseServiceCatalog(t *testing.T) {
	for _, name := range []string{"fleet-gamma-consumer", "fleet-consumer-verify"} {
		for _, s := range different.role(t, name).statements() {
			for _, action := range texts(s["Action"]) {
				assert.True(t, strings.HasPrefix(action, "servicecatalog:"), "%s may %s", name, action)
			}
		}
	}
	assert.Empty(t, different.role(t, "fleet-consumer-verify").allowing("servicecatalog:TerminateProvisionedProduct"), "verify must not touch what consumers run")
}

func TestBuildsOfAlphaHaveNoWayIntoOtherAccounts(t *testing.T) {
	for _, name := range []string{"fleet-build-policy-as-code", "fleet-build-secrets-detection", "fleet-build-unit-tests"} {
		assert.Empty(t, different.role(t, name).allowing("sts:AssumeRole"), name)
	}
}

func TestBuildsWriteTheirOwnArtifactOnly(t *testing.T) {
	for _, role := range different.in("fleet-toolchain", "AWS::IAM::Role") {
		name := role.properties["RoleName"].(string)
		if !strings.HasPrefix(name, "fleet-build-") {
			continue
		}
		for _, s := range role.allowing("s3:PutObject") {
			resources := texts(s["Resource"])
			assert.Len(t, resources, 1, name)
			assert.NotContains(t, resources[0], "fleet-pipeline/*", "%s could replace what another action made", name)
		}
	}
}
