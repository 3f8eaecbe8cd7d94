package secrets

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
)

// What is demanded, of whatever the specimens are filled with.
const (
	minRecall    = 0.95
	minPrecision = 0.97
)

// score of one kind of specimens.
type score struct{ specimens, found, wrong int }

// measure puts each specimen into a file of its own, commits them and runs the gate. A secret is found if a finding names its line; any
// finding elsewhere is wrong.
func measure(t *testing.T, specimens []specimen) (scores map[string]*score, notes []string) {
	t.Helper()
	r := newRepo(t)
	files := map[string]string{}
	byName := map[string]int{}
	for i, s := range specimens {
		name := fmt.Sprintf("f%03d.txt", i)
		files[name], byName[name] = s.text, i
	}
	r.commit("specimens", files)
	_, findings, err := Run(context.Background(), Options{Catalog: r.dir, Key: []byte("key"), Locate: gatetest.Locate})
	require.NoError(t, err)
	found := make([]bool, len(specimens))
	scores = map[string]*score{}
	for _, s := range specimens {
		if scores[s.kind] == nil {
			scores[s.kind] = &score{}
		}
		scores[s.kind].specimens++
	}
	for _, f := range findings {
		i, ok := byName[f.File]
		require.True(t, ok, f.File)
		s := specimens[i]
		if s.line > 0 && s.line <= f.Span.Line && f.Span.Line <= s.last {
			if !found[i] {
				scores[s.kind].found++
			}
			found[i] = true
			continue
		}
		scores[s.kind].wrong++
		notes = append(notes, fmt.Sprintf("wrong  %-24s %s:%d of %q", f.Rule, s.kind, f.Span.Line, cut(s.text)))
	}
	for i, s := range specimens {
		if s.line > 0 && !found[i] {
			notes = append(notes, fmt.Sprintf("missed %-24s %q", s.kind, cut(s.text)))
		}
	}
	return scores, notes
}

func cut(text string) string {
	if len(text) > 160 {
		return text[:160] + "..."
	}
	return text
}

// TestRecallAndPrecision prints what the gate is worth. The values differ from seed to seed, the demands do not.
func TestRecallAndPrecision(t *testing.T) {
	seeds := []uint64{1}
	if os.Getenv("FLEET_TEST_FULL") != "" {
		seeds = []uint64{1, 2, 3, 4, 5, 6, 7, 8}
	}
	for _, seed := range seeds {
		m := newMaker(seed)
		secrets, harmless := secretSpecimens(m), lookalikeSpecimens(m)
		scores, notes := measure(t, append(slices.Clone(secrets), harmless...))
		var all score
		kinds, table := 0, []string{}
		for name, s := range scores {
			all.found, all.wrong = all.found+s.found, all.wrong+s.wrong
			if slices.ContainsFunc(secrets, func(one specimen) bool { return one.kind == name }) {
				kinds++
				table = append(table, fmt.Sprintf("%-40s found %2d of %2d, wrong %d", name, s.found, s.specimens, s.wrong))
			} else {
				table = append(table, fmt.Sprintf("look-alike: %-28s wrong %2d of %2d", name, s.wrong, s.specimens))
			}
		}
		slices.Sort(table)
		recall, precision := float64(all.found)/float64(len(secrets)), float64(all.found)/float64(all.found+all.wrong)
		t.Logf("seed %d\n%s\n%s", seed, strings.Join(table, "\n"), strings.Join(notes, "\n"))
		t.Logf("seed %d: %d secrets of %d types, %d look-alikes: recall %.1f %%, precision %.1f %%", seed, len(secrets), kinds, len(harmless), 100*recall, 100*precision)
		assert.GreaterOrEqual(t, len(secrets), 150)
		assert.GreaterOrEqual(t, kinds, 40)
		assert.GreaterOrEqual(t, len(harmless), 150)
		assert.GreaterOrEqual(t, recall, minRecall)
		assert.GreaterOrEqual(t, precision, minPrecision)
	}
}
