package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/emulator"
	"accountfleet/internal/evidence"
	"accountfleet/internal/launch"
	"accountfleet/internal/toolbox"
)

// launchOptions are the flags of fleet launch.
type launchOptions struct {
	releaseOptions
	evidence  string
	junit     string
	portfolio string // consume only
}

func newLaunchCommand(streams *IO) *cobra.Command {
	var options launchOptions
	command := &cobra.Command{
		Use:   "launch",
		Short: "Launch changed products in the test account and, as a consumer, in the gamma account",
		Long: `Launch what a package changes, in the accounts of fleet.yaml, by the roles that the installation brought.

The pipeline runs these commands, provision and test in Beta and consume in Gamma. fleet rehearse runs all of them on this machine.

Exit code 0: all were launched. 1: a product is wrong. 2: something is broken.`,
		Example: "  fleet launch provision --bundle package --evidence evidence/evidence.json",
	}
	options.settingsFlag(command, streams)
	add := func(use, short string, run func(context.Context, *IO, launchOptions, *config.Settings, *bundle.Bundle) (evidence.Evidence, error)) *cobra.Command {
		sub := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(command *cobra.Command, _ []string) error {
			return runLaunch(command.Context(), streams, options, run)
		}}
		options.bundleFlag(sub)
		options.executionFlag(sub, streams)
		sub.Flags().StringVar(&options.evidence, "evidence", "", "file to write the evidence to")
		sub.Flags().StringVar(&options.junit, "junit", "", "file to write a JUnit report to")
		_ = sub.MarkFlagRequired("evidence")
		command.AddCommand(sub)
		return sub
	}
	add("provision", "Deploy changed products to the test account, or update them there", provision)
	add("test", "Run the TaskCat tests of changed products in the test regions", integrationTests)
	consumer := add("consume", "Launch changed products from the gamma portfolio as an end user", consume)
	consumer.Flags().StringVar(&options.portfolio, "portfolio", streams.Getenv("PORTFOLIO_ID"), "id of the gamma portfolio (default $PORTFOLIO_ID)")
	return command
}

// runLaunch runs one of the launches; its evidence is written whatever happens.
func runLaunch(ctx context.Context, streams *IO, options launchOptions,
	run func(context.Context, *IO, launchOptions, *config.Settings, *bundle.Bundle) (evidence.Evidence, error)) error {
	s, b, err := options.open()
	if err != nil {
		return err
	}
	e, err := run(ctx, streams, options, s, b)
	if err != nil {
		e.Outcome = evidence.Broken
	}
	if e.Finished.IsZero() {
		e.Finished = time.Now()
	}
	err = errors.Join(err, evidence.Write(options.evidence, e))
	if options.junit != "" {
		err = errors.Join(err, launch.WriteJUnit(options.junit, e))
	}
	printEvidence(streams, e)
	if err != nil {
		return err
	}
	if e.Outcome != evidence.Passed {
		return errFindings
	}
	return nil
}

// printEvidence says per product what was done, and how each of its resources was exercised.
func printEvidence(streams *IO, e evidence.Evidence) {
	for _, product := range e.Products {
		levels := map[evidence.Level]int{}
		for _, r := range product.Resources {
			levels[r.Level]++
		}
		outcome := evidence.Passed
		for _, step := range product.Steps {
			if step.Outcome == evidence.Broken || outcome == evidence.Passed {
				outcome = step.Outcome
			}
		}
		name := strings.TrimSpace(product.ID + " " + product.Version) // one that left the catalog has no version
		fmt.Fprintf(streams.Out, "%s: %s, %d steps, resources: %d launched, %d emulated, %d modelled\n", name, outcome,
			len(product.Steps), levels[evidence.Launched], levels[evidence.Emulated], levels[evidence.Modelled])
	}
	for _, skipped := range e.NotRun {
		fmt.Fprintf(streams.Out, "not run: %s: %s\n", skipped.What, skipped.Why)
	}
	for _, f := range e.Findings {
		fmt.Fprintln(streams.Err, f)
	}
	if len(e.Products) == 0 {
		fmt.Fprintln(streams.Out, "no product to launch")
	}
}

// place is an account and a role in it, checked to be what it should.
func place(ctx context.Context, base *cloud.Session, account, role string) (*cloud.Session, error) {
	session := base.As(account, role)
	return session, session.Expect(ctx, account)
}

// levelsOf says how resources are exercised where base goes: in the emulator as it tells, else on AWS.
func levelsOf(ctx context.Context, base, session *cloud.Session) (levels launch.Levels, emulated bool) {
	if endpoint := base.Emulator(ctx); endpoint != "" {
		return launch.InEmulator{Backends: emulator.NewClient(endpoint)}, true
	}
	return launch.OnAWS{StacksIn: func(region string) launch.Lister { return session.In(region).Stacks() }}, false
}

