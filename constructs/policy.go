package constructs

import "slices"

// Statement is one statement of an IAM, trust, bucket, key or topic policy.
type Statement struct {
	Sid        string     // letters and digits, for people and for tests
	Deny       bool       // default Allow
	Principal  any        // resource policies: "*" or {"AWS": ...} or {"Service": ...}; default none
	Actions    []string   //
	Resources  []string   // default none, as trust policies want it
	Conditions Conditions // default none
}

// Conditions are operator -> key -> value, a string or a list of strings.
type Conditions map[string]map[string]any

// Everyone is the principal "*", to be used with conditions or Deny only.
const Everyone = "*"

// Allow is a statement that allows actions on resources.
func Allow(sid string, resources []string, actions ...string) Statement {
	return Statement{Sid: sid, Resources: resources, Actions: actions}
}

// Deny is a statement that denies actions on resources.
func Deny(sid string, resources []string, actions ...string) Statement {
	return Statement{Sid: sid, Deny: true, Resources: resources, Actions: actions}
}

// When is the statement under more conditions.
func (s Statement) When(operator, key string, value any) Statement {
	conditions := Conditions{}
	for op, keys := range s.Conditions {
		conditions[op] = map[string]any{}
		for k, v := range keys {
			conditions[op][k] = v
		}
	}
	if conditions[operator] == nil {
		conditions[operator] = map[string]any{}
	}
	conditions[operator][key] = value
	s.Conditions = conditions
	return s
}

// By is the statement of a resource policy with a principal.
func (s Statement) By(principal any) Statement {
	s.Principal = principal
	return s
}

// Services is a principal of AWS services.
func Services(names ...string) any { return map[string]any{"Service": values(names)} }

// Accounts is a principal of whole accounts, each named once; what they may do is narrowed by conditions and by their own policies.
func Accounts(ids ...string) any {
	roots := make([]string, 0, len(ids))
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		roots = append(roots, "arn:aws:iam::"+id+":root")
	}
	return map[string]any{"AWS": values(roots)}
}

// Document is the policy document of statements, spelt as CloudFormation wants it.
func Document(statements ...Statement) map[string]any {
	list := make([]any, 0, len(statements))
	for _, s := range statements {
		list = append(list, s.document())
	}
	return map[string]any{"Version": "2012-10-17", "Statement": list}
}

func (s Statement) document() map[string]any {
	doc := map[string]any{"Effect": "Allow", "Action": values(s.Actions)}
	if s.Deny {
		doc["Effect"] = "Deny"
	}
	if s.Sid != "" {
		doc["Sid"] = s.Sid
	}
	if s.Principal != nil {
		doc["Principal"] = s.Principal
	}
	if len(s.Resources) > 0 {
		doc["Resource"] = values(s.Resources)
	}
	if len(s.Conditions) > 0 {
		conditions := map[string]any{}
		for operator, keys := range s.Conditions {
			inner := map[string]any{}
			for key, value := range keys {
				if list, ok := value.([]string); ok {
					value = values(list)
				}
				inner[key] = value
			}
			conditions[operator] = inner
		}
		doc["Condition"] = conditions
	}
	return doc
}

// values is one string or a list, as CloudFormation prints them; jsii takes lists of any only.
func values(texts []string) any {
	if len(texts) == 1 {
		return texts[0]
	}
	return list(texts)
}

// list is a list as jsii takes it.
func list(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return all
}
