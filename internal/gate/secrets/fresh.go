package secrets

import (
	"hash/maphash"
	"regexp"
	"strings"
)

// gap stands for lines left out; it is no space, so that no rule reaches over it.
const gap = "\x00\n"

// joints are what may stand beside a line break between a name and its value. A test holds the rules against it.
const joints = "=>:|?,'\"`"

// valued is a line that gives the name on the line before it a value.
var valued = regexp.MustCompile(`(?i)^[- \t]*["']?(?:parameter)?value["']?[ \t]*[:=]`)

// lineSet knows the lines, and pairs of lines, that were seen before, by a hash whose seed nobody who pushes can know.
type lineSet struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

func newLineSet() *lineSet { return &lineSet{maphash.MakeSeed(), map[uint64]struct{}{}} }

// fresh is what of a text was not seen before, and the numbers of its lines: lines that are new, and neighbours that are together for the
// first time, if a rule could reach from one to the other.
func (s *lineSet) fresh(text string) (string, []int) {
	f := freshness{set: s, lines: strings.SplitAfter(text, "\n"), last: -1}
	f.hash.SetSeed(s.seed)
	previous := -1 // the line before that is more than joints
	for i, line := range f.lines {
		if jointsOnly(line) || i < 4 && header.MatchString(line) {
			continue
		}
		if previous >= 0 && joined(f.lines, previous, i) && f.new(previous, i) {
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
	set     *lineSet
	lines   []string
	hash    maphash.Hash
	last    int // last line kept
	kept    strings.Builder
	numbers []int
}

// joined says whether a rule could reach from line previous to line i, the next that is more than joints.
func joined(lines []string, previous, i int) bool {
	before, after := strings.TrimSpace(lines[previous]), strings.TrimSpace(lines[i])
	if before == "" || after == "" {
		return false
	}
	if strings.ContainsRune(joints, rune(before[len(before)-1])) || strings.ContainsRune(joints, rune(after[0])) || valued.MatchString(after) {
		return true
	}
	for _, between := range lines[previous+1 : i] {
		if strings.TrimSpace(between) != "" {
			return true
		}
	}
	return false
}

// jointsOnly says whether a line is nothing but space and joints.
func jointsOnly(line string) bool { return strings.Trim(strings.TrimSpace(line), joints+" \t") == "" }

// new says whether lines from to to never came together before.
func (f *freshness) new(from, to int) bool {
	f.hash.Reset()
	for _, line := range f.lines[from : to+1] {
		_, _ = f.hash.WriteString(line)
	}
	_ = f.hash.WriteByte(byte(min(to-from, 1)))
	sum := f.hash.Sum64()
	_, known := f.set.seen[sum]
	f.set.seen[sum] = struct{}{}
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
