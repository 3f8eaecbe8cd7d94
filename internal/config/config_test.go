package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const seedPath = "../../fleet.yaml"

func seed(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile(seedPath)
	require.NoError(t, err)
	return string(body)
}

func TestLoadReadsTheSeed(t *testing.T) {
	s, err := Load(seedPath)
	require.NoError(t, err)
	assert.Equal(t, &Settings{
		Name:             "fleet",
		Organization:     "o-exampleorgid",
		Regions:          Regions{Home: "eu-west-1", Catalog: []string{"eu-west-1"}, Test: []string{"eu-central-1", "eu-north-1"}},
		Accounts:         Accounts{Tools: "111111111111", Test: "222222222222", Gamma: "333333333333", Catalog: "444444444444", Management: "666666666666"},
		Source:           Source{Repository: "fleet-catalog", Branch: "main"},
		Approval:         Approval{Approvers: []string{"arn:aws:iam::111111111111:role/*"}, Timeout: 48 * time.Hour},
		Notifications:    Notifications{Emails: []string{}},
		RequiredServices: []string{"guardduty", "securityhub", "config"},
		AllowedServices:  DefaultAllowedServices(),
		Shards:           1, LogRetentionDays: 365, Cleansing: CleanseAutomatically, LeakedAccessKeys: DeactivateKeys,
		ReplicationBuckets: map[string]string{}, SandboxOrganization: true,
		Portfolios: []Portfolio{
			{ID: "organization", Name: "Organization", Provider: "Platform team", Accounts: []string{"666666666666"}, Principals: []string{"arn:aws:iam:::role/fleet/*"}},
			{ID: "security", Name: "Security services", Provider: "Platform team", Accounts: []string{"555555555555"}, Principals: []string{"arn:aws:iam:::role/fleet/*"}},
			{ID: "baseline", Name: "Account baseline", Provider: "Platform team", Units: []string{"ou-f1ee-workload1"}, VerifyIn: "777777777777", Principals: []string{"arn:aws:iam:::role/fleet/*"}},
			{ID: "self-service", Name: "Self-service", Provider: "Platform team", Units: []string{"ou-f1ee-workload1"}, VerifyIn: "777777777777", Principals: []string{"arn:aws:iam:::role/fleet/*"}},
		},
	}, s)
	assert.True(t, s.Isolated())
}

const smallest = `
organization: o-exampleorgid
regions: {home: eu-west-1, test: [eu-north-1]}
accounts: {tools: "111111111111", test: "111111111111", catalog: "111111111111"}
approval: {approvers: ["arn:aws:iam::111111111111:role/admin"]}
portfolios: [{id: a, name: A, provider: P, principals: ["arn:aws:iam:::role/x"]}]
`

func TestParseFillsDefaultsIn(t *testing.T) {
	s, err := Parse("fleet.yaml", []byte(smallest))
	require.NoError(t, err)
	assert.Equal(t, "fleet", s.Name)
	assert.Equal(t, []string{"eu-west-1"}, s.Regions.Catalog)
	assert.Equal(t, "111111111111", s.Accounts.Gamma)
	assert.Equal(t, Source{Repository: "fleet-catalog", Branch: "main"}, s.Source)
	assert.Equal(t, 48*time.Hour, s.Approval.Timeout)
	assert.Equal(t, DefaultAllowedServices(), s.AllowedServices)
	assert.Equal(t, 1, s.Shards)
	assert.Equal(t, 365, s.LogRetentionDays)
	assert.Equal(t, ReportKeys, s.LeakedAccessKeys, "no role in any account that nobody asked for")
	assert.False(t, s.Isolated(), "one account for everything isolates nothing")
}

func TestParseReadsAConnection(t *testing.T) {
	s, err := Parse("fleet.yaml", []byte(smallest+`source:
  connection: {arn: "arn:aws:codeconnections:eu-west-1:111111111111:connection/0a1b", repository: owner/name}
`))
	require.NoError(t, err)
	assert.Equal(t, Source{
		Connection: &Connection{ARN: "arn:aws:codeconnections:eu-west-1:111111111111:connection/0a1b", Repository: "owner/name"}, Branch: "main",
	}, s.Source)
}

