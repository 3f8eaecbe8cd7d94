package stacks

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
)

var update = flag.Bool("update", false, "write the golden templates anew")

// rendered is a synthesized assembly: its folder, and its templates by stack id.
type rendered struct {
	dir       string
	templates map[string]map[string]any
}

// The assemblies that the tests look at. There is one jsii kernel in a process and a synth costs, so TestMain renders each once.
var (
	different  rendered // every account is another
	equal      rendered // all accounts are one
	partly     rendered // gamma is test, a consumer is the catalog account
	regions    rendered // a second catalog region, two shards, a CodeConnections source
	publishedD rendered // what is published, accounts different
	publishedE rendered // what is published, accounts equal
	publishedR rendered // what is published, two regions and two shards
	units      rendered // one portfolio is shared with organizational units
	publishedU rendered // what is published, one portfolio shared with organizational units, two shards
	approving  rendered // a cleansing waits for a reviewer
	never      rendered // nothing cleanses
	revoking   rendered // leaked access keys are deactivated, everywhere: stacks, units, a management account without any other stack
	revokingP  rendered // the same where accounts have several functions
	revokingE  rendered // the same where all accounts are one
	large      rendered // 40 products of 30 versions for organizational units, with long launch roles
)

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("CDK_VALIDATION") == "" {
		os.Exit(unvalidated())
	}
	scratch, err := os.MkdirTemp("", "stacks-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	code := run(m, scratch)
	jsii.Close()
	os.RemoveAll(scratch)
	os.Exit(code)
}

