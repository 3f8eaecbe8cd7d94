package manifest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRunTimeValuesStandInParameters(t *testing.T) {
	_, findings := load(t, sound().with(files{
		"products/archive/product.yaml": strings.Replace(productBody, "Days: 30", `Days: "30,$[fleet_account],$[fleet_organization_root]"`, 1),
		"products/archive/.taskcat.yml": strings.Replace(taskcatBody, "x-$[taskcat_random-numbers]", "arn:$[fleet_organization_id]/$[taskcat_random-numbers]", 1),
	}))
	assert.Empty(t, findings)
}

func TestMistakenRunTimeValuesAreNamed(t *testing.T) {
	product, tests, template := "products/archive/product.yaml", "products/archive/.taskcat.yml", "products/archive/template.yaml"
	edit := func(file, body, old, new string) files {
		require.Contains(t, body, old)
		return files{file: strings.Replace(body, old, new, 1)}
	}
	check(t, []mistake{
		{"misspelt in product.yaml", edit(product, productBody, "Days: 30", `Days: "$[fleet_acount]"`), "PRODUCT", product, 9,
			`"$[fleet_acount]" is no value that is known when a product is launched`, "did you mean $[fleet_account]"},
		{"misspelt in a test", edit(tests, taskcatBody, "x-$[taskcat_random-numbers]", "$[fleet_organisation_root]"), "TASKCAT", tests, 5,
			"is no value that is known", "did you mean $[fleet_organization_root]"},
		{"unlike any", edit(product, productBody, "Days: 30", `Days: "$[fleet_x]"`), "PRODUCT", product, 9, "is no value that is known", "use $[fleet_account], $["},
		{"not closed", edit(product, productBody, "Days: 30", `Days: "$[fleet_account"`), "PRODUCT", product, 9, "is no value that is known", "did you mean"},
		{"in a name", edit(product, productBody, "Archive", "$[fleet_account]"), "PRODUCT", product, 1, "is filled in only in parameters", "declare a parameter"},
		{"in a template", edit(template, templateBody, "{Type: Number}", `{Type: Number, Default: "$[fleet_account]"}`), "TEMPLATE", template, 4,
			"is filled in only in parameters", "declare a parameter"},
	})
}

func TestRunTimeValuesAreFilledIn(t *testing.T) {
	text := "a,$[fleet_organization_root],$[fleet_account]$[fleet_account],$[taskcat_genuuid]"
	assert.Equal(t, []string{LaunchAccount, OrganizationRoot}, RuntimeValues(text))
	assert.Equal(t, "a,<fleet_organization_root>,<fleet_account><fleet_account>,$[taskcat_genuuid]",
		FillRuntimeValues(text, func(name string) string { return "<" + name + ">" }))
	given := map[string]string{"Root": "$[fleet_organization_root]", "Days": "30"}
	assert.Equal(t, map[string]string{"Root": "r-fl33", "Days": "30"}, SampleParameters(given))
	assert.Equal(t, "$[fleet_organization_root]", given["Root"], "what was given stays")
	assert.Nil(t, SampleParameters(nil))
}
