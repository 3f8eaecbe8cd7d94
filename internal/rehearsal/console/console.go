// Package console shows a rehearsal to people: live lines with elapsed time on a terminal, one plain line for each thing that ended
// elsewhere, and a final screen.
//
// It only renders what the rehearsal tells it. Start at Console; the final screen is in summary.go, the reviewer's questions in ask.go and
// purge.go.
package console

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"accountfleet/internal/rehearsal"
)

// Console renders progress to a writer.
type Console struct {
	out   io.Writer
	live  bool // the writer is a terminal: running things are shown with their elapsed time
	color bool
	now   func() time.Time

	mu      sync.Mutex
	running []running
	drawn   int    // lines of running things on the screen
	shown   string // these lines
	paused  bool
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once
}

type running struct {
	key, text string
	started   time.Time
}

// New makes a console. With live, what runs is redrawn until Close.
func New(out io.Writer, live, color bool) *Console {
	c := &Console{out: out, live: live, color: color, now: time.Now, stop: make(chan struct{}), done: make(chan struct{})}
	if live {
		go c.tick()
	} else {
		close(c.done)
	}
	return c
}

// tick redraws elapsed times.
func (c *Console) tick() {
	defer close(c.done)
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-ticker.C:
			c.mu.Lock()
			c.redraw()
			c.mu.Unlock()
		}
	}
}

// Close stops the redrawing and takes what still ran off the screen. Closing twice is fine.
func (c *Console) Close() {
	c.once.Do(func() { close(c.stop) })
	<-c.done
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = nil
	c.erase()
}

// Observe renders one event; give it to rehearsal.Options.
func (c *Console) Observe(e rehearsal.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	switch e.Kind {
	case rehearsal.StepStarted:
		c.begin(e.Action, e.Action)
	case rehearsal.StepEnded:
		c.end(e.Action)
		c.line("%s %s  %s", c.mark(e.Outcome), e.Action, seconds(e.Elapsed))
	case rehearsal.StageStarted:
		c.line("%s", c.bold(e.Stage))
	case rehearsal.StageEnded:
		if e.Outcome == rehearsal.Skipped {
			c.line("  %s skipped: %s", c.mark(e.Outcome), e.Text)
		}
	case rehearsal.ActionStarted:
		c.begin(e.Stage+"/"+e.Action, "  "+e.Action)
	case rehearsal.ActionEnded:
		c.end(e.Stage + "/" + e.Action)
		c.action(e)
	case rehearsal.Note:
		c.line("  %s", e.Text)
	}
	c.redraw()
}

func (c *Console) action(e rehearsal.Event) {
	text := fmt.Sprintf("  %s %-18s %6s", c.mark(e.Outcome), e.Action, seconds(e.Elapsed))
	if e.Text != "" {
		text += "  " + strings.ReplaceAll(strings.TrimSpace(e.Text), "\n", "\n      ")
	}
	c.line("%s", text)
	if e.Outcome != rehearsal.Succeeded && e.Log != "" {
		c.line("      log: %s", e.Log)
	}
}

func (c *Console) begin(key, text string) {
	c.running = append(c.running, running{key: key, text: text, started: c.now()})
}

func (c *Console) end(key string) {
	for i, r := range c.running {
		if r.key == key {
			c.running = append(c.running[:i:i], c.running[i+1:]...)
			return
		}
	}
}

func (c *Console) line(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

// erase takes the lines of running things off a terminal.
func (c *Console) erase() {
	if c.drawn > 0 {
		fmt.Fprintf(c.out, "\x1b[%dA\x1b[J", c.drawn)
		c.drawn = 0
	}
}

// redraw shows what runs, unless somebody is being asked something.
func (c *Console) redraw() {
	if !c.live || c.paused {
		return
	}
	var lines strings.Builder
	for _, r := range c.running {
		fmt.Fprintf(&lines, "%s ... %s\n", r.text, seconds(c.now().Sub(r.started).Truncate(time.Second)))
	}
	if c.drawn > 0 && lines.String() == c.shown {
		return
	}
	c.erase()
	io.WriteString(c.out, lines.String())
	c.drawn, c.shown = len(c.running), lines.String()
}

// pause takes the running lines off the screen while f talks to the user.
func (c *Console) pause(f func()) {
	c.mu.Lock()
	c.erase()
	c.paused = true
	c.mu.Unlock()
	f()
	c.mu.Lock()
	c.paused = false
	c.mu.Unlock()
}

func (c *Console) mark(o rehearsal.Outcome) string {
	switch o {
	case rehearsal.Succeeded:
		return c.paint("32", "ok")
	case rehearsal.Skipped, rehearsal.NotRun:
		return c.paint("33", "--")
	}
	return c.paint("31", strings.ToUpper(string(o)))
}

func (c *Console) bold(text string) string { return c.paint("1", text) }

func (c *Console) paint(code, text string) string {
	if !c.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// seconds renders a duration for people.
func seconds(d time.Duration) string {
	if d >= time.Minute {
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}
