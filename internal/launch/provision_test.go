package launch

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/evidence"
)

func provision(a *account) *Provision {
	return &Provision{Settings: settings, Template: template, Beta: a, Stacks: a, Sweeper: a, Levels: a, Log: quiet(), Now: clock()}
}

func TestProvisionKeepsAccountProductsAndDeletesSingletons(t *testing.T) {
	a := &account{left: map[string][]cloud.StackResource{"arn:fleet-beta-guard": {{LogicalID: "Logs", Type: "AWS::S3::Bucket", Status: "DELETE_SKIPPED"}}}}
	guard := product("guard", "region")
	guard.Retained = []string{"Logs"}
	unchanged := product("old", "account")
	unchanged.Change = bundle.Unchanged
	e, err := provision(a).Run(t.Context(), []bundle.Product{product("vpc", "account"), guard, unchanged})
	require.NoError(t, err)
	require.Equal(t, evidence.Passed, e.Outcome)
	require.Len(t, e.Products, 2)
	require.Equal(t, []string{"deploy passed", "outputs passed"}, steps(t, e, "vpc"))
	require.Equal(t, []string{"deploy passed", "outputs passed", "delete passed", "residue passed"}, steps(t, e, "guard"))
	require.Equal(t, []string{"Logs"}, a.swept)
	require.Equal(t, evidence.Modelled, e.Products[0].Resources[0].Level)
}

func TestProvisionFailsForWhatIsLeftUndeclared(t *testing.T) {
	a := &account{left: map[string][]cloud.StackResource{"arn:fleet-beta-guard": {{LogicalID: "Logs", Type: "AWS::S3::Bucket"}}}}
	e, err := provision(a).Run(t.Context(), []bundle.Product{product("guard", "region")})
	require.NoError(t, err)
	require.Equal(t, evidence.Findings, e.Outcome)
	require.Contains(t, e.Findings[0].Message, "left Logs (AWS::S3::Bucket) behind")
	require.Equal(t, "products/guard/product.yaml", e.Findings[0].File)
	require.Equal(t, []string{"Logs"}, a.swept)
}

func TestProvisionTriesAllAndClearsFailures(t *testing.T) {
	a := &account{deploys: map[string]error{
		"fleet-beta-bad": &cloud.StackError{Stack: "fleet-beta-bad", Status: "ROLLBACK_COMPLETE", Resource: "Key", Reason: "kms says no"},
	}}
	e, err := provision(a).Run(t.Context(), []bundle.Product{product("bad", "account"), product("good", "account")})
	require.NoError(t, err)
	require.Equal(t, evidence.Findings, e.Outcome)
	require.Equal(t, []string{"deploy findings", "delete passed", "residue passed"}, steps(t, e, "bad"))
	require.Equal(t, []string{"deploy passed", "outputs passed"}, steps(t, e, "good"))
	require.Equal(t, "Key", e.Findings[0].Resource)
	require.Contains(t, e.Findings[0].Message, "kms says no")
}

func TestProvisionConfirmsTheRollbackOfAnUpdate(t *testing.T) {
	for status, want := range map[string]string{"UPDATE_ROLLBACK_COMPLETE": "rollback passed", "": "rollback passed", "UPDATE_ROLLBACK_FAILED": "rollback broken"} {
		a := &account{action: "updated", deploys: map[string]error{"fleet-beta-vpc": &cloud.StackError{Stack: "fleet-beta-vpc", Status: status, Reason: "no"}}}
		e, err := provision(a).Run(t.Context(), []bundle.Product{product("vpc", "account")})
		require.Equal(t, []string{"deploy findings", want}, steps(t, e, "vpc"))
		require.Equal(t, status == "UPDATE_ROLLBACK_FAILED", err != nil)
		require.NotContains(t, a.calls, "delete arn:fleet-beta-vpc")
	}
}