// unvalidated runs the tests in a process of their own without the CDK's template validation, which has its own run in CI and would be
// most of the time here. The kernel takes its environment when packages are initialized, so it cannot be changed from inside.
func unvalidated() int {
	command := exec.Command(os.Args[0], os.Args[1:]...)
	command.Env = append(os.Environ(), "CDK_VALIDATION=false", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	err := command.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode()
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return 0
}

func run(m *testing.M, scratch string) int {
	for _, c := range []struct {
		into  *rendered
		name  string
		build func(awscdk.App) error
	}{
		{&different, "different", installation(settings())},
		{&equal, "equal", installation(equalSettings())},
		{&partly, "partly", installation(partlySettings())},
		{&regions, "regions", installation(regionsSettings())},
		{&publishedD, "published-different", publishing(settings(), somePlan(2, 2))},
		{&publishedE, "published-equal", publishing(equalSettings(), somePlan(2, 2))},
		{&publishedR, "published-regions", publishing(regionsSettings(), somePlan(2, 2))},
		{&units, "units", installation(unitsSettings())},
		{&publishedU, "published-units", publishing(unitsSettings(), unitsPlan())},
		{&approving, "approving", installation(cleansingSettings(config.CleanseOnApproval))},
		{&never, "never", installation(cleansingSettings(config.CleanseNever))},
		{&revoking, "revoking", installation(revokingSettings(unitsSettings()))},
		{&revokingP, "revoking-partly", installation(revokingSettings(partlySettings()))},
		{&revokingE, "revoking-equal", installation(revokingSettings(equalSettings()))},
		{&large, "large", publishing(unitsSettings(), largePlan())},
	} {
		if err := synthesize(c.into, filepath.Join(scratch, c.name), c.build); err != nil {
			fmt.Fprintf(os.Stderr, "synthesize %s: %v\n", c.name, err)
			return 2
		}
	}
	return m.Run()
}

func installation(s *config.Settings) func(awscdk.App) error {
	return func(app awscdk.App) error {
		return Install(app, InstallProps{Settings: s, Toolbox: "testdata/toolbox.tar.gz", App: "testdata/app.tar.gz", Seed: "testdata/seed"})
	}
}

func publishing(s *config.Settings, p *plan.Plan) func(awscdk.App) error {
	return func(app awscdk.App) error { return Publish(app, s, p) }
}

// synthesize renders an app with the context of cdk.json, which go test does not read by itself.
func synthesize(into *rendered, dir string, build func(awscdk.App) error) error {
	cdkJSON, err := os.ReadFile("../cdk.json")
	if err != nil {
		return err
	}
	app, err := NewApp(cdkJSON, dir)
	if err != nil {
		return err
	}
	if err := Synth(app, func() error { return build(app) }); err != nil {
		return err
	}
	into.dir, into.templates = dir, map[string]map[string]any{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var template map[string]any
		if err := json.Unmarshal(body, &template); err != nil {
			return err
		}
		into.templates[strings.TrimSuffix(filepath.Base(path), ".template.json")] = template
	}
	return nil
}

func settings() *config.Settings {
	return &config.Settings{
		Name:             "fleet",
		Organization:     "o-exampleorgid",
		Regions:          config.Regions{Home: "eu-west-1", Catalog: []string{"eu-west-1"}, Test: []string{"eu-central-1", "eu-north-1"}},
		Accounts:         config.Accounts{Tools: "111111111111", Test: "222222222222", Gamma: "333333333333", Catalog: "444444444444"},
		Source:           config.Source{Repository: "fleet-catalog", Branch: "main"},
		Approval:         config.Approval{Approvers: []string{"arn:aws:iam::111111111111:role/reviewers/*"}, Timeout: 48 * time.Hour},
		Notifications:    config.Notifications{Emails: []string{"platform@example.com"}},
		AllowedServices:  config.DefaultAllowedServices(),
		Shards:           1,
		LogRetentionDays: 365,
		Cleansing:        config.CleanseAutomatically,
		Portfolios: []config.Portfolio{
			{ID: "security", Name: "Security services", Provider: "Platform team", Accounts: []string{"555555555555"}, Principals: []string{"arn:aws:iam:::role/fleet/*"}},
			{ID: "account-baseline", Name: "Account baseline", Provider: "Platform team", Accounts: []string{"555555555555", "666666666666"}, Principals: []string{"arn:aws:iam:::role/fleet/*"}},
		},
	}
}

func cleansingSettings(mode config.Cleansing) *config.Settings {
	s := settings()
	s.Cleansing = mode
	return s
}

func revokingSettings(s *config.Settings) *config.Settings {
	s.LeakedAccessKeys = config.DeactivateKeys
	return s
}

func equalSettings() *config.Settings {
	s := settings()
	s.Accounts = config.Accounts{Tools: "111111111111", Test: "111111111111", Gamma: "111111111111", Catalog: "111111111111"}
	for i := range s.Portfolios {
		s.Portfolios[i].Accounts = nil // consumed in the catalog account itself
	}
	return s
}

func partlySettings() *config.Settings {
	s := settings()
	s.Accounts.Gamma = s.Accounts.Test
	s.Portfolios[0].Accounts = []string{s.Accounts.Catalog, "555555555555"}
	s.Portfolios[1].Accounts = []string{s.Accounts.Tools}
	return s
}

func regionsSettings() *config.Settings {
	s := settings()
	s.Regions.Catalog = []string{"eu-west-1", "us-east-1"}
	s.ReplicationBuckets = map[string]string{"us-east-1": "fleet-replica-us-east-1"}
	s.Shards, s.Cleansing = 2, config.CleanseNever
	s.Source = config.Source{Branch: "main", Connection: &config.Connection{
		ARN: "arn:aws:codeconnections:eu-west-1:111111111111:connection/11111111-2222-3333-4444-555555555555", Repository: "example/catalog",
	}}
	return s
}

// unitsSettings shares the baseline with two units, in one of whose accounts Verify looks, and security with one account.
func unitsSettings() *config.Settings {
	s := settings()
	s.Accounts.Management = "666666666666"
	s.SandboxOrganization = true
	s.Shards = 2
	s.Portfolios[1].Accounts = nil
	s.Portfolios[1].Units = []string{"ou-f1ee-workload2", "ou-f1ee-workload1"}
	s.Portfolios[1].VerifyIn = "777777777777"
	return s
}

// unitsPlan has a product in a portfolio of each kind, in two shards.
func unitsPlan() *plan.Plan {
	p := somePlan(2, 2)
	p.Products[0].Portfolios = []string{"security"}
	p.Products[1].Portfolios, p.Products[1].Shard = []string{"account-baseline"}, 1
	return p
}

// largePlan is a full shard of products whose launch roles are half as long as IAM lets them be.
func largePlan() *plan.Plan {
	p := somePlan(40, 30)
	for i := range p.Products {
		p.Products[i].Portfolios = []string{"account-baseline"}
		last := &p.Products[i].Versions[29]
		for n := range 20 {
			last.Permissions = append(last.Permissions, ledger.Permission{
				Sid:       fmt.Sprintf("Statement%d", n),
				Actions:   []string{"ec2:CreateSecurityGroup", "ec2:DeleteSecurityGroup", "ec2:DescribeSecurityGroups", "ec2:ModifySecurityGroupRules"},
				Resources: []string{fmt.Sprintf("arn:aws:ec2:*:*:security-group/%d-*", n)},
			})
		}
	}
	return p
}

// somePlan has products with versions, of which the first is inactive, the last a candidate.
func somePlan(products, versions int) *plan.Plan {
	p := &plan.Plan{Format: 1, Commit: strings.Repeat("c", 40), Bundle: strings.Repeat("b", 64), LedgerHead: 7}
	for i := range products {
		product := ledger.Product{
			ID: fmt.Sprintf("product-x%d", i), Name: fmt.Sprintf("Product %d", i), Description: strings.Repeat("What it is for. ", 8), Owner: "Platform team",
			Email: "platform@example.com", URL: "https://example.com/help", Support: "Ask us", Portfolios: []string{"security", "account-baseline"},
		}
		for v := range versions {
			version := ledger.Version{
				Version: fmt.Sprintf("1.%d.0", v), Digest: fmt.Sprintf("%064d", i*1000+v), Notes: strings.Repeat("What this version changes. ", 6),
				Commit: strings.Repeat("c", 40), Seq: v + 1, Status: ledger.Active,
				Permissions: []ledger.Permission{
					{Sid: "Queues", Actions: []string{"sqs:CreateQueue", "sqs:DeleteQueue"}, Resources: []string{"arn:aws:sqs:*:*:SC-*"}},
					{Sid: "Roles", Actions: []string{"iam:CreateRole"}, Resources: []string{"arn:aws:iam::*:role/SC-*"},
						Conditions: map[string]map[string]string{"StringLike": {"iam:PermissionsBoundary": "arn:aws:iam::*:policy/fleet-boundary"}}},
				},
			}
			if v == 0 {
				version.Status = ledger.Inactive
				version.Permissions[0].Actions = append(version.Permissions[0].Actions, "sqs:AddPermission")
			}
			product.Versions = append(product.Versions, version)
		}
		p.Products = append(p.Products, product)
	}
	candidate := p.Products[0].Clone()
	candidate.Versions = candidate.Versions[versions-1:]
	p.Gamma.Products = []ledger.Product{candidate}
	return p
}
