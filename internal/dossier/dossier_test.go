package dossier

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
	"accountfleet/internal/publish"
)

var settings = &config.Settings{
	Name: "fleet", Shards: 1, Regions: config.Regions{Home: "eu-west-1", Catalog: []string{"eu-west-1"}},
	Accounts: config.Accounts{Tools: "111111111111", Catalog: "444444444444"},
	Portfolios: []config.Portfolio{
		{ID: "base", Name: "Account baseline", Provider: "Platform team", Accounts: []string{"555555555555"}, Principals: []string{"arn:aws:iam:::role/fleet/*"}},
	},
}

type sets map[string]cloud.ChangeSet

func (s sets) Find(_ context.Context, stack, _ string) (cloud.ChangeSet, error) { return s[stack], nil }

func permission(sid string, actions ...string) ledger.Permission {
	return ledger.Permission{Sid: sid, Actions: actions, Resources: []string{"*"}}
}

// example is a publication of one new version and one new product, with something of everything.
func example(t *testing.T) Input {
	t.Helper()
	old := ledger.Version{Version: "1.2.0", Digest: "d-old", Status: ledger.Active, Permissions: []ledger.Permission{permission("Ec2", "ec2:CreateVpc")}}
	candidate := ledger.Version{Version: "1.3.0", Digest: "d-network", Notes: "Flow logs <script>alert(1)</script>", Status: ledger.Active,
		Permissions: []ledger.Permission{
			permission("Ec2", "ec2:CreateVpc", "ec2:CreateFlowLogs"),
			{Sid: "IamRoles", Actions: []string{"iam:CreateRole"}, Resources: []string{"arn:aws:iam::*:role/SC-*"}, Conditions: map[string]map[string]string{"StringLike": {"iam:PermissionsBoundary": "b"}}},
		}}
	scp := ledger.Version{Version: "1.0.0", Digest: "d-scp", Permissions: []ledger.Permission{permission("Organizations", "organizations:CreatePolicy")}}
	network := ledger.Product{ID: "network", Name: "Network", Owner: "Platform", Portfolios: []string{"base"}, Versions: []ledger.Version{candidate}}
	policy := ledger.Product{ID: "guardrails", Name: "Guardrails", Owner: "Platform", Portfolios: []string{"base"}, Versions: []ledger.Version{scp}}
	b := &bundle.Bundle{Digest: "bundle-digest", Commit: "c0ffee", Removed: []string{"legacy"}, Products: []bundle.Product{
		{Product: policy, Scope: "organization", Change: bundle.NewProduct, Reason: "new product", Irreversible: true},
		{Product: network, Scope: "account", Change: bundle.NewVersion, Reason: "1.3.0 follows 1.2.0", Previous: &old, Deprecate: []string{"1.2.0"}},
		{Product: ledger.Product{ID: "same", Versions: []ledger.Version{{Version: "1.0.0"}}}, Change: bundle.Unchanged},
	}}
	planned := network
	planned.Versions = []ledger.Version{old, candidate}
	rendered := t.TempDir()
	for name, body := range map[string]string{
		"fleet-products-0":          `{"Resources": {"P": {"Type": "AWS::ServiceCatalog::CloudFormationProduct"}}}`,
		"fleet-launch-roles":        `{"Resources": {"R": {"Type": "AWS::IAM::Role"}}}`,
		"fleet-portfolio-base":      `{"Resources": {"Portfolio": {"Type": "AWS::ServiceCatalog::Portfolio", "Properties": {"DisplayName": "b", "ProviderName": "x"}}, "New": {"Type": "AWS::ServiceCatalog::PortfolioShare"}}}`,
		"fleet-access-555555555555": `{"Resources": {"Role": {"Type": "AWS::IAM::Role"}}}`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(rendered, name+".template.json"), []byte(body), 0o600))
	}
	launched := func(action string) evidence.Evidence {
		return evidence.Evidence{Action: action, Outcome: evidence.Passed,
			NotRun: []evidence.Skipped{{What: "launch of guardrails in the test account", Why: "no sandbox organization"}},
			Products: []evidence.Product{{ID: "network", Version: "1.3.0",
				Steps:     []evidence.Step{{Name: "deploy", Outcome: evidence.Passed}, {Name: "outputs", Outcome: evidence.Passed}},
				Resources: []evidence.Resource{{Type: "AWS::EC2::VPC", Level: evidence.Emulated}, {Type: "AWS::EC2::VPC", Level: evidence.Emulated}, {Type: "AWS::EC2::FlowLog", Level: evidence.Modelled}},
			}}}
	}
	return Input{
		Settings: settings, Bundle: b, Rendering: "rendering-digest", Rendered: rendered, Execution: "e-1", Emulated: true,
		Plan:   &plan.Plan{Commit: "c0ffee", Bundle: "bundle-digest", LedgerHead: 7, Products: []ledger.Product{policy, planned}},
		Before: ledger.State{Head: 7, Products: map[string]*ledger.Product{"network": {ID: "network", Versions: []ledger.Version{old}}}},
		Now:    time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC),
		Evidence: []evidence.Evidence{
			{Action: "PolicyAsCode", Outcome: evidence.Passed, Checks: []evidence.Check{{Name: "cfn-guard", Tool: "cfn-guard 3.1.1", Outcome: evidence.Passed, Counted: 40, Unit: "templates x rules"}}},
			launched("Provision"), launched("IntegrationTests"),
		},
		Template: func(p bundle.Product) ([]byte, error) {
			return []byte(`{"Resources":{"Log":{"Type":"AWS::EC2::FlowLog"},"Vpc":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":"10.0.0.0/20"}}}}`), nil
		},
		Previous: func(_ context.Context, digest string) ([]byte, error) {
			require.Equal(t, "d-old", digest)
			return []byte(`{"Resources":{"Vpc":{"Type":"AWS::EC2::VPC","Properties":{"CidrBlock":"10.0.0.0/24"}}}}`), nil
		},
		SetsIn: func(string) publish.SetReader {
			return sets{
				"fleet-products-0":   {ARN: "arn:set/products", Status: "AVAILABLE", Template: "t", Changes: []cloud.ResourceChange{{Action: "Modify", LogicalID: "P", Type: "AWS::ServiceCatalog::CloudFormationProduct", Replacement: "True", Scope: []string{"Properties"}}}},
				"fleet-launch-roles": {ARN: "arn:set/roles", Empty: true},
			}
		},
		Shares: func(context.Context) ([]publish.ShareChange, error) { return nil, nil },
		Deployed: func(_ context.Context, _, stack string) ([]byte, error) {
			return []byte(`{"Resources": {"Portfolio": {"Type": "AWS::ServiceCatalog::Portfolio", "Properties": {"DisplayName": "a", "ProviderName": "x"}}, "Gone": {"Type": "AWS::ServiceCatalog::PortfolioShare"}}}`), nil
		},
	}
}