func TestProvisionClearsWhatHoldsAStack(t *testing.T) {
	stuck := cloud.StackResource{LogicalID: "Logs", Type: "AWS::S3::Bucket", Status: "DELETE_FAILED"}
	a := &account{
		deletes: map[string][]error{"arn:fleet-beta-guard": {&cloud.StackError{Stack: "s", Status: "DELETE_FAILED", Reason: "not empty"}}},
		left:    map[string][]cloud.StackResource{"arn:fleet-beta-guard": {stuck}},
	}
	e, err := provision(a).Run(t.Context(), []bundle.Product{product("guard", "region")})
	require.NoError(t, err)
	require.Equal(t, []string{"deploy passed", "outputs passed", "delete findings", "delete again passed", "residue passed"}, steps(t, e, "guard"))
	require.Equal(t, []string{"Logs"}, a.swept)
}

func TestProvisionReportsWhatIsNotLaunched(t *testing.T) {
	a := &account{}
	irreversible := product("new-account", "account")
	irreversible.Irreversible = true
	e, err := provision(a).Run(t.Context(), []bundle.Product{product("scp", "organization"), irreversible})
	require.NoError(t, err)
	require.Len(t, e.NotRun, 2)
	require.Equal(t, []string{"check fleet-beta-scp", "check fleet-beta-new-account"}, a.calls)
	require.Contains(t, e.NotRun[0].Why, "sandbox organization")
	require.Contains(t, e.NotRun[1].Why, "emulator only")

	emulated := provision(&account{})
	emulated.Emulated = true
	e, err = emulated.Run(t.Context(), []bundle.Product{irreversible})
	require.NoError(t, err)
	require.Empty(t, e.NotRun)
}

func TestAbsentOutputsAreFindings(t *testing.T) {
	p := product("vpc", "account")
	p.Outputs = []string{"Out", "VpcId"}
	e, err := provision(&account{}).Run(t.Context(), []bundle.Product{p})
	require.NoError(t, err)
	require.Contains(t, e.Findings[0].Message, "outputs VpcId are absent")
}

func TestEnvironmentFailuresAreBrokenNotFindings(t *testing.T) {
	a := &account{deploys: map[string]error{"fleet-beta-vpc": errors.New("AccessDenied: sts:AssumeRole")}}
	e, err := provision(a).Run(t.Context(), []bundle.Product{product("vpc", "account")})
	require.ErrorContains(t, err, "vpc: deploy: AccessDenied")
	require.Equal(t, evidence.Broken, e.Outcome)
	require.Empty(t, e.Findings)

	e, err = provision(&account{levelErr: errors.New("no answer")}).Run(t.Context(), []bundle.Product{product("vpc", "account")})
	require.ErrorContains(t, err, "read how the resources of fleet-beta-vpc were exercised")
	require.Equal(t, evidence.Broken, e.Outcome)
}

func TestProvisionUsesTheBoundedRoleAndUploadsLargeTemplates(t *testing.T) {
	a := &account{}
	p := provision(a)
	p.Template = func(bundle.Product) ([]byte, error) { return bytes.Repeat([]byte(" "), MaxTemplateBody+1), nil }
	_, err := p.Run(t.Context(), []bundle.Product{product("vpc", "account")})
	require.NoError(t, err)
	require.Equal(t, []string{"upload beta/d-vpc.json", "deploy fleet-beta-vpc"}, a.calls)
	require.Equal(t, "arn:aws:iam::222222222222:role/fleet-test-execution", a.stacks[0].RoleARN)
	require.Empty(t, a.stacks[0].Body)
	require.Equal(t, "https://bucket/beta/d-vpc.json", a.stacks[0].URL)
}

func TestOutputsWhoseConditionDoesNotHoldAreNotPromised(t *testing.T) {
	beta := provision(&account{})
	beta.Template = func(bundle.Product) ([]byte, error) {
		return []byte(`{"Parameters": {"Extra": {"Type": "String", "Default": "no"}}, "Conditions": {"Wanted": {"Fn::Equals": [{"Ref": "Extra"}, "yes"]}},
			"Resources": {"R": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"Out": {"Value": "x"}, "More": {"Condition": "Wanted", "Value": "x"}}}`), nil
	}
	p := product("a", "account")
	p.Outputs = []string{"More", "Out"}
	e, err := beta.Run(t.Context(), []bundle.Product{p})
	require.NoError(t, err)
	require.Equal(t, evidence.Passed, e.Outcome)
	p.Parameters = map[string]string{"Extra": "yes"}
	e, err = beta.Run(t.Context(), []bundle.Product{p})
	require.NoError(t, err)
	require.Contains(t, e.Findings[0].Message, "outputs More are absent")
}

