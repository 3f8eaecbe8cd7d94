package console

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"accountfleet/internal/finding"
	"accountfleet/internal/rehearsal"
)

// Summary writes the final screen: how each stage ended, what was published, what was proved and what was not.
func Summary(out io.Writer, r *rehearsal.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nRehearsal %s after %s: %s, commit %.12s\n", r.Outcome, seconds(time.Duration(r.Seconds*float64(time.Second))), r.Pipeline, r.Commit)
	if r.Reason != "" {
		fmt.Fprintf(&b, "  %s\n", r.Reason)
	}
	stages(&b, r)
	followed(&b, r)
	findings(&b, r.Findings)
	published(&b, r)
	proved(&b, r)
	fmt.Fprintf(&b, "\nLogs, artifacts, reports and result.json: %s\n", r.Folder)
	_, err := io.WriteString(out, b.String())
	return err
}

func stages(b *strings.Builder, r *rehearsal.Result) {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, s := range r.Stages {
		detail := ""
		switch {
		case s.Outcome == rehearsal.Succeeded:
			detail = fmt.Sprintf("%d actions", len(s.Actions))
		case s.Outcome == rehearsal.Skipped || s.Outcome == rehearsal.NotRun:
			detail = s.Reason
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", s.Name, s.Outcome, seconds(time.Duration(s.Seconds*float64(time.Second))), detail)
	}
	_ = table.Flush() // a strings.Builder takes everything
}

// followed says what failed actions started beside the pipeline, and how the executions ended that came of it.
func followed(b *strings.Builder, r *rehearsal.Result) {
	if len(r.Beside) > 0 {
		b.WriteString("\nBeside the pipeline\n")
	}
	for _, s := range r.Beside {
		fmt.Fprintf(b, "  %s %s after %s, started by rule %s", s.Name, s.Outcome, seconds(time.Duration(s.Seconds*float64(time.Second))), s.Rule)
		if s.DecidedBy != "" {
			fmt.Fprintf(b, " for %s", s.DecidedBy)
		}
		b.WriteString("\n")
		if s.Reason != "" {
			fmt.Fprintf(b, "    %s\n", s.Reason)
		}
		if d := s.Decision; d != nil {
			ruling(b, d)
		}
		fmt.Fprintf(b, "    log: %s\n", s.Log)
	}
	if r.Next == nil {
		return
	}
	fmt.Fprintf(b, "\nThen %s started the pipeline again: %s, commit %.12s\n", r.Next.StartedBy, r.Next.Outcome, r.Next.Commit)
	if r.Next.Reason != "" {
		fmt.Fprintf(b, "  %s\n", r.Next.Reason)
	}
	stages(b, r.Next)
	followed(b, r.Next)
}

// ruling says what a person decided about what a build left to them, and if nobody did, how a reviewer does on AWS.
func ruling(b *strings.Builder, d *rehearsal.DecisionResult) {
	fmt.Fprintf(b, "    %s", ruled(d.Ruled, d.How, d.Summary))
	if d.By != "" {
		fmt.Fprintf(b, ", as %s", d.By)
	}
	b.WriteString("\n")
	if d.Ruled == rehearsal.Waits {
		fmt.Fprintf(b, "    on AWS: %s\n", d.Command)
	}
}

// most is how many findings the final screen shows; result.json has all.
const most = 20

func findings(b *strings.Builder, list []finding.Finding) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%d findings\n", len(list))
	for i, f := range list {
		if i == most {
			fmt.Fprintf(b, "  and %d more in result.json\n", len(list)-most)
			return
		}
		where := f.File
		if f.Span.Line > 0 {
			where = fmt.Sprintf("%s:%d", f.File, f.Span.Line)
		}
		fmt.Fprintf(b, "  %s %s: %s", where, f.Rule, f.Message)
		if f.Cure != "" {
			fmt.Fprintf(b, ": %s", f.Cure)
		}
		b.WriteString("\n")
	}
}

func published(b *strings.Builder, r *rehearsal.Result) {
	if len(r.Published) == 0 {
		b.WriteString("\nNothing was published.\n")
		return
	}
	b.WriteString("\nPublished, on the emulator only\n")
	for _, ref := range r.Published {
		fmt.Fprintf(b, "  %s %s\n", ref.Product, ref.Version)
	}
}

func proved(b *strings.Builder, r *rehearsal.Result) {
	fmt.Fprintf(b, "\n%d resources were emulated (a stateful backend holds them), %d modelled (checked against their schema, nothing behind them).\n",
		r.Resources.Emulated, r.Resources.Modelled)
	if len(r.NotRun) > 0 {
		b.WriteString("Not run\n")
		for _, s := range r.NotRun {
			fmt.Fprintf(b, "  %s: %s\n", s.What, s.Why)
		}
	}
	never := 0
	for _, u := range r.Unused {
		never += len(u.Actions)
	}
	if never > 0 && r.Outcome == rehearsal.Succeeded {
		fmt.Fprintf(b, "%d permissions of %d roles were never used: result.json names them.\n", never, len(r.Unused))
	}
}