func provision(ctx context.Context, streams *IO, options launchOptions, s *config.Settings, b *bundle.Bundle) (evidence.Evidence, error) {
	e := evidence.Evidence{Action: "Provision", Started: time.Now()}
	base, err := options.session(ctx, s)
	if err != nil {
		return e, err
	}
	base = base.In(s.Regions.Test[0])
	deploy, err := place(ctx, base, s.Accounts.Test, s.TestDeployRole())
	if err != nil {
		return e, err
	}
	sweep, err := place(ctx, base, s.Accounts.Test, s.TestSweepRole())
	if err != nil {
		return e, err
	}
	levels, emulated := levelsOf(ctx, base, deploy)
	provision := launch.Provision{
		Settings: s, Template: options.template(b), Beta: beta{deploy, s.TaskCatBucket()}, Stacks: deploy.Stacks(), Sweeper: sweep.Sweeper(),
		Levels: levels, Around: deploy.Surroundings(), Emulated: emulated, Log: launch.NewLog(streams.Err), Now: time.Now,
	}
	return provision.Run(ctx, b.Products)
}

// beta is the test account as launch.Provision needs it.
type beta struct {
	*cloud.Session
	bucket string
}

func (b beta) Upload(ctx context.Context, name string, body []byte) (string, error) {
	return b.PutTemplate(ctx, b.bucket, name, body)
}

func integrationTests(ctx context.Context, streams *IO, options launchOptions, s *config.Settings, b *bundle.Bundle) (evidence.Evidence, error) {
	e := evidence.Evidence{Action: "IntegrationTests", Started: time.Now()}
	python, err := toolbox.Locate("taskcat-python")
	if err != nil {
		return e, err
	}
	base, err := options.session(ctx, s)
	if err != nil {
		return e, err
	}
	deploy, err := place(ctx, base.In(s.Regions.Test[0]), s.Accounts.Test, s.TestDeployRole())
	if err != nil {
		return e, err
	}
	sweep, err := place(ctx, base.In(s.Regions.Test[0]), s.Accounts.Test, s.TestSweepRole())
	if err != nil {
		return e, err
	}
	environment, source, err := base.Environment(ctx, streams.Getenv)
	if err != nil {
		return e, err
	}
	dir, err := os.MkdirTemp("", "fleet-taskcat-")
	if err != nil {
		return e, fmt.Errorf("prepare TaskCat: %w", err)
	}
	defer os.RemoveAll(dir)
	levels, emulated := levelsOf(ctx, base, deploy)
	integration := launch.Integration{
		Settings: s, Template: options.template(b), Levels: levels, Emulated: emulated, Run: options.run(), Log: launch.NewLog(streams.Err), Now: time.Now,
		Around:    deploy.Surroundings(),
		StacksIn:  func(region string) launch.Stacks { return deploy.In(region).Stacks() },
		SweeperIn: func(region string) launch.Sweeper { return sweep.In(region).Sweeper() },
		TaskCat: &launch.Process{
			Python: python.Path, Environment: append(environment, "PATH="+streams.Getenv("PATH"), "TMPDIR="+dir), Source: source,
			Role: config.RoleARN(s.Accounts.Test, s.TestDeployRole()), Region: s.Regions.Test[0], Dir: filepath.Join(dir, "run"), Output: streams.Err,
		},
	}
	return integration.Do(ctx, b.Products)
}

func consume(ctx context.Context, streams *IO, options launchOptions, s *config.Settings, b *bundle.Bundle) (evidence.Evidence, error) {
	e := evidence.Evidence{Action: "Consume", Started: time.Now()}
	base, err := options.session(ctx, s)
	if err != nil {
		return e, err
	}
	user, err := place(ctx, base, s.Accounts.Gamma, s.GammaConsumerRole())
	if err != nil {
		return e, err
	}
	sweep, err := place(ctx, base, s.Accounts.Gamma, s.GammaSweepRole())
	if err != nil {
		return e, err
	}
	levels, emulated := levelsOf(ctx, base, sweep)
	consume := launch.Consume{
		Settings: s, Portfolio: options.portfolio, Template: options.template(b), Market: user.Consumer(), Stacks: sweep.Stacks(), Sweeper: sweep.Sweeper(),
		Levels: levels, Around: sweep.Surroundings(), Emulated: emulated, Run: options.run(), Log: launch.NewLog(streams.Err), Now: time.Now,
	}
	if endpoint := base.Emulator(ctx); endpoint != "" {
		consume.Watcher = emulator.NewClient(endpoint)
	}
	if emulated {
		consume.Judge = launch.EmulatedIAM{Client: emulator.NewClient(base.Emulator(ctx))}
	}
	return consume.Do(ctx, b.Products)
}
