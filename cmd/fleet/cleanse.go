package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"accountfleet/internal/cleanse"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate"
	"accountfleet/internal/waiver"
)

// cleanseOptions are the flags of fleet cleanse.
type cleanseOptions struct {
	settings   string
	repository string
	remote     string
	bundle     string
	format     string
	fromStdin  bool
	yes        bool
	recreate   bool
	deactivate bool
	role       string // by which keys are deactivated
	confirmed  []string
}

func newCleanseCommand(streams *IO) *cobra.Command {
	o := cleanseOptions{}
	c := &cobra.Command{
		Use:   "cleanse",
		Short: "Purge a leaked secret from every commit of a repository",
		Long: `Purge secrets from the whole history of a remote repository, and change nothing else.

The remote is cloned anew, rewritten in a private folder, proved, and pushed with a lease on every ref: nobody's push is lost. A bundle of
all old refs is kept first, so that undo brings back each of them bit for bit. The folder in which you stand is never changed.

Rotate the secret first: whoever could read it may have it. docs/cleansing.md says what is guaranteed and what no rewrite can do.`,
		Args: cobra.NoArgs,
	}
	c.PersistentFlags().StringVar(&o.settings, "settings", settingsPath(streams), "fleet.yaml ($FLEET_SETTINGS)")
	c.PersistentFlags().StringVar(&o.repository, "repository", ".", "clone whose remote is meant")
	c.PersistentFlags().StringVar(&o.remote, "remote", "origin", "name of a remote of that clone, or an address")
	c.PersistentFlags().StringVar(&o.bundle, "bundle", "", "folder for bundles and journals, which hold the secret (default: fleet/cleanse in your state folder)")
	plan := &cobra.Command{
		Use: "plan", Short: "Say what would change, and change nothing", Args: cobra.NoArgs,
		Long: "Say what would change: secrets by kind and place, refs, commits, names, lost signatures. Exit code 0: nothing to purge. 1: there is. 2: something is broken.",
		RunE: func(c *cobra.Command, _ []string) error { return runCleansePlan(c.Context(), streams, o) },
	}
	run := &cobra.Command{
		Use: "run", Short: "Purge, after showing the plan and asking", Args: cobra.NoArgs,
		Long: `Show the plan, ask, keep a bundle, rewrite and push. A run that was cut off is finished first.

With --recreate the repository is then deleted and made again with its settings, also where nothing is to be purged any more: after that
nobody reads an old commit by its id. It takes credentials of the account of a CodeCommit repository, or a bare repository on this machine.

Exit code 0: purged. 1: a secret stays, because it was not confirmed. 2: something is broken.`,
		RunE: func(c *cobra.Command, _ []string) error { return runCleanse(c.Context(), streams, o) },
	}
	verify := &cobra.Command{
		Use: "verify", Short: "Look at a fresh clone: is it gone, and did it stay gone", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runCleanseVerify(c.Context(), streams, o) },
	}
	undo := &cobra.Command{
		Use: "undo [RUN]", Short: "Bring back every ref as it was before a run (default: the last)", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runCleanseUndo(c.Context(), streams, o, strings.Join(args, ""))
		},
	}
	for _, sub := range []*cobra.Command{plan, run, verify} {
		sub.Flags().BoolVar(&o.fromStdin, "value-from-stdin", false, "purge the value on standard input, and not what the secrets gate finds")
	}
	plan.Flags().StringVar(&o.format, "format", "text", "text or json")
	run.Flags().StringSliceVar(&o.confirmed, "confirm", nil, "fingerprint of a short or ordinary value that shall be purged too (first 12 digits)")
	run.Flags().BoolVar(&o.deactivate, "deactivate-keys", false, "first deactivate the AWS access keys that are purged, with this shell's credentials (iam:GetAccessKeyLastUsed, iam:UpdateAccessKey)")
	run.Flags().StringVar(&o.role, "deactivation-role", "", "the same, as the role of this name in the account that each key belongs to (sts:GetAccessKeyInfo, sts:AssumeRole)")
	run.Flags().BoolVar(&o.recreate, "recreate", false, "then make the repository again, so that old objects cannot be read by id either")
	for _, sub := range []*cobra.Command{run, undo} {
		sub.Flags().BoolVar(&o.yes, "yes", false, "do not ask; --recreate and values that need --confirm are asked for all the same")
	}
	c.AddCommand(plan, run, verify, undo, newCleansePipelineCommand(streams))
	return c
}

