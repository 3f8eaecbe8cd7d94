package launch

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/bundle"
)

// placeholders are the values that TaskCat may compute. The others read secrets, files, or buckets with the pipeline's credentials.
var placeholders = regexp.MustCompile(`(?i)\$\[\w+_(ge[nt]az_\d|ge[nt]singleaz_\d+|genpass?_\d{1,2}\w?|gen[gu]uid|random-string|random-numbers|current_region|getval_\w+)\]`)

// plan is what the runner gets: nothing of a .taskcat.yml but names, regions and parameters goes into it.
func (in *Integration) plan(ctx context.Context, products []bundle.Product) (Plan, error) {
	plan := Plan{Account: in.Settings.Accounts.Test, TimeoutSeconds: 25 * 60, PollSeconds: 10, Parallel: 4}
	var tasks []task
	for _, product := range products {
		body, err := in.Template(product)
		if err != nil {
			return plan, err
		}
		plan.Files = append(plan.Files, File{Root: product.ID, Body: body})
		types := typesOf(body)
		for _, test := range product.Tests {
			if test.Parameters, err = fill(ctx, in.Around, in.Settings.Accounts.Test, test.Parameters); err != nil {
				return plan, fmt.Errorf("products/%s/.taskcat.yml: test %s: %w", product.ID, test.Name, err)
			}
			if err := allowed(product.ID, test); err != nil {
				return plan, err
			}
			regions := test.Regions
			if len(regions) == 0 {
				regions = in.Settings.Regions.Test[:1]
			}
			tasks = append(tasks, task{product: product, test: test, regions: regions, types: types})
			plan.Regions = append(plan.Regions, regions...)
		}
	}
	slices.Sort(plan.Regions)
	plan.Regions = slices.Compact(plan.Regions)
	for _, round := range rounds(tasks) {
		var specs []Spec
		for _, t := range round {
			specs = append(specs, in.spec(t))
		}
		plan.Rounds = append(plan.Rounds, specs)
	}
	return plan, nil
}

func (in *Integration) spec(t task) Spec {
	parameters := map[string]any{}
	for key, value := range t.test.Parameters {
		parameters[key] = value
	}
	stack := in.stackName(t.product.ID, t.test.Name)
	return Spec{
		Product: t.product.ID, Test: t.test.Name, Root: t.product.ID, regions: t.regions, stack: stack,
		Config: map[string]any{
			"project": map[string]any{
				"name": t.product.ID, "s3_bucket": in.Settings.TaskCatBucket(), "s3_object_acl": "bucket-owner-full-control",
				"role_name": in.Settings.TestExecutionRole(), "package_lambda": false, "build_submodules": false,
			},
			"tests": map[string]any{
				t.test.Name: map[string]any{
					"template": "template.json", "regions": t.regions, "parameters": parameters, "stack_name": stack,
					"tags": map[string]any{"fleet:product": t.product.ID, "fleet:version": t.product.Candidate().Version},
				},
			},
		},
	}
}

var noStackName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// stackName is the stack of a test in this run: at most 128 characters, the run's id always kept.
func (in *Integration) stackName(product, test string) string {
	name := noStackName.ReplaceAllString(product+"-"+test, "-")
	room := 128 - len(in.Settings.TaskCatPrefix()) - len(in.Run) - 2
	if len(name) > room {
		name = name[:room]
	}
	return fmt.Sprintf("%s-%s-%s", in.Settings.TaskCatPrefix(), strings.Trim(name, "-"), in.Run)
}

// allowed refuses values by which a test could read more than its own: the loader refuses them first, and this is the second lock.
func allowed(product string, test bundle.Test) error {
	for key, value := range test.Parameters {
		if strings.Contains(placeholders.ReplaceAllString(value, ""), "$[") {
			return fmt.Errorf("products/%s/.taskcat.yml: test %s: parameter %s: %q is not a placeholder that tests may use: package the catalog anew",
				product, test.Name, key, value)
		}
	}
	return nil
}