func collect(t *testing.T, in Input) *Page {
	t.Helper()
	page, err := Collect(t.Context(), in)
	require.NoError(t, err)
	return page
}

func TestPageSaysWhatIsAskedAndForWhom(t *testing.T) {
	page := collect(t, example(t))
	require.Equal(t, "Publish 1 new product and 1 new version to 1 portfolio in 1 account", page.Verdict)
	require.Equal(t, 1, page.Others)
	require.Equal(t, []Portfolio{{Name: "Account baseline", Provider: "Platform team", Products: []string{"Guardrails", "Network"}, Accounts: []string{"555555555555"}, Principals: []string{"arn:aws:iam:::role/fleet/*"}}}, page.Portfolios)
}

func TestPageSaysWhatOrganizationalUnitsGet(t *testing.T) {
	in := example(t)
	shared := *settings
	shared.Portfolios = []config.Portfolio{{ID: "base", Name: "Account baseline", Provider: "Platform team", VerifyIn: "777777777777",
		Units: []string{"ou-f1ee-workload1", "ou-f1ee-workload2"}, Principals: []string{"arn:aws:iam:::role/fleet/*"}}}
	in.Settings = &shared
	in.Shares = func(context.Context) ([]publish.ShareChange, error) {
		return []publish.ShareChange{
			{Region: "eu-west-1", Portfolio: "base", Do: publish.ShareAdd, Node: "ou-f1ee-workload2"},
			{Region: "eu-west-1", Portfolio: "base", Do: publish.SharePrincipals, Node: "ou-f1ee-workload1"},
			{Region: "eu-west-1", Portfolio: "former", Do: publish.ShareRemove, Node: "ou-f1ee-leftover"},
		}, nil
	}
	in.SetsIn = func(string) publish.SetReader {
		return sets{"fleet-launch-roles": {ARN: "arn:set/roles", Changes: []cloud.ResourceChange{{Action: "Modify", LogicalID: "UnitsNetwork", Type: "AWS::CloudFormation::StackSet"}}}}
	}
	page := collect(t, in)
	require.Equal(t, "Publish 1 new product and 1 new version to 1 portfolio in 2 organizational units", page.Verdict)
	require.Empty(t, page.Portfolios[0].Accounts, "where Verify looks is not what is shared with")
	require.Equal(t, []string{"ou-f1ee-workload1", "ou-f1ee-workload2"}, page.Portfolios[0].Units)
	for _, want := range []string{
		"Stack fleet-launch-roles: UnitsNetwork changes a launch role in every account of its organizational units at once.",
		"Portfolio base in eu-west-1 is newly shared with ou-f1ee-workload2, and with every account that joins it.",
		"Portfolio base in eu-west-1: Settle will share principals with ou-f1ee-workload1.",
		"Portfolio former in eu-west-1 is no longer shared with ou-f1ee-leftover; what its accounts launched stays.",
	} {
		require.Contains(t, page.Attention, want)
	}
	require.Len(t, page.Approved.Shares, 3, "Preflight holds Settle to them")
	html, err := page.HTML()
	require.NoError(t, err)
	require.Contains(t, string(html), "organizational units ou-f1ee-workload1, ou-f1ee-workload2")
}

