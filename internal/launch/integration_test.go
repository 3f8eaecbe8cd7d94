package launch

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/evidence"
)

// script is a runner that says what a test wants it to say, round by round.
type script struct {
	plan    Plan
	events  []Event
	err     error // after the events
	answers int
	closed  error
}

func (s *script) Start(_ context.Context, plan Plan) (Conversation, error) {
	s.plan = plan
	return s, nil
}

func (s *script) Next() (Event, error) {
	if len(s.events) == 0 {
		return Event{}, s.err
	}
	next := s.events[0]
	s.events = s.events[1:]
	return next, nil
}

func (s *script) Answer() error { s.answers++; return nil }
func (s *script) Close() error  { return s.closed }

func tested(results ...Result) Event { return Event{Event: "tested", Results: results} }

func passed(product, test, region string) Result {
	return Result{Product: product, Test: test, Seconds: 2, Stacks: []TestedStack{{ID: "arn:" + product + test + region, Name: "fleet-taskcat-" + product, Region: region, Status: "CREATE_COMPLETE"}}}
}

func integration(a *account, s *script) *Integration {
	return &Integration{
		Settings: settings, Template: template, StacksIn: func(string) Stacks { return a }, SweeperIn: func(string) Sweeper { return a },
		Levels: a, TaskCat: s, Run: "r1", Log: quiet(), Now: clock(),
	}
}

func TestIntegrationLooksBeforeAndClearsAfter(t *testing.T) {
	a := &account{left: map[string][]cloud.StackResource{"arn:guarddefaultseu-central-1": {{LogicalID: "Key"}}}}
	guard := product("guard", "region")
	guard.Retained = []string{"Key"}
	guard.Tests = append(guard.Tests, bundle.Test{Name: "again", Regions: []string{"eu-central-1"}})
	s := &script{events: []Event{tested(passed("guard", "defaults", "eu-central-1")), {Event: "cleaned"}, tested(passed("guard", "again", "eu-central-1")), {Event: "cleaned"}}, err: io.EOF}
	e, err := integration(a, s).Do(t.Context(), []bundle.Product{guard})
	require.NoError(t, err)
	require.Equal(t, evidence.Passed, e.Outcome)
	require.Equal(t, []string{
		"taskcat defaults eu-central-1 passed", "delete defaults eu-central-1 passed", "residue defaults eu-central-1 passed",
		"taskcat again eu-central-1 passed", "delete again eu-central-1 passed", "residue again eu-central-1 passed",
	}, steps(t, e, "guard"))
	require.Len(t, s.plan.Rounds, 2, "a singleton must not meet itself")
	require.Equal(t, 4, s.answers)
	require.Len(t, e.Products[0].Resources, 2)
}

func TestIntegrationReadsResultsPerStack(t *testing.T) {
	failing := passed("vpc", "defaults", "eu-central-1")
	failing.Stacks[0].Status, failing.Stacks[0].Resource, failing.Stacks[0].Reason = "CREATE_FAILED", "Vpc", "The CIDR is invalid"
	s := &script{events: []Event{tested(failing, Result{Product: "logs", Test: "defaults", Error: "TaskCatException: no value whatsoever ['Days']"}), {Event: "cleaned"}}, err: io.EOF}
	a := &account{}
	e, err := integration(a, s).Do(t.Context(), []bundle.Product{product("vpc", "account"), product("logs", "account")})
	require.NoError(t, err)
	require.Equal(t, evidence.Findings, e.Outcome)
	require.Len(t, e.Findings, 2)
	require.Contains(t, e.Findings[0].Message, "no value whatsoever ['Days']")
	require.Equal(t, "products/logs/.taskcat.yml", e.Findings[0].File)
	require.Contains(t, e.Findings[1].Message, "Vpc: The CIDR is invalid")
	require.Equal(t, []string{"delete arn:vpcdefaultseu-central-1"}, a.calls, "a refused stack is not deleted")
}

func TestIntegrationClearsAfterARunnerThatDied(t *testing.T) {
	a := &account{ids: map[string]string{"fleet-taskcat-vpc-defaults-r1": "arn:found"}}
	s := &script{err: io.ErrUnexpectedEOF, closed: errors.New("signal: killed")}
	e, err := integration(a, s).Do(t.Context(), []bundle.Product{product("vpc", "account")})
	require.ErrorContains(t, err, "TaskCat stopped before its tests were done")
	require.ErrorContains(t, err, "signal: killed")
	require.Equal(t, evidence.Broken, e.Outcome)
	require.Equal(t, []string{"delete arn:found"}, a.calls)
}

func TestPlanTakesOnlyWhatIsAllowed(t *testing.T) {
	p := product("vpc", "account")
	p.Tests = []bundle.Test{{Name: "defaults", Regions: []string{"eu-north-1"}, Parameters: map[string]string{"Az": "$[taskcat_getaz_2]", "Cidr": "10.0.0.0/20"}}}
	for _, value := range []string{"x$[taskcat_genuuid]", "$[taskcat_random-string]@example.com"} { // TaskCat replaces these within a text
		require.NoError(t, allowed("vpc", bundle.Test{Parameters: map[string]string{"P": value}}))
	}
	plan, err := integration(&account{}, nil).plan(t.Context(), []bundle.Product{p})
	require.NoError(t, err)
	require.Equal(t, "222222222222", plan.Account)
	spec := plan.Rounds[0][0]
	require.Equal(t, map[string]any{
		"project": map[string]any{
			"name": "vpc", "s3_bucket": "fleet-taskcat-222222222222-eu-central-1", "s3_object_acl": "bucket-owner-full-control",
			"role_name": "fleet-test-execution", "package_lambda": false, "build_submodules": false,
		},
		"tests": map[string]any{"defaults": map[string]any{
			"template": "template.json", "regions": []string{"eu-north-1"}, "parameters": map[string]any{"Az": "$[taskcat_getaz_2]", "Cidr": "10.0.0.0/20"},
			"stack_name": "fleet-taskcat-vpc-defaults-r1", "tags": map[string]any{"fleet:product": "vpc", "fleet:version": "1.0.0"},
		}},
	}, spec.Config)
	for _, value := range []string{"$[taskcat_ssm_/secret]", "$[taskcat_secretsmanager_x]", "$[taskcat_presignedurl],b,k", "$[taskcat_getlicensecontent]", "$[taskcat_genuuid]$[taskcat_ssm_x]"} {
		p.Tests[0].Parameters = map[string]string{"P": value}
		_, err := integration(&account{}, nil).plan(t.Context(), []bundle.Product{p})
		require.ErrorContains(t, err, "not a placeholder that tests may use", value)
	}
}

func TestStackNamesFitAndKeepTheRun(t *testing.T) {
	name := integration(nil, nil).stackName(strings.Repeat("p", 40), strings.Repeat("very_long ", 20))
	require.LessOrEqual(t, len(name), 128)
	require.True(t, strings.HasSuffix(name, "-r1"))
	require.Regexp(t, `^[A-Za-z][-A-Za-z0-9]*$`, name)
}
