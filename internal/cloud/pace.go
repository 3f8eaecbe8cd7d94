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
}

// DefaultPace suits stacks and records: quick where the answer is immediate, gentle with AWS's request limits, 25 minutes at most.
var DefaultPace = Pace{First: 200 * time.Millisecond, Longest: 10 * time.Second, Timeout: 25 * time.Minute}

// ErrNotFinished says that a wait ended because its time was over.
var ErrNotFinished = errors.New("not finished")

// longestLook is how long one question may take beyond the pace's time: a slow answer is an answer none the less.
const longestLook = time.Minute

// Poll calls ask until it says done, fails, ctx ends or the pace's time is over. What is asked in time is answered.
func (p Pace) Poll(ctx context.Context, what string, ask func(context.Context) (done bool, err error)) error {
	limited, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	for pause := p.First; ; pause = min(pause+pause/2, p.Longest) {
		done, err := look(ctx, max(longestLook, p.Timeout), ask)
		if err == nil && done {
			return nil
		}
		if err != nil && ctx.Err() == nil {
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
func look(ctx context.Context, longest time.Duration, ask func(context.Context) (bool, error)) (bool, error) {
	limited, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	return ask(limited)
}

// Cleanup is a context for clearing up after ctx may have been cancelled: fresh, and bounded.
func Cleanup(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
}
