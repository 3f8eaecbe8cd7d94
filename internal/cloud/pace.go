package cloud

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Pace bounds a wait: the first pause, the longest pause (each is half as long again as the one before) and the end of all patience.
type Pace struct {
	First   time.Duration
	Longest time.Duration
	Timeout time.Duration
	Look    time.Duration // how long one question may take; default a minute, or Timeout if that is longer
}

// DefaultPace suits stacks and records: quick where the answer is immediate, gentle with AWS's request limits, 25 minutes at most.
var DefaultPace = Pace{First: 200 * time.Millisecond, Longest: 10 * time.Second, Timeout: 25 * time.Minute}

// ErrNotFinished says that a wait ended because its time was over.
var ErrNotFinished = errors.New("not finished")

// Poll calls ask until it says done, fails, ctx ends or the pace's time is over. What was asked in time may be answered later: a slow
// answer is an answer none the less.
func (p Pace) Poll(ctx context.Context, what string, ask func(context.Context) (done bool, err error)) error {
	limited, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	for pause := p.First; ; pause = min(pause+pause/2, p.Longest) {
		done, err := p.look(ctx, ask)
		if err == nil && done {
			return nil
		}
		if late := errors.Is(err, context.DeadlineExceeded) && limited.Err() != nil; err != nil && !late && ctx.Err() == nil {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-limited.Done():
			timer.Stop()
			if ctx.Err() != nil {
				return fmt.Errorf("wait for %s: %w", what, ctx.Err())
			}
			return fmt.Errorf("wait for %s: %w after %s: look at it in the console", what, ErrNotFinished, p.Timeout)
		case <-timer.C:
		}
	}
}

// look asks once.
func (p Pace) look(ctx context.Context, ask func(context.Context) (bool, error)) (bool, error) {
	longest := p.Look
	if longest == 0 {
		longest = max(time.Minute, p.Timeout)
	}
	limited, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	return ask(limited)
}

// Cleanup is a context for clearing up after ctx may have been cancelled: fresh, and bounded.
func Cleanup(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
}
