package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"accountfleet/internal/bundle"
	"accountfleet/internal/config"
	"accountfleet/internal/finding"
	"accountfleet/internal/manifest"
	"accountfleet/internal/publish"
)

// packageOptions are the flags of fleet package.
type packageOptions struct {
	releaseOptions
	appOptions
	catalog  string
	commit   string
	out      string
	evidence []string
}

func newPackageCommand(streams *IO) *cobra.Command {
	var options packageOptions
	command := &cobra.Command{
		Use:   "package",
		Short: "Build what later stages promote: templates, launch roles, what changed and why, and a trial rendering",
		Long: `Build what later stages promote: templates, launch roles, what changed and why, and a trial rendering.

The pipeline runs this after Alpha's gates. By hand it tells what a push would publish: with a ledger in an empty folder everything is new,
and nothing on AWS is asked.

Exit code 0: it was written. 1: the catalog is wrong. 2: something is broken.`,
		Example: "  fleet package --commit HEAD --ledger /tmp/ledger --out /tmp/package",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runPackage(command.Context(), streams, options)
		},
	}
	options.settingsFlag(command, streams)
	options.ledgerFlag(command)
	options.flag(command)
	flags := command.Flags()
	flags.StringVar(&options.catalog, "catalog", "catalog", "folder of the catalog")
	flags.StringVar(&options.commit, "commit", streams.Getenv("COMMIT_ID"), "commit of the catalog (default $COMMIT_ID)")
	flags.StringVar(&options.out, "out", "", "folder to write the package to")
	flags.StringArrayVar(&options.evidence, "evidence-from", nil, "folder that holds the evidence.json of a gate; may be given several times")
	_ = command.MarkFlagRequired("out")
	return command
}

func runPackage(ctx context.Context, streams *IO, options packageOptions) error {
	s, err := config.Load(options.settings)
	if err != nil {
		return err
	}
	if options.commit == "" {
		return errors.New("no commit: versions are traced to theirs: give --commit")
	}
	reader, err := options.reader(ctx, s)
	if err != nil {
		return err
	}
	index, err := readIndex()
	if err != nil {
		return err
	}
	packaging := publish.Packaging{
		Settings: s, Tree: manifest.Dir(options.catalog), Commit: options.commit, Ledger: reader, Index: index,
		App: options.app(options.settings, streams), Out: options.out, Evidence: options.evidence,
	}
	result, err := packaging.Run(ctx)
	for _, f := range result.Findings {
		fmt.Fprintf(streams.Err, "%s: %s\n", f.Severity, f)
	}
	if err != nil {
		return err
	}
	if result.Bundle == nil || finding.Failed(result.Findings) {
		return errFindings
	}
	return printChanges(streams.Out, result)
}

// printChanges is the table of what changes and why.
func printChanges(out io.Writer, result publish.Packaged) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PRODUCT\tVERSION\tCHANGE\tWHY")
	for _, p := range result.Bundle.Products {
		change := p.Change
		if change == bundle.Unchanged && len(p.Deprecate)+len(p.Deactivate) > 0 {
			change = "guidance"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.ID, p.Candidate().Version, change, p.Reason)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	switch {
	case result.Platform:
		_, err := fmt.Fprintln(out, "no product changes, but the published stacks would be rendered otherwise than they were: settings, app or withdrawn versions")
		return err
	case result.Changes == 0:
		_, err := fmt.Fprintln(out, "nothing to publish")
		return err
	}
	_, err := fmt.Fprintf(out, "%d %s, bundle %s\n", result.Changes, cmp.Or(map[int]string{1: "change"}[result.Changes], "changes"), result.Bundle.Digest)
	return err
}
