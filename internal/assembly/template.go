package assembly

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// template is one stack's template, with what is needed to resolve its intrinsics.
type template struct {
	loader *loader
	stack  Stack
	doc    map[string]any
	active []string // outputs, parameters and conditions being resolved, to notice circles
}

// export is an exported output of some stack.
type export struct {
	template *template
	path     string
	value    any
}

// noValue is what Ref AWS::NoValue resolves to: the key that holds it vanishes.
type noValue struct{}

// unknown stands for something that could not be resolved; the problem was recorded already.
type unknown struct{}

func (t *template) problem(path, format string, args ...any) any {
	t.loader.problem(t.stack.Name, path, format, args...)
	return unknown{}
}

// section returns a top-level section such as Resources.
func (t *template) section(name string) map[string]any {
	section, _ := t.doc[name].(map[string]any)
	return section
}

// resource is one resource of a template, with its properties as they stand in the template.
type resource struct {
	template   *template
	id         string
	kind       string
	properties map[string]any
}

func (r resource) path() string { return "Resources." + r.id + ".Properties" }

// property resolves one property; a property that is not there gives nil.
func (r resource) property(name string) any {
	raw, ok := r.properties[name]
	if !ok {
		return nil
	}
	v := r.template.resolve(r.path()+"."+name, raw)
	if _, none := v.(noValue); none {
		return nil
	}
	return v
}

// text resolves a property to a string; absent gives "".
func (r resource) text(name string) string {
	v := r.property(name)
	if v == nil {
		return ""
	}
	return r.template.text(r.path()+"."+name, v)
}

// resource returns the resource with a logical id.
func (t *template) resource(id string) (resource, bool) {
	raw, ok := t.section("Resources")[id].(map[string]any)
	if !ok {
		return resource{}, false
	}
	kind, _ := raw["Type"].(string)
	properties, _ := raw["Properties"].(map[string]any)
	return resource{template: t, id: id, kind: kind, properties: properties}, true
}

// resources returns every resource of the given types, ordered by logical id. A resource whose condition is false is left out.
func (t *template) resources(kinds ...string) []resource {
	var found []resource
	for _, id := range slices.Sorted(maps.Keys(t.section("Resources"))) {
		r, ok := t.resource(id)
		if !ok || !slices.Contains(kinds, r.kind) {
			continue
		}
		raw := t.section("Resources")[id].(map[string]any)
		if c, ok := raw["Condition"].(string); ok && !t.condition("Resources."+id+".Condition", c) {
			continue
		}
		found = append(found, r)
	}
	return found
}

// resources returns the resources of the given types in all templates.
func (l *loader) resources(kinds ...string) []resource {
	var found []resource
	for _, t := range l.templates {
		found = append(found, t.resources(kinds...)...)
	}
	return found
}

func (t *template) collectExports() {
	outputs := t.section("Outputs")
	for _, id := range slices.Sorted(maps.Keys(outputs)) {
		output, _ := outputs[id].(map[string]any)
		declared, ok := output["Export"].(map[string]any)
		if !ok {
			continue
		}
		path := "Outputs." + id
		name := t.text(path+".Export.Name", t.resolve(path+".Export.Name", declared["Name"]))
		t.loader.exports[name] = export{template: t, path: path + ".Value", value: output["Value"]}
	}
}

// text turns a resolved scalar into the string that CloudFormation makes of it.
func (t *template) text(path string, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	case unknown:
		return ""
	}
	t.problem(path, "want a string, got %s", describe(v))
	return ""
}

// describe says what kind of value v is, for messages.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case []any:
		return "a list"
	case map[string]any:
		return "a map with " + strings.Join(slices.Sorted(maps.Keys(v)), ", ")
	case noValue:
		return "AWS::NoValue"
	}
	return fmt.Sprintf("%v", v)
}
