package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"accountfleet/internal/config"
	"accountfleet/internal/rehearsal"
	"accountfleet/internal/rehearsal/console"
	"accountfleet/internal/rehearsal/machine"
)

// rehearseOptions are the flags of fleet rehearse.
type rehearseOptions struct {
	project  string
	settings string
	catalog  string
	assembly string
	to       string
	approve  bool
	reject   string
	confirm  []string
	keep     bool
	json     bool
}

func newRehearseCommand(io *IO) *cobra.Command {
	o := rehearseOptions{}
	c := &cobra.Command{
		Use:   "rehearse",
		Short: "Run the whole pipeline on this machine, against an emulated AWS",
		Long: `Run the whole pipeline on this machine, from its synthesized definition, with the real tools, against an emulated AWS.

The installation is deployed with cdk, the catalog is pushed to its repository, and every stage runs as the roles of the pipeline. The
catalog is only read: changes that are not committed are pushed from a copy. On a terminal you are asked where a reviewer is asked;
elsewhere, and with --json, the publication is approved, unless --reject says otherwise, and a secret that waits for a reviewer before
it is purged from the history is left there, unless --approve or --confirm say otherwise.

Exit code 0: it ran to the end. 1: what was pushed is wrong, or was rejected. 2: something is broken.`,
		Example: `  fleet rehearse
  fleet rehearse --catalog ../catalog --to Beta --keep
  fleet rehearse --reject "not on a Friday"
  fleet rehearse --catalog ../leaky --to Alpha --approve`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runRehearse(c.Context(), io, o) },
	}
	f := c.Flags()
	f.StringVar(&o.project, "project", "", "root of the fleet's repository (default: the nearest folder above that has a cdk.json)")
	f.StringVar(&o.settings, "settings", io.Getenv("FLEET_SETTINGS"), "fleet.yaml ($FLEET_SETTINGS, default: the project's)")
	f.StringVar(&o.catalog, "catalog", "", "folder of the catalog (default: catalog in the project)")
	f.StringVar(&o.assembly, "assembly", "", "cloud assembly to rehearse (default: it is synthesized)")
	f.StringVar(&o.to, "to", "", "stop after this stage")
	f.BoolVar(&o.approve, "approve", false, "approve without asking: the publication, and the purge of a secret that waits for a reviewer")
	f.StringVar(&o.reject, "reject", "", "reject both, for this reason")
	f.StringSliceVar(&o.confirm, "confirm", nil, "fingerprint of a short or ordinary value that shall be purged too (first 12 digits); --approve is not enough for these")
	f.BoolVar(&o.keep, "keep", false, "keep the emulated AWS running until interrupted, and say how to use it")
	f.BoolVar(&o.json, "json", false, "print result.json instead of the final screen, and ask nobody")
	c.MarkFlagsMutuallyExclusive("approve", "reject")
	c.MarkFlagsMutuallyExclusive("confirm", "reject")
	return c
}

func runRehearse(ctx context.Context, streams *IO, o rehearseOptions) (err error) {
	options, err := o.prepare(ctx)
	if err != nil {
		return rehearseError(streams, err)
	}
	live := isTerminal(streams.Err)
	screen := console.New(streams.Err, live, live && streams.Getenv("NO_COLOR") == "")
	defer screen.Close()
	options.Observe, options.Approve, options.Decide = screen.Observe, o.reviewer(streams, screen), o.purger(streams, screen)
	session, err := rehearsal.Open(ctx, options)
	if err != nil {
		return rehearseError(streams, err)
	}
	defer func() {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		err = errors.Join(err, session.Close(clean))
	}()
	result, err := session.Push(ctx, o.catalog)
	screen.Close()
	if err != nil {
		return rehearseError(streams, err)
	}
	if err := o.print(streams.Out, result); err != nil {
		return err
	}
	if o.keep && ctx.Err() == nil {
		keep(ctx, streams.Err, session)
	}
	return verdict(result)
}

