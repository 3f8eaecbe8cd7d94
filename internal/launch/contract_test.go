package launch

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/emulator"
	"accountfleet/internal/emulator/emulatortest"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
)

// tool is a program that make tools installed.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", ".tools", "bin", name))
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is not installed: run make tools", path)
	}
	return path
}

// testAccount is an emulated test account with the roles and the bucket that launches use. It returns sessions of the tools account, of
// the deploy role and of the sweep role, and the emulator.
func testAccount(t *testing.T) (base, deploy, sweep *cloud.Session, emulated *emulator.Emulator) {
	t.Helper()
	e := emulatortest.Start(t)
	region := settings.Regions.Test[0]
	owner, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion(region), awsconfig.WithBaseEndpoint(e.Endpoint),
		awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(settings.Accounts.Test, "x", "")))
	require.NoError(t, err)
	roles := iam.NewFromConfig(owner)
	for name, principal := range map[string]string{
		settings.TestDeployRole():    `{"AWS": "arn:aws:iam::` + settings.Accounts.Tools + `:root"}`,
		settings.TestSweepRole():     `{"AWS": "arn:aws:iam::` + settings.Accounts.Tools + `:root"}`,
		settings.TestExecutionRole(): `{"Service": "cloudformation.amazonaws.com"}`,
	} {
		_, err := roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": ` + principal + `, "Action": "sts:AssumeRole"}]}`)})
		require.NoError(t, err)
		_, err = roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("all"), PolicyDocument: aws.String(
			`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`)})
		require.NoError(t, err)
	}
	buckets := s3.NewFromConfig(owner, func(o *s3.Options) { o.UsePathStyle = true })
	_, err = buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(settings.TaskCatBucket()),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(region)}})
	require.NoError(t, err)

	for key, value := range map[string]string{
		"AWS_ENDPOINT_URL": e.Endpoint, "AWS_ACCESS_KEY_ID": settings.Accounts.Tools, "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "config"),
		"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "credentials"),
	} {
		t.Setenv(key, value)
	}
	base, err = cloud.Open(t.Context(), region)
	require.NoError(t, err)
	deploy, sweep = base.As(settings.Accounts.Test, settings.TestDeployRole()), base.As(settings.Accounts.Test, settings.TestSweepRole())
	require.NoError(t, deploy.Expect(t.Context(), settings.Accounts.Test))
	require.ErrorContains(t, deploy.Expect(t.Context(), settings.Accounts.Tools), "credentials belong to account 222222222222: want 111111111111")
	require.Equal(t, e.Endpoint, base.Emulator(t.Context()))
	return base, deploy, sweep, e
}

const retaining = `{
  "Parameters": {"Days": {"Type": "Number"}},
  "Resources": {
    "Logs": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": {"Ref": "Days"}}}
  },
  "Outputs": {"Out": {"Value": {"Ref": "Logs"}}}
}`

const failing = `{"Resources": {
  "Queue": {"Type": "AWS::SQS::Queue"},
  "Hub": {"Type": "AWS::SecurityHub::Hub", "DependsOn": "Queue", "Properties": {"EnableDefaultStandards": "perhaps"}}
}}`

func launchable(id, days string) bundle.Product {
	return bundle.Product{
		Product: ledger.Product{ID: id, Name: id, Versions: []ledger.Version{{Version: "1.0.0", Digest: id}}}, Change: bundle.NewProduct,
		Scope: "region", Parameters: map[string]string{"Days": days}, Outputs: []string{"Out"}, Retained: []string{"Logs"},
		Tests: []bundle.Test{
			{Name: "defaults", Regions: []string{"eu-central-1"}, Parameters: map[string]string{"Days": days}},
			{Name: "without-days", Regions: []string{"eu-north-1"}},
		},
	}
}

// region is Beta in one region; what is launched here is small enough to need no upload.
type region struct{ *cloud.Session }

func (region) Upload(context.Context, string, []byte) (string, error) {
	return "", errors.New("nothing is uploaded here")
}

