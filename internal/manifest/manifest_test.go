package manifest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/document"
	"accountfleet/internal/finding"
)

// files is a tree in memory; a value that starts with "kind:" is an entry of that kind.
type files map[string]string

func (f files) Files(context.Context) ([]Entry, error) {
	var entries []Entry
	for path, body := range f {
		kind, special := strings.CutPrefix(body, "kind:")
		if !special {
			kind = string(Regular)
		}
		entries = append(entries, Entry{Path: path, Size: int64(len(body)), Kind: Kind(kind)})
	}
	return entries, nil
}

func (f files) Read(path string) ([]byte, error) {
	body, ok := f[path]
	if !ok || strings.HasPrefix(body, "kind:") {
		return nil, fmt.Errorf("%s was read, but is no file", path)
	}
	return []byte(body), nil
}

// with is a copy of f in which files are replaced; an empty body removes one.
func (f files) with(changes files) files {
	copied := files{}
	for path, body := range f {
		copied[path] = body
	}
	for path, body := range changes {
		copied[path] = body
		if body == "" {
			delete(copied, path)
		}
	}
	return copied
}

const (
	productBody = `name: Archive
description: Keeps logs
owner: Security
support: {email: help@example.com, url: "https://example.com/help", description: Ask us}
version: 1.2.0
notes: Better
portfolios: [security]
scope: account
parameters: {Days: 30, Strict: true}
retained: [Bucket]
guidance: {deprecated: [1.1.0], inactive: [1.0.0]}
`
	templateBody = `AWSTemplateFormatVersion: 2010-09-09
Description: Keeps logs
Parameters:
  Days: {Type: Number}
  Strict: {Type: String, Default: "false"}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${AWS::AccountId}-logs"
Outputs:
  Arn: {Value: !GetAtt Bucket.Arn}
`
	taskcatBody = `project: {name: archive}
tests:
  second:
    regions: [eu-north-1]
    parameters: {Days: "$[taskcat_getval_Days]", Strict: "x-$[taskcat_random-numbers]"}
  first: {template: template.yaml}
`
)

// sound is a catalog without mistakes.
func sound() files {
	return files{
		"README.md":                               "# Catalog",
		".gitignore":                              "x",
		"docs/guide.md":                           "x",
		"features/all.feature":                    "Feature: all",
		"guard-rules/extra.guard":                 "rule x",
		"guard-rules/extra_tests.yaml":            "- name: x",
		"products/README.md":                      "x",
		"products/archive/README.md":              "x",
		"products/archive/product.yaml":           productBody,
		"products/archive/template.yaml":          templateBody,
		"products/archive/.taskcat.yml":           taskcatBody,
		"products/archive/features/a.feature":     "Feature: a",
		"products/archive/features/sub/b.feature": "Feature: b",
	}
}

func settings() *config.Settings {
	return &config.Settings{
		Regions:    config.Regions{Test: []string{"eu-central-1", "eu-north-1"}},
		Portfolios: []config.Portfolio{{ID: "security"}, {ID: "baseline"}, {ID: "units", Units: []string{"ou-f1ee-workload1"}}, {ID: "listed", Accounts: []string{"555555555555"}}},
	}
}

func TestPortfoliosThatAreSharedAlikeMayOfferOneProduct(t *testing.T) {
	tree := sound()
	tree["products/archive/product.yaml"] = strings.Replace(productBody, "[security]", "[security, units]", 1)
	_, findings := load(t, tree)
	assert.Empty(t, findings)
}

func load(t *testing.T, tree Tree) (*Catalog, []finding.Finding) {
	t.Helper()
	catalog, findings, err := Load(t.Context(), tree, settings())
	require.NoError(t, err)
	return catalog, findings
}

