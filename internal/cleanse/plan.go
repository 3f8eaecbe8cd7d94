package cleanse

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Plan says what a run would change. It is data without a value of any secret; names that hold one are shown as they will be.
type Plan struct {
	Remote     string          `json:"remote"`
	Secrets    []PlannedSecret `json:"secrets"`
	Refs       []PlannedRef    `json:"refs"`
	Commits    int             `json:"commits"`   // that get another id
	OfCommits  int             `json:"ofCommits"` // that there are
	Tags       int             `json:"tags"`      // annotated ones that get another id
	Blobs      int             `json:"blobs"`
	Texts      int             `json:"texts"` // commits whose message or people held a secret
	Names      []string        `json:"names,omitempty"`
	Notes      int             `json:"notes,omitempty"`         // notes that follow their commit
	Signatures []string        `json:"signatures,omitempty"`    // commits and tags that lose theirs
	Headers    []string        `json:"headers,omitempty"`       // commits that lose another header, such as the copy of a merged tag
	Whole      []Replaced      `json:"replacedWhole,omitempty"` // files of which nothing is kept
	Limits     []string        `json:"limits"`
	Warnings   []string        `json:"warnings,omitempty"`
}

// PlannedSecret is one value that goes.
type PlannedSecret struct {
	Rule        string   `json:"rule"`
	Title       string   `json:"title"`
	Fingerprint string   `json:"fingerprint"`
	Weak        []string `json:"weak,omitempty"` // why it must be confirmed
	Places      []Place  `json:"places"`
	Rotation    string   `json:"rotation"`
}

// Place is where a value is.
type Place struct {
	Kind   string `json:"kind"` // blob, commit, tag, file name, ref name
	Object string `json:"object,omitempty"`
	Path   string `json:"path,omitempty"`
}

// PlannedRef is a branch, a tag or another ref that changes.
type PlannedRef struct {
	Name    string `json:"name"`
	Old     string `json:"old"`
	New     string `json:"new"`
	Renamed string `json:"renamed,omitempty"` // the name it gets
}

// Replaced is a file of which nothing is kept.
type Replaced struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// limits are what no rewrite of a history can do.
var limits = []string{
	"take a secret back: whoever could read it may have it. Rotate first",
	"reach clones and forks: everybody clones anew; an ordinary push of an old clone brings the secret back, which the next scan finds",
	"remove old objects from a server: they stay readable by their ids until it collects garbage or the repository is made again (--recreate)",
	"reach copies of what was built: pipeline artifacts, packages, build logs and caches, backups, search indexes, pull requests and their comments",
	"keep signatures of rewritten commits and tags: whoever signed must sign again",
}

// empty says that nothing would change.
func (p *Plan) empty() bool { return len(p.Refs) == 0 }

// plan makes the data of an expectation.
func (c *Cleansing) plan(e *expectation, refs []ref, changes []Change) *Plan {
	p := &Plan{
		Remote: c.address(), OfCommits: len(e.h.order), Blobs: len(e.blobs), Texts: len(e.texts), Notes: len(e.noted),
		Signatures: e.signed, Headers: e.dropped, Limits: limits,
	}
	for old, id := range e.lines {
		if old != id {
			p.Commits++
		}
	}
	for old, id := range e.tags {
		if old != id {
			p.Tags++
		}
	}
	for _, renamed := range e.names {
		p.Names = append(p.Names, renamed)
	}
	slices.Sort(p.Names)
	for i, r := range e.h.refs {
		shown := string(e.edit.ref(r.name).body)
		if refs[i] == r {
			continue
		}
		changed := PlannedRef{Name: shown, Old: r.id, New: refs[i].id}
		if refs[i].name != r.name {
			changed.Renamed = refs[i].name
		}
		p.Refs = append(p.Refs, changed)
	}
	p.Secrets = e.planned()
	seen := map[string]bool{}
	for _, at := range e.places {
		if at.whole != "" && !seen[at.object] {
			seen[at.object] = true
			p.Whole = append(p.Whole, Replaced{e.shown(at.path), at.whole})
		}
	}
	slices.SortFunc(p.Whole, func(a, b Replaced) int { return strings.Compare(a.Path, b.Path) })
	if e.h.modules {
		p.Warnings = append(p.Warnings, "submodules are repositories of their own, which this run does not look into: run fleet cleanse in each")
	}
	if e.h.pointers {
		p.Warnings = append(p.Warnings, "there are files of Git LFS, whose contents are kept outside of the history: this run does not look into them")
	}
	return p
}

