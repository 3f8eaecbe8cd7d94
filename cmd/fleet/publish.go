package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
	"accountfleet/internal/publish"
)

// publishOptions are the flags of fleet publish.
type publishOptions struct {
	releaseOptions
	appOptions
	out      string        // plan: folder to write to
	dossier  string        // preflight: folder of the dossier
	evidence string        // verify: file, optional
	patience time.Duration // verify
}

// Where the pipeline asks for approval.
const (
	approvalStage  = "Prod"
	approvalAction = "Approve"
)

func newPublishCommand(streams *IO) *cobra.Command {
	var options publishOptions
	command := &cobra.Command{
		Use:   "publish",
		Short: "Carry out a publication, step by step; every step may be run again",
		Long: `Carry out a publication, step by step; every step may be run again.

The pipeline runs these commands, in this order: store in Gamma; plan, preflight, settle and verify in Prod. CloudFormation's actions, and
fleet dossier with the reviewer's approval, come between them. fleet rehearse runs all of it on this machine.

Exit code 0: it is done. 1: what is there is not what was planned or approved. 2: something is broken.`,
		Example: "  fleet publish plan --bundle package --ledger /tmp/ledger --out plan",
	}
	options.settingsFlag(command, streams)
	add := func(use, short string, run func(context.Context, *IO, publishOptions) error) *cobra.Command {
		sub := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(command *cobra.Command, _ []string) error {
			return report(streams, run(command.Context(), streams, options))
		}}
		command.AddCommand(sub)
		return sub
	}
	options.bundleFlag(add("store", "Put the candidates' templates into the template store", runPublishStore))

	made := add("plan", "Render what will be published from the ledger and a package", runPublishPlan)
	options.bundleFlag(made)
	options.ledgerFlag(made)
	options.flag(made)
	made.Flags().StringVar(&options.out, "out", "", "folder to write plan.json and rendered/ to")
	_ = made.MarkFlagRequired("out")

	preflight := add("preflight", "Refuse to go on unless ledger and change sets are still what was approved", runPublishPreflight)
	options.planFlag(preflight)
	options.ledgerFlag(preflight)
	preflight.Flags().StringVar(&options.dossier, "dossier", "", "folder of the dossier that was approved")
	_ = preflight.MarkFlagRequired("dossier")

	settle := add("settle", "Give versions their guidance and record the publication in the ledger", runPublishSettle)
	options.bundleFlag(settle)
	options.planFlag(settle)
	options.executionFlag(settle, streams)

	verify := add("verify", "Look at the publication as its consumers do, and restore if it is not as planned", runPublishVerify)
	options.planFlag(verify)
	options.executionFlag(verify, streams)
	verify.Flags().StringVar(&options.evidence, "evidence", "", "file to write the evidence to (default: none)")
	verify.Flags().DurationVar(&options.patience, "patience", time.Minute, "how long a publication may take to be seen")
	return command
}

func runPublishStore(ctx context.Context, streams *IO, options publishOptions) error {
	s, b, err := options.open()
	if err != nil {
		return err
	}
	_, store, err := options.catalogAs(ctx, s, s.CatalogStoreRole())
	if err != nil {
		return err
	}
	in := func(region string) publish.Putter { return store.In(region).Store(s.TemplateBucket(region)) }
	return publish.Store(ctx, b, options.template(b), in, s.Regions.Catalog, streams.Out)
}

func runPublishPlan(ctx context.Context, streams *IO, options publishOptions) error {
	s, b, err := options.open()
	if err != nil {
		return err
	}
	reader, err := options.reader(ctx, s)
	if err != nil {
		return err
	}
	result, err := publish.MakePlan(ctx, s, b, reader, options.app(options.settings, streams), options.out)
	if err != nil {
		return err
	}
	if !result.Changes {
		fmt.Fprintln(streams.Out, "nothing to publish")
		return nil
	}
	p := result.Plan
	fmt.Fprintf(streams.Out, "plan on ledger entry %d: %d new versions, %d products with new metadata, %d to deprecate, %d to deactivate, %d stacks\n",
		p.LedgerHead, len(p.New), len(p.Metadata), len(p.Deprecate), len(p.Deactivate), len(result.Stacks))
	return nil
}

