package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"accountfleet/internal/config"
	"accountfleet/internal/doctor"
	"accountfleet/internal/toolbox"
)

// doctorOptions are the flags of fleet doctor.
type doctorOptions struct {
	settings string
	aws      bool
	json     bool
}

func newDoctorCommand(streams *IO) *cobra.Command {
	var options doctorOptions
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is missing on this machine, and with --aws in the tools account, and how to get it",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runDoctor(command.Context(), streams, options)
		},
	}
	command.Flags().StringVar(&options.settings, "settings", "", "fleet.yaml ($FLEET_SETTINGS, default: the repository's)")
	command.Flags().BoolVar(&options.aws, "aws", false, "look at the tools account too, with the credentials of the environment")
	command.Flags().BoolVar(&options.json, "json", false, "print the checks as JSON")
	return command
}

func runDoctor(ctx context.Context, streams *IO, options doctorOptions) error {
	box, err := toolbox.FromEnvironment(streams.Getenv)
	if err != nil {
		return err
	}
	if options.settings == "" {
		options.settings = streams.Getenv("FLEET_SETTINGS")
	}
	if options.settings == "" {
		options.settings = filepath.Join(box.Root, "fleet.yaml")
	}
	checks := doctor.Machine(ctx, box, options.settings)
	if options.aws {
		checks = append(checks, accountChecks(ctx, box, options.settings)...)
	} else {
		checks = append(checks, doctor.Unseen("only looked at with --aws")...)
	}
	if options.json {
		encoder := json.NewEncoder(streams.Out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(checks); err != nil {
			return fmt.Errorf("print checks: %w", err)
		}
	} else if err := printChecks(streams, checks); err != nil {
		return err
	}
	return missingOf(checks)
}

func accountChecks(ctx context.Context, box *toolbox.Toolbox, settings string) []doctor.Check {
	s, err := config.Load(settings)
	if err != nil {
		return doctor.Unseen("the settings are wrong")
	}
	cli, err := box.Locate("aws")
	if err != nil {
		return doctor.Unseen("the AWS CLI is not installed")
	}
	return doctor.Account(ctx, doctor.CLI(cli.Path), s)
}

func printChecks(streams *IO, checks []doctor.Check) error {
	table := tabwriter.NewWriter(streams.Out, 0, 0, 2, ' ', 0)
	for _, check := range checks {
		detail := strings.ReplaceAll(check.Detail, "\n", "; ")
		if check.Cure != "" {
			detail += ": " + check.Cure
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", check.State, check.Name, detail)
	}
	return table.Flush()
}

// missingOf is an error when something is missing; it names the one command when there is only one.
func missingOf(checks []doctor.Check) error {
	cures := map[string]bool{}
	missing := 0
	for _, check := range checks {
		if check.State == doctor.Missing {
			missing++
			cures[check.Cure] = true
		}
	}
	switch {
	case missing == 0:
		return nil
	case len(cures) == 1:
		for cure := range cures {
			return fmt.Errorf("%d of %d checks miss something: %s", missing, len(checks), cure)
		}
	}
	return errors.New("more than one thing is missing: do what the lines marked missing say, from the top; make tools comes last")
}
