package features

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/finding"
	"accountfleet/internal/manifest"
)

func source(path, text string) manifest.File { return manifest.File{Path: path, Body: []byte(text)} }

const holds = "Feature: f\n  Scenario: s\n    Given the template of this product\n    Then there is a AWS::S3::Bucket\n"

// gateOn runs the gate on the sample with its own, shared and baseline features.
func gateOn(t *testing.T, own, shared, baseline []manifest.File) (counted int, findings []finding.Finding) {
	t.Helper()
	catalog, settings := sampleCatalog(t)
	catalog.Products[0].Features, catalog.Features = own, shared
	check, findings, err := Run(context.Background(), Options{Catalog: catalog, Settings: settings, Baseline: baseline})
	require.NoError(t, err)
	return check.Counted, findings
}

func TestScenariosAreCountedAndReported(t *testing.T) {
	catalog, settings := sampleCatalog(t)
	catalog.Products[0].Features = []manifest.File{source("products/sample/features/a.feature", holds)}
	var report bytes.Buffer
	check, findings, err := Run(context.Background(), Options{Catalog: catalog, Settings: settings, Cucumber: &report})
	require.NoError(t, err)
	assert.Empty(t, findings)
	assert.Equal(t, 2, check.Counted)
	assert.Equal(t, "1 scenarios", check.Detail)
	var decoded []map[string]any
	require.NoError(t, json.Unmarshal(report.Bytes(), &decoded))
	assert.Len(t, decoded, 1)
}

func TestAScenarioThatDoesNotHoldIsAFindingAtItsStep(t *testing.T) {
	_, findings := gateOn(t, []manifest.File{source("products/sample/features/a.feature",
		"Feature: f\n  Scenario: s\n    Given the template of this product\n    Then there is no AWS::EC2::VPC\n")}, nil, nil)
	require.Len(t, findings, 1)
	f := findings[0]
	assert.Equal(t, "SCENARIO", f.Rule)
	assert.Equal(t, "products/sample/features/a.feature", f.File)
	assert.Equal(t, 4, f.Span.Line)
	assert.Equal(t, "Vpc", f.Resource)
	assert.Contains(t, f.Message, "Vpc is a AWS::EC2::VPC")
	assert.NotEmpty(t, f.Fingerprint)
}

func TestABaselineScenarioRunsForEveryProductAndPointsAtTheTemplate(t *testing.T) {
	own := []manifest.File{source("products/sample/features/a.feature", holds)}
	counted, findings := gateOn(t, own, nil, []manifest.File{source("features/b.feature",
		"Feature: f\n  Scenario: s\n    Given the template of this product\n    Then every AWS::IAM::Role has the permissions boundary\n")})
	assert.Equal(t, 4, counted)
	require.Len(t, findings, 1)
	assert.Equal(t, "products/sample/template.yaml", findings[0].File)
	assert.Equal(t, "Managed", findings[0].Resource)
	catalog, _ := sampleCatalog(t)
	assert.Equal(t, catalog.Products[0].Template.Lines.At("/Resources/Managed"), findings[0].Span)
	assert.Contains(t, findings[0].Message, "baseline b.feature:4")
}

func TestWhatStrictLetsThroughIsRefused(t *testing.T) {
	const at = "products/sample/features/a.feature"
	for name, row := range map[string]struct {
		text, rule string
		line       int
		says       string
	}{
		"a typo": {"Feature: f\n  Scenario: s\n    Given the template of this product\n    Then there is an AWS::S3::Bucket\n",
			"UNDEFINED_STEP", 4, "there is a <Type>"},
		"a typo in a background": {"Feature: f\n  Background:\n    Given the tamplate of this product\n  Scenario: s\n    Then there is a AWS::S3::Bucket\n  Scenario: t\n    Then there is a AWS::S3::Bucket\n",
			"UNDEFINED_STEP", 3, "the template of this product"},
		"no demand": {"Feature: f\n  Scenario: s\n    Given the template of this product\n", "EMPTY_SCENARIO", 2, "demands nothing"},
		"no step":   {"Feature: f\n  Scenario: s\n", "EMPTY_SCENARIO", 2, "demands nothing"},
		"a table":   {holds + "      | a |\n", "STEP_ARGUMENT", 4, "takes no table"},
		"no table": {"Feature: f\n  Scenario: s\n    Given the template of this product\n    Then the policy \"Fence\" denies \"ec2:RunInstances\" on \"*\" when:\n",
			"STEP_ARGUMENT", 4, "wants a table"},
		"no gherkin": {"Featur: f\n", "SYNTAX", 1, "is not Gherkin"},
	} {
		t.Run(name, func(t *testing.T) {
			// Beside a sound feature, so that the product has scenarios.
			_, findings := gateOn(t, []manifest.File{source(at, row.text), source("products/sample/features/z.feature", holds)}, nil, nil)
			require.NotEmpty(t, findings)
			assert.Equal(t, row.rule, findings[0].Rule)
			assert.Equal(t, row.line, findings[0].Span.Line)
			assert.Equal(t, at, findings[0].File)
			assert.Contains(t, findings[0].Message+" "+findings[0].Cure, row.says)
			if row.rule != "SYNTAX" {
				assert.Len(t, findings, 1, "reported once")
			}
		})
	}
}

func TestAProductWithoutScenariosIsAFinding(t *testing.T) {
	for name, own := range map[string][]manifest.File{
		"no file":       nil,
		"empty feature": {source("products/sample/features/a.feature", "Feature: f\n")},
		"wrong name":    {source("products/sample/features/a.feature.txt", holds)},
		"a comment":     {source("products/sample/features/a.feature", "# language: en\n")},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := gateOn(t, own, []manifest.File{source("features/s.feature", "Feature: f\n  Scenario: s\n    Given the catalog\n    Then no product has a AWS::IAM::User\n")}, nil)
			require.NotEmpty(t, findings)
			assert.Equal(t, "NO_SCENARIO", findings[len(findings)-1].Rule)
			assert.True(t, finding.Failed(findings))
		})
	}
}

func TestTagsSkipNothing(t *testing.T) {
	_, findings := gateOn(t, []manifest.File{source("products/sample/features/a.feature",
		"@skip @wip\nFeature: f\n  @ignore\n  Scenario: s\n    Given the template of this product\n    Then there is no AWS::EC2::VPC\n")}, nil, nil)
	assert.Len(t, findings, 1)
}

func TestAnOutlineReportsTheRowThatDoesNotHold(t *testing.T) {
	_, findings := gateOn(t, []manifest.File{source("products/sample/features/a.feature",
		"Feature: f\n  Scenario Outline: s\n    Given the template of this product\n    Then there is a <type>\n    Examples:\n      | type |\n      | AWS::S3::Bucket |\n      | AWS::SNS::Topic |\n")}, nil, nil)
	require.Len(t, findings, 1)
	assert.Contains(t, findings[0].Message, "AWS::SNS::Topic")
}

func TestNothingRunIsBroken(t *testing.T) {
	_, settings := sampleCatalog(t)
	_, _, err := Run(context.Background(), Options{Catalog: &manifest.Catalog{}, Settings: settings})
	require.ErrorContains(t, err, "no step was run")
}

func TestTheRunnerIsProvedAlive(t *testing.T) { require.NoError(t, alive(context.Background())) }
