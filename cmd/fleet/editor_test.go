package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/features"
	"accountfleet/internal/hooks"
	"accountfleet/internal/manifest"
)

const repositoryRoot = "../.."

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(repositoryRoot, path))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(body, into), path)
}

func TestTheEditorKnowsTheVocabularyAndTheSchema(t *testing.T) {
	var glue bytes.Buffer
	require.NoError(t, writeGlue(&glue))
	committed, err := os.ReadFile(filepath.Join(repositoryRoot, "catalog/.vscode/steps.ts"))
	require.NoError(t, err)
	assert.Equal(t, glue.String(), string(committed), "go run ./cmd/fleet steps --format glue > catalog/.vscode/steps.ts")
	for _, section := range features.Vocabulary() {
		for _, step := range section.Steps {
			assert.NotRegexp(t, `[<>\[\]]`, expression(step.Text))
		}
	}
	want, err := os.ReadFile(filepath.Join(repositoryRoot, "schemas/product.schema.json"))
	require.NoError(t, err)
	have, err := os.ReadFile(filepath.Join(repositoryRoot, "catalog/.vscode/product.schema.json"))
	require.NoError(t, err)
	assert.Equal(t, string(want), string(have), "cp schemas/product.schema.json catalog/.vscode/")
}

func TestTheSeedWithItsEditorFilesIsASoundCatalog(t *testing.T) {
	settings, err := config.Load(filepath.Join(repositoryRoot, "fleet.yaml"))
	require.NoError(t, err)
	_, findings, err := manifest.Load(context.Background(), manifest.Dir(filepath.Join(repositoryRoot, "catalog")), settings)
	require.NoError(t, err)
	assert.Empty(t, findings)
}

func TestSettingsOfTheEditorLeadToFiles(t *testing.T) {
	for folder, patterns := range map[string]int{".": 3, "catalog": 2} {
		var settings struct {
			Schemas  map[string]string `json:"yaml.schemas"`
			Features []string          `json:"cucumber.features"`
			Glue     []string          `json:"cucumber.glue"`
		}
		readJSON(t, folder+"/.vscode/settings.json", &settings)
		require.NotEmpty(t, settings.Schemas)
		for schema, pattern := range settings.Schemas {
			assert.FileExists(t, filepath.Join(repositoryRoot, folder, schema))
			matches, err := filepath.Glob(filepath.Join(repositoryRoot, folder, pattern))
			require.NoError(t, err)
			assert.NotEmpty(t, matches, pattern)
		}
		require.Len(t, settings.Glue, 1)
		assert.FileExists(t, filepath.Join(repositoryRoot, folder, settings.Glue[0]))
		assert.Len(t, settings.Features, patterns)
	}
}

func TestTasksPutFindingsOnLines(t *testing.T) {
	result := evidence.Evidence{Findings: []finding.Finding{{
		Gate: "policy", Rule: "S3_ENCRYPTED", Severity: finding.Error, Resource: "Bucket", File: "products/network/template.yaml",
		Span: finding.Span{Line: 7, Column: 3}, Message: "is not encrypted: at all", Cure: "encrypt it",
	}, {Gate: "manifest", Rule: "EMPTY", Severity: finding.Warning, File: "products", Message: "nothing"}}}
	var lines bytes.Buffer
	require.NoError(t, writeLines(&lines, filepath.Join(repositoryRoot, "catalog"), result))
	printed := strings.Split(strings.TrimSpace(lines.String()), "\n")
	require.Len(t, printed, 2)
	for _, folder := range []string{".", "catalog"} {
		var tasks struct {
			Tasks []struct {
				Label   string            `json:"label"`
				Command string            `json:"command"`
				Args    []string          `json:"args"`
				Matcher []json.RawMessage `json:"problemMatcher"`
			} `json:"tasks"`
		}
		readJSON(t, folder+"/.vscode/tasks.json", &tasks)
		matched := 0
		for _, task := range tasks.Tasks {
			if strings.HasSuffix(task.Command, "fleet") {
				help := append(task.Args[:len(task.Args):len(task.Args)], "--help")
				assert.Zero(t, Main(context.Background(), help, &IO{Out: io.Discard, Err: os.Stderr, Getenv: os.Getenv}), task.Label)
			}
			var matcher struct {
				Pattern struct{ Regexp string } `json:"pattern"`
			}
			if len(task.Matcher) == 0 || json.Unmarshal(task.Matcher[0], &matcher) != nil {
				continue
			}
			matched++
			expression := regexp.MustCompile(matcher.Pattern.Regexp)
			file := filepath.Join(repositoryRoot, "catalog/products/network/template.yaml")
			assert.Equal(t, []string{file, "7", "3", "error", "Bucket: is not encrypted: at all: encrypt it", "policy/S3_ENCRYPTED"},
				expression.FindStringSubmatch(printed[0])[1:])
			assert.Equal(t, []string{"1", "1", "warning", "nothing", "manifest/EMPTY"}, expression.FindStringSubmatch(printed[1])[2:])
		}
		assert.Equal(t, 4, matched)
	}
}

