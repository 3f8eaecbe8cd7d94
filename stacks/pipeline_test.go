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

	"accountfleet/internal/assembly"
)

func order(action map[string]any) int {
	number, _ := action["RunOrder"].(float64)
	return int(number)
}

func TestStagesAndActionsAreThoseOfTheDesign(t *testing.T) {
	want := map[string]string{
		"Source": "1 Source",
		"Alpha":  "1 PolicyAsCode, 1 SecretsDetection, 1 UnitTests, 2 Package",
		"Beta":   "1 Provision, 2 IntegrationTests",
		"Gamma":  "1 Store, 2 GammaPortfolio, 3 GammaAccess, 4 Consume",
		"Prod": "1 Render, 2 ChangeSet-Products-0, 2 ChangeSet-LaunchRoles, 3 Dossier, 4 Approve, 5 Preflight, 6 Execute-Products-0, " +
			"6 Execute-LaunchRoles, 7 ChangeSet-Portfolio-security, 7 ChangeSet-Portfolio-account-baseline, 8 Execute-Portfolio-security, " +
			"8 Execute-Portfolio-account-baseline, 9 Access-555555555555, 9 Access-666666666666, 10 Settle, 11 Verify",
	}
	var names []string
	for _, stage := range different.stages(t) {
		name := stage["Name"].(string)
		names = append(names, name)
		var actions []string
		for _, action := range different.actions(t, name) {
			actions = append(actions, fmt.Sprintf("%d %s", order(action), action["Name"]))
		}
		assert.Equal(t, want[name], strings.Join(actions, ", "))
	}
	assert.Equal(t, []string{"Source", "Alpha", "Beta", "Gamma", "Prod"}, names)
}

func TestPipelineQueuesExecutionsAndIsOfTypeV2(t *testing.T) {
	for _, r := range []rendered{different, equal, partly, regions} {
		pipeline := r.all("AWS::CodePipeline::Pipeline")[0].properties
		assert.Equal(t, "V2", pipeline["PipelineType"])
		assert.Equal(t, "QUEUED", pipeline["ExecutionMode"])
	}
}

func TestApprovalPrecedesEverythingThatPublishes(t *testing.T) {
	for _, r := range []rendered{different, equal, partly, regions} {
		approval := order(r.action(t, "Prod", "Approve"))
		for _, action := range r.actions(t, "Prod") {
			name := action["Name"].(string)
			mode := object(action["Configuration"])["ActionMode"]
			if mode == "CHANGE_SET_EXECUTE" || mode == "CREATE_UPDATE" || name == "Settle" || name == "Verify" {
				assert.Greater(t, order(action), approval, name)
			}
		}
		assert.Less(t, order(r.action(t, "Prod", "Dossier")), approval, "the reviewer has something to read")
		assert.Less(t, approval, order(r.action(t, "Prod", "Preflight")), "what was approved is compared again")
	}
}

func TestOnlyProdPublishes(t *testing.T) {
	for _, stage := range []string{"Source", "Alpha", "Beta", "Gamma"} {
		for _, action := range different.actions(t, stage) {
			stack, _ := object(action["Configuration"])["StackName"].(string)
			assert.NotContains(t, []string{"fleet-products-0", "fleet-launch-roles"}, stack)
			assert.False(t, strings.HasPrefix(stack, "fleet-portfolio-"), "%s deploys %s", action["Name"], stack)
		}
	}
}

func TestPortfoliosGetTheirChangeSetsAfterProductsExist(t *testing.T) {
	products := order(different.action(t, "Prod", "Execute-Products-0"))
	set := order(different.action(t, "Prod", "ChangeSet-Portfolio-security"))
	execute := order(different.action(t, "Prod", "Execute-Portfolio-security"))
	access := order(different.action(t, "Prod", "Access-555555555555"))
	assert.True(t, products < set && set < execute && execute < access, "%d %d %d %d", products, set, execute, access)
}

func TestStagesAfterAlphaAreSkippedWhenNothingChanged(t *testing.T) {
	for _, stage := range different.stages(t) {
		conditions := list(object(stage["BeforeEntry"])["Conditions"])
		if slices.Contains([]string{"Source", "Alpha"}, stage["Name"].(string)) {
			assert.Empty(t, conditions)
			continue
		}
		require.Len(t, conditions, 1)
		assert.Equal(t, "SKIP", object(conditions[0])["Result"])
		rule := object(list(object(conditions[0])["Rules"])[0])
		assert.Equal(t, map[string]any{"Category": "Rule", "Owner": "AWS", "Provider": "VariableCheck", "Version": "1"}, rule["RuleTypeId"])
		assert.Equal(t, map[string]any{"Variable": "#{PackageVariables.CHANGES}", "Operator": "NE", "Value": "0"}, rule["Configuration"])
	}
}