func TestPageClaimsNoMoreThanWasProved(t *testing.T) {
	page := collect(t, example(t))
	require.Equal(t, "Resources exercised: 4 emulated, 2 modelled; 2 checks or launches were not run.", page.Proof)
	network := page.Products[1]
	require.Equal(t, evidence.Passed, network.Proofs[0].Outcome)
	require.Equal(t, Levels{Emulated: 2, Modelled: 1}, network.Proofs[0].Levels)
	require.Equal(t, []TypeLevel{{"AWS::EC2::VPC", evidence.Emulated, 2}, {"AWS::EC2::FlowLog", evidence.Modelled, 1}}, network.Proofs[0].Types)
	require.Equal(t, "there is no evidence of it", network.Proofs[2].Why, "Consume left no evidence, and silence is not a pass")
	require.Equal(t, "no sandbox organization", page.Products[0].Proofs[0].Why)
}

func TestPageCallsAttentionToWhatHurts(t *testing.T) {
	page := collect(t, example(t))
	for _, want := range []string{
		"nothing on this page was proved on AWS", "guardrails creates what cannot simply be deleted", "The launch role of network may change identities: IAM actions gained: 1, on arn:aws:iam::*:role/SC-*",
		"Stack fleet-products-0: P (AWS::ServiceCatalog::CloudFormationProduct) is replaced", "legacy left the catalog", "network, Consume: broken: there is no evidence of it",
		"guardrails, Provision: not run: no sandbox organization",
	} {
		require.Contains(t, strings.Join(page.Attention, "\n"), want)
	}
}

func TestPageShowsPermissionsThatAreGained(t *testing.T) {
	network := collect(t, example(t)).Products[1]
	require.Equal(t, []Grant{
		{Service: "ec2", Actions: []string{"ec2:CreateFlowLogs"}, Resources: []string{"*"}},
		{Service: "iam", Actions: []string{"iam:CreateRole"}, Resources: []string{"arn:aws:iam::*:role/SC-*"}, Conditions: []string{"StringLike iam:PermissionsBoundary = b"}, Writes: true},
	}, network.Gained)
	require.Empty(t, network.Lost)
	before := &ledger.Product{Versions: []ledger.Version{{Permissions: []ledger.Permission{permission("S3", "s3:CreateBucket")}}}}
	gained, lost := grants(before, nil, nil)
	require.Empty(t, gained)
	require.Equal(t, "s3:CreateBucket", lost[0].Actions[0])
}

func TestPageKeepsExercisedPermissionsApartFromThoseThatOnlyTheSchemaAsserts(t *testing.T) {
	in := example(t)
	in.Evidence = append(in.Evidence, evidence.Evidence{Action: "Consume", Outcome: evidence.Passed, Products: []evidence.Product{
		{ID: "network", Version: "1.3.0", Used: []string{"ec2:CreateFlowLogs", "ec2:CreateVpc"}},
		{ID: "guardrails", Version: "0.9.0", Used: []string{"organizations:CreatePolicy"}}, // another version than the candidate
	}})
	in.Plan.Products[1].Versions[len(in.Plan.Products[1].Versions)-1].Permissions[0].Reason = "AWS takes no resource for these actions"
	page := collect(t, in)
	network := page.Products[1]
	require.Equal(t, "AWS takes no resource for these actions", network.Gained[0].Reason)
	require.Equal(t, []string{"ec2:CreateFlowLogs"}, network.Gained[0].Actions)
	require.True(t, network.Gained[0].Exercised)
	require.False(t, network.Gained[1].Exercised, "nobody saw iam:CreateRole used")
	require.False(t, page.Products[0].Gained[0].Exercised, "another version proves nothing")
	body, err := page.HTML()
	require.NoError(t, err)
	for _, want := range []string{
		"gains 2 and loses 0 permissions", "1 of those gained was exercised by a launch, the others stand on the schema", "<td>exercised</td>", "<td>schema-asserted</td>",
		"not narrower: AWS takes no resource for these actions",
	} {
		require.Contains(t, string(body), want)
	}
}