func TestCleansingIsAutomaticWhereThePipelineCanPush(t *testing.T) {
	connected := smallest + "source: {connection: {arn: \"arn:aws:codeconnections:eu-west-1:111111111111:connection/0a1b\", repository: owner/name}}\n"
	rows := []struct {
		name, body string
		want       Cleansing
	}{
		{"by default", smallest, CleanseAutomatically},
		{"on approval", smallest + "cleansing: approval\n", CleanseOnApproval},
		{"off", smallest + "cleansing: \"off\"\n", CleanseNever},
		{"by default with a connection", connected, CleanseNever},
		{"off with a connection", connected + "cleansing: \"off\"\n", CleanseNever},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s, err := Parse("fleet.yaml", []byte(row.body))
			require.NoError(t, err)
			assert.Equal(t, row.want, s.Cleansing)
		})
	}
	_, err := Parse("fleet.yaml", []byte(connected+"cleansing: automatic\n"))
	assert.ErrorContains(t, err, `cleansing: "automatic" needs a CodeCommit repository: the pipeline cannot push through a connection: write "off"`)
}

func TestParseNamesEachMistakeWithItsCure(t *testing.T) {
	rows := []struct{ name, old, new, want string }{
		{"account of 11 digits", `gamma: "333333333333"`, `gamma: "33333333333"`, `fleet.yaml:17: accounts.gamma: want 12 digits, got "33333333333": a digit is missing; if it was a leading zero that a tool dropped, write "033333333333"`},
		{"account with dashes", `"333333333333"`, `"3333-3333-3333"`, `accounts.gamma: want 12 digits, got "3333-3333-3333": write only the digits: "333333333333"`},
		{"account unquoted", `"333333333333"`, `333333333333`, `fleet.yaml:17: accounts.gamma: want text, got the number 333333333333: quote it: "333333333333"`},
		{"account unquoted with leading zero", `"333333333333"`, `012345678901`, `fleet.yaml:17: 012345678901 is one number to one reader and another number or text to the next: quote it: "012345678901"`},
		{"account missing", "  catalog: \"444444444444\"\n", "", `fleet.yaml:14: accounts.catalog: is missing: add it: Account of the portfolios`},
		{"region misspelt", "home: eu-west-1", "home: eu-wset-1", `fleet.yaml:10: regions.home: no region is called "eu-wset-1": did you mean eu-west-1`},
		{"region unknown", "home: eu-west-1", "home: moon", `regions.home: no region is called "moon": write one such as eu-west-1`},
		{"region of another partition", "home: eu-west-1", "home: cn-north-1", `only regions of the partition aws`},
		{"home is no catalog region", "catalog: [eu-west-1]", "catalog: [eu-west-3]", `regions.catalog: the home region eu-west-1 is not among them`},
		{"test region is catalog region", "test: [eu-central-1", "test: [eu-west-1", `fleet.yaml:12: regions.test[0]: eu-west-1 is a catalog region too`},
		{"test regions empty", "test: [eu-central-1, eu-north-1]", "test: []", `regions.test: is empty`},
		{"test region twice", "eu-north-1]", "eu-central-1]", `regions.test[1]: "eu-central-1" comes twice: keep one`},
		{"unknown key", "log_retention_days", "log_retention_day", `fleet.yaml:34: log_retention_day: unknown key: did you mean log_retention_days`},
		{"unknown nested key", "    provider: Platform team", "    providers: Platform team", `portfolios[0].providers: unknown key: did you mean provider`},
		{"portfolio ids twice", "- id: baseline", "- id: security", `portfolios[2].id: portfolios[1] has the id "security"`},
		{"portfolio ids apart by dashes only", "- id: baseline", "- id: secu-rity", `portfolios[2].id: portfolios[1] has the id "security", and dashes do not tell`},
		{"portfolio id shape", "- id: baseline", "- id: Base_line", `portfolios[2].id: want at most 40 lower-case letters`},
		{"no portfolios", "portfolios:", "portfolios: []\nx:", `portfolios: is empty`},
		{"portfolio name too long", "name: Account baseline", "name: " + strings.Repeat("x", 101), `portfolios[2].name: want 1 to 100 characters, got 101`},
		{"principal with account", `principals: ["arn:aws:iam:::role/fleet/*"]`, `principals: ["arn:aws:iam::111111111111:role/x"]`, `portfolios[0].principals[0]: want an IAM pattern without an account`},
		{"too many principals", `principals: ["arn:aws:iam:::role/fleet/*"]`, `principals: ["arn:aws:iam:::role/` + strings.Join(strings.Split("abcdefghij", ""), `", "arn:aws:iam:::role/`) + `"]`, `portfolios[0].principals: want 1 to 9 patterns, got 10`},
		{"consumer account", `accounts: ["555555555555"]`, `accounts: ["5"]`, `portfolios[1].accounts[0]: want 12 digits, got "5"`},
		{"management account", `management: "666666666666"`, `management: "66"`, `accounts.management: want 12 digits, got "66"`},
		{"catalog in the management account", `  management: "666666666666"`, `  management: "444444444444"`, `portfolios[2].organizational_units: the catalog account shares and deploys as delegated administrator, which a management account cannot be`},
		{"units without management account", `  management: "666666666666"`, ``, `portfolios[2].organizational_units: sharing with them needs the organization's management account: add accounts.management`},
		{"unit id", "[ou-f1ee-workload1]", "[workloads]", `portfolios[2].organizational_units[0]: want the id of an organizational unit or of the root, got "workloads"`},
		{"unit twice", "[ou-f1ee-workload1]", "[ou-f1ee-workload1, ou-f1ee-workload1]", `portfolios[2].organizational_units[1]: "ou-f1ee-workload1" comes twice`},
		{"account to verify in", `verify_in: "777777777777"`, `verify_in: "7"`, `portfolios[2].verify_in: want 12 digits, got "7"`},
		{"account to verify in without units", `    organizational_units: [ou-f1ee-workload1]`, ``, `portfolios[2].verify_in: the portfolio is shared with no organizational unit: add organizational_units`},
		{"account to verify in listed", `    organizational_units: [ou-f1ee-workload1]`, "    organizational_units: [ou-f1ee-workload1]\n    accounts: [\"777777777777\"]", `portfolios[2].verify_in: 777777777777 is listed under accounts too, and is looked at anyway: remove one of the two`},
		{"two sources", "source:", "source:\n  connection: {arn: \"arn:aws:codeconnections:eu-west-1:111111111111:connection/1\", repository: a/b}", `fleet.yaml:21: source: codecommit and connection are both set`},
		{"no source", "  codecommit: {repository: fleet-catalog, branch: main}\n", "  {}\n", `source: names neither codecommit nor connection`},
		{"connection ARN", "codecommit: {repository: fleet-catalog, branch: main}", "connection: {arn: \"arn:x\", repository: name}", `source.connection.arn: want the ARN of a connection, got "arn:x"`},
		{"repository name", "repository: fleet-catalog", "repository: fleet/catalog", `source.codecommit.repository: CodeCommit does not accept the name "fleet/catalog"`},
		{"branch", "branch: main", "branch: refs/heads/main", `source.codecommit.branch: "refs/heads/main" is no branch name: write the short name`},
		{"approver", `role/*"]`, `user/me"]`, `approval.approvers[0]: want the ARN pattern of an IAM role`},
		{"no approvers", `approvers: ["arn:aws:iam::111111111111:role/*"]`, `approvers: []`, `approval.approvers: is empty, so nobody could approve`},
		{"timeout too short", "timeout: 48h", "timeout: 4m", `approval.timeout: CodePipeline waits for whole minutes from 5m to 1440h, got 4m`},
		{"timeout too long", "timeout: 48h", "timeout: 1441h", `approval.timeout: CodePipeline waits`},
		{"timeout in days", "timeout: 48h", "timeout: 2d", `approval.timeout: want a duration, got "2d": write hours or minutes`},
		{"timeout as number", "timeout: 48h", "timeout: 48", `approval.timeout: want text, got the number 48`},
		{"mail address", "emails: []", "emails: [nobody]", `notifications.emails[0]: want a mail address, got "nobody"`},
		{"required service not allowed", "required_services: [guardduty", "required_services: [guarduty", `required_services[0]: "guarduty" is required, but products may not use it: did you mean guardduty`},
		{"shards", "shards: 1", "shards: 10", `shards: want 1 to 9, got 10`},
		{"shards as text", "shards: 1", "shards: one", `shards: want a whole number, got text "one"`},
		{"log retention", "log_retention_days: 365", "log_retention_days: 300", `log_retention_days: CloudWatch does not accept 300 days: write 365`},
		{"replication bucket missing", "catalog: [eu-west-1]", "catalog: [eu-west-1, eu-west-2]", `fleet.yaml:11: regions.catalog[1]: eu-west-2 is not the home region and has no replication bucket`},
		{"replication bucket of home", "replication_buckets: {}", "replication_buckets: {eu-west-1: bucket}", `replication_buckets.eu-west-1: is the home region`},
		{"replication bucket of no catalog region", "replication_buckets: {}", "replication_buckets: {eu-west-3: bucket}", `replication_buckets.eu-west-3: "eu-west-3" is no catalog region`},
		{"cleansing", "cleansing: automatic", "cleansing: always", `cleansing: want automatic, approval or off, got "always": write automatic`},
		{"leaked access keys", "leaked_access_keys: deactivate", "leaked_access_keys: delete", `fleet.yaml:37: leaked_access_keys: want report or deactivate, got "delete": write report`},
		{"leaked access keys without cleansing", "cleansing: automatic", `cleansing: "off"`, `fleet.yaml:37: leaked_access_keys: a cleansing of the pipeline deactivates keys, and cleansing is off: write cleansing: automatic or approval, or report here`},
		{"leaked access keys with a connection", "codecommit: {repository: fleet-catalog, branch: main}", "connection: {arn: \"arn:aws:codeconnections:eu-west-1:111111111111:connection/0a1b\", repository: a/b}", `fleet.yaml:37: leaked_access_keys: a cleansing of the pipeline deactivates keys, and there is none where the source is a connection: write report`},
		{"organization", "o-exampleorgid", "example", `fleet.yaml:7: organization: want o- and 10 to 32`},
		{"name too long", "shards: 1", "name: elevenchars\nshards: 1", `name: want 2 to 10 lower-case letters`},
		{"name reserved", "shards: 1", "name: sthree\nshards: 1", `name: "sthree" is reserved by AWS`},
		{"boolean as text", "sandbox_organization: true", "sandbox_organization: 'no'", `sandbox_organization: want true or false, got text "no"`},
		{"key without value", "timeout: 48h", "timeout:", `approval.timeout: has no value`},
		{"key twice", "shards: 1", "shards: 1\nshards: 2", `fleet.yaml:34: key "shards" comes twice, first on line 33`},
		{"tab", "  timeout: 48h", "\ttimeout: 48h", `fleet.yaml:26: is indented with a tab`},
		{"map expected", "notifications:\n  emails: []", "notifications: none", `notifications: want a map of keys, got text "none"`},
		{"list expected", "required_services: [guardduty, securityhub, config]", "required_services: guardduty", `required_services: want a list, got text "guardduty"`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			body := seed(t)
			require.Contains(t, body, row.old)
			_, err := Parse("fleet.yaml", []byte(strings.Replace(body, row.old, row.new, 1)))
			var mistakes *Mistakes
			require.ErrorAs(t, err, &mistakes)
			assert.ErrorContains(t, err, row.want)
			for _, m := range mistakes.All {
				assert.NotEmpty(t, m.Cure, m)
				assert.Equal(t, "fleet.yaml", m.File)
			}
		})
	}
}

