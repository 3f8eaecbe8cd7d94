package secrets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/zricethezav/gitleaks/v8/detect"
	gitleaks "github.com/zricethezav/gitleaks/v8/report"
	"github.com/zricethezav/gitleaks/v8/sources"
)

// leaks has gitleaks look at every text of a corpus, while it is written.
//
// Versions of a file share most of their lines, so only what is new is looked at (fresh.go), and by each rule only the lines that hold its
// words (narrow.go). Texts that a rule over many lines could concern are looked at whole, by that rule (spanning).
type leaks struct {
	rules *rules
	seen  *lineSet
	jobs  chan job
	group sync.WaitGroup
	mutex sync.Mutex
	found []leak
}

// job is a text, or what is new in it.
type job struct {
	piece int    // index in the corpus
	path  string // name of a file that may be a secret as a whole; else empty
	whole string // the text
	text  string // what is new in it
	lines []int  // number, from 1, of each line of text in the piece; nil where it is whole
}

// leak is a finding of gitleaks, in a piece of the corpus.
type leak struct {
	piece int
	hit   hit
}

// newLeaks starts as many workers as there are processors.
func newLeaks(ctx context.Context) (*leaks, error) {
	rules, err := loadRules()
	if err != nil {
		return nil, err
	}
	l := &leaks{rules: rules, seen: newLineSet(), jobs: make(chan job, 256)}
	for range runtime.GOMAXPROCS(0) {
		l.group.Go(func() {
			for j := range l.jobs {
				l.look(ctx, j)
			}
		})
	}
	return l, nil
}

// add hands a text over. Of names each that is a key container's is handed over by itself.
func (l *leaks) add(piece int, kind, text string) {
	if kind == "tree" || kind == "name" {
		for i, name := range strings.Split(text, "\n") {
			if container(name) != "" {
				l.jobs <- job{piece: piece, path: name, lines: []int{i + 1}}
			}
		}
	}
	fresh, lines := l.seen.fresh(text)
	l.jobs <- job{piece: piece, whole: text, text: fresh, lines: lines}
}

