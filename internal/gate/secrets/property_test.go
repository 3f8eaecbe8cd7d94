package secrets

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
)

// hidingPlace is where a text can be in a repository.
type hidingPlace struct {
	name  string
	takes *regexp.Regexp // texts that can stand there; default any
	put   func(r repo, m maker, text string)
}

var (
	nameLike = regexp.MustCompile(`^[A-Za-z][^/\n\\"]{0,200}\n?$`)
	refLike  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_=-]{0,200}\n?$`)
	personal = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_= -]{0,200}[A-Za-z0-9]\n?$`)
)

func hidingPlaces() []hidingPlace {
	file := func(name string, as func(string) string) hidingPlace {
		return hidingPlace{name, nil, func(r repo, m maker, text string) {
			r.commit("a file", map[string]string{"d/" + m.lower(8): as(text)})
		}}
	}
	plainText := func(text string) string { return text }
	name := func(text string) string { return strings.TrimRight(text, "\n") }
	return []hidingPlace{
		file("a file", plainText), file("UTF-16", gatetest.UTF16), file("UTF-16, big endian", utf16be), file("gzip", gatetest.Gzip),
		file("zip", func(text string) string { return gatetest.Zip("in/side.txt", text) }),
		file("a gzip in a zip", func(text string) string { return gatetest.Zip("a.gz", gatetest.Gzip(text)) }),
		file("NUL between characters", func(text string) string { return "\x00" + strings.Join(strings.Split(text, ""), "\x00") }),
		file("NUL elsewhere", func(text string) string { return "\x7fELF\x00\x01\n" + text + "\n\x00\x00" }),
		file("a long file", func(text string) string { return strings.Repeat("nothing to see here\n", 20000) + text }),
		file("lines of Windows", func(text string) string { return strings.ReplaceAll("a\n"+text, "\n", "\r\n") }),
		{"a deleted file", nil, func(r repo, _ maker, text string) {
			r.commit("in", map[string]string{"gone.txt": text})
			r.git("rm", "-q", "gone.txt")
			r.commit("out", nil)
		}},
		{"a message", nil, func(r repo, _ maker, text string) {
			r.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", "x\n\n"+text)
		}},
		{"a tag's message", nil, func(r repo, m maker, text string) {
			r.git("tag", "-a", "t"+m.lower(4), "--cleanup=verbatim", "-m", "x\n\n"+text)
		}},
		{"a file's name", nameLike, func(r repo, _ maker, text string) { r.commit("x", map[string]string{"d/" + name(text): "x"}) }},
		{"an author", personal, func(r repo, _ maker, text string) {
			r.git("commit", "-q", "--allow-empty", "-m", "x", "--author", name(text)+" <a@example.com>")
		}},
		{"a note", nil, func(r repo, _ maker, text string) { r.git("notes", "add", "-m", text) }},
		{"a branch's name", refLike, func(r repo, _ maker, text string) { r.git("branch", name(text)) }},
		{"a tag's name", refLike, func(r repo, _ maker, text string) { r.git("tag", name(text)) }},
		{"an evil merge", nil, func(r repo, _ maker, text string) {
			r.git("checkout", "-q", "-b", "side", "HEAD~1")
			r.commit("side", map[string]string{"side.txt": "s"})
			r.git("checkout", "-q", "main")
			r.git("merge", "-q", "--no-commit", "--no-ff", "side")
			r.commit("merge", map[string]string{"evil.txt": text})
		}},
		{"a stash", nil, func(r repo, _ maker, text string) {
			gatetest.Write(r.t, r.dir, map[string]string{"README.md": text})
			r.git("stash", "-q")
		}},
		{"an object that nothing leads to", nil, func(r repo, _ maker, text string) {
			gatetest.Write(r.t, r.dir, map[string]string{"loose.txt": text})
			r.git("hash-object", "-w", "loose.txt")
			require.NoError(r.t, os.Remove(r.dir+"/loose.txt"))
		}},
		{"an amended commit", nil, func(r repo, _ maker, text string) {
			r.commit("x", map[string]string{"a.txt": text})
			gatetest.Write(r.t, r.dir, map[string]string{"a.txt": "nothing"})
			r.git("commit", "-qa", "--amend", "-m", "y")
		}},
		{"the index", nil, func(r repo, _ maker, text string) {
			gatetest.Write(r.t, r.dir, map[string]string{"staged.txt": text})
			r.git("add", "staged.txt")
			gatetest.Write(r.t, r.dir, map[string]string{"staged.txt": "nothing"})
		}},
		{"a file that is not committed", nil, func(r repo, _ maker, text string) { gatetest.Write(r.t, r.dir, map[string]string{"new/a.txt": text}) }},
		{"the name of a file that is not committed", nameLike, func(r repo, _ maker, text string) {
			gatetest.Write(r.t, r.dir, map[string]string{name(text): "x"})
		}},
	}
}

