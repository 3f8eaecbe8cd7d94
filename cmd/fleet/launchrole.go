package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
	catalog string
	what    string // a product's id, or the file of a template
}

func newLaunchRoleCommand(streams *IO) *cobra.Command {
	var options launchRoleOptions
	command := &cobra.Command{
		Use:   "launch-role PRODUCT|TEMPLATE",
		Short: "Print what the launch role of a product would be allowed, as JSON",
		Long: `Derives the launch role from the template: what the handlers of its resource types call, on the resources that the template
names. Statements go to standard output as JSON; what could not be narrowed, and why, to standard error.

Exit code 1: the template asks for what no launch role is given.`,
		Example: `  fleet launch-role guardduty
  fleet launch-role drafts/template.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			options.what = args[0]
			return runLaunchRole(streams, options)
		},
	}
	options.settingsFlag(command, streams)
	command.Flags().StringVar(&options.catalog, "catalog", "catalog", "folder of the catalog that holds the product")
	return command
}

// template is the file of what was asked for.
func (o launchRoleOptions) template() (string, error) {
	if info, err := os.Stat(o.what); err == nil && info.Mode().IsRegular() {
		return o.what, nil
	}
	for _, folder := range []string{filepath.Join(o.catalog, "products", o.what), o.what} { // a shell completes paths, not ids
		path := filepath.Join(folder, "template.yaml")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: neither the file of a template nor a product of %s: name one of the folders below %s", o.what, o.catalog,
		filepath.Join(o.catalog, "products"))
}

func runLaunchRole(streams *IO, options launchRoleOptions) error {
	path, err := options.template()
	if err != nil {
		return err
	}
	s, err := config.Load(options.settings)
	if err != nil {
		return err
	}
	index, err := readIndex()
	if err != nil {
		return err
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the template: %w", err)
	}
	doc, findings := document.Parse(path, source, document.Options{CloudFormation: true})
	if doc == nil {
		return printFindings(streams, findings)
	}
	template, ok := doc.Value.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: holds no template: want a mapping with Resources", path)
	}
	permissions, findings := index.Permissions("", template, launchrole.Fleet{Boundary: s.Boundary(), Prefix: s.Name})
	for i := range findings {
		findings[i].File = path
		findings[i].Span = doc.Lines.At("/Resources/" + findings[i].Resource)
	}
	body, err := json.MarshalIndent(permissions, "", "  ")
	if err != nil {
		return fmt.Errorf("print the permissions: %w", err)
	}
	fmt.Fprintf(streams.Out, "%s\n", body)
	fmt.Fprintf(streams.Err, "%d of %d characters\n", launchrole.Size(permissions), launchrole.Limit)
	for _, p := range permissions {
		if p.Reason != "" {
			fmt.Fprintf(streams.Err, "%s on %s: %s\n", p.Sid, strings.Join(p.Resources, ", "), p.Reason)
		}
	}
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