// cleansing turns flags into what the package wants. Warnings are printed.
func (o cleanseOptions) cleansing(ctx context.Context, streams *IO) (cleanse.Options, error) {
	var made cleanse.Options
	settings, err := config.Load(o.settings)
	if err != nil {
		return made, err
	}
	if o.bundle == "" {
		state := streams.Getenv("XDG_STATE_HOME")
		if state == "" {
			state = filepath.Join(streams.Getenv("HOME"), ".local", "state")
		}
		o.bundle = filepath.Join(state, "fleet", "cleanse")
	}
	made = cleanse.Options{
		Remote: o.remote, Locate: locateTool, Key: []byte(settings.Organization), Store: cleanse.Folder(o.bundle), Progress: streams.Err,
	}
	if isFolder(made.Remote) { // git runs elsewhere
		if made.Remote, err = filepath.Abs(made.Remote); err != nil {
			return made, err
		}
	}
	if made.Accepted, err = acceptedSecrets(); err != nil {
		return made, err
	}
	if made.Keys, err = o.keys(ctx, settings); err != nil {
		return made, err
	}
	if !strings.ContainsAny(o.remote, ":/") && !isFolder(o.remote) {
		address, warnings, err := cleanse.Examine(ctx, o.repository, o.remote)
		if err != nil {
			return made, err
		}
		for _, warning := range warnings {
			fmt.Fprintln(streams.Err, "warning:", warning)
		}
		made.Remote = address
	}
	if o.fromStdin {
		value, err := io.ReadAll(streams.In)
		if value = bytes.TrimRight(value, "\r\n"); err != nil || len(value) == 0 {
			return made, errors.New("--value-from-stdin: there is nothing on standard input: pipe the value in, for example from a file that only you can read")
		}
		made.Values = [][]byte{value}
	}
	return made, nil
}

