package iam

import (
	"fmt"
	"slices"
	"strings"

	"accountfleet/internal/finding"
)

// manyPaths is how many ways to one holder's policies are named; of more, a policy that allows nearly everything, one finding tells.
const manyPaths = 6

// holder is who has policies: a role, group, user or permission set, or a managed policy that waits to be attached.
type holder struct {
	id       string
	names    []string // what stands for it in a policy's Resource: ${Role.Arn}, role/name
	policies []policy
	boundary []policy // nil where there is none in the template
	harmless bool     // an AWS managed policy that only reads bounds it
}

// attachments say which property of a policy's resource names its holders.
var attachments = map[string][]string{
	"AWS::IAM::Policy": {"Roles", "Groups", "Users"}, "AWS::IAM::ManagedPolicy": {"Roles", "Groups", "Users"},
	"AWS::IAM::RolePolicy": {"RoleName"}, "AWS::IAM::GroupPolicy": {"GroupName"}, "AWS::IAM::UserPolicy": {"UserName"},
}

// readers are AWS managed policies that hold no way to more. Source: AWS Managed Policy Reference.
var readers = []string{"/ReadOnlyAccess", "/SecurityAudit", "/job-function/ViewOnlyAccess"}

// holders of a template's policies.
func (c *collector) holders() []holder {
	var found []holder
	attached := map[string]bool{}
	for _, id := range sorted(c.properties) {
		properties, _ := c.properties[id].(map[string]any)
		typ, names := c.types[id], []string{"${" + id + ".Arn}"}
		switch typ {
		case "AWS::IAM::Role", "AWS::IAM::Group", "AWS::IAM::User", "AWS::SSO::PermissionSet":
		default:
			continue
		}
		h := holder{id: id, policies: c.identities(id)}
		own := []string{"${" + id + "}"}
		for _, property := range []string{"RoleName", "GroupName", "UserName"} {
			for _, name := range texts(properties[property]) {
				own = append(own, name)
				names = append(names, strings.ToLower(strings.TrimSuffix(property, "Name"))+"/"+name)
			}
		}
		h.names = append(names, strings.ToLower(typ[len("AWS::IAM::"):])+"/${"+id+"}")
		for _, other := range sorted(c.properties) {
			if !c.attaches(other, own) && !slices.Contains(texts(properties["ManagedPolicyArns"]), "${"+other+"}") {
				continue
			}
			attached[other] = true
			h.names = append(h.names, "${"+other+"}")
			h.policies = append(h.policies, c.identities(other)...)
		}
		c.bound(&h, properties["PermissionsBoundary"])
		found = append(found, h)
	}
	for _, id := range sorted(c.properties) {
		if _, isPolicy := attachments[c.types[id]]; isPolicy && !attached[id] {
			found = append(found, holder{id: id, names: []string{"${" + id + "}"}, policies: c.identities(id)})
		}
	}
	return found
}

// identities are the policies of a resource that say what an identity may do.
func (c *collector) identities(id string) []policy {
	var found []policy
	for _, p := range c.policies {
		if p.resource == id && p.kind == identity {
			found = append(found, p)
		}
	}
	return found
}

func (c *collector) attaches(id string, own []string) bool {
	properties, _ := c.properties[id].(map[string]any)
	for _, property := range attachments[c.types[id]] {
		for _, name := range texts(properties[property]) {
			if slices.Contains(own, name) {
				return true
			}
		}
	}
	return false
}

// bound reads the boundary of a holder. The fleet's own is not in templates, and is no excuse: it allows what any product may need.
func (c *collector) bound(h *holder, boundary any) {
	if m, ok := boundary.(map[string]any); ok {
		boundary = m["ManagedPolicyArn"]
	}
	for _, arn := range texts(boundary) {
		id := strings.TrimSuffix(strings.TrimPrefix(arn, "${"), "}")
		if found := c.identities(id); len(found) > 0 && arn == "${"+id+"}" {
			h.boundary = found
		}
		h.harmless = slices.ContainsFunc(readers, func(name string) bool { return strings.HasSuffix(arn, ":iam::aws:policy"+name) })
	}
}

// escalations are the findings about ways to more privileges that a template gives.
func (c *collector) escalations() []finding.Finding {
	var findings []finding.Finding
	for _, h := range c.holders() {
		if h.harmless {
			continue
		}
		var own []finding.Finding
		for _, way := range paths {
			if f, ok := h.follows(way); ok {
				own = append(own, f)
			}
		}
		if len(own) > manyPaths {
			f := own[0]
			f.Rule, f.Message = Prefix+"ESCALATES_BY_MANY", fmt.Sprintf("%d ways lead from these permissions to any other, the first of them: %s", len(own), f.Message)
			f.Cure = "name the actions that are needed, and the roles, policies and functions that they act on"
			f.Fingerprint = finding.Identify(f)
			own = []finding.Finding{f}
		}
		findings = append(findings, own...)
	}
	return findings
}

