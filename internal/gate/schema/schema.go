// Package schema is the gate that checks templates against CloudFormation's resource schemas, by cfn-lint.
//
// cfn-lint takes configuration from its working folder, the user's HOME and the template itself, and a configuration may name Python
// rules. It is therefore started as an isolated interpreter (python -I) in an empty folder with an empty HOME and an empty
// configuration file, on canonical JSON. In the same run it must find the mistake in a planted template and none in its sound twin.
// Start at Run.
package schema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"accountfleet/internal/config"
	"accountfleet/internal/document"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/memory"
	"accountfleet/internal/gate/tool"
	"accountfleet/internal/manifest"
)

// gate is how findings of this package are filed.
const gate = "schema"

// version of cfn-lint whose answers this package understands.
const version = "1.58.0"

// Bits of cfn-lint's exit code, https://github.com/aws-cloudformation/cfn-lint#exit-codes.
const (
	exitError   = 2
	exitWarning = 4
	exitNote    = 8
)

// driver starts cfn-lint and says which version it is, in one process: an interpreter takes a second to load it.
const driver = `import sys, importlib.metadata
sys.stderr.write("cfn-lint " + importlib.metadata.version("cfn-lint") + "\n")
from cfnlint.runner import main
sys.exit(main())
`

// The planted templates differ in one property.
const (
	soundCanary = `{"Resources":{"Canary":{"Type":"AWS::SNS::Topic","Properties":{"DisplayName":"canary"}}}}`
	badCanary   = `{"Resources":{"Canary":{"Type":"AWS::SNS::Topic","Properties":{"DisplayNam":"canary"}}}}`
	badRule     = "E3002"
)

// Options of Run.
type Options struct {
	Catalog  *manifest.Catalog
	Settings *config.Settings
	Locate   tool.Locate
	Memory   *memory.Memory // templates that were judged before; default none
}

// match is one finding of cfn-lint.
type match struct {
	Filename string
	Level    string
	Message  string
	Location struct {
		Path []any
	}
	Rule struct {
		ID               string `json:"Id"`
		ShortDescription string
		Source           string
	}
}

// Run lints every template for the regions of the fleet. An error means that the gate is broken.
func Run(ctx context.Context, o Options) (evidence.Check, []finding.Finding, error) {
	check := evidence.Check{Name: "cfn-lint", Tool: "cfn-lint " + version, Unit: "templates x regions"}
	if len(o.Catalog.Products) == 0 {
		return check, nil, errors.New("cfn-lint: no template to check: add a product")
	}
	box, err := tool.New()
	if err != nil {
		return check, nil, err
	}
	defer box.Close()
	templates := o.Memory.Templates(gate, o.Catalog.Subjects())
	products, sound, bad, err := plant(box, templates.Fresh)
	if err != nil {
		return check, nil, err
	}
	matches, err := lint(ctx, box, o, append(slices.Sorted(maps.Keys(products)), sound, bad))
	if err != nil {
		return check, nil, err
	}
	var findings []finding.Finding
	caught := false
	for _, m := range matches {
		p, known := products[m.Filename]
		switch {
		case known && elsewhere(m, p, o.Settings):
		case known:
			findings = append(findings, translate(m, p))
		case m.Filename == bad && m.Rule.ID == badRule:
			caught = true
		default:
			return check, nil, fmt.Errorf("cfn-lint: proof of life: unexpected %s in %s: %s", m.Rule.ID, filepath.Base(m.Filename), m.Message)
		}
	}
	if !caught {
		return check, nil, fmt.Errorf("cfn-lint: proof of life: the planted mistake was not found: the tool is not to be trusted: run make tools")
	}
	count := len(products) + templates.Known
	check.Counted = count * len(regions(o.Settings))
	check.Detail = fmt.Sprintf("%d templates, regions %s; %d templates judged before", count, strings.Join(regions(o.Settings), ", "), templates.Known)
	return check, templates.Settle(findings), nil
}

// plant writes the templates into the private folder.
func plant(box *tool.Box, templates []*manifest.Product) (products map[string]*manifest.Product, sound, bad string, err error) {
	products = map[string]*manifest.Product{}
	for i, p := range templates {
		path, err := box.Write("products/"+strconv.Itoa(i)+".json", p.Template.Body)
		if err != nil {
			return nil, "", "", err
		}
		products[path] = p
	}
	if sound, err = box.Write("canary/sound.json", []byte(soundCanary)); err != nil {
		return nil, "", "", err
	}
	bad, err = box.Write("canary/bad.json", []byte(badCanary))
	return products, sound, bad, err
}

