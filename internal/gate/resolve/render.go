package resolve

import (
	"regexp"
	"strings"
)

var (
	wholeRef = regexp.MustCompile(`^\$\{([A-Za-z0-9]+)\}$`)
	wholeAtt = regexp.MustCompile(`^\$\{([A-Za-z0-9]+)\.([^}]+)\}$`)
)

// Document writes the template back in CloudFormation's form: what is known as literals, what is not as the intrinsic that says it,
// resources whose condition is false left out. Sections that only steer the evaluation (Conditions, Mappings, Rules) are gone.
func (t *Template) Document() map[string]any {
	resources := map[string]any{}
	for id, r := range t.Resources {
		body := map[string]any{"Type": r.Type, "DeletionPolicy": r.DeletionPolicy, "UpdateReplacePolicy": r.UpdateReplacePolicy}
		if len(r.Properties) > 0 {
			body["Properties"] = Replace(r.Properties, intrinsicOf)
		}
		resources[id] = body
	}
	document := map[string]any{"Resources": resources}
	if parameters := section(t.values.doc, "Parameters"); len(parameters) > 0 {
		document["Parameters"] = parameters
	}
	return document
}

// Replace copies a value with every symbol replaced.
func Replace(v any, by func(Symbol) any) any {
	switch v := v.(type) {
	case Symbol:
		return by(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = Replace(item, by)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = Replace(item, by)
		}
		return out
	}
	return v
}

// List is a value that a policy may give alone or in a list, as a list.
func List(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

func intrinsicOf(s Symbol) any {
	if m := wholeRef.FindStringSubmatch(s.Text); m != nil {
		return map[string]any{"Ref": m[1]}
	}
	if m := wholeAtt.FindStringSubmatch(s.Text); m != nil {
		return map[string]any{"Fn::GetAtt": []any{m[1], m[2]}}
	}
	if name, ok := strings.CutPrefix(s.Text, "${import:"); ok && strings.HasSuffix(name, "}") {
		return map[string]any{"Fn::ImportValue": strings.TrimSuffix(name, "}")}
	}
	return map[string]any{"Fn::Sub": s.Text}
}
