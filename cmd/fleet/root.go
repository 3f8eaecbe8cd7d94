package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// IO is what commands may touch of the process; tests give their own.
type IO struct {
	In     io.Reader
	Out    io.Writer // results
	Err    io.Writer // progress and errors
	Getenv func(string) string
}

// errFindings is returned by a command whose findings were already printed: exit code 1.
var errFindings = errors.New("findings")

// commands lists every subcommand; each constructor lives in the file named after it.
var commands = []func(*IO) *cobra.Command{
	newCheckCommand,
	newCleanseCommand,
	newStepsCommand,
	newDoctorCommand,
	newDossierCommand,
	newEmulatorCommand,
	newHooksCommand,
	newLaunchCommand,
	newLaunchRoleCommand,
	newOrgPrepareCommand,
	newPackageCommand,
	newPublishCommand,
	newRehearseCommand,
	newToolboxCommand,
	newToolsCommand,
}

// Main runs the command line and returns the exit code.
func Main(ctx context.Context, args []string, streams *IO) int {
	root := &cobra.Command{
		Use:           "fleet",
		Short:         "Check, rehearse and publish a catalog of shared AWS services",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	for _, command := range commands {
		root.AddCommand(command(streams))
	}
	explain(root)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFindings):
		return 1
	default:
		fmt.Fprintln(streams.Err, "fleet:", err)
		return 2
	}
}
