package launchrole

import (
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/ledger"
)

// scope is what one action may act on: named resources, every resource of some kinds, or anything.
type scope struct {
	named []string // ARN patterns of names that the template decides
	kinds []string // ARN patterns of kinds of resources, whose names or ids somebody else decides
	who   []string // the kinds, for people
	any   string   // why nothing narrower than "*" can be granted
}

// grants are the actions of one service, by how far each could be narrowed.
type grants struct {
	named, kinds, any holding
}

// holding are actions that share their resources.
type holding struct {
	actions, resources, reasons []string
}

func (h *holding) add(action string, resources, reasons []string) {
	h.actions = append(h.actions, action)
	h.resources = append(h.resources, resources...)
	h.reasons = append(h.reasons, reasons...)
}

// add files an action under the widest of its scopes: what must reach every key is not also granted on one.
func (g *grants) add(action string, s scope) {
	switch {
	case s.any != "":
		g.any.add(action, []string{"*"}, []string{s.any})
	case len(s.kinds) > 0:
		g.kinds.add(action, append(s.kinds, s.named...), s.who)
	default:
		g.named.add(action, s.named, nil)
	}
}

// most is how many kinds a statement names; beyond that it names all resources of the service, which is shorter and hardly wider.
const most = 6

// statements are at most three: on names, on kinds, on anything. An action that one resource needs on anything is not repeated.
func (g *grants) statements(service string) []ledger.Permission {
	if slices.Contains(g.any.actions, service+":*") {
		return []ledger.Permission{{Sid: sid(service) + "Any", Actions: []string{service + ":*"}, Resources: []string{"*"}, Reason: reasons(g.any.reasons)}}
	}
	g.kinds.actions = without(g.kinds.actions, g.any.actions)
	for _, action := range g.kinds.actions {
		if slices.Contains(g.named.actions, action) { // another resource of the same kind has a name
			g.kinds.resources = append(g.kinds.resources, g.named.resources...)
			break
		}
	}
	g.named.actions = without(g.named.actions, append(g.any.actions, g.kinds.actions...))
	var list []ledger.Permission
	add := func(suffix string, h holding, reason string) {
		if len(h.actions) > 0 {
			list = append(list, ledger.Permission{Sid: sid(service) + suffix, Actions: unique(h.actions), Resources: covering(service, h.resources), Reason: reason})
		}
	}
	add("", g.named, "")
	add("Kinds", g.kinds, "AWS or a parameter decides the names or ids of: "+strings.Join(unique(g.kinds.reasons), ", "))
	add("Any", g.any, reasons(g.any.reasons))
	return list
}

func reasons(list []string) string { return strings.Join(unique(list), "; ") }

// without are the values that are not among others.
func without(values, others []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return slices.Contains(others, v) })
}

// covering are the patterns without those that another covers; many kinds of one service become the whole service.
func covering(service string, patterns []string) []string {
	patterns = unique(patterns)
	patterns = slices.DeleteFunc(slices.Clone(patterns), func(p string) bool {
		return slices.ContainsFunc(patterns, func(other string) bool { return other != p && covers(other, p) })
	})
	if len(patterns) > most && !slices.ContainsFunc(patterns, func(p string) bool { return !strings.HasPrefix(p, "arn:aws:"+service+":") }) {
		return []string{"arn:aws:" + service + ":*:*:*"}
	}
	return patterns
}

// covers says whether a pattern that ends in its only wildcard after the account matches everything that another does.
func covers(wide, narrow string) bool {
	rest, found := strings.CutSuffix(wide, "*")
	return found && strings.HasPrefix(narrow, rest)
}

