package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accountfleet/internal/document"
)

// explain makes every mistake in how a command is called an error that names the cure. By itself cobra prints help and succeeds where a
// command is given none of its subcommands, or one that it does not have: a pipeline would take that for a pass.
func explain(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	root.SetFlagErrorFunc(explainFlag)
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		var missing []string
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if _, required := f.Annotations[cobra.BashCompOneRequiredFlag]; required && !f.Changed {
				missing = append(missing, fmt.Sprintf("--%s (%s)", f.Name, f.Usage))
			}
		})
		if len(missing) > 0 {
			return fmt.Errorf("%s needs more: give %s", called(c), strings.Join(missing, " and "))
		}
		return nil
	}
	explainArguments(root)
}

// explainArguments does that for the arguments of a command and all below it.
func explainArguments(c *cobra.Command) {
	for _, sub := range c.Commands() {
		explainArguments(sub)
	}
	switch {
	case c.HasParent() && c.Name() == "help":
		c.Args = func(_ *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err == nil && len(rest) > 0 && found.HasSubCommands() {
				err = noCommand(found, rest[0])
			}
			return err
		}
	case c.HasSubCommands():
		c.Args = cobra.ArbitraryArgs
		// It does nothing by itself, but the commands below it, which take on its template, do.
		c.SetUsageTemplate(strings.Replace(c.UsageTemplate(), "{{if .Runnable}}", "{{if and .Runnable (not .HasSubCommands)}}", 1))
		c.RunE = func(c *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return noCommand(c, args[0])
			case c.HasParent():
				return fmt.Errorf("%s does nothing by itself: choose from %s", called(c), strings.Join(subcommands(c), ", "))
			}
			return c.Help()
		}
	default:
		accept := c.Args
		c.Args = func(c *cobra.Command, args []string) error {
			err := error(nil)
			if accept != nil {
				err = accept(c, args)
			}
			if err == nil {
				return nil
			}
			if words := strings.Fields(c.Use); len(words) == 1 && len(args) > 0 {
				return fmt.Errorf("%s takes no argument, got %q: %s --help lists its flags", called(c), args[0], c.CommandPath())
			}
			return fmt.Errorf("%w: want %s: %s --help tells more", err, c.UseLine(), c.CommandPath())
		}
	}
}

// noCommand says which commands there are instead of one that there is not.
func noCommand(c *cobra.Command, name string) error {
	cure := "choose from " + strings.Join(subcommands(c), ", ")
	if near := document.Nearest(name, subcommands(c)); near != "" {
		cure = "did you mean " + near
	}
	if !c.HasParent() {
		return fmt.Errorf("there is no command %q: %s", name, cure)
	}
	return fmt.Errorf("%s has no command %q: %s", called(c), name, cure)
}

// called is the name of a command behind "fleet: ", which begins every error.
func called(c *cobra.Command) string {
	return strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
}

func subcommands(c *cobra.Command) []string {
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	slices.Sort(names)
	return names
}

// explainFlag adds to a mistake in a flag which one was probably meant, or where flags are told.
func explainFlag(c *cobra.Command, err error) error {
	cure := c.CommandPath() + " --help lists the flags"
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := document.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			cure = "did you mean --" + near
		}
	}
	return fmt.Errorf("%w: %s", err, cure)
}
