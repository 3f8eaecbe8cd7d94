package console

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/finding"
	"accountfleet/internal/ledger"
	"accountfleet/internal/rehearsal"
)

func TestPlainConsoleWritesOneLineForWhatEnded(t *testing.T) {
	var out strings.Builder
	c := New(&out, false, false)
	for _, e := range []rehearsal.Event{
		{Kind: rehearsal.StepStarted, Action: "cdk synth"},
		{Kind: rehearsal.StepEnded, Action: "cdk synth", Outcome: rehearsal.Succeeded, Elapsed: 1500 * time.Millisecond},
		{Kind: rehearsal.StageStarted, Stage: "Alpha"},
		{Kind: rehearsal.ActionStarted, Stage: "Alpha", Action: "UnitTests"},
		{Kind: rehearsal.ActionEnded, Stage: "Alpha", Action: "UnitTests", Outcome: rehearsal.Failed, Text: "two\nlines", Log: "/runs/log", Elapsed: 61 * time.Second},
		{Kind: rehearsal.StageStarted, Stage: "Beta"},
		{Kind: rehearsal.StageEnded, Stage: "Beta", Outcome: rehearsal.Skipped, Text: "no change"},
	} {
		c.Observe(e)
	}
	c.Close()
	assert.Equal(t, "ok cdk synth  1.5s\nAlpha\n  FAILED UnitTests           1m01s  two\n      lines\n      log: /runs/log\nBeta\n  -- skipped: no change\n", out.String())
}

func TestLiveConsoleShowsWhatRunsAndTakesItAwayAgain(t *testing.T) {
	var out strings.Builder
	c := New(io.Discard, true, false)
	c.Close() // no ticks: only events draw
	c.out, c.now = &out, func() time.Time { return time.Unix(0, 0) }
	c.Observe(rehearsal.Event{Kind: rehearsal.ActionStarted, Stage: "A", Action: "One"})
	assert.Equal(t, "  One ... 0.0s\n", out.String())
	out.Reset()
	c.Observe(rehearsal.Event{Kind: rehearsal.ActionEnded, Stage: "A", Action: "One", Outcome: rehearsal.Succeeded})
	assert.Equal(t, "\x1b[1A\x1b[J  ok One                  0.0s\n", out.String())
}

func TestOnlyYesApproves(t *testing.T) {
	for answer, want := range map[string]rehearsal.Decision{
		"yes\n":           {Approve: true, How: "asked", Summary: "approved at the terminal"},
		"Y\n":             {Approve: true, How: "asked", Summary: "approved at the terminal"},
		"\n":              {How: "asked", Summary: "rejected at the terminal"},
		"":                {How: "asked", Summary: "rejected at the terminal"},
		"wait for Bob \n": {How: "asked", Summary: "wait for Bob"},
	} {
		var out strings.Builder
		c := New(&out, false, false)
		d, err := c.Ask(t.Context(), strings.NewReader(answer), rehearsal.Question{Action: "Approve", Comments: "two products", Link: "https://page", Page: "/runs/index.html"})
		require.NoError(t, err)
		assert.Equal(t, want, d, "%q", answer)
		for _, text := range []string{"two products", "https://page", "/runs/index.html"} {
			assert.Contains(t, out.String(), text)
		}
	}
}

func TestQuestionEndsWithAnInterrupt(t *testing.T) {
	in, _ := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := New(io.Discard, false, false).Ask(ctx, in, rehearsal.Question{})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestSummaryNamesEverythingThatMatters(t *testing.T) {
	var out strings.Builder
	require.NoError(t, Summary(&out, &rehearsal.Result{
		Outcome: rehearsal.Succeeded, Pipeline: "fleet-pipeline", Commit: "0123456789abcdef", Seconds: 75, Folder: "/runs/1",
		Stages:    []rehearsal.StageResult{{Name: "Alpha", Outcome: rehearsal.Succeeded, Seconds: 2, Actions: make([]rehearsal.ActionResult, 4)}},
		Published: []ledger.Ref{{Product: "guardduty", Version: "1.0.0"}},
		Findings:  []finding.Finding{{File: "a.yaml", Rule: "R", Message: "m", Cure: "c", Span: finding.Span{Line: 3}}},
		Resources: rehearsal.Resources{Emulated: 40, Modelled: 7},
		Unused:    []rehearsal.Unused{{Role: "r", Actions: []string{"a:b", "c:d"}}},
	}))
	for _, want := range []string{
		"Rehearsal succeeded after 1m15s: fleet-pipeline, commit 0123456789ab", "Alpha  succeeded  2.0s  4 actions", "guardduty 1.0.0",
		"a.yaml:3 R: m: c", "40 resources were emulated", "7 modelled", "2 permissions of 1 roles were never used", "result.json: /runs/1",
	} {
		assert.Contains(t, out.String(), want)
	}
}

func TestSummaryOfAFailureSaysWhy(t *testing.T) {
	var out strings.Builder
	require.NoError(t, Summary(&out, &rehearsal.Result{Outcome: rehearsal.Failed, Reason: "Alpha/UnitTests: no", Stages: []rehearsal.StageResult{
		{Name: "Alpha", Outcome: rehearsal.Failed}, {Name: "Beta", Outcome: rehearsal.NotRun, Reason: "Alpha failed"}}}))
	assert.Contains(t, out.String(), "Alpha/UnitTests: no")
	assert.Contains(t, out.String(), "Alpha failed")
	assert.Contains(t, out.String(), "Nothing was published.")
}

func TestSummaryTellsWhatFollowedFromAFailure(t *testing.T) {
	var out strings.Builder
	require.NoError(t, Summary(&out, &rehearsal.Result{Outcome: rehearsal.Failed, Reason: "Alpha/Scan: no",
		Beside: []rehearsal.BesideResult{{Rule: "cleansing", ActionResult: rehearsal.ActionResult{Name: "repo-cleansing", Outcome: rehearsal.Succeeded, Seconds: 3, Log: "/log"}}},
		Next: &rehearsal.Result{Outcome: rehearsal.Succeeded, StartedBy: "repo-cleansing", Commit: "0123456789abcdef",
			Stages: []rehearsal.StageResult{{Name: "Alpha", Outcome: rehearsal.Succeeded, Actions: make([]rehearsal.ActionResult, 4)}}}}))
	for _, want := range []string{
		"repo-cleansing succeeded after 3.0s, started by rule cleansing", "log: /log", "Then repo-cleansing started the pipeline again: succeeded, commit 0123456789ab",
		"Alpha  succeeded  0.0s  4 actions",
	} {
		assert.Contains(t, out.String(), want)
	}
}
