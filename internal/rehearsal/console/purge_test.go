package console

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/rehearsal"
)

func TestOnlyYesOrPurgeOrFingerprintsPurge(t *testing.T) {
	one, two := "0123456789ab", "cdef01234567"
	sent := func(summary string) rehearsal.Ruling {
		return rehearsal.Ruling{Ruled: rehearsal.Sent, How: "asked", Summary: summary}
	}
	left := func(summary string) rehearsal.Ruling {
		return rehearsal.Ruling{Ruled: rehearsal.Left, How: "asked", Summary: summary}
	}
	for name, row := range map[string]struct {
		values []string
		answer string
		want   rehearsal.Ruling
		chosen []string
	}{
		"yes":                    {nil, "Yes\n", sent("purge"), nil},
		"purge":                  {nil, "purge\n", sent("purge"), nil},
		"a reason":               {nil, "ask Bob first\n", left("ask Bob first"), nil},
		"a fingerprint, no list": {nil, one + "\n", left(one), nil},
		"no":                     {nil, "no\n", left("left at the terminal"), nil},
		"leave it":               {nil, "leave it\n", left("left at the terminal"), nil},
		"an empty line":          {nil, "\n", left("left at the terminal"), nil},
		"the end of the input":   {nil, "", left("left at the terminal"), nil},
		"all values":             {[]string{one, two}, "all\n", sent("purge all"), []string{one, two}},
		"purge them":             {[]string{one, two}, "purge\n", sent("purge all"), []string{one, two}},
		"one value":              {[]string{one, two}, two + "\n", sent("purge " + two), []string{two}},
		"a longer fingerprint":   {[]string{one}, one + "77\n", sent("purge " + one), []string{one}},
		"two values":             {[]string{one, two}, two + ", " + one + "\n", sent("purge " + two + ", " + one), []string{two, one}},
		"yes by habit":           {[]string{one}, "yes\n", left("yes"), nil},
		"a reason for values":    {[]string{one}, "it is a test\n", left("it is a test"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			r, chosen, err := New(&out, false, false).AskPurge(t.Context(), strings.NewReader(row.answer), Purge{Project: "repo-cleansing", Values: row.values})
			require.NoError(t, err)
			assert.Equal(t, row.want, r)
			assert.Equal(t, row.chosen, chosen)
			assert.Contains(t, out.String(), "repo-cleansing: a reviewer is asked")
			for _, v := range row.values {
				assert.Contains(t, out.String(), v)
			}
		})
	}
}

// lines gives one line to each read, as a terminal does.
type lines []string

func (l *lines) Read(p []byte) (int, error) {
	if len(*l) == 0 {
		return 0, io.EOF
	}
	n := copy(p, (*l)[0])
	*l = (*l)[1:]
	return n, nil
}

func TestAnUnknownFingerprintIsAskedForAgain(t *testing.T) {
	var out strings.Builder
	in := lines{"0123456789ab ffffffffffff\n", "0123456789ab\n"}
	r, chosen, err := New(&out, false, false).AskPurge(t.Context(), &in, Purge{Values: []string{"0123456789ab", "cdef01234567"}})
	require.NoError(t, err)
	assert.Equal(t, rehearsal.Sent, r.Ruled)
	assert.Equal(t, []string{"0123456789ab"}, chosen)
	assert.Contains(t, out.String(), "no such fingerprint: 0123456789ab ffffffffffff")
}

func TestQuestionAboutAPurgeEndsWithAnInterrupt(t *testing.T) {
	in, _ := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := New(io.Discard, false, false).AskPurge(ctx, in, Purge{})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestSummaryTellsWhatWasDecidedAndByWhom(t *testing.T) {
	beside := func(d *rehearsal.DecisionResult) *rehearsal.Result {
		return &rehearsal.Result{Beside: []rehearsal.BesideResult{
			{Rule: "cleansing", ActionResult: rehearsal.ActionResult{Name: "repo-cleansing", Outcome: rehearsal.Succeeded}, Decision: d},
			{Rule: "decided", ActionResult: rehearsal.ActionResult{Name: "repo-cleansing", Outcome: rehearsal.Succeeded, DecidedBy: d.By}},
		}}
	}
	for _, row := range []struct {
		decision rehearsal.DecisionResult
		want     []string
	}{
		{rehearsal.DecisionResult{Ruled: rehearsal.Sent, How: "--approve", Summary: "purge", By: "arn:reviewer", Command: "aws events"},
			[]string{"    decided: purge (--approve), as arn:reviewer\n", "started by rule decided for arn:reviewer\n"}},
		{rehearsal.DecisionResult{Ruled: rehearsal.Left, How: "asked", Summary: "ask Bob first", Command: "aws events"},
			[]string{"    left as it is: ask Bob first (asked)\n"}},
		{rehearsal.DecisionResult{Ruled: rehearsal.Waits, How: "nobody is there to ask", Summary: "rehearse with --approve", Command: "aws events"},
			[]string{"    IT WAITS, and nothing is purged: nobody is there to ask: rehearse with --approve\n    on AWS: aws events\n"}},
	} {
		var out strings.Builder
		require.NoError(t, Summary(&out, beside(&row.decision)))
		for _, want := range row.want {
			assert.Contains(t, out.String(), want)
		}
		assert.Equal(t, row.decision.Ruled == rehearsal.Waits, strings.Contains(out.String(), "on AWS"))
	}
}
