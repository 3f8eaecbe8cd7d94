package features

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/manifest"
)

// gate is how findings of this package are filed.
const gate = "features"

// Tool names the runner; go.mod pins it.
const Tool = "godog 0.15.1"

// Options of Run.
type Options struct {
	Catalog  *manifest.Catalog
	Settings *config.Settings
	Baseline []manifest.File // the platform team's features, run beside the catalog's
	Cucumber io.Writer       // receives the Cucumber JSON report; default none
}

// Run runs every scenario and counts steps. An error means that the gate is broken.
func Run(ctx context.Context, o Options) (evidence.Check, []finding.Finding, error) {
	check := evidence.Check{Name: "gherkin", Tool: Tool, Unit: "steps"}
	if err := alive(ctx); err != nil {
		return check, nil, err
	}
	plan := newPlan(o)
	results, report, err := suite(ctx, plan.runs, o.Catalog, o.Settings)
	if err != nil {
		return check, plan.findings, err
	}
	if o.Cucumber != nil {
		if _, err := o.Cucumber.Write(report); err != nil {
			return check, plan.findings, fmt.Errorf("write cucumber report: %w", err)
		}
	}
	scenarios, steps, findings := read(results, plan.runs)
	check.Counted, check.Detail = steps, fmt.Sprintf("%d scenarios", scenarios)
	findings = append(plan.findings, findings...)
	if steps == 0 && len(findings) == 0 {
		return check, findings, fmt.Errorf("gherkin: no step was run: add features to the products")
	}
	return check, findings, nil
}

// run is one feature for one product, or for the catalog.
type run struct {
	uri      string // unique: the path, with @product where a feature is run for several
	file     manifest.File
	product  *manifest.Product
	baseline bool
}

// suite runs features through godog and returns its Cucumber report, decoded and as written.
func suite(ctx context.Context, runs []run, catalog *manifest.Catalog, settings *config.Settings) ([]feature, []byte, error) {
	if len(runs) == 0 {
		return nil, []byte("[]\n"), nil
	}
	var out strings.Builder
	contents := make([]godog.Feature, len(runs))
	for i, r := range runs {
		contents[i] = godog.Feature{Name: r.uri, Contents: r.file.Body}
	}
	steps := compile()
	status := godog.TestSuite{
		Name:                "fleet",
		ScenarioInitializer: func(sc *godog.ScenarioContext) { register(sc, steps, runs, catalog, settings) },
		Options: &godog.Options{
			Format: "cucumber", Output: &out, Strict: true, NoColors: true, FeatureContents: contents, DefaultContext: ctx,
		},
	}.Run()
	if status > 1 {
		return nil, nil, fmt.Errorf("godog: exit status %d: %s", status, strings.TrimSpace(out.String()))
	}
	var results []feature
	if err := json.Unmarshal([]byte(out.String()), &results); err != nil {
		return nil, nil, fmt.Errorf("godog: report cannot be read: %w", err)
	}
	if len(results) != len(runs) {
		return nil, nil, fmt.Errorf("godog: %d features reported of %d given", len(results), len(runs))
	}
	failed := slices.ContainsFunc(results, func(f feature) bool { return f.failed() })
	if failed != (status == 1) {
		return nil, nil, fmt.Errorf("godog: exit status %d and report disagree", status)
	}
	return results, []byte(out.String()), nil
}

// register gives a scenario its own state and the vocabulary, whose expressions are compiled once for all scenarios.
func register(sc *godog.ScenarioContext, steps []compiled, runs []run, catalog *manifest.Catalog, settings *config.Settings) {
	state := &scenario{catalog: catalog, settings: settings}
	sc.Before(func(ctx context.Context, pickle *godog.Scenario) (context.Context, error) {
		i := slices.IndexFunc(runs, func(r run) bool { return r.uri == pickle.Uri })
		if i >= 0 {
			state.this = runs[i].product
		}
		return ctx, nil
	})
	for _, c := range steps {
		sc.Step(c.expression, bind(c.step.run, state))
	}
}

