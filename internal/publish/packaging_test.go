package publish

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/bundle"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/launchrole"
	"accountfleet/internal/ledger"
	"accountfleet/internal/manifest"
	"accountfleet/internal/plan"
)

// renderer writes one published and one gamma stack; the published one is made of text, the gamma one of the plan.
type renderer struct{ text string }

func (r renderer) Render(_ context.Context, planFile, out string, s *config.Settings, gamma bool) ([]string, error) {
	body, err := os.ReadFile(planFile)
	if err != nil {
		return nil, err
	}
	stacks := map[string]string{s.ProductsStack(0): `{"Resources": {"P": {"Type": "` + r.text + `"}}}`}
	if gamma {
		stacks[s.GammaPortfolioStack()] = string(body)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	var names []string
	for name, content := range stacks {
		if err := os.WriteFile(filepath.Join(out, name+templateSuffix), []byte(content), 0o600); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// catalog writes a catalog of one product that consists of a resource type.
func catalog(t *testing.T, kind string) manifest.Tree {
	t.Helper()
	dir := t.TempDir()
	for name, body := range map[string]string{
		"product.yaml": `name: Logs
description: Keeps logs
owner: Platform
support: {email: platform@example.com}
version: 1.0.0
notes: First version
portfolios: [base]
scope: account
`,
		"template.yaml":         "Resources:\n  Thing:\n    Type: " + kind + "\n",
		".taskcat.yml":          "tests:\n  defaults:\n    template: template.yaml\n    regions: [eu-central-1]\n",
		"features/logs.feature": "Feature: logs\n  Scenario: one\n    Given nothing\n",
	} {
		path := filepath.Join(dir, "products", "logs", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(body), 0o600))
	}
	return manifest.Dir(dir)
}

func packaging(t *testing.T, tree manifest.Tree, l ledger.Reader) *Packaging {
	t.Helper()
	s := *settings
	s.Regions.Test = []string{"eu-central-1"}
	return &Packaging{
		Settings: &s, Tree: tree, Commit: "c1", Ledger: l, App: renderer{"a"}, Out: t.TempDir(),
		Index: &launchrole.Index{Source: "test", Types: map[string]map[string][]string{
			"AWS::SQS::Queue": {"create": {"sqs:CreateQueue"}}, "AWS::IAM::User": {"create": {"iam:CreateUser"}},
		}},
	}
}

func TestPackagingBuildsWhatLaterStagesPromote(t *testing.T) {
	p := packaging(t, catalog(t, "AWS::SQS::Queue"), ledger.Dir(t.TempDir()))
	gate := t.TempDir()
	require.NoError(t, evidence.Write(filepath.Join(gate, "evidence.json"), evidence.Evidence{Action: "PolicyAsCode", Outcome: evidence.Passed}))
	p.Evidence = []string{gate}
	result, err := p.Run(t.Context())
	require.NoError(t, err)
	require.Empty(t, result.Findings)
	require.Equal(t, 1, result.Changes)
	opened, err := bundle.Open(p.Out)
	require.NoError(t, err)
	require.Equal(t, []ledger.Permission{{
		Sid: "SqsAny", Actions: []string{"sqs:CreateQueue"}, Resources: []string{"*"},
		Reason: "the Service Authorization Reference of test does not have the service",
	}}, opened.Products[0].Candidate().Permissions)
	for _, name := range []string{"rendered/fleet-products-0.template.json", "rendered/fleet-gamma-portfolio.template.json", "evidence/PolicyAsCode.json"} {
		require.FileExists(t, filepath.Join(p.Out, name))
	}
	changes, err := os.ReadFile(filepath.Join(p.Out, "changes"))
	require.NoError(t, err)
	require.Equal(t, "1\n", string(changes))
}

func TestPackagingStopsAtFindings(t *testing.T) {
	p := packaging(t, catalog(t, "AWS::IAM::User"), ledger.Dir(t.TempDir()))
	result, err := p.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, result.Findings, 1)
	require.Equal(t, "IDENTITY", result.Findings[0].Rule)
	require.Equal(t, "products/logs/template.yaml", result.Findings[0].File)
	require.Equal(t, 2, result.Findings[0].Span.Line)
	require.NoFileExists(t, filepath.Join(p.Out, "bundle.json"))

	empty := packaging(t, manifest.Dir(t.TempDir()), ledger.Dir(t.TempDir()))
	result, err = empty.Run(t.Context())
	require.NoError(t, err)
	require.Nil(t, result.Bundle)
	require.NotEmpty(t, result.Findings)
}

func TestPackagingRefusesEvidenceThatDidNotPass(t *testing.T) {
	p := packaging(t, catalog(t, "AWS::SQS::Queue"), ledger.Dir(t.TempDir()))
	gate := t.TempDir()
	require.NoError(t, evidence.Write(filepath.Join(gate, "evidence.json"), evidence.Evidence{Action: "UnitTests", Outcome: evidence.Broken}))
	p.Evidence = []string{gate}
	_, err := p.Run(t.Context())
	require.ErrorContains(t, err, `evidence of UnitTests in `+gate+` says "broken"`)
	require.NoFileExists(t, filepath.Join(p.Out, "bundle.json"))
}

// brokenApp is a renderer that cannot.
type brokenApp struct{}

func (brokenApp) Render(context.Context, string, string, *config.Settings, bool) ([]string, error) {
	return nil, errors.New("no node")
}

func TestPackageThatCannotBeRenderedIsNeverTakenForOne(t *testing.T) {
	p := packaging(t, catalog(t, "AWS::SQS::Queue"), ledger.Dir(t.TempDir()))
	_, err := p.Run(t.Context())
	require.NoError(t, err)
	p.App = brokenApp{}
	_, err = p.Run(t.Context())
	require.ErrorContains(t, err, "no node")
	require.NoFileExists(t, filepath.Join(p.Out, "bundle.json"), "not even that of the package before")

	p.Out = filepath.Join(t.TempDir(), "new")
	_, err = p.Run(t.Context())
	require.Error(t, err)
	require.NoDirExists(t, p.Out)
}

// TestNoChangeIsNoPublication follows a publication to the ledger and packages again.
func TestNoChangeIsNoPublication(t *testing.T) {
	l := ledger.Dir(t.TempDir())
	tree := catalog(t, "AWS::SQS::Queue")
	first := packaging(t, tree, l)
	result, err := first.Run(t.Context())
	require.NoError(t, err)
	planned, err := MakePlan(t.Context(), first.Settings, result.Bundle, l, renderer{"a"}, t.TempDir())
	require.NoError(t, err)
	require.True(t, planned.Changes)
	s := settlement(&shelf{
		exports: map[string]string{"fleet-product-logs": "prod-1"}, urls: map[string]string{"pa": settings.TemplateURL("eu-west-1", planned.Plan.Products[0].Versions[0].Digest)},
		versions: versionsOf("prod-1", "pa", "1.0.0"),
	}, l, planned.Plan)
	s.Rendering = planned.Rendering
	require.NoError(t, s.Settle(t.Context()))

	again := packaging(t, tree, l)
	result, err = again.Run(t.Context())
	require.NoError(t, err)
	require.Zero(t, result.Changes, "gamma stacks without candidates differ, and are not what Prod publishes")
	planned, err = MakePlan(t.Context(), again.Settings, result.Bundle, l, renderer{"a"}, t.TempDir())
	require.NoError(t, err)
	require.False(t, planned.Changes)

	settingsChanged := packaging(t, tree, l)
	settingsChanged.App = renderer{"b"}
	result, err = settingsChanged.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, result.Changes)
	require.True(t, result.Platform)
}

