package gate

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/gate/iam"
	"accountfleet/internal/gate/tool"
)

func TestTheSeedCatalogPassesTheBaseline(t *testing.T) {
	settings, err := config.Load("../../fleet.yaml")
	require.NoError(t, err)
	result, err := Run(context.Background(), Options{Catalog: "../../catalog", Settings: settings, Only: []string{Policy, Schema, IAM}, Locate: gatetest.Locate})
	require.NoError(t, err)
	assert.Empty(t, result.Findings)
	assert.Equal(t, evidence.Passed, result.Outcome)
	assert.Equal(t, "PolicyAsCode", result.Action)
	require.Len(t, result.Checks, 4)
	for _, c := range result.Checks {
		assert.Positive(t, c.Counted, c.Name)
	}
}

func TestGatesAreNamedAsTheActionsOfThePipeline(t *testing.T) {
	assert.Equal(t, "PolicyAsCode", action([]string{Schema, Policy, IAM, Schema}))
	assert.Equal(t, "SecretsDetection", action([]string{Secrets}))
	assert.Equal(t, "UnitTests", action([]string{Features}))
	assert.Equal(t, "Check", action(nil))
	_, err := Run(context.Background(), Options{Settings: gatetest.Settings(), Only: []string{"polcy"}})
	require.ErrorContains(t, err, `no gate "polcy": choose from policy, schema, iam, secrets, features`)
}

func TestBrokenNeverLooksLikePass(t *testing.T) {
	counted := evidence.Check{Name: "c", Counted: 1}
	bad := []finding.Finding{{Severity: finding.Error}}
	for name, row := range map[string]struct {
		outcomes []outcome
		want     evidence.Outcome
		broken   string
	}{
		"all pass":            {[]outcome{{gate: Policy, check: counted}}, evidence.Passed, ""},
		"a warning":           {[]outcome{{gate: Policy, check: counted, findings: []finding.Finding{{Severity: finding.Warning}}}}, evidence.Passed, ""},
		"a finding":           {[]outcome{{gate: Policy, check: counted, findings: bad}, {gate: Schema, check: counted}}, evidence.Findings, ""},
		"looked at nothing":   {[]outcome{{gate: Policy}}, evidence.Broken, "gate policy is broken: looked at nothing"},
		"broken":              {[]outcome{{gate: Policy, check: counted, err: errors.New("no tool")}}, evidence.Broken, "no tool"},
		"broken and findings": {[]outcome{{gate: Policy, check: counted, findings: bad}, {gate: Schema, err: errors.New("no tool")}}, evidence.Broken, "gate schema"},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := settle(evidence.Evidence{}, row.outcomes, time.Now())
			assert.Equal(t, row.want, result.Outcome)
			if row.broken == "" {
				assert.NoError(t, err)
			} else {
				require.ErrorContains(t, err, row.broken)
			}
		})
	}
}

func TestFindingsOfOtherGatesAreKeptWhereOneIsBroken(t *testing.T) {
	dir := t.TempDir()
	gatetest.Write(t, dir, gatetest.Files("sample", "Resources:\n  Key: {Type: AWS::KMS::Key}\n"))
	locate := func(name string) (tool.Tool, error) {
		if name == "cfn-lint" {
			return tool.Tool{}, os.ErrNotExist
		}
		return gatetest.Locate(name)
	}
	result, err := Run(context.Background(), Options{Catalog: dir, Settings: gatetest.Settings(), Only: []string{Policy, Schema}, Locate: locate})
	require.ErrorContains(t, err, "gate schema is broken")
	assert.Equal(t, evidence.Broken, result.Outcome)
	require.NotEmpty(t, result.Findings)
	assert.Equal(t, "KMS_KEY_ROTATES", result.Findings[0].Rule)
}

func TestSecretsNeedNoWellFormedCatalog(t *testing.T) {
	dir := t.TempDir()
	gatetest.Write(t, dir, map[string]string{"products/a/template.yaml": "a: ["})
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=n", "-c", "user.email=e@example.com", "commit", "-q", "-m", "m"}} {
		output, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
		require.NoError(t, err, string(output))
	}
	result, err := Run(context.Background(), Options{Catalog: dir, Settings: gatetest.Settings(), Only: []string{Secrets}, Locate: gatetest.Locate})
	require.NoError(t, err)
	assert.Equal(t, evidence.Passed, result.Outcome)

	result, err = Run(context.Background(), Options{Catalog: dir, Settings: gatetest.Settings(), Locate: gatetest.Locate})
	require.NoError(t, err)
	assert.Equal(t, evidence.Findings, result.Outcome)
	assert.Len(t, result.NotRun, 4, "gates of templates say why they did not run")
}

