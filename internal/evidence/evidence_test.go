package evidence

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/finding"
)

func TestReadGivesWhatWriteStored(t *testing.T) {
	e := Evidence{
		Action: "Consume", Outcome: Findings,
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Finished: time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC),
		Checks:   []Check{{Name: "gherkin", Tool: "godog 0.15.1", Outcome: Passed, Counted: 3, Unit: "steps"}},
		Products: []Product{{ID: "a", Version: "1.0.0", Steps: []Step{{Name: "create", Outcome: Passed, Seconds: 1.5}}, Resources: []Resource{{LogicalID: "B", Type: "AWS::S3::Bucket", Level: Emulated}}}},
		Findings: []finding.Finding{{Gate: "policy", Rule: "R", Severity: finding.Error, Message: "m", Cure: "c"}},
		NotRun:   []Skipped{{What: "b", Why: "organization-wide"}},
	}
	path := filepath.Join(t.TempDir(), "new", "evidence.json")
	require.NoError(t, Write(path, e))
	got, err := Read(path)
	require.NoError(t, err)
	assert.Equal(t, e, got)
}

func TestReadNamesTheFileThatIsMissingOrDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "evidence.json")
	_, err := Read(path)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "name the folder that holds it")
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o644))
	_, err = Read(path)
	assert.ErrorContains(t, err, path)
}

func TestWriteSaysWhyItCannot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	assert.ErrorContains(t, Write(filepath.Join(file, "evidence.json"), Evidence{}), "write evidence")
}
