package emulator_test

import (
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/emulator"
	"accountfleet/internal/emulator/emulatortest"
)

func as(e *emulator.Emulator, key, secret, token string) aws.Config {
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("eu-west-1"), config.WithBaseEndpoint(e.Endpoint),
		config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(key, secret, token)))
	if err != nil {
		panic(err) // static values cannot fail to load
	}
	return cfg
}

const account = "222222222222"

const template = `{"Resources": {
  "Bucket": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "fleet-emulator-test"}},
  "Analyzer": {"Type": "AWS::AccessAnalyzer::Analyzer", "Properties": {"Type": "ACCOUNT"}},
  "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "build",
    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
    "Policies": [{"PolicyName": "push", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Action": "codecommit:GitPush", "Resource": "*",
       "Condition": {"StringLike": {"codecommit:References": "refs/heads/feature/*"}}},
      {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": {"Fn::GetAtt": ["Bucket", "Arn"]}}]}}]}}}}`

func TestARoleMayDoWhatItsPoliciesAllowAndNoMore(t *testing.T) {
	e, ctx := emulatortest.Start(t), context.Background()
	client := emulator.NewClient(e.Endpoint)
	require.NoError(t, client.Health(ctx))
	stacks := cloudformation.NewFromConfig(as(e, account, "x", ""))
	_, err := stacks.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: aws.String("one"), TemplateBody: aws.String(template),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam}})
	require.NoError(t, err)
	role := "arn:aws:iam::" + account + ":role/build"

	t.Run("only for the service that it trusts", func(t *testing.T) {
		_, err := client.Assume(ctx, role, "codepipeline.amazonaws.com", "run")
		var refusal *emulator.Refusal
		require.ErrorAs(t, err, &refusal)
		assert.Equal(t, 403, refusal.Status)
		assert.ErrorContains(t, err, "codepipeline.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: "+role)
	})
	t.Run("through its credentials", func(t *testing.T) {
		got, err := client.Assume(ctx, role, "codebuild.amazonaws.com", "run")
		require.NoError(t, err)
		assert.WithinDuration(t, time.Now().Add(time.Hour), got.Expiration, 5*time.Minute)
		session := as(e, got.AccessKeyID, got.SecretAccessKey, got.SessionToken)
		who, err := sts.NewFromConfig(session).GetCallerIdentity(ctx, nil)
		require.NoError(t, err)
		assert.Equal(t, "arn:aws:sts::"+account+":assumed-role/build/run", *who.Arn)
		store := s3.NewFromConfig(session, func(o *s3.Options) { o.UsePathStyle = true })
		_, err = store.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("fleet-emulator-test")})
		require.NoError(t, err)
		_, err = store.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("fleet-emulator-test"), Key: aws.String("k"), Body: strings.NewReader("v")})
		assert.ErrorContains(t, err, "is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::fleet-emulator-test/k")
	})
	t.Run("by the conditions of its policies", func(t *testing.T) {
		question := emulator.Question{Principal: role, Action: "codecommit:GitPush", Resource: "arn:aws:codecommit:eu-west-1:" + account + ":fleet"}
		question.Context = map[string][]string{"codecommit:References": {"refs/heads/feature/a"}}
		decision, err := client.Authorize(ctx, question)
		require.NoError(t, err)
		assert.True(t, decision.Allowed, decision.Reason)
		question.Context = map[string][]string{"codecommit:References": {"refs/heads/main"}}
		decision, err = client.Authorize(ctx, question)
		require.NoError(t, err)
		assert.False(t, decision.Allowed)
		assert.Contains(t, decision.Reason, "no identity-based policy allows the codecommit:GitPush action")
	})
	t.Run("and what it used is told", func(t *testing.T) {
		used, err := client.Permissions(ctx)
		require.NoError(t, err)
		assert.Contains(t, used, emulator.Used{ARN: role, Used: []string{"codecommit:GitPush", "s3:ListBucket"}})
	})
}

func TestResourcesTellTheirLevelAndOutliveTheirStackWhereTheyAreRetained(t *testing.T) {
	e, ctx := emulatortest.Start(t), context.Background()
	client, stacks := emulator.NewClient(e.Endpoint), cloudformation.NewFromConfig(as(e, account, "x", ""))
	_, err := stacks.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: aws.String("one"), TemplateBody: aws.String(template),
		Capabilities: []cfntypes.Capability{cfntypes.CapabilityCapabilityNamedIam}})
	require.NoError(t, err)
	levels := map[string]string{}
	found, err := client.Resources(ctx, emulator.Filter{Account: account, Region: "eu-west-1", Stack: "one"})
	require.NoError(t, err)
	for _, resource := range found {
		levels[resource.Type] = resource.Level
	}
	assert.Equal(t, map[string]string{"AWS::S3::Bucket": emulator.LevelEmulated, "AWS::IAM::Role": emulator.LevelEmulated,
		"AWS::AccessAnalyzer::Analyzer": emulator.LevelModelled}, levels)

	_, err = stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: aws.String("one")})
	require.NoError(t, err)
	found, err = client.Resources(ctx, emulator.Filter{})
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, "DELETE_SKIPPED", found[0].Status)
	assert.Equal(t, "fleet-emulator-test", found[0].PhysicalID)
}