// scope narrows an action that a resource's handler calls.
func (d *derivation) scope(id, name, action string, properties map[string]any) scope {
	prefix, operation, _ := strings.Cut(action, ":")
	service, known := d.index.Services[prefix]
	if !known {
		return scope{any: "the Service Authorization Reference of " + d.index.Source + " does not have the service"}
	}
	kinds, known := service.Actions[strings.ToLower(operation)]
	switch {
	case !known:
		return d.unknown(id, name, prefix, properties)
	case len(kinds) == 0:
		return scope{any: "AWS takes no resource for these actions"}
	}
	kinds = relevant(name, prefix, operation, kinds)
	var s scope
	for _, kind := range kinds {
		arns, fixed := d.arns(id, name, prefix, strings.ToLower(kind), properties)
		if fixed {
			s.named = append(s.named, arns...)
			continue
		}
		s.kinds, s.who = append(s.kinds, arns...), append(s.who, kind)
	}
	return s
}

// unknown narrows an action that the reference does not have: to the resource itself if that has a name, else to the service.
func (d *derivation) unknown(id, name, prefix string, properties map[string]any) scope {
	if naming, ok := namings[name]; ok && naming.service == prefix {
		var s scope
		for kind := range d.index.Services[prefix].Kinds {
			if arns, fixed := d.arns(id, name, prefix, kind, properties); fixed && isOwn(name, prefix, kind) {
				s.named = append(s.named, arns...)
			}
		}
		if len(s.named) > 0 {
			return s
		}
	}
	return scope{kinds: []string{serviceWide(prefix)}, who: []string{"what actions that the reference does not have act on"}}
}

// serviceWide is every resource of a service.
func serviceWide(prefix string) string {
	if prefix == "s3" {
		return "arn:aws:s3:::*"
	}
	return "arn:aws:" + prefix + ":*:*:*"
}

// relevant are the kinds that an action may meet here: many actions take one of many kinds, above all those that tag.
func relevant(name, prefix, operation string, kinds []string) []string {
	own := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return !isOwn(name, prefix, kind) })
	naming, known := namings[name]
	way, other := on[name]
	switch {
	case other && way[0] == prefix && slices.ContainsFunc(kinds, func(kind string) bool { return plain(kind) == way[1] }):
		return slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return plain(kind) != way[1] })
	case len(own) == 0:
		return kinds
	case strings.Contains(operation, "Tag"):
		return own
	case known && naming.service == prefix:
		return append(own, slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return !slices.Contains(naming.with, plain(kind)) })...)
	}
	return kinds
}

// isOwn says whether a kind of resource is what a type is about.
func isOwn(name, prefix, kind string) bool {
	if naming, ok := namings[name]; ok {
		return naming.service == prefix && (slices.Contains(naming.kinds, plain(kind)) || slices.Contains(naming.parts, plain(kind)))
	}
	segments := strings.Split(name, "::")
	return plain(kind) == strings.ToLower(segments[len(segments)-1]) || slices.Contains(alias[name], plain(kind))
}

// plain spells a kind as types do: "log-group" as "loggroup".
func plain(kind string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(kind))
}

var placeholder = regexp.MustCompile(`\$\{[A-Za-z]+\}`)

// arns are the patterns of a kind, and whether the template decides the names in them.
func (d *derivation) arns(id, name, prefix, kind string, properties map[string]any) (patterns []string, fixed bool) {
	names, suffixes := d.names(id, name, prefix, plain(kind), properties)
	fixed = true
	for _, form := range d.index.Services[prefix].Kinds[kind] {
		form = placeholder.ReplaceAllString(strings.Replace(form, "${Partition}", "aws", 1), "*")
		if whole, ok := forms[prefix+":"+kind]; ok {
			form = whole
		}
		switch {
		case !strings.Contains(form, ".*"): // there is one of it
			patterns = append(patterns, form)
		case len(names) == 0:
			patterns, fixed = append(patterns, strings.Replace(form, ".*", "*", 1)), false
		}
		for _, n := range names {
			for _, suffix := range suffixes {
				patterns = append(patterns, strings.Replace(form, ".*", n+suffix, 1))
			}
		}
	}
	if len(patterns) == 0 {
		return []string{serviceWide(prefix)}, false
	}
	return patterns, fixed
}
