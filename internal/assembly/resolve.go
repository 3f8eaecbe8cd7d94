package assembly

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// resolve evaluates the intrinsics in node and returns plain strings, numbers, booleans, lists and maps.
func (t *template) resolve(path string, node any) any {
	switch node := node.(type) {
	case map[string]any:
		if name, argument, ok := intrinsic(node); ok {
			return t.call(path, name, argument)
		}
		resolved := map[string]any{}
		for _, key := range slices.Sorted(maps.Keys(node)) {
			if v := t.resolve(path+"."+key, node[key]); v != (noValue{}) {
				resolved[key] = v
			}
		}
		return resolved
	case []any:
		resolved := []any{}
		for i, item := range node {
			if v := t.resolve(fmt.Sprintf("%s[%d]", path, i), item); v != (noValue{}) {
				resolved = append(resolved, v)
			}
		}
		return resolved
	}
	return node
}

// intrinsic recognizes a map with the one key Ref, Condition or Fn::*. Condition is left to conditions: elsewhere it is an ordinary key.
func intrinsic(node map[string]any) (name string, argument any, ok bool) {
	if len(node) != 1 {
		return "", nil, false
	}
	for key, value := range node {
		if key == "Ref" || strings.HasPrefix(key, "Fn::") {
			return key, value, true
		}
	}
	return "", nil, false
}

// call evaluates one intrinsic function.
func (t *template) call(path, name string, argument any) any {
	switch name {
	case "Ref":
		return t.ref(path, argument)
	case "Fn::GetAtt":
		return t.getAtt(path, argument)
	case "Fn::Sub":
		return t.sub(path, argument)
	case "Fn::Join":
		return t.join(path, argument)
	case "Fn::Select":
		return t.choose(path, argument)
	case "Fn::Split":
		return t.split(path, argument)
	case "Fn::ImportValue":
		return t.importValue(path, argument)
	case "Fn::FindInMap":
		return t.findInMap(path, argument)
	case "Fn::If":
		return t.branch(path, argument)
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not":
		return t.problem(path, "%s is allowed in Conditions only", name)
	}
	return t.problem(path, "%s is not understood: use Ref, GetAtt, Sub, Join, Select, Split, ImportValue, FindInMap or If", name)
}

func (t *template) ref(path string, argument any) any {
	name, ok := argument.(string)
	if !ok {
		return t.problem(path, "Ref wants a name, got %s", describe(argument))
	}
	if strings.HasPrefix(name, "AWS::") {
		return t.pseudo(path, name)
	}
	if p, ok := t.section("Parameters")[name].(map[string]any); ok {
		return t.parameter(path, name, p)
	}
	if r, ok := t.resource(name); ok {
		return r.ref(path)
	}
	return t.problem(path, "Ref %s: the template has no such parameter or resource", name)
}

// pseudo resolves a pseudo parameter. The partition is always aws: the emulator has no other.
func (t *template) pseudo(path, name string) any {
	switch name {
	case "AWS::AccountId":
		return t.stack.Account
	case "AWS::Region":
		return t.stack.Region
	case "AWS::Partition":
		return "aws"
	case "AWS::URLSuffix":
		return "amazonaws.com"
	case "AWS::StackName":
		return t.stack.Name
	case "AWS::NoValue":
		return noValue{}
	}
	return t.problem(path, "Ref %s is known only after the deployment: derive the value from settings", name)
}

func (t *template) parameter(path, name string, p map[string]any) any {
	kind, _ := p["Type"].(string)
	if strings.HasPrefix(kind, "AWS::SSM::") {
		return t.problem(path, "Ref %s: a parameter of type %s is known only after the deployment: use a literal", name, kind)
	}
	value, ok := p["Default"]
	if !ok {
		return t.problem(path, "Ref %s: the parameter has no default: give it one", name)
	}
	if text, ok := value.(string); ok && (strings.HasPrefix(kind, "List<") || kind == "CommaDelimitedList") {
		return splitText(text, ",")
	}
	return value
}

func (t *template) getAtt(path string, argument any) any {
	var id, attribute string
	switch a := argument.(type) {
	case string:
		id, attribute, _ = strings.Cut(a, ".")
	case []any:
		if len(a) == 2 {
			id, _ = a[0].(string)
			attribute, _ = a[1].(string)
		}
	}
	if id == "" || attribute == "" {
		return t.problem(path, "Fn::GetAtt wants a resource and an attribute, got %s", describe(argument))
	}
	r, ok := t.resource(id)
	if !ok {
		return t.problem(path, "Fn::GetAtt %s.%s: the template has no such resource", id, attribute)
	}
	return r.attribute(path, attribute)
}