// lint runs cfn-lint once for all files.
func lint(ctx context.Context, box *tool.Box, o Options, files []string) ([]match, error) {
	located, err := o.Locate("cfn-lint")
	if err != nil {
		return nil, err
	}
	interpreter, err := interpreterOf(located.Path)
	if err != nil {
		return nil, err
	}
	configuration, err := box.Write("cfnlintrc", []byte("{}\n"))
	if err != nil {
		return nil, err
	}
	args := []string{"-I", "-c", driver, "--config-file", configuration, "--format", "json", "--non-zero-exit-code", "informational",
		"--mandatory-checks", "E", "W", "I", "--regions"}
	args = append(append(args, regions(o.Settings)...), "--")
	answer, err := box.Run(ctx, interpreter, append(args, files...))
	if err != nil {
		return nil, err
	}
	return read(answer)
}

// interpreterOf is the Python of the environment that the toolbox installed cfn-lint into.
func interpreterOf(program string) (string, error) {
	resolved, err := filepath.EvalSymlinks(program)
	if err != nil {
		return "", fmt.Errorf("cfn-lint: %w: run make tools", err)
	}
	interpreter := filepath.Join(filepath.Dir(resolved), "python")
	if _, err := os.Stat(interpreter); err != nil {
		return "", fmt.Errorf("cfn-lint: no interpreter beside %s: %w: run make tools", resolved, err)
	}
	return interpreter, nil
}

// read checks that the answer is one: version, exit code and report must agree.
func read(answer tool.Result) ([]match, error) {
	said, rest, _ := strings.Cut(string(answer.Stderr), "\n")
	if said != "cfn-lint "+version {
		return nil, fmt.Errorf("cfn-lint: says %q, want version %s: run make tools", tool.Excerpt(answer.Stderr), version)
	}
	if strings.TrimSpace(rest) != "" {
		return nil, fmt.Errorf("cfn-lint: wrote an error beside its report: %s", tool.Excerpt([]byte(rest)))
	}
	if answer.Code&^(exitError|exitWarning|exitNote) != 0 {
		return nil, fmt.Errorf("cfn-lint: exit status %d: %s", answer.Code, tool.Excerpt(answer.Stdout))
	}
	var matches []match
	if err := json.Unmarshal(answer.Stdout, &matches); err != nil {
		return nil, fmt.Errorf("cfn-lint: report cannot be read: %w", err)
	}
	mask := 0
	for _, m := range matches {
		bit, ok := map[string]int{"Error": exitError, "Warning": exitWarning, "Informational": exitNote}[m.Level]
		if !ok {
			return nil, fmt.Errorf("cfn-lint: unknown level %q in its report", m.Level)
		}
		mask |= bit
	}
	if mask != answer.Code {
		return nil, fmt.Errorf("cfn-lint: exit status %d and report disagree", answer.Code)
	}
	return matches, nil
}

// regions of the fleet, home first.
func regions(s *config.Settings) []string {
	var all []string
	for _, region := range slices.Concat([]string{s.Regions.Home}, s.Regions.Catalog, s.Regions.Test) {
		if !slices.Contains(all, region) {
			all = append(all, region)
		}
	}
	return all
}

var absent = regexp.MustCompile(`Resource type '[^']+' does not exist in '([a-z0-9-]+)'`)

// elsewhere says whether cfn-lint misses a type in a region where the product is never launched: a test region that is neither the
// first, where Beta launches everything, nor one of the product's tests. AWS does not offer every type in every region.
func elsewhere(m match, p *manifest.Product, s *config.Settings) bool {
	said := absent.FindStringSubmatch(m.Message)
	if said == nil || m.Rule.ID != "E3006" {
		return false
	}
	where := slices.Concat([]string{s.Regions.Home}, s.Regions.Catalog, s.Regions.Test[:1])
	for _, test := range p.Tests {
		where = append(where, test.Regions...)
	}
	return !slices.Contains(where, said[1])
}

func translate(m match, p *manifest.Product) finding.Finding {
	words := make([]string, len(m.Location.Path))
	for i, word := range m.Location.Path {
		words[i] = fmt.Sprint(word)
	}
	f := finding.Finding{
		Gate: gate, Rule: m.Rule.ID, Product: p.ID, File: p.Template.Path, Span: p.Template.Lines.At(document.Pointer(words...)),
		Message: strings.TrimSuffix(m.Message, "."), Cure: cure(m),
		Severity: map[string]finding.Severity{"Error": finding.Error, "Warning": finding.Warning}[m.Level],
	}
	if f.Severity == "" {
		f.Severity = finding.Note
	}
	if len(words) > 1 && words[0] == "Resources" {
		f.Resource = words[1]
	} else if len(words) > 1 {
		f.Resource = words[0] + "." + words[1]
	}
	f.Fingerprint = finding.Identify(f)
	return f
}

func cure(m match) string {
	text := strings.TrimSuffix(m.Rule.ShortDescription, ".")
	if m.Rule.Source != "" {
		text += "; see " + m.Rule.Source
	}
	return text
}
