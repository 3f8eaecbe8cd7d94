package hooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/gate"
	"accountfleet/internal/gate/memory"
	"accountfleet/internal/gate/secrets"
	"accountfleet/internal/gate/tool"
	"accountfleet/internal/snapshot"
)

// Options of Run.
type Options struct {
	Folder   string   // where git started the hook
	Hook     string   // one of Names
	Args     []string // of the hook
	Before   string   // folder of the hooks that ran before ours; default none
	Settings string   // path of fleet.yaml
	Catalog  string   // folder of the catalog below the top; default: where products/ is
	Locate   tool.Locate
	Memory   func() *memory.Memory // opens what this program found before under these settings; default none, so nothing is skipped
	Getenv   func(string) string
	In       io.Reader
	Out, Err io.Writer
	// Show prints what was found. The files that findings are about lie below root, as git would record them.
	Show func(result evidence.Evidence, root string) error

	memory *memory.Memory // opened once the settings are known to be there
}

// ErrRefused is returned when a hook refuses; the reason was printed.
var ErrRefused = errors.New("refused")

// Run does what one hook is for. ErrRefused means findings, any other error that something is broken: both stop git.
func Run(ctx context.Context, o Options) error {
	if !slices.Contains(Names(), o.Hook) {
		return fmt.Errorf("no hook %q: choose from %s", o.Hook, strings.Join(Names(), ", "))
	}
	var input []byte
	if o.Hook == PrePush && o.In != nil { // the others have no input, and a terminal would be waited for
		var err error
		if input, err = io.ReadAll(o.In); err != nil {
			return fmt.Errorf("%s: read what is pushed: %w", o.Hook, err)
		}
	}
	if err := o.passOn(ctx, input); err != nil {
		return err
	}
	settings, err := config.Load(o.Settings)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Hook, err)
	}
	if o.Memory != nil {
		o.memory = o.Memory()
	}
	r, err := snapshot.Open(ctx, o.Folder)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Hook, err)
	}
	switch o.Hook {
	case CommitMessage:
		err = o.message(ctx, r, settings)
	case PrePush:
		err = o.push(ctx, r, settings, input)
	default:
		err = o.staged(ctx, r, settings)
	}
	if err != nil && !errors.Is(err, ErrRefused) {
		return fmt.Errorf("%s: %w", o.Hook, err)
	}
	return err
}

// passOn runs the hook that was there before, with git's arguments, input and environment. It runs first, because it may change what is
// recorded.
func (o Options) passOn(ctx context.Context, input []byte) error {
	hook := filepath.Join(absolute(o.Folder, o.Before), o.Hook)
	if o.Before == "" || !executable(hook) {
		return nil
	}
	c := exec.CommandContext(ctx, hook, o.Args...)
	c.Dir, c.Stdin, c.Stdout, c.Stderr = o.Folder, bytes.NewReader(input), o.Out, o.Err
	err := c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		fmt.Fprintf(o.Err, "fleet: %s: the hook that was here before refused: %s: %s\n", o.Hook, hook, exit)
		return ErrRefused
	}
	if err != nil {
		return fmt.Errorf("%s: %s cannot be started: %w", o.Hook, hook, err)
	}
	return nil
}

// judge runs the gates and shows what they found. Where all passed, one line is enough.
func (o Options) judge(ctx context.Context, run gate.Options, root, note string) error {
	run.Locate, run.Memory = o.Locate, o.memory
	result, broken := gate.Run(ctx, run)
	if run.Catalog != "" { // the catalog's gates know paths below it, the one for secrets those of the repository
		below, err := filepath.Rel(root, run.Catalog)
		if err != nil {
			return err
		}
		for i, f := range result.Findings {
			if f.Gate != gate.Secrets && f.File != "" {
				result.Findings[i].File = filepath.ToSlash(filepath.Join(below, f.File))
			}
		}
	}
	if broken == nil && result.Outcome == evidence.Passed {
		var passed []string
		for _, c := range result.Checks {
			passed = append(passed, fmt.Sprintf("%s (%d %s)", c.Gate, c.Counted, c.Unit))
		}
		fmt.Fprintf(o.Err, "fleet: %s: passed %s%s\n", o.Hook, strings.Join(passed, ", "), note)
	}
	if len(result.Findings) > 0 || broken != nil && len(result.Checks) > 0 {
		if err := o.Show(result, root); err != nil {
			return errors.Join(broken, err)
		}
	}
	switch {
	case broken != nil:
		return broken
	case result.Outcome == evidence.Findings:
		return ErrRefused
	}
	return nil
}

const cureMessage = "take it out of the message; revoke it if anybody else has seen it"

// message checks a commit's message, which is no object yet.
func (o Options) message(ctx context.Context, r *snapshot.Repository, settings *config.Settings) error {
	if len(o.Args) != 1 {
		return fmt.Errorf("git gave %d arguments, want the file of the message", len(o.Args))
	}
	body, err := os.ReadFile(absolute(o.Folder, o.Args[0]))
	if err != nil {
		return fmt.Errorf("read the message: %w", err)
	}
	selection := &secrets.Selection{GitDir: r.Dir, Cure: cureMessage, Texts: []secrets.Text{{Kind: "message", Body: withoutDiff(body)}}}
	return o.judge(ctx, gate.Options{Settings: settings, Only: []string{gate.Secrets}, Selection: selection}, "", "")
}

// withoutDiff cuts off the diff that commit --verbose shows below the message and git drops: it may hold the very secret that the commit
// removes. A message that only pretends to have one is read whole before it is pushed.
func withoutDiff(message []byte) []byte {
	const scissors = " ------------------------ >8 ------------------------\n"
	at := bytes.Index(message, []byte(scissors))
	if at < 1 || at > 1 && message[at-2] != '\n' {
		return message
	}
	comment := message[at-1]
	if !bytes.HasPrefix(message[at+len(scissors):], []byte{comment, ' ', 'D', 'o', ' ', 'n', 'o', 't'}) {
		return message
	}
	return message[:at-1]
}
