package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"accountfleet/internal/toolbox"
)

// toolsOptions are the flags of fleet tools.
type toolsOptions struct {
	only        []string // default: all
	definitions string   // default: the embedded tools.yaml
}

func newToolsCommand(streams *IO) *cobra.Command {
	var options toolsOptions
	command := &cobra.Command{
		Use:   "tools",
		Short: "Install and verify the external tools that tools.yaml pins",
	}
	command.PersistentFlags().StringVar(&options.definitions, "definitions", "", "another tools.yaml, to try versions out (default: the embedded one)")
	install := &cobra.Command{
		Use:   "install",
		Short: "Install what is missing into $FLEET_TOOLS (default .tools); says nothing when all is there",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runToolsInstall(command.Context(), streams, options)
		},
	}
	install.Flags().StringSliceVar(&options.only, "only", nil, "tools to install, separated by commas (default: all)")
	command.AddCommand(install,
		&cobra.Command{
			Use:   "verify",
			Short: "Compare every installed tool with its digest and ask it for its version",
			Args:  cobra.NoArgs,
			RunE: func(command *cobra.Command, _ []string) error {
				return runToolsVerify(command.Context(), streams, options)
			},
		},
		&cobra.Command{
			Use:   "list",
			Short: "List the tools, their versions, and whether they are installed",
			Args:  cobra.NoArgs,
			RunE:  func(*cobra.Command, []string) error { return runToolsList(streams, options) },
		})
	return command
}

// open is the toolbox of this process with the definitions that the flags name.
func (o toolsOptions) open(streams *IO) (*toolbox.Toolbox, error) {
	box, err := toolbox.FromEnvironment(streams.Getenv)
	if err != nil {
		return nil, err
	}
	box.Progress = streams.Err
	if o.definitions == "" {
		return box, nil
	}
	body, err := os.ReadFile(o.definitions)
	if err != nil {
		return nil, fmt.Errorf("definitions of tools: %w: name a readable file", err)
	}
	box.Definitions, err = toolbox.ParseDefinitions(o.definitions, body)
	return box, err
}

func runToolsInstall(ctx context.Context, streams *IO, options toolsOptions) error {
	box, err := options.open(streams)
	if err != nil {
		return err
	}
	_, err = box.Install(ctx, options.only)
	return err
}

func runToolsVerify(ctx context.Context, streams *IO, options toolsOptions) error {
	box, err := options.open(streams)
	if err != nil {
		return err
	}
	count, err := box.Verify(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(streams.Out, "%d tools are as pinned in %s\n", count, box.Folder)
	return nil
}

func runToolsList(streams *IO, options toolsOptions) error {
	box, err := options.open(streams)
	if err != nil {
		return err
	}
	steps, err := box.Plan(nil)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(streams.Out, 0, 0, 2, ' ', 0)
	for _, step := range steps {
		state := "installed"
		if step.Reason != "" {
			state = step.Reason
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", step.Tool.Name, step.Tool.Version, state, step.Tool.Why)
	}
	return table.Flush()
}
