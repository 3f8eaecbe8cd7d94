package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Offer is what a build beside the pipeline leaves to a person: it told people of an event that a rule waits for.
type Offer struct {
	Project string   // that was built
	Said    []string // what it told people
	Event   EventDecision
	Command string // by which a reviewer sends the event, as people were told
}

// Ruled is what a person made of an offer.
type Ruled string

// What becomes of an offer.
const (
	NoMatter Ruled = ""      // nothing waits for it: nobody is asked, and nothing is recorded
	Sent     Ruled = "sent"  // the reviewer sends the event
	Left     Ruled = "left"  // a person said that everything stays as it is
	Waits    Ruled = "waits" // nobody said anything
)

// Ruling is the answer to an offer.
type Ruling struct {
	Ruled   Ruled
	Detail  map[string]string // what is sent as the event's detail; default: that of the offer
	Summary string
	How     string // how the answer came about, for the result: "asked", "--approve", ...
}

// mostRulings is how many events a reviewer sends because of one push: a plan, a run that finds what must be confirmed, and the confirmation.
const mostRulings = 3

// settle has people decide about what builds beside the pipeline offer, and runs the execution that follows.
func (e *execution) settle(ctx context.Context, r *Result, following int) error {
	err := e.rule(ctx, r)
	r.weigh()
	if err != nil {
		return err
	}
	return e.session.follow(ctx, r, following)
}

// rule asks about each offer, and runs what the answers start, which may offer something again. What is broken is left to people who
// have looked at it.
func (e *execution) rule(ctx context.Context, r *Result) error {
	if e.session.options.Decide == nil {
		return nil
	}
	sent := 0
	for i := 0; i < len(r.Beside); i++ { // it grows
		offer := e.session.offered(r.Beside[i])
		if offer == nil || r.Beside[i].Outcome == Broken {
			continue
		}
		decision, err := e.ask(ctx, offer)
		r.Beside[i].Decision = decision
		if err != nil {
			r.Outcome, r.Reason = Broken, err.Error()
			return err
		}
		if decision == nil || decision.Ruled != Sent {
			continue
		}
		if sent++; sent > mostRulings {
			return fmt.Errorf("%s: a reviewer decided %d times, and is asked again: this would go on for ever", offer.Project, mostRulings)
		}
		if err := e.obey(ctx, offer.Event, decision, r); err != nil {
			return err
		}
	}
	return nil
}

// ask has somebody answer an offer. There is no decision if nothing waits for it.
func (e *execution) ask(ctx context.Context, offer *Offer) (*DecisionResult, error) {
	decision := &DecisionResult{Ruled: Waits, How: "interrupted", Summary: "rehearse again", Detail: offer.Event.Detail, Command: offer.Command}
	ruling, err := e.session.options.Decide(ctx, *offer)
	if errors.Is(err, context.Canceled) {
		return decision, fmt.Errorf("%s waits for a decision: interrupted", offer.Project)
	}
	if err != nil {
		return decision, fmt.Errorf("ask what %s waits for: %w", offer.Project, err)
	}
	if ruling.Ruled == NoMatter {
		return nil, nil
	}
	if ruling.Detail != nil {
		offer.Event.Detail, decision.Detail = ruling.Detail, ruling.Detail
	}
	decision.Ruled, decision.How, decision.Summary = ruling.Ruled, ruling.How, ruling.Summary
	return decision, nil
}

// obey sends the event that was decided on, and runs what it starts.
func (e *execution) obey(ctx context.Context, d EventDecision, decision *DecisionResult, r *Result) error {
	by, err := e.session.send(ctx, d)
	if err != nil {
		return err
	}
	decision.By = by
	before := len(r.Beside)
	err = e.happens(ctx, d.happened(e.session), r)
	for i := before; i < len(r.Beside); i++ {
		r.Beside[i].DecidedBy, r.Beside[i].Summary = by, strings.TrimSpace(decision.How+": "+decision.Summary)
	}
	return err
}

// sending is how a build tells people to send an event.
var sending = regexp.MustCompile(`aws events put-events --region \S+ --entries '([^']+)'`)

// offered finds in what a build said the last event that a rule waits for; nil if there is none.
func (s *Session) offered(b BesideResult) *Offer {
	for i := len(b.Said) - 1; i >= 0; i-- {
		found := sending.FindStringSubmatch(b.Said[i])
		if found == nil {
			continue
		}
		d, err := readEvent(found[1])
		if err != nil {
			continue // for people, and not for a rule
		}
		for _, starter := range s.plan.starters {
			if starter.pattern.Match(d.happened(s)) {
				return &Offer{Project: b.Name, Said: b.Said, Event: d, Command: found[0]}
			}
		}
	}
	return nil
}

// readEvent reads the entries of aws events put-events, of which there must be one.
func readEvent(entries string) (EventDecision, error) {
	var list []struct{ Source, DetailType, Detail string }
	if err := json.Unmarshal([]byte(entries), &list); err != nil {
		return EventDecision{}, err
	}
	if len(list) != 1 {
		return EventDecision{}, errors.New("want one entry")
	}
	d := EventDecision{Source: list[0].Source, DetailType: list[0].DetailType}
	return d, json.Unmarshal([]byte(list[0].Detail), &d.Detail)
}