// bind makes a step function of a method on the scenario by fixing its first argument.
func bind(run any, state *scenario) any {
	f := reflect.ValueOf(run)
	in := make([]reflect.Type, 0, f.Type().NumIn()-1)
	for i := 1; i < f.Type().NumIn(); i++ {
		in = append(in, f.Type().In(i))
	}
	out := []reflect.Type{f.Type().Out(0)}
	return reflect.MakeFunc(reflect.FuncOf(in, out, false), func(args []reflect.Value) []reflect.Value {
		return f.Call(append([]reflect.Value{reflect.ValueOf(state)}, args...))
	}).Interface()
}

// feature, element and step are what this package reads of the Cucumber report.
type feature struct {
	URI      string    `json:"uri"`
	Elements []element `json:"elements"`
}

type element struct {
	Name  string `json:"name"`
	Line  int    `json:"line"`
	Steps []step `json:"steps"`
}

type step struct {
	Name   string `json:"name"`
	Line   int    `json:"line"`
	Result struct {
		Status string `json:"status"`
		Error  string `json:"error_message"`
	} `json:"result"`
}

// failed says whether godog fails the feature: in Strict mode it fails a scenario without steps too.
func (f feature) failed() bool {
	return slices.ContainsFunc(f.Elements, func(e element) bool { return e.broken() >= 0 || len(e.Steps) == 0 })
}

// broken is the index of the first step that neither passed nor was skipped after one that did not pass.
func (e element) broken() int {
	return slices.IndexFunc(e.Steps, func(s step) bool { return s.Result.Status != "passed" })
}

// withoutTable is what godog says of a sentence whose table is missing.
const withoutTable = "func expected more arguments than given"

// read turns the report into counts and findings. Undefined steps, and those that lack their table, were reported by the plan, for
// every scenario at once.
func read(results []feature, runs []run) (scenarios, steps int, findings []finding.Finding) {
	for _, f := range results {
		i := slices.IndexFunc(runs, func(r run) bool { return r.uri == f.URI })
		for _, e := range f.Elements {
			scenarios++
			steps += len(e.Steps)
			at := e.broken()
			if i < 0 || at < 0 || e.Steps[at].Result.Status == "undefined" || e.Steps[at].Result.Status == "ambiguous" ||
				strings.Contains(e.Steps[at].Result.Error, withoutTable) {
				continue
			}
			findings = append(findings, failure(runs[i], e, e.Steps[at]))
		}
	}
	return scenarios, steps, findings
}

// failure reports a scenario that does not hold: at the step for the catalog's features, at the template for the platform team's.
func failure(r run, e element, s step) finding.Finding {
	f := finding.Finding{
		Gate: gate, Rule: "SCENARIO", Severity: finding.Error, File: r.file.Path, Span: finding.Span{Line: s.Line},
		Message: fmt.Sprintf("scenario %q does not hold: %q: %s", e.Name, s.Name, s.Result.Error),
		Cure:    "mend the template, or the scenario if it demands the wrong thing",
	}
	if r.product == nil {
		if r.baseline {
			f.File, f.Span = "", finding.Span{}
			f.Message = fmt.Sprintf("baseline %s:%d: %s", path.Base(r.file.Path), s.Line, f.Message)
			f.Cure = "mend the catalog: the platform team demands this of every catalog"
		}
	} else {
		f.Product = r.product.ID
		if word, _, _ := strings.Cut(s.Result.Error, " "); isResource(r.product, strings.TrimSuffix(word, ":")) {
			f.Resource = strings.TrimSuffix(word, ":")
		}
		if r.baseline {
			f.File, f.Span = r.product.Template.Path, r.product.Template.Lines.At("/Resources/"+f.Resource)
			f.Message = fmt.Sprintf("baseline %s:%d: %s", path.Base(r.file.Path), s.Line, f.Message)
			f.Cure = "mend the template: the platform team demands this of every product"
		}
	}
	f.Rule = "SCENARIO"
	f.Fingerprint = finding.Identify(finding.Finding{Gate: gate, Rule: e.Name + "\x00" + s.Name, Product: f.Product, Resource: f.Resource, File: r.file.Path})
	return f
}

func isResource(p *manifest.Product, id string) bool {
	resources, _ := p.Template.Doc["Resources"].(map[string]any)
	_, ok := resources[id]
	return ok
}