func (e *expectation) shown(path string) string { return string(e.edit.text([]byte(path)).body) }

// planned lists the secrets with their places.
func (e *expectation) planned() []PlannedSecret {
	all := make([]PlannedSecret, len(e.edit.secrets))
	for i, s := range e.edit.secrets {
		all[i] = PlannedSecret{Rule: s.Rule, Title: s.Title, Fingerprint: s.Fingerprint, Weak: s.Weak, Rotation: rotation(s.Rule, s.Title), Places: []Place{}}
	}
	for _, at := range e.places {
		place := Place{at.kind, at.object, e.shown(at.path)}
		if !slices.Contains(all[at.secret].Places, place) {
			all[at.secret].Places = append(all[at.secret].Places, place)
		}
	}
	for i := range all {
		slices.SortFunc(all[i].Places, func(a, b Place) int {
			return strings.Compare(a.Kind+"\x00"+a.Path+"\x00"+a.Object, b.Kind+"\x00"+b.Path+"\x00"+b.Object)
		})
	}
	slices.SortStableFunc(all, func(a, b PlannedSecret) int {
		return strings.Compare(a.Rule+"\x00"+a.Fingerprint, b.Rule+"\x00"+b.Fingerprint)
	})
	return all
}

// shownAtMost is how many places or refs the text form lists of each.
const shownAtMost = 10

// Write prints the plan for people.
func (p *Plan) Write(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.Remote)
	for _, s := range p.Secrets {
		fmt.Fprintf(&b, "\n%s (%s, fingerprint %s)\n", s.Title, s.Rule, s.Fingerprint[:min(12, len(s.Fingerprint))])
		if len(s.Weak) > 0 {
			fmt.Fprintf(&b, "  must be confirmed: %s\n", strings.Join(s.Weak, ", "))
		}
		some(&b, s.Places, func(at Place) string {
			return strings.TrimRight(fmt.Sprintf("  in %s %.12s %s", at.Kind, at.Object, at.Path), " ")
		})
		fmt.Fprintf(&b, "  first: %s\n", s.Rotation)
	}
	if p.empty() {
		fmt.Fprintf(&b, "\nnothing to purge in %d commits\n", p.OfCommits)
	} else {
		fmt.Fprintf(&b, "\nrewritten: %d of %d commits, %d annotated tags; changed: %d files' contents, %d messages or people, %d names, %d notes moved\n",
			p.Commits, p.OfCommits, p.Tags, p.Blobs, p.Texts, len(p.Names), p.Notes)
		some(&b, p.Refs, func(r PlannedRef) string {
			if r.Renamed != "" {
				return fmt.Sprintf("  %s -> %s", r.Name, r.Renamed)
			}
			return fmt.Sprintf("  %s %.12s -> %.12s", r.Name, r.Old, r.New)
		})
	}
	some(&b, p.Whole, func(r Replaced) string { return fmt.Sprintf("  replaced whole: %s: %s", r.Path, r.Why) })
	some(&b, p.Signatures, func(id string) string { return "  signature is lost: " + id })
	some(&b, p.Headers, func(id string) string { return "  a header is lost: " + id })
	for _, warning := range p.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", warning)
	}
	b.WriteString("\nA rewrite cannot:\n")
	for _, limit := range p.Limits {
		fmt.Fprintf(&b, "  - %s\n", limit)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// some prints the first of many.
func some[T any](b *strings.Builder, all []T, line func(T) string) {
	for _, x := range all[:min(shownAtMost, len(all))] {
		b.WriteString(line(x) + "\n")
	}
	if n := len(all) - shownAtMost; n > 0 {
		fmt.Fprintf(b, "  and %d more (--format json lists them)\n", n)
	}
}
