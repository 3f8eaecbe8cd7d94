package stacks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const cleansingRole = "fleet-build-repo-cleansing"

// TestTheCleansingMayDoExactlyThis lists every permission of the cleansing's role: whoever adds one must say so here.
func TestTheCleansingMayDoExactlyThis(t *testing.T) {
	want := []string{
		"logs:CreateLogStream logs:PutLogEvents on arn:aws:logs:eu-west-1:111111111111:log-group:/aws/codebuild/fleet-repo-cleansing:*",
		"s3:GetObject on the toolbox",
		"codecommit:GitPull codecommit:GitPush on arn:aws:codecommit:eu-west-1:111111111111:fleet-catalog",
		"codecommit:TagResource codecommit:UntagResource on arn:aws:codecommit:eu-west-1:111111111111:fleet-catalog " +
			"if map[ForAllValues:StringEquals:map[aws:TagKeys:fleet-frozen]]",
		"events:DisableRule events:EnableRule on arn:aws:events:eu-west-1:111111111111:rule/fleet-push",
		"codepipeline:StartPipelineExecution on arn:aws:codepipeline:eu-west-1:111111111111:fleet-pipeline",
		"codepipeline:ListPipelineExecutions codepipeline:ListActionExecutions on arn:aws:codepipeline:eu-west-1:111111111111:fleet-pipeline",
		"s3:ListBucketVersions on arn:aws:s3:::fleet-artifacts-111111111111-eu-west-1",
		"s3:DeleteObjectVersion on arn:aws:s3:::fleet-artifacts-111111111111-eu-west-1/fleet-pipeline/Source* " +
			"arn:aws:s3:::fleet-artifacts-111111111111-eu-west-1/fleet-pipeline/Package*",
		"s3:ListBucket on arn:aws:s3:::fleet-cleansing-111111111111-eu-west-1",
		"s3:GetObject s3:PutObject on arn:aws:s3:::fleet-cleansing-111111111111-eu-west-1/*",
		"kms:Decrypt kms:GenerateDataKey on CleansingStoreKey",
		"sns:Publish on NotificationsTopic",
		"kms:Decrypt kms:GenerateDataKey on OperationsKey if map[StringEquals:map[kms:ViaService:sns.eu-west-1.amazonaws.com]]",
		"sts:AssumeRole on arn:aws:iam::444444444444:role/fleet-catalog-rewrite",
	}
	assert.Equal(t, want, permissions(t, different.role(t, cleansingRole)))
	accounts := "arn:aws:iam::111111111111:role/fleet-key-deactivation arn:aws:iam::222222222222:role/fleet-key-deactivation " +
		"arn:aws:iam::333333333333:role/fleet-key-deactivation arn:aws:iam::444444444444:role/fleet-key-deactivation " +
		"arn:aws:iam::555555555555:role/fleet-key-deactivation arn:aws:iam::666666666666:role/fleet-key-deactivation"
	assert.Equal(t, slices.Concat(want, []string{ // and this, where leaked access keys are deactivated
		"sts:GetAccessKeyInfo on *",
		"sts:AssumeRole on " + accounts,
		"sts:AssumeRole on arn:aws:iam::*:role/fleet-key-deactivation if map[StringEquals:map[aws:ResourceOrgID:o-exampleorgid]]",
	}), permissions(t, revoking.role(t, cleansingRole)))
	alone := permissions(t, revokingE.role(t, cleansingRole))
	assert.Equal(t, []string{"sts:GetAccessKeyInfo on *", "sts:AssumeRole on arn:aws:iam::111111111111:role/fleet-key-deactivation"}, alone[len(want):],
		"without units no account but those of the settings")
}

// permissions are what a role is allowed, statement by statement.
func permissions(t *testing.T, role named) []string {
	t.Helper()
	var got []string
	for _, s := range role.statements() {
		require.Equal(t, "Allow", s["Effect"])
		line := strings.Join(texts(s["Action"]), " ") + " on " + strings.Join(targets(s["Resource"]), " ")
		if s["Condition"] != nil {
			line += fmt.Sprint(" if ", s["Condition"])
		}
		got = append(got, line)
	}
	return got
}

// targets names the resources of a statement: ARNs as they are, references by their logical id.
func targets(value any) []string {
	var names []string
	for _, item := range list(value) {
		text, ok := item.(string)
		reference := object(item)
		switch {
		case ok && strings.HasPrefix(text, "arn:aws:s3:::cdk-hnb659fds-assets-111111111111-eu-west-1/") && !strings.Contains(text, "*"):
			names = append(names, "the toolbox")
		case ok:
			names = append(names, text)
		case reference["Ref"] != nil:
			names = append(names, reference["Ref"].(string))
		default:
			names = append(names, list(reference["Fn::GetAtt"])[0].(string))
		}
	}
	return names
}