func utf16be(text string) string {
	b := []byte("\xfe\xff")
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return string(b)
}

// foundPlainly says whether the scanners know a text as it is: recall is measured elsewhere, here it is about places.
func foundPlainly(t *testing.T, text string) bool {
	t.Helper()
	l, err := newLeaks(context.Background())
	require.NoError(t, err)
	l.add(0, "blob", text)
	found, err := l.finish(context.Background())
	require.NoError(t, err)
	return len(found) > 0
}

// TestWhatIsFoundInAFileIsFoundAnywhere plants a secret of a random type at every place of a random history. FLEET_TEST_FULL does so for
// many more types.
func TestWhatIsFoundInAFileIsFoundAnywhere(t *testing.T) {
	rounds := 1
	if os.Getenv("FLEET_TEST_FULL") != "" {
		rounds = 5
	}
	for round := range rounds {
		for i, hide := range hidingPlaces() {
			seed := uint64(1000*round + i)
			t.Run(fmt.Sprintf("%s, seed %d", hide.name, seed), func(t *testing.T) {
				t.Parallel()
				m := newMaker(seed)
				text, secret := "", ""
				for text == "" || hide.takes != nil && !hide.takes.MatchString(text) || !foundPlainly(t, text) {
					k := kinds()[m.IntN(len(kinds()))]
					secret = k.make(m)
					text = strings.ReplaceAll(k.settings[m.IntN(len(k.settings))], place, secret)
				}
				r := randomHistory(t, m)
				clean, err := r.run()
				require.NoError(t, err)
				require.Empty(t, clean)
				hide.put(r, m, text)
				findings, err := r.run()
				require.NoError(t, err)
				require.NotEmpty(t, findings, "%q in %s is not found: seed %d", text, hide.name, seed)
				for _, f := range findings {
					assert.NotContains(t, fmt.Sprintf("%+v", f), strings.TrimSpace(secret), "seed %d", seed)
				}
			})
		}
	}
}

// randomHistory is a repository with some commits, branches, merges and tags.
func randomHistory(t *testing.T, m maker) repo {
	t.Helper()
	r := newRepo(t)
	for i := range 2 + m.IntN(4) {
		r.commit(fmt.Sprintf("commit %d", i), map[string]string{fmt.Sprintf("s%d/%s.yaml", m.IntN(3), m.lower(4)): strings.Join(settingTexts()[m.IntN(20):], "\n")})
		switch m.IntN(4) {
		case 0:
			r.git("tag", "-a", fmt.Sprintf("v%d", i), "-m", "release")
		case 1:
			r.git("branch", fmt.Sprintf("b%d", i))
		case 2:
			r.git("checkout", "-q", "-b", fmt.Sprintf("m%d", i), "HEAD~1")
			r.commit("aside", map[string]string{fmt.Sprintf("m%d.txt", i): "m"})
			r.git("checkout", "-q", "main")
			r.git("merge", "-q", "--no-edit", fmt.Sprintf("m%d", i))
		}
	}
	return r
}
