package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
	"accountfleet/internal/publish"
)

// releaseOptions are the flags that package, launch, publish and dossier share.
type releaseOptions struct {
	settings  string // fleet.yaml
	bundle    string // folder of a package
	plan      string // folder of a plan
	ledger    string // "aws", or the folder of a ledger
	execution string // pipeline execution id
}

func (o *releaseOptions) settingsFlag(command *cobra.Command, streams *IO) {
	command.PersistentFlags().StringVar(&o.settings, "settings", settingsPath(streams), "fleet.yaml ($FLEET_SETTINGS)")
}

func (o *releaseOptions) bundleFlag(command *cobra.Command) {
	command.Flags().StringVar(&o.bundle, "bundle", "", "folder of the package that fleet package wrote")
	_ = command.MarkFlagRequired("bundle")
}

func (o *releaseOptions) planFlag(command *cobra.Command) {
	command.Flags().StringVar(&o.plan, "plan", "", "folder of the plan that fleet publish plan wrote")
	_ = command.MarkFlagRequired("plan")
}

func (o *releaseOptions) ledgerFlag(command *cobra.Command) {
	command.Flags().StringVar(&o.ledger, "ledger", "aws", "aws for the ledger of the catalog account, or a folder")
}

func (o *releaseOptions) executionFlag(command *cobra.Command, streams *IO) {
	command.Flags().StringVar(&o.execution, "execution", streams.Getenv("EXECUTION_ID"), "pipeline execution id (default $EXECUTION_ID)")
}

// session opens AWS as the caller, in the home region.
func (o *releaseOptions) session(ctx context.Context, s *config.Settings) (*cloud.Session, error) {
	return cloud.Open(ctx, s.Regions.Home)
}

// catalogAs opens AWS as the caller, and as a role of the catalog account.
func (o *releaseOptions) catalogAs(ctx context.Context, s *config.Settings, role string) (base, catalog *cloud.Session, err error) {
	if base, err = o.session(ctx, s); err != nil {
		return nil, nil, err
	}
	catalog, err = place(ctx, base, s.Accounts.Catalog, role)
	return base, catalog, err
}

// reader is the ledger that the flags name; base is asked for a session only if it is the one on AWS.
func (o *releaseOptions) reader(ctx context.Context, s *config.Settings) (ledger.Reader, error) {
	if o.ledger != "aws" {
		return ledger.Dir(o.ledger), nil
	}
	_, read, err := o.catalogAs(ctx, s, s.CatalogReadRole())
	if err != nil {
		return nil, fmt.Errorf("ledger on AWS: %w: or give the folder of a ledger by --ledger, an empty one for a first publication", err)
	}
	return read.Ledger(s.LedgerBucket()), nil
}

// run is a short id for names of this run: from the execution, so that a log leads to the stacks, and random by hand.
func (o *releaseOptions) run() string {
	if id := strings.ReplaceAll(o.execution, "-", ""); len(id) >= 8 {
		return strings.ToLower(id[:8])
	}
	b := make([]byte, 4)
	_, _ = rand.Read(b) // never fails; source: crypto/rand
	return hex.EncodeToString(b)
}

// open loads the settings and the package.
func (o *releaseOptions) open() (*config.Settings, *bundle.Bundle, error) {
	s, err := config.Load(o.settings)
	if err != nil {
		return nil, nil, err
	}
	b, err := bundle.Open(o.bundle)
	return s, b, err
}

// planned refuses a package that is not the one that p plans.
func planned(b *bundle.Bundle, p *plan.Plan) error {
	if b.Digest != p.Bundle {
		return fmt.Errorf("the plan is of package %s, not of %s: give the package that was planned", p.Bundle, b.Digest)
	}
	return nil
}

// template reads a product's template from the package.
func (o *releaseOptions) template(b *bundle.Bundle) func(bundle.Product) ([]byte, error) {
	return func(p bundle.Product) ([]byte, error) { return b.Template(o.bundle, p) }
}

// appOptions say how the app is run.
type appOptions struct{ program string }

func (o *appOptions) flag(command *cobra.Command) {
	command.Flags().StringVar(&o.program, "app", filepath.Join(".build", "app"), "the built CDK app")
}

// app is the CDK app as a program. jsii's unpacked packages are kept between runs: unpacking costs
// seconds.
func (o *appOptions) app(settings string, streams *IO) publish.App {
	cache := streams.Getenv("JSII_RUNTIME_PACKAGE_CACHE_ROOT")
	if tools := streams.Getenv("FLEET_TOOLS"); cache == "" && tools != "" {
		cache = filepath.Join(tools, "jsii") // builds cache their tools, and so this too
	}
	if home := streams.Getenv("HOME"); cache == "" && home != "" {
		cache = filepath.Join(home, ".cache", "aws", "jsii", "package-cache")
	}
	return publish.App{
		Program: o.program, Settings: settings, Cache: cache, Path: streams.Getenv("PATH"), Node: streams.Getenv("JSII_NODE"), Output: streams.Err,
	}
}

// report prints a refusal, which is about what is there and not about what is broken, and turns it into exit code 1.
func report(streams *IO, err error) error {
	var refusal *publish.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	fmt.Fprintln(streams.Err, "fleet:", refusal)
	return errFindings
}
