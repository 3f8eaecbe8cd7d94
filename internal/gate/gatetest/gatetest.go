// Package gatetest gives the tests of the gates real tools, stubs that misbehave, and small catalogs.
package gatetest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"accountfleet/internal/config"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/tool"
	"accountfleet/internal/manifest"
	"accountfleet/internal/toolbox"
)

// Locate finds the real, verified tools. A missing tool fails the test: a gate is only proved by the tool it runs.
func Locate(name string) (tool.Tool, error) {
	located, err := toolbox.Locate(name)
	return tool.Tool{Path: located.Path, Version: located.Version}, err
}

// Stub makes an executable shell script and a Locate that takes it for every tool.
func Stub(t testing.TB, script string) tool.Locate {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stub")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return func(string) (tool.Tool, error) { return tool.Tool{Path: path, Version: "stub"}, nil }
}

// Settings are those of a small fleet.
func Settings() *config.Settings {
	return &config.Settings{
		Name: "fleet", Organization: "o-exampleorgid",
		Regions:  config.Regions{Home: "eu-west-1", Catalog: []string{"eu-west-1"}, Test: []string{"eu-central-1"}},
		Accounts: config.Accounts{Tools: "111111111111", Test: "222222222222"},
		Portfolios: []config.Portfolio{{
			ID: "security", Name: "Security", Provider: "Platform", Accounts: []string{"555555555555"}, Principals: []string{"arn:aws:iam:::role/fleet/*"},
		}},
	}
}

// Files of a sound product that a test may change: path below the catalog -> content.
func Files(id, template string) map[string]string {
	at := "products/" + id + "/"
	return map[string]string{
		at + "template.yaml": template,
		at + "product.yaml": `name: ` + id + `
description: A product of a test
owner: Platform team
support: {email: platform@example.com, url: "https://example.com/support", description: Ask the platform team}
version: 1.0.0
notes: First version
portfolios: [security]
scope: account
`,
		at + ".taskcat.yml":         "tests:\n  default:\n    template: template.yaml\n    regions: [eu-central-1]\n",
		at + "features/own.feature": "Feature: own\n  Scenario: it can be looked at\n    Given the catalog\n    Then no product has a AWS::IAM::User\n",
	}
}

// Write puts files below a folder.
func Write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Catalog loads files as a catalog; mistakes in the manifest fail the test, warnings do not.
func Catalog(t testing.TB, files map[string]string) *manifest.Catalog {
	t.Helper()
	dir := t.TempDir()
	Write(t, dir, files)
	catalog, findings, err := manifest.Load(context.Background(), manifest.Dir(dir), Settings())
	if err != nil {
		t.Fatal(err)
	}
	if finding.Failed(findings) {
		t.Fatal(findings)
	}
	return catalog
}