func TestWatchingTellsTheEditorWhenItBeginsAndEnds(t *testing.T) {
	for _, folder := range []string{".", "catalog"} {
		var tasks struct {
			Tasks []struct {
				Label      string `json:"label"`
				Background bool   `json:"isBackground"`
				Problems   []struct {
					Background struct{ BeginsPattern, EndsPattern string }
				} `json:"problemMatcher"`
			} `json:"tasks"`
		}
		body, err := os.ReadFile(filepath.Join(repositoryRoot, folder, ".vscode/tasks.json"))
		require.NoError(t, err)
		_ = json.Unmarshal(body, &tasks) // other tasks name matchers of the editor
		found := false
		for _, task := range tasks.Tasks {
			if task.Label != "fleet: watch" {
				continue
			}
			found = true
			assert.True(t, task.Background)
			require.Len(t, task.Problems, 1)
			// These are what check_watch.go prints.
			assert.Regexp(t, task.Problems[0].Background.BeginsPattern, "saved: "+orAll(nil))
			assert.Regexp(t, task.Problems[0].Background.EndsPattern, "watching catalog; Ctrl-C ends")
		}
		assert.True(t, found, folder)
	}
}

// element is any element of the files that JetBrains' editors read.
type element struct {
	XMLName    xml.Name
	Attributes []xml.Attr `xml:",any,attr"`
	Children   []element  `xml:",any"`
}

func (e element) attribute(name string) string {
	for _, a := range e.Attributes {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// options are the values of all options of a name in e.
func (e element) options(name string) []string {
	var values []string
	if e.XMLName.Local == "option" && e.attribute("name") == name && e.attribute("value") != "" {
		values = append(values, e.attribute("value"))
	}
	for _, child := range e.Children {
		values = append(values, child.options(name)...)
	}
	return values
}

func readXML(t *testing.T, path string) element {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(repositoryRoot, path))
	require.NoError(t, err)
	var root element
	require.NoError(t, xml.Unmarshal(body, &root), path)
	return root
}

func TestJetBrainsEditorsKnowTheSchemasAndTheCommands(t *testing.T) {
	for folder, schemas := range map[string]int{".": 4, "catalog": 1} {
		mappings := readXML(t, folder+"/.idea/jsonSchemas.xml")
		files, patterns := mappings.options("relativePathToSchema"), mappings.options("path")
		require.Len(t, files, schemas)
		require.Len(t, patterns, schemas)
		for i := range files {
			assert.FileExists(t, filepath.Join(repositoryRoot, folder, files[i]))
			matches, err := filepath.Glob(filepath.Join(repositoryRoot, folder, patterns[i]))
			require.NoError(t, err)
			assert.NotEmpty(t, matches, patterns[i])
		}
		plugins := readXML(t, folder+"/.idea/externalDependencies.xml")
		assert.NotEmpty(t, plugins.Children[0].Children[0].attribute("id"))

		watcher := readXML(t, folder+"/.idea/watcherTasks.xml")
		commands := watcher.options("arguments")
		require.Len(t, commands, 1)
		runs, err := filepath.Glob(filepath.Join(repositoryRoot, folder, ".run/*.run.xml"))
		require.NoError(t, err)
		require.Len(t, runs, 2)
		for _, run := range runs {
			below, err := filepath.Rel(repositoryRoot, run)
			require.NoError(t, err)
			texts := readXML(t, below).options("SCRIPT_TEXT")
			require.Len(t, texts, 1)
			program, arguments, _ := strings.Cut(texts[0], " ")
			assert.Equal(t, "fleet", filepath.Base(program))
			commands = append(commands, arguments)
		}
		for _, arguments := range commands {
			help := append(strings.Fields(arguments), "--help")
			assert.Zero(t, Main(context.Background(), help, &IO{Out: io.Discard, Err: os.Stderr, Getenv: os.Getenv}), arguments)
		}
	}
}

func TestThePreCommitFrameworkRunsHooksThatExist(t *testing.T) {
	body, err := os.ReadFile(filepath.Join(repositoryRoot, ".pre-commit-hooks.yaml"))
	require.NoError(t, err)
	var entries []struct {
		ID, Entry, Language string
		Stages              []string
	}
	require.NoError(t, yaml.Unmarshal(body, &entries))
	require.Len(t, entries, 3)
	var stages []string
	for _, e := range entries {
		assert.Equal(t, "system", e.Language)
		name, ok := strings.CutPrefix(e.Entry, "fleet hooks run ")
		assert.True(t, ok)
		assert.Contains(t, hooks.Names(), name)
		stages = append(stages, e.Stages...)
	}
	assert.ElementsMatch(t, hooks.Names(), stages)
}