func TestPageComparesStacks(t *testing.T) {
	page := collect(t, example(t))
	require.Equal(t, []Element{{"New", "AWS::ServiceCatalog::PortfolioShare"}}, page.Stacks[0].Added)
	require.Equal(t, []Element{{"Portfolio", "AWS::ServiceCatalog::Portfolio"}}, page.Stacks[0].Changed)
	require.Equal(t, []Element{{"Gone", "AWS::ServiceCatalog::PortfolioShare"}}, page.Stacks[0].Removed)
	require.Contains(t, page.Stacks[1].Compared, "not compared")
	require.True(t, page.Sets[1].Empty)
}

func TestDossierHoldsWhatPreflightCompares(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, collect(t, example(t)).Write(dir, "https://x"))
	approved, err := publish.ReadApproved(dir)
	require.NoError(t, err)
	require.Equal(t, &publish.Approved{Format: 1, Commit: "c0ffee", Bundle: "bundle-digest", Rendering: "rendering-digest", LedgerHead: 7, ChangeSets: []publish.ChangeSet{
		{Stack: "fleet-products-0", Region: "eu-west-1", Name: "fleet-release", ARN: "arn:set/products", Status: "AVAILABLE", Template: "t"},
		{Stack: "fleet-launch-roles", Region: "eu-west-1", Name: "fleet-release", ARN: "arn:set/roles"},
	}}, approved)
}

func TestHTMLIsSelfContainedAndEscaped(t *testing.T) {
	body, err := collect(t, example(t)).HTML()
	require.NoError(t, err)
	html := string(body)
	require.NotContains(t, html, "<script")
	require.Contains(t, html, "&lt;script&gt;alert(1)&lt;/script&gt;")
	require.NotContains(t, html, "src=")
	require.NotContains(t, html, "http://")
	require.NotContains(t, html, "https://")
	require.Contains(t, html, "default-src 'none'")
}

func TestSummaryIsOneHarmlessLine(t *testing.T) {
	in := example(t)
	in.Bundle.Products[1].ID = "net`id`$(x)\n"
	page := collect(t, in)
	summary := page.Summary()
	require.True(t, strings.HasPrefix(summary, "REHEARSAL on an emulator. Publish 1 new product and 1 new version"), summary)
	require.Regexp(t, `^[ -~]+$`, summary)
	require.NotContains(t, summary, "`")
	require.NotContains(t, summary, "$")
	for range 100 {
		page.Products = append(page.Products, Product{ID: "another-product", Version: "1.0.0", Change: "new product"})
	}
	require.Len(t, page.Summary(), MaxSummary)
}

func TestAddressIsInTheConsole(t *testing.T) {
	require.Equal(t, "https://eu-west-1.console.aws.amazon.com/s3/object/fleet-dossiers-111111111111-eu-west-1?region=eu-west-1&prefix=executions/e-1/index.html", Address(settings, "e-1"))
}

func TestDiffIsShortestAndBounded(t *testing.T) {
	d := compare([]byte(`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"z":9}`), []byte(`{"a":1,"b":3,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"z":9,"y":1}`))
	require.Equal(t, []Line{
		{" ", "{"}, {" ", `  "a": 1,`}, {"-", `  "b": 2,`}, {"+", `  "b": 3,`}, {" ", `  "c": 3,`}, {" ", `  "d": 4,`}, {" ", `  "e": 5,`}, {"@", "0 lines the same"},
	}[:7], d.Lines[:7])
	require.Equal(t, 3, d.Added)
	require.Equal(t, 2, d.Removed)
	require.Equal(t, "the templates are the same", compare([]byte(`{"a":1}`), []byte(`{ "a": 1 }`)).Note)

	long := map[string]int{}
	for i := range 3000 {
		long[strings.Repeat("k", 1+i%50)+string(rune('a'+i%26))+strings.Repeat("x", i/50)] = i
	}
	body, err := json.Marshal(long)
	require.NoError(t, err)
	require.Contains(t, compare([]byte(`{}`), body).Note, "more than 2000 lines differ")
	shown := whole(body)
	require.Len(t, shown.Lines, maxLines)
	require.Contains(t, shown.Note, "more lines are not shown")
}

func TestEditsRebuildBothSides(t *testing.T) {
	words := strings.Fields("a b c a b b a x y z a a b c q r s t")
	for from := range words {
		for to := range words {
			a, b := words[:from], words[to:]
			script, ok := edits(a, b)
			require.True(t, ok)
			var left, right []string
			for _, l := range script {
				if l.Kind != "+" {
					left = append(left, l.Text)
				}
				if l.Kind != "-" {
					right = append(right, l.Text)
				}
			}
			require.Equal(t, strings.Join(a, " "), strings.Join(left, " "))
			require.Equal(t, strings.Join(b, " "), strings.Join(right, " "))
		}
	}
}
