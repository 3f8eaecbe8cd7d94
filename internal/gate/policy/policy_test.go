package policy

import (
	"context"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	guardrules "accountfleet/guard-rules"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/gate/tool"
	"accountfleet/internal/manifest"
)

const sound = `Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      EnableKeyRotation: true
`

// check runs the gate on one product with the real cfn-guard and the real baseline.
func check(t *testing.T, template string, extra map[string]string) (counted int, findings []finding.Finding) {
	t.Helper()
	files := gatetest.Files("sample", template)
	maps.Copy(files, extra)
	result, findings, err := Run(context.Background(), Options{
		Catalog: gatetest.Catalog(t, files), Settings: gatetest.Settings(), Baseline: guardrules.Files, Locate: gatetest.Locate,
	})
	require.NoError(t, err)
	return result.Counted, findings
}

func rulesOf(findings []finding.Finding) []string {
	var rules []string
	for _, f := range findings {
		rules = append(rules, f.Rule)
	}
	return rules
}

func TestASoundTemplatePassesEveryRule(t *testing.T) {
	counted, findings := check(t, sound, nil)
	assert.Empty(t, findings)
	baseline, err := readBaseline(guardrules.Files)
	require.NoError(t, err)
	assert.Equal(t, len(names(baseline)), counted)
}

func TestAViolationIsShownAtItsLineWithItsCure(t *testing.T) {
	_, findings := check(t, `# a comment, so that lines of the source and of the canonical form differ
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - BucketKeyEnabled: true
            ServerSideEncryptionByDefault:
              SSEAlgorithm: aws:kms
              KMSMasterKeyID: alias/mine
      PublicAccessBlockConfiguration:
        BlockPublicAcls: true
        BlockPublicPolicy: false
        IgnorePublicAcls: true
        RestrictPublicBuckets: true
      VersioningConfiguration: {Status: Enabled}
`, nil)
	require.Len(t, findings, 1)
	f := findings[0]
	assert.Equal(t, "S3_PUBLIC_ACCESS_BLOCKED", f.Rule)
	assert.Equal(t, "products/sample/template.yaml", f.File)
	assert.Equal(t, 14, f.Span.Line)
	assert.Equal(t, "Bucket", f.Resource)
	assert.Equal(t, "sample", f.Product)
	assert.Equal(t, "public policies are not blocked: one request could publish the bucket", f.Message)
	assert.Equal(t, "set all four settings of PublicAccessBlockConfiguration to true", f.Cure)
	assert.NotEmpty(t, f.Fingerprint)
}

func TestAMissingBlockTakesTheRulesMessageAndTheResourcesLine(t *testing.T) {
	_, findings := check(t, "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n", nil)
	assert.Contains(t, rulesOf(findings), "S3_PUBLIC_ACCESS_BLOCKED")
	for _, f := range findings {
		assert.Equal(t, 2, f.Span.Line, f.Rule)
		assert.NotEmpty(t, f.Cure, f.Rule)
		assert.Equal(t, "Bucket", f.Resource, f.Rule)
	}
}

func TestNoIntrinsicHidesAValue(t *testing.T) {
	const group = `
Parameters:
  Range: {Type: String, Default: 0.0.0.0/0}
  Open: {Type: String, Default: "no", AllowedValues: ["yes", "no"]}
Conditions:
  IsOpen: !Equals [!Ref Open, "yes"]
Resources:
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: a group
      SecurityGroupIngress: `
	for name, row := range map[string]struct{ ingress, variant string }{
		"a parameter's default":           {`[{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: !Ref Range}]`, "with template defaults"},
		"a joined text":                   {`[{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: !Join ["/", [0.0.0.0, "0"]]}]`, "with template defaults"},
		"one branch of a condition":       {`[!If [IsOpen, {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}, !Ref AWS::NoValue]]`, "with Open=yes"},
		"one branch holding a whole list": {`!If [IsOpen, [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}], []]`, "with Open=yes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := check(t, strings.TrimPrefix(group, "\n")+row.ingress+"\n", nil)
			require.Len(t, findings, 1)
			assert.Equal(t, "SECURITY_GROUP_CLOSED_TO_THE_WORLD", findings[0].Rule)
			assert.Contains(t, findings[0].Message, row.variant)
			assert.Positive(t, findings[0].Span.Line)
		})
	}
}

