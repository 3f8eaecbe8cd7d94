//go:build e2e

// Package e2e runs whole executions of the pipeline on the emulator, as make rehearse does: one installation, many pushes.
//
// The pushes build on each other, as an engineer's would; each case says where the pipeline must stop and for which reason. The
// secret comes last, because a clone of before its purge is refused from then on.
package e2e

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/ledger"
	"accountfleet/internal/rehearsal"
)

// stop is where an execution must end.
type stop struct {
	stage, action string
	outcome       rehearsal.Outcome
	says          []string // all of them in the action's reason or in a finding's message
}

func TestPipeline(t *testing.T) {
	f := open(t)
	c := seed(t)

	t.Run("the seed is published and a consumer sees it", func(t *testing.T) {
		result := f.push(t, c)
		requireSucceeded(t, result)
		assert.Len(t, result.Published, len(seeded))
		assert.Equal(t, f.settings.ReviewerRole(), roleName(action(t, result, "Prod", "Approve").DecidedBy))
		assert.Positive(t, result.Resources.Emulated, "some resources have a stateful backend")
		assert.Positive(t, result.Resources.Modelled, "some are only modelled, and that is said")
		verified := action(t, result, "Prod", "Verify")
		assert.Equal(t, rehearsal.Succeeded, verified.Outcome)

		assert.Contains(t, strings.Join(result.Notes, "\n"), "sandbox organization prepared: o-")
		for stage, name := range map[string]string{"Beta": "Provision", "Gamma": "Consume"} {
			ran := action(t, result, stage, name)
			assert.NotEmpty(t, steps(ran, "organizational-units"), "a product of a whole organization is launched where there is one")
			assert.Empty(t, ran.Evidence.NotRun)
		}
		shared, err := f.importedPortfolios(t.Context(), f.unitAccount(t))
		require.NoError(t, err)
		assert.Contains(t, shared, f.portfolioName(t, "self-service"), "an account of the unit sees what the unit was given")
		elsewhere, err := f.importedPortfolios(t.Context(), f.settings.Accounts.Tools)
		require.NoError(t, err)
		assert.Empty(t, elsewhere, "an account outside the unit sees nothing")
	})

	t.Run("a push that changes no product asks nobody", func(t *testing.T) {
		c.write("README.md", "# Catalog\n\nWords are no product.\n")
		c.commit("Explain the catalog")
		result := f.push(t, c)
		requireSucceeded(t, result)
		for _, stage := range result.Stages[2:] {
			assert.Equal(t, rehearsal.Skipped, stage.Outcome, stage.Name)
		}
		assert.Empty(t, result.Published)
		assert.Len(t, f.entries(t), 1)
	})

	t.Run("a new version is launched as an upgrade and published beside the old one", func(t *testing.T) {
		c.add(newNote("note", "1.0.0"))
		c.commit("Offer a note")
		requireSucceeded(t, f.push(t, c))
		second := newNote("note", "1.1.0")
		second.template = noteTemplate("hello-again")
		c.add(second)
		c.commit("Say hello again")
		result := f.push(t, c)
		requireSucceeded(t, result)
		assert.Equal(t, []ledger.Ref{{Product: "note", Version: "1.1.0"}}, result.Published)
		assert.Equal(t, []string{"1.0.0", "1.1.0"}, f.versions(t, "note"))
		assert.Contains(t, steps(action(t, result, "Beta", "Provision"), "note"), "deploy: updated")
		assert.Contains(t, steps(action(t, result, "Gamma", "Consume"), "note"), "update: ")
	})

	alpha(t, f, c)
	beta(t, f, c)
	gamma(t, f, c)
	prod(t, f, c)
	secret(t, f, c)
}

