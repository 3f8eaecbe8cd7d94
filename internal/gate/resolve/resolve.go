// Package resolve says what a CloudFormation template becomes for given parameters, region and account, without deploying it.
//
// Parameters, conditions, mappings and intrinsic functions are evaluated as CloudFormation does. What is known only after a
// deployment (a resource's id, an imported value) stays symbolic: a Symbol that remembers which resources it refers to, so that
// a check can say "refers to the key" and never mistakes an unknown value for a known one. Start at Resolve. Pure: no process, no
// network. Functions are in functions.go, parameters in parameters.go.
package resolve

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
)

// Input is what a deployment would give.
type Input struct {
	Region     string
	Account    string
	StackName  string
	Parameters map[string]string // values beside or instead of the template's defaults
	Conditions map[string]bool   // outcomes taken for granted, whatever the values say; default none
}

// Template is a template for one Input: only what is created, with every known value filled in.
type Template struct {
	Resources  map[string]Resource // by logical id; those whose condition is false are absent
	Outputs    map[string]Output   // those whose condition is false are absent
	Absent     map[string]string   // logical ids of resources that are not created, with their type
	Conditions map[string]Truth
	values     *evaluator
}

// Resource is one resource that is created.
type Resource struct {
	LogicalID           string
	Type                string
	Properties          map[string]any // string, bool, number, []any, map[string]any or Symbol
	DeletionPolicy      string         // "Delete" where the template says nothing
	UpdateReplacePolicy string
	DependsOn           []string // by DependsOn and by reference, sorted
}

// Output is one output that is returned.
type Output struct {
	Value      any
	ExportName any // nil without export
}

// Symbol is a value that only a deployment knows.
type Symbol struct {
	Text string   // the value with ${LogicalId}, ${LogicalId.Attribute}, ${import:Name}, ... for the unknown parts
	Refs []string // logical ids of this template's resources that it is made of, sorted
}

func (s Symbol) String() string { return s.Text }

// Truth is the value of a condition.
type Truth int

// A condition is Unknown where it depends on a value that only a deployment knows.
const (
	False Truth = iota
	True
	Unknown
)

// Resolve evaluates doc, a template in canonical form (long intrinsics), for one Input. Every error is about the template or the
// parameters given.
func Resolve(doc map[string]any, in Input) (*Template, error) {
	e := &evaluator{doc: doc, in: in, conditions: map[string]Truth{}, busy: map[string]bool{}}
	t := &Template{
		Resources: map[string]Resource{}, Outputs: map[string]Output{}, Absent: map[string]string{},
		Conditions: e.conditions, values: e,
	}
	if err := e.checkParameters(); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(section(doc, "Conditions"))) {
		e.condition(name)
	}
	for _, id := range slices.Sorted(maps.Keys(section(doc, "Resources"))) {
		t.addResource(id)
	}
	for _, name := range slices.Sorted(maps.Keys(section(doc, "Outputs"))) {
		t.addOutput(name)
	}
	if len(e.mistakes) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(e.mistakes, "; "))
	}
	return t, nil
}

func (t *Template) addResource(id string) {
	e := t.values
	body, ok := section(e.doc, "Resources")[id].(map[string]any)
	if !ok {
		e.mistake("resource %s: want a mapping", id)
		return
	}
	typ, _ := body["Type"].(string)
	if !e.holds(body, "resource "+id) {
		t.Absent[id] = typ
		return
	}
	properties, _ := e.value(body["Properties"]).(map[string]any)
	if properties == nil {
		properties = map[string]any{}
	}
	depends := append(Refs(properties), texts(body["DependsOn"])...)
	sort.Strings(depends)
	t.Resources[id] = Resource{
		LogicalID: id, Type: typ, Properties: properties, DependsOn: slices.Compact(depends),
		DeletionPolicy: policy(e.value(body["DeletionPolicy"])), UpdateReplacePolicy: policy(e.value(body["UpdateReplacePolicy"])),
	}
}

func (t *Template) addOutput(name string) {
	e := t.values
	body, ok := section(e.doc, "Outputs")[name].(map[string]any)
	if !ok {
		e.mistake("output %s: want a mapping", name)
		return
	}
	if !e.holds(body, "output "+name) {
		return
	}
	out := Output{Value: e.value(body["Value"])}
	if export, ok := body["Export"].(map[string]any); ok {
		out.ExportName = e.value(export["Name"])
	}
	t.Outputs[name] = out
}

// OfType lists the resources of a type, ordered by logical id.
func (t *Template) OfType(typ string) []Resource {
	var found []Resource
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if t.Resources[id].Type == typ {
			found = append(found, t.Resources[id])
		}
	}
	return found
}

// DependsOn says whether resource from is created after resource to, directly or through others.
func (t *Template) DependsOn(from, to string) bool {
	seen := map[string]bool{}
	var visit func(id string) bool
	visit = func(id string) bool {
		if seen[id] {
			return false
		}
		seen[id] = true
		return slices.ContainsFunc(t.Resources[id].DependsOn, func(next string) bool { return next == to || visit(next) })
	}
	return visit(from)
}

// Refs lists the logical ids that a resolved value is made of, sorted and without duplicates.
func Refs(v any) []string {
	var ids []string
	walk(v, func(s Symbol) { ids = append(ids, s.Refs...) })
	sort.Strings(ids)
	return slices.Compact(ids)
}

func walk(v any, visit func(Symbol)) {
	switch v := v.(type) {
	case Symbol:
		visit(v)
	case []any:
		for _, item := range v {
			walk(item, visit)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(v[key], visit)
		}
	}
}

func section(doc map[string]any, name string) map[string]any {
	m, _ := doc[name].(map[string]any)
	return m
}

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, texts(item)...)
		}
		return all
	}
	return nil
}

func policy(v any) string {
	if s, ok := v.(string); ok && s != "" {
		return s
	}
	return "Delete"
}