func TestLoadReadsAWholeCatalog(t *testing.T) {
	catalog, findings := load(t, sound())
	require.Empty(t, findings)
	require.Len(t, catalog.Products, 1)
	p := catalog.Products[0]
	assert.Equal(t, []string{"archive", "Archive", "Keeps logs", "Security", "1.2.0", "Better"}, []string{p.ID, p.Name, p.Description, p.Owner, p.Version, p.Notes})
	assert.Equal(t, Support{Email: "help@example.com", URL: "https://example.com/help", Description: "Ask us"}, p.Support)
	assert.Equal(t, ScopeAccount, p.Scope)
	assert.Equal(t, map[string]string{"Days": "30", "Strict": "true"}, p.Parameters)
	assert.Equal(t, []string{"Bucket"}, p.Retained)
	assert.Equal(t, []string{"1.1.0"}, p.Deprecated)
	assert.Equal(t, []string{"1.0.0"}, p.Inactive)
	assert.Equal(t, []Test{
		{Name: "first", Regions: []string{"eu-central-1", "eu-north-1"}},
		{Name: "second", Regions: []string{"eu-north-1"}, Parameters: map[string]string{"Days": "$[taskcat_getval_Days]", "Strict": "x-$[taskcat_random-numbers]"}},
	}, p.Tests)
	assert.Equal(t, []File{
		{Path: "products/archive/features/a.feature", Body: []byte("Feature: a")}, {Path: "products/archive/features/sub/b.feature", Body: []byte("Feature: b")},
	}, p.Features)
	assert.Equal(t, []File{{Path: "features/all.feature", Body: []byte("Feature: all")}}, catalog.Features)
	assert.Len(t, catalog.Rules, 2)
	assert.Equal(t, 5, p.Lines.At("/version").Line)
}

// mistake is one row of the tables below: what is changed in the sound catalog, and what must be said about it.
type mistake struct {
	name          string
	changes       files
	rule, file    string
	line          int
	message, cure string
}

func check(t *testing.T, rows []mistake) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, findings := load(t, sound().with(row.changes))
			require.NotEmpty(t, findings)
			var texts []string
			for _, f := range findings {
				texts = append(texts, f.String())
				if f.Rule != row.rule || !strings.Contains(f.Message, row.message) {
					continue
				}
				assert.Equal(t, row.file, f.File)
				assert.Equal(t, row.line, f.Span.Line)
				assert.Contains(t, f.Cure, row.cure)
				assert.Equal(t, "manifest", f.Gate)
				assert.Equal(t, finding.Error, f.Severity)
				assert.NotEmpty(t, f.Fingerprint)
				return
			}
			t.Errorf("no finding %s %q among\n%s", row.rule, row.message, strings.Join(texts, "\n"))
		})
	}
}

