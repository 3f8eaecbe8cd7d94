package rehearsal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/assembly"
)

// notice is a command of a build that tells people of an event by which a reviewer decides.
func notice(word string) string {
	return `echo "TO DO IT:"; echo "  aws events put-events --region eu-west-1 --entries '[{\"Source\":\"mine\",\"DetailType\":\"Decided\",\"Detail\":\"{\\\"word\\\":\\\"` + word + `\\\"}\"}]'"`
}

// waiting is a pipeline whose scan fails, after which a build does what planned says, and a reviewer's event starts one that does what
// decided says. Both are shell commands; $WORD is the word of the event.
func waiting(planned, decided string) *assembly.Assembly {
	a := mending(`
version: "0.2"
env: {shell: bash}
phases:
  build:
    commands:
      - >-
        set -e; if test -z "${WORD:-}"; then ` + planned + `; else ` + decided + `; fi
`)
	a.Starters[0].Paths, a.Starters[0].Input = nil, ""
	a.Starters = append(a.Starters, assembly.Starter{
		Name: "decided", RoleARN: arn("starter"), Project: "mend",
		Pattern: map[string]any{"source": []any{"mine"}, "detail": map[string]any{"word": []any{map[string]any{"exists": true}}}},
		Paths:   map[string]string{"word": "$.detail.word"},
		Input:   `{"environmentVariablesOverride":[{"name":"WORD","type":"PLAINTEXT","value":<word>}]}`,
	})
	return a
}

// leaky pushes what the scan refuses, and answers what is offered.
func leaky(t *testing.T, aws *fakeAWS, a *assembly.Assembly, decide func(context.Context, Offer) (Ruling, error)) *Result {
	t.Helper()
	s := newTestSession(t, aws, a, Options{Decide: decide})
	result, err := s.Push(t.Context(), catalogDir(t, map[string]string{"leak": "y"}))
	require.NoError(t, err)
	return result
}

// always gives one answer, and counts how often it was asked for.
func always(r Ruling, asked *int) func(context.Context, Offer) (Ruling, error) {
	return func(context.Context, Offer) (Ruling, error) { *asked++; return r, nil }
}

const mend = `git clone -q https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/catalog c; cd c; git rm -q leak;
        git -c user.name=n -c user.email=n@example.com commit -q -m mended; git push -q origin HEAD:refs/heads/main; echo "decided: $WORD"`

func TestABuildThatWaitsForAReviewerGoesOnByTheEventThatItToldPeople(t *testing.T) {
	aws := newFakeAWS(t)
	var offers []Offer
	result := leaky(t, aws, waiting(notice("approved"), mend), func(_ context.Context, o Offer) (Ruling, error) {
		aws.started = "11111111-2222-4333-8444-555555555555" // by the build that follows
		offers = append(offers, o)
		return Ruling{Ruled: Sent, How: "test", Summary: "purge"}, nil
	})
	require.Len(t, offers, 1, "the second build offers nothing")
	said := `aws events put-events --region eu-west-1 --entries '[{"Source":"mine","DetailType":"Decided","Detail":"{\"word\":\"approved\"}"}]'`
	assert.Equal(t, Offer{Project: "mend", Said: []string{"TO DO IT:", "  " + said}, Command: said,
		Event: EventDecision{Source: "mine", DetailType: "Decided", Detail: map[string]string{"word": "approved"}}}, offers[0])

	assert.Equal(t, Failed, result.Outcome, "what was pushed was wrong")
	require.Len(t, result.Beside, 2)
	assert.Equal(t, &DecisionResult{Ruled: Sent, How: "test", Summary: "purge", By: arn("reviewer"), Detail: map[string]string{"word": "approved"}, Command: said},
		result.Beside[0].Decision)
	decided := result.Beside[1]
	assert.Equal(t, Succeeded, decided.Outcome, decided.Reason)
	assert.Equal(t, "decided", decided.Rule)
	assert.Equal(t, []string{"decided: approved"}, decided.Said)
	assert.Equal(t, arn("reviewer"), decided.DecidedBy)
	assert.Equal(t, "test: purge", decided.Summary)
	assert.NotEqual(t, result.Beside[0].Log, decided.Log)
	assert.Contains(t, aws.called(), "reviewer PutEvents")
	require.NotNil(t, result.Next)
	assert.Equal(t, Succeeded, result.Next.Outcome, result.Next.Reason)
	body, err := os.ReadFile(filepath.Join(result.Folder, "result.json"))
	require.NoError(t, err)
	assert.Contains(t, string(body), `"ruled": "sent"`)
}

func TestAReviewerMaySendOtherWordsThanTheOnesOffered(t *testing.T) {
	asked := 0
	result := leaky(t, newFakeAWS(t), waiting(notice("a,b")+"; exit 1", `echo "decided: $WORD"`),
		always(Ruling{Ruled: Sent, Detail: map[string]string{"word": "b"}}, &asked))
	require.Len(t, result.Beside, 2)
	assert.Equal(t, Failed, result.Beside[0].Outcome, "it stopped for a person")
	assert.Equal(t, map[string]string{"word": "b"}, result.Beside[0].Decision.Detail)
	assert.Equal(t, []string{"decided: b"}, result.Beside[1].Said)
}

