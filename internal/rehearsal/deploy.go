package rehearsal

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"accountfleet/internal/assembly"
)

// accountsPlugin is a plugin for the cdk CLI that gives the root credentials of each account, so that one run bootstraps them all.
//
//go:embed accounts.js
var accountsPlugin []byte

// synthesize makes the cloud assembly, unless one is given.
func (s *Session) synthesize(ctx context.Context) (string, error) {
	if s.options.Assembly != "" {
		return s.options.Assembly, nil
	}
	out := filepath.Join(s.folder, "cdk.out")
	s.onClose(func(context.Context) error { return removeAssets(out) })
	err := s.cdk(ctx, "synth", s.options.Project, s.synthEnvironment(),
		"synth", "--all", "--quiet", "--no-notices", "--output", out, "--context", "settings="+s.options.Settings)
	return out, err
}

// removeAssets takes the assets out of a run folder: eighty megabytes that were uploaded already. The templates stay.
func removeAssets(assembly string) error {
	assets, err := filepath.Glob(filepath.Join(assembly, "asset.*"))
	if err != nil {
		return fmt.Errorf("remove assets: %w", err)
	}
	for _, asset := range assets {
		if err := os.RemoveAll(asset); err != nil {
			return fmt.Errorf("remove assets: %w", err)
		}
	}
	return nil
}

// synthEnvironment is the user's own, for the app's caches, without anything of AWS. Template validation is left to make deploy.
func (s *Session) synthEnvironment() []string {
	own := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "AWS_") })
	return append(own, "CDK_VALIDATION=false", "CDK_DISABLE_CLI_TELEMETRY=1", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=18,20",
		"JSII_RUNTIME_PACKAGE_CACHE_ROOT="+filepath.Join(s.options.Tools, "jsii"))
}

// install bootstraps every account and region and deploys all stacks, with the real cdk CLI.
func (s *Session) install(ctx context.Context, a *assembly.Assembly) error {
	tools := a.Pipeline.Account
	err := s.step("cdk bootstrap", func() error {
		plugin := filepath.Join(s.scratch, "accounts.js")
		if err := os.WriteFile(plugin, accountsPlugin, 0o644); err != nil {
			return fmt.Errorf("bootstrap: %w", err)
		}
		args := []string{"bootstrap", "--plugin", plugin, "--no-notices", "--trust", tools,
			"--cloudformation-execution-policies", "arn:aws:iam::aws:policy/AdministratorAccess"}
		return s.cdk(ctx, "bootstrap", s.scratch, s.cdkEnvironment("", a.Pipeline.Region), append(args, environments(a)...)...)
	})
	if err != nil {
		return err
	}
	return s.step("cdk deploy --all", func() error {
		return s.cdk(ctx, "deploy", s.scratch, s.cdkEnvironment(tools, a.Pipeline.Region), "deploy", "--all", "--app", a.Dir,
			"--require-approval", "never", "--no-notices", "--progress", "events", "--concurrency", "4", "--output", filepath.Join(s.scratch, "deploy.out"))
	})
}

// environments are the accounts and regions of all stacks, each once, in the form aws://account/region.
func environments(a *assembly.Assembly) []string {
	var list []string
	for _, stack := range a.Stacks {
		if e := "aws://" + stack.Account + "/" + stack.Region; !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

// cdkEnvironment is for the cdk CLI on the emulator: a HOME without AWS configuration, the root user of one account.
func (s *Session) cdkEnvironment(account, region string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "CDK_HOME=" + s.home, "LANG=C.UTF-8",
		"AWS_CONFIG_FILE=" + filepath.Join(s.home, "no-config"), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(s.home, "no-credentials"),
		"AWS_ENDPOINT_URL=" + s.endpoint, "AWS_EC2_METADATA_DISABLED=true", "AWS_REGION=" + region,
		"CDK_DISABLE_CLI_TELEMETRY=1", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=18,20",
	}
	if account != "" {
		env = append(env, "AWS_ACCESS_KEY_ID="+account, "AWS_SECRET_ACCESS_KEY=rehearsal")
	}
	return env
}

// cdk runs the cdk CLI in a folder and keeps its output as <name>.log in the session's folder.
func (s *Session) cdk(ctx context.Context, name, folder string, env []string, args ...string) error {
	path := filepath.Join(s.folder, name+".log")
	log, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("cdk %s: %w", name, err)
	}
	defer log.Close()
	program := s.options.Programs.CDK
	cmd := command(ctx, program[0], append(slices.Clone(program[1:]), args...)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = folder, env, log, log
	if err := run(cmd); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("cdk %s: %w: the end of %s:\n%s", name, err, path, lastLines(path, 15))
	}
	return nil
}

// lastLines returns the end of a log, for messages.
func lastLines(path string, count int) string {
	body, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimRight(string(body), "\n"), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-count):], "\n  ")
}

// physicalID asks the emulator for what only the deployment knows.
func (s *Session) physicalID(ctx context.Context) func(assembly.Stack, string) (string, error) {
	return func(stack assembly.Stack, logicalID string) (string, error) {
		client := cloudformation.NewFromConfig(s.root(stack.Account, stack.Region).config)
		out, err := client.DescribeStackResource(ctx, &cloudformation.DescribeStackResourceInput{
			StackName: &stack.Name, LogicalResourceId: &logicalID,
		})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.StackResourceDetail.PhysicalResourceId), nil
	}
}
