package features

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"accountfleet/internal/gate/resolve"
)

func stepSome(s *scenario, typ string) error {
	return s.each(typ, "", func(resolve.Resource) error { return nil })
}

func stepNone(s *scenario, typ string) error {
	return s.each(typ, ifAny, func(r resolve.Resource) error {
		return fmt.Errorf("%s is a %s", r.LogicalID, typ)
	})
}

func stepCount(s *scenario, want int, typ string) error {
	t, err := s.template()
	if err != nil {
		return err
	}
	if got := t.OfType(typ); len(got) != want {
		return fmt.Errorf("there are %d %s: %s", len(got), typ, ids(got))
	}
	return nil
}

func stepResourceType(s *scenario, id, typ string) error {
	r, err := s.resource(id)
	if err != nil {
		return err
	}
	if r.Type != typ {
		return fmt.Errorf("%s is a %s", id, r.Type)
	}
	return nil
}

func stepResourceAbsent(s *scenario, id string) error {
	t, err := s.template()
	if err != nil {
		return err
	}
	if _, ok := t.Resources[id]; ok {
		return fmt.Errorf("%s is created", id)
	}
	if _, ok := t.Absent[id]; !ok {
		return fmt.Errorf("the template has no resource %q, created or not", id)
	}
	return nil
}

func stepResourceProperty(s *scenario, id, path, want string) error {
	r, err := s.resource(id)
	if err != nil {
		return err
	}
	return propertyEquals(r, path, want)
}

func stepResourceRefers(s *scenario, id, path, target string) error {
	r, err := s.resource(id)
	if err != nil {
		return err
	}
	if _, err := s.resource(target); err != nil {
		return err
	}
	values := lookup(r.Properties, path)
	for _, v := range values {
		if !slices.Contains(resolve.Refs(v), target) {
			return fmt.Errorf("%s: %s is %s, which does not refer to %s", id, path, show(v), target)
		}
	}
	return missing(r, path, values)
}

func stepEveryHas(s *scenario, typ, optional, path string) error {
	return s.each(typ, optional, func(r resolve.Resource) error { return missing(r, path, lookup(r.Properties, path)) })
}

func stepEveryEqual(s *scenario, typ, optional, path, want string) error {
	return s.each(typ, optional, func(r resolve.Resource) error { return propertyEquals(r, path, want) })
}

func stepNoHas(s *scenario, typ, path string) error {
	return s.each(typ, ifAny, func(r resolve.Resource) error {
		for _, v := range lookup(r.Properties, path) {
			if v != nil {
				return fmt.Errorf("%s: %s is %s", r.LogicalID, path, show(v))
			}
		}
		return nil
	})
}

func stepNoEqual(s *scenario, typ, path, unwanted string) error {
	return s.each(typ, ifAny, func(r resolve.Resource) error {
		for _, v := range lookup(r.Properties, path) {
			text, known := resolve.Text(v)
			switch {
			case known && text == unwanted:
				return fmt.Errorf("%s: %s is %q", r.LogicalID, path, text)
			case !known && v != nil:
				return fmt.Errorf("%s: %s is %s, which cannot be compared with %q", r.LogicalID, path, show(v), unwanted)
			}
		}
		return nil
	})
}

func stepRetained(s *scenario, typ, optional string) error {
	return s.each(typ, optional, func(r resolve.Resource) error {
		if !strings.HasPrefix(r.DeletionPolicy, "Retain") {
			return fmt.Errorf("%s: DeletionPolicy is %s", r.LogicalID, r.DeletionPolicy)
		}
		if !strings.HasPrefix(r.UpdateReplacePolicy, "Retain") {
			return fmt.Errorf("%s: UpdateReplacePolicy is %s: a replacement would delete it", r.LogicalID, r.UpdateReplacePolicy)
		}
		return nil
	})
}

func stepDependsOn(s *scenario, from, to string) error {
	if _, err := s.resource(from); err != nil {
		return err
	}
	if _, err := s.resource(to); err != nil {
		return err
	}
	if !s.resolved.DependsOn(from, to) {
		return fmt.Errorf("%s may be created before %s: add DependsOn: %s, or refer to it", from, to, to)
	}
	return nil
}

// propertyEquals demands that every value at path is known and equal to want.
func propertyEquals(r resolve.Resource, path, want string) error {
	values := lookup(r.Properties, path)
	for _, v := range values {
		text, known := resolve.Text(v)
		switch {
		case v == nil:
		case !known:
			return fmt.Errorf("%s: %s is %s, which cannot be compared with %q", r.LogicalID, path, show(v), want)
		case text != want:
			return fmt.Errorf("%s: %s is %q, not %q", r.LogicalID, path, text, want)
		}
	}
	return missing(r, path, values)
}

func missing(r resolve.Resource, path string, values []any) error {
	if len(values) == 0 || slices.Contains(nils(values), true) {
		return fmt.Errorf("%s has no %s", r.LogicalID, path)
	}
	return nil
}

func nils(values []any) []bool {
	out := make([]bool, len(values))
	for i, v := range values {
		out[i] = v == nil
	}
	return out
}

var index = regexp.MustCompile(`^(.*)\[(\d*)\]$`)

// lookup collects the values at a dotted path: "Rules[].Status" is every element's Status, "Rules[0].Status" the first one's; a list
// on the way without brackets means every element. An element that lacks the rest of the path gives nil, so that "every" means every.
func lookup(root any, path string) []any {
	values := []any{root}
	for _, word := range strings.Split(path, ".") {
		brackets := []string{}
		for m := index.FindStringSubmatch(word); m != nil; m = index.FindStringSubmatch(word) {
			word, brackets = m[1], append([]string{m[2]}, brackets...)
		}
		values = descend(values, word)
		for _, bracket := range brackets {
			values = elements(values, bracket)
		}
	}
	return values
}

func descend(values []any, key string) []any {
	var next []any
	for _, v := range values {
		switch v := v.(type) {
		case map[string]any:
			next = append(next, v[key])
		case []any:
			next = append(next, descend(v, key)...)
		case resolve.Symbol:
			next = append(next, v)
		default:
			next = append(next, nil)
		}
	}
	return next
}

func elements(values []any, bracket string) []any {
	var next []any
	for _, v := range values {
		items, ok := v.([]any)
		switch {
		case !ok && v == nil:
			next = append(next, nil)
		case !ok:
			next = append(next, v)
		case bracket == "":
			next = append(next, items...)
		default:
			if n, err := strconv.Atoi(bracket); err == nil && n < len(items) {
				next = append(next, items[n])
			} else {
				next = append(next, nil)
			}
		}
	}
	return next
}

// show writes a value for a message.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "absent"
	case resolve.Symbol:
		return v.Text + ", known only after a deployment"
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		return "a mapping"
	}
	text, _ := resolve.Text(v)
	return strconv.Quote(text)
}

func ids(resources []resolve.Resource) string {
	if len(resources) == 0 {
		return "none"
	}
	names := make([]string, len(resources))
	for i, r := range resources {
		names[i] = r.LogicalID
	}
	return strings.Join(names, ", ")
}
