package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"accountfleet/internal/config"
	"accountfleet/internal/document"
	"accountfleet/internal/finding"
	"accountfleet/internal/launchrole"
	"accountfleet/internal/toolbox"
)

// launchRoleOptions are the flags of fleet launch-role.
type launchRoleOptions struct {
	releaseOptions
	template string
}

func newLaunchRoleCommand(streams *IO) *cobra.Command {
	var options launchRoleOptions
	command := &cobra.Command{
		Use:   "launch-role TEMPLATE",
		Short: "Print what the launch role of a template would be allowed, as JSON",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			options.template = args[0]
			return runLaunchRole(streams, options)
		},
	}
	options.settingsFlag(command, streams)
	return command
}

func runLaunchRole(streams *IO, options launchRoleOptions) error {
	s, err := config.Load(options.settings)
	if err != nil {
		return err
	}
	index, err := readIndex()
	if err != nil {
		return err
	}
	source, err := os.ReadFile(options.template)
	if err != nil {
		return fmt.Errorf("read the template: %w", err)
	}
	doc, findings := document.Parse(options.template, source, document.Options{CloudFormation: true})
	if doc == nil {
		return printFindings(streams, findings)
	}
	template, ok := doc.Value.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: holds no template: want a mapping with Resources", options.template)
	}
	permissions, findings := index.Permissions("", template, launchrole.Fleet{Boundary: s.Boundary(), Prefix: s.Name})
	for i := range findings {
		findings[i].File = options.template
		findings[i].Span = doc.Lines.At("/Resources/" + findings[i].Resource)
	}
	body, err := json.MarshalIndent(permissions, "", "  ")
	if err != nil {
		return fmt.Errorf("print the permissions: %w", err)
	}
	fmt.Fprintf(streams.Out, "%s\n", body)
	return printFindings(streams, findings)
}

func printFindings(streams *IO, findings []finding.Finding) error {
	for _, f := range findings {
		fmt.Fprintln(streams.Err, f)
	}
	if finding.Failed(findings) {
		return errFindings
	}
	return nil
}

// readIndex loads what handlers need, from the registry of the installed tools.
func readIndex() (*launchrole.Index, error) {
	registry, err := toolbox.Registry()
	if err != nil {
		return nil, err
	}
	return launchrole.ReadIndex(registry)
}