func TestATimeThatIsAParameterIsJudgedByItsDefault(t *testing.T) {
	const database = `Parameters:
  Days: {Type: Number, Default: DEFAULT}
Resources:
  Database:
    Type: AWS::RDS::DBInstance
    Properties: {BackupRetentionPeriod: !Ref Days}
`
	_, findings := check(t, strings.Replace(database, "DEFAULT", "14", 1), nil)
	assert.NotContains(t, rulesOf(findings), "RDS_INSTANCE_BACKED_UP")
	_, findings = check(t, strings.Replace(database, "DEFAULT", "1", 1), nil)
	assert.Contains(t, rulesOf(findings), "RDS_INSTANCE_BACKED_UP")
}

func TestAResourceThatExistsOnlyOnSomeConditionIsSeen(t *testing.T) {
	_, findings := check(t, `Parameters:
  Stage: {Type: String, Default: test}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
Resources:
  Key: {Type: AWS::KMS::Key, Properties: {EnableKeyRotation: !If [Prod, false, true]}}
`, nil)
	require.NotEmpty(t, findings)
	assert.Equal(t, "KMS_KEY_ROTATES", findings[0].Rule)
}

func TestATemplateThatCannotBeEvaluatedIsAFinding(t *testing.T) {
	_, findings := check(t, sound+"  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {KmsMasterKeyId: !Select [3, [a]], DisplayName: x}\n", nil)
	assert.Contains(t, rulesOf(findings), "TEMPLATE_UNRESOLVED")
}

func TestSuppressionInATemplateHasNoEffect(t *testing.T) {
	_, findings := check(t, `Resources:
  Key:
    Type: AWS::KMS::Key
    Metadata:
      guard: {SuppressedRules: [KMS_KEY_ROTATES]}
`, nil)
	assert.Contains(t, rulesOf(findings), "KMS_KEY_ROTATES")
}

const (
	extraRule = `let topics = Resources.*[ Type == 'AWS::SNS::Topic' ]
rule TEAM_TOPIC_NAMED when %topics !empty {
  %topics.Properties.DisplayName exists <<the topic has no name. Cure: set DisplayName>>
}
`
	extraTests = `- name: named
  input: {Resources: {T: {Type: AWS::SNS::Topic, Properties: {DisplayName: x}}}}
  expectations: {rules: {TEAM_TOPIC_NAMED: PASS}}
- name: nameless
  input: {Resources: {T: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: k}}}}
  expectations: {rules: {TEAM_TOPIC_NAMED: FAIL}}
`
	topic = "Resources:\n  T:\n    Type: AWS::SNS::Topic\n    Properties: {KmsMasterKeyId: alias/mine}\n"
)

func TestRulesOfTheCatalogAddToTheBaseline(t *testing.T) {
	before, _ := check(t, topic, nil)
	counted, findings := check(t, topic, map[string]string{"guard-rules/team.guard": extraRule, "guard-rules/tests/team_tests.yaml": extraTests})
	require.Len(t, findings, 1)
	assert.Equal(t, "TEAM_TOPIC_NAMED", findings[0].Rule)
	assert.Equal(t, "set DisplayName", findings[0].Cure)
	assert.Equal(t, before+1, counted)
}

