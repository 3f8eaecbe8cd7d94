package dossier

import (
	"encoding/json"
	"slices"
	"strings"

	"accountfleet/internal/bundle"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
)

// Grant is a group of permissions that a launch role gains or loses: actions of one service on the same resources and conditions.
// Those that a launch used stand apart from those that only the registry schema says that a handler may call.
type Grant struct {
	Service    string
	Actions    []string
	Resources  []string
	Conditions []string // "StringEquals iam:PassedToService = config.amazonaws.com"
	Reason     string   // why the resources are not narrower
	Writes     bool     // it changes identities: an iam action that is more than reading
	Exercised  bool     // the launch role used these actions when a consumer launched, updated and terminated the product
}

// grants compares the launch role of a product before and after; either may be nil. used are the actions that the role was seen to use.
func grants(before, after *ledger.Product, used []string) (gained, lost []Grant) {
	was, will := flatten(before), flatten(after)
	return group(will, was, used), group(was, will, nil)
}

// used are the actions that the launch role of a product's candidate used, over all actions of the pipeline that saw it.
func used(p bundle.Product, all []evidence.Evidence) []string {
	var actions []string
	for _, e := range all {
		for _, product := range e.Products {
			if product.ID == p.ID && product.Version == p.Candidate().Version {
				actions = append(actions, product.Used...)
			}
		}
	}
	return actions
}

// single is one action on some resources under some conditions.
type single struct {
	action    string
	resources string // JSON list
	condition string // JSON list
}

// flatten gives every single permission with the reason for its width.
func flatten(p *ledger.Product) map[single]string {
	flat := map[single]string{}
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
			flat[single{action, list(resources), list(conditions)}] = permission.Reason
		}
	}
	return flat
}

// group is what of some is not in others, by service, resources, conditions and proof.
func group(some, others map[single]string, used []string) []Grant {
	type key struct {
		service, resources, condition, reason string
		exercised                             bool
	}
	groups := map[key][]string{}
	for one, reason := range some {
		if _, kept := others[one]; kept {
			continue
		}
		service, _, _ := strings.Cut(one.action, ":")
		k := key{service, one.resources, one.condition, reason, slices.Contains(used, one.action)}
		groups[k] = append(groups[k], one.action)
	}
	var result []Grant
	for k, actions := range groups {
		slices.Sort(actions)
		g := Grant{Service: k.service, Actions: actions, Resources: unlist(k.resources), Conditions: unlist(k.condition), Reason: k.reason, Exercised: k.exercised}
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
