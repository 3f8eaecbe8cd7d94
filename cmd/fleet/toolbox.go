package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"accountfleet/internal/config"
	"accountfleet/internal/toolbox"
)

// toolboxOptions are the flags of fleet toolbox build.
type toolboxOptions struct {
	settings string
	out      string // default: .build of the repository
}

func newToolboxCommand(streams *IO) *cobra.Command {
	var options toolboxOptions
	command := &cobra.Command{
		Use:   "toolbox",
		Short: "Build what CodeBuild downloads: this command, the app, rules, settings and pinned tools",
	}
	build := &cobra.Command{
		Use:   "build",
		Short: "Build toolbox.tar.gz and app.tar.gz reproducibly; writes nothing when nothing changed",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runToolboxBuild(command.Context(), streams, options)
		},
	}
	build.Flags().StringVar(&options.settings, "settings", "", "fleet.yaml ($FLEET_SETTINGS, default: the repository's)")
	build.Flags().StringVar(&options.out, "out", "", "folder of the archives (default: .build of the repository)")
	command.AddCommand(build)
	return command
}

func runToolboxBuild(ctx context.Context, streams *IO, options toolboxOptions) error {
	box, err := toolbox.FromEnvironment(streams.Getenv)
	if err != nil {
		return err
	}
	box.Progress = streams.Err
	if options.settings == "" {
		options.settings = streams.Getenv("FLEET_SETTINGS")
	}
	if options.settings == "" {
		options.settings = filepath.Join(box.Root, "fleet.yaml")
	}
	if _, err := config.Load(options.settings); err != nil {
		return err // every action of the pipeline would stop at them
	}
	if options.out == "" {
		options.out = filepath.Join(box.Root, ".build")
	}
	assets, err := box.Build(ctx, toolbox.BuildOptions{Settings: options.settings, Out: options.out})
	if err != nil {
		return err
	}
	for _, asset := range assets {
		state := "unchanged"
		if asset.Changed {
			state = "built"
		}
		fmt.Fprintf(streams.Out, "%s  sha256 %s  %s\n", filepath.Base(asset.Path), asset.SHA256, state)
	}
	return nil
}
