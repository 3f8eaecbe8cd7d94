package features

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"

	"accountfleet/internal/finding"
	"accountfleet/internal/manifest"
)

// plan is what will be run, and what is wrong with the features before anything runs.
type plan struct {
	runs     []run
	findings []finding.Finding
	steps    []compiled
}

type compiled struct {
	step       Step
	expression *regexp.Regexp
	demands    bool // false for sentences that only say what is looked at
}

// thisProduct makes a feature run once for every product.
const thisProduct = "the template of this product"

func newPlan(o Options) *plan {
	p := &plan{steps: compile()}
	for i := range o.Catalog.Products {
		p.addProduct(&o.Catalog.Products[i])
	}
	for _, f := range o.Catalog.Features {
		p.addShared(f, o.Catalog, false)
	}
	for _, f := range o.Baseline {
		p.addShared(f, o.Catalog, true)
	}
	return p
}

func compile() []compiled {
	var steps []compiled
	for i, section := range Vocabulary() {
		for _, s := range section.Steps {
			steps = append(steps, compiled{step: s, expression: regexp.MustCompile(s.pattern()), demands: i > 0})
		}
	}
	return steps
}

// addProduct plans a product's own features; each must look at that product or at the catalog.
func (p *plan) addProduct(product *manifest.Product) {
	scenarios := 0
	for _, f := range product.Features {
		if path.Ext(f.Path) != ".feature" {
			p.refuse(f.Path, 0, product.ID, "FILE", "is not a feature: it would never be run", "name it *.feature, or move it elsewhere")
			continue
		}
		pickles := p.inspect(f, product.ID)
		if len(pickles) == 0 {
			continue
		}
		scenarios += len(pickles)
		p.runs = append(p.runs, run{uri: f.Path, file: f, product: product})
	}
	if scenarios == 0 {
		p.refuse(product.Template.Path, 0, product.ID, "NO_SCENARIO", "product "+product.ID+" has no scenario that can be run: nobody says what it must do",
			"write products/"+product.ID+"/features/"+product.ID+".feature; fleet steps prints the sentences")
	}
}

// addShared plans a feature of the whole catalog: once, or for every product where it speaks of "this product".
func (p *plan) addShared(f manifest.File, c *manifest.Catalog, baseline bool) {
	if path.Ext(f.Path) != ".feature" {
		p.refuse(f.Path, 0, "", "FILE", "is not a feature: it would never be run", "name it *.feature, or move it elsewhere")
		return
	}
	pickles := p.inspect(f, "")
	if len(pickles) == 0 {
		return
	}
	each := slices.ContainsFunc(pickles, func(pickle *messages.Pickle) bool {
		return slices.ContainsFunc(pickle.Steps, func(s *messages.PickleStep) bool { return s.Text == thisProduct })
	})
	uri := f.Path
	if baseline {
		uri = "baseline/" + path.Base(f.Path)
	}
	if !each {
		p.runs = append(p.runs, run{uri: uri, file: f, baseline: baseline})
		return
	}
	for _, subject := range c.Subjects() {
		p.runs = append(p.runs, run{uri: uri + "@" + subject.ID, file: f, product: subject, baseline: baseline})
	}
}

// maxScenarios is how many scenarios, rows of outlines among them, a file may have: a thousand rows are quickly written, and must not keep
// the pipeline busy until it gives up.
const maxScenarios = 1000

// inspect parses a feature and reports whatever would keep it from proving something. It returns the scenarios.
func (p *plan) inspect(f manifest.File, product string) []*messages.Pickle {
	ids := (&messages.Incrementing{}).NewId
	document, err := gherkin.ParseGherkinDocument(bytes.NewReader(f.Body), ids)
	if err != nil {
		p.unparsed(f, product, err)
		return nil
	}
	pickles := gherkin.Pickles(*document, f.Path, ids)
	if len(pickles) == 0 {
		p.refuse(f.Path, 1, product, "NO_SCENARIO", "holds no scenario", "write one, or delete the file")
		return nil
	}
	if len(pickles) > maxScenarios {
		p.refuse(f.Path, 1, product, "SIZE", fmt.Sprintf("holds %d scenarios, more than the %d that are run", len(pickles), maxScenarios), "say less often what is the same; split the file if all of it is needed")
		return nil
	}
	p.withoutRows(f, product, document, pickles)
	lines := stepLines(document)
	reported := map[int]bool{}
	for _, pickle := range pickles {
		p.inspectScenario(f, product, pickle, lines, reported)
	}
	return pickles
}

// withoutRows reports scenarios that never run, because their outline has no row: nothing would miss them.
func (p *plan) withoutRows(f manifest.File, product string, document *messages.GherkinDocument, pickles []*messages.Pickle) {
	runs := map[string]bool{}
	for _, pickle := range pickles {
		runs[pickle.AstNodeIds[0]] = true
	}
	for _, s := range scenarios(document) {
		if !runs[s.Id] {
			p.refuse(f.Path, int(s.Location.Line), product, "EMPTY_SCENARIO",
				fmt.Sprintf("scenario %q is never run: its outline has no row of examples, or it has no step", s.Name), "add rows below Examples:, or delete it")
		}
	}
}