var placeholder = regexp.MustCompile(`\$\{[^!][^}]*\}|\$\{![^}]*\}`)

func (t *template) sub(path string, argument any) any {
	text, ok := argument.(string)
	variables := map[string]any{}
	if list, isList := argument.([]any); isList && len(list) == 2 {
		text, ok = list[0].(string)
		variables, _ = list[1].(map[string]any)
	}
	if !ok {
		return t.problem(path, "Fn::Sub wants a string, got %s", describe(argument))
	}
	return placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := strings.TrimSpace(match[2 : len(match)-1])
		if literal, escaped := strings.CutPrefix(name, "!"); escaped {
			return "${" + literal + "}"
		}
		if v, ok := variables[name]; ok {
			return t.text(path, t.resolve(path, v))
		}
		if strings.Contains(name, ".") {
			return t.text(path, t.getAtt(path, name))
		}
		return t.text(path, t.ref(path, name))
	})
}

func (t *template) join(path string, argument any) any {
	separator, items, ok := t.textAndList(path, argument)
	if !ok {
		return t.problem(path, "Fn::Join wants a delimiter and a list, got %s", describe(argument))
	}
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = t.text(path, item)
	}
	return strings.Join(parts, separator)
}

// textAndList resolves an argument of the form [string, list].
func (t *template) textAndList(path string, argument any) (string, []any, bool) {
	pair, ok := argument.([]any)
	if !ok || len(pair) != 2 {
		return "", nil, false
	}
	text, ok := pair[0].(string)
	if !ok {
		return "", nil, false
	}
	switch list := t.resolve(path, pair[1]).(type) {
	case []any:
		return text, list, true
	case unknown:
		return text, nil, true
	}
	return "", nil, false
}

func (t *template) choose(path string, argument any) any {
	pair, ok := argument.([]any)
	if !ok || len(pair) != 2 {
		return t.problem(path, "Fn::Select wants an index and a list, got %s", describe(argument))
	}
	index, err := strconv.Atoi(t.text(path, t.resolve(path, pair[0])))
	list, isList := t.resolve(path, pair[1]).([]any)
	if err != nil || !isList || index < 0 || index >= len(list) {
		return t.problem(path, "Fn::Select finds nothing at %s of a list of %d", describe(pair[0]), len(list))
	}
	return list[index]
}

func (t *template) split(path string, argument any) any {
	pair, ok := argument.([]any)
	if !ok || len(pair) != 2 {
		return t.problem(path, "Fn::Split wants a delimiter and a string, got %s", describe(argument))
	}
	separator, ok := pair[0].(string)
	if !ok || separator == "" {
		return t.problem(path, "Fn::Split wants a delimiter, got %s", describe(pair[0]))
	}
	return splitText(t.text(path, t.resolve(path, pair[1])), separator)
}

func splitText(text, separator string) []any {
	var list []any
	for _, part := range strings.Split(text, separator) {
		list = append(list, part)
	}
	return list
}

func (t *template) importValue(path string, argument any) any {
	name := t.text(path, t.resolve(path, argument))
	e, ok := t.loader.exports[name]
	if !ok {
		return t.problem(path, "Fn::ImportValue %s: no stack of the assembly exports it", name)
	}
	return e.template.guarded(path, "export "+name, func() any { return e.template.resolve(e.path, e.value) })
}

// guarded runs f unless what is being resolved already, so that a circle is a problem and no endless loop.
func (t *template) guarded(path, what string, f func() any) any {
	if slices.Contains(t.active, what) {
		return t.problem(path, "%s refers to itself", what)
	}
	t.active = append(t.active, what)
	defer func() { t.active = t.active[:len(t.active)-1] }()
	return f()
}

func (t *template) findInMap(path string, argument any) any {
	keys, ok := t.resolve(path, argument).([]any)
	if !ok || len(keys) != 3 {
		return t.problem(path, "Fn::FindInMap wants a map and two keys, got %s", describe(argument))
	}
	var node any = t.section("Mappings")
	for _, key := range keys {
		level, _ := node.(map[string]any)
		node, ok = level[t.text(path, key)]
		if !ok {
			return t.problem(path, "Fn::FindInMap finds no %s in Mappings", describe(key))
		}
	}
	return node
}

// number reads a resolved number or numeric string.
func number(v any) (int, bool) {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