func TestNoStageRollsBack(t *testing.T) {
	for _, stage := range different.stages(t) {
		assert.NotContains(t, stage, "OnFailure", "a rollback of Prod would publish old stacks")
	}
}

// TestEveryArtifactAndVariableIsMadeBeforeItIsUsed reads the pipeline as CodePipeline does: what an action takes must come from an
// action before it.
func TestEveryArtifactAndVariableIsMadeBeforeItIsUsed(t *testing.T) {
	variable := regexp.MustCompile(`#\{([^.}]+)\.`)
	for _, r := range []rendered{different, equal, partly, regions} {
		artifacts, namespaces := map[string]bool{}, map[string]bool{"codepipeline": true}
		for _, stage := range r.stages(t) {
			actions := r.actions(t, stage["Name"].(string))
			last := 0
			for _, action := range actions {
				last = max(last, order(action))
			}
			for current := 1; current <= last; current++ {
				for _, action := range actions {
					if order(action) != current {
						continue
					}
					for _, input := range list(action["InputArtifacts"]) {
						assert.True(t, artifacts[object(input)["Name"].(string)], "%s takes %v", action["Name"], input)
					}
					body, err := json.Marshal(action["Configuration"])
					require.NoError(t, err)
					for _, match := range variable.FindAllStringSubmatch(string(body), -1) {
						assert.True(t, namespaces[match[1]], "%s reads %s", action["Name"], match[0])
					}
				}
				for _, action := range actions {
					if order(action) != current {
						continue
					}
					for _, output := range list(action["OutputArtifacts"]) {
						name := object(output)["Name"].(string)
						assert.False(t, artifacts[name], "%s is made twice", name)
						artifacts[name] = true
					}
					if namespace, ok := action["Namespace"].(string); ok {
						assert.False(t, namespaces[namespace], "namespace %s is used twice", namespace)
						namespaces[namespace] = true
					}
				}
			}
		}
		for namespace := range namespaces {
			assert.False(t, artifacts[namespace], "%s is a namespace and an artifact, which CodePipeline refuses", namespace)
		}
	}
}

func TestArtifactsDifferInTheirFirstEightCharacters(t *testing.T) {
	seen := map[string]string{}
	for _, stage := range different.stages(t) {
		for _, action := range list(stage["Actions"]) {
			for _, output := range list(object(action)["OutputArtifacts"]) {
				name := object(output)["Name"].(string)
				cut := name[:min(8, len(name))]
				assert.Empty(t, seen[cut], "%s and %s could not be told apart by a policy", seen[cut], name)
				seen[cut] = name
			}
		}
	}
}

func TestSourceIsAFullClone(t *testing.T) {
	for _, r := range []rendered{different, regions} {
		configuration := object(r.action(t, "Source", "Source")["Configuration"])
		assert.Equal(t, "CODEBUILD_CLONE_REF", configuration["OutputArtifactFormat"], "a ZIP has no history to scan")
		assert.Equal(t, "main", configuration["BranchName"])
	}
	assert.Equal(t, "CodeCommit", object(different.action(t, "Source", "Source")["ActionTypeId"])["Provider"])
	assert.Equal(t, "false", object(different.action(t, "Source", "Source")["Configuration"])["PollForSourceChanges"])
	assert.Equal(t, "CodeStarSourceConnection", object(regions.action(t, "Source", "Source")["ActionTypeId"])["Provider"])
	assert.Empty(t, regions.all("AWS::CodeCommit::Repository"), "with a connection there is no repository of our own")
}

func TestPushOfTheBranchAndNothingElseStartsThePipeline(t *testing.T) {
	for _, rule := range different.all("AWS::Events::Rule") {
		if rule.properties["Name"] != "fleet-push" {
			continue
		}
		pattern := object(rule.properties["EventPattern"])
		detail := object(pattern["detail"])
		assert.Equal(t, []any{"branch"}, detail["referenceType"], "a tag named like the branch must not start it")
		assert.Equal(t, []any{"main"}, detail["referenceName"])
		assert.Equal(t, []any{"referenceCreated", "referenceUpdated"}, detail["event"], "nor the branch's deletion")
		assert.Equal(t, []any{"arn:aws:codecommit:eu-west-1:111111111111:fleet-catalog"}, pattern["resources"])
		target := object(list(rule.properties["Targets"])[0])
		assert.Equal(t, "arn:aws:codepipeline:eu-west-1:111111111111:fleet-pipeline", target["Arn"])
		trigger := different.role(t, "fleet-trigger")
		assert.Equal(t, map[string]any{"Fn::GetAtt": []any{trigger.id, "Arn"}}, target["RoleArn"])
		assert.Len(t, trigger.statements(), 1)
		assert.Equal(t, "codepipeline:StartPipelineExecution", trigger.statements()[0]["Action"])
		return
	}
	t.Fatal("no rule is called fleet-push")
}