// scenarios are those of a feature and of its rules.
func scenarios(document *messages.GherkinDocument) []*messages.Scenario {
	var all []*messages.Scenario
	for _, child := range document.Feature.Children {
		if child.Scenario != nil {
			all = append(all, child.Scenario)
		}
		if child.Rule != nil {
			for _, inner := range child.Rule.Children {
				if inner.Scenario != nil {
					all = append(all, inner.Scenario)
				}
			}
		}
	}
	return all
}

// inspectScenario reports each faulty line once, although steps of a background and rows of an outline come back in every scenario.
func (p *plan) inspectScenario(f manifest.File, product string, pickle *messages.Pickle, lines map[string]int, reported map[int]bool) {
	refuse := func(line int, rule, message, cure string) {
		if !reported[line] {
			reported[line] = true
			p.refuse(f.Path, line, product, rule, message, cure)
		}
	}
	demands := false
	for _, s := range pickle.Steps {
		line := lines[s.AstNodeIds[0]]
		matching := p.matching(s.Text)
		demands = demands || len(matching) == 0 || slices.ContainsFunc(matching, func(c compiled) bool { return c.demands })
		switch {
		case len(matching) == 0:
			refuse(line, "UNDEFINED_STEP", fmt.Sprintf("no sentence of the vocabulary reads %q", s.Text),
				"say it as one of: "+strings.Join(p.nearest(s.Text), " | ")+"; fleet steps prints all")
		case len(matching) > 1:
			refuse(line, "AMBIGUOUS_STEP", fmt.Sprintf("%d sentences read %q", len(matching), s.Text), "say it in another way")
		case s.Argument != nil && (!matching[0].step.wantsTable() || s.Argument.DataTable == nil):
			refuse(line, "STEP_ARGUMENT", fmt.Sprintf("%q takes no table and no text block", s.Text), "remove it")
		case s.Argument == nil && matching[0].step.wantsTable():
			refuse(line, "STEP_ARGUMENT", fmt.Sprintf("%q wants a table below it", s.Text), "add rows such as | aws:RequestedRegion | eu-west-1 |")
		}
	}
	if !demands {
		refuse(lines[pickle.AstNodeIds[0]], "EMPTY_SCENARIO",
			fmt.Sprintf("scenario %q demands nothing, so it would pass whatever the template says", pickle.Name), "add a Then")
	}
}

func (p *plan) matching(text string) []compiled {
	var found []compiled
	for _, c := range p.steps {
		if c.expression.MatchString(text) {
			found = append(found, c)
		}
	}
	return found
}

// nearest lists the three sentences that differ least from text.
func (p *plan) nearest(text string) []string {
	type candidate struct {
		text     string
		distance int
	}
	var all []candidate
	for _, c := range p.steps {
		all = append(all, candidate{c.step.Text, distance(plain(c.step.Text), plain(text))})
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return a.distance - b.distance })
	var words []string
	for _, c := range all[:3] {
		words = append(words, c.text)
	}
	return words
}

var holes = regexp.MustCompile(`\[[^\]]*\]|"[^"]*"|<[^>]*>|[A-Za-z0-9]+::\S+|\d+`)

// plain is a sentence without what differs between two uses of it.
func plain(text string) string {
	return strings.Join(strings.Fields(holes.ReplaceAllString(text, " ")), " ")
}

// distance is Levenshtein's, by characters.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		previous := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := previous
			if a[i] != b[j] {
				cost++
			}
			previous = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

var parsePlace = regexp.MustCompile(`\((\d+):(\d+)\): (.*)`)

func (p *plan) unparsed(f manifest.File, product string, err error) {
	found := parsePlace.FindAllStringSubmatch(err.Error(), -1)
	if len(found) == 0 {
		p.refuse(f.Path, 1, product, "SYNTAX", "is not Gherkin: "+err.Error(), "see https://cucumber.io/docs/gherkin/reference")
	}
	for _, m := range found {
		line, _ := strconv.Atoi(m[1])
		p.refuse(f.Path, line, product, "SYNTAX", "is not Gherkin: "+m[3], "see https://cucumber.io/docs/gherkin/reference")
	}
}

func (p *plan) refuse(file string, line int, product, rule, message, cure string) {
	f := finding.Finding{
		Gate: gate, Rule: rule, Severity: finding.Error, Product: product, File: file, Span: finding.Span{Line: line}, Message: message, Cure: cure,
	}
	f.Fingerprint = finding.Identify(f)
	p.findings = append(p.findings, f)
}

// stepLines leads from the id of a scenario or step of the syntax tree to its line.
func stepLines(document *messages.GherkinDocument) map[string]int {
	lines := map[string]int{}
	add := func(steps []*messages.Step) {
		for _, s := range steps {
			lines[s.Id] = int(s.Location.Line)
		}
	}
	children := func(background *messages.Background, scenario *messages.Scenario) {
		if background != nil {
			add(background.Steps)
		}
		if scenario != nil {
			lines[scenario.Id] = int(scenario.Location.Line)
			add(scenario.Steps)
		}
	}
	if document.Feature == nil {
		return lines
	}
	for _, child := range document.Feature.Children {
		children(child.Background, child.Scenario)
		if child.Rule != nil {
			for _, inner := range child.Rule.Children {
				children(inner.Background, inner.Scenario)
			}
		}
	}
	return lines
}