func TestMistakesOfLayoutAreNamed(t *testing.T) {
	big := strings.Repeat("x", 2*document.MaxBytes)
	check(t, []mistake{
		{"empty catalog", files{"products/archive/product.yaml": "", "products/archive/template.yaml": "", "products/archive/.taskcat.yml": "", "products/archive/features/a.feature": "", "products/archive/features/sub/b.feature": "", "products/archive/README.md": ""}, "EMPTY", "products", 0, "no product", "or name the folder that holds products/ by --catalog"},
		{"symbolic link", files{"products/archive/template.yaml": "kind:symbolic link"}, "FILE_TYPE", "products/archive/template.yaml", 0, "symbolic link, which could lead out of the catalog", "put the file itself"},
		{"nested repository", files{"products/archive": "", "products/other": "kind:repository of its own"}, "FILE_TYPE", "products/other", 0, "repository of its own", "put the file itself"},
		{"template of 2 MB", files{"products/archive/template.yaml": big}, "SIZE", "products/archive/template.yaml", 0, "2.0 MB, more than the 1.0 MB", "CloudFormation reads no larger"},
		{"names that differ by case", files{"products/archive/readme.md": "x"}, "CASE", "products/archive/readme.md", 0, "differ by case only", "rename one"},
		{"folders that differ by case", files{"products/Archive/README.md": "x"}, "CASE", "products/archive", 0, "products/Archive and products/archive differ by case only", "rename one"},
		{"path with a backslash", files{`products/archive/a\b`: "x"}, "PATH", "", 0, `a\\b`, "rename it"},
		{"path that climbs", files{"products/../x": "x"}, "PATH", "", 0, "products/../x", "rename it"},
		{"file among products", files{"products/notes.txt": "x"}, "STRAY", "products/notes.txt", 0, "beside the products", "move it"},
		{"file in a product", files{"products/archive/template.yml": "x"}, "STRAY", "products/archive/template.yml", 0, "no part of a product", "did you mean template.yaml"},
		{"code in a product", files{"products/archive/.cfnlintrc": "x"}, "STRAY", "products/archive/.cfnlintrc", 0, "no part of a product", "delete it"},
		{"feature with another name", files{"products/archive/features/a.txt": "x"}, "STRAY", "products/archive/features/a.txt", 0, "nothing reads it here", "name it *.feature"},
		{"misspelt folder", files{"feature/a.feature": "x"}, "STRAY", "feature", 0, "would never be checked", "did you mean features/"},
		{"product at the top", files{"product.yaml": "x"}, "STRAY", "product.yaml", 0, "belongs to a product", "products/<id>/"},
		{"rule at the top", files{"x.guard": "x"}, "STRAY", "x.guard", 0, "nothing reads rules here", "guard-rules/"},
		{"id shape", files{"products/Log_1/README.md": "x"}, "PRODUCT_ID", "products/Log_1", 0, "at most 40 lower-case", "rename the folder"},
		{"ids apart by dashes only", files{"products/arch-ive/README.md": "x"}, "PRODUCT_ID", "products/archive", 0, "called like products/arch-ive", "rename one"},
		{"no product.yaml", files{"products/archive/product.yaml": ""}, "MISSING", "products/archive/product.yaml", 0, "is missing", "copy that of another product"},
		{"no template", files{"products/archive/template.yaml": ""}, "MISSING", "products/archive/template.yaml", 0, "is missing", "CloudFormation template"},
		{"no tests", files{"products/archive/.taskcat.yml": ""}, "MISSING", "products/archive/.taskcat.yml", 0, "nothing would test the product", "at least one test"},
		{"no features", files{"products/archive/features/a.feature": "", "products/archive/features/sub/b.feature": ""}, "MISSING", "products/archive/features", 0, "holds no feature", "fleet steps"},
		{"feature that is no text", files{"products/archive/features/a.feature": "\xff"}, "ENCODING", "products/archive/features/a.feature", 0, "not valid UTF-8", "UTF-8"},
		{"two products with one name", files{
			"products/other/product.yaml": strings.Replace(productBody, "Archive", "archive", 1), "products/other/template.yaml": templateBody,
			"products/other/.taskcat.yml": taskcatBody, "products/other/features/a.feature": "Feature: a",
		}, "PRODUCT_NAME", "products/other/product.yaml", 0, `product archive is called "archive" too`, "another name"},
	})
}

