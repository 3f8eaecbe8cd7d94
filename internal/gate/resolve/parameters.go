package resolve

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Text writes a scalar as CloudFormation would pass it on; ok is false for lists, mappings, nil and symbols.
func Text(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	}
	return "", false
}

// Accepts says why the parameter's declaration refuses a value, nil if it takes it. Limits and patterns are those of
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html.
func Accepts(declaration map[string]any, value string) error {
	typ, _ := declaration["Type"].(string)
	values := []string{value}
	if isList(typ) {
		values = strings.Split(value, ",")
	}
	for _, v := range values {
		if err := acceptsOne(declaration, typ, strings.TrimSpace(v)); err != nil {
			return err
		}
	}
	return nil
}

func acceptsOne(declaration map[string]any, typ, value string) error {
	if allowed, ok := declaration["AllowedValues"].([]any); ok {
		if !slices.ContainsFunc(allowed, func(a any) bool { text, _ := Text(a); return text == value }) {
			return fmt.Errorf("%q is not one of AllowedValues", value)
		}
	}
	if pattern, ok := declaration["AllowedPattern"].(string); ok {
		expression, err := regexp.Compile("^(?:" + pattern + ")$")
		if err != nil {
			return fmt.Errorf("AllowedPattern %q cannot be checked here: %w", pattern, err)
		}
		if !expression.MatchString(value) {
			return fmt.Errorf("%q does not match AllowedPattern %s", value, pattern)
		}
	}
	if limit, ok := number(declaration["MinLength"]); ok && float64(len([]rune(value))) < limit {
		return fmt.Errorf("%q is shorter than MinLength %v", value, limit)
	}
	if limit, ok := number(declaration["MaxLength"]); ok && float64(len([]rune(value))) > limit {
		return fmt.Errorf("%q is longer than MaxLength %v", value, limit)
	}
	if typ != "Number" && typ != "List<Number>" {
		return nil
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number", value)
	}
	if limit, ok := number(declaration["MinValue"]); ok && n < limit {
		return fmt.Errorf("%s is less than MinValue %v", value, limit)
	}
	if limit, ok := number(declaration["MaxValue"]); ok && n > limit {
		return fmt.Errorf("%s is more than MaxValue %v", value, limit)
	}
	return nil
}

func number(v any) (float64, bool) {
	text, ok := Text(v)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

func isList(typ string) bool {
	return typ == "CommaDelimitedList" || strings.HasPrefix(typ, "List<")
}

// checkParameters refuses values for parameters that the template does not have, and values that it does not take.
func (e *evaluator) checkParameters() error {
	declared := section(e.doc, "Parameters")
	for _, name := range slices.Sorted(maps.Keys(e.in.Parameters)) {
		declaration, ok := declared[name].(map[string]any)
		if !ok {
			return fmt.Errorf("parameter %s: the template has no such parameter: it has %s", name, list(slices.Sorted(maps.Keys(declared))))
		}
		if err := Accepts(declaration, e.in.Parameters[name]); err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	return nil
}

// parameter is the value of a template parameter: what was given, else the default, else a symbol.
func (e *evaluator) parameter(name string, declaration map[string]any) any {
	typ, _ := declaration["Type"].(string)
	value, given := e.in.Parameters[name]
	if !given {
		value, given = Text(declaration["Default"])
	}
	if !given || strings.HasPrefix(typ, "AWS::SSM::Parameter::") {
		return Symbol{Text: "${" + name + "}"}
	}
	if !isList(typ) {
		return value
	}
	items := []any{}
	if value == "" {
		return items
	}
	for _, item := range strings.Split(value, ",") {
		items = append(items, strings.TrimSpace(item))
	}
	return items
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
