package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/organization"
)

// orgPrepareOptions are the flags of fleet org-prepare.
type orgPrepareOptions struct {
	settings string
	security string
	yes      bool
}

func newOrgPrepareCommand(streams *IO) *cobra.Command {
	var o orgPrepareOptions
	command := &cobra.Command{
		Use:   "org-prepare",
		Short: "Prepare the organization: trusted access, policy types, delegated administrators",
		Long: `Prepare the organization for what no CloudFormation type can do: trusted access for the services of the catalog, types of
organization policies, sharing by Service Catalog, StackSets and Resource Access Manager, and the catalog account as administrator of
Service Catalog and StackSets.

Run it once, with credentials of an administrator of the management account, and again after a new release of the fleet. It shows its
plan and asks before it changes anything; what is there already is left alone, and nothing is switched off. Where the test and gamma
accounts have sandbox organizations (sandbox_organization in fleet.yaml), run it in each of them too.

Exit code 0: the organization is prepared. 1: it is not, and you said no. 2: something is broken.`,
		Example: `  AWS_PROFILE=management fleet org-prepare
  AWS_PROFILE=management fleet org-prepare --security-account 555555555555 --yes`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return runOrgPrepare(command.Context(), streams, o) },
	}
	f := command.Flags()
	f.StringVar(&o.settings, "settings", settingsPath(streams), "fleet.yaml ($FLEET_SETTINGS)")
	f.StringVar(&o.security, "security-account", "", "account that will administer Access Analyzer and Config for the organization (default: none)")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	return command
}

var twelveDigits = regexp.MustCompile(`^\d{12}$`)

func runOrgPrepare(ctx context.Context, streams *IO, o orgPrepareOptions) error {
	if o.security != "" && !twelveDigits.MatchString(o.security) {
		return fmt.Errorf("--security-account: want 12 digits, got %q: name an account of the organization", o.security)
	}
	s, err := config.Load(o.settings)
	if err != nil {
		return err
	}
	session, err := cloud.Open(ctx, s.Regions.Home)
	if err != nil {
		return err
	}
	caller, err := session.Account(ctx)
	if err != nil {
		return err
	}
	wanted, err := organization.Want(s, caller, o.security)
	if err != nil {
		return err
	}
	account := organization.New(session.Config())
	present, err := account.Inspect(ctx, caller, wanted)
	if err != nil {
		return err
	}
	steps, err := organization.Plan(wanted, present, caller)
	if err != nil {
		return err
	}
	if caller == s.Accounts.Management && present.ID != s.Organization {
		return fmt.Errorf("account %s is the management account of organization %s, and fleet.yaml says %s: correct one of the two", caller, present.ID, s.Organization)
	}
	if len(steps) == 0 {
		fmt.Fprintf(streams.Out, "organization %s is prepared: nothing to do\n", present.ID)
		return nil
	}
	fmt.Fprintf(streams.Out, "organization %s, management account %s:\n", present.ID, caller)
	for _, step := range steps {
		fmt.Fprintln(streams.Out, "  +", step)
	}
	if !o.yes {
		if err := confirm(streams, present.ID); err != nil {
			return err
		}
	}
	if err := account.Apply(ctx, present.Root, steps, func(step organization.Step) { fmt.Fprintln(streams.Err, "done:", step) }); err != nil {
		return err
	}
	fmt.Fprintf(streams.Out, "organization %s is prepared: %s\n", present.ID, organization.Summary(steps))
	return nil
}

// confirm asks for the organization's id, so that nobody prepares another one by habit.
func confirm(streams *IO, id string) error {
	fmt.Fprintf(streams.Err, "Type %s to do this: ", id)
	answer, err := bufio.NewReader(streams.In).ReadString('\n')
	if strings.TrimSpace(answer) == id {
		return nil
	}
	if err != nil && strings.TrimSpace(answer) == "" {
		return errors.New("nobody is there to ask: read the plan above, and repeat the command with --yes")
	}
	fmt.Fprintln(streams.Err, "nothing was changed")
	return errFindings
}