func TestBuildspecsAreInlinedAndStopAtTheFirstFailure(t *testing.T) {
	projects := different.all("AWS::CodeBuild::Project")
	assert.Len(t, projects, 14)
	for _, project := range projects {
		source := object(project.properties["Source"])
		text, _ := source["BuildSpec"].(string)
		want := "CODEPIPELINE"
		if project.id == "CleansingProject" {
			want = "NO_SOURCE"
		}
		assert.Equal(t, want, source["Type"], project.id)
		assert.Contains(t, text, "version: 0.2", "%s would take a buildspec from what was pushed", project.id)
		assert.Contains(t, text, "set -euo pipefail", project.id)
		assert.Contains(t, text, "sha256sum --check", "%s does not check what it downloads", project.id)
	}
}

func TestBuildsDownloadWhatIsPinnedByItsDigest(t *testing.T) {
	for _, project := range different.all("AWS::CodeBuild::Project") {
		variables := map[string]string{}
		for _, v := range list(object(project.properties["Environment"])["EnvironmentVariables"]) {
			variables[object(v)["Name"].(string)], _ = object(v)["Value"].(string)
			assert.Equal(t, "PLAINTEXT", object(v)["Type"], "a secret has no place here")
		}
		assert.Regexp(t, `^s3://cdk-[a-z0-9]+-assets-111111111111-eu-west-1/[0-9a-f]{64}\.gz$`, variables["TOOLBOX_URI"])
		assert.Equal(t, "887edd23c78245dbf98550f9e492741cc1319a7f6a5afdd11ab9777eb10a9739", variables["TOOLBOX_SHA256"])
		assert.Equal(t, "1", variables["GIT_LFS_SKIP_SMUDGE"])
		needsApp := slices.Contains([]string{"fleet-package", "fleet-render"}, project.properties["Name"].(string))
		assert.Equal(t, needsApp, variables["APP_URI"] != "" && variables["APP_SHA256"] != "", project.id)
	}
}

func TestTimeoutsAreThoseOfTheDesign(t *testing.T) {
	for name, minutes := range map[string]float64{
		"fleet-policy-as-code": 10, "fleet-secrets-detection": 10, "fleet-unit-tests": 10, "fleet-package": 10,
		"fleet-provision": 30, "fleet-integration-tests": 30, "fleet-consume": 30,
	} {
		for _, project := range different.all("AWS::CodeBuild::Project") {
			if project.properties["Name"] == name {
				assert.Equal(t, minutes, project.properties["TimeoutInMinutes"], name)
				assert.Equal(t, 10.0, project.properties["QueuedTimeoutInMinutes"], name)
			}
		}
	}
	assert.Equal(t, 48.0*60, different.action(t, "Prod", "Approve")["TimeoutInMinutes"])
}

func TestSecondCatalogRegionRepeatsWhatIsRegional(t *testing.T) {
	action := regions.action(t, "Prod", "ChangeSet-Products-1-us-east-1")
	assert.Equal(t, "us-east-1", action["Region"])
	assert.Equal(t, "Plan::rendered/fleet-products-1-us-east-1.template.json", object(action["Configuration"])["TemplatePath"])
	assert.Equal(t, "Portfolio-security-us-east-1", regions.action(t, "Prod", "Execute-Portfolio-security-us-east-1")["Namespace"])
	access := object(regions.action(t, "Prod", "Access-555555555555-us-east-1")["Configuration"])
	assert.Contains(t, access["ParameterOverrides"], "#{Portfolio-security-us-east-1.PortfolioId}")
	for _, action := range regions.actions(t, "Prod") {
		assert.NotEqual(t, "ChangeSet-LaunchRoles-us-east-1", action["Name"], "IAM is global")
	}
	stores := list(regions.all("AWS::CodePipeline::Pipeline")[0].properties["ArtifactStores"])
	require.Len(t, stores, 2)
	assert.Equal(t, "fleet-replica-us-east-1", object(object(stores[1])["ArtifactStore"])["Location"])
	assert.NotEmpty(t, regions.in("fleet-catalog-us-east-1", "AWS::S3::Bucket"), "launches of a region read its own template store")
}

