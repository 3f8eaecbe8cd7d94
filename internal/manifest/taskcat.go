package manifest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/document"
)

// taskcatFile is what is taken from .taskcat.yml. TaskCat itself knows many more keys; some of them run Python from the project, read
// secrets or choose credentials, so this is an allow list and TaskCat is run on a configuration generated from it.
type taskcatFile struct {
	Project taskcatProject         `json:"project,omitempty"`
	Tests   map[string]taskcatTest `json:"tests" jsonschema_description:"at least one test by name, with regions and parameters"`
}

// taskcatProject is tolerated, because TaskCat run by hand wants a name; it is not used.
type taskcatProject struct {
	Name string `json:"name,omitempty"`
}

// taskcatTest is one test.
type taskcatTest struct {
	Template   string                   `json:"template,omitempty"`
	Regions    []string                 `json:"regions,omitempty"`
	Parameters map[string]document.Text `json:"parameters,omitempty"`
}

var (
	testName = regexp.MustCompile(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`)
	// pseudoParameters are those of TaskCat's that neither read secrets nor objects, spelt as taskcat/_template_params.py matches them.
	pseudoParameters = regexp.MustCompile(`\$\[taskcat_(genaz_\d|genpass_\d{1,2}[AS]?|genuuid|random-numbers|random-string|current_region|getval_\w+)\]`)
)

// maxTestName leaves room in the name of a stack, <fleet>-taskcat-<product>-<test>-<id>, within 128 characters.
const maxTestName = 30

// taskcat fills p.Tests.
func (l *loader) taskcat(p *Product, path string) error {
	d, _, err := l.parse(path, document.Options{})
	if err != nil || d == nil {
		return err
	}
	report := document.NewReport(d)
	refuseSettings(report, d.Value)
	var raw taskcatFile
	document.Decode(report, &raw)
	if len(raw.Tests) == 0 {
		report.Add("/tests", "is empty, so that nothing would test the product", "write at least one test")
	}
	c := checker{Report: report, loader: l, template: p.Template.Doc}
	for _, name := range slices.Sorted(maps.Keys(raw.Tests)) {
		test := raw.Tests[name]
		pointer := document.Pointer("tests", name)
		if len(name) > maxTestName || !testName.MatchString(name) {
			report.Add(pointer, fmt.Sprintf("want at most %d letters, digits and single dashes as name of a test", maxTestName), "rename it")
		}
		if test.Template != "" && test.Template != templateName {
			report.Add(pointer+"/template", fmt.Sprintf("want template.yaml, got %q", test.Template), "write template.yaml, or leave it out")
		}
		parameters := texts(test.Parameters)
		c.testRegions(pointer, test.Regions)
		c.parameters(pointer+"/parameters", parameters, false)
		for _, parameter := range slices.Sorted(maps.Keys(parameters)) {
			rest := pseudoParameters.ReplaceAllString(runtimeValue.ReplaceAllString(parameters[parameter], ""), "")
			if strings.Contains(rest, "$[") && !runtimePrefix.MatchString(rest) { // those of run-time values are reported already
				report.Add(pointer+document.Pointer("parameters", parameter), fmt.Sprintf("the pseudo-parameter in %q is not allowed", parameters[parameter]),
					"write a value, or use $[taskcat_genaz_2], genpass_16A, genuuid, random-numbers, random-string, current_region or getval_<parameter>")
			}
		}
		regions := test.Regions
		if len(regions) == 0 {
			regions = l.settings.Regions.Test
		}
		p.Tests = append(p.Tests, Test{Name: name, Regions: slices.Clone(regions), Parameters: parameters})
	}
	l.problems("TASKCAT", path, report)
	return nil
}

// refuseSettings says of TaskCat's own settings why they are not taken, before Decode would call them unknown.
func refuseSettings(r *document.Report, value any) {
	root, _ := value.(map[string]any)
	owners := map[string]map[string]any{"/general": section(root, "general"), "/project": section(root, "project")}
	for name, test := range section(root, "tests") {
		owners[document.Pointer("tests", name)], _ = test.(map[string]any)
	}
	if _, ok := root["general"]; ok {
		r.Add("/general", "is not taken: TaskCat runs from the platform team's configuration", "remove it")
	}
	for pointer, owner := range owners {
		for _, key := range refusedSettings {
			if _, ok := owner[key]; ok {
				r.Add(pointer+document.Pointer(key), "is not taken: it would run code, choose credentials or move files with the pipeline's rights", "remove it; the platform team's configuration decides it")
			}
		}
	}
}

// refusedSettings are keys of TaskCat's schema that a push must not decide.
var refusedSettings = []string{
	"auth", "artifact_regions", "az_blacklist", "az_ids", "build_submodules", "hooks", "lambda_source_path", "lambda_zip_path", "org_id",
	"package_lambda", "role_name", "s3_bucket", "s3_enable_sig_v2", "s3_object_acl", "s3_regional_buckets", "shorten_stack_name",
}

// testRegions checks that tests stay where the fleet tests.
func (c checker) testRegions(pointer string, regions []string) {
	allowed := c.loader.settings.Regions.Test
	for i, region := range regions {
		at := fmt.Sprintf("%s/regions/%d", pointer, i)
		if !slices.Contains(allowed, region) {
			c.Add(at, fmt.Sprintf("%q is no test region of the fleet", region), "use "+strings.Join(allowed, " or "))
		}
		c.once(at, regions, i)
	}
}
