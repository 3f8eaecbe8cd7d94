package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	guardrules "accountfleet/guard-rules"
	"accountfleet/internal/document"
	"accountfleet/internal/gate/iam"
	"accountfleet/internal/gate/policy"
	"accountfleet/internal/gate/schema"
	"accountfleet/internal/gate/secrets"
)

// runExplain tells why a rule exists, what to do, and shows a template before and after.
func runExplain(ctx context.Context, io *IO, name string) error {
	if schema.IsRule(name) {
		text, err := schema.Explain(ctx, locateTool, name)
		if err != nil {
			return err
		}
		fmt.Fprint(io.Out, text)
		return nil
	}
	if title, value := secrets.Explain(name); title != "" {
		fmt.Fprintf(io.Out, "%s, of the secrets gate\n\nwhy     %s gives whoever reads it the rights of its owner, for ever: history keeps what a commit removes\nhow     %s\n",
			name, title, value)
		return nil
	}
	if text := iam.Explain(name); text != "" {
		fmt.Fprint(io.Out, text)
		return nil
	}
	e, found, err := policy.Explain(guardrules.Files, name)
	if err != nil {
		return err
	}
	if !found {
		return unknownRule(name)
	}
	writeExplanation(io.Out, e)
	return nil
}

// unknownRule names the rule that was probably meant.
func unknownRule(name string) error {
	known, err := policy.Names(guardrules.Files)
	if err != nil {
		return err
	}
	known = slices.Concat(known, secrets.Rules(), iam.Names())
	cure := "take it from a finding: fleet check prints gate/RULE"
	if near := document.Nearest(strings.ToUpper(name), known); near != "" {
		cure = "did you mean " + near
	}
	return fmt.Errorf("no rule %q: %s", name, cure)
}

func writeExplanation(out io.Writer, e policy.Explanation) {
	fmt.Fprintf(out, "%s, of the policy gate (%s)\n\n", e.Rule, e.File)
	label := func(name string, lines []string) {
		for i, line := range lines {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(out, "%-7s %s\n", name, line)
		}
	}
	label("why", e.Why)
	label("how", e.How)
	label("source", []string{e.Source})
	fmt.Fprintf(out, "\nbefore, where it is a finding:\n\n%s\nafter:\n\n%s", indented(e.Before), indented(e.After))
}

func indented(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return "    " + strings.Join(lines, "\n    ") + "\n"
}