// TestLaunchesOnTheEmulator runs Provision and the real TaskCat against the emulator: what AWS is asked for must be what it understands.
func TestLaunchesOnTheEmulator(t *testing.T) {
	base, deploy, sweep, e := testAccount(t)
	levels := InEmulator{Backends: emulator.NewClient(e.Endpoint)}
	templates := map[string]string{"logs": retaining, "old": retaining, "wrong": failing}
	read := func(p bundle.Product) ([]byte, error) { return []byte(templates[p.ID]), nil }

	t.Run("provision", func(t *testing.T) {
		wrong := launchable("wrong", "60")
		wrong.Parameters = nil
		p := &Provision{Settings: settings, Template: read, Beta: region{deploy}, Stacks: deploy.Stacks(), Sweeper: sweep.Sweeper(), Levels: levels,
			Emulated: true, Log: quiet(), Now: time.Now}
		old := launchable("old", "60")
		old.Scope = "account"
		found, err := p.Run(t.Context(), []bundle.Product{old})
		require.NoError(t, err)
		require.Equal(t, []string{"deploy passed", "outputs passed"}, steps(t, found, "old"))
		found, err = p.Run(t.Context(), []bundle.Product{launchable("logs", "60"), wrong})
		require.NoError(t, err)
		require.Equal(t, []string{"left the catalog passed", "delete passed", "residue passed"}, steps(t, found, "old"))
		require.Equal(t, []string{"deploy passed", "outputs passed", "delete passed", "residue passed"}, steps(t, found, "logs"))
		require.Equal(t, []string{"deploy findings", "delete passed", "residue passed"}, steps(t, found, "wrong"))
		require.Len(t, found.Findings, 1)
		require.Equal(t, "Hub", found.Findings[0].Resource)
		require.Contains(t, found.Findings[0].Message, "EnableDefaultStandards")
		i := slices.IndexFunc(found.Products, func(p evidence.Product) bool { return p.ID == "logs" })
		require.Equal(t, evidence.Emulated, found.Products[i].Resources[0].Level)
	})

	t.Run("taskcat", func(t *testing.T) {
		environment, source, err := base.Environment(t.Context(), os.Getenv)
		require.NoError(t, err)
		require.Equal(t, "Environment", source)
		var said bytes.Buffer
		in := &Integration{
			Settings: settings, Template: read, Levels: levels, Emulated: true, Run: "r1", Log: quiet(), Now: time.Now,
			StacksIn:  func(region string) Stacks { return deploy.In(region).Stacks() },
			SweeperIn: func(region string) Sweeper { return sweep.In(region).Sweeper() },
			TaskCat: &Process{
				Python: tool(t, "taskcat-python"), Environment: append(environment, "PATH="+os.Getenv("PATH")), Source: source,
				Role: config.RoleARN(settings.Accounts.Test, settings.TestDeployRole()), Region: "eu-central-1", Dir: t.TempDir(), Output: &said,
			},
		}
		found, err := in.Do(t.Context(), []bundle.Product{launchable("logs", "60")})
		require.NoError(t, err, said.String())
		require.Equal(t, []string{
			"taskcat defaults eu-central-1 passed", "taskcat without-days findings", "delete defaults eu-central-1 passed", "residue defaults eu-central-1 passed",
		}, steps(t, found, "logs"))
		require.Contains(t, found.Findings[0].Message, "Days")
		require.Equal(t, "products/logs/.taskcat.yml", found.Findings[0].File)
	})

	t.Run("taskcat in the wrong account", func(t *testing.T) {
		environment, source, err := base.Environment(t.Context(), os.Getenv)
		require.NoError(t, err)
		wrong := &Process{Python: tool(t, "taskcat-python"), Environment: environment, Source: source, Region: "eu-central-1", Dir: t.TempDir(),
			Role: config.RoleARN(settings.Accounts.Test, settings.TestDeployRole())}
		talk, err := wrong.Start(t.Context(), Plan{Account: "999999999999", Rounds: [][]Spec{{}}})
		require.NoError(t, err)
		_, err = talk.Next()
		require.ErrorContains(t, err, "credentials belong to account 222222222222, want 999999999999")
		require.ErrorContains(t, talk.Close(), "exit status 3")
	})

	left, err := emulator.NewClient(e.Endpoint).Resources(t.Context(), emulator.Filter{Account: settings.Accounts.Test})
	require.NoError(t, err)
	require.Empty(t, left, "nothing may stay in the test account")
}