func TestNothingButEngineersAndTheCleansingPushes(t *testing.T) {
	for name, r := range everything() {
		var may []string
		for _, role := range r.all("AWS::IAM::Role") {
			for _, action := range []string{"codecommit:GitPush", "codecommit:PutFile", "codecommit:CreateCommit", "codecommit:DeleteBranch", "codecommit:DeleteRepository"} {
				if roleName := role.properties["RoleName"].(string); len(role.allowing(action)) > 0 && !slices.Contains(may, roleName) {
					may = append(may, roleName)
				}
			}
		}
		want := []string{cleansingRole, "fleet-engineer"}
		if name == "regions" || strings.HasPrefix(name, "published") { // a connection, or no repository at all
			want = nil
		}
		assert.Equal(t, want, may, name)
	}
}

func TestTheCleansingRunsOnceAtATimeFromNothingThatIsPushed(t *testing.T) {
	for _, project := range different.all("AWS::CodeBuild::Project") {
		if project.properties["Name"] != "fleet-repo-cleansing" {
			continue
		}
		assert.Equal(t, 1.0, project.properties["ConcurrentBuildLimit"])
		assert.Equal(t, "NO_SOURCE", object(project.properties["Source"])["Type"])
		assert.Equal(t, map[string]any{"Type": "NO_ARTIFACTS"}, project.properties["Artifacts"])
		return
	}
	t.Fatal("there is no project fleet-repo-cleansing")
}

func TestAFailedScanStartsTheCleansingOrAPlanOrNothing(t *testing.T) {
	rows := map[string]struct {
		rendered
		command string
	}{"automatic": {different, `"run"`}, "approval": {approving, `"plan"`}}
	for name, row := range rows {
		rules := map[string]map[string]any{}
		for _, rule := range row.all("AWS::Events::Rule") {
			rules[rule.properties["Name"].(string)] = rule.properties
		}
		scan := rules["fleet-cleansing"]
		require.NotNil(t, scan, name)
		assert.Equal(t, map[string]any{
			"source": []any{"aws.codepipeline"}, "detail-type": []any{"CodePipeline Action Execution State Change"},
			"detail": map[string]any{"pipeline": []any{"fleet-pipeline"}, "action": []any{"SecretsDetection"}, "state": []any{"FAILED"}},
		}, scan["EventPattern"], name)
		target := object(list(scan["Targets"])[0])
		assert.Equal(t, "arn:aws:codebuild:eu-west-1:111111111111:project/fleet-repo-cleansing", target["Arn"], name)
		assert.Contains(t, object(target["InputTransformer"])["InputTemplate"], `"CLEANSE_COMMAND","type":"PLAINTEXT","value":`+row.command, name)
		require.NotNil(t, rules["fleet-cleansing-decided"], name)
	}
	for _, rule := range never.all("AWS::Events::Rule") {
		assert.NotContains(t, rule.properties["Name"], "cleansing")
	}
	for _, role := range never.all("AWS::IAM::Role") {
		assert.NotContains(t, []string{cleansingRole, "fleet-catalog-rewrite", "fleet-cleansing-trigger"}, role.properties["RoleName"])
	}
}

// TestInputOfTheCleansingIsTheOneOfStartBuild holds that the rules pass on variables and nothing else: a build specification, a source or
// a role in it would make whoever sends the event as mighty as the cleansing.
func TestInputOfTheCleansingIsTheOneOfStartBuild(t *testing.T) {
	for _, rule := range different.all("AWS::Events::Rule") {
		target := object(list(rule.properties["Targets"])[0])
		transformer := object(target["InputTransformer"])
		if target["Id"] != "cleansing" {
			continue
		}
		text := transformer["InputTemplate"].(string)
		for name := range object(transformer["InputPathsMap"]) {
			assert.Contains(t, text, `"value":<`+name+`>`, "EventBridge quotes the value of a placeholder that stands for itself")
			text = strings.ReplaceAll(text, "<"+name+">", `"x"`)
		}
		var input map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &input))
		assert.Len(t, input, 1)
		for _, variable := range list(input["environmentVariablesOverride"]) {
			assert.Contains(t, []any{"CLEANSE_COMMAND", "EXECUTION_ID", "CLEANSING"}, object(variable)["name"])
			assert.Equal(t, "PLAINTEXT", object(variable)["type"])
		}
	}
}