// prepare finds the project, the catalog and the tools, and reads the settings, before anything is started.
func (o *rehearseOptions) prepare(ctx context.Context) (rehearsal.Options, error) {
	if err := checkConfirmed(o.confirm); err != nil {
		return rehearsal.Options{}, err
	}
	project, err := findProject(o.project)
	if err != nil {
		return rehearsal.Options{}, err
	}
	if o.settings == "" {
		o.settings = filepath.Join(project, "fleet.yaml")
	}
	if _, err := config.Load(o.settings); err != nil {
		return rehearsal.Options{}, err
	}
	if o.catalog == "" {
		o.catalog = filepath.Join(project, "catalog")
	}
	if err := rehearsal.CheckCatalog(ctx, o.catalog); err != nil {
		return rehearsal.Options{}, err
	}
	options, err := machine.Options(ctx, project)
	if err != nil {
		return rehearsal.Options{}, err
	}
	options.Settings, options.Assembly, options.To = o.settings, o.assembly, o.to
	return options, nil
}

// findProject returns the root of the fleet's repository.
func findProject(dir string) (string, error) {
	if dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "cdk.json")); err != nil {
			return "", fmt.Errorf("%s is no root of the fleet's repository: cdk.json is missing: name another with --project", dir)
		}
		return filepath.Abs(dir)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the project: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "cdk.json")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("neither %s nor a folder above it has a cdk.json: run this in the fleet's repository, or use --project", dir)
		}
	}
}

// reviewer answers where the pipeline asks: as the flags say, as the user says on a terminal, and else by approving.
func (o *rehearseOptions) reviewer(streams *IO, screen *console.Console) func(context.Context, rehearsal.Question) (rehearsal.Decision, error) {
	return func(ctx context.Context, q rehearsal.Question) (rehearsal.Decision, error) {
		switch {
		case o.reject != "":
			return screen.Tell(q, rehearsal.Decision{Summary: o.reject, How: "--reject"}), nil
		case o.approve:
			return screen.Tell(q, rehearsal.Decision{Approve: true, Summary: "approved in a rehearsal", How: "--approve"}), nil
		case o.asks(streams):
			return screen.Ask(ctx, streams.In, q)
		}
		return screen.Tell(q, rehearsal.Decision{Approve: true, Summary: "approved in a rehearsal", How: "nobody is there to ask"}), nil
	}
}

// asks says whether somebody is there who can be asked.
func (o *rehearseOptions) asks(streams *IO) bool {
	return !o.json && isTerminal(streams.In) && isTerminal(streams.Err)
}

// isTerminal says whether a stream is one.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

func (o *rehearseOptions) print(out io.Writer, result *rehearsal.Result) error {
	if !o.json {
		return console.Summary(out, result)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

// rehearseError tells a push that is wrong from what is broken.
func rehearseError(streams *IO, err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted: what was started has been stopped")
	}
	var wrong *rehearsal.Failure
	if errors.As(err, &wrong) {
		fmt.Fprintln(streams.Err, "fleet:", err)
		return errFindings
	}
	return err
}

// verdict is the command's error for a result that was printed already.
func verdict(result *rehearsal.Result) error {
	switch result.ExitCode() {
	case 0:
		return nil
	case 1:
		return errFindings
	}
	for result.Next != nil && result.Outcome != rehearsal.Broken {
		result = result.Next
	}
	return fmt.Errorf("the rehearsal is broken: %s: the logs are in %s", result.Reason, result.Folder)
}

// keep says how to use the emulated AWS and waits for an interrupt.
func keep(ctx context.Context, out io.Writer, session *rehearsal.Session) {
	p := session.Plan().Assembly.Pipeline
	fmt.Fprintf(out, `
The emulated AWS keeps running. In another shell:
  export AWS_ENDPOINT_URL=%s AWS_EC2_METADATA_DISABLED=true AWS_REGION=%s AWS_DEFAULT_REGION=%s
  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=any   # the account's id is the key of its root user
  aws codepipeline get-pipeline-state --name %s
Interrupt (Ctrl-C) to stop it.
`, session.Endpoint(), p.Region, p.Region, p.Account, p.Name)
	<-ctx.Done()
}