func TestSingletonsNeverMeet(t *testing.T) {
	a := &account{pause: 5 * time.Millisecond}
	p := provision(a)
	p.Template = func(bundle.Product) ([]byte, error) {
		return []byte(`{"Resources": {"R": {"Type": "AWS::Config::ConfigurationRecorder"}}}`), nil
	}
	_, err := p.Run(t.Context(), []bundle.Product{product("a", "region"), product("b", "region"), product("c", "region")})
	require.NoError(t, err)
	require.Equal(t, 1, a.most)

	many := &account{pause: 5 * time.Millisecond}
	var products []bundle.Product
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		products = append(products, product(id, "account"))
	}
	_, err = provision(many).Run(t.Context(), products)
	require.NoError(t, err)
	require.Equal(t, parallel, many.most)
}

func TestWhatMeetsNothingWaitsForNothing(t *testing.T) {
	guard, hub, logs := product("guard", "region"), product("hub", "region"), product("logs", "account")
	tasks := []task{
		{product: guard, regions: []string{"a"}, types: []string{"Detector"}}, {product: guard, regions: []string{"a"}, types: []string{"Detector"}},
		{product: hub, regions: []string{"a"}, types: []string{"Hub"}}, {product: logs, regions: []string{"a"}},
	}
	others, ended := make(chan int, len(tasks)), make(chan int, len(tasks))
	together(2, tasks, func(i int) {
		if i == 0 { // takes until all that do not meet it are done
			require.Equal(t, 2, <-others)
			require.Equal(t, 3, <-others)
		}
		if i > 1 {
			others <- i
		}
		ended <- i
	})
	close(ended)
	var order []int
	for i := range ended {
		order = append(order, i)
	}
	require.Equal(t, []int{2, 3, 0, 1}, order)
}

func TestProductsOfOneOrganizationMeetInAnyRegion(t *testing.T) {
	policies, tags := product("policies", "organization"), product("tags", "organization")
	guard := product("guard", "region")
	all := rounds([]task{
		{product: policies, regions: []string{"a"}, types: []string{"Policy"}}, {product: tags, regions: []string{"b"}, types: []string{"Policy"}},
		{product: guard, regions: []string{"c"}, types: []string{"Policy"}},
	})
	require.Len(t, all, 2)
	require.Equal(t, "tags", all[1][0].product.ID)
}

func TestRoundsKeepProductsApartFromThemselvesOnly(t *testing.T) {
	guard, hub, logs := product("guard", "region"), product("hub", "region"), product("logs", "account")
	all := rounds([]task{
		{product: guard, regions: []string{"a"}, types: []string{"Detector", "Bucket"}},
		{product: guard, regions: []string{"a"}, types: []string{"Detector", "Bucket"}},
		{product: guard, regions: []string{"b"}, types: []string{"Detector", "Bucket"}},
		{product: hub, regions: []string{"a"}, types: []string{"Hub", "Bucket"}},
		{product: logs, regions: []string{"a"}, types: []string{"Bucket"}},
		{product: logs, regions: []string{"a"}, types: []string{"Bucket"}},
	})
	require.Len(t, all, 2)
	require.Len(t, all[0], 5)
	require.Equal(t, "guard", all[1][0].product.ID)
}

func TestJUnitTellsFailedFromBrokenAndSkipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reports", "junit.xml")
	require.NoError(t, WriteJUnit(path, evidence.Evidence{
		Action: "Provision",
		Products: []evidence.Product{{ID: "vpc", Steps: []evidence.Step{
			{Name: "deploy", Outcome: evidence.Passed}, {Name: "outputs", Outcome: evidence.Findings, Detail: `a "b" <c>`}, {Name: "delete", Outcome: evidence.Broken, Detail: "x"},
		}}},
		NotRun: []evidence.Skipped{{What: "launch of scp", Why: "no sandbox"}},
	}))
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, want := range []string{`tests="3" failures="1" errors="1" skipped="0"`, `message="a &#34;b&#34; &lt;c&gt;"`, `<skipped message="no sandbox">`} {
		require.Contains(t, string(body), want)
	}
	require.Equal(t, 1, strings.Count(string(body), "<failure"))
}
