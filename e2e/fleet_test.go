//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog/types"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/ledger"
	"accountfleet/internal/rehearsal"
	"accountfleet/internal/rehearsal/machine"
)

var approved = rehearsal.Decision{Approve: true, Summary: "tested", How: "test"}

// fleet is an installed pipeline on an emulator, and what a test may do to it behind its back.
type fleet struct {
	settings *config.Settings
	session  *rehearsal.Session
	answer   rehearsal.Decision
	ruling   rehearsal.Ruling // about what a cleansing waits for; default: nobody is asked
	hook     hook
}

// hook runs before one action.
type hook struct {
	stage, action string
	run           func(context.Context) error
}

// open installs the pipeline; it is removed when the test ends. Changes are made to the options of the rehearsal.
func open(t *testing.T, changes ...func(*rehearsal.Options)) *fleet {
	t.Helper()
	settings, err := config.Load("../fleet.yaml")
	require.NoError(t, err)
	f := &fleet{settings: settings, answer: approved}
	options, err := machine.Options(t.Context(), "..")
	require.NoError(t, err)
	options.Runs = t.TempDir()
	options.Approve = func(context.Context, rehearsal.Question) (rehearsal.Decision, error) { return f.answer, nil }
	options.Decide = func(_ context.Context, o rehearsal.Offer) (rehearsal.Ruling, error) {
		if o.Event.Detail["command"] != "run" { // an undo is offered, and nothing waits for it
			return rehearsal.Ruling{}, nil
		}
		return f.ruling, nil
	}
	options.Hooks.BeforeAction = func(ctx context.Context, stage, action string) error {
		if f.hook.run != nil && f.hook.stage == stage && f.hook.action == action {
			return f.hook.run(ctx)
		}
		return nil
	}
	for _, change := range changes {
		change(&options)
	}
	f.session, err = rehearsal.Open(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, f.session.Close(ctx))
	})
	t.Setenv("AWS_ENDPOINT_URL", f.session.Endpoint())
	t.Setenv("AWS_SECRET_ACCESS_KEY", "unused")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_ACCESS_KEY_ID", settings.Accounts.Catalog)
	return f
}

// push runs one execution.
func (f *fleet) push(t *testing.T, c *catalog) *rehearsal.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	result, err := f.session.Push(ctx, c.dir)
	require.NoError(t, err)
	return result
}

// before sets the one hook; a nil run removes it.
func (f *fleet) before(stage, action string, run func(context.Context) error) {
	f.hook = hook{stage, action, run}
}

// catalogAccount is the catalog account's root user.
func (f *fleet) catalogAccount(ctx context.Context) (*cloud.Session, error) {
	return cloud.Open(ctx, f.settings.Regions.Home)
}

// entries is the whole ledger.
func (f *fleet) entries(t *testing.T) []ledger.Entry {
	t.Helper()
	session, err := f.catalogAccount(t.Context())
	require.NoError(t, err)
	entries, err := session.Ledger(f.settings.LedgerBucket()).Entries(t.Context())
	require.NoError(t, err)
	return entries
}

// versions are the versions that the ledger has of a product, in order.
func (f *fleet) versions(t *testing.T, product string) []string {
	t.Helper()
	state, err := ledger.Reduce(f.entries(t))
	require.NoError(t, err)
	var versions []string
	if p := state.Products[product]; p != nil {
		for _, v := range p.Versions {
			versions = append(versions, v.Version)
		}
	}
	return versions
}

// artifacts are the active versions that Service Catalog has of a product.
func (f *fleet) artifacts(t *testing.T, product string) []string {
	t.Helper()
	session, err := f.catalogAccount(t.Context())
	require.NoError(t, err)
	_, versions, err := f.shelf(t.Context(), session, product)
	require.NoError(t, err)
	var names []string
	for _, v := range versions {
		if v.Active {
			names = append(names, v.Name)
		}
	}
	return names
}

// shelf finds a product in Service Catalog.
func (f *fleet) shelf(ctx context.Context, session *cloud.Session, product string) (string, []cloud.ShelvedVersion, error) {
	exports, err := session.Shelf().Exports(ctx, f.settings.ProductsStack(0))
	if err != nil {
		return "", nil, err
	}
	id := exports[f.settings.ProductExport(product)]
	if id == "" {
		return "", nil, nil
	}
	versions, err := session.Shelf().Versions(ctx, id)
	return id, versions, err
}

// hide makes every version of a product invisible, as somebody could in the console.
func (f *fleet) hide(ctx context.Context, product string) error {
	session, err := f.catalogAccount(ctx)
	if err != nil {
		return err
	}
	id, versions, err := f.shelf(ctx, session, product)
	if err != nil {
		return err
	}
	for _, v := range versions {
		v.Active = false
		if err := session.Shelf().Set(ctx, id, v); err != nil {
			return err
		}
	}
	return nil
}

