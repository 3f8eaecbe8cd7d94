package secrets

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zricethezav/gitleaks/v8/detect"

	"accountfleet/internal/gate/gatetest"
)

// The fuzz tests run their seeds in every test, and what was found by go test -fuzz lies in testdata/fuzz.

// FuzzDecode holds that whatever is pushed is unpacked within the limits, and that what is given contains the text as it is.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"", "a\n", gatetest.Gzip("x"), gatetest.Zip("a/b.txt", "x"), gatetest.Zip("../../etc/passwd", "x"), gatetest.Gzip(gatetest.Zip("a", gatetest.Gzip("x"))), gatetest.Gzip("x")[:9], gatetest.Zip("a", "xyz")[:20],
		"\x1f\x8b", "PK\x03\x04", gatetest.UTF16("a"), utf16be("a\n"), "a\\\n  b", "\"a\" +\n \"b\"", "=\n=\n=\n", "\\\n\\\n\\", "'\n'\n'", "a\x00b\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		parts, _ := decode(body)
		require.NotEmpty(t, parts)
		assert.Equal(t, bytes.ReplaceAll(body, []byte{0}, []byte{' '}), parts[0].text)
		sum := 0
		for _, p := range parts {
			assert.NotContains(t, string(p.text), "\x00")
			sum += len(p.text)
		}
		assert.LessOrEqual(t, sum, 3*(len(body)+maxExpanded)+1<<20)
	})
}

// FuzzFolded holds that joining lines loses no text and moves no line down.
func FuzzFolded(f *testing.F) {
	for _, seed := range []string{"a\\\nb\nc", "'a'\n'b'\n", "\"a\" +\n\"b\" +\n\"c\"\n", "=\n=\n", "a\n\\\n\n\\\nb", "\"\n+\n\"", "\\", "\n\n\n", "'.\n'", "x = \\\r\n\ty\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text := folded(body)
		assert.LessOrEqual(t, bytes.Count(text, []byte("\n")), bytes.Count(body, []byte("\n")))
		assert.LessOrEqual(t, len(text), len(body))
	})
}

// FuzzEntryNames holds that of any tree, damaged or not, only names are given, each in a line.
func FuzzEntryNames(f *testing.F) {
	id := strings.Repeat("\x01", 20)
	for _, seed := range []string{"", "100644 a\x00" + id, "100644 a b\x00" + id + "40000 c\x00" + id, "100644 a\nb\x00" + id, "100644 a\x00short", "no mode", " \x00" + id, "\x00 " + id} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, long bool) {
		size := 20
		if long {
			size = 32
		}
		names := entryNames(body, size)
		assert.LessOrEqual(t, len(names), len(body))
		assert.LessOrEqual(t, bytes.Count(names, []byte("\n")), len(body)/(size+2), "one name for each entry")
	})
}

// FuzzFresh holds the mapping of lines: what is given of a text are its own lines, with their numbers, each once and in order; of the same
// text nothing is new.
func FuzzFresh(f *testing.F) {
	for _, seed := range []string{"", "a", "a\nb\n", "key:\n\n\n value\n", "=\n=\n", "a =\nb\na =\nb\n", "tree " + strings.Repeat("0", 40) + "\nx\n", "\x00\n\x00\n", "- name: A\n  value: b\nc\n", "\r\n\r\n", "a:\n|\n  b"} {
		f.Add("one\nkey:\n", seed)
	}
	f.Fuzz(func(t *testing.T, before, text string) {
		s := newLineSet()
		s.fresh(before)
		fresh, numbers := s.fresh(text)
		lines := strings.SplitAfter(text, "\n")
		kept := strings.SplitAfter(fresh, "\n")
		if kept[len(kept)-1] == "" {
			kept = kept[:len(kept)-1]
		}
		require.Len(t, numbers, len(kept))
		assert.True(t, slices.IsSorted(numbers))
		for i, line := range kept {
			if line != gap {
				assert.Equal(t, lines[numbers[i]-1], line)
			}
		}
		again, _ := s.fresh(text)
		assert.Empty(t, again)
		rules, err := loadRules()
		require.NoError(t, err)
		rules.narrow(job{text: fresh, lines: numbers}, func(_ *detect.Detector, part job) {
			parts := strings.SplitAfter(part.text, "\n")
			for i, n := range part.lines {
				if parts[i] != gap {
					assert.Equal(t, lines[n-1], parts[i])
				}
			}
		})
	})
}

