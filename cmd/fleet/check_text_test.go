package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/manifest"
)

func TestATerminalGetsLinesThatFitAndAMarkBelowThePlace(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "t.yaml"), []byte("a:\n  b: "+strings.Repeat("x", 200)+"\n"), 0o600))
	var out bytes.Buffer
	text := &checkText{out: &out, tree: manifest.Dir(dir), width: 40}
	require.NoError(t, text.write(evidence.Evidence{Outcome: evidence.Findings, Findings: []finding.Finding{{
		Gate: "policy", Rule: "R", Severity: finding.Error, File: "t.yaml", Span: finding.Span{Line: 2, Column: 3},
		Message: "is wrong for a reason that takes more than one line of a terminal", Cure: "mend it so that it takes more than one line too",
	}}}))
	for line := range strings.SplitSeq(out.String(), "\n") {
		if !strings.HasPrefix(line, "gate ") && !strings.HasPrefix(line, "fleet check --explain") {
			assert.LessOrEqual(t, len(line), 40, line)
		}
	}
	assert.Contains(t, out.String(), "      2 |   b: xxx")
	assert.Contains(t, out.String(), "        |   ^\n")
	assert.Contains(t, out.String(), "  cure: mend it so that it takes more\n  than one line too\n")
	assert.Contains(t, out.String(), "--explain RULE")
}

func TestOutcomesAreColouredWithoutMovingColumns(t *testing.T) {
	result := evidence.Evidence{Outcome: evidence.Broken, Checks: []evidence.Check{
		{Gate: "policy", Tool: "cfn-guard", Counted: 1, Unit: "templates", Outcome: evidence.Passed},
		{Gate: "features", Tool: "godog", Counted: 12, Unit: "steps", Outcome: evidence.Broken},
	}}
	var plain, colored bytes.Buffer
	require.NoError(t, (&checkText{out: &plain, tree: manifest.Dir(t.TempDir())}).write(result))
	require.NoError(t, (&checkText{out: &colored, tree: manifest.Dir(t.TempDir()), color: true}).write(result))
	assert.Contains(t, colored.String(), "\x1b[32mpassed\x1b[0m")
	assert.Contains(t, colored.String(), "\x1b[31mbroken\x1b[0m")
	bare := colored.String()
	for _, code := range []string{red, green, yellow, bold, faint, "0"} {
		bare = strings.ReplaceAll(bare, "\x1b["+code+"m", "")
	}
	assert.Equal(t, plain.String(), bare)
}
