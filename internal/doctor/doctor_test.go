package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/toolbox"
)

// answers is an AWS CLI that knows what to print for the two words of a command.
func answers(table map[string]string) AWS {
	return func(_ context.Context, arguments ...string) ([]byte, error) {
		answer, ok := table[strings.Join(arguments[:2], " ")]
		if !ok {
			return nil, errors.New("aws " + arguments[1] + ": AccessDenied")
		}
		if failure, ok := strings.CutPrefix(answer, "error "); ok {
			return nil, errors.New(failure)
		}
		return []byte(answer), nil
	}
}

func fleet() *config.Settings {
	return &config.Settings{Name: "fleet", Accounts: config.Accounts{Tools: "111111111111"}, Regions: config.Regions{Home: "eu-west-1"}}
}

// named returns the check called name.
func named(t *testing.T, checks []Check, name string) Check {
	t.Helper()
	for _, check := range checks {
		if check.Name == name {
			return check
		}
	}
	require.Failf(t, "no such check", "%s in %v", name, checks)
	return Check{}
}

const (
	toolsAccount = `{"Account": "111111111111", "Arn": "arn:aws:sts::111111111111:assumed-role/admin/me"}`
	enough5      = `{"Quotas": [{"QuotaName": "Concurrently running builds for Linux/Medium environment", "Value": 5}]}`
)

func TestAccountIsFineWhenBuildsRunAtOnceAndEveryOtherRoleIsGuarded(t *testing.T) {
	checks := Account(t.Context(), answers(map[string]string{
		"sts get-caller-identity":            toolsAccount,
		"service-quotas list-service-quotas": enough5,
		"iam list-entities-for-policy":       `{"PolicyRoles": [{"RoleName": "admin"}]}`,
		"iam list-roles": `{"Roles": [{"RoleName": "admin", "Path": "/"}, {"RoleName": "fleet-reviewer", "Path": "/"},
			{"RoleName": "AWSServiceRoleForX", "Path": "/aws-service-role/x/"}]}`,
	}), fleet())
	for _, name := range []string{"credentials", "build quota", "approval guard"} {
		assert.Equal(t, Fine, named(t, checks, name).State, name)
	}
	assert.Equal(t, NotRun, named(t, checks, "test account").State, "nothing looks there yet, and doctor says so")
}

func TestAccountWarnsOfAQuotaOfOneAndOfRolesThatCouldApprove(t *testing.T) {
	checks := Account(t.Context(), answers(map[string]string{
		"sts get-caller-identity":            toolsAccount,
		"service-quotas list-service-quotas": strings.Replace(enough5, "5", "1", 1),
		"iam list-entities-for-policy":       `{"PolicyRoles": []}`,
		"iam list-roles":                     `{"Roles": [{"RoleName": "admin", "Path": "/"}]}`,
	}), fleet())
	assert.Equal(t, Warning, named(t, checks, "build quota").State)
	guard := named(t, checks, "approval guard")
	assert.Equal(t, Warning, guard.State)
	assert.Contains(t, guard.Detail, "admin")
	assert.Contains(t, guard.Cure, "arn:aws:iam::111111111111:policy/fleet-approval-guard")
}

func TestAccountSaysWhatItWasNotAllowedToSee(t *testing.T) {
	checks := Account(t.Context(), answers(map[string]string{"sts get-caller-identity": toolsAccount}), fleet())
	assert.Equal(t, NotRun, named(t, checks, "build quota").State)
	assert.Equal(t, NotRun, named(t, checks, "approval guard").State)
}

func TestAccountKnowsThatTheGuardIsNotInstalled(t *testing.T) {
	checks := Account(t.Context(), answers(map[string]string{
		"sts get-caller-identity":      toolsAccount,
		"iam list-entities-for-policy": "error An error occurred (NoSuchEntity)",
	}), fleet())
	assert.Equal(t, Check{Name: "approval guard", State: Warning, Cure: "make deploy",
		Detail: "arn:aws:iam::111111111111:policy/fleet-approval-guard does not exist"}, named(t, checks, "approval guard"))
}

func TestAccountLooksAtNothingWithCredentialsOfAnother(t *testing.T) {
	checks := Account(t.Context(), answers(map[string]string{
		"sts get-caller-identity": strings.ReplaceAll(toolsAccount, "111111111111", "999999999999"),
	}), fleet())
	assert.Equal(t, Missing, named(t, checks, "credentials").State)
	assert.Equal(t, NotRun, named(t, checks, "build quota").State)
}

func TestMachineNamesWhatIsMissingWithItsCure(t *testing.T) {
	definitions, err := toolbox.ParseDefinitions("tools.yaml", []byte(`
needs:
  - {name: go, minimum: "1.26", ask: [go, version], cure: install Go}
  - {name: new-go, minimum: "99", ask: [go, version], cure: install a newer Go}
  - {name: fortran, minimum: "1", ask: [no-such-fortran], cure: install Fortran}
tools:
  - name: hello
    version: 1.2.3
    source: {script: {program: hello, sha256: [x]}}
    links: {bin/hello: hello}
`))
	require.NoError(t, err)
	settings := filepath.Join(t.TempDir(), "fleet.yaml")
	require.NoError(t, os.WriteFile(settings, []byte("organisation: x\n"), 0o600))
	box := &toolbox.Toolbox{Definitions: definitions, Folder: filepath.Join(t.TempDir(), "no", "such"), Environ: os.Environ()}
	checks := Machine(t.Context(), box, settings)
	assert.Equal(t, Fine, named(t, checks, "go").State)
	for name, cure := range map[string]string{
		"new-go": "install a newer Go", "fortran": "install Fortran", "hello": "make tools", "settings": "correct " + settings,
	} {
		check := named(t, checks, name)
		assert.Equal(t, Missing, check.State, name)
		assert.Equal(t, cure, check.Cure, name)
		assert.NotContains(t, check.Detail, cure, name)
	}
	assert.Equal(t, Fine, named(t, checks, "localhost port").State)
	assert.NotEqual(t, NotRun, named(t, checks, "disk").State, "the disk of a folder that is not there yet is that of its parent")
}
