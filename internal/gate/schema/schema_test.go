package schema

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/finding"
	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/gate/tool"
	"accountfleet/internal/manifest"
)

func run(t *testing.T, template string, locate tool.Locate) (int, []finding.Finding, error) {
	t.Helper()
	check, findings, err := Run(context.Background(), Options{
		Catalog: gatetest.Catalog(t, gatetest.Files("sample", template)), Settings: gatetest.Settings(), Locate: locate,
	})
	return check.Counted, findings, err
}

const template = `# a comment, so that lines differ from those of the canonical form
Metadata:
  cfn-lint: {config: {ignore_checks: [E3002, E3012, W2001]}}
Parameters:
  Unused: {Type: String, Default: x}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: sound
      DisplayNam: typo
`

func TestAMistakeIsShownAtItsLineAndCannotBeSuppressed(t *testing.T) {
	counted, findings, err := run(t, template, gatetest.Locate)
	require.NoError(t, err)
	assert.Equal(t, 2, counted, "one template in two regions")
	require.Len(t, findings, 2)
	f := findings[0]
	if f.Severity != finding.Error {
		f = findings[1]
	}
	assert.Equal(t, "E3002", f.Rule)
	assert.Equal(t, 11, f.Span.Line)
	assert.Equal(t, "Topic", f.Resource)
	assert.Equal(t, "products/sample/template.yaml", f.File)
	assert.Contains(t, f.Message, "DisplayNam")
	assert.NotEmpty(t, f.Cure)
	assert.NotEmpty(t, f.Fingerprint)
}

func TestTheTemplateOfAStackSetIsLintedLikeAProduct(t *testing.T) {
	files := gatetest.Files("sample", `Resources:
  Everywhere:
    Type: AWS::CloudFormation::StackSet
    Properties: {StackSetName: everywhere, PermissionModel: SELF_MANAGED, TemplateURL: stack-sets/topic.yaml}
`)
	files["products/sample/stack-sets/topic.yaml"] = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayNam: typo\n"
	check, findings, err := Run(context.Background(), Options{Catalog: gatetest.Catalog(t, files), Settings: gatetest.Settings(), Locate: gatetest.Locate})
	require.NoError(t, err)
	assert.Equal(t, 4, check.Counted, "two templates in two regions")
	require.Len(t, findings, 1)
	assert.Equal(t, []any{"E3002", "products/sample/stack-sets/topic.yaml", 5}, []any{findings[0].Rule, findings[0].File, findings[0].Span.Line})
}

func TestATypeMustExistOnlyWhereTheProductIsLaunched(t *testing.T) {
	const budget = "Resources:\n  B:\n    Type: AWS::Budgets::Budget\n    Properties: {Budget: {BudgetType: COST, TimeUnit: MONTHLY}}\n"
	settings := gatetest.Settings()
	settings.Regions.Test = []string{"eu-central-1", "eu-north-1"} // AWS offers budgets in the first only
	for name, row := range map[string]struct {
		tested []string
		failed bool
	}{
		"no test goes there": {[]string{"eu-central-1"}, false},
		"a test goes there":  {[]string{"eu-central-1", "eu-north-1"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			catalog := gatetest.Catalog(t, gatetest.Files("sample", budget))
			catalog.Products[0].Tests = []manifest.Test{{Name: "t", Regions: row.tested}}
			_, findings, err := Run(context.Background(), Options{Catalog: catalog, Settings: settings, Locate: gatetest.Locate})
			require.NoError(t, err)
			assert.Equal(t, row.failed, finding.Failed(findings), findings)
		})
	}
}

func TestNoConfigurationOfTheUserOrTheFolderActs(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Chdir(home)
	for _, name := range []string{".cfnlintrc", "setup.cfg"} {
		require.NoError(t, os.WriteFile(filepath.Join(home, name), []byte("ignore_checks: [E3002]\nappend_rules: [/nowhere]\n"), 0o600))
	}
	locate := func(string) (tool.Tool, error) { return realTool, realError }
	_, findings, err := run(t, template, locate)
	require.NoError(t, err)
	assert.True(t, finding.Failed(findings))
}

// realTool is located before a test changes the working folder, by which the toolbox finds the repository.
var realTool, realError = gatetest.Locate("cfn-lint")

func TestAToolThatDoesNotDoItsWorkIsBroken(t *testing.T) {
	stub := func(script string) tool.Locate {
		located, err := gatetest.Stub(t, script)("cfn-lint")
		require.NoError(t, err)
		require.NoError(t, os.Symlink(located.Path, filepath.Join(filepath.Dir(located.Path), "python")))
		return func(string) (tool.Tool, error) { return located, nil }
	}
	const speaks = "echo cfn-lint 1.58.0 >&2; "
	for name, row := range map[string]struct {
		locate tool.Locate
		want   string
	}{
		"missing":           {func(string) (tool.Tool, error) { return tool.Tool{}, fs.ErrNotExist }, "file does not exist"},
		"no interpreter":    {gatetest.Stub(t, ""), "no interpreter beside"},
		"another version":   {stub("echo cfn-lint 0.1 >&2; echo '[]'"), "want version 1.58.0"},
		"says nothing":      {stub(speaks), "report cannot be read"},
		"finds nothing":     {stub(speaks + "echo '[]'"), "the planted mistake was not found"},
		"crashes":           {stub(speaks + "exit 1"), "exit status 1"},
		"warns":             {stub(speaks + "echo odd >&2; echo '[]'"), "wrote an error beside its report"},
		"hides its mistake": {stub(speaks + `echo '[{"Filename":"x","Level":"Error","Rule":{"Id":"E1"}}]'`), "disagree"},
		"unknown level":     {stub(speaks + `echo '[{"Filename":"x","Level":"Odd","Rule":{"Id":"E1"}}]'; exit 2`), `unknown level "Odd"`},
		"finds too much":    {stub(speaks + `echo '[{"Filename":"/x/sound.json","Level":"Error","Rule":{"Id":"E1"},"Message":"m"}]'; exit 2`), "unexpected E1 in sound.json"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := run(t, template, row.locate)
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestNoTemplateIsBroken(t *testing.T) {
	_, _, err := Run(context.Background(), Options{Catalog: &manifest.Catalog{}, Settings: gatetest.Settings(), Locate: gatetest.Locate})
	require.ErrorContains(t, err, "no template to check")
}
