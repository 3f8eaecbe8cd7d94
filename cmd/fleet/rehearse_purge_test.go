package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/rehearsal"
	"accountfleet/internal/rehearsal/console"
)

const (
	firstValue  = "0123456789ab"
	secondValue = "cdef01234567"
)

// offers is what a cleansing leaves to a reviewer.
func offers(command, word string) rehearsal.Offer {
	return rehearsal.Offer{Project: "fleet-repo-cleansing", Command: "aws events put-events", Event: rehearsal.EventDecision{
		Source: "fleet-cleansing", DetailType: config.CleansingDecided, Detail: map[string]string{"command": command, "execution": "e", "cleansing": word}}}
}

func TestAPurgeWaitsUnlessAFlagOrAPersonDecides(t *testing.T) {
	both := firstValue + "," + secondValue
	for name, row := range map[string]struct {
		o       rehearseOptions
		offer   rehearsal.Offer
		ruled   rehearsal.Ruled
		how     string
		sent    string // word that is sent instead of the one offered
		summary string
	}{
		"nobody":                     {rehearseOptions{}, offers("run", "approved"), rehearsal.Waits, "nobody is there to ask", "", "--approve or --reject REASON"},
		"--approve":                  {rehearseOptions{approve: true}, offers("run", "approved"), rehearsal.Sent, "--approve", "", "purge"},
		"--approve, again":           {rehearseOptions{approve: true}, offers("run", "again"), rehearsal.Sent, "--approve", "", "purge"},
		"--reject":                   {rehearseOptions{reject: "no"}, offers("run", "approved"), rehearsal.Left, "--reject", "", "no"},
		"--reject of values":         {rehearseOptions{reject: "no"}, offers("run", both), rehearsal.Left, "--reject", "", "no"},
		"values":                     {rehearseOptions{}, offers("run", both), rehearsal.Waits, "nobody is there to ask", "", "--confirm " + both},
		"values need --confirm":      {rehearseOptions{approve: true}, offers("run", both), rehearsal.Waits, "nobody is there to ask", "", "--confirm " + both},
		"--confirm of one":           {rehearseOptions{confirm: []string{secondValue + "99"}}, offers("run", both), rehearsal.Sent, "--confirm", secondValue, "purge " + secondValue},
		"--confirm of another":       {rehearseOptions{confirm: []string{"ffffffffffff"}}, offers("run", both), rehearsal.Waits, "nobody is there to ask", "", "--confirm"},
		"--confirm is no --approve":  {rehearseOptions{confirm: []string{firstValue}}, offers("run", "approved"), rehearsal.Waits, "nobody is there to ask", "", "--approve"},
		"undo is not waited for":     {rehearseOptions{approve: true}, offers("undo", "20261124T121223Z"), rehearsal.NoMatter, "", "", ""},
		"an event of something else": {rehearseOptions{approve: true}, rehearsal.Offer{}, rehearsal.NoMatter, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			streams := &IO{In: strings.NewReader("purge\n"), Err: &said} // no terminal: it is not read
			ruling, err := row.o.purger(streams, console.New(&said, false, false))(t.Context(), row.offer)
			require.NoError(t, err)
			assert.Equal(t, row.ruled, ruling.Ruled)
			assert.Equal(t, row.how, ruling.How)
			assert.Contains(t, ruling.Summary, row.summary)
			assert.Equal(t, row.sent, ruling.Detail["cleansing"])
			if row.sent != "" {
				assert.Equal(t, "e", ruling.Detail["execution"], "the other words stay")
			}
			if row.ruled == rehearsal.NoMatter {
				assert.Empty(t, said.String())
				return
			}
			assert.Contains(t, said.String(), ruling.Summary)
			assert.NotContains(t, said.String(), "type ")
		})
	}
}

func TestAPersonAtATerminalDecidesAboutAPurge(t *testing.T) {
	both := firstValue + "," + secondValue
	for name, row := range map[string]struct {
		o     rehearseOptions
		word  string
		typed string
		ruled rehearsal.Ruled
		sent  string
	}{
		"yes":                           {rehearseOptions{}, "approved", "yes\n", rehearsal.Sent, ""},
		"a reason":                      {rehearseOptions{}, "approved", "not now\n", rehearsal.Left, ""},
		"a value":                       {rehearseOptions{}, both, secondValue + "\n", rehearsal.Sent, secondValue},
		"values in spite of --approve":  {rehearseOptions{approve: true}, both, "all\n", rehearsal.Sent, both},
		"JSON asks nobody":              {rehearseOptions{json: true}, "approved", "yes\n", rehearsal.Waits, ""},
		"a flag asks nobody":            {rehearseOptions{reject: "no"}, "approved", "yes\n", rehearsal.Left, ""},
		"a flag for values asks nobody": {rehearseOptions{confirm: []string{firstValue}}, both, "all\n", rehearsal.Sent, firstValue},
	} {
		t.Run(name, func(t *testing.T) {
			keyboard, terminal := openTerminal(t)
			_, err := io.WriteString(keyboard, row.typed)
			require.NoError(t, err)
			ruling, err := row.o.purger(&IO{In: terminal, Err: terminal}, console.New(io.Discard, false, false))(t.Context(), offers("run", row.word))
			require.NoError(t, err)
			assert.Equal(t, row.ruled, ruling.Ruled)
			assert.Equal(t, row.sent, ruling.Detail["cleansing"])
		})
	}
}

func TestPublicationIsNotAskedAboutWhereJSONIsPrinted(t *testing.T) {
	_, terminal := openTerminal(t)
	o := rehearseOptions{json: true}
	decision, err := o.reviewer(&IO{In: terminal, Err: terminal}, console.New(io.Discard, false, false))(t.Context(), rehearsal.Question{})
	require.NoError(t, err)
	assert.Equal(t, "nobody is there to ask", decision.How)
}

func TestABrokenRehearsalNamesTheExecutionThatIsBroken(t *testing.T) {
	broken := &rehearsal.Result{Outcome: rehearsal.Broken, Reason: "the tool is missing", Folder: "/runs/1/push-2"}
	err := verdict(&rehearsal.Result{Outcome: rehearsal.Failed, Reason: "the scan", Folder: "/runs/1", Next: broken})
	require.EqualError(t, err, "the rehearsal is broken: the tool is missing: the logs are in /runs/1/push-2")
	require.ErrorIs(t, verdict(&rehearsal.Result{Outcome: rehearsal.Failed}), errFindings)
}

// openTerminal makes a pseudo terminal: what is written to the keyboard is typed on it.
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = keyboard.Close() })
	var number, locked int32
	for request, value := range map[uintptr]*int32{syscall.TIOCSPTLCK: &locked, syscall.TIOCGPTN: &number} {
		_, _, failed := syscall.Syscall(syscall.SYS_IOCTL, keyboard.Fd(), request, uintptr(unsafe.Pointer(value)))
		require.Zero(t, failed)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = terminal.Close() })
	return keyboard, terminal
}
