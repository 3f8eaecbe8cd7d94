package manifest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"accountfleet/internal/finding"
)

// patience is how long a catalog of one small product may take; fuzzing runs on busy machines.
const patience = 5 * time.Second

// loadFuzzed reads files as a catalog and holds what every answer must be: a finding says what, where and how to mend it, within the time.
func loadFuzzed(t *testing.T, fuzzed files) (*Catalog, []finding.Finding) {
	t.Helper()
	late := time.AfterFunc(patience, func() { panic(fmt.Sprintf("%s takes too long: %q", t.Name(), fuzzed)) })
	defer late.Stop()
	catalog, findings, err := Load(context.Background(), fuzzed, settings())
	if err != nil {
		t.Fatalf("an error about reading: %v", err)
	}
	for _, f := range findings {
		if f.Message == "" || f.Cure == "" || f.Rule == "" {
			t.Fatalf("a finding that says too little: %+v", f)
		}
		located := f.Rule == "TEMPLATE" || f.Rule == "PRODUCT" || f.Rule == "TASKCAT" || f.Rule == "SUPPRESSION" || f.Rule == "SYNTAX"
		if located && f.Span.Line < 1 {
			t.Fatalf("a finding without a line: %+v", f)
		}
	}
	return catalog, findings
}

func FuzzProduct(f *testing.F) {
	f.Add(productBody)
	f.Add(strings.Replace(productBody, "1.0.0", "1.0", 1))
	for _, seed := range []string{"[]", "name: x", "version: 1.0\nportfolios: {}\n", "parameters: {P: [1]}\n", "guidance: {deprecated: [1.0.0, 1.0.0]}\n", "retained: [R, R, 1]\n", "name: \"$[fleet_x]\"\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		files := sound()
		files["products/archive/product.yaml"] = body
		loadFuzzed(t, files)
	})
}

func FuzzTaskcat(f *testing.F) {
	for _, seed := range []string{
		"tests: {default: {}}\n", "tests:\n  a:\n    regions: [eu-central-1, eu-central-1]\n    parameters: {P: \"$[taskcat_genpass_8A]\"}\n", "general: 1\n", "project: []\n",
		"tests: []\n", "tests: {a: [], b: 1}\n", "tests:\n  a:\n    parameters: {P: \"$[fleet_account\"}\n", "tests: {\"\": {}}\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		files := sound()
		files["products/archive/.taskcat.yml"] = body
		loadFuzzed(t, files)
	})
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		templateBody, "[]", "Resources: []\n", "Resources: {R: []}\n", "Resources: {R: {Type: []}}\n", "Resources: {R: {Type: AWS::CloudFormation::StackSet, Properties: []}}\n",
		"Resources: {R: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: stack-sets/child.yaml, Parameters: [1, {ParameterKey: []}]}}}\n",
		"Metadata: {guard: {}}\nResources: {R: {Type: T, Metadata: {checkov: 1}, metadata: {cfn_nag: 1}}}\n", "Parameters: []\nMappings: 1\n" + templateBody,
		"Fn::Transform: {}\n" + templateBody, "Description: [1]\nAWSTemplateFormatVersion: 2010-09-09\n" + templateBody,
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, template, child string) {
		files := sound()
		files["products/archive/template.yaml"], files["products/archive/stack-sets/child.yaml"] = template, child
		catalog, findings := loadFuzzed(t, files)
		if !finding.Failed(findings) && len(catalog.Products) != 1 {
			t.Fatal("the product is gone, and nothing says why")
		}
	})
}

// FuzzLayout puts a file of any name into a sound catalog.
func FuzzLayout(f *testing.F) {
	for _, seed := range []string{"a", "products/x", "products/archive/Template.yaml", "../x", "a//b", "products/../x", "a\\b", "guard-rules/x.guard", "features/x", ".x/y", "products/archive/stack-sets/", "a\x00b", "/etc"} {
		f.Add(seed, int64(1), false)
		f.Add(seed, int64(9<<20), true)
	}
	f.Fuzz(func(t *testing.T, path string, size int64, link bool) {
		l := &loader{tree: files{}, settings: settings(), broken: map[string]bool{}, clashes: map[string]bool{}}
		kind := Regular
		if link {
			kind = Symlink
		}
		found := l.sort([]Entry{{Path: path, Size: size, Kind: kind}, {Path: "products/archive/template.yaml", Size: 1, Kind: Regular}})
		for _, f := range l.findings {
			if f.Message == "" || f.Cure == "" {
				t.Fatalf("a finding that says too little: %+v", f)
			}
		}
		if link && len(l.findings) == 0 {
			t.Fatalf("a symbolic link called %q is taken", path)
		}
		for _, folder := range found.products {
			for _, name := range append(folder.features, folder.stackSets...) {
				if strings.Contains(name, "..") && strings.Contains("/"+name+"/", "/../") {
					t.Fatalf("%q leads out of the catalog", name)
				}
			}
		}
	})
}
