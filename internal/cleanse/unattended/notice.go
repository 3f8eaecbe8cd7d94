package unattended

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"accountfleet/internal/cleanse"
	"accountfleet/internal/config"
	"accountfleet/internal/finding"
	"accountfleet/internal/ledger"
)

// notice is what people are told. It never holds a secret, nor a character of one.
type notice struct{ subject, text string }

// page is a text that grows by paragraphs.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) head(text string) { p.line("\n%s", text) }

// most is how many refs, places and copies a notice lists; the journal has all.
const most = 20

// list writes the first of many lines.
func list[T any](p *page, all []T, line func(T) string) {
	for _, item := range all[:min(most, len(all))] {
		p.line("  %s", line(item))
	}
	if len(all) > most {
		p.line("  and %d more", len(all)-most)
	}
}

// secrets says what was found, where, and how each is taken back.
func (p *page) secrets(all []cleanse.PlannedSecret) {
	for _, s := range all {
		p.line("- %s (%s, fingerprint %.12s)", s.Title, s.Rule, s.Fingerprint)
		list(p, s.Places, func(at cleanse.Place) string {
			return strings.TrimRight(fmt.Sprintf("in %s %.12s %s", at.Kind, at.Object, at.Path), " ")
		})
		if len(s.Weak) > 0 {
			p.line("  may be no secret elsewhere: %s", strings.Join(s.Weak, ", "))
		}
		p.line("  rotate: %s", s.Rotation)
	}
}

// planned asks a reviewer to decide.
func (u *unattended) planned(plan *cleanse.Plan) notice {
	p := &page{}
	p.line("%s found in the history of %s (execution %s). Nothing was changed yet.", were(len(plan.Secrets)), u.repository(), u.execution())
	p.head("ROTATE NOW: whoever can read the repository may have them. A purge takes nothing back.")
	p.secrets(plan.Secrets)
	if u.Settings.LeakedAccessKeys == config.DeactivateKeys {
		p.line("- a purge deactivates access keys among them first, where it has a role to do so")
	}
	p.head("WHAT A PURGE CHANGES")
	p.line("  %d of %d commits get another id", plan.Commits, plan.OfCommits)
	list(p, plan.Refs, func(r cleanse.PlannedRef) string { return moved(r.Name, r.Old, r.New) })
	u.choice(p, plan)
	return notice{fmt.Sprintf("%s: a purge of %s waits for a reviewer", u.Settings.Name, u.repository()), p.String()}
}

// choice is how a reviewer has secrets purged. Values that are short or ordinary are named one by one.
func (u *unattended) choice(p *page, plan *cleanse.Plan) {
	var doubtful []string
	for _, s := range plan.Secrets {
		if len(s.Weak) > 0 {
			doubtful = append(doubtful, s.Fingerprint[:min(len(s.Fingerprint), finding.ShortestName)])
		}
	}
	if len(doubtful) == 0 {
		p.head("TO PURGE THEM, as " + u.Settings.ReviewerRole() + ":")
		p.line("  %s", u.decide("run", "approved"))
		return
	}
	p.head("TO PURGE THEM after a look at the places, as " + u.Settings.ReviewerRole() + " (leave out the fingerprints of values that shall stay, or write " +
		onlyStrong + " instead of them all):")
	p.line("  %s", u.decide("run", strings.Join(doubtful, ",")))
}

// cameBack says that a secret is there again that was purged before.
func (u *unattended) cameBack(plan *cleanse.Plan, s cleanse.PlannedSecret, e ledger.Entry) notice {
	p := &page{}
	p.line("%s (%s, fingerprint %.12s) is in the history of %s again. It was purged by %s on %s. Nothing was changed.",
		s.Title, s.Rule, s.Fingerprint, u.repository(), e.Rewrite.Cleansing, e.Time.Format("2006-01-02 15:04 UTC"))
	p.head("WHY: most likely somebody pushed from a clone of before the purge. Find that clone, by who pushed these commits, and delete it.")
	p.secrets(plan.Secrets)
	p.head("TO PURGE IT AGAIN after that, as " + u.Settings.ReviewerRole() + ":")
	p.line("  %s", u.decide("run", "again"))
	return notice{fmt.Sprintf("%s: a secret that was purged is back in %s", u.Settings.Name, u.repository()), p.String()}
}

// doubtful says that values were found which may stand for what is no secret.
func (u *unattended) doubtful(plan *cleanse.Plan) notice {
	p := &page{}
	p.line("The history of %s (execution %s) holds values that are short or ordinary. Purged everywhere, one of them could take away what is no "+
		"secret, so nothing was changed.", u.repository(), u.execution())
	p.head("ROTATE NOW: whoever can read the repository may have them.")
	p.secrets(plan.Secrets)
	p.keys(u.rotated)
	u.choice(p, plan)
	return notice{fmt.Sprintf("%s: a person must look at values in %s", u.Settings.Name, u.repository()), p.String()}
}

// failed says that a cleansing did not come to its end.
func (u *unattended) failed(err error) notice {
	p := &page{}
	p.line("The cleansing of %s (command %s, execution %s) stopped: %s", u.repository(), u.Command, u.execution(), err)
	p.head("ROTATE NOW what the scan found: action SecretsDetection of the execution names it. A purge takes nothing back.")
	p.keys(u.rotated)
	p.head("TO GO ON, as " + u.Settings.ReviewerRole() + " (a run that was cut off is resumed):")
	p.line("  %s", u.decide("run", "again"))
	p.head("IF PEOPLE CANNOT PUSH, or pushes start nothing, because the run ended before it thawed the repository:")
	p.line("  aws codecommit untag-resource --resource-arn %s --tag-keys %s", u.Settings.ToolsARN("codecommit", u.Settings.Source.Repository), u.Settings.FreezeTag())
	p.line("  aws events enable-rule --name %s", u.Settings.PushRule())
	return notice{fmt.Sprintf("%s: secrets could not be purged from %s", u.Settings.Name, u.repository()), p.String()}
}