func TestAnOrganizationIsMadeWithTheIDsThatAreGiven(t *testing.T) {
	e, ctx := emulatortest.Start(t), context.Background()
	client := emulator.NewClient(e.Endpoint)
	wanted := emulator.Organization{ID: "o-exampleorgid", Management: "666666666666",
		Units: []emulator.OrganizationUnit{{Name: "Below", Parent: "ou-f1ee-workload1"}, {ID: "ou-f1ee-workload1", Name: "Workloads"}},
		Accounts: []emulator.OrganizationAccount{{ID: "666666666666", Name: "Management", Email: "management@example.com"},
			{ID: account, Parent: "ou-f1ee-workload1"}}}
	got, err := client.PutOrganization(ctx, wanted)
	require.NoError(t, err)
	assert.Equal(t, "o-exampleorgid", got.ID)
	assert.Equal(t, "r-f1ee", got.Root)
	require.Len(t, got.Units, 2)
	assert.Equal(t, emulator.OrganizationUnit{ID: "ou-f1ee-workload1", Name: "Workloads", Parent: "r-f1ee"}, got.Units[0])
	assert.Regexp(t, "^ou-f1ee-[a-z0-9]{8}$", got.Units[1].ID)

	_, err = client.PutOrganization(ctx, emulator.Organization{Management: account})
	var refusal *emulator.Refusal
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, 409, refusal.Status)
	assert.ErrorContains(t, err, "account "+account+" is in the organization o-exampleorgid already")
}

func TestADeletedRepositoryTakesItsFolderAwayAndANewOneBringsItBackEmpty(t *testing.T) {
	e, ctx, folder := emulatortest.Start(t), context.Background(), filepath.Join(t.TempDir(), "fleet.git")
	client, commits := emulator.NewClient(e.Endpoint), codecommit.NewFromConfig(as(e, account, "x", ""))
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("git", append([]string{"--git-dir", folder}, args...)...).CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	git("init", "--quiet", "--bare", "--initial-branch", "trunk")
	blob := git("hash-object", "-w", filepath.Join(folder, "config"))

	var refusal *emulator.Refusal
	require.ErrorAs(t, client.HostRepository(ctx, account, "eu-west-1", "fleet", folder), &refusal)
	assert.ErrorContains(t, refusal, "has no CodeCommit repository fleet")
	made, err := commits.CreateRepository(ctx, &codecommit.CreateRepositoryInput{RepositoryName: aws.String("fleet")})
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), *made.RepositoryMetadata.CreationDate, time.Minute)
	require.NoError(t, client.HostRepository(ctx, account, "eu-west-1", "fleet", folder))

	_, err = commits.DeleteRepository(ctx, &codecommit.DeleteRepositoryInput{RepositoryName: aws.String("fleet")})
	require.NoError(t, err)
	assert.NoDirExists(t, folder)
	again, err := commits.CreateRepository(ctx, &codecommit.CreateRepositoryInput{RepositoryName: aws.String("fleet")})
	require.NoError(t, err)
	assert.NotEqual(t, *made.RepositoryMetadata.RepositoryId, *again.RepositoryMetadata.RepositoryId)
	assert.Equal(t, "refs/heads/trunk", git("symbolic-ref", "HEAD"))
	assert.Error(t, exec.Command("git", "--git-dir", folder, "cat-file", "-e", blob).Run(), "no object is left")
}

func TestStartSaysWhyItCannot(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = emulator.Start(context.Background(), emulator.Options{Root: emulatortest.Root, Python: emulatortest.Python(t), Port: taken.Addr().(*net.TCPAddr).Port})
	assert.ErrorContains(t, err, "Address already in use: choose another, or 0 for any free one")

	_, err = emulator.Start(context.Background(), emulator.Options{Root: t.TempDir(), Python: emulatortest.Python(t)})
	assert.ErrorContains(t, err, "serve.py is not there")

	_, err = emulator.Start(context.Background(), emulator.Options{Root: emulatortest.Root, Python: filepath.Join(t.TempDir(), "python")})
	assert.ErrorContains(t, err, "run make tools")
}

func TestTheEmulatorEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	e, err := emulator.Start(ctx, emulator.Options{Root: emulatortest.Root, Python: emulatortest.Python(t)})
	require.NoError(t, err)
	cancel()
	select {
	case <-e.Ended():
	case <-time.After(10 * time.Second):
		t.Fatal("it still runs")
	}
	assert.ErrorIs(t, syscall.Kill(e.PID, 0), syscall.ESRCH)
}

func TestEnvironmentHidesTheUsersOwnAWS(t *testing.T) {
	e := &emulator.Emulator{Endpoint: "http://localhost:1"}
	assert.Subset(t, e.Environment(account), []string{"AWS_ENDPOINT_URL=http://localhost:1", "AWS_ACCESS_KEY_ID=" + account,
		"AWS_SESSION_TOKEN=", "AWS_PROFILE=", "AWS_EC2_METADATA_DISABLED=true"})
}
