package manifest

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
)

// seeds are the products of catalog/, which loads without a mistake.
func seeds(t *testing.T) []Product {
	t.Helper()
	settings, err := config.Load("../../fleet.yaml")
	require.NoError(t, err)
	catalog, findings, err := Load(t.Context(), Dir("../../catalog"), settings)
	require.NoError(t, err)
	require.Empty(t, findings)
	return catalog.Products
}

func TestTheSeedFillsFourPortfolios(t *testing.T) {
	products := seeds(t)
	assert.GreaterOrEqual(t, len(products), 18)
	filled := map[string]bool{}
	for _, p := range products {
		for _, portfolio := range p.Portfolios {
			filled[portfolio] = true
		}
	}
	assert.Equal(t, map[string]bool{"organization": true, "security": true, "baseline": true, "self-service": true}, filled)
}

func TestEveryProductOfTheSeedIsTestedInEachOfItsBranches(t *testing.T) {
	for _, p := range seeds(t) {
		assert.NotEmpty(t, p.Tests, p.ID)
		if len(section(p.Template.Doc, "Conditions")) > 0 {
			assert.GreaterOrEqual(t, len(p.Tests), 2, "%s: parameters branch, and one test takes one branch", p.ID)
			assert.False(t, sameParameters(p.Tests), "%s: all tests have the same parameters", p.ID)
		}
	}
}

func sameParameters(tests []Test) bool {
	return !slices.ContainsFunc(tests, func(test Test) bool { return fmt.Sprint(test.Parameters) != fmt.Sprint(tests[0].Parameters) })
}

func TestEveryParameterOfTheSeedIsAFieldThatAConsumerCanFillIn(t *testing.T) {
	for _, p := range seeds(t) {
		parameters, places := section(p.Template.Doc, "Parameters"), map[string]int{}
		metadata, _ := section(p.Template.Doc, "Metadata")["AWS::CloudFormation::Interface"].(map[string]any)
		groups, _ := metadata["ParameterGroups"].([]any)
		for i, item := range groups {
			group, _ := item.(map[string]any)
			label, _ := group["Label"].(map[string]any)
			assert.NotEmpty(t, label["default"], "%s: group %d has no heading", p.ID, i)
			members, _ := group["Parameters"].([]any)
			for _, name := range members {
				places[fmt.Sprint(name)]++
			}
		}
		for name, item := range parameters {
			declaration, _ := item.(map[string]any)
			assert.Equal(t, 1, places[name], "%s: parameter %s is in that many groups of the form", p.ID, name)
			assert.NotEmpty(t, declaration["Description"], "%s: parameter %s", p.ID, name)
			assert.True(t, constrained(declaration), "%s: parameter %s takes anything: add AllowedValues, AllowedPattern or bounds", p.ID, name)
			delete(places, name)
		}
		assert.Empty(t, places, "%s: the form names what is no parameter", p.ID)
	}
}

// constrained says whether CloudFormation refuses some value of a parameter; of its own types it checks that the thing exists.
func constrained(declaration map[string]any) bool {
	kind, _ := declaration["Type"].(string)
	if strings.Contains(kind, "AWS::") {
		return true
	}
	for _, key := range []string{"AllowedValues", "AllowedPattern", "MinValue", "MaxValue", "MinLength", "MaxLength"} {
		if _, ok := declaration[key]; ok {
			return true
		}
	}
	return false
}

func TestEveryProductOfTheSeedTellsConsumersWhatTheyGot(t *testing.T) {
	word := regexp.MustCompile(`^[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*$`)
	for _, p := range seeds(t) {
		outputs := section(p.Template.Doc, "Outputs")
		assert.NotEmpty(t, outputs, p.ID)
		for name, item := range outputs {
			output, _ := item.(map[string]any)
			assert.Regexp(t, word, name, p.ID)
			assert.NotEmpty(t, output["Description"], "%s: output %s", p.ID, name)
		}
	}
}

func TestEveryProductOfTheSeedIsListedWithItsPortfoliosAndHasAReadme(t *testing.T) {
	list, err := os.ReadFile("../../catalog/README.md")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^\| \[([a-z-]+)\]\(products/([a-z-]+)\) \| [^|]{10,} \| ([a-z, -]+) \|$`).FindAllStringSubmatch(string(list), -1)
	var listed, want []string
	for _, row := range rows {
		assert.Equal(t, row[1], row[2])
		listed = append(listed, row[1]+": "+row[3])
	}
	for _, p := range seeds(t) {
		want = append(want, p.ID+": "+strings.Join(p.Portfolios, ", "))
		readme, err := os.ReadFile("../../catalog/products/" + p.ID + "/README.md")
		require.NoError(t, err)
		assert.Greater(t, len(readme), 200, "%s: says nothing", p.ID)
	}
	assert.Equal(t, want, listed)
}
