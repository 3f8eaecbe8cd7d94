package organization

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/manifest"
)

var settings = &config.Settings{
	Accounts:            config.Accounts{Test: "222222222222", Gamma: "333333333333", Catalog: "444444444444", Management: "666666666666"},
	SandboxOrganization: true,
}

// bare is an organization in which nothing was prepared.
func bare(management string) Present {
	return Present{ID: "o-exampleorgid", Root: "r-f1ee", Management: management, AllFeatures: true}
}

func TestWantTellsWhoMayPrepare(t *testing.T) {
	noManagement := &config.Settings{Accounts: config.Accounts{Test: "222222222222", Catalog: "444444444444"}}
	atHome := &config.Settings{Accounts: config.Accounts{Catalog: "666666666666", Management: "666666666666"}}
	for _, row := range []struct {
		name, account, security string
		settings                *config.Settings
		delegates               []Delegate
		fault                   string
	}{
		{"management account", "666666666666", "", settings, []Delegate{{"444444444444", serviceCatalog}, {"444444444444", stackSets}}, ""},
		{"security account", "666666666666", "555555555555", atHome, []Delegate{
			{"555555555555", "access-analyzer.amazonaws.com"}, {"555555555555", "config.amazonaws.com"}, {"555555555555", "config-multiaccountsetup.amazonaws.com"},
		}, ""},
		{"catalog in the management account", "666666666666", "", atHome, nil, ""},
		{"sandbox", "222222222222", "", settings, nil, ""},
		{"security account of a sandbox", "222222222222", "555555555555", settings, nil, "leave --security-account out"},
		{"management account as security account", "666666666666", "666666666666", settings, nil, "cannot be a delegated administrator"},
		{"member account", "444444444444", "", settings, nil, "which is not the management account 666666666666"},
		{"test account without a sandbox", "222222222222", "", noManagement, nil, "names no management account"},
	} {
		t.Run(row.name, func(t *testing.T) {
			wanted, err := Want(row.settings, row.account, row.security)
			if row.fault != "" {
				require.ErrorContains(t, err, row.fault)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, row.delegates, wanted.Delegates)
			assert.Contains(t, wanted.Services, "cloudtrail.amazonaws.com")
		})
	}
}

// TestTypesOfTheCatalogsPoliciesAreEnabled holds the list against what the seed attaches.
func TestTypesOfTheCatalogsPoliciesAreEnabled(t *testing.T) {
	s, err := config.Load("../../fleet.yaml")
	require.NoError(t, err)
	catalog, _, err := manifest.Load(t.Context(), manifest.Dir("../../catalog"), s)
	require.NoError(t, err)
	used := map[string]bool{}
	for _, product := range catalog.Products {
		resources, _ := product.Template.Doc["Resources"].(map[string]any)
		for id, item := range resources {
			resource, _ := item.(map[string]any)
			if resource["Type"] != "AWS::Organizations::Policy" {
				continue
			}
			properties, _ := resource["Properties"].(map[string]any)
			name, isText := properties["Type"].(string)
			require.True(t, isText, "%s: %s", product.ID, id)
			used[name] = true
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(used)), policyTypes)
}

func TestPlanOrdersWhatIsMissing(t *testing.T) {
	wanted := Wanted{
		Services:    []string{resourceAccess, "config.amazonaws.com", serviceCatalog, stackSets, "sso.amazonaws.com"},
		PolicyTypes: []string{"SERVICE_CONTROL_POLICY", "TAG_POLICY"}, Delegates: []Delegate{{"444444444444", stackSets}},
	}
	steps, err := Plan(wanted, bare("666666666666"), "666666666666")
	require.NoError(t, err)
	assert.Equal(t, []Step{
		{Kind: TrustService, Subject: "config.amazonaws.com"}, {Kind: TrustService, Subject: "sso.amazonaws.com"},
		{Kind: ShareResources}, {Kind: ShareServiceCatalog}, {Kind: ActivateStackSets},
		{Kind: EnablePolicyType, Subject: "SERVICE_CONTROL_POLICY"}, {Kind: EnablePolicyType, Subject: "TAG_POLICY"},
		{Kind: RegisterDelegate, Subject: stackSets, Account: "444444444444"},
	}, steps)
	assert.Equal(t, "2 services trusted, 3 services switched on, 2 policy types enabled, 1 administrator registered", Summary(steps))
}

func TestPlanLeavesOutWhatIsThere(t *testing.T) {
	wanted := Wanted{Services: []string{"config.amazonaws.com", serviceCatalog, stackSets, resourceAccess}, PolicyTypes: []string{"TAG_POLICY"},
		Delegates: []Delegate{{"444444444444", stackSets}}}
	present := bare("666666666666")
	present.Services = []string{"config.amazonaws.com", serviceCatalog, stackSets, resourceAccess, "other.amazonaws.com"}
	present.PolicyTypes, present.ServiceCatalog, present.StackSets = []string{"TAG_POLICY"}, true, true
	present.Delegates = []Delegate{{"444444444444", stackSets}}
	steps, err := Plan(wanted, present, "666666666666")
	require.NoError(t, err)
	assert.Empty(t, steps)
	assert.Equal(t, "nothing to do", Summary(steps))

	present.ServiceCatalog, present.Delegates = false, []Delegate{{"999999999999", stackSets}}
	steps, err = Plan(wanted, present, "666666666666")
	require.NoError(t, err)
	assert.Equal(t, []Step{{Kind: ShareServiceCatalog}, {Kind: RegisterDelegate, Subject: stackSets, Account: "444444444444"}}, steps,
		"trusted access alone does not switch the service on, and another administrator is not ours")
}

func TestPlanRefusesWhereNothingCanBeEnabled(t *testing.T) {
	_, err := Plan(Wanted{}, bare("666666666666"), "444444444444")
	require.ErrorContains(t, err, "account 444444444444 is a member of organization o-exampleorgid, whose management account is 666666666666")
	present := bare("666666666666")
	present.AllFeatures = false
	_, err = Plan(Wanted{}, present, "666666666666")
	require.ErrorContains(t, err, "enable-all-features")
}

// TestApplyWaitsForOrganizations holds that a step is taken again while Organizations is busy with the one before, and that what it
// refuses for good is told at once.
func TestApplyWaitsForOrganizations(t *testing.T) {
	busy, asked := "ConcurrentModificationException", 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if asked++; asked == 1 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type": "`+busy+`", "Message": "conflicts with another attempt to modify the same entity"}`)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	}))
	defer server.Close()
	account := New(aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("666666666666", "x", "")})
	steps := []Step{{Kind: EnablePolicyType, Subject: "TAG_POLICY"}}
	require.NoError(t, account.Apply(t.Context(), "r-f1ee", steps, func(Step) {}))
	require.Equal(t, 2, asked)

	busy, asked = "ConstraintViolationException", 0
	require.ErrorContains(t, account.Apply(t.Context(), "r-f1ee", steps, func(Step) {}), "mend it and run this again")
	require.Equal(t, 1, asked)
}
