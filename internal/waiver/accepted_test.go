package waiver

import (
	"os"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/document/schematest"
	"accountfleet/internal/finding"
)

var digest = strings.Repeat("0123456789abcdef", 4)

func acceptedText() string {
	return "accepted:\n  - fingerprint: \"" + digest + "\"\n    rule: AWS_ACCESS_KEY\n    reason: Revoked before the pipeline was there.\n    owner: platform\n"
}

func leak() finding.Finding {
	return finding.Finding{Gate: "secrets", Rule: "AWS_ACCESS_KEY", Severity: finding.Error, Fingerprint: digest, Message: "a key"}
}

func TestAcceptedSecretStaysVisibleAsANote(t *testing.T) {
	accepted, err := ParseAccepted(AcceptedFile, []byte(acceptedText()))
	require.NoError(t, err)
	got := Accept(accepted, []finding.Finding{leak()}, true)
	require.Len(t, got, 1)
	assert.Equal(t, finding.Note, got[0].Severity)
	assert.Equal(t, "accepted by platform (Revoked before the pipeline was there.): a key", got[0].Message)
}

func TestAnotherSecretIsNotAccepted(t *testing.T) {
	accepted, err := ParseAccepted(AcceptedFile, []byte(acceptedText()))
	require.NoError(t, err)
	for name, change := range map[string]func(*finding.Finding){
		"another value": func(f *finding.Finding) { f.Fingerprint = strings.Repeat("f", 64) },
		"another rule":  func(f *finding.Finding) { f.Rule = "GITHUB_TOKEN" },
		"another gate":  func(f *finding.Finding) { f.Gate = "policy" },
	} {
		t.Run(name, func(t *testing.T) {
			f := leak()
			change(&f)
			assert.Equal(t, []finding.Finding{f}, Accept(accepted, []finding.Finding{f}, false))
			got := Accept(accepted, []finding.Finding{f}, true)
			require.Len(t, got, 2)
			assert.Equal(t, "ACCEPTED_UNUSED", got[1].Rule)
			assert.Equal(t, finding.Warning, got[1].Severity)
			assert.Equal(t, 2, got[1].Span.Line)
		})
	}
}

func TestParseAcceptedNamesEveryMistake(t *testing.T) {
	_, err := ParseAccepted(AcceptedFile, []byte(acceptedText()+strings.SplitN(acceptedText(), "\n", 2)[1]+"  - {fingerprint: \"AB\", rule: A, reason: ok, owner: team}\n  - {rule: A}\n"))
	for _, want := range []string{"line 2 accepts the same", "want 64 lower-case hexadecimal digits", "at least 20 characters, got 2", "accepted[3].fingerprint"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestSchemaOfAcceptedSecretsIsGenerated(t *testing.T) {
	schema := schematest.Generate(t, &acceptedFile{}, "Accepted secrets", "guard-rules/accepted-secrets.yaml, owned by the platform team.", func(*jsonschema.Schema) {})
	schematest.Committed(t, "../../schemas/accepted-secrets.schema.json", schema)
	assert.NoError(t, schematest.Validate(t, schema, []byte(acceptedText())))
	seed, err := os.ReadFile("../../" + AcceptedFile)
	require.NoError(t, err)
	assert.NoError(t, schematest.Validate(t, schema, seed))
	_, err = ParseAccepted(AcceptedFile, seed)
	assert.NoError(t, err)
}