func TestWaiverLetsOneFindingPassAndShowsIt(t *testing.T) {
	dir := t.TempDir()
	gatetest.Write(t, dir, gatetest.Files("sample", "Resources:\n  Key: {Type: AWS::KMS::Key}\n"))
	run := func(waivers string) (evidence.Evidence, error) {
		return Run(context.Background(), Options{
			Catalog: dir, Settings: gatetest.Settings(), Only: []string{Policy}, Locate: gatetest.Locate, Waivers: []byte(waivers),
			Now: func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) },
		})
	}
	bare, err := run("waivers: []\n")
	require.NoError(t, err)
	require.True(t, finding.Failed(bare.Findings))
	text := "waivers:\n"
	for _, f := range bare.Findings {
		text += "  - {rule: " + f.Rule + ", product: sample, resource: " + f.Resource + ", reason: A key that only this test makes., owner: tests, expires: \"2026-12-31\"}\n"
	}
	waived, err := run(text)
	require.NoError(t, err)
	assert.Equal(t, evidence.Passed, waived.Outcome)
	require.Len(t, waived.Findings, len(bare.Findings))
	assert.Contains(t, waived.Findings[0].Message, "waived until 2026-12-31 by tests (A key that only this test makes.)")

	unused, err := run(text + "  - {rule: S3_PUBLIC_ACCESS_BLOCKED, product: sample, resource: Key, reason: A bucket that is not there., owner: tests, expires: \"2026-12-31\"}\n")
	require.NoError(t, err)
	assert.Equal(t, evidence.Passed, unused.Outcome)
	assert.Equal(t, "WAIVER_UNUSED", unused.Findings[0].Rule)

	_, err = run("waivers: {}\n")
	require.ErrorContains(t, err, "waivers cannot be read: guard-rules/waivers.yaml:1")
}

func TestAWaiverOfTheIAMGateIsUnusedOnlyWhereThatGateRan(t *testing.T) {
	dir := t.TempDir()
	gatetest.Write(t, dir, gatetest.Files("sample", "Resources:\n  Topic: {Type: AWS::SNS::Topic}\n"))
	waivers := []byte("waivers:\n  - {rule: IAM_ACTION_EXISTS, product: sample, resource: Topic, reason: An action that AWS has not yet., owner: tests, expires: \"2026-12-31\"}\n")
	for only, unused := range map[string]bool{IAM: true, Schema: false} {
		result, err := Run(context.Background(), Options{
			Catalog: dir, Settings: gatetest.Settings(), Only: []string{only}, Locate: gatetest.Locate, Waivers: waivers,
			Now: func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) },
		})
		require.NoError(t, err)
		assert.Equal(t, unused, slices.ContainsFunc(result.Findings, func(f finding.Finding) bool { return f.Rule == "WAIVER_UNUSED" }), only)
	}
}

func TestAccessAnalyzerIsNotRunWhereNobodyAskedIt(t *testing.T) {
	dir := t.TempDir()
	gatetest.Write(t, dir, gatetest.Files("sample", "Resources:\n  Topic: {Type: AWS::SNS::Topic}\n"))
	for name, row := range map[string]struct {
		options Options
		why     []evidence.Skipped
	}{
		"not asked":    {Options{Only: []string{IAM}}, []evidence.Skipped{{What: "Access Analyzer", Why: "on AWS only, by --access-analyzer"}}},
		"emulated":     {Options{Only: []string{IAM}, NoAnalyzer: "the emulated AWS has none"}, []evidence.Skipped{{What: "Access Analyzer", Why: "the emulated AWS has none"}}},
		"another gate": {Options{Only: []string{Schema}}, nil},
		"asked":        {Options{Only: []string{IAM}, Analyzer: silent{}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			row.options.Catalog, row.options.Settings, row.options.Locate = dir, gatetest.Settings(), gatetest.Locate
			result, err := Run(context.Background(), row.options)
			require.NoError(t, err)
			assert.Equal(t, row.why, result.NotRun)
		})
	}
}

// silent is an Access Analyzer that has nothing to say.
type silent struct{}

func (silent) Validate(context.Context, string, string, string) ([]iam.Remark, error) {
	return nil, nil
}
func (silent) NoPublicAccess(context.Context, string, string) ([]iam.Remark, error) { return nil, nil }
func (silent) AccessNotGranted(context.Context, string, []string) ([]iam.Remark, error) {
	return nil, nil
}

func TestAcceptedSecretPassesByItsDigest(t *testing.T) {
	dir := t.TempDir()
	gatetest.Write(t, dir, map[string]string{"leak.txt": "id = AKIA" + "QWERTYUIOPASDFGH\n"})
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=n", "-c", "user.email=n@example.com", "commit", "-qm", "leak"}} {
		require.NoError(t, exec.Command("git", append([]string{"-C", dir}, args...)...).Run())
	}
	run := func(accepted string) (evidence.Evidence, error) {
		return Run(context.Background(), Options{
			Catalog: dir, Settings: gatetest.Settings(), Only: []string{Secrets}, Locate: gatetest.Locate, Accepted: []byte(accepted),
		})
	}
	found, err := run("accepted: []\n")
	require.NoError(t, err)
	require.Len(t, found.Findings, 1)
	f := found.Findings[0]
	entry := "accepted:\n  - {fingerprint: \"" + f.Fingerprint + "\", rule: " + f.Rule + ", reason: Revoked before the pipeline was there., owner: tests}\n"
	accepted, err := run(entry)
	require.NoError(t, err)
	assert.Equal(t, evidence.Passed, accepted.Outcome)
	require.Len(t, accepted.Findings, 1)
	assert.Equal(t, finding.Note, accepted.Findings[0].Severity)
	_, err = run("accepted: {}\n")
	require.ErrorContains(t, err, "accepted secrets cannot be read: guard-rules/accepted-secrets.yaml:1")
}
