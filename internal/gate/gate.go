// Package gate runs the checks of Alpha on a catalog: policy, schema, iam, secrets and features. The command fleet check is all there is to
// it, on a laptop, in a hook and in the pipeline.
//
// A gate has three outcomes. It passed; or it has findings about what was pushed; or it is broken: its tool is missing, changed,
// crashed, or looked at nothing. Broken is an error and never a pass. Each gate lives in a folder of its own, runs its tool through
// package tool, plants examples in every run and believes no verdict that they contradict. Start at Run.
package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	baseline "accountfleet/features"
	guardrules "accountfleet/guard-rules"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/features"
	"accountfleet/internal/gate/iam"
	"accountfleet/internal/gate/memory"
	"accountfleet/internal/gate/policy"
	"accountfleet/internal/gate/schema"
	"accountfleet/internal/gate/secrets"
	"accountfleet/internal/gate/tool"
	"accountfleet/internal/manifest"
)

// The gates, in the order in which they are shown.
const (
	Policy   = "policy"
	Schema   = "schema"
	IAM      = "iam"
	Secrets  = "secrets"
	Features = "features"
)

// Names lists the gates.
func Names() []string { return []string{Policy, Schema, IAM, Secrets, Features} }

// timeout keeps Alpha within its ten minutes.
const timeout = 9 * time.Minute

// Options of Run.
type Options struct {
	Catalog    string             // folder of the catalog
	Repository string             // folder whose git history is scanned; default: the repository that holds Catalog
	Settings   *config.Settings   //
	Only       []string           // gates to run; default all
	Products   []string           // products whose templates policy, schema and iam look at; default all
	Locate     tool.Locate        //
	Memory     *memory.Memory     // what was found before; default none
	Cucumber   io.Writer          // receives the Cucumber JSON of the features gate; default none
	Now        func() time.Time   // default time.Now
	Waivers    []byte             // the platform team's waivers.yaml; default the one beside the baseline rules
	Accepted   []byte             // the platform team's accepted-secrets.yaml; default likewise
	Selection  *secrets.Selection // part of the repository in which secrets are looked for; default all of it
	Analyzer   iam.Analyzer       // Access Analyzer; default none: then it is reported as not run
	NoAnalyzer string             // why there is no Analyzer; default that it was not asked for
}

// outcome is what one gate came to.
type outcome struct {
	gate     string
	check    evidence.Check
	findings []finding.Finding
	err      error
}

// Run loads the catalog and runs the gates in parallel. The evidence is complete even where the error says that something is broken.
func Run(ctx context.Context, o Options) (evidence.Evidence, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	result := evidence.Evidence{Action: action(o.Only), Started: o.Now()}
	for _, name := range o.Only {
		if !slices.Contains(Names(), name) {
			return result, fmt.Errorf("no gate %q: choose from %s", name, strings.Join(Names(), ", "))
		}
	}
	exceptions, err := o.exceptions()
	if err != nil {
		return result, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var outcomes []outcome
	catalog := &manifest.Catalog{}
	if slices.ContainsFunc(Names(), func(name string) bool { return name != Secrets && wanted(o.Only, name) }) {
		var loaded outcome
		if catalog, loaded = load(ctx, o); loaded.err != nil {
			return result, loaded.err
		}
		outcomes = append(outcomes, loaded)
	}
	done, skipped := runAll(ctx, o, catalog)
	outcomes = exceptions.apply(append(outcomes, done...), catalog, o.Selection == nil, o.Now())
	result.NotRun = append(skipped, o.notAnalyzed(catalog)...)
	return settle(result, outcomes, o.Now())
}

func wanted(only []string, name string) bool { return len(only) == 0 || slices.Contains(only, name) }

// action is the name of the pipeline's action that these gates are.
func action(only []string) string {
	sorted := slices.Sorted(slices.Values(only))
	switch strings.Join(slices.Compact(sorted), ",") {
	case IAM + "," + Policy + "," + Schema:
		return "PolicyAsCode"
	case Secrets:
		return "SecretsDetection"
	case Features:
		return "UnitTests"
	}
	return "Check"
}

// load reads the catalog; its mistakes are findings of a check of their own.
func load(ctx context.Context, o Options) (*manifest.Catalog, outcome) {
	started := o.Now()
	catalog, findings, err := manifest.Load(ctx, manifest.Dir(o.Catalog), o.Settings)
	loaded := outcome{gate: "manifest", findings: findings, err: err, check: evidence.Check{
		Name: "manifest", Tool: "fleet", Unit: "products", Seconds: o.Now().Sub(started).Seconds(),
	}}
	if err == nil {
		loaded.check.Counted = len(catalog.Products)
	}
	return catalog, loaded
}

// runAll runs the wanted gates in parallel. Gates of templates have nothing to look at where no product is well formed; the manifest's
// findings say why.
func runAll(ctx context.Context, o Options, catalog *manifest.Catalog) ([]outcome, []evidence.Skipped) {
	var skipped []evidence.Skipped
	var names []string
	for _, name := range Names() {
		switch {
		case !wanted(o.Only, name):
		case name != Secrets && len(catalog.Products) == 0:
			skipped = append(skipped, evidence.Skipped{What: name, Why: "no product of the catalog is well formed"})
		default:
			names = append(names, name)
		}
	}
	outcomes := make([]outcome, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() {
			started := o.Now()
			out := outcome{gate: name}
			out.check, out.findings, out.err = runOne(ctx, name, o, catalog)
			out.check.Seconds = o.Now().Sub(started).Seconds()
			outcomes[i] = out
		})
	}
	group.Wait()
	return outcomes, skipped
}

