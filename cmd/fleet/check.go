package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/gate"
	"accountfleet/internal/gate/memory"
	"accountfleet/internal/gate/tool"
	"accountfleet/internal/toolbox"
)

// checkOptions are the flags of fleet check.
type checkOptions struct {
	settings   string
	catalog    string
	named      bool   // catalog was named, and is not the default
	staged     bool   // look at what the next commit would record
	commit     string // look at these commits
	all        bool
	watch      bool
	products   []string // products whose templates are judged; default all
	repository string
	only       []string
	format     string
	explain    string
	noCache    bool
	memory     *memory.Memory // what was found before under the settings as they were loaded; none with noCache
	analyzer   bool           // ask Access Analyzer, on AWS
	evidence   string
	junit      string
	cucumber   string
	sarif      string
}

func newCheckCommand(io *IO) *cobra.Command {
	o := checkOptions{}
	c := &cobra.Command{
		Use:   "check",
		Short: "Check a catalog: policy, schema, iam, secrets and features",
		Long: `Check a catalog as the pipeline's stage Alpha does, with the same tools and rules.

Gates, which run in parallel:
  policy    every template against every guard rule (cfn-guard)
  schema    every template against CloudFormation's resource schemas, for the fleet's regions (cfn-lint)
  iam       every IAM policy of every template: whether IAM understands it, what it can be misused for (parliament)
  secrets   every object of the git history, and files that are not committed (git-secrets)
  features  the scenarios of the products and of the platform team (Gherkin); fleet steps prints the sentences

Exit code 0: all passed. 1: there are findings about the catalog. 2: a gate is broken, so nothing is proved.
Warnings and notes are shown and fail nothing.`,
		Example: `  fleet check
  fleet check --only policy,schema,iam
  fleet check --explain S3_PUBLIC_ACCESS_BLOCKED
  fleet check --staged
  fleet check --commit main..HEAD
  fleet check --catalog ../catalog --format json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.named = c.Flags().Changed("catalog")
			return runCheck(c.Context(), io, o)
		},
	}
	c.Flags().StringVar(&o.settings, "settings", settingsPath(io), "fleet.yaml ($FLEET_SETTINGS)")
	c.Flags().StringVar(&o.catalog, "catalog", "catalog", "folder of the catalog")
	c.Flags().StringVar(&o.repository, "repository", "", "folder whose git history is scanned (default: the repository that holds the catalog)")
	c.Flags().BoolVar(&o.staged, "staged", false, "look at what the next commit would record, and at nothing else")
	c.Flags().StringVar(&o.commit, "commit", "", "look at commits A..B, or at one, and at the catalog as the last of them has it")
	c.Flags().BoolVar(&o.all, "all", false, "look at the working tree and at every object of the history (the default)")
	c.Flags().BoolVar(&o.watch, "watch", false, "check the working tree again whenever something is saved: the products concerned only")
	c.MarkFlagsMutuallyExclusive("staged", "commit", "all")
	c.MarkFlagsMutuallyExclusive("staged", "commit", "watch")
	c.Flags().StringSliceVar(&o.only, "only", nil, "gates to run: "+strings.Join(gate.Names(), ", ")+" (default all)")
	c.Flags().StringVar(&o.format, "format", "text", strings.Join(formats, ", ")+": what is printed; lines is for editors")
	c.Flags().StringVar(&o.explain, "explain", "", "check nothing; tell why a rule exists, what to do, and show a template before and after")
	c.Flags().BoolVar(&o.noCache, "no-cache", false, "judge everything anew, as the pipeline does")
	c.Flags().BoolVar(&o.analyzer, "access-analyzer", false, "ask IAM Access Analyzer about every policy too, with the AWS credentials of this shell, as the pipeline does")
	c.Flags().StringVar(&o.evidence, "evidence", "", "write what was proved to this file, as JSON")
	c.Flags().StringVar(&o.junit, "junit", "", "write a JUnit report to this file")
	c.Flags().StringVar(&o.cucumber, "cucumber", "", "write the features' Cucumber JSON report to this file")
	c.Flags().StringVar(&o.sarif, "sarif", "", "write a SARIF report to this file")
	return c
}

// formats are what fleet check prints.
var formats = []string{"text", "json", "junit", "sarif", "cucumber", "github", "lines"}

func settingsPath(io *IO) string {
	if path := io.Getenv("FLEET_SETTINGS"); path != "" {
		return path
	}
	return "fleet.yaml"
}

func runCheck(ctx context.Context, io *IO, o checkOptions) error {
	if !slices.Contains(formats, o.format) {
		return fmt.Errorf("--format %q: choose from %s", o.format, strings.Join(formats, ", "))
	}
	if o.explain != "" {
		return runExplain(ctx, io, o.explain)
	}
	settings, err := config.Load(o.settings)
	if err != nil {
		return err
	}
	if !o.noCache {
		o.memory = remembered(io, o.settings)
	}
	if o.watch {
		return watch(ctx, io, o, settings)
	}
	scope, err := scopeOf(ctx, o)
	if err != nil {
		return err
	}
	defer scope.close()
	return checkOnce(ctx, io, o, settings, scope)
}

// checkOnce runs the gates, and prints and writes what they came to.
func checkOnce(ctx context.Context, io *IO, o checkOptions, settings *config.Settings, scope *scope) error {
	var cucumber bytes.Buffer
	run := gate.Options{
		Catalog: o.catalog, Repository: o.repository, Settings: settings, Only: o.only, Locate: locateTool, Cucumber: &cucumber,
		Products: o.products, Memory: o.memory,
	}
	if err := askAnalyzer(ctx, o, settings, &run); err != nil {
		return err
	}
	scope.apply(&run)
	result, broken := gate.Run(ctx, run)
	scope.place(&result)
	excerpts := o.catalog
	if scope != nil {
		o.catalog, excerpts = scope.top, scope.root
	}
	if len(result.Checks) == 0 && broken != nil {
		return broken // nothing was run: there is nothing to show
	}
	if err := showCheck(io, o, excerpts, result, cucumber.Bytes()); err != nil {
		return errors.Join(broken, err)
	}
	if err := writeReports(o, result, cucumber.Bytes()); err != nil {
		return errors.Join(broken, err)
	}
	switch {
	case broken != nil:
		return broken
	case result.Outcome == evidence.Findings:
		return errFindings
	}
	return nil
}

// askAnalyzer lets the gate ask Access Analyzer, if the flag says so and AWS is real. An emulator has none, and says that it is one.
func askAnalyzer(ctx context.Context, o checkOptions, settings *config.Settings, run *gate.Options) error {
	if !o.analyzer {
		return nil
	}
	session, err := cloud.Open(ctx, settings.Regions.Home)
	if err != nil {
		return err
	}
	if session.Emulator(ctx) != "" {
		run.NoAnalyzer = "the emulated AWS has none"
		return nil
	}
	run.Analyzer = session.Analyzer()
	return nil
}

// locateTool finds a verified tool of the toolbox.
func locateTool(name string) (tool.Tool, error) {
	located, err := toolbox.Locate(name)
	return tool.Tool{Path: located.Path, Version: located.Version}, err
}

func showCheck(io *IO, o checkOptions, excerpts string, result evidence.Evidence, cucumber []byte) error {
	switch o.format {
	case "lines":
		return writeLines(io.Out, o.catalog, result)
	case "github":
		return writeGithub(io.Out, o.catalog, result)
	case "text":
		return newCheckText(io, excerpts).write(result)
	}
	body, err := render(o, result, cucumber)
	if err == nil {
		_, err = io.Out.Write(body)
	}
	return err
}

// render gives the report of a format that machines read.
func render(o checkOptions, result evidence.Evidence, cucumber []byte) ([]byte, error) {
	switch o.format {
	case "json":
		body, err := json.MarshalIndent(result, "", "  ")
		return append(body, '\n'), err
	case "junit":
		return junit(result)
	case "sarif":
		return sarif(o.catalog, result)
	case "cucumber":
		if len(cucumber) == 0 {
			return nil, errors.New("--format cucumber: no scenario was run: it needs the features gate and a well-formed product")
		}
		return cucumber, nil
	}
	return nil, fmt.Errorf("--format %q has no renderer", o.format)
}

func writeReports(o checkOptions, result evidence.Evidence, cucumber []byte) error {
	if o.evidence != "" {
		if err := evidence.Write(o.evidence, result); err != nil {
			return err
		}
	}
	for format, path := range map[string]string{"junit": o.junit, "sarif": o.sarif, "cucumber": o.cucumber} {
		if path == "" || format == "cucumber" && len(cucumber) == 0 {
			continue
		}
		o.format = format
		body, err := render(o, result, cucumber)
		if err != nil {
			return err
		}
		if err := writeReport(path, body); err != nil {
			return err
		}
	}
	return nil
}

func writeReport(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.WriteFile(path, body, 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