// TestTheLedgerMovesBetweenPackageAndRender: another publication of the same product comes first, and loses nothing.
func TestTheLedgerMovesBetweenPackageAndRender(t *testing.T) {
	l := ledger.Dir(t.TempDir())
	p := packaging(t, catalog(t, "AWS::SQS::Queue"), l)
	result, err := p.Run(t.Context())
	require.NoError(t, err)
	other := ledger.Product{ID: "other", Name: "Other", Portfolios: []string{"base"}, Versions: []ledger.Version{{Version: "1.0.0", Digest: strings.Repeat("0", 64), Commit: "c0"}}}
	require.NoError(t, l.Append(t.Context(), ledger.Entry{Seq: 1, Kind: ledger.Published, Products: []ledger.Product{other}}))
	out := t.TempDir()
	_, err = MakePlan(t.Context(), p.Settings, result.Bundle, l, renderer{"a"}, out)
	require.NoError(t, err)
	made, err := plan.Read(filepath.Join(out, "plan.json"))
	require.NoError(t, err)
	require.Equal(t, 1, made.LedgerHead)
	require.Len(t, made.Products, 2, "what was published meanwhile stays")

	taken := result.Bundle.Products[0].Product.Clone()
	taken.Versions[0].Digest = strings.Repeat("1", 64)
	require.NoError(t, l.Append(t.Context(), ledger.Entry{Seq: 2, Kind: ledger.Published, Products: []ledger.Product{taken}}))
	_, err = MakePlan(t.Context(), p.Settings, result.Bundle, l, renderer{"a"}, out)
	var refusal *Refusal
	require.ErrorAs(t, err, &refusal, "the same version with another template is what was pushed wrong")
	require.ErrorContains(t, err, "was published meanwhile with another template")
}
