package rehearsal

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"accountfleet/internal/config"
	"accountfleet/internal/emulator"
)

// member is an account under a parent.
func member(id, parent string) emulator.OrganizationAccount {
	return emulator.OrganizationAccount{ID: id, Parent: parent}
}

func TestOrganizationsAreThoseOfTheSettings(t *testing.T) {
	accounts := config.Accounts{Tools: "1", Test: "2", Gamma: "3", Catalog: "4", Management: "6"}
	shared := []config.Portfolio{
		{ID: "security", Accounts: []string{"5", "6"}},
		{ID: "baseline", Units: []string{"ou-f1ee-workload1", "ou-f1ee-workload2"}, VerifyIn: "7"},
		{ID: "self-service", Units: []string{"ou-f1ee-workload1"}, VerifyIn: "7"},
	}
	units := []emulator.OrganizationUnit{
		{ID: "ou-f1ee-workload1", Name: "ou-f1ee-workload1"}, {ID: "ou-f1ee-workload2", Name: "ou-f1ee-workload2"},
	}
	sandbox := func(account string) emulator.Organization {
		return emulator.Organization{Management: account}
	}
	for _, row := range []struct {
		name     string
		settings config.Settings
		want     []emulator.Organization
	}{
		{"nothing to organize", config.Settings{Accounts: config.Accounts{Tools: "1", Test: "1", Gamma: "1", Catalog: "1"}}, nil},
		{"organization and sandboxes", config.Settings{Organization: "o-1", Accounts: accounts, Portfolios: shared, SandboxOrganization: true},
			[]emulator.Organization{
				{ID: "o-1", Management: "6", Units: units, Accounts: []emulator.OrganizationAccount{member("1", ""), member("4", ""), member("5", ""), member("7", "ou-f1ee-workload1")}},
				sandbox("2"), sandbox("3"),
			}},
		{"no sandboxes", config.Settings{Organization: "o-1", Accounts: accounts}, []emulator.Organization{
			{ID: "o-1", Management: "6", Accounts: []emulator.OrganizationAccount{member("1", ""), member("2", ""), member("3", ""), member("4", "")}},
		}},
		{"one sandbox only", config.Settings{Accounts: config.Accounts{Tools: "1", Test: "2", Gamma: "2", Catalog: "1"}, SandboxOrganization: true},
			[]emulator.Organization{sandbox("2")}},
		{"all in one account", config.Settings{Organization: "o-1", SandboxOrganization: true,
			Accounts: config.Accounts{Tools: "1", Test: "1", Gamma: "1", Catalog: "1", Management: "1"}},
			[]emulator.Organization{{ID: "o-1", Management: "1"}}},
		{"the whole organization", config.Settings{Organization: "o-1", Accounts: config.Accounts{Tools: "1", Test: "1", Gamma: "1", Catalog: "1", Management: "6"},
			Portfolios: []config.Portfolio{{Units: []string{"r-f1ee"}, VerifyIn: "7"}}},
			[]emulator.Organization{{ID: "o-1", Management: "6",
				Units:    []emulator.OrganizationUnit{{ID: "ou-f1ee-rehearsal", Name: "ou-f1ee-rehearsal"}},
				Accounts: []emulator.OrganizationAccount{member("1", ""), member("7", "")}}}},
	} {
		t.Run(row.name, func(t *testing.T) { assert.Equal(t, row.want, organizations(&row.settings)) })
	}
}