// openPlan loads the settings, the plan and the digest of its rendering.
func (o *publishOptions) openPlan() (*config.Settings, *plan.Plan, string, error) {
	s, err := config.Load(o.settings)
	if err != nil {
		return nil, nil, "", err
	}
	p, err := plan.Read(filepath.Join(o.plan, "plan.json"))
	if err != nil {
		return nil, nil, "", err
	}
	rendering, err := plan.Rendering(filepath.Join(o.plan, "rendered"))
	return s, p, rendering, err
}

func runPublishPreflight(ctx context.Context, streams *IO, options publishOptions) error {
	s, p, rendering, err := options.openPlan()
	if err != nil {
		return err
	}
	approved, err := publish.ReadApproved(options.dossier)
	if err != nil {
		return err
	}
	reader, err := options.reader(ctx, s)
	if err != nil {
		return err
	}
	_, read, err := options.catalogAs(ctx, s, s.CatalogReadRole())
	if err != nil {
		return err
	}
	if err := publish.Preflight(ctx, p, rendering, approved, reader, publish.Sets{In: changeSetsIn(read)}, sharesNow(s, read)); err != nil {
		return err
	}
	fmt.Fprintf(streams.Out, "ledger entry %d, %d change sets and %d changes of shares are as approved\n", p.LedgerHead, len(approved.ChangeSets), len(approved.Shares))
	return nil
}

// sharesNow asks Service Catalog in all regions what Settle would do about shares.
func sharesNow(s *config.Settings, read *cloud.Session) publish.SharesNow {
	return func(ctx context.Context) ([]publish.ShareChange, error) {
		var all []publish.ShareChange
		for _, region := range s.Regions.Catalog {
			changes, err := publish.ShareChanges(ctx, s, region, read.In(region).Sharing())
			if err != nil {
				return nil, err
			}
			all = append(all, changes...)
		}
		return all, nil
	}
}

func changeSetsIn(read *cloud.Session) func(region string) publish.SetReader {
	return func(region string) publish.SetReader { return read.In(region).ChangeSets() }
}

func runPublishSettle(ctx context.Context, streams *IO, options publishOptions) error {
	s, p, rendering, err := options.openPlan()
	if err != nil {
		return err
	}
	b, err := bundle.Open(options.bundle)
	if err != nil {
		return err
	}
	if err := planned(b, p); err != nil {
		return err
	}
	if options.execution == "" {
		return errors.New("no execution: settle records who approved it: give --execution")
	}
	base, owner, err := options.catalogAs(ctx, s, s.CatalogPublishRole())
	if err != nil {
		return err
	}
	settlement := publish.Settlement{
		Settings: s, Plan: p, Rendering: rendering, Execution: options.execution, Ledger: owner.Ledger(s.LedgerBucket()),
		ShelfIn:  func(region string) publish.Shelf { return owner.In(region).Shelf() },
		URLsIn:   func(region string) publish.Addresses { return owner.In(region).Shelf() },
		SharesIn: func(region string) publish.Sharer { return owner.In(region).Sharing() },
		Approval: func(ctx context.Context) (ledger.Approval, error) {
			return base.Approval(ctx, s.PipelineName(), approvalStage, approvalAction, options.execution)
		},
		Now: time.Now, Out: streams.Out,
	}
	return settlement.Settle(ctx)
}

func runPublishVerify(ctx context.Context, streams *IO, options publishOptions) error {
	s, p, rendering, err := options.openPlan()
	if err != nil {
		return err
	}
	base, owner, err := options.catalogAs(ctx, s, s.CatalogPublishRole())
	if err != nil {
		return err
	}
	pace := cloud.Pace{First: time.Second, Longest: 10 * time.Second, Timeout: options.patience}
	if base.Emulator(ctx) != "" {
		pace = cloud.Pace{First: 200 * time.Millisecond, Longest: time.Second, Timeout: 2 * time.Second} // the emulator is consistent at once
	}
	verification := publish.Verification{
		Settings: s, Plan: p, Rendering: rendering, Execution: options.execution, Ledger: owner.Ledger(s.LedgerBucket()), Pace: pace,
		MarketOf: func(account, region string) publish.Market {
			return base.In(region).As(account, s.ConsumerVerifyRole()).Consumer()
		},
		ShelfIn:  func(region string) publish.Shelf { return owner.In(region).Shelf() },
		SharesIn: func(region string) publish.Sharer { return owner.In(region).Sharing() },
		Fleet:    owner.In(s.Regions.Home).Sharing(), Now: time.Now, Out: streams.Out,
	}
	e, err := verification.Verify(ctx)
	if options.evidence != "" {
		err = errors.Join(err, evidence.Write(options.evidence, e))
	}
	return err
}