func TestWhatIsWrongWithRulesOfTheCatalogIsAFindingAndTheBaselineStands(t *testing.T) {
	renamed := func(to string) (string, string) {
		return strings.ReplaceAll(extraRule, "TEAM_TOPIC_NAMED", to), strings.ReplaceAll(extraTests, "TEAM_TOPIC_NAMED", to)
	}
	redefined, redefinedTests := renamed("KMS_KEY_ROTATES")
	for name, row := range map[string]struct{ rule, tests, want, says string }{
		"redefines a baseline rule": {redefined, redefinedTests, "RULE_REDEFINED", "guard-rules/keys.guard"},
		"twice the same":            {extraRule + extraRule, extraTests, "RULE_REDEFINED", "exists already"},
		"no tests":                  {extraRule, "", "RULE_UNTESTED", "no tests"},
		"never fails":               {extraRule, strings.Split(extraTests, "- name: nameless")[0], "RULE_UNTESTED", "expects FAIL"},
		"a test that does not hold": {extraRule, strings.Replace(extraTests, "DisplayName: x", "TopicName: x", 1), "RULE_UNTESTED", "gives FAIL on the planted example"},
		"a test of no rule":         {extraRule, strings.Replace(extraTests, "TEAM_TOPIC_NAMED: PASS", "TEAM_TOPIC_NAMD: PASS", 1), "RULE_UNREADABLE", "no rule of the file"},
		"does not parse":            {extraRule + "rule TEAM_BROKEN {\n", extraTests + "- name: x\n  input: {a: 1}\n  expectations: {rules: {TEAM_BROKEN: PASS}}\n- name: y\n  input: {}\n  expectations: {rules: {TEAM_BROKEN: FAIL}}\n", "RULE_UNREADABLE", "cannot evaluate"},
		"only a comment":            {"# nothing\n", extraTests, "RULE_UNREADABLE", "no named rule"},
		"tests that are no YAML":    {extraRule, "a: [", "RULE_UNREADABLE", "tests"},
	} {
		t.Run(name, func(t *testing.T) {
			extra := map[string]string{"guard-rules/team.guard": row.rule}
			if row.tests != "" {
				extra["guard-rules/tests/team_tests.yaml"] = row.tests
			}
			_, findings := check(t, "Resources:\n  Key: {Type: AWS::KMS::Key, Properties: {EnableKeyRotation: false}}\n", extra)
			assert.Contains(t, rulesOf(findings), row.want)
			assert.Contains(t, rulesOf(findings), "KMS_KEY_ROTATES")
			for _, f := range findings {
				if f.Rule == row.want {
					assert.Contains(t, f.Message, row.says)
				}
			}
		})
	}
}

func TestACatalogBringsNeitherWaiversNorFilesThatNothingReads(t *testing.T) {
	for file, want := range map[string]string{
		"guard-rules/waivers.yaml":            "WAIVER_IGNORED",
		"guard-rules/team_waivers.yml":        "WAIVER_IGNORED",
		"guard-rules/tests/other_tests.yaml":  "RULE_UNTESTED",
		"guard-rules/notes.yaml":              "RULE_UNTESTED",
		"guard-rules/tests/team_tests.json":   "RULE_UNTESTED",
		"guard-rules/nested/waivers.yaml":     "WAIVER_IGNORED",
		"guard-rules/tests/more/a_tests.yaml": "RULE_UNTESTED",
	} {
		t.Run(file, func(t *testing.T) {
			_, findings := check(t, topic, map[string]string{file: "waivers: []\n"})
			require.Len(t, findings, 1)
			assert.Equal(t, want, findings[0].Rule)
			assert.Equal(t, file, findings[0].File)
		})
	}
}

