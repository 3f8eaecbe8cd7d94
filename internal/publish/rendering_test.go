package publish

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeApp writes a program that behaves as the app does: it renders what its context names into CDK_OUTDIR.
func fakeApp(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nset -eu\n"+body), 0o755))
	return path
}

func TestRenderCopiesPublishedStacksOnly(t *testing.T) {
	app := App{Program: fakeApp(t, `mkdir "$CDK_OUTDIR"
echo "$CDK_CONTEXT_JSON" > "$CDK_OUTDIR/fleet-products-0.template.json"
env > "$CDK_OUTDIR/fleet-access-555555555555.template.json"
echo {} > "$CDK_OUTDIR/fleet-gamma-portfolio.template.json"; echo {} > "$CDK_OUTDIR/manifest.json"
`), Settings: "/x/fleet.yaml", Cache: "/cache", Path: os.Getenv("PATH"), Output: io.Discard}
	out := filepath.Join(t.TempDir(), "rendered")
	stacks, err := app.Render(t.Context(), "/p/plan.json", out, settings, false)
	require.NoError(t, err)
	require.Equal(t, []string{"fleet-access-555555555555", "fleet-products-0"}, stacks)
	inputs := must(os.ReadFile(filepath.Join(out, "fleet-products-0.template.json")))
	require.JSONEq(t, `{"plan": "/p/plan.json", "settings": "/x/fleet.yaml"}`, string(inputs))
	environment := string(must(os.ReadFile(filepath.Join(out, "fleet-access-555555555555.template.json"))))
	require.Contains(t, environment, "CDK_VALIDATION=false")
	require.Contains(t, environment, "JSII_RUNTIME_PACKAGE_CACHE_ROOT=/cache")
	require.NotContains(t, environment, "HOME="+os.Getenv("HOME")+"\n")

	stacks, err = app.Render(t.Context(), "/p/plan.json", out, settings, true)
	require.NoError(t, err)
	require.Contains(t, stacks, "fleet-gamma-portfolio")
}

func TestRenderSaysHowToGetTheApp(t *testing.T) {
	for _, program := range []string{filepath.Join(t.TempDir(), "app"), t.TempDir()} {
		_, err := App{Program: program, Output: io.Discard}.Render(t.Context(), "plan.json", t.TempDir(), settings, false)
		require.ErrorContains(t, err, "it is no program: build the app by make build, or name it by --app")
	}
}

func TestRenderSaysWhyTheAppStopped(t *testing.T) {
	app := App{Program: fakeApp(t, "echo noise; echo 'fleet.yaml:3: accounts: want 12 digits' >&2; exit 1"), Path: os.Getenv("PATH"), Output: io.Discard}
	_, err := app.Render(t.Context(), "plan.json", t.TempDir(), settings, false)
	require.ErrorContains(t, err, "fleet.yaml:3: accounts: want 12 digits")
	app.Program = fakeApp(t, `mkdir "$CDK_OUTDIR"`)
	_, err = app.Render(t.Context(), "plan.json", t.TempDir(), settings, false)
	require.ErrorContains(t, err, "rendered no stack")
}
