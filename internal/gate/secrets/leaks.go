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

	"github.com/rs/zerolog"
	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/logging"
	gitleaks "github.com/zricethezav/gitleaks/v8/report"
	"github.com/zricethezav/gitleaks/v8/sources"

	_ "embed"
)

// gitleaksVersion is the module's, in go.mod; a test compares them.
const gitleaksVersion = "8.30.1"

// houseRules extend gitleaks' own: what it does not know, and what is none.
//
//go:embed gitleaks.toml
var houseRules string

// leaks has gitleaks look at every text of a corpus, while it is written.
//
// Versions of a file share most of their lines, so only what is new is looked at (fresh.go). Texts that a rule over many lines could concern
// are looked at whole (spanning).
type leaks struct {
	detector *detect.Detector
	seen     *lineSet
	jobs     chan job
	group    sync.WaitGroup
	mutex    sync.Mutex
	found    []leak
}

// job is a text, or what is new in it.
type job struct {
	piece int    // index in the corpus
	path  string // name of a file that may be a secret as a whole; else empty
	text  string
	lines []int // number, from 1, of each line of text in the piece; nil where it is whole
}

// leak is a finding of gitleaks, in a piece of the corpus.
type leak struct {
	piece int
	hit   hit
}

// newLeaks starts as many workers as there are processors.
func newLeaks(ctx context.Context) (*leaks, error) {
	detector, err := newDetector()
	if err != nil {
		return nil, err
	}
	l := &leaks{detector: detector, seen: newLineSet(), jobs: make(chan job, 256)}
	for range runtime.GOMAXPROCS(0) {
		l.group.Go(func() {
			for j := range l.jobs {
				l.look(ctx, j)
			}
		})
	}
	return l, nil
}

// newDetector makes gitleaks, once, with its own rules and those of this program. Nothing in a repository can change them: no
// configuration, no ignore file, no comment and no path lets a text pass, and rules for some names look into every file.
var newDetector = sync.OnceValues(func() (*detect.Detector, error) {
	logging.Logger = logging.Logger.Level(zerolog.Disabled)
	rules, err := parseRules(config.DefaultConfig)
	if err != nil {
		return nil, err
	}
	house, err := parseRules(houseRules)
	if err != nil {
		return nil, err
	}
	for id, rule := range house.Rules {
		rules.Rules[id] = rule
	}
	for word := range house.Keywords {
		rules.Keywords[word] = struct{}{}
	}
	rules.Allowlists = append(rules.Allowlists, house.Allowlists...)
	generic := rules.Rules[genericRule]
	generic.Allowlists = append(generic.Allowlists, house.Rules["assigned-secret"].Allowlists...)
	rules.Rules[genericRule] = generic
	for id, rule := range rules.Rules {
		if rule.Regex != nil {
			rule.Path = nil
		}
		rules.Rules[id] = rule
	}
	d := detect.NewDetector(rules)
	d.IgnoreGitleaksAllow = true
	d.MaxDecodeDepth = 2
	return d, nil
})

// genericRule judges by the names of values, as the house rule assigned-secret does: what is none for one is none for the other.
const genericRule = "generic-api-key"

// parseRules reads a configuration of gitleaks. Its own way to extend one by another works once in a process only.
func parseRules(text string) (config.Config, error) {
	reader := viper.New()
	reader.SetConfigType("toml")
	var raw config.ViperConfig
	var rules config.Config
	err := reader.ReadConfig(strings.NewReader(text))
	if err == nil {
		err = reader.Unmarshal(&raw)
	}
	if err == nil {
		rules, err = raw.Translate()
	}
	if err != nil {
		return rules, fmt.Errorf("gitleaks: rules: %w: the fleet program was built wrongly", err)
	}
	return rules, nil
}

// spanning are words that a text must all hold for a rule that spans many lines: a curl command, a Kubernetes secret, a private key, a
// parameter with a default. A test derives from the rules that there are no others.
var spanning = [][]string{{"curl"}, {"kind:", "secret", "data:"}, {"-----begin"}, {"passw", "default"}}

// add hands a text over. Of names each that is a key container's is handed over by itself.
func (l *leaks) add(piece int, kind, text string) {
	if kind == "tree" || kind == "name" {
		for i, name := range strings.Split(text, "\n") {
			if container(name) != "" {
				l.jobs <- job{piece: piece, path: name, lines: []int{i + 1}}
			}
		}
	}
	lower := ""
	for _, words := range spanning {
		if lower == "" {
			lower = strings.ToLower(text)
		}
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(lower, word) }) {
			l.jobs <- job{piece: piece, text: text}
			return
		}
	}
	if fresh, lines := l.seen.fresh(text); fresh != "" {
		l.jobs <- job{piece: piece, text: fresh, lines: lines}
	}
}

// look runs gitleaks on one text.
func (l *leaks) look(ctx context.Context, j job) {
	//lint:ignore SA1019 in this version there is no other way to hand over one text
	found := l.detector.DetectContext(ctx, detect.Fragment(sources.Fragment{Raw: j.text, FilePath: container(j.path)}))
	if len(found) == 0 {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, f := range found {
		l.found = append(l.found, leak{j.piece, hitOf(f, j)})
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
		l.jobs <- job{piece: -i - 1, text: p.text}
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