func alpha(t *testing.T, f *fleet, c *catalog) {
	f.stops(t, "a bucket without encryption stops at the policy gate", c, func(*testing.T) {
		n := newNote("drop", "1.0.0")
		n.template = strings.Replace(n.template, "Resources:\n", "Resources:\n  Drop:\n    Type: AWS::S3::Bucket\n", 1)
		c.add(n)
	}, stop{"Alpha", "PolicyAsCode", rehearsal.Failed, []string{"drop", "encrypt"}})
	c.remove("products/drop")

	f.stops(t, "a scenario that does not hold stops at the unit tests", c, func(*testing.T) {
		n := newNote("claim", "1.0.0")
		n.feature = strings.Replace(n.feature, "there are 1 ", "there are 2 ", 1)
		c.add(n)
	}, stop{"Alpha", "UnitTests", rehearsal.Failed, []string{"there are 2 AWS::SSM::Parameter"}})

	f.stops(t, "an undefined step stops at the unit tests", c, func(*testing.T) {
		n := newNote("claim", "1.0.0")
		n.feature = strings.Replace(n.feature, "there are 1 ", "there ought to be one ", 1)
		c.add(n)
	}, stop{"Alpha", "UnitTests", rehearsal.Failed, []string{"there ought to be one"}})
	c.remove("products/claim")

	f.stops(t, "a published version cannot be changed", c, func(*testing.T) {
		n := newNote("note", "1.1.0")
		n.template = noteTemplate("something-else")
		c.add(n)
	}, stop{"Alpha", "Package", rehearsal.Failed, []string{"note", "1.1.0"}})
	n := newNote("note", "1.1.0")
	n.template = noteTemplate("hello-again")
	c.add(n)
}

func beta(t *testing.T, f *fleet, c *catalog) {
	f.stops(t, "a resource that cannot be created stops in the test account and is rolled back", c, func(*testing.T) {
		n := newNote("twin", "1.0.0")
		n.template = twinTemplate
		n.feature = strings.Replace(n.feature, "there are 1 ", "there are 2 ", 1)
		c.add(n)
	}, stop{"Beta", "Provision", rehearsal.Failed, []string{"twin", "already exists"}})
	c.remove("products/twin")

	f.stops(t, "a TaskCat test without a value for a parameter stops at the integration tests", c, func(*testing.T) {
		n := newNote("untold", "1.0.0")
		n.template = strings.Replace(n.template, "    Default: hello\n", "", 1)
		n.parameters = "  Text: told\n"
		n.feature = strings.Replace(n.feature, "    Then there are 1", "    And with the parameters of its manifest\n    Then there are 1", 1)
		c.add(n)
	}, stop{"Beta", "IntegrationTests", rehearsal.Failed, []string{"untold", "Text"}})
	c.remove("products/untold")
}

func gamma(t *testing.T, f *fleet, c *catalog) {
	f.before("Gamma", "Consume", func(ctx context.Context) error {
		return f.removeRolePolicies(ctx, f.settings.Accounts.Gamma, f.settings.GammaLaunchRole("bare"), "ssm:PutParameter")
	})
	f.stops(t, "a launch role that lacks a permission stops when the product is consumed", c, func(*testing.T) {
		c.add(newNote("bare", "1.0.0"))
	}, stop{"Gamma", "Consume", rehearsal.Failed, []string{"bare", "ssm:PutParameter"}})
	f.before("", "", nil)
	c.remove("products/bare")
}

func prod(t *testing.T, f *fleet, c *catalog) {
	f.answer = rehearsal.Decision{Summary: "not today", How: "test"}
	f.stops(t, "a rejection publishes nothing", c, func(*testing.T) {
		c.add(newNote("memo", "1.0.0"))
	}, stop{"Prod", "Approve", rehearsal.Rejected, []string{"not today"}})
	assert.Empty(t, f.versions(t, "memo"))
	f.answer = approved

	f.before("Prod", "Preflight", func(ctx context.Context) error { return f.publishElsewhere(ctx, "elsewhere") })
	f.stops(t, "a ledger that moved after the approval stops before anything is executed", c, func(*testing.T) {}, stop{
		"Prod", "Preflight", rehearsal.Failed, []string{"ledger moved"}})
	f.before("", "", nil)
	assert.Empty(t, f.versions(t, "memo"))

	t.Run("a version published between Package and Render is not lost", func(t *testing.T) {
		f.before("Prod", "Render", func(ctx context.Context) error { return f.publishElsewhere(ctx, "late") })
		c.commit("Push again")
		result := f.push(t, c)
		f.before("", "", nil)
		requireSucceeded(t, result)
		for _, product := range []string{"elsewhere", "late", "memo", "note", "guardduty"} {
			assert.NotEmpty(t, f.versions(t, product), product)
		}
		assert.NotEmpty(t, f.artifacts(t, "late"), "Service Catalog has what the ledger has")
		assert.NotEmpty(t, f.artifacts(t, "guardduty"), "and lost nothing of what it had")
	})

	f.before("Prod", "Verify", func(ctx context.Context) error { return f.hide(ctx, "poster") })
	f.stops(t, "a publication that no consumer sees is restored", c, func(*testing.T) {
		c.add(newNote("poster", "1.0.0"))
	}, stop{"Prod", "Verify", rehearsal.Failed, []string{"poster", "restored"}})
	f.before("", "", nil)
	entries := f.entries(t)
	assert.Equal(t, ledger.Restored, entries[len(entries)-1].Kind)
	c.remove("products/poster")
}