func TestParseReportsEveryMistakeAtOnceInTheOrderOfTheFile(t *testing.T) {
	body := strings.NewReplacer("home: eu-west-1", "home: eu-wset-1", `"333333333333"`, `"3"`, "shards: 1", "shard: 1", "- id: baseline", "- id: security").Replace(seed(t))
	_, err := Parse("fleet.yaml", []byte(body))
	require.Error(t, err)
	var paths []string
	for line := range strings.Lines(err.Error()) {
		paths = append(paths, strings.SplitN(line, ": ", 3)[1])
	}
	assert.Equal(t, []string{"regions.home", "regions.catalog[0]", "accounts.gamma", "shard", "portfolios[2].id"}, paths)
}

func TestMistakenValuesAreNotReportedTwice(t *testing.T) {
	_, err := Parse("fleet.yaml", []byte(strings.Replace(seed(t), `"222222222222"`, "222222222222", 1)))
	var mistakes *Mistakes
	require.ErrorAs(t, err, &mistakes)
	assert.Len(t, mistakes.All, 1)
}

func TestEmptyFileListsWhatIsMissing(t *testing.T) {
	_, err := Parse("fleet.yaml", []byte("{}\n"))
	for _, key := range []string{"organization", "regions", "accounts", "approval", "portfolios"} {
		assert.ErrorContains(t, err, key+": is missing: add it: ")
	}
}