func runOne(ctx context.Context, name string, o Options, catalog *manifest.Catalog) (evidence.Check, []finding.Finding, error) {
	switch name {
	case Policy:
		return policy.Run(ctx, policy.Options{Catalog: o.selected(catalog), Settings: o.Settings, Baseline: guardrules.Files, Locate: o.Locate, Memory: o.Memory})
	case Schema:
		return schema.Run(ctx, schema.Options{Catalog: o.selected(catalog), Settings: o.Settings, Locate: o.Locate, Memory: o.Memory})
	case IAM:
		return iam.Run(ctx, iam.Options{Catalog: o.selected(catalog), Settings: o.Settings, Locate: o.Locate, Memory: o.Memory, Analyzer: o.Analyzer})
	case Secrets:
		return secrets.Run(ctx, secrets.Options{
			Catalog: o.Catalog, Repository: o.Repository, Key: []byte(o.Settings.Organization), Locate: o.Locate, Memory: o.Memory, Selection: o.Selection,
		})
	case Features:
		files, err := baselineFeatures()
		if err != nil {
			return evidence.Check{Name: "gherkin", Tool: features.Tool, Unit: "steps"}, nil, err
		}
		return features.Run(ctx, features.Options{Catalog: catalog, Settings: o.Settings, Baseline: files, Cucumber: o.Cucumber})
	}
	return evidence.Check{}, nil, fmt.Errorf("no gate %q", name)
}

// notAnalyzed says that Access Analyzer was not asked, and why, where it could have been.
func (o Options) notAnalyzed(catalog *manifest.Catalog) []evidence.Skipped {
	if o.Analyzer != nil || !wanted(o.Only, IAM) || len(catalog.Products) == 0 {
		return nil
	}
	why := o.NoAnalyzer
	if why == "" {
		why = "on AWS only, by --access-analyzer"
	}
	return []evidence.Skipped{{What: iam.Analysis, Why: why}}
}

// selected is the catalog with the wanted products only. One that is not well formed cannot be selected; where none is left, all are
// judged, because a gate that looks at nothing is broken.
func (o Options) selected(catalog *manifest.Catalog) *manifest.Catalog {
	some := *catalog
	some.Products = slices.DeleteFunc(slices.Clone(catalog.Products), func(p manifest.Product) bool { return !slices.Contains(o.Products, p.ID) })
	if len(some.Products) == 0 {
		return catalog
	}
	return &some
}

func baselineFeatures() ([]manifest.File, error) {
	paths, err := fs.Glob(baseline.Files, "*.feature")
	if err != nil || len(paths) == 0 {
		return nil, errors.New("baseline features: none found: the fleet program was built without them")
	}
	var files []manifest.File
	for _, path := range paths {
		body, err := fs.ReadFile(baseline.Files, path)
		if err != nil {
			return nil, fmt.Errorf("baseline features: %w", err)
		}
		files = append(files, manifest.File{Path: filepath.ToSlash(filepath.Join("features", path)), Body: body})
	}
	return files, nil
}

// settle decides what the outcomes come to. A gate that counted nothing is broken, whatever it says.
func settle(result evidence.Evidence, outcomes []outcome, now time.Time) (evidence.Evidence, error) {
	result.Outcome, result.Finished = evidence.Passed, now
	var broken []error
	for _, o := range outcomes {
		if o.err == nil && o.check.Counted == 0 && len(o.findings) == 0 {
			o.err = errors.New("looked at nothing")
		}
		o.check.Gate, o.check.Outcome = o.gate, evidence.Passed
		switch {
		case o.err != nil:
			o.check.Outcome, o.check.Detail = evidence.Broken, o.err.Error()
			broken = append(broken, fmt.Errorf("gate %s is broken: %w", o.gate, o.err))
		case finding.Failed(o.findings):
			o.check.Outcome = evidence.Findings
			result.Outcome = evidence.Findings
		}
		result.Checks = append(result.Checks, o.check)
		result.Findings = append(result.Findings, o.findings...)
	}
	finding.Sort(result.Findings)
	if len(broken) > 0 {
		result.Outcome = evidence.Broken
	}
	return result, errors.Join(broken...)
}
