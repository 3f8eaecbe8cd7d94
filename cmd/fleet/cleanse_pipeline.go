package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"accountfleet/internal/cleanse"
	"accountfleet/internal/cleanse/unattended"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
)

// newCleansePipelineCommand is what the project RepoCleansing runs.
func newCleansePipelineCommand(streams *IO) *cobra.Command {
	var execution, cleansing string
	c := &cobra.Command{
		Use: "pipeline plan|run|undo", Short: "Plan, carry out or undo a cleansing as the pipeline does, where nobody watches",
		Long: `Plan, carry out or undo a cleansing of the catalog's repository, as the project RepoCleansing does when the pipeline's scan fails.

Nobody is asked: short or ordinary values stop it, and so does a secret that was purged before, unless a reviewer decided (--cleansing).
Access keys among the secrets are deactivated first, if the settings say leaked_access_keys: deactivate; one that cannot be stops nothing.
The repository is frozen and the trigger held while refs are pushed; the ledger gets the new ids of commits, copies in artifacts of
rewritten commits are removed, everybody is told by the fleet's topic what to do, and the pipeline starts on the new history.

Exit code 0: done, or nothing to do. 1: a person must decide, and was told. 2: something is broken, and people were told.`,
		Args: cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs), ValidArgs: []string{"plan", "run", "undo"},
		RunE: func(c *cobra.Command, args []string) error {
			settings, err := c.Flags().GetString("settings")
			if err != nil {
				return err
			}
			return runCleansePipeline(c.Context(), streams, settings, unattended.Options{Command: args[0], Execution: execution, Cleansing: cleansing})
		},
	}
	c.Flags().StringVar(&execution, "execution", streams.Getenv("EXECUTION_ID"), "pipeline execution whose scan failed (default $EXECUTION_ID)")
	c.Flags().StringVar(&cleansing, "cleansing", streams.Getenv("CLEANSING"), "run: any word of a reviewer who decided; undo: id of the run (default $CLEANSING)")
	return c
}

func runCleansePipeline(ctx context.Context, streams *IO, settings string, o unattended.Options) error {
	s, err := config.Load(settings)
	if err != nil {
		return err
	}
	if s.Cleansing == config.CleanseNever {
		return fmt.Errorf("%s: cleansing is off: its project and role do not exist: run fleet cleanse by hand, or write cleansing: automatic and deploy", settings)
	}
	base, err := cloud.Open(ctx, s.Regions.Home)
	if err != nil {
		return err
	}
	if err := base.Expect(ctx, s.Accounts.Tools); err != nil {
		return err
	}
	o.Settings, o.Out, o.Now = s, streams.Out, time.Now
	if o.Cleanse, err = cleansePipelineOptions(streams, s, base, o.Execution); err != nil {
		return err
	}
	o.Ledger = base.As(s.Accounts.Catalog, s.CatalogRewriteRole()).Ledger(s.LedgerBucket())
	o.Copies = copiesIn(base, s)
	o.Notify = func(ctx context.Context, subject, text string) error {
		return base.Notify(ctx, s.ToolsARN("sns", s.NotificationTopic()), subject, text)
	}
	o.Release = func(ctx context.Context) (string, error) { return base.Release(ctx, s.PipelineName()) }
	err = unattended.Run(ctx, o)
	var stopped *unattended.StoppedError
	if errors.As(err, &stopped) {
		fmt.Fprintln(streams.Err, "fleet:", err)
		return errFindings
	}
	return err
}

// cleansePipelineOptions are those of a cleansing of the CodeCommit repository, with its store and its freeze.
func cleansePipelineOptions(streams *IO, s *config.Settings, base *cloud.Session, execution string) (cleanse.Options, error) {
	accepted, err := acceptedSecrets()
	var keys cleanse.Keys
	if s.LeakedAccessKeys == config.DeactivateKeys {
		keys = base.AccessKeysAs(s.KeyDeactivationRole())
	}
	return cleanse.Options{
		Remote: s.RepositoryURL(), Locate: locateTool, Key: []byte(s.Organization), Accepted: accepted, Progress: streams.Err,
		Keys: keys, Store: base.Bundles(s.CleansingBucket()),
		Barrier: base.Freeze(cloud.Freeze{
			Repository: s.ToolsARN("codecommit", s.Source.Repository), Tag: s.FreezeTag(), Why: "execution " + execution, Rule: s.PushRule(),
		}),
	}, err
}

// copiesIn looks for copies in the pipeline's artifacts. What holds the catalog itself is removed: the source, and the package.
func copiesIn(base *cloud.Session, s *config.Settings) func(context.Context, func(string) bool) ([]unattended.Copy, error) {
	copies := base.Copies(cloud.Copies{Pipeline: s.PipelineName(), Removed: []string{"Source", "Package"}})
	return func(ctx context.Context, concerned func(string) bool) ([]unattended.Copy, error) {
		found, err := copies.Remove(ctx, concerned)
		list := make([]unattended.Copy, len(found))
		for i, c := range found {
			list[i] = unattended.Copy{Execution: c.Execution, Artifact: c.Artifact, Address: c.Address, Removed: c.Removed}
		}
		return list, err
	}
}
