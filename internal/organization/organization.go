// Package organization prepares an AWS organization for the fleet: what `fleet org-prepare` does, once, as an administrator of the
// management account, because no CloudFormation type can do it.
//
// Want says what the catalog needs, Inspect what an organization has, Plan which steps lead from one to the other (pure, tested without
// AWS), and Apply takes them. A step that was taken is not planned again, so the command may be run at any time, and after a failure it
// goes on where it stopped. Nothing is ever switched off. Start at Want and Plan.
package organization

import (
	"fmt"
	"slices"
	"strings"

	"accountfleet/internal/config"
)

// Wanted is what an organization must have.
type Wanted struct {
	Services    []string // service principals with trusted access
	PolicyTypes []string // organization policy types, enabled in the root
	Delegates   []Delegate
}

// Delegate makes an account administrator of a service for the whole organization.
type Delegate struct {
	Account string
	Service string // service principal
}

// Present is what an organization has.
type Present struct {
	ID             string
	Root           string
	Management     string
	AllFeatures    bool     // false: consolidated billing only, and no policy works
	Services       []string // service principals with trusted access
	PolicyTypes    []string // enabled, or about to be
	Delegates      []Delegate
	ServiceCatalog bool // Service Catalog may share with units
	StackSets      bool // StackSets may deploy to units
}

// Kind is what a step does, by the API call that does it.
type Kind string

// The kinds of steps, in the order in which they are taken: a delegate needs trusted access, and some policy types do.
const (
	TrustService        Kind = "organizations:EnableAWSServiceAccess"
	ShareServiceCatalog Kind = "servicecatalog:EnableAWSOrganizationsAccess"
	ActivateStackSets   Kind = "cloudformation:ActivateOrganizationsAccess"
	ShareResources      Kind = "ram:EnableSharingWithAwsOrganization"
	EnablePolicyType    Kind = "organizations:EnablePolicyType"
	RegisterDelegate    Kind = "organizations:RegisterDelegatedAdministrator"
)

// Step is one change.
type Step struct {
	Kind    Kind
	Subject string // service principal or policy type; empty where the kind says it all
	Account string // of a delegate
}

// String is the step for people, with the call that takes it.
func (s Step) String() string {
	what := map[Kind]string{
		TrustService:        "let " + s.Subject + " work in all accounts",
		ShareServiceCatalog: "let Service Catalog share portfolios with organizational units",
		ActivateStackSets:   "let StackSets deploy to organizational units",
		ShareResources:      "let Resource Access Manager share within the organization",
		EnablePolicyType:    "enable policies of type " + s.Subject,
		RegisterDelegate:    "make account " + s.Account + " administrator of " + s.Subject,
	}[s.Kind]
	return fmt.Sprintf("%s (%s)", what, s.Kind)
}

// Principals of the three services that have a switch of their own, which also prepares the service itself.
const (
	serviceCatalog = "servicecatalog.amazonaws.com"
	stackSets      = "member.org.stacksets.cloudformation.amazonaws.com"
	resourceAccess = "ram.amazonaws.com"
)

// trusted are the services that shared services of the catalog use in a whole organization.
// Source: AWS Organizations User Guide, "AWS services that you can use with AWS Organizations".
var trusted = []string{
	"access-analyzer.amazonaws.com", "account.amazonaws.com", "backup.amazonaws.com", "cloudtrail.amazonaws.com", "config.amazonaws.com",
	"config-multiaccountsetup.amazonaws.com", "controltower.amazonaws.com", "detective.amazonaws.com", "ec2.amazonaws.com",
	"guardduty.amazonaws.com", "inspector2.amazonaws.com", "macie.amazonaws.com", "malware-protection.guardduty.amazonaws.com",
	resourceAccess, "securityhub.amazonaws.com", serviceCatalog, "sso.amazonaws.com", stackSets, "tagpolicies.tag.amazonaws.com",
}

// policyTypes are those of the catalog's organization policies. Source: Organizations API reference, EnablePolicyType.
var policyTypes = []string{
	"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY", "BACKUP_POLICY", "AISERVICES_OPT_OUT_POLICY",
	"DECLARATIVE_POLICY_EC2", "INSPECTOR_POLICY", "S3_POLICY", "SECURITYHUB_POLICY",
}

// security are the services that an account of the security team may administer. The others of the catalog (GuardDuty, Security Hub,
// Macie, Inspector, Detective) are delegated by calls or types of their own, which also enable the service there.
// Source: the same page of the User Guide, column "Supports delegated administrator".
var security = []string{
	"access-analyzer.amazonaws.com", "config.amazonaws.com", "config-multiaccountsetup.amazonaws.com",
}

