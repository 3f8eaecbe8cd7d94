package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/dossier"
	"accountfleet/internal/evidence"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
	"accountfleet/internal/publish"
)

// dossierOptions are the flags of fleet dossier.
type dossierOptions struct {
	releaseOptions
	out      string
	evidence []string
	upload   bool
}

func newDossierCommand(streams *IO) *cobra.Command {
	var options dossierOptions
	command := &cobra.Command{
		Use:     "dossier",
		Short:   "Write the page that the reviewer reads before a publication",
		Example: "  fleet dossier --bundle package --plan plan --evidence-from beta --evidence-from gamma --out dossier",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return report(streams, runDossier(command.Context(), streams, options))
		},
	}
	options.settingsFlag(command, streams)
	options.bundleFlag(command)
	options.planFlag(command)
	options.executionFlag(command, streams)
	flags := command.Flags()
	flags.StringVar(&options.out, "out", "", "folder to write index.html, dossier.json, url and summary to")
	flags.StringArrayVar(&options.evidence, "evidence-from", nil, "folder that holds the evidence.json of a launch; may be given several times")
	flags.BoolVar(&options.upload, "publish", streams.Getenv("EXECUTION_ID") != "", "put the page into the dossier bucket (default: in the pipeline only)")
	_ = command.MarkFlagRequired("out")
	return command
}

func runDossier(ctx context.Context, streams *IO, options dossierOptions) error {
	s, b, err := options.open()
	if err != nil {
		return err
	}
	p, err := plan.Read(filepath.Join(options.plan, "plan.json"))
	if err != nil {
		return err
	}
	if err := planned(b, p); err != nil {
		return err
	}
	if options.upload && options.execution == "" {
		return errors.New("no execution: the page is kept under its id: give --execution")
	}
	base, err := options.session(ctx, s)
	if err != nil {
		return err
	}
	input, err := options.input(ctx, s, b, p, base)
	if err != nil {
		return err
	}
	page, err := dossier.Collect(ctx, input)
	if err != nil {
		return err
	}
	address := dossier.Address(s, options.execution)
	if !options.upload {
		absolute, err := filepath.Abs(filepath.Join(options.out, "index.html"))
		if err != nil {
			return fmt.Errorf("write the dossier: %w", err)
		}
		address = "file://" + absolute
	}
	if err := page.Write(options.out, address); err != nil {
		return err
	}
	if options.upload {
		html, err := page.HTML()
		if err != nil {
			return err
		}
		if err := base.PutFile(ctx, s.DossierBucket(), dossier.Key(options.execution), "text/html; charset=utf-8", html); err != nil {
			return err
		}
	}
	fmt.Fprintf(streams.Out, "%s\n%s\n", page.Summary(), address)
	return nil
}

// input gathers what the page is made of: the package, the plan, all evidence, and what is published now.
func (o *dossierOptions) input(ctx context.Context, s *config.Settings, b *bundle.Bundle, p *plan.Plan, base *cloud.Session) (dossier.Input, error) {
	read, err := place(ctx, base, s.Accounts.Catalog, s.CatalogReadRole())
	if err != nil {
		return dossier.Input{}, err
	}
	entries, err := read.Ledger(s.LedgerBucket()).Entries(ctx)
	if err != nil {
		return dossier.Input{}, err
	}
	if err := publish.Unmoved(p, len(entries)); err != nil {
		return dossier.Input{}, err
	}
	state, err := ledger.Reduce(entries)
	if err != nil {
		return dossier.Input{}, err
	}
	rendered := filepath.Join(o.plan, "rendered")
	rendering, err := plan.Rendering(rendered)
	if err != nil {
		return dossier.Input{}, err
	}
	proved, err := o.proved()
	if err != nil {
		return dossier.Input{}, err
	}
	return dossier.Input{
		Settings: s, Bundle: b, Plan: p, Before: state, Rendering: rendering, Rendered: rendered, Evidence: proved, Execution: o.execution,
		Emulated: base.Emulator(ctx) != "", Now: time.Now(), Template: o.template(b), SetsIn: changeSetsIn(read), Shares: sharesNow(s, read),
		Previous: func(ctx context.Context, digest string) ([]byte, error) {
			return read.Store(s.TemplateBucket(s.Regions.Home)).Get(ctx, digest)
		},
		Deployed: func(ctx context.Context, region, stack string) ([]byte, error) {
			return read.In(region).ChangeSets().Deployed(ctx, stack)
		},
	}, nil
}

// proved reads Alpha's evidence from the package and that of the launches from their folders.
func (o *dossierOptions) proved() ([]evidence.Evidence, error) {
	files, err := filepath.Glob(filepath.Join(o.bundle, "evidence", "*.json"))
	if err != nil {
		return nil, fmt.Errorf("find evidence: %w", err)
	}
	slices.Sort(files)
	for _, dir := range o.evidence {
		files = append(files, filepath.Join(dir, "evidence.json"))
	}
	var all []evidence.Evidence
	for _, file := range files {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no such evidence: a page must not be silent about it: run the action again", file)
		}
		e, err := evidence.Read(file)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}