func TestMistakesOfProductYAMLAreNamed(t *testing.T) {
	edit := func(old, new string) files {
		require.Contains(t, productBody, old)
		return files{"products/archive/product.yaml": strings.Replace(productBody, old, new, 1)}
	}
	file := "products/archive/product.yaml"
	check(t, []mistake{
		{"no semantic version", edit("1.2.0", "one"), "PRODUCT", file, 5, `version: "one" is no semantic version`, "write three numbers"},
		{"version with v", edit("1.2.0", "v1.2.0"), "PRODUCT", file, 5, `"v1.2.0" is no semantic version`, "write 1.2.0"},
		{"version of two numbers", edit("1.2.0", "'1.2'"), "PRODUCT", file, 5, `"1.2" is no semantic version`, "write 1.2.0"},
		{"version of two numbers, unquoted", edit("1.2.0", "1.2"), "PRODUCT", file, 5, `version: "1.2" is no semantic version`, "write 1.2.0"},
		{"build metadata", edit("1.2.0", "1.2.0+5"), "PRODUCT", file, 5, "build metadata", "1.2.0"},
		{"unknown portfolio", edit("[security]", "[securty]"), "PRODUCT", file, 7, `portfolios[0]: there is no portfolio "securty"`, "did you mean security"},
		{"no portfolio", edit("[security]", "[]"), "PRODUCT", file, 7, "nobody could launch", "security, baseline"},
		{"units and accounts", edit("[security]", "[listed, units]"), "PRODUCT", file, 7, "portfolio units is shared with organizational units and listed with single accounts", "keep one of the two"},
		{"portfolio twice", edit("[security]", "[security, security]"), "PRODUCT", file, 7, "comes twice", "keep one"},
		{"scope", edit("scope: account", "scope: acount"), "PRODUCT", file, 8, `want account, region or organization, got "acount"`, "did you mean account"},
		{"no scope", edit("scope: account\n", ""), "PRODUCT", file, 1, "scope: is missing", "How often it may exist"},
		{"unknown key", edit("notes:", "note:"), "PRODUCT", file, 6, "note: unknown key", "did you mean notes"},
		{"key twice", edit("notes:", "name:"), "DUPLICATE_KEY", file, 6, `key "name" comes twice`, "keep one"},
		{"tab", edit("notes:", "\tnotes:"), "TABS", file, 6, "tab", "spaces"},
		{"name too long", edit("Archive", strings.Repeat("x", 101)), "PRODUCT", file, 1, "want 1 to 100 characters, got 101", ""},
		{"mail address", edit("help@example.com", "nobody"), "PRODUCT", file, 4, `support.email: want a mail address, got "nobody"`, "name@example.com"},
		{"page address", edit("https://example.com/help", "javascript:alert(1)"), "PRODUCT", file, 4, "support.url: want the address of a page", "https://"},
		{"undeclared parameter", edit("Days: 30", "Day: 30, Days: 1"), "PRODUCT", file, 9, "parameters.Day: the template declares no such parameter", "did you mean Days"},
		{"missing parameter", edit("Days: 30, ", ""), "PRODUCT", file, 9, "parameters.Days: is missing: the parameter has no default", "add a value"},
		{"pseudo-parameter", edit("Days: 30", `Days: "$[taskcat_genuuid]"`), "PRODUCT", file, 9, "TaskCat pseudo-parameter", ".taskcat.yml"},
		{"list as parameter", edit("Days: 30", "Days: [1, 2]"), "PRODUCT", file, 9, "want text, got a list", "joined by commas"},
		{"retained id that does not exist", edit("[Bucket]", "[Buket]"), "PRODUCT", file, 10, `retained[0]: the template has no resource "Buket"`, "did you mean Bucket"},
		{"guidance is no version", edit("[1.1.0]", "[latest]"), "PRODUCT", file, 11, `guidance.deprecated[0]: "latest" is no semantic version`, ""},
		{"guidance twice", edit("[1.1.0]", "[1.0.0]"), "PRODUCT", file, 11, "1.0.0 is listed under inactive too", "keep one"},
		{"no map", files{file: "- a\n"}, "PRODUCT", file, 1, "want a map of keys, got a list", ""},
	})
}