func secret(t *testing.T, f *fleet, c *catalog) {
	result := f.stops(t, "a secret that was added and deleted again stops at the secrets gate", c, func(*testing.T) { leak(c) },
		stop{"Alpha", "SecretsDetection", rehearsal.Failed, []string{"notes.txt"}})
	t.Run("it is purged from the history, and the pipeline goes on", func(t *testing.T) {
		requireCleansed(t, f, c, result)
		assert.NotEmpty(t, f.versions(t, "note"), "what was published stays published")
	})
}

// twinTemplate creates two parameters under one name, which only the second creation can find out.
const twinTemplate = `AWSTemplateFormatVersion: "2010-09-09"
Description: Twin - two values under one name
Parameters:
  First: {Type: String, Default: /fleet/twin, Description: A name.}
  Second: {Type: String, Default: /fleet/twin, Description: Another name.}
Resources:
  Note:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Name: !Ref First, Value: one}
  Twin:
    Type: AWS::SSM::Parameter
    DependsOn: Note
    Properties: {Type: String, Name: !Ref Second, Value: two}
Outputs:
  NoteName:
    Description: Name of the parameter
    Value: !Ref Note
`

// stops pushes what change leaves in the catalog and checks where and why the execution ended.
func (f *fleet) stops(t *testing.T, name string, c *catalog, change func(*testing.T), want stop) *rehearsal.Result {
	var result *rehearsal.Result
	t.Run(name, func(t *testing.T) {
		before := len(f.entries(t))
		change(t)
		c.commit(name)
		result = f.push(t, c)
		assert.Equal(t, want.outcome, result.Outcome, result.Reason)
		got := action(t, result, want.stage, want.action)
		assert.Equal(t, want.outcome, got.Outcome, "%s: %s", got.Name, got.Reason)
		told := got.Reason + " " + got.Summary
		if got.Evidence != nil {
			for _, finding := range got.Evidence.Findings {
				told += "\n" + finding.Product + " " + finding.File + ": " + finding.Message
			}
		}
		if log, err := os.ReadFile(got.Log); err == nil {
			told += "\n" + string(log)
		}
		for _, words := range want.says {
			assert.Contains(t, strings.ToLower(told), strings.ToLower(words))
		}
		for _, stage := range result.Stages {
			for _, other := range stage.Actions {
				if other.Name != want.action {
					assert.NotEqual(t, rehearsal.Broken, other.Outcome, "%s: %s", other.Name, other.Reason)
				}
			}
		}
		if want.action != "Verify" && want.action != "Preflight" && want.action != "SecretsDetection" {
			assert.Len(t, f.entries(t), before, "nothing was published")
		}
	})
	return result
}

// requireSucceeded fails the test with the first action that did not succeed.
func requireSucceeded(t *testing.T, r *rehearsal.Result) {
	t.Helper()
	for _, stage := range r.Stages {
		for _, a := range stage.Actions {
			if a.Outcome != rehearsal.Succeeded {
				log, _ := os.ReadFile(a.Log)
				t.Logf("%s/%s %s: %s\n%s", stage.Name, a.Name, a.Outcome, a.Reason, log)
			}
		}
	}
	require.Equal(t, rehearsal.Succeeded, r.Outcome, r.Reason)
}

// action finds an action that ran.
func action(t *testing.T, r *rehearsal.Result, stage, name string) rehearsal.ActionResult {
	t.Helper()
	for _, s := range r.Stages {
		for _, a := range s.Actions {
			if s.Name == stage && a.Name == name {
				return a
			}
		}
	}
	require.Failf(t, "the action did not run", "%s/%s; the execution ended with: %s", stage, name, r.Reason)
	return rehearsal.ActionResult{}
}

// steps tells what an action did with a product, a line a step.
func steps(a rehearsal.ActionResult, product string) string {
	var lines []string
	if a.Evidence == nil {
		return ""
	}
	for _, p := range a.Evidence.Products {
		if p.ID == product {
			for _, s := range p.Steps {
				lines = append(lines, s.Name+": "+s.Detail)
			}
		}
	}
	return strings.Join(lines, "\n")
}

func roleName(arn string) string {
	parts := strings.Split(arn, "/")
	if len(parts) < 2 {
		return arn
	}
	return parts[1]
}

// patience bounds one execution.
const patience = 5 * time.Minute
