package features

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/gate/resolve"
)

const roleType = "AWS::IAM::Role"

func (s *scenario) role(id string) (resolve.Resource, error) {
	r, err := s.resource(id)
	if err == nil && r.Type != roleType {
		err = fmt.Errorf("%s is a %s, not a role", id, r.Type)
	}
	return r, err
}

func stepBoundary(s *scenario, optional string) error {
	return s.each(roleType, optional, func(r resolve.Resource) error {
		want := fmt.Sprintf(":iam::%s:policy/%s", s.accountID(), s.settings.Boundary())
		text, known := resolve.Text(r.Properties["PermissionsBoundary"])
		if !known || !strings.HasSuffix(text, want) {
			return fmt.Errorf("%s: PermissionsBoundary is %s: set it to !Sub \"arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/%s\"",
				r.LogicalID, show(r.Properties["PermissionsBoundary"]), s.settings.Boundary())
		}
		return nil
	})
}

func (s *scenario) accountID() string {
	if s.account != "" {
		return s.account
	}
	return s.settings.Accounts.Test
}

func stepTrust(s *scenario, id, principal string) error {
	r, err := s.role(id)
	if err != nil {
		return err
	}
	trusted := 0
	for _, st := range statements(r.Properties["AssumeRolePolicyDocument"]) {
		if st.effect == "Deny" {
			continue
		}
		if len(st.principals) == 0 {
			return fmt.Errorf("%s: a trust statement names no principal, or uses NotPrincipal", id)
		}
		for _, p := range st.principals {
			_, name, found := strings.Cut(p, ":")
			if !found {
				name = p
			}
			if name != principal {
				return fmt.Errorf("%s may be assumed by %s", id, p)
			}
			trusted++
		}
	}
	if trusted == 0 {
		return fmt.Errorf("%s may be assumed by nobody", id)
	}
	return nil
}

func stepAttaches(s *scenario, id, name string) error {
	r, err := s.role(id)
	if err != nil {
		return err
	}
	found := false
	for _, arn := range permissionsOf(s.resolved, r).unseen {
		if name != "" && strings.HasSuffix(arn, ":iam::aws:policy/"+name) {
			found = true
			continue
		}
		return fmt.Errorf("%s attaches %s", id, arn)
	}
	if name != "" && !found {
		return fmt.Errorf("%s does not attach the managed policy %s", id, name)
	}
	return nil
}

func stepCan(s *scenario, id, action string) error {
	r, err := s.role(id)
	if err != nil {
		return err
	}
	for _, st := range permissionsOf(s.resolved, r).allowing(action) {
		if len(st.notActions) > 0 || slices.ContainsFunc(st.actions, func(a string) bool { return contains(a, strings.ToLower(action)) }) {
			return nil
		}
	}
	return fmt.Errorf("%s: no statement of the template allows %s", id, action)
}

func stepCannot(s *scenario, id, leaveAside, action string) error {
	r, err := s.role(id)
	if err != nil {
		return err
	}
	p := permissionsOf(s.resolved, r)
	if err := p.unseenBy(id, leaveAside, action); err != nil {
		return err
	}
	if allowing := p.allowing(action); len(allowing) > 0 {
		return fmt.Errorf("%s: a statement allows %s on %s", id, strings.Join(allowing[0].verbs(), ", "), objects(allowing[0]))
	}
	return nil
}

func stepCannotOutside(s *scenario, id, leaveAside, action string) error {
	r, err := s.role(id)
	if err != nil {
		return err
	}
	p := permissionsOf(s.resolved, r)
	if err := p.unseenBy(id, leaveAside, action); err != nil {
		return err
	}
	for _, st := range p.allowing(action) {
		if outside, ok := st.within(); !ok {
			return fmt.Errorf("%s: a statement allows %s on %s, which is not a resource of this template", id, strings.Join(st.verbs(), ", "), outside)
		}
	}
	return nil
}

func stepNoRoleCan(s *scenario, leaveAside, action string) error {
	err := s.each(roleType, ifAny, func(r resolve.Resource) error { return stepCannot(s, r.LogicalID, leaveAside, action) })
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(s.resolved.Resources)) {
		r := s.resolved.Resources[id]
		if r.Type != "AWS::IAM::Policy" && r.Type != "AWS::IAM::ManagedPolicy" && r.Type != "AWS::IAM::RolePolicy" {
			continue
		}
		alone := permissions{statements: statements(r.Properties["PolicyDocument"])}
		if allowing := alone.allowing(action); len(allowing) > 0 {
			return fmt.Errorf("%s: a statement allows %s on %s", id, strings.Join(allowing[0].verbs(), ", "), objects(allowing[0]))
		}
	}
	return nil
}

// unseenBy refuses to judge a role by half of its permissions.
func (p permissions) unseenBy(id, leaveAside, action string) error {
	if leaveAside != "" || len(p.unseen) == 0 {
		return nil
	}
	return fmt.Errorf("%s attaches %s, and what it allows is not in the template: whether it includes %s cannot be seen; say \"..., managed policies aside, ...\" to judge the rest",
		id, strings.Join(p.unseen, ", "), action)
}

func (s statement) verbs() []string {
	if len(s.notActions) > 0 {
		return []string{"everything but " + strings.Join(s.notActions, ", ")}
	}
	return s.actions
}

func objects(s statement) string {
	words := make([]string, len(s.resources))
	for i, r := range s.resources {
		words[i] = strings.Trim(show(r), `"`)
	}
	if s.notResource {
		return "everything but what NotResource names"
	}
	return strings.Join(words, ", ")
}
