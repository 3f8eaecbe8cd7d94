// Package schematest keeps the JSON schemas that editors use true to the Go types that really read the files.
//
// A schema is generated from the type that document.Decode fills; Committed compares it with the file below schemas/, which
// `go test ./internal/config ./internal/manifest -update` writes. Only tests import this package, so no program links a schema library.
package schematest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	reflector "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"accountfleet/internal/document"
)

var update = flag.Bool("update", false, "write generated files instead of comparing them")

// Generate gives the schema of value's type. Amend adds what tags cannot say, for example lists of allowed values.
func Generate(t *testing.T, value any, title, description string, amend func(*reflector.Schema)) []byte {
	t.Helper()
	r := &reflector.Reflector{
		Anonymous: true, ExpandedStruct: true, DoNotReference: true,
		Mapper: func(kind reflect.Type) *reflector.Schema {
			if kind != reflect.TypeFor[document.Text]() {
				return nil
			}
			return &reflector.Schema{AnyOf: []*reflector.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
		},
	}
	schema := r.Reflect(value)
	schema.Title, schema.Description = title, description
	amend(schema)
	body, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	// The library escapes < and > for HTML, which nobody wants to read in an editor.
	return []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(body)) + "\n")
}

// Property walks down from schema to a property; a name of "[]" stands for the elements of a list.
func Property(t *testing.T, schema *reflector.Schema, names ...string) *reflector.Schema {
	t.Helper()
	for _, name := range names {
		if name == "[]" {
			schema = schema.Items
			continue
		}
		next, ok := schema.Properties.Get(name)
		if !ok {
			t.Fatalf("the schema has no property %q", name)
		}
		schema = next
	}
	return schema
}

// Committed fails if the file at path is not what was generated; with -update it writes the file.
func Committed(t *testing.T, path string, generated []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, generated, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run this test with -update", err)
	}
	if !bytes.Equal(committed, generated) {
		t.Errorf("%s is not what the Go types say: run this test with -update and commit the file", path)
	}
}

// Mistake is a change to a sound file that makes it wrong: New for the first Old.
type Mistake = struct{ Name, Old, New string }

// Rejects fails unless the schema refuses body with each of the mistakes, and load does too: an editor must never be stricter than what
// really reads the file.
func Rejects(t *testing.T, schema []byte, body string, mistakes []Mistake, load func(t *testing.T, body string) (refused bool)) {
	t.Helper()
	for _, m := range mistakes {
		t.Run(m.Name, func(t *testing.T) {
			wrong := strings.Replace(body, m.Old, m.New, 1)
			if wrong == body {
				t.Fatalf("%q is not in the sound file", m.Old)
			}
			if Validate(t, schema, []byte(wrong)) == nil {
				t.Error("the schema accepts it")
			}
			if !load(t, wrong) {
				t.Error("the loader is laxer than the schema")
			}
		})
	}
}

// Validate is the error of an editor that checks a YAML file against the schema, nil if it accepts the file.
func Validate(t *testing.T, schema, file []byte) error {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", parsed); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	d, findings := document.Parse("file.yaml", file, document.Options{})
	if d == nil {
		t.Fatal(findings)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(value)
}
