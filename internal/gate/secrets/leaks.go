package secrets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
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
// Versions of a file share most of their lines, so only what is new is looked at (fresh). Texts that a rule over many lines could concern
// are looked at whole (spanning).
type leaks struct {
	detector *detect.Detector
	seed     maphash.Seed
	seen     map[uint64]struct{}
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
	l := &leaks{detector: detector, seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}, jobs: make(chan job, 256)}
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

// spanning are words that a text must all hold for a rule that spans many lines: a curl command, a Kubernetes secret, a private key. A test
// derives from the rules that there are no others.
var spanning = [][]string{{"curl"}, {"kind:", "secret", "data:"}, {"-----begin"}}

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
	if fresh, lines := l.fresh(text); fresh != "" {
		l.jobs <- job{piece: piece, text: fresh, lines: lines}
	}
}

// gap stands for lines left out; it is no space, so that no rule reaches over it.
const gap = "\x00\n"

// joints are what may stand beside a line break between a name and its value. A test holds the rules against it.
const joints = "=>:|?,'\"`"

// fresh is what of a text was not seen before, and the numbers of its lines: lines that are new, and neighbours that are together for the
// first time, if a rule could reach from one to the other.
func (l *leaks) fresh(text string) (string, []int) {
	f := freshness{leaks: l, lines: strings.SplitAfter(text, "\n"), last: -1}
	f.hash.SetSeed(l.seed)
	previous := -1 // the line before that is more than joints
	for i, line := range f.lines {
		bare := strings.TrimSpace(line)
		if strings.Trim(bare, joints+" \t") == "" || i < 4 && header.MatchString(line) {
			continue
		}
		if previous >= 0 && f.joined(previous, i, bare) && f.new(previous, i) {
			f.keep(previous, i)
		}
		if f.new(i, i) {
			f.keep(i, i)
		}
		previous = i
	}
	return f.kept.String(), f.numbers
}

// header is a line in which a commit or tag names another object, which is new in each of them.
var header = regexp.MustCompile(`^(tree|parent|object) ([0-9a-f]{40}|[0-9a-f]{64})\n$`)

// freshness collects what is new in a text.
type freshness struct {
	leaks   *leaks
	lines   []string
	hash    maphash.Hash
	last    int // last line kept
	kept    strings.Builder
	numbers []int
}

// joined says whether a rule could reach from line previous to line i.
func (f *freshness) joined(previous, i int, bare string) bool {
	before := strings.TrimSpace(f.lines[previous])
	if strings.ContainsRune(joints, rune(before[len(before)-1])) || strings.ContainsRune(joints, rune(bare[0])) {
		return true
	}
	for _, between := range f.lines[previous+1 : i] {
		if strings.TrimSpace(between) != "" {
			return true
		}
	}
	return false
}

// new says whether lines from to to never came together before.
func (f *freshness) new(from, to int) bool {
	f.hash.Reset()
	for _, line := range f.lines[from : to+1] {
		_, _ = f.hash.WriteString(line)
	}
	_ = f.hash.WriteByte(byte(min(to-from, 1)))
	sum := f.hash.Sum64()
	_, known := f.leaks.seen[sum]
	f.leaks.seen[sum] = struct{}{}
	return !known
}

// keep adds lines, each once.
func (f *freshness) keep(from, to int) {
	from = max(from, f.last+1)
	if from > to {
		return
	}
	if f.last >= 0 && from > f.last+1 {
		f.kept.WriteString(gap)
		f.numbers = append(f.numbers, f.last+1)
	}
	for i := from; i <= to; i++ {
		f.kept.WriteString(f.lines[i])
		f.numbers = append(f.numbers, i+1)
	}
	f.last = to
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
	line := f.StartLine
	if j.lines != nil && line < len(j.lines) {
		line = j.lines[line] - 1
	}
	column := f.StartColumn
	if f.StartLine > 0 {
		column--
	}
	title := strings.TrimSuffix(f.Description, ".")
	return hit{line: line + 1, column: max(column, 1), pattern: ruleOf(f.RuleID), title: titled(title), value: f.Secret}
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
			if (h.pattern == "GENERIC_API_KEY") == generic {
				add(h)
			}
		}
	}
	return hits
}

// innocent marks the planted text that holds no secret.
const innocent = -1 << 30

// plant is a text with a secret made up for this run, and the rule of gitleaks that must find it.
type plant struct{ rule, text string }

func plants() []plant {
	return []plant{
		{"aws-access-token", "id = AKIA" + random(upper, 16) + "\n"},
		{"private-key", "-----BEGIN RSA " + "PRIVATE KEY-----\n" + random(alnum, 64) + "\n" + random(alnum, 64) + "\n-----END RSA " + "PRIVATE KEY-----\n"},
		{"github-pat", "token: ghp_" + random(alnum, 36) + "\n"},
		{"slack-bot-token", "token: xoxb-" + random(digits, 12) + "-" + random(digits, 12) + "-" + random(alnum, 24) + "\n"},
		{"stripe-access-token", "key: sk_live_" + random(alnum, 24) + "\n"},
		{"gcp-api-key", "key: AIza" + random(alnum, 35) + "\n"},
		{"npm-access-token", "token: npm_" + random(strings.ToLower(alnum), 36) + "\n"},
		{"generic-api-key", "api_key = \"" + wordless(20) + "\"\n"},
	}
}

// wordless makes up n pairs of letter and digit: a value that holds a word is no secret to gitleaks' generic rule.
func wordless(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(random(alnum[:52], 1) + random(digits, 1))
	}
	return b.String()
}