func TestLoadWithoutFileSaysHowToNameOne(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "fleet.yaml"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "fleet.yaml: file does not exist: run in the folder")
	assert.ErrorContains(t, err, "--settings or FLEET_SETTINGS")
}

func TestNamesFitTheLimitsOfAWS(t *testing.T) {
	s := &Settings{Name: "tencharsxx", Accounts: Accounts{Tools: "111111111111", Catalog: "444444444444"}, Regions: Regions{Home: "ap-southeast-1"}}
	product := strings.Repeat("p", 40)
	for _, role := range []string{s.LaunchRole(product), s.GammaLaunchRole(product), s.ConsumerCloudFormationRole(), s.KeyDeactivationRole()} {
		assert.LessOrEqual(t, len(role), 64, role)
	}
	for _, bucket := range []string{s.ArtifactBucket(), s.DossierBucket(), s.TemplateBucket("ap-southeast-1"), s.LedgerBucket()} {
		assert.LessOrEqual(t, len(bucket), 63, bucket)
	}
}

func TestConsumersAreSortedAndUnique(t *testing.T) {
	s := &Settings{Accounts: Accounts{Catalog: "444444444444"}, Portfolios: []Portfolio{
		{Accounts: []string{"555555555555", "222222222222"}}, {Accounts: []string{"222222222222"}}, {},
	}}
	assert.Equal(t, []string{"222222222222", "444444444444", "555555555555"}, s.Consumers())
}

