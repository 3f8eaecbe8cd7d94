package waiver

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/invopop/jsonschema"

	"accountfleet/internal/document/schematest"
	"accountfleet/internal/finding"
)

const one = `waivers:
  - rule: S3_ACCESS_LOGGED
    product: log-archive
    resource: Bucket
    reason: This bucket is where the access logs themselves are written.
    owner: platform-security@example.com
    expires: "2027-06-30"
`

func day(t *testing.T, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	require.NoError(t, err)
	return d
}

func always(Waiver) bool { return true }

func broken() finding.Finding {
	return finding.Finding{Gate: "policy", Rule: "S3_ACCESS_LOGGED", Severity: finding.Error, Product: "log-archive", Resource: "Bucket", Message: "no log"}
}

func TestWaivedFindingStaysVisibleAsANote(t *testing.T) {
	waivers, err := Parse(File, []byte(one))
	require.NoError(t, err)
	got := Apply(waivers, []finding.Finding{broken()}, day(t, "2027-06-30").Add(23*time.Hour), always)
	require.Len(t, got, 1)
	assert.Equal(t, finding.Note, got[0].Severity)
	assert.Equal(t, "waived until 2027-06-30 by platform-security@example.com (This bucket is where the access logs themselves are written.): no log", got[0].Message)
}

func TestWaiverCoversNothingElse(t *testing.T) {
	waivers, err := Parse(File, []byte(one))
	require.NoError(t, err)
	rows := map[string]func(*finding.Finding){
		"another rule":     func(f *finding.Finding) { f.Rule = "S3_OTHER" },
		"another product":  func(f *finding.Finding) { f.Product = "network" },
		"another resource": func(f *finding.Finding) { f.Resource = "Bucket2" },
		"a secret":         func(f *finding.Finding) { f.Gate = "secrets" },
		"a scenario":       func(f *finding.Finding) { f.Gate = "features" },
		"a manifest":       func(f *finding.Finding) { f.Gate = "manifest" },
	}
	for name, change := range rows {
		t.Run(name, func(t *testing.T) {
			f := broken()
			change(&f)
			got := Apply(waivers, []finding.Finding{f}, day(t, "2027-01-01"), always)
			require.Len(t, got, 2)
			assert.Equal(t, f, got[0])
			assert.Equal(t, "WAIVER_UNUSED", got[1].Rule)
			assert.Equal(t, finding.Warning, got[1].Severity)
			assert.Equal(t, 2, got[1].Span.Line)
		})
	}
}

func TestUnusedWaiverIsNotReportedWhereItsRuleWasNotEvaluated(t *testing.T) {
	waivers, err := Parse(File, []byte(one))
	require.NoError(t, err)
	assert.Empty(t, Apply(waivers, nil, day(t, "2027-01-01"), func(Waiver) bool { return false }))
}

func TestExpiredAndEndlessWaiversAreFindingsAndWaiveNothing(t *testing.T) {
	waivers, err := Parse(File, []byte(one))
	require.NoError(t, err)
	for now, rule := range map[string]string{"2027-07-01": "WAIVER_EXPIRED", "2026-06-01": "WAIVER_TOO_LONG"} {
		got := Apply(waivers, []finding.Finding{broken()}, day(t, now), always)
		require.Len(t, got, 2)
		assert.Equal(t, finding.Error, got[0].Severity)
		assert.Equal(t, rule, got[1].Rule)
		assert.Equal(t, finding.Error, got[1].Severity)
	}
}

func TestParseNamesEveryMistakeWithLineAndCure(t *testing.T) {
	_, err := Parse(File, []byte(`waivers:
  - {rule: "*", product: log archive, resource: Bucket, reason: because, owner: me, expires: soon}
  - {rule: A_RULE, product: network, resource: Vpc, reason: A reason that is long enough., owner: team, expires: "2027-01-01"}
  - {rule: A_RULE, product: network, resource: Vpc, reason: A reason that is long enough., owner: team, expires: "2027-01-01"}
  - {rule: A_RULE, product: network}
  - {rul: A_RULE}
`))
	for _, want := range []string{
		`guard-rules/waivers.yaml:2: waivers[0].product: want one product's id, got "log archive"`,
		"waivers[0].resource: a waiver covers one rule and one resource",
		"waivers[0].reason: want a sentence of at least 20 characters, got 7",
		`waivers[0].expires: want a day, got "soon"`,
		"guard-rules/waivers.yaml:4: waivers[2]: line 3 waives the same",
		"guard-rules/waivers.yaml:5: waivers[3].expires",
		"waivers[4].rul: ",
	} {
		assert.ErrorContains(t, err, want)
	}
	_, err = Parse(File, []byte("waivers: [\n"))
	assert.ErrorContains(t, err, "guard-rules/waivers.yaml:")
}

func TestSchemaForEditorsIsGeneratedAndAcceptsWaivers(t *testing.T) {
	schema := schematest.Generate(t, &file{}, "Waivers", "guard-rules/waivers.yaml, owned by the platform team.", func(*jsonschema.Schema) {})
	schematest.Committed(t, "../../schemas/waivers.schema.json", schema)
	assert.NoError(t, schematest.Validate(t, schema, []byte(one)))
	seed, err := os.ReadFile("../../" + File)
	require.NoError(t, err)
	assert.NoError(t, schematest.Validate(t, schema, seed))
	_, err = Parse(File, seed)
	assert.NoError(t, err)
	assert.Contains(t, string(seed), "# yaml-language-server: $schema=../schemas/waivers.schema.json")
	assert.Error(t, schematest.Validate(t, schema, []byte("waivers:\n  - {rule: A}\n")))
}
