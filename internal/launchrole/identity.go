package launchrole

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/ledger"
)

// IAM's actions by what makes them harmless. What is in none of these lists is never granted.
var (
	// bounded can be tied to the boundary by iam:PermissionsBoundary. Source: Service Authorization Reference, IAM.
	bounded = []string{
		"AttachRolePolicy", "CreateRole", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy",
	}
	// named has no such condition, and is tied to the names of the product's own roles.
	named    = []string{"DeleteRole", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription"}
	policy   = []string{"CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "TagPolicy", "UntagPolicy"}
	profile  = []string{"AddRoleToInstanceProfile", "CreateInstanceProfile", "DeleteInstanceProfile", "RemoveRoleFromInstanceProfile", "TagInstanceProfile"}
	linked   = []string{"CreateServiceLinkedRole", "DeleteServiceLinkedRole", "GetServiceLinkedRoleDeletionStatus"}
	readable = []string{
		"GetInstanceProfile", "GetPolicy", "GetPolicyVersion", "GetRole", "GetRolePolicy", "ListAttachedRolePolicies",
		"ListEntitiesForPolicy", "ListInstanceProfilesForRole", "ListPolicyVersions", "ListRolePolicies", "ListRoleTags",
	}
)

// identity notes the names of an IAM resource, and says whether its type may be launched at all.
func (d *derivation) identity(id, name string, properties map[string]any) bool {
	kind, _ := strings.CutPrefix(name, "AWS::IAM::")
	switch kind {
	case "Role":
		arn, ok := d.pattern(id, "role", properties["Path"], properties["RoleName"])
		if ok {
			d.roles = append(d.roles, arn)
			d.trust(arn, properties["AssumeRolePolicyDocument"])
		}
		return ok
	case "ManagedPolicy":
		arn, ok := d.pattern(id, "policy", properties["Path"], properties["ManagedPolicyName"])
		if ok {
			d.policies = append(d.policies, arn)
		}
		return ok
	case "InstanceProfile":
		arn, ok := d.pattern(id, "instance-profile", properties["Path"], properties["InstanceProfileName"])
		if ok {
			d.profiles = append(d.profiles, arn)
		}
		return ok
	case "RolePolicy", "ServiceLinkedRole":
		return true
	default:
		d.refuse(id, "IDENTITY", name+" gives people or programs lasting access", "use a role: AWS::IAM::Role")
		return false
	}
}

// pattern is the ARN pattern of an IAM resource's name: exact where the template spells it, SC-* where CloudFormation makes it up.
func (d *derivation) pattern(id, kind string, path, name any) (string, bool) {
	folder, ok := literal(path, "/")
	if !ok || strings.Contains(folder, "*") {
		d.refuse(id, "NAME", "the path is computed, so the launch role would have to cover any path", "write the path out")
		return "", false
	}
	text, ok := literal(name, stacks)
	fixed, _, _ := strings.Cut(text, "*")
	switch {
	case !ok || fixed == "":
		d.refuse(id, "NAME", "the name may be anybody's, so the launch role would have to cover every name",
			"leave the name out, or start it with letters of its own")
		return "", false
	case strings.HasPrefix(fixed, d.fleet.Prefix+"-") || strings.HasPrefix(d.fleet.Prefix+"-", fixed):
		d.refuse(id, "NAME", fmt.Sprintf("the name %q could be one of the fleet's own", text), "choose another name")
		return "", false
	}
	return "arn:aws:iam::*:" + kind + folder + text, true
}

var variable = regexp.MustCompile(`\$\{[^!][^}]*\}`)

// literal is a property as a name pattern: absent, text, or a substitution or join whose variables become *.
func literal(value any, absent string) (string, bool) {
	switch v := value.(type) {
	case nil:
		return absent, true
	case string:
		return v, !strings.ContainsAny(v, "*?")
	case map[string]any:
		if parts, ok := v["Fn::Join"].([]any); ok && len(parts) == 2 {
			return joined(parts[0], parts[1])
		}
		text := v["Fn::Sub"]
		if list, ok := text.([]any); ok && len(list) > 0 {
			text = list[0]
		}
		s, ok := text.(string)
		if !ok || strings.ContainsAny(s, "*?") {
			return "", false
		}
		if rest, found := strings.CutPrefix(s, "${AWS::StackName}"); found {
			return stacks + variable.ReplaceAllString(rest, "*"), true
		}
		return variable.ReplaceAllString(s, "*"), true
	default:
		return "", false
	}
}

// joined is what Fn::Join makes: parts that are not written out become *.
func joined(between, parts any) (string, bool) {
	separator, ok := between.(string)
	var texts []string
	for _, part := range list(parts) {
		text, written := part.(string)
		if ok = ok && !strings.ContainsAny(text, "*?"); !written {
			text = "*"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, separator), ok
}

// trust notes which services a role trusts: it may be passed to these.
func (d *derivation) trust(arn string, document any) {
	doc, _ := document.(map[string]any)
	for _, statement := range list(doc["Statement"]) {
		s, _ := statement.(map[string]any)
		principal, _ := s["Principal"].(map[string]any)
		for _, service := range list(principal["Service"]) {
			if name, ok := principalName(service); ok {
				d.trusted[name] = append(d.trusted[name], arn)
			}
		}
	}
}

// principalName is a service principal as a pattern, for example "logs.*.amazonaws.com".
func principalName(value any) (string, bool) {
	if m, ok := value.(map[string]any); ok {
		sub, _ := m["Fn::Sub"].(string)
		sub = strings.ReplaceAll(sub, "${AWS::URLSuffix}", "amazonaws.com")
		return variable.ReplaceAllString(sub, "*"), sub != ""
	}
	name, ok := value.(string)
	return name, ok
}

func list(value any) []any {
	if many, ok := value.([]any); ok {
		return many
	}
	if value == nil {
		return nil
	}
	return []any{value}
}

// iam are the statements about roles and what belongs to them.
func (d *derivation) iam() []ledger.Permission {
	var statements []ledger.Permission
	roles := d.roles
	if len(roles) == 0 {
		roles = []string{"arn:aws:iam::*:role/" + stacks}
	}
	boundary := map[string]map[string]string{"StringLike": {"iam:PermissionsBoundary": "arn:aws:iam::*:policy/" + d.fleet.Boundary}}
	add := func(sid string, allowed, resources []string, conditions map[string]map[string]string) {
		actions := d.asked(allowed)
		if len(actions) > 0 && len(resources) > 0 {
			statements = append(statements, ledger.Permission{Sid: sid, Actions: actions, Resources: unique(resources), Conditions: conditions})
		}
	}
	add("IamBoundedRoles", bounded, roles, boundary)
	add("IamOwnRoles", named, roles, nil)
	add("IamPolicies", policy, d.policies, nil)
	add("IamInstanceProfiles", profile, d.profiles, nil)
	add("IamServiceLinkedRoles", linked, d.linkedRoles(), nil)
	add("IamRead", readable, d.read(), nil)
	return append(statements, d.pass()...)
}

// read are the kinds that handlers read: roles of others too, because a role that is passed may be anybody's.
func (d *derivation) read() []string {
	var kinds []string
	for _, operation := range readable {
		switch {
		case !slices.Contains(d.wanted, operation):
		case strings.Contains(operation, "InstanceProfile"):
			kinds = append(kinds, "arn:aws:iam::*:instance-profile/*")
			if operation == "ListInstanceProfilesForRole" {
				kinds = append(kinds, "arn:aws:iam::*:role/*")
			}
		case strings.Contains(operation, "Role"):
			kinds = append(kinds, "arn:aws:iam::*:role/*")
		default:
			kinds = append(kinds, "arn:aws:iam::*:policy/*")
		}
	}
	return kinds
}

// principals are services whose principals are not named by their IAM prefix.
var principals = map[string]string{"macie2": "macie"}

// linkedRoles are the roles that services make for themselves: those of the services whose actions the handlers call. A service may
// have several, such as malware-protection.guardduty.amazonaws.com, so a star precedes its prefix. For
// CreateServiceLinkedRole the resource says what the condition iam:AWSServiceName would.
func (d *derivation) linkedRoles() []string {
	var roles []string
	for _, service := range unique(d.linkers) {
		if service != "iam" && service != "sts" {
			roles = append(roles, "arn:aws:iam::*:role/aws-service-role/*"+cmp.Or(principals[service], service)+"*.amazonaws.com/*")
		}
	}
	return roles
}

// asked are those of the allowed actions that some handler calls.
func (d *derivation) asked(allowed []string) []string {
	var actions []string
	for _, operation := range allowed {
		if slices.Contains(d.wanted, operation) {
			actions = append(actions, "iam:"+operation)
		}
	}
	return actions
}

// pass lets each of the template's roles be passed to the services that it trusts. A template without roles is given one by its
// launcher, and may pass it only to the services of the types that take it.
func (d *derivation) pass() []ledger.Permission {
	if len(d.passers) == 0 {
		return nil
	}
	to := d.trusted
	if len(d.roles) == 0 {
		to = map[string][]string{}
		for _, service := range unique(d.passers) {
			to[service+".amazonaws.com"] = []string{"arn:aws:iam::*:role/*"}
		}
	}
	var statements []ledger.Permission
	for _, service := range sorted(to) {
		operator := "StringEquals"
		if strings.Contains(service, "*") {
			operator = "StringLike"
		}
		statements = append(statements, ledger.Permission{
			Sid: "IamPass" + sid(strings.TrimSuffix(service, ".amazonaws.com")), Actions: []string{"iam:PassRole"},
			Resources: unique(to[service]), Conditions: map[string]map[string]string{operator: {"iam:PassedToService": service}},
		})
	}
	return statements
}
