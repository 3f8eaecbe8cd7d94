package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/config"
	"accountfleet/internal/finding"
	"accountfleet/internal/rehearsal"
	"accountfleet/internal/rehearsal/console"
)

// checkConfirmed refuses fingerprints that would match nothing.
func checkConfirmed(fingerprints []string) error {
	for _, f := range fingerprints {
		if !finding.NamesSecret(f) {
			return fmt.Errorf("--confirm %s: want the first 12 digits of a fingerprint at least, in lower case: the cleansing's notice names them", f)
		}
	}
	return nil
}

// purger answers where a cleansing waits for a reviewer: as the flags say, as the user says on a terminal, and else by leaving it waiting.
func (o *rehearseOptions) purger(streams *IO, screen *console.Console) func(context.Context, rehearsal.Offer) (rehearsal.Ruling, error) {
	return func(ctx context.Context, offer rehearsal.Offer) (rehearsal.Ruling, error) {
		if offer.Event.DetailType != config.CleansingDecided || offer.Event.Detail["command"] != "run" {
			return rehearsal.Ruling{}, nil // it offers to undo what it did, for which nobody waits
		}
		question := console.Purge{Project: offer.Project, Values: values(offer.Event.Detail["cleansing"])}
		if r, ok := o.purge(question.Values); ok {
			return screen.TellPurge(question, r.with(offer.Event.Detail)), nil
		}
		if !o.asks(streams) {
			return screen.TellPurge(question, nobody(question.Values)), nil
		}
		ruling, chosen, err := screen.AskPurge(ctx, streams.In, question)
		return answer{ruling, chosen}.with(offer.Event.Detail), err
	}
}

// answer is a ruling, and the values that it has purged where there is a choice.
type answer struct {
	rehearsal.Ruling
	chosen []string
}

// with puts the chosen values into what the reviewer sends.
func (a answer) with(detail map[string]string) rehearsal.Ruling {
	if len(a.chosen) > 0 {
		a.Detail = maps.Clone(detail)
		a.Detail["cleansing"] = strings.Join(a.chosen, ",")
	}
	return a.Ruling
}

// purge is what the flags say; false if they say nothing.
func (o *rehearseOptions) purge(values []string) (answer, bool) {
	chosen := slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		return !slices.ContainsFunc(o.confirm, func(c string) bool { return strings.HasPrefix(c, v) })
	})
	switch {
	case o.reject != "":
		return answer{Ruling: rehearsal.Ruling{Ruled: rehearsal.Left, How: "--reject", Summary: o.reject}}, true
	case len(chosen) > 0:
		return answer{rehearsal.Ruling{Ruled: rehearsal.Sent, How: "--confirm", Summary: "purge " + strings.Join(chosen, ", ")}, chosen}, true
	case len(values) == 0 && o.approve:
		return answer{Ruling: rehearsal.Ruling{Ruled: rehearsal.Sent, How: "--approve", Summary: "purge"}}, true
	}
	return answer{}, false
}

// nobody leaves a purge waiting, and says how to decide in a rehearsal.
func nobody(values []string) rehearsal.Ruling {
	cure := "rehearse on a terminal, where you are asked, or with --approve or --reject REASON"
	if len(values) > 0 {
		cure = "rehearse on a terminal, where you are asked, or with --confirm " + strings.Join(values, ",") + " (those that shall be purged) or --reject REASON"
	}
	return rehearsal.Ruling{Ruled: rehearsal.Waits, How: "nobody is there to ask", Summary: cure}
}

// values are the fingerprints that a notice puts into its command, each of which may be left out; none where it puts a word there.
func values(decision string) []string {
	list := strings.Split(decision, ",")
	if slices.ContainsFunc(list, func(word string) bool { return !finding.NamesSecret(word) }) {
		return nil
	}
	return list
}
