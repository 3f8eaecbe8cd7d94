package dossier

import (
	"encoding/json"
	"slices"
	"strings"

	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
)

// Grant is a group of permissions that a launch role gains or loses: actions of one service on the same resources and conditions.
type Grant struct {
	Service    string
	Actions    []string
	Resources  []string
	Conditions []string // "StringEquals iam:PassedToService = config.amazonaws.com"
	Writes     bool     // it changes identities: an iam action that is more than reading
}

// grants compares the launch role of a product before and after; either may be nil.
func grants(before, after *ledger.Product) (gained, lost []Grant) {
	was, will := flatten(before), flatten(after)
	return group(will, was), group(was, will)
}

// single is one action on some resources under some conditions.
type single struct {
	action    string
	resources string // JSON list
	condition string // JSON list
}

func flatten(p *ledger.Product) map[single]bool {
	flat := map[single]bool{}
	if p == nil {
		return flat
	}
	for _, permission := range plan.LaunchPermissions(*p) {
		resources := slices.Sorted(slices.Values(permission.Resources))
		var conditions []string
		for operator, pairs := range permission.Conditions {
			for key, value := range pairs {
				conditions = append(conditions, operator+" "+key+" = "+value)
			}
		}
		slices.Sort(conditions)
		for _, action := range permission.Actions {
			flat[single{action, list(resources), list(conditions)}] = true
		}
	}
	return flat
}

// group is what of some is not in others, by service, resources and conditions.
func group(some, others map[single]bool) []Grant {
	type key struct{ service, resources, condition string }
	groups := map[key][]string{}
	for one := range some {
		if !others[one] {
			service, _, _ := strings.Cut(one.action, ":")
			k := key{service, one.resources, one.condition}
			groups[k] = append(groups[k], one.action)
		}
	}
	var result []Grant
	for k, actions := range groups {
		slices.Sort(actions)
		g := Grant{Service: k.service, Actions: actions, Resources: unlist(k.resources), Conditions: unlist(k.condition)}
		g.Writes = k.service == "iam" && slices.ContainsFunc(actions, writesIdentity)
		result = append(result, g)
	}
	slices.SortFunc(result, func(a, b Grant) int {
		if c := strings.Compare(a.Service, b.Service); c != 0 {
			return c
		}
		return strings.Compare(a.Actions[0], b.Actions[0])
	})
	return result
}

// writesIdentity says whether an iam action does more than read, pass a role or create a service's own role.
func writesIdentity(action string) bool {
	operation, ok := strings.CutPrefix(action, "iam:")
	return ok && !strings.HasPrefix(operation, "Get") && !strings.HasPrefix(operation, "List") && operation != "PassRole" &&
		!strings.Contains(operation, "ServiceLinkedRole")
}

func list(values []string) string {
	body, err := json.Marshal(values)
	if err != nil {
		panic("dossier: a list of strings has no JSON form: " + err.Error()) // it always has
	}
	return string(body)
}

func unlist(text string) []string {
	var values []string
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		panic("dossier: " + text + " was made by list: " + err.Error())
	}
	return values
}
