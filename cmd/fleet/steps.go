package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"accountfleet/internal/gate/features"
)

func newStepsCommand(io *IO) *cobra.Command {
	format := "text"
	c := &cobra.Command{
		Use:   "steps",
		Short: "Print the sentences that features may use",
		Long: `Print the vocabulary of features, with what each sentence demands and an example.

"<name>" stands for any text, <Type> for a CloudFormation type, <number> for a whole number; [words] may be left out.
Given, When, Then, And and But are free.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runSteps(io, format) },
	}
	c.Flags().StringVar(&format, "format", format, "text, json, or glue for editors")
	return c
}

func runSteps(io *IO, format string) error {
	switch format {
	case "text":
		for i, section := range features.Vocabulary() {
			if i > 0 {
				fmt.Fprintln(io.Out)
			}
			fmt.Fprintln(io.Out, section.Title)
			for _, s := range section.Steps {
				fmt.Fprintf(io.Out, "\n  %s\n      %s\n      %s\n", s.Text, s.Help, s.Example)
			}
		}
		return nil
	case "glue":
		return writeGlue(io.Out)
	case "json":
		encoder := json.NewEncoder(io.Out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(features.Vocabulary())
	}
	return fmt.Errorf("--format %q: want text, json or glue", format)
}
