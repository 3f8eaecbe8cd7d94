package rehearsal

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"accountfleet/internal/config"
	"accountfleet/internal/emulator"
	"accountfleet/internal/organization"
)

// organize makes the organizations that fleet.yaml speaks of, as they are before the fleet is installed, and prepares each with the
// code of `fleet org-prepare`. What was done is told as a note.
func (s *Session) organize(ctx context.Context) error {
	settings, err := config.Load(s.options.Settings)
	if err != nil {
		return err
	}
	wanted := organizations(settings)
	if len(wanted) == 0 {
		return nil
	}
	return s.step("organizations", func() error {
		for _, o := range wanted {
			note, err := s.prepareOrganization(ctx, settings, o)
			if err != nil {
				return fmt.Errorf("organization of management account %s: %w", o.Management, err)
			}
			s.notes = append(s.notes, note)
		}
		return nil
	})
}

func (s *Session) prepareOrganization(ctx context.Context, settings *config.Settings, o emulator.Organization) (string, error) {
	made, err := s.emulator.PutOrganization(ctx, o)
	if err != nil {
		return "", err
	}
	wanted, err := organization.Want(settings, o.Management, "")
	if err != nil {
		return "", err
	}
	account := organization.New(s.root(o.Management, settings.Regions.Home).config)
	present, err := account.Inspect(ctx, o.Management, wanted)
	if err != nil {
		return "", err
	}
	steps, err := organization.Plan(wanted, present, o.Management)
	if err != nil {
		return "", err
	}
	if err := account.Apply(ctx, present.Root, steps, func(organization.Step) {}); err != nil {
		return "", err
	}
	kind := "organization"
	if o.Management != settings.Accounts.Management {
		kind = "sandbox organization"
	}
	return fmt.Sprintf("%s prepared: %s of %s: %s", kind, made.ID, o.Management, organization.Summary(steps)), nil
}

// organizations are those of the settings: that of the management account, with every account that the settings name, and one each of
// the test and gamma accounts if these have sandbox organizations. Without a management account there is no organization to share with.
func organizations(s *config.Settings) []emulator.Organization {
	var list []emulator.Organization
	sandboxes := sandboxes(s)
	if s.Accounts.Management != "" {
		list = append(list, members(s, sandboxes))
	}
	for _, account := range sandboxes {
		list = append(list, emulator.Organization{Management: account})
	}
	return list
}

// sandboxes are the accounts with an organization of their own. The management account of the real organization is none of them.
func sandboxes(s *config.Settings) []string {
	if !s.SandboxOrganization {
		return nil
	}
	accounts := []string{s.Accounts.Test, s.Accounts.Gamma}
	slices.Sort(accounts)
	return slices.DeleteFunc(slices.Compact(accounts), func(account string) bool { return account == s.Accounts.Management })
}

// members is the organization of the management account. Units are all below the root, as settings do not say how they are nested.
func members(s *config.Settings, elsewhere []string) emulator.Organization {
	o := emulator.Organization{ID: s.Organization, Management: s.Accounts.Management}
	parents := map[string]string{}
	named := []string{s.Accounts.Tools, s.Accounts.Catalog, s.Accounts.Test, s.Accounts.Gamma}
	for _, p := range s.Portfolios {
		for _, id := range p.Units {
			o.Units = addUnit(o.Units, id)
		}
		if p.VerifyIn != "" && len(p.Units) > 0 && parents[p.VerifyIn] == "" {
			parents[p.VerifyIn] = parentOf(p.Units[0])
		}
		named = append(named, p.Accounts...)
		if p.VerifyIn != "" {
			named = append(named, p.VerifyIn)
		}
	}
	slices.Sort(named)
	for _, id := range slices.Compact(named) {
		if id == "" || id == o.Management || slices.Contains(elsewhere, id) {
			continue
		}
		o.Accounts = append(o.Accounts, emulator.OrganizationAccount{ID: id, Parent: parents[id]})
	}
	return o
}

// addUnit adds a unit once. For a root, whose id the emulator takes from the units', it adds a unit of that root.
func addUnit(units []emulator.OrganizationUnit, id string) []emulator.OrganizationUnit {
	if root, ok := strings.CutPrefix(id, "r-"); ok {
		id = "ou-" + root + "-rehearsal"
	}
	if slices.ContainsFunc(units, func(u emulator.OrganizationUnit) bool { return u.ID == id }) {
		return units
	}
	return append(units, emulator.OrganizationUnit{ID: id, Name: id})
}

// parentOf is the unit as the parent of an account; empty for the root.
func parentOf(unit string) string {
	if strings.HasPrefix(unit, "r-") {
		return ""
	}
	return unit
}