// look runs gitleaks on one text.
func (l *leaks) look(ctx context.Context, j job) {
	var hits []hit
	run := func(d *detect.Detector, part job) {
		//lint:ignore SA1019 in this version there is no other way to hand over one text
		for _, f := range d.DetectContext(ctx, detect.Fragment(sources.Fragment{Raw: part.text, FilePath: container(part.path)})) {
			hits = append(hits, hitOf(f, part))
		}
	}
	if j.path != "" {
		run(l.rules.all, j)
	}
	for _, d := range l.rules.spanningOf(j.whole) {
		run(d, job{piece: j.piece, text: j.whole})
	}
	if j.text != "" {
		l.rules.narrow(j, run)
	}
	if len(hits) == 0 {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, h := range hits {
		l.found = append(l.found, leak{j.piece, h})
	}
}

// container is what gitleaks is told of a text's name: nothing, because its allow lists name folders and files, but for the kinds of files
// that are secrets as a whole.
func container(name string) string {
	switch extension := strings.ToLower(path.Ext(name)); extension {
	case ".p12", ".pfx":
		return "container" + extension
	}
	return ""
}

// hitOf translates a finding; its lines count from 0 in the text that gitleaks was given, its columns from 1, or from 2 behind a line break.
func hitOf(f gitleaks.Finding, j job) hit {
	line, column := f.StartLine, f.StartColumn
	if line > 0 {
		column--
	}
	if before, _, ok := strings.Cut(f.Match, f.Secret); ok { // the match starts with a name, on a line before perhaps
		if breaks := strings.Count(before, "\n"); breaks > 0 {
			line, column = line+breaks, -strings.LastIndex(before, "\n")
		}
		column += len(before)
	}
	if decoded(f) { // the text that was matched stands nowhere, only its start is known
		line, column = min(line, strings.Count(j.text, "\n")), 1
	}
	if j.lines != nil && line < len(j.lines) {
		line = j.lines[line] - 1
	}
	title := strings.TrimSuffix(f.Description, ".")
	return hit{line: line + 1, column: max(column, 1), pattern: ruleOf(f.RuleID), title: titled(title), value: f.Secret}
}

// decoded says whether a secret was found in what a text encodes, so that it stands nowhere as it is.
func decoded(f gitleaks.Finding) bool {
	return slices.ContainsFunc(f.Tags, func(tag string) bool { return strings.HasPrefix(tag, "decoded:") })
}

// ruleOf spells gitleaks' rule ids as the other gates spell theirs.
func ruleOf(id string) string { return strings.ToUpper(strings.ReplaceAll(id, "-", "_")) }

var narrative = regexp.MustCompile(`^(?:Detected|Found|Discovered|Uncovered|Identified|Recognized|Pinpointed|Spotted|Located|Exposed)(?: the presence of)? (.*?)(?:,| - | which | that |$)`)

// titled is the first thing that gitleaks' description names, for example "a GitHub Personal Access Token".
func titled(description string) string {
	if m := narrative.FindStringSubmatch(description); m != nil {
		return m[1]
	}
	text, _, _ := strings.Cut(description, ",")
	return strings.ToLower(text[:1]) + text[1:]
}

// finish waits for the workers and gives what they found, without what is documented as an example. A secret planted for each of a
// dozen rules, and a text that holds none, prove first that gitleaks is alive.
func (l *leaks) finish(ctx context.Context) ([]leak, error) {
	planted := map[int]string{}
	for i, p := range plants() {
		planted[-i-1] = ruleOf(p.rule)
		l.jobs <- job{piece: -i - 1, whole: p.text, text: p.text}
	}
	l.jobs <- job{piece: innocent, text: "account_id: 123456789012\narn: arn:aws:iam::123456789012:role/fleet/reader\n"}
	l.stop()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("gitleaks: did not end in time: %w", ctx.Err())
	}
	var found []leak
	for _, f := range l.found {
		switch {
		case f.piece == innocent:
			return nil, errors.New("gitleaks: proof of life: it takes an account id for a secret: its verdict is worth nothing: build fleet anew")
		case f.piece < 0:
			if planted[f.piece] == f.hit.pattern {
				delete(planted, f.piece)
			}
		case !slices.Contains(documented, f.hit.value):
			found = append(found, f)
		}
	}
	for _, rule := range planted {
		return nil, fmt.Errorf("gitleaks: proof of life: the planted secret of %s was not found: its verdict is worth nothing: build fleet anew", rule)
	}
	return found, nil
}

// stop lets the workers end and waits for them.
func (l *leaks) stop() {
	close(l.jobs)
	l.group.Wait()
}

// place turns leaks into hits in the corpus' pieces, in their order.
func (c *corpus) place(found []leak) []hit {
	slices.SortStableFunc(found, func(a, b leak) int {
		return cmp.Or(cmp.Compare(a.piece, b.piece), cmp.Compare(a.hit.line, b.hit.line), cmp.Compare(a.hit.column, b.hit.column), cmp.Compare(a.hit.pattern, b.hit.pattern))
	})
	hits := make([]hit, len(found))
	for i, f := range found {
		hits[i] = f.hit
		hits[i].piece = c.pieces[f.piece]
	}
	return hits
}

// merge adds what gitleaks found to what git-secrets found. A secret that both found is one, under the name that the first gave it; so
// is one that several rules of gitleaks found, of which the generic rule says least.
func merge(hits, leaked []hit) []hit {
	type line struct {
		piece, line int
	}
	known := map[line][]hit{}
	add := func(h hit) {
		at := line{h.piece.first, h.line}
		for _, other := range known[at] {
			if strings.Contains(other.value, h.value) || strings.Contains(h.value, other.value) {
				return
			}
		}
		known[at] = append(known[at], h)
		hits = append(hits, h)
	}
	found := hits
	hits = nil
	for _, h := range found {
		add(h)
	}
	for _, generic := range []bool{false, true} {
		for _, h := range leaked {
			if (h.pattern == ruleOf(genericRule)) == generic {
				add(h)
			}
		}
	}
	return hits
}