func TestNothingIsSentUnlessAReviewerDecides(t *testing.T) {
	for name, ruled := range map[string]Ruled{"left": Left, "nobody": Waits, "nothing waits": NoMatter} {
		t.Run(name, func(t *testing.T) {
			aws, asked := newFakeAWS(t), 0
			result := leaky(t, aws, waiting(notice("approved"), "true"), always(Ruling{Ruled: ruled, How: "test", Summary: "why"}, &asked))
			assert.Equal(t, 1, asked)
			assert.Equal(t, 1, result.ExitCode())
			require.Len(t, result.Beside, 1)
			assert.NotContains(t, aws.called(), "reviewer PutEvents")
			if ruled == NoMatter {
				assert.Nil(t, result.Beside[0].Decision)
				return
			}
			assert.Equal(t, ruled, result.Beside[0].Decision.Ruled)
			assert.Equal(t, "why", result.Beside[0].Decision.Summary)
			assert.Empty(t, result.Beside[0].Decision.By)
		})
	}
	result := leaky(t, newFakeAWS(t), waiting(notice("approved"), "true"), nil)
	assert.Nil(t, result.Beside[0].Decision, "nobody answers")
}

func TestNobodyIsAskedAboutWhatIsBrokenOrWhatNoRuleTakes(t *testing.T) {
	for name, test := range map[string]struct {
		said string
		code int
	}{
		"broken":       {notice("approved") + "; exit 2", 2},
		"other source": {`echo "aws events put-events --region r --entries '[{\"Source\":\"yours\",\"Detail\":\"{}\"}]'"`, 1},
		"two events":   {`echo "aws events put-events --region r --entries '[{},{}]'"`, 1},
		"no JSON":      {`echo "aws events put-events --region r --entries 'file://x'"`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			result := leaky(t, newFakeAWS(t), waiting(test.said, "true"), always(Ruling{Ruled: Sent}, &asked))
			assert.Zero(t, asked)
			assert.Len(t, result.Beside, 1)
			assert.Equal(t, test.code, result.ExitCode())
		})
	}
}

func TestADecisionThatCannotBeCarriedOutBreaksTheRun(t *testing.T) {
	for name, test := range map[string]struct {
		ruling Ruling
		deny   [2]string
		wrong  error
		want   string
	}{
		"reviewer":    {Ruling{Ruled: Sent}, [2]string{"rehearsal-approver", "AssumeRole"}, nil, "cannot assume " + arn("reviewer")},
		"no rule":     {Ruling{Ruled: Sent, Detail: map[string]string{}}, [2]string{}, nil, "the event starts nothing"},
		"interrupted": {Ruling{}, [2]string{}, context.Canceled, "mend waits for a decision: interrupted"},
		"terminal":    {Ruling{}, [2]string{}, errors.New("no terminal"), "ask what mend waits for: no terminal"},
		"its build":   {Ruling{Ruled: Sent, Detail: map[string]string{"word": "break"}}, [2]string{}, nil, "mend: build: command failed with exit status 2"},
	} {
		t.Run(name, func(t *testing.T) {
			aws := newFakeAWS(t)
			aws.deny(test.deny[0], test.deny[1])
			result := leaky(t, aws, waiting(notice("approved"), "exit 2"), func(context.Context, Offer) (Ruling, error) { return test.ruling, test.wrong })
			assert.Equal(t, 2, result.ExitCode())
			assert.Contains(t, result.Reason, test.want)
			require.NotNil(t, result.Beside[0].Decision)
			assert.Equal(t, test.wrong != nil, result.Beside[0].Decision.Ruled == Waits)
		})
	}
}

func TestAReviewerIsNotAskedForEver(t *testing.T) {
	asked := 0
	result := leaky(t, newFakeAWS(t), waiting(notice("again"), notice("again")), always(Ruling{Ruled: Sent}, &asked))
	assert.Equal(t, mostRulings+1, asked)
	assert.Equal(t, Broken, result.Outcome)
	assert.Contains(t, result.Reason, "would go on for ever")
}

func TestWhatStoppedForAPersonWhoHadItDoneIsNoFailureOfADecision(t *testing.T) {
	a := waiting("true", `if test "$WORD" = stop; then `+notice("go")+`; exit 1; fi`)
	for ruled, want := range map[Ruled]Outcome{Sent: Succeeded, Left: Failed} {
		asked := 0
		s := newTestSession(t, newFakeAWS(t), a, Options{Decide: always(Ruling{Ruled: ruled}, &asked)})
		result, err := s.Decide(t.Context(), EventDecision{Source: "mine", DetailType: "Decided", Detail: map[string]string{"word": "stop"}})
		require.NoError(t, err)
		assert.Equal(t, want, result.Outcome, result.Reason)
		assert.Equal(t, arn("reviewer"), result.Beside[0].DecidedBy)
	}
}

func TestTheWorstExecutionIsTheExitCode(t *testing.T) {
	for want, outcomes := range map[int][]Outcome{0: {Succeeded, Succeeded}, 1: {Failed, Succeeded}, 2: {Failed, Succeeded, Broken}} {
		var r *Result
		for i := len(outcomes) - 1; i >= 0; i-- {
			r = &Result{Outcome: outcomes[i], Next: r}
		}
		assert.Equal(t, want, r.ExitCode(), outcomes)
	}
	assert.Equal(t, 1, (&Result{Outcome: Succeeded, Next: &Result{Outcome: Rejected}}).ExitCode())
}