func TestMistakesOfTaskCatFilesAreNamed(t *testing.T) {
	file := "products/archive/.taskcat.yml"
	edit := func(old, new string) files {
		require.Contains(t, taskcatBody, old)
		return files{file: strings.Replace(taskcatBody, old, new, 1)}
	}
	rows := []mistake{
		{"no tests", files{file: "project: {name: x}\ntests: {}\n"}, "TASKCAT", file, 2, "tests: is empty", "at least one test"},
		{"tests missing", files{file: "project: {name: x}\n"}, "TASKCAT", file, 1, "tests: is missing", ""},
		{"template elsewhere", edit("template: template.yaml", "template: ../x.yaml"), "TASKCAT", file, 6, `want template.yaml, got "../x.yaml"`, ""},
		{"region outside the fleet's", edit("[eu-north-1]", "[us-east-1]"), "TASKCAT", file, 4, `tests.second.regions[0]: "us-east-1" is no test region`, "use eu-central-1 or eu-north-1"},
		{"region twice", edit("[eu-north-1]", "[eu-north-1, eu-north-1]"), "TASKCAT", file, 4, "comes twice", ""},
		{"undeclared parameter", edit("Days:", "Dayz:"), "TASKCAT", file, 5, "tests.second.parameters.Dayz: the template declares no such parameter", "did you mean Days"},
		{"unknown key", edit("regions:", "region:"), "TASKCAT", file, 4, "tests.second.region: unknown key", "did you mean regions"},
		{"general", edit("project:", "general: {auth: {default: x}}\nproject:"), "TASKCAT", file, 1, "general: is not taken", "remove it"},
		{"test name", edit("first:", "fi_rst:"), "TASKCAT", file, 6, "as name of a test", "rename"},
	}
	for _, key := range []string{"hooks", "auth", "role_name", "s3_bucket", "package_lambda", "lambda_source_path"} {
		rows = append(rows,
			mistake{"project " + key, edit("{name: archive}", "{name: archive, "+key+": x}"), "TASKCAT", file, 1, "project." + key + ": is not taken", "remove it"},
			mistake{"test " + key, edit("    regions:", "    "+key+": x\n    regions:"), "TASKCAT", file, 4, "tests.second." + key + ": is not taken", "remove it"})
	}
	for _, pseudo := range []string{
		"$[taskcat_ssm_/path]", "$[taskcat_secretsmanager_name]", "$[taskcat_presignedurl],bucket,key", "$[taskcat_getlicensecontent]/a/b", "$[taskcat_autobucket]",
		"$[taskcat_getkeypair]", "$[other_genuuid]", "$[", "$[taskcat_genuuid]$[taskcat_ssm_x]",
	} {
		rows = append(rows, mistake{"pseudo-parameter " + pseudo, edit("x-$[taskcat_random-numbers]", pseudo), "TASKCAT", file, 5, "is not allowed", "genuuid"})
	}
	check(t, rows)
}

func TestTaskCatTestsMayLackParameters(t *testing.T) {
	_, findings := load(t, sound().with(files{"products/archive/.taskcat.yml": "tests: {a: {}}\n"}))
	assert.Empty(t, findings, "TaskCat itself says so in Beta, and tests may rely on it")
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	catalog, findings := load(t, sound().with(files{
		"products/archive/product.yaml":  strings.NewReplacer("1.2.0", "one", "[security]", "[none]").Replace(productBody),
		"products/archive/template.yaml": strings.NewReplacer("!GetAtt", "!GetAt", "{Type: Number}", "&x {Type: Number}").Replace(templateBody),
		"products/archive/.taskcat.yml":  strings.Replace(taskcatBody, "[eu-north-1]", "[us-east-1]", 1),
		"products/other/README.md":       "x",
		"products/stray.txt":             "x",
	}))
	rules := map[string]int{}
	for _, f := range findings {
		rules[f.Rule]++
	}
	assert.Equal(t, map[string]int{"PRODUCT": 2, "TAG": 1, "ANCHOR": 1, "TASKCAT": 1, "MISSING": 4, "STRAY": 1}, rules)
	assert.Empty(t, catalog.Products)
}

func TestOneBadProductDoesNotHideTheOthers(t *testing.T) {
	catalog, findings := load(t, sound().with(files{"products/bad/product.yaml": "x"}))
	assert.NotEmpty(t, findings)
	require.Len(t, catalog.Products, 1)
	assert.Equal(t, "archive", catalog.Products[0].ID)
}