// FuzzKeywords holds the automaton against a plain search.
func FuzzKeywords(f *testing.F) {
	words := map[string][]int{"key": {1}, "api_key": {2}, "ey": {3}, "=": {4}, "keykey": {5}}
	k := newKeywords(words)
	for _, seed := range []string{"", "KEY", "api_key=", "apI_keykeY", "\u212aey", "kkeyk", "é=key"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := map[int]bool{}
		k.in(text, func(rule int) { found[rule] = true })
		for word, rules := range words {
			assert.Equal(t, strings.Contains(strings.ToLower(text), word), found[rules[0]], word)
		}
	})
}

// FuzzPour holds that an answer of git that is not what was asked for is an error, and that content is taken by its size alone: a commit or
// tag may look like anything.
func FuzzPour(f *testing.F) {
	commit := "tree " + strings.Repeat("a", 40) + "\nauthor a <a> 1 +0000\ncommitter b <b> 1 +0000\nencoding UTF-16\ngpgsig -----BEGIN\n x\n\nmessage\n"
	tag := "object " + strings.Repeat("b", 40) + "\ntype commit\ntag v1\ntagger t <t> 1 +0000\n\nx\n"
	for kind, body := range map[string]string{"commit": commit, "tag": tag, "blob": "0123 blob 3\nabc\n", "tree": "100644 a\x00" + strings.Repeat("\x01", 20)} {
		f.Add(kind, []byte(body), "")
		f.Add(kind, []byte(body), "x")
	}
	f.Add("commit", []byte("tree\n\n\nparent"), "0123456789012345678901234567890123456789 commit 9999\n")
	id := strings.Repeat("0123456789", 4)
	f.Fuzz(func(t *testing.T, kind string, body []byte, after string) {
		if !slices.Contains([]string{"commit", "tag", "tree", "blob"}, kind) || len(body) > 1<<16 {
			t.Skip()
		}
		out, err := newCorpus(filepath.Join(t.TempDir(), "corpus"))
		require.NoError(t, err)
		defer out.close()
		answer := fmt.Sprintf("%s %s %d\n%s\n%s", id, kind, len(body), body, after)
		in := bufio.NewReader(strings.NewReader(answer))
		counts, err := pour(in, []object{{id: id}}, out)
		require.NoError(t, err)
		assert.Equal(t, tally{kind: 1}, counts)
		rest, _ := io.ReadAll(in)
		assert.Equal(t, after, string(rest))
		require.NoError(t, out.out.Flush())
		written, err := os.ReadFile(out.path)
		require.NoError(t, err)
		assert.Equal(t, out.line, bytes.Count(written, []byte("\n")), "lines are counted as they are written")
		_, err = pour(bufio.NewReader(strings.NewReader(answer)), []object{{id: strings.Repeat("f", 40)}}, out)
		require.Error(t, err)
	})
}

// FuzzLook holds that no text makes gitleaks' answers point outside of it.
func FuzzLook(f *testing.F) {
	for _, p := range plants() {
		f.Add(p.text)
	}
	f.Add("a\nb: %41KIA" + "%0a%0a\n")
	rules, err := loadRules()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			t.Skip()
		}
		l := &leaks{rules: rules, seen: newLineSet()}
		fresh, numbers := l.seen.fresh(text)
		l.look(context.Background(), job{whole: text, text: fresh, lines: numbers})
		for _, found := range l.found {
			assert.GreaterOrEqual(t, found.hit.line, 1)
			assert.LessOrEqual(t, found.hit.line, strings.Count(text, "\n")+1)
			assert.GreaterOrEqual(t, found.hit.column, 1)
		}
	})
}