func TestAToolThatDoesNotDoItsWorkIsBroken(t *testing.T) {
	const speaks = `if [ "$1" = --version ]; then echo cfn-guard 3.1.1; exit 0; fi; `
	real, err := gatetest.Locate("cfn-guard")
	require.NoError(t, err)
	for name, row := range map[string]struct {
		locate tool.Locate
		want   string
	}{
		"missing":            {func(string) (tool.Tool, error) { return tool.Tool{}, fs.ErrNotExist }, "file does not exist"},
		"cannot be started":  {func(string) (tool.Tool, error) { return tool.Tool{Path: "/nowhere/cfn-guard"}, nil }, "cannot be started"},
		"another version":    {gatetest.Stub(t, "echo cfn-guard 3.0.0"), "want version 3.1.1"},
		"says nothing":       {gatetest.Stub(t, speaks+"exit 0"), "report cannot be read"},
		"says all is well":   {gatetest.Stub(t, speaks+"echo '[]'; exit 0"), "0 documents reported"},
		"crashes":            {gatetest.Stub(t, speaks+"exit 101"), "exit status 101"},
		"dies":               {gatetest.Stub(t, speaks+"kill -SEGV $$"), "segmentation fault"},
		"warns":              {gatetest.Stub(t, speaks+`"`+real.Path+`" "$@"; code=$?; echo odd >&2; exit $code`), "wrote an error beside its report"},
		"hides its failures": {gatetest.Stub(t, speaks+`"`+real.Path+`" "$@"; exit 0`), "disagree"},
		"is never reached by rules": {gatetest.Stub(t, speaks+`"`+real.Path+`" "$@" | sed 's/"S3_NO_ACL"/"S3_NO_AC"/'; exit 19`),
			"rule S3_NO_ACL was not evaluated"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Run(context.Background(), Options{
				Catalog: gatetest.Catalog(t, gatetest.Files("sample", sound)), Settings: gatetest.Settings(), Baseline: guardrules.Files, Locate: row.locate,
			})
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestACatalogWithoutTemplatesIsBroken(t *testing.T) {
	_, _, err := Run(context.Background(), Options{
		Catalog: &manifest.Catalog{}, Settings: gatetest.Settings(), Baseline: guardrules.Files, Locate: gatetest.Locate,
	})
	require.ErrorContains(t, err, "no template to evaluate")
}

func TestABaselineThatProvesNothingIsBroken(t *testing.T) {
	const rule = "rule A when Resources exists { Resources.*.Type exists <<no. Cure: yes>> }\n"
	const tests = "- {name: p, input: {Resources: {R: {Type: T}}}, expectations: {rules: {A: PASS}}}\n- {name: f, input: {Resources: {R: {X: T}}}, expectations: {rules: {A: FAIL}}}\n"
	for name, row := range map[string]struct{ rule, tests, want string }{
		"no test that fails":       {rule, strings.Split(tests, "\n")[0], "expects FAIL"},
		"wrong expectation":        {rule, strings.Replace(tests, "{X: T}", "{Type: T}", 1), "proof of life"},
		"name in small letters":    {strings.Replace(rule, "rule A", "rule a", 1), strings.ReplaceAll(tests, "{A:", "{a:"), "in capitals"},
		"nothing but a comment":    {"# rule A\n", tests, "no named rule"},
		"a rule without its tests": {rule, "", "no tests"},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{"a.guard": {Data: []byte(row.rule)}}
			if row.tests != "" {
				files["tests/a_tests.yaml"] = &fstest.MapFile{Data: []byte(row.tests)}
			}
			_, _, err := Run(context.Background(), Options{
				Catalog: gatetest.Catalog(t, gatetest.Files("sample", sound)), Settings: gatetest.Settings(), Baseline: files, Locate: gatetest.Locate,
			})
			require.ErrorContains(t, err, row.want)
		})
	}
	_, _, err := Run(context.Background(), Options{
		Catalog: gatetest.Catalog(t, gatetest.Files("sample", sound)), Settings: gatetest.Settings(), Baseline: fstest.MapFS{}, Locate: gatetest.Locate,
	})
	require.ErrorContains(t, err, "none found")
}

func TestExplainTellsSourceReasonCureAndAnExampleOfEveryRule(t *testing.T) {
	all, err := Names(guardrules.Files)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, name := range all {
		e, found, err := Explain(guardrules.Files, name)
		require.NoError(t, err)
		require.True(t, found, name)
		assert.NotEmpty(t, e.Source, name)
		assert.NotEmpty(t, e.Why, name)
		assert.NotEmpty(t, e.How, name)
		assert.Contains(t, e.Before, "Type: AWS::", name)
		assert.Contains(t, e.After, "Resources:", name)
		assert.NotEqual(t, e.Before, e.After, name)
	}
	_, found, err := Explain(guardrules.Files, "NO_SUCH_RULE")
	require.NoError(t, err)
	assert.False(t, found)
}