// follows says whether the holder's policies together allow a path.
func (h holder) follows(way path) (finding.Finding, bool) {
	var at policy
	var by statement
	for i, action := range way.actions {
		p, st, ok := h.grants(action, way, i == 0)
		if !ok {
			return finding.Finding{}, false
		}
		if i == 0 {
			at, by = p, st
		}
	}
	message := fmt.Sprintf("%s: whoever has these permissions %s", strings.Join(way.actions, " + "), way.does)
	cure := "name what " + way.actions[0] + " may act on under Resource, or demand a tag or the boundary under Condition"
	if way.service != "" {
		cure = "name the roles under Resource of iam:PassRole, and the service under Condition iam:PassedToService, without " + way.service
	}
	needle := by.pattern(strings.ToLower(way.actions[0]))
	return at.finding(way.rule(), at.place(by.index, needle), message, cure), true
}

// grants finds a statement that allows an action without a limit. Where the action is the one that a path turns on, it must also be
// allowed on more than what is named.
func (h holder) grants(action string, way path, turning bool) (policy, statement, bool) {
	lower := strings.ToLower(action)
	if h.boundary != nil && !slices.ContainsFunc(h.boundary, func(p policy) bool { return allows(p, lower) }) {
		return policy{}, statement{}, false
	}
	for _, p := range h.policies {
		for _, st := range statementsOf(p.body) {
			if st.effect != "Allow" || !st.matches(lower) || h.denies(lower, st) {
				continue
			}
			if turning && (limited(st, lower, way) || !h.reaches(st, lower)) {
				continue
			}
			return p, st, true
		}
	}
	return policy{}, statement{}, false
}

func allows(p policy, action string) bool {
	return slices.ContainsFunc(statementsOf(p.body), func(st statement) bool { return st.effect == "Allow" && st.matches(action) })
}

// pattern is the text of the statement that stands for an action.
func (s statement) pattern(action string) string {
	for _, a := range s.actions {
		if glob(a, action) {
			return a
		}
	}
	return "NotAction"
}

// denies says whether the holder is denied the action on everything that a statement allows, or unless there is a boundary.
func (h holder) denies(action string, allowed statement) bool {
	for _, p := range slices.Concat(h.policies, h.boundary) {
		for _, st := range statementsOf(p.body) {
			if st.effect != "Deny" || !st.matches(action) || !covers(st, allowed) {
				continue
			}
			if len(st.conditions) == 0 || demandsBoundary(st.conditions) {
				return true
			}
		}
	}
	return false
}

// covers says whether a denial is about all that a statement allows.
func covers(denial, allowed statement) bool {
	if len(denial.notResources) > 0 {
		return !slices.ContainsFunc(denial.notResources, wide) // all but what is named
	}
	if len(allowed.notResources) > 0 || len(allowed.resources) == 0 {
		return slices.Contains(denial.resources, "*")
	}
	return !slices.ContainsFunc(allowed.resources, func(r string) bool {
		return !slices.ContainsFunc(denial.resources, func(d string) bool { return glob(d, r) })
	})
}

// demandsBoundary says whether a denial is lifted for roles with a certain boundary only.
func demandsBoundary(conditions []condition) bool {
	return len(conditions) == 1 && conditions[0].key == "iam:permissionsboundary" && strings.Contains(conditions[0].operator, "not")
}

// limited says whether conditions of a statement take a path away.
func limited(st statement, action string, way path) bool {
	return slices.ContainsFunc(st.conditions, func(c condition) bool {
		if !c.demands() {
			return false
		}
		switch {
		case c.key == "iam:passedtoservice":
			return action == "iam:passrole" && !slices.ContainsFunc(c.values, func(v string) bool { return glob(hole.ReplaceAllString(v, "*"), way.service) })
		case c.key == "iam:permissionsboundary", c.key == "iam:associatedresourcearn":
			return !slices.ContainsFunc(c.values, wide)
		case c.key == "iam:policyarn":
			return !slices.ContainsFunc(c.values, func(v string) bool { return wide(v) || strings.HasSuffix(v, "/AdministratorAccess") })
		case strings.Contains(c.key, "resourcetag/"), strings.HasPrefix(c.key, "aws:calledvia"):
			return true
		}
		return false
	})
}

// reaches says whether a statement lets the holder act on what it was not written for: on things that are not named, or on itself.
func (h holder) reaches(st statement, action string) bool {
	if len(st.resources) == 0 || slices.ContainsFunc(st.resources, wide) {
		return true
	}
	if !strings.HasPrefix(action, "iam:") || action == "iam:passrole" || action == "iam:updateassumerolepolicy" {
		return false
	}
	return slices.ContainsFunc(st.resources, func(r string) bool {
		return slices.ContainsFunc(h.names, func(name string) bool { return r == name || strings.HasSuffix(r, ":"+name) })
	})
}

// wide says whether an ARN is a pattern for things of any name: *, role/*, function:*. One with a path or the start of a name is not.
func wide(arn string) bool {
	parts := segments(arn)
	if len(parts) < 6 {
		return strings.ContainsAny(hole.ReplaceAllString(arn, ""), "*?")
	}
	id := parts[5]
	if at := strings.IndexAny(id, "/:"); at >= 0 && !strings.ContainsAny(id[:at], "*?") {
		id = id[at+1:]
	}
	return strings.HasPrefix(id, "*") || strings.HasPrefix(id, "?")
}