func TestPortfoliosOfUnitsAreLookedAtInOneOfTheirAccountsOrInTheCatalogAccount(t *testing.T) {
	s := &Settings{Accounts: Accounts{Catalog: "444444444444"}}
	for _, row := range []struct {
		name string
		p    Portfolio
		want []string
	}{
		{"an account is named", Portfolio{Units: []string{"ou-f1ee-workload1"}, VerifyIn: "777777777777"}, []string{"777777777777"}},
		{"none is named", Portfolio{Units: []string{"ou-f1ee-workload1"}}, []string{"444444444444"}},
		{"accounts are listed too", Portfolio{Units: []string{"ou-f1ee-workload1"}, VerifyIn: "777777777777", Accounts: []string{"888888888888"}}, []string{"777777777777", "888888888888"}},
		{"accounts are listed, and nobody looks in a unit", Portfolio{Units: []string{"ou-f1ee-workload1"}, Accounts: []string{"555555555555"}}, []string{"444444444444", "555555555555"}},
	} {
		assert.Equal(t, row.want, s.PortfolioConsumers(row.p), row.name)
	}
}

func TestListedAccountsAndUnitsAreSortedAndUnique(t *testing.T) {
	s := &Settings{Portfolios: []Portfolio{
		{ID: "a", Accounts: []string{"555555555555", "222222222222"}, Units: []string{"ou-f1ee-workload2", "ou-f1ee-workload1"}},
		{ID: "b", Accounts: []string{"222222222222"}, Units: []string{"ou-f1ee-workload1"}, VerifyIn: "777777777777"}, {ID: "c"},
	}}
	assert.Equal(t, []string{"222222222222", "555555555555"}, s.Listed(), "an account to verify in is none")
	assert.Equal(t, []string{"ou-f1ee-workload1", "ou-f1ee-workload2"}, s.Units())
	assert.Equal(t, []string{"ou-f1ee-workload1"}, s.Units("b", "c"))
	assert.Empty(t, s.Units("c"))
}

func TestKeysAreDeactivatedInAccountsWithStacksIfTheSettingsAskForIt(t *testing.T) {
	s := &Settings{Accounts: Accounts{Tools: "111111111111", Test: "222222222222", Gamma: "222222222222", Catalog: "444444444444"}, Portfolios: []Portfolio{
		{Accounts: []string{"555555555555", "111111111111"}}, {Units: []string{"ou-f1ee-workload1"}, VerifyIn: "777777777777"},
	}}
	assert.Empty(t, s.KeyAccounts())
	s.LeakedAccessKeys = DeactivateKeys
	assert.Equal(t, []string{"111111111111", "222222222222", "444444444444", "555555555555"}, s.KeyAccounts())
	s.Accounts.Management = "333333333333"
	assert.Contains(t, s.KeyAccounts(), "333333333333")
}

func TestLaunchRolesOfTheFirstShardHaveNoNumber(t *testing.T) {
	s := &Settings{Name: "fleet"}
	assert.Equal(t, []string{"fleet-launch-roles", "fleet-launch-roles-1"}, []string{s.LaunchRolesStack(0), s.LaunchRolesStack(1)})
}

func TestActionNamesBecomeKebabCase(t *testing.T) {
	s := &Settings{Name: "fleet"}
	assert.Equal(t, "fleet-policy-as-code", s.ProjectName("PolicyAsCode"))
	assert.Equal(t, "fleet-action-change-set-products-0", s.ActionRole("ChangeSet-Products-0"))
}

func FuzzParse(f *testing.F) {
	body, err := os.ReadFile(seedPath)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(smallest))
	f.Add([]byte("portfolios: [{}]\nregions: []\naccounts: {tools: 1}\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := Parse("fleet.yaml", body)
		if (s == nil) == (err == nil) {
			t.Fatalf("want settings or an error, got %v and %v", s, err)
		}
		if err != nil && err.Error() == "" {
			t.Fatal("an error says nothing")
		}
	})
}