// publishElsewhere appends what another execution would have published: an entry and its template.
func (f *fleet) publishElsewhere(ctx context.Context, product string) error {
	session, err := f.catalogAccount(ctx)
	if err != nil {
		return err
	}
	body := []byte(`{"Resources":{"Note":{"Properties":{"Type":"String","Value":"` + product + `"},"Type":"AWS::SSM::Parameter"}}}`)
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:])
	if _, err := session.Store(f.settings.TemplateBucket(f.settings.Regions.Home)).Put(ctx, digest, body); err != nil {
		return err
	}
	book := session.Ledger(f.settings.LedgerBucket())
	entries, err := book.Entries(ctx)
	if err != nil {
		return err
	}
	next := len(entries) + 1
	return book.Append(ctx, ledger.Entry{
		Seq: next, Kind: ledger.Published, Time: time.Now().UTC(), Execution: "elsewhere", Commit: "0123456789012345678901234567890123456789",
		Bundle: digest, Rendering: digest,
		Products: []ledger.Product{{
			ID: product, Name: "Note " + product, Owner: "Platform team", Portfolios: []string{"baseline"},
			Versions: []ledger.Version{{
				Version: "1.0.0", Digest: digest, Commit: "0123456789012345678901234567890123456789", Seq: next, Status: ledger.Active,
				Permissions: []ledger.Permission{{Sid: "Ssm", Actions: []string{"ssm:PutParameter"}, Resources: []string{"*"}}},
			}},
		}},
	})
}

// unitAccount is an account that gets portfolios through its organizational unit.
func (f *fleet) unitAccount(t *testing.T) string {
	t.Helper()
	i := slices.IndexFunc(f.settings.Portfolios, func(p config.Portfolio) bool { return p.VerifyIn != "" })
	require.GreaterOrEqual(t, i, 0, "the seed shares a portfolio with a unit")
	return f.settings.Portfolios[i].VerifyIn
}

// portfolioName is what consumers see of a portfolio.
func (f *fleet) portfolioName(t *testing.T, id string) string {
	t.Helper()
	i := slices.IndexFunc(f.settings.Portfolios, func(p config.Portfolio) bool { return p.ID == id })
	require.GreaterOrEqual(t, i, 0, "the seed has portfolio %s", id)
	return f.settings.Portfolios[i].Name
}

// importedPortfolios are the names of the portfolios that an account got through its organization.
func (f *fleet) importedPortfolios(ctx context.Context, account string) ([]string, error) {
	cfg, err := f.root(ctx, account)
	if err != nil {
		return nil, err
	}
	out, err := servicecatalog.NewFromConfig(cfg).ListAcceptedPortfolioShares(ctx,
		&servicecatalog.ListAcceptedPortfolioSharesInput{PortfolioShareType: types.PortfolioShareTypeAwsOrganizations})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range out.PortfolioDetails {
		names = append(names, aws.ToString(p.DisplayName))
	}
	return names, nil
}

// root is an account's root user, which the emulator lets do everything.
func (f *fleet) root(ctx context.Context, account string) (aws.Config, error) {
	return awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(f.settings.Regions.Home),
		awsconfig.WithCredentialsProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: account, SecretAccessKey: "unused"}, nil
		})))
}

// removeRolePolicies takes one action away from the inline policies of a role, behind CloudFormation's back.
func (f *fleet) removeRolePolicies(ctx context.Context, account, role, actionName string) error {
	cfg, err := f.root(ctx, account)
	if err != nil {
		return err
	}
	client := iam.NewFromConfig(cfg)
	policies, err := client.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &role})
	if err != nil {
		return err
	}
	for _, name := range policies.PolicyNames {
		policy, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
		if err != nil {
			return err
		}
		text, err := url.QueryUnescape(*policy.PolicyDocument)
		if err != nil {
			return err
		}
		less, err := without(text, actionName)
		if err != nil {
			return err
		}
		if _, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: &less}); err != nil {
			return err
		}
	}
	return nil
}

// without is a policy document in which no statement names an action.
func without(document, action string) (string, error) {
	var policy struct {
		Version   string
		Statement []map[string]any
	}
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		return "", err
	}
	for _, statement := range policy.Statement {
		if actions, ok := statement["Action"].([]any); ok {
			statement["Action"] = slices.DeleteFunc(actions, func(a any) bool { return a == action })
		}
	}
	body, err := json.Marshal(policy)
	return string(body), err
}