// TestEveryTemplatePathIsAFileThatIsRendered joins the two halves: what the pipeline deploys must be what Publish writes.
func TestEveryTemplatePathIsAFileThatIsRendered(t *testing.T) {
	for name, pair := range map[string][2]rendered{"different": {different, publishedD}, "equal": {equal, publishedE}, "regions": {regions, publishedR}} {
		used := map[string]bool{}
		for _, stage := range pair[0].stages(t) {
			for _, action := range list(stage["Actions"]) {
				configuration := object(object(action)["Configuration"])
				path, ok := configuration["TemplatePath"].(string)
				if !ok {
					continue
				}
				_, file, _ := strings.Cut(path, "::rendered/")
				stack := strings.TrimSuffix(file, ".template.json")
				used[stack] = true
				template, there := pair[1].templates[stack]
				assert.True(t, there, "%s: %v deploys %s, which is not rendered", name, object(action)["Name"], file)
				var overrides map[string]string
				if text, ok := configuration["ParameterOverrides"].(string); ok {
					require.NoError(t, json.Unmarshal([]byte(text), &overrides))
				}
				assert.Len(t, overrides, len(object(template["Parameters"])), "%s: parameters of %s", name, stack)
				for parameter := range overrides {
					assert.Contains(t, template["Parameters"], parameter)
				}
			}
		}
		for stack := range pair[1].templates {
			assert.True(t, used[stack], "%s: nothing deploys %s", name, stack)
		}
	}
}

// TestRehearsalUnderstandsTheAssembly holds that whoever rehearses the pipeline can read every part of it.
func TestRehearsalUnderstandsTheAssembly(t *testing.T) {
	for name, r := range map[string]rendered{"different": different, "equal": equal, "partly": partly, "regions": regions} {
		a, err := assembly.Load(r.dir)
		require.NoError(t, err, name)
		assert.Equal(t, "arn:aws:iam::111111111111:role/fleet-reviewer", a.Reviewers, name)
		projects := 14
		if name == "regions" { // a connection: nothing can push
			projects = 13
		}
		assert.Len(t, a.Projects, projects, name)
		assert.Len(t, a.Starters, 2*(projects-13), name)
		assert.Equal(t, "fleet-toolchain", a.Stacks[len(a.Stacks)-1].Name, "%s: a new pipeline starts at once, so it comes last", name)
		for _, stage := range a.Pipeline.Stages {
			for _, action := range stage.Actions {
				if action.Provider == "CodeBuild" {
					assert.Contains(t, a.Projects, action.Configuration["ProjectName"], name)
					assert.Equal(t, a.Pipeline.Account, action.Account, "outputs of a build in another account would be lost")
				}
			}
		}
	}
}

// TestThePipelineComesAfterWhatItNamesWithoutAReference: CodePipeline looks for the artifact bucket when a pipeline is created, and its first
// execution starts at once. CloudFormation makes what no reference and no DependsOn holds back in any order.
func TestThePipelineComesAfterWhatItNamesWithoutAReference(t *testing.T) {
	waits := []string{"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::KMS::Key", "AWS::CodeBuild::Project", "AWS::Events::Rule", "AWS::CodeCommit::Repository"}
	for name, r := range installations() {
		resources := object(r.templates["fleet-toolchain"]["Resources"])
		before := map[string]bool{}
		var follow func(value any)
		follow = func(value any) {
			switch v := value.(type) {
			case []any:
				for _, inner := range v {
					follow(inner)
				}
			case map[string]any:
				for key, inner := range v {
					if key == "Ref" || key == "Fn::GetAtt" || key == "DependsOn" {
						for _, id := range texts(inner) {
							if resources[id] != nil && !before[id] {
								before[id] = true
								follow(resources[id])
							}
						}
					}
					follow(inner)
				}
			}
		}
		follow(resources["Pipeline"])
		assert.True(t, before["ArtifactKeyAlias"], "%s: deploy roles find the key by its alias", name)
		for id, resource := range resources {
			if slices.Contains(waits, object(resource)["Type"].(string)) && id != "PushRule" {
				assert.True(t, before[id], "%s: the pipeline may be made before %s", name, id)
			}
		}
	}
}