// Want is what the organization of the caller's account must have: all that the catalog uses and, in the real one, administrators.
// The account is the management account of fleet.yaml, or the test or gamma account if these have sandbox organizations.
func Want(s *config.Settings, account, securityAccount string) (Wanted, error) {
	wanted := Wanted{Services: slices.Clone(trusted), PolicyTypes: slices.Clone(policyTypes)}
	sandbox := s.SandboxOrganization && (account == s.Accounts.Test || account == s.Accounts.Gamma)
	switch {
	case account == s.Accounts.Management:
	case sandbox && securityAccount != "":
		return Wanted{}, fmt.Errorf("account %s has a sandbox organization with nothing else in it: leave --security-account out", account)
	case sandbox:
		return wanted, nil
	case s.Accounts.Management == "":
		return Wanted{}, fmt.Errorf("fleet.yaml names no management account: write accounts.management, and run this as its administrator")
	default:
		return Wanted{}, fmt.Errorf("credentials belong to account %s, which is not the management account %s of fleet.yaml: choose another profile",
			account, s.Accounts.Management)
	}
	if s.Accounts.Catalog != account { // a management account needs no delegation, and AWS refuses one
		wanted.Delegates = append(wanted.Delegates, Delegate{s.Accounts.Catalog, serviceCatalog}, Delegate{s.Accounts.Catalog, stackSets})
	}
	if securityAccount == account {
		return Wanted{}, fmt.Errorf("the management account %s cannot be a delegated administrator: name another --security-account", account)
	}
	if securityAccount != "" {
		for _, service := range security {
			wanted.Delegates = append(wanted.Delegates, Delegate{securityAccount, service})
		}
	}
	return wanted, nil
}

// Plan is what must change, in the order in which it can. It refuses an organization that nothing can be enabled in.
func Plan(w Wanted, p Present, caller string) ([]Step, error) {
	if p.Management != caller {
		return nil, fmt.Errorf("account %s is a member of organization %s, whose management account is %s: run this as an administrator of %s",
			caller, p.ID, p.Management, p.Management)
	}
	if !p.AllFeatures {
		return nil, fmt.Errorf("organization %s has the features of consolidated billing only: run aws organizations enable-all-features, and have the accounts agree", p.ID)
	}
	var steps []Step
	for _, service := range w.Services {
		if step, missing := trust(service, p); missing {
			steps = append(steps, step)
		}
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return own(a) - own(b) })
	for _, name := range w.PolicyTypes {
		if !slices.Contains(p.PolicyTypes, name) {
			steps = append(steps, Step{Kind: EnablePolicyType, Subject: name})
		}
	}
	for _, d := range w.Delegates {
		if !slices.Contains(p.Delegates, d) {
			steps = append(steps, Step{Kind: RegisterDelegate, Subject: d.Service, Account: d.Account})
		}
	}
	return steps, nil
}

// trust is the step that gives a service trusted access: its own switch, if it has one.
func trust(service string, p Present) (step Step, missing bool) {
	has := slices.Contains(p.Services, service)
	switch service {
	case serviceCatalog:
		return Step{Kind: ShareServiceCatalog}, !p.ServiceCatalog
	case stackSets:
		return Step{Kind: ActivateStackSets}, !p.StackSets
	case resourceAccess:
		return Step{Kind: ShareResources}, !has
	}
	return Step{Kind: TrustService, Subject: service}, !has
}

// own sorts the services' own switches behind the plain ones.
func own(s Step) int {
	if s.Kind == TrustService {
		return 0
	}
	return 1
}

// Summary counts the steps of each kind, for one line.
func Summary(steps []Step) string {
	var trust, types, delegates, switches int
	for _, s := range steps {
		switch s.Kind {
		case TrustService:
			trust++
		case EnablePolicyType:
			types++
		case RegisterDelegate:
			delegates++
		default:
			switches++
		}
	}
	var parts []string
	for _, p := range []struct {
		count     int
		one, many string
	}{
		{trust, "service trusted", "services trusted"}, {switches, "service switched on", "services switched on"},
		{types, "policy type enabled", "policy types enabled"}, {delegates, "administrator registered", "administrators registered"},
	} {
		switch p.count {
		case 0:
		case 1:
			parts = append(parts, "1 "+p.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", p.count, p.many))
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}
