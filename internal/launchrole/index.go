// Package launchrole derives from a template what its launch role must be allowed: the exact actions that the handlers of
// its resource types say they call, on the narrowest resources that AWS lets a policy name, and of IAM only what cannot lead to
// more rights.
//
// The handlers' permissions come from the registry index that the toolbox extracts from cfn-lint's schemas. They are an upper bound
// asserted by the schema, not a minimum proved on AWS. What each action acts on comes from the Service Authorization Reference, which
// cfn-lint carries too (resources.go); which names those resources will have comes from the template (names.go). What a template
// could use to gain rights (users, keys, custom resources, role names that could be anybody's) becomes a finding (identity.go).
// proof_test.go launches every product of the catalog with its role in the emulator, and tries what happens without each action.
// The package is pure: no process, no network. Start at Index.Permissions.
package launchrole

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Index says per resource type which IAM actions each of its handlers calls, and per service what each action acts on.
type Index struct {
	Source   string                         `json:"source"`   // for example "cfn-lint 1.58.0"
	Types    map[string]map[string][]string `json:"types"`    // type -> handler (create, read, update, delete, list) -> actions
	Services map[string]Service             `json:"services"` // by IAM prefix; from the Service Authorization Reference
}

// Service is what IAM knows of a service.
type Service struct {
	Actions map[string][]string `json:"actions"` // action in lower case -> kinds of resources that it takes; none: it takes "*" only
	Kinds   map[string][]string `json:"kinds"`   // kind in lower case -> forms of its ARN, with ${Account} and such, and .* for a name or id
}

// handlers are those that CloudFormation runs for a stack; the list handler serves resource explorers only.
var handlers = []string{"create", "read", "update", "delete"}

// ReadIndex loads registry.json.
func ReadIndex(path string) (*Index, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the registry index: %w: run make tools", err)
	}
	var index Index
	if err := json.Unmarshal(body, &index); err != nil {
		return nil, fmt.Errorf("read the registry index %s: %w: run make tools", path, err)
	}
	if len(index.Types) == 0 {
		return nil, fmt.Errorf("read the registry index %s: holds no types: run make tools", path)
	}
	if len(index.Services) == 0 {
		return nil, fmt.Errorf("read the registry index %s: holds no services, so it is of an older fleet: run make tools", path)
	}
	return &index, nil
}

// beside is what AWS asks of whoever enables a service although the registry's schema of its type leaves it out: the right to make the
// service's own role, once in an account. Source: Macie User Guide, "AWS managed policies" ("a principal must be allowed to create the
// Macie service-linked role in order to enable Macie"); Security Hub User Guide, "Service-linked roles for Security Hub CSPM".
var beside = map[string][]string{
	"AWS::Macie::Session":   {"iam:CreateServiceLinkedRole"},
	"AWS::SecurityHub::Hub": {"iam:CreateServiceLinkedRole"},
}

// actions are what the handlers of a type call, in canonical spelling, without those that no policy can name.
func (i *Index) actions(name string) []string {
	all := slices.Clone(beside[name])
	for _, handler := range handlers {
		for _, action := range i.Types[name][handler] {
			service, operation, ok := strings.Cut(action, ":")
			if !ok || operation == "" || strings.ContainsAny(operation, ". ") || operation != "*" && strings.HasPrefix(operation, "*") {
				continue // the schemas hold a few that are no IAM actions, such as s3:REST.PUT.OBJECT
			}
			all = append(all, strings.ToLower(service)+":"+strings.ToUpper(operation[:1])+operation[1:])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// called are the services whose actions the handlers of a type call.
func (i *Index) called(name string) []string {
	var services []string
	for _, action := range i.actions(name) {
		service, _, _ := strings.Cut(action, ":")
		services = append(services, service)
	}
	return unique(services)
}

// prefix is the IAM prefix of a type's service: the one that most handlers of its sibling types call.
func (i *Index) prefix(name string) string {
	segment := strings.Split(name, "::")[1]
	count := map[string]int{}
	for sibling := range i.Types {
		if !strings.HasPrefix(sibling, "AWS::"+segment+"::") {
			continue
		}
		for _, action := range i.actions(sibling) {
			service, _, _ := strings.Cut(action, ":")
			count[service]++
		}
	}
	best := strings.ToLower(segment)
	for _, service := range sorted(count) {
		if count[service] > count[best] {
			best = service
		}
	}
	return best
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