// done says what was done, and who must do what now.
func (u *unattended) done(r *run, copies []Copy, problems error) notice {
	p := &page{}
	if r.undo {
		p.line("Cleansing %s of %s was undone: the old history is back, with the secrets in it. Rotate them if nobody has. Access keys that were deactivated stay so.", r.id, u.repository())
		p.clones(u.Settings)
		p.refs(r.changes)
		p.problems(problems)
		return notice{fmt.Sprintf("%s: a purge of %s was undone", u.Settings.Name, u.repository()), p.String()}
	}
	p.line("%s purged from every commit of %s (cleansing %s, execution %s). Nothing else was changed.",
		were(len(r.fingerprints)), u.repository(), r.id, u.execution())
	p.head("ROTATE NOW, whoever issued them: whoever could read the repository may have them.")
	p.secrets(u.purged(r))
	if r.id == u.purging {
		p.keys(u.rotated)
	} else {
		p.earlierKeys(u.Settings)
	}
	p.clones(u.Settings)
	p.refs(r.changes)
	p.head("WHERE COPIES MAY BE")
	list(p, copies, func(c Copy) string {
		return fmt.Sprintf("%s: %s of execution %s", map[bool]string{true: "removed", false: "look at"}[c.Removed], c.Address, c.Execution)
	})
	p.line("  look at: logs %s* of those executions, dossiers, clones, forks, backups", u.Settings.LogGroup(""))
	p.line("  nothing to do: caches of builds hold tools only")
	p.line("  old commits stay readable by their ids until the repository is made again, which an administrator decides:")
	p.line("  fleet cleanse run --recreate --remote %s", u.Settings.RepositoryURL())
	p.head("TO UNDO IT, within 90 days, as " + u.Settings.ReviewerRole() + ":")
	p.line("  %s", u.decide("undo", r.id))
	p.problems(problems)
	return notice{fmt.Sprintf("%s: %s purged from %s: act now", u.Settings.Name, were(len(r.fingerprints)), u.repository()), p.String()}
}

// purged are the secrets of a run; of a run that an earlier build began only the fingerprints are known.
func (u *unattended) purged(r *run) []cleanse.PlannedSecret {
	var all []cleanse.PlannedSecret
	for _, fingerprint := range r.fingerprints {
		i := slices.IndexFunc(u.seen, func(s cleanse.PlannedSecret) bool { return s.Fingerprint == fingerprint })
		if i >= 0 {
			all = append(all, u.seen[i])
			continue
		}
		all = append(all, cleanse.PlannedSecret{Title: "secret", Rule: "found by an earlier run", Fingerprint: fingerprint,
			Rotation: "the scan of the execution that failed names its kind"})
	}
	return all
}

// clones says what everyone does who has one.
func (p *page) clones(s *config.Settings) {
	p.head("EVERYONE WITH A CLONE: push nothing from it. Clone anew, and delete the old clone:")
	p.line("  git clone %s", s.RepositoryURL())
	p.line("  to keep commits that were not pushed: in the old clone git format-patch OLD-COMMIT-BELOW..YOUR-BRANCH, in the new one git am")
	p.line("  a push from an old clone brings the secret back; the next scan stops there and tells you")
}

// refs lists what branches and tags are now.
func (p *page) refs(changes []cleanse.Change) {
	p.head("BRANCHES AND TAGS, old and new")
	list(p, changes, func(c cleanse.Change) string { return moved(c.Ref, c.Old, c.New) })
}

func moved(ref, before, after string) string {
	switch {
	case before == "":
		return fmt.Sprintf("%s is new: %s", ref, after)
	case after == "":
		return fmt.Sprintf("%s is gone, it was %s", ref, before)
	}
	return fmt.Sprintf("%s %s -> %s", ref, before, after)
}

// problems says what went wrong after the purge itself.
func (p *page) problems(err error) {
	if err != nil {
		p.head("WHAT WENT WRONG AFTERWARDS: the next run of the cleansing tries it again")
		p.line("  %s", err)
	}
}

// were is the beginning of a sentence about secrets.
func were(n int) string {
	if n == 1 {
		return "1 secret was"
	}
	return fmt.Sprintf("%d secrets were", n)
}

func (u *unattended) repository() string { return u.Settings.Source.Repository }

func (u *unattended) execution() string {
	if u.Execution == "" {
		return "none"
	}
	return u.Execution
}

// decide is the command by which a reviewer decides: an event, of which the rule passes on these three words.
func (u *unattended) decide(command, cleansing string) string {
	s := u.Settings
	detail, err := json.Marshal(map[string]string{"command": command, "execution": u.execution(), "cleansing": cleansing})
	if err == nil {
		detail, err = json.Marshal([]map[string]string{{"Source": s.CleansingSource(), "DetailType": config.CleansingDecided, "Detail": string(detail)}})
	}
	if err != nil {
		panic(fmt.Sprintf("decision: %v", err)) // texts always marshal
	}
	return fmt.Sprintf("aws events put-events --region %s --entries '%s'", s.Regions.Home, detail)
}
