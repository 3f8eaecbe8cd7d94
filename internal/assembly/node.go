package assembly

import (
	"fmt"
	"maps"
	"slices"
)

// node is a resolved value of a template together with where it stands, so that whatever is wrong with it can be named.
type node struct {
	template *template
	path     string
	value    any
}

// node resolves a property and returns it with its path.
func (r resource) node(name string) node {
	return node{template: r.template, path: r.path() + "." + name, value: r.property(name)}
}

func (n node) problem(format string, args ...any) { n.template.problem(n.path, format, args...) }

func (n node) missing() bool { return n.value == nil }

// at returns the value under key of a map; a missing key gives a missing node.
func (n node) at(key string) node {
	child := node{template: n.template, path: n.path + "." + key}
	switch v := n.value.(type) {
	case map[string]any:
		child.value = v[key]
	case nil, unknown:
	default:
		n.problem("want a map, got %s", describe(v))
	}
	return child
}

// items returns the elements of a list; a missing node has none.
func (n node) items() []node {
	list, ok := n.value.([]any)
	if !ok && !n.missing() && n.value != (any)(unknown{}) {
		n.problem("want a list, got %s", describe(n.value))
	}
	children := make([]node, len(list))
	for i, v := range list {
		children[i] = node{template: n.template, path: fmt.Sprintf("%s[%d]", n.path, i), value: v}
	}
	return children
}

// text returns a scalar as a string; a missing node gives "".
func (n node) text() string {
	if n.missing() {
		return ""
	}
	return n.template.text(n.path, n.value)
}

// need returns a scalar that must be there.
func (n node) need() string {
	if n.missing() {
		n.problem("is missing")
	}
	return n.text()
}

// number returns a whole number; a missing node gives fallback.
func (n node) number(fallback int) int {
	if n.missing() {
		return fallback
	}
	v, ok := number(n.value)
	if !ok {
		n.problem("want a whole number, got %s", describe(n.value))
	}
	return v
}

// only reports every key that is not in keys: what is not understood is never passed over.
func (n node) only(keys ...string) {
	values, ok := n.value.(map[string]any)
	if !ok {
		if !n.missing() && n.value != (any)(unknown{}) {
			n.problem("want a map, got %s", describe(n.value))
		}
		return
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(keys, key) {
			n.problem("key %s is not understood: the rehearsal would pass over it", key)
		}
	}
}

// texts returns a map of scalars.
func (n node) texts() map[string]string {
	values, ok := n.value.(map[string]any)
	if !ok {
		n.only()
		return nil
	}
	texts := make(map[string]string, len(values))
	for key := range values {
		texts[key] = n.at(key).text()
	}
	return texts
}
