package features

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"accountfleet/internal/gate/resolve"
)

const policyType = "AWS::Organizations::Policy"

// quotas are the most characters of each policy type's content. Source: AWS Organizations User Guide, "Quotas for AWS Organizations",
// maximum size of a policy document.
var quotas = map[string]int{
	"SERVICE_CONTROL_POLICY": 10240, "RESOURCE_CONTROL_POLICY": 5120, "DECLARATIVE_POLICY_EC2": 10000, "BACKUP_POLICY": 10000,
	"CHATBOT_POLICY": 10000, "AISERVICES_OPT_OUT_POLICY": 2500, "TAG_POLICY": 10000, "SECURITYHUB_POLICY": 10000,
}

// organizationPolicy is a policy of the template with its content decoded.
func (s *scenario) organizationPolicy(id string) (resolve.Resource, any, error) {
	r, err := s.resource(id)
	if err != nil {
		return r, nil, err
	}
	if r.Type != policyType {
		return r, nil, fmt.Errorf("%s is a %s, not an organization policy", id, r.Type)
	}
	content, err := decoded(r.Properties["Content"])
	if err != nil {
		return r, nil, fmt.Errorf("%s: Content %w", id, err)
	}
	return r, content, nil
}

// decoded is a policy's content, which a template gives as an object or as JSON text.
func decoded(content any) (any, error) {
	written, isText := resolve.Text(content)
	if !isText {
		if content == nil {
			return nil, fmt.Errorf("is absent")
		}
		return content, nil
	}
	decoder := json.NewDecoder(strings.NewReader(written))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("is no JSON: %v", err)
	}
	return value, nil
}

// stepRequests says what requests of the scenario carry unless a step says otherwise.
func stepRequests(s *scenario, table *godog.Table) error {
	keys, err := rows(table)
	if err != nil {
		return err
	}
	s.carried = keys
	return s.needProduct()
}

// rows reads a table of key and value; a key that comes twice has both values.
func rows(table *godog.Table) (map[string][]string, error) {
	keys := map[string][]string{}
	if table == nil {
		return keys, nil
	}
	for _, row := range table.Rows {
		if len(row.Cells) != 2 {
			return nil, fmt.Errorf("want rows of two cells, | key | value |, got %d", len(row.Cells))
		}
		key, value := strings.ToLower(row.Cells[0].Value), row.Cells[1].Value
		if !strings.Contains(key, ":") {
			return nil, fmt.Errorf("%q is no condition key: want a row such as | aws:RequestedRegion | eu-west-1 |", row.Cells[0].Value)
		}
		if value == absentKey {
			keys[key] = []string{}
		} else {
			keys[key] = append(keys[key], value)
		}
	}
	return keys, nil
}

// requestOf is the request that a step describes.
func (s *scenario) requestOf(action, resource string, table *godog.Table) (request, error) {
	own, err := rows(table)
	if err != nil {
		return request{}, err
	}
	if !strings.Contains(action, ":") || strings.ContainsAny(action, "*?") {
		return request{}, fmt.Errorf("want one action, for example s3:GetObject, got %q", action)
	}
	r := request{action: action, resource: resource, keys: map[string][]string{}}
	for key, values := range s.carried {
		r.keys[key] = values
	}
	for key, values := range own {
		r.keys[key] = values
	}
	return r, nil
}

// judge asks one policy, which must be of a kind that denies.
func (s *scenario) judge(id, action, resource string, table *godog.Table) (bool, string, error) {
	policy, content, err := s.organizationPolicy(id)
	if err != nil {
		return false, "", err
	}
	kind, _ := resolve.Text(policy.Properties["Type"])
	if kind != "SERVICE_CONTROL_POLICY" && kind != "RESOURCE_CONTROL_POLICY" {
		return false, "", fmt.Errorf("%s is a %s, which allows and denies nothing", id, kind)
	}
	r, err := s.requestOf(action, resource, table)
	if err != nil {
		return false, "", err
	}
	denies, why, err := denied(content, r)
	if err != nil {
		return false, "", fmt.Errorf("%s: %w", id, err)
	}
	return denies, why, nil
}

func stepDenies(s *scenario, id, action, resource string) error {
	return stepDeniesWhen(s, id, action, resource, nil)
}

func stepDeniesWhen(s *scenario, id, action, resource string, table *godog.Table) error {
	denies, _, err := s.judge(id, action, resource, table)
	if err == nil && !denies {
		err = fmt.Errorf("%s: no statement denies %s on %s", id, action, resource)
	}
	return err
}

func stepAllows(s *scenario, id, action, resource string) error {
	return stepAllowsWhen(s, id, action, resource, nil)
}

func stepAllowsWhen(s *scenario, id, action, resource string, table *godog.Table) error {
	denies, why, err := s.judge(id, action, resource, table)
	if err == nil && denies {
		err = fmt.Errorf("%s: %s denies %s on %s", id, why, action, resource)
	}
	return err
}

func stepNoneDenies(s *scenario, action, resource string) error {
	return stepNoneDeniesWhen(s, action, resource, nil)
}

func stepNoneDeniesWhen(s *scenario, action, resource string, table *godog.Table) error {
	t, err := s.template()
	if err != nil {
		return err
	}
	asked := 0
	for _, policy := range t.OfType(policyType) {
		kind, _ := resolve.Text(policy.Properties["Type"])
		if kind != "SERVICE_CONTROL_POLICY" && kind != "RESOURCE_CONTROL_POLICY" {
			continue
		}
		asked++
		if err := stepAllowsWhen(s, policy.LogicalID, action, resource, table); err != nil {
			return err
		}
	}
	if asked == 0 {
		return fmt.Errorf("there is no policy that could deny: a demand on nothing proves nothing")
	}
	return nil
}

func stepSays(s *scenario, id, path, want string) error {
	_, content, err := s.organizationPolicy(id)
	if err != nil {
		return err
	}
	return propertyEquals(resolve.Resource{LogicalID: id, Properties: map[string]any{"Content": content}}, "Content."+path, want)
}

func stepSaysNothing(s *scenario, id, path string) error {
	_, content, err := s.organizationPolicy(id)
	if err != nil {
		return err
	}
	values := lookup(content, path)
	if i := slices.IndexFunc(values, func(v any) bool { return v != nil }); i >= 0 {
		return fmt.Errorf("%s: %s is %s", id, path, show(values[i]))
	}
	return nil
}

func stepFitsQuota(s *scenario, id string) error {
	policy, content, err := s.organizationPolicy(id)
	if err != nil {
		return err
	}
	kind, _ := resolve.Text(policy.Properties["Type"])
	limit, known := quotas[kind]
	if !known {
		return fmt.Errorf("%s: the quota of %s is not known here", id, kind)
	}
	if refs := resolve.Refs(content); len(refs) > 0 {
		return fmt.Errorf("%s: its size depends on %s, known only after a deployment", id, strings.Join(refs, ", "))
	}
	written, isText := resolve.Text(policy.Properties["Content"])
	if !isText {
		body, err := json.Marshal(content)
		if err != nil {
			return fmt.Errorf("%s: Content has no JSON form: %w", id, err)
		}
		written = string(body)
	}
	if size := len([]rune(written)); size > limit {
		return fmt.Errorf("%s has %d characters, more than the %d of a %s", id, size, limit, kind)
	}
	return nil
}