// keys deactivate access keys that leaked, if that was asked for.
func (o cleanseOptions) keys(ctx context.Context, settings *config.Settings) (cleanse.Keys, error) {
	if !o.deactivate && o.role == "" {
		return nil, nil
	}
	session, err := cloud.Open(ctx, settings.Regions.Home)
	if err != nil {
		return nil, err
	}
	if o.role != "" {
		return session.AccessKeysAs(o.role), nil
	}
	return session.AccessKeys(), nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// acceptedSecrets are those of the platform team's list: a fingerprint under a rule.
func acceptedSecrets() (func(rule, fingerprint string) bool, error) {
	accepted, err := gate.AcceptedSecrets()
	if err != nil {
		return nil, err
	}
	return func(rule, print string) bool {
		return slices.ContainsFunc(accepted, func(a waiver.Accepted) bool { return a.Rule == rule && a.Fingerprint == print })
	}, nil
}

func runCleansePlan(ctx context.Context, streams *IO, o cleanseOptions) error {
	if o.format != "text" && o.format != "json" {
		return fmt.Errorf("--format %q: choose from text, json", o.format)
	}
	options, err := o.cleansing(ctx, streams)
	if err != nil {
		return err
	}
	plan, err := cleanse.MakePlan(ctx, options)
	if err != nil {
		return err
	}
	if o.format == "json" {
		encoder := json.NewEncoder(streams.Out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(plan)
	} else {
		err = plan.Write(streams.Out)
	}
	if err == nil && len(plan.Refs) > 0 {
		return errFindings
	}
	return err
}

func runCleanse(ctx context.Context, streams *IO, o cleanseOptions) error {
	options, err := o.cleansing(ctx, streams)
	if err != nil {
		return err
	}
	if _, _, hosted := cloud.CodeCommitOf(options.Remote); o.recreate && !hosted && cleanse.LocalOf(options.Remote) == "" {
		return errors.New("--recreate: only repositories of CodeCommit and bare ones on this machine can be made again from here: run without it, then delete and " +
			"create the repository where it is hosted, and push a fresh mirror clone to it")
	}
	ask := &asker{streams: streams, in: bufio.NewReader(streams.In), nobody: o.fromStdin}
	unfinished, err := cleanse.Unfinished(ctx, options)
	if err != nil {
		return err
	}
	if unfinished != "" {
		fmt.Fprintf(streams.Out, "%s was cut off while it pushed, and is finished first\n", unfinished)
	} else {
		plan, err := cleanse.MakePlan(ctx, options)
		if err != nil {
			return err
		}
		if err := plan.Write(streams.Out); err != nil || len(plan.Refs) == 0 && !o.recreate {
			return err
		}
		if o.confirmed, err = ask.weak(plan, o.confirmed); err != nil {
			return err
		}
		o.yes = o.yes || len(plan.Refs) == 0
	}
	if !o.yes {
		if err := ask.word("purge", "rewrite these refs"); err != nil {
			return err
		}
	}
	if o.recreate {
		if err := o.agreeToRecreate(ctx, &options, ask, unfinished != ""); err != nil {
			return err
		}
	}
	options.Confirm = func(s cleanse.Secret) bool { return o.confirms(s.Fingerprint) }
	result, err := cleanse.Run(ctx, options)
	if err != nil {
		return err
	}
	return showCleansed(streams.Out, result)
}

// confirms says whether a fingerprint was confirmed by its first digits.
func (o cleanseOptions) confirms(print string) bool {
	return slices.ContainsFunc(o.confirmed, func(start string) bool { return len(start) >= finding.ShortestName && strings.HasPrefix(print, start) })
}

func showCleansed(out io.Writer, result *cleanse.Result) error {
	switch {
	case result.Plan == nil && !result.Recreated:
		fmt.Fprintln(out, "nothing to purge")
	case result.Plan != nil:
		fmt.Fprintf(out, "\npurged: %d commits have new ids\n", len(result.Commits))
		for _, done := range result.Rotated {
			fmt.Fprintln(out, "deactivated:", done)
		}
		fmt.Fprintf(out, "undo: fleet cleanse undo %s\n", result.Run)
		fmt.Fprintln(out, "everybody: clone anew; carry work that is not pushed over as patches (git format-patch), never by merge or rebase of an old clone")
	}
	if result.Recreated {
		fmt.Fprintln(out, "the repository was made again: no old commit can be read by its id any more")
	}
	if len(result.Left) > 0 {
		fmt.Fprintf(out, "%d secrets stay, because they are accepted or were not confirmed\n", len(result.Left))
		return errFindings
	}
	return nil
}

func runCleanseVerify(ctx context.Context, streams *IO, o cleanseOptions) error {
	options, err := o.cleansing(ctx, streams)
	if err != nil {
		return err
	}
	seen, err := cleanse.Verify(ctx, options)
	if err != nil {
		return err
	}
	for _, problem := range seen.Problems {
		fmt.Fprintln(streams.Out, problem)
	}
	if len(seen.Problems) > 0 {
		return errFindings
	}
	fmt.Fprintf(streams.Out, "clean: %d refs, every object searched\n", seen.Refs)
	return nil
}

func runCleanseUndo(ctx context.Context, streams *IO, o cleanseOptions, run string) error {
	options, err := o.cleansing(ctx, streams)
	if err != nil {
		return err
	}
	if !o.yes {
		ask := &asker{streams: streams, in: bufio.NewReader(streams.In)}
		if err := ask.word("undo", "bring the old history back, with the secret in it"); err != nil {
			return err
		}
	}
	result, err := cleanse.Undo(ctx, options, run)
	if err != nil {
		return err
	}
	fmt.Fprintf(streams.Out, "%s is undone: %d refs are as they were\n", result.Run, len(result.Restored))
	return nil
}

// asker asks people for words, so that nobody agrees by habit.
type asker struct {
	streams *IO
	in      *bufio.Reader
	nobody  bool // standard input holds a value
}

// word demands a word.
func (a *asker) word(word, what string) error {
	said, err := a.says(word, what)
	if err == nil && !said {
		fmt.Fprintln(a.streams.Err, "nothing was changed")
		return errFindings
	}
	return err
}

func (a *asker) says(word, what string) (bool, error) {
	missing := errors.New("nobody is there to ask: read the plan, and repeat the command with --yes (and --confirm FINGERPRINT for values that need it)")
	if a.nobody {
		return false, missing
	}
	fmt.Fprintf(a.streams.Err, "Type %s to %s: ", word, what)
	answer, err := a.in.ReadString('\n')
	if err != nil && answer == "" {
		return false, missing
	}
	return strings.TrimSpace(answer) == word, nil
}

// weak asks for every value of a plan that must be confirmed, unless it was by flag.
func (a *asker) weak(plan *cleanse.Plan, confirmed []string) ([]string, error) {
	o := cleanseOptions{confirmed: confirmed}
	for _, s := range plan.Secrets {
		if len(s.Weak) == 0 || o.confirms(s.Fingerprint) {
			continue
		}
		said, err := a.says(s.Fingerprint[:12], fmt.Sprintf("purge %s in %d places although %s, anything else to leave it", s.Title, len(s.Places), strings.Join(s.Weak, " and ")))
		if err != nil {
			return nil, err
		}
		if said {
			o.confirmed = append(o.confirmed, s.Fingerprint)
		}
	}
	return o.confirmed, nil
}