func TestReviewersDecideByAnEventAndStartNoBuild(t *testing.T) {
	reviewer := different.role(t, "fleet-reviewer")
	statements := reviewer.allowing("events:PutEvents")
	require.Len(t, statements, 1)
	assert.Equal(t, "arn:aws:events:eu-west-1:111111111111:event-bus/default", statements[0]["Resource"])
	assert.Equal(t, map[string]any{"StringEquals": map[string]any{"events:source": "fleet-cleansing", "events:detail-type": "Cleansing Decided"}}, statements[0]["Condition"])
	for _, role := range different.all("AWS::IAM::Role") {
		for _, s := range role.allowing("codebuild:StartBuild") {
			if slices.Contains(texts(s["Resource"]), "arn:aws:codebuild:eu-west-1:111111111111:project/fleet-repo-cleansing") {
				assert.Equal(t, "fleet-cleansing-trigger", role.properties["RoleName"])
			}
		}
	}
}

func TestOldHistoriesAreLockedAndReadByTheCleansingOnly(t *testing.T) {
	for name, r := range map[string]rendered{"automatic": different, "off": never} {
		for _, bucket := range r.in("fleet-toolchain", "AWS::S3::Bucket") {
			if bucket.properties["BucketName"] != "fleet-cleansing-111111111111-eu-west-1" {
				continue
			}
			retention := object(object(object(bucket.properties["ObjectLockConfiguration"])["Rule"])["DefaultRetention"])
			assert.Equal(t, map[string]any{"Mode": "GOVERNANCE", "Days": 90.0}, retention, name)
			rule := object(list(object(bucket.properties["LifecycleConfiguration"])["Rules"])[0])
			assert.Equal(t, 90.0, rule["ExpirationInDays"], "%s: they hold secrets, so they go", name)
			assert.Contains(t, fmt.Sprint(bucket.properties["BucketEncryption"]), "CleansingStoreKey", name)
		}
		cleanser := map[string]any{"aws:PrincipalArn": "arn:aws:iam::111111111111:role/" + cleansingRole}
		var denied, used []any
		for _, policy := range r.in("fleet-toolchain", "AWS::S3::BucketPolicy") {
			if policy.id == "CleansingStoreBucketPolicy" {
				for _, s := range statementsOf(policy.properties["PolicyDocument"]) {
					denied = append(denied, s["Sid"], s["Effect"], s["Condition"])
				}
			}
		}
		assert.Equal(t, []any{"OnlyTheCleansingReadsAndWrites", "Deny", map[string]any{"ArnNotEquals": cleanser}, "NobodyEndsTheLock", "Deny", nil}, denied[3:], name)
		for _, key := range r.in("fleet-toolchain", "AWS::KMS::Key") {
			for _, s := range statementsOf(key.properties["KeyPolicy"]) {
				if key.id == "CleansingStoreKey" && (slices.Contains(texts(s["Action"]), "kms:*") || slices.Contains(texts(s["Action"]), "kms:Decrypt")) {
					used = append(used, s["Sid"], s["Condition"])
				}
			}
		}
		assert.Equal(t, []any{"OnlyTheCleansingUses", map[string]any{"ArnEquals": cleanser}}, used, name)
	}
}

func TestEngineersCannotPushWhileTheRepositoryIsFrozen(t *testing.T) {
	for _, s := range different.role(t, "fleet-engineer").statements() {
		if s["Sid"] != "FrozenWhileSecretsArePurged" {
			continue
		}
		assert.Equal(t, "Deny", s["Effect"])
		assert.Equal(t, "arn:aws:codecommit:eu-west-1:111111111111:fleet-catalog", s["Resource"])
		assert.Contains(t, texts(s["Action"]), "codecommit:GitPush")
		assert.Equal(t, map[string]any{"Null": map[string]any{"aws:ResourceTag/fleet-frozen": "false"}}, s["Condition"])
		assert.Empty(t, different.role(t, "fleet-engineer").allowing("codecommit:UntagResource"), "engineers do not thaw it")
		return
	}
	t.Fatal("nothing keeps engineers from pushing")
}

func TestTheLedgerRoleOfTheCleansingReadsAndAppendsAndNoMore(t *testing.T) {
	var actions []string
	for _, s := range different.role(t, "fleet-catalog-rewrite").statements() {
		actions = append(actions, texts(s["Action"])...)
		for _, resource := range texts(s["Resource"]) {
			assert.True(t, strings.HasPrefix(resource, "arn:aws:s3:::fleet-ledger-444444444444-eu-west-1"), resource)
		}
	}
	assert.Equal(t, []string{"s3:ListBucket", "s3:GetObject", "s3:PutObject"}, actions)
}
