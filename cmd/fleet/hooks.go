package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/gate/memory"
	"accountfleet/internal/hooks"
	"accountfleet/internal/snapshot"
)

// hooksOptions are the flags of fleet hooks.
type hooksOptions struct {
	repository string
	settings   string
	catalog    string
	before     string
}

func newHooksCommand(io *IO) *cobra.Command {
	o := hooksOptions{}
	c := &cobra.Command{
		Use:   "hooks",
		Short: "Check before git commits and pushes",
		Long: `Check what git is about to record or send, by the same gates as fleet check.

  pre-commit   what is staged, not the working tree: policy, schema, iam and features of the catalog, secrets in what is new
               (a merge's commit too)
  commit-msg   secrets in the message
  pre-push     secrets in every object that the remote would receive: added then deleted, messages, tags, merges, names;
               a push to the pipeline's branch must also pass policy, schema, iam and features, which costs nothing after a commit

One core.hooksPath serves all worktrees. Hooks that were there before still run, first. A missing tool or a broken gate refuses.`,
		Args: cobra.NoArgs,
	}
	c.PersistentFlags().StringVar(&o.repository, "repository", ".", "any folder of the repository")
	install := &cobra.Command{
		Use: "install", Short: "Install the hooks, or renew them", Args: cobra.NoArgs,
		Example: "  fleet hooks install\n  fleet hooks install --repository ~/fleet-catalog --settings fleet.yaml",
		RunE:    func(c *cobra.Command, _ []string) error { return runHooksInstall(c.Context(), io, o) },
	}
	run := &cobra.Command{
		Use: "run HOOK [-- ARGUMENTS]", Short: "Run one hook, as git or the pre-commit framework does", Args: cobra.MinimumNArgs(1),
		Long: "Run one of " + strings.Join(hooks.Names(), ", ") + " with git's arguments and input. Exit code 1: findings. 2: something is broken.",
		RunE: func(c *cobra.Command, args []string) error { return runHook(c.Context(), io, o, args) },
	}
	for _, sub := range []*cobra.Command{install, run} {
		sub.Flags().StringVar(&o.settings, "settings", settingsPath(io), "fleet.yaml ($FLEET_SETTINGS)")
		sub.Flags().StringVar(&o.catalog, "catalog", "", "folder of the catalog below the top of the repository (default: where products/ is: the top, or catalog)")
	}
	run.Flags().StringVar(&o.before, "before", "", "folder of hooks that are run first")
	c.AddCommand(install, run,
		&cobra.Command{
			Use: "status", Short: "Say whether the hooks work (exit code 1: not installed, 2: installed and broken)", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error { return runHooksStatus(c.Context(), io, o) },
		},
		&cobra.Command{
			Use: "uninstall", Short: "Remove the hooks and put back what was there before", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				done, err := hooks.Uninstall(c.Context(), o.repository)
				if err == nil {
					fmt.Fprintln(io.Out, done)
				}
				return err
			},
		})
	return c
}

func runHooksInstall(ctx context.Context, io *IO, o hooksOptions) error {
	in := hooks.Installation{Catalog: o.catalog}
	var err error
	if in.Program, err = os.Executable(); err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if in.Settings, err = filepath.Abs(o.settings); err != nil {
		return fmt.Errorf("settings %s: %w", o.settings, err)
	}
	if _, err := config.Load(in.Settings); err != nil {
		return err
	}
	if tools := io.Getenv("FLEET_TOOLS"); tools != "" {
		if in.Tools, err = filepath.Abs(tools); err != nil {
			return fmt.Errorf("FLEET_TOOLS %s: %w", tools, err)
		}
	}
	if in, err = hooks.Install(ctx, o.repository, in); err != nil {
		return err
	}
	if err := warnOfNoCatalog(ctx, io, o); err != nil {
		return err
	}
	for _, mistake := range missingTools() {
		fmt.Fprintf(io.Err, "fleet: commits and pushes will be refused: %s\n", mistake)
	}
	fmt.Fprintf(io.Out, "installed %s for all worktrees; hooks of %s still run first\n", strings.Join(hooks.Names(), ", "), in.Before)
	return nil
}

// warnOfNoCatalog says that the named folder is no catalog. That is no mistake: another branch may have it.
func warnOfNoCatalog(ctx context.Context, io *IO, o hooksOptions) error {
	if o.catalog == "" {
		return nil
	}
	r, err := snapshot.Open(ctx, o.repository)
	if err != nil {
		return err
	}
	products := filepath.Join(o.catalog, "products")
	if _, err := os.Stat(filepath.Join(r.Top, products)); err != nil {
		fmt.Fprintf(io.Err, "fleet: there is no %s here: commits without it will be refused: name the catalog from the top of the repository by --catalog\n", products)
	}
	return nil
}

func runHooksStatus(ctx context.Context, io *IO, o hooksOptions) error {
	in, wrong, err := hooks.Status(ctx, o.repository)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(io.Out, "not installed: fleet hooks install")
		return errFindings
	}
	if err != nil {
		return err
	}
	if _, err := config.Load(in.Settings); err != nil {
		wrong = append(wrong, err.Error())
	}
	wrong = append(wrong, missingTools()...)
	if len(wrong) > 0 {
		return fmt.Errorf("hooks are installed and broken:\n  %s", strings.Join(wrong, "\n  "))
	}
	fmt.Fprintf(io.Out, "installed and working: %s\nprogram   %s\nsettings  %s\nbefore    %s\n", strings.Join(hooks.Names(), ", "), in.Program, in.Settings, in.Before)
	return nil
}

// missingTools says of each tool of the gates that is not there what to do, once where it is the same.
func missingTools() []string {
	var wrong []string
	for _, name := range []string{"git-secrets", "cfn-guard", "cfn-lint", "parliament-python"} {
		if _, err := locateTool(name); err != nil && !slices.Contains(wrong, err.Error()) {
			wrong = append(wrong, err.Error())
		}
	}
	return wrong
}

func runHook(ctx context.Context, io *IO, o hooksOptions, args []string) error {
	folder, err := filepath.Abs(o.repository)
	if err != nil {
		return fmt.Errorf("repository %s: %w", o.repository, err)
	}
	err = hooks.Run(ctx, hooks.Options{
		Folder: folder, Hook: args[0], Args: args[1:], Before: o.before, Settings: o.settings, Catalog: o.catalog, Locate: locateTool,
		Memory: func() *memory.Memory { return remembered(io, o.settings) }, Getenv: io.Getenv, In: io.In, Out: io.Out, Err: io.Err,
		Show: func(result evidence.Evidence, root string) error {
			return newCheckText(&IO{In: io.In, Out: io.Err, Err: io.Err, Getenv: io.Getenv}, root).write(result)
		},
	})
	if errors.Is(err, hooks.ErrRefused) {
		return errFindings
	}
	return err
}
