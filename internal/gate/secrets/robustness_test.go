package secrets

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/gate/memory"
)

func TestASecretInTwoFilesIsFoundInBoth(t *testing.T) {
	m, err := memory.Open(t.TempDir(), "p")
	require.NoError(t, err)
	r := newRepo(t)
	line := "db_password: " + wordless(8) + "!\n"
	r.commit("x", map[string]string{"a.yaml": "a\n" + line, "b.yaml": "b\nb\n" + line})
	run := func() []finding.Finding {
		_, findings, err := Run(context.Background(), Options{Catalog: r.dir, Key: []byte("key"), Locate: gatetest.Locate, Memory: m})
		require.NoError(t, err)
		return findings
	}
	findings := run()
	require.Len(t, findings, 2)
	assert.Equal(t, []string{"a.yaml", "b.yaml"}, []string{findings[0].File, findings[1].File})
	assert.Equal(t, []int{2, 3}, []int{findings[0].Span.Line, findings[1].Span.Line})

	require.NoError(t, os.Remove(filepath.Join(r.dir, "a.yaml")))
	r.git("add", "-A")
	r.git("commit", "-q", "--amend", "-m", "without one of them")
	r.git("reflog", "expire", "--expire-unreachable=now", "--all")
	r.git("gc", "-q", "--prune=now")
	findings = run()
	require.Len(t, findings, 1, "what was told by another file's line is not clean")
	assert.Equal(t, "b.yaml", findings[0].File)
}

func TestASelectionRemembersWhatItFoundClean(t *testing.T) {
	m, err := memory.Open(t.TempDir(), "p")
	require.NoError(t, err)
	r := newRepo(t)
	base := r.git("rev-parse", "HEAD")
	r.commit("clean", map[string]string{"a.yaml": "a: 1\n"})
	run := func() (evidence.Check, []finding.Finding) {
		selection := Selection{GitDir: filepath.Join(r.dir, ".git"), Ranges: []Range{{Tips: []string{r.git("rev-parse", "HEAD")}, Known: []string{base}}}}
		check, findings, err := Run(context.Background(), Options{Key: []byte("key"), Locate: gatetest.Locate, Memory: m, Selection: &selection})
		require.NoError(t, err)
		return check, findings
	}
	first, findings := run()
	require.Empty(t, findings)
	again, _ := run()
	assert.Equal(t, first.Counted, again.Counted)
	assert.Contains(t, again.Detail, "1 commits, 0 blobs, 0 trees, 0 tags, 0 texts; 2 objects found clean before")
	r.commit("not clean", map[string]string{"b.yaml": "password: " + wordless(8) + "!\n"})
	for range 2 {
		_, findings = run()
		require.Len(t, findings, 1)
		assert.Equal(t, "b.yaml", findings[0].File)
		assert.Contains(t, findings[0].Message, "since commit "+r.git("rev-parse", "--short=10", "HEAD"))
	}
}

func TestAFindingDoesNotTellTheSecretInItsPath(t *testing.T) {
	r := newRepo(t)
	secret := keyID()
	r.commit("x", map[string]string{"keys-" + secret + "/a.txt": secret, "b.zip": gatetest.Zip("in/"+secret, secret)})
	findings, err := r.run()
	require.NoError(t, err)
	require.NotEmpty(t, findings)
	assert.NotContains(t, fmt.Sprintf("%+v", findings), secret)
	assert.Contains(t, fmt.Sprintf("%+v", findings), "keys-[secret]/a.txt")
}

func TestASecretInLinesThatBelongTogetherIsFound(t *testing.T) {
	token := "ghp_" + random(alnum, 36)
	start, end := token[:15], token[15:]
	for name, text := range map[string]string{
		"a shell's line":    "a\nexport TOKEN=" + start + "\\\n    " + end + "\n",
		"of Windows":        "a\r\nexport TOKEN=" + start + "\\\r\n" + end + "\r\n",
		"a mail":            "a\n" + start + "=\n" + end + "\n",
		"Python's literals": "a\ntoken = (\"" + start + "\"\n         \"" + end + "\")\n",
		"Go's literals":     "a\ntoken := \"" + start + "\" +\n\t\"" + end + "\"\n",
		"Java's literals":   "a\ntoken = \"" + start + "\"\n    + \"" + end + "\";\n",
		"PHP's literals":    "a\n$token = '" + start + "' .\n    '" + end + "';\n",
		"the last of many":  "a\nb = \\\n  c \\\n  " + start + "\\\n" + end,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			r.commit("x", map[string]string{"a.txt": text})
			findings, err := r.run()
			require.NoError(t, err)
			require.NotEmpty(t, findings)
			assert.Equal(t, fingerprint([]byte("key"), token), findings[0].Fingerprint)
			assert.Equal(t, "GITHUB_TOKEN", findings[0].Rule)
			assert.Equal(t, 2, findings[0].Span.Line)
		})
	}
}

func TestJoiningLinesKeepsTheirNumbers(t *testing.T) {
	assert.Nil(t, folded([]byte("a\nb\n\nc")))
	assert.Equal(t, "\n\nbcd\n\n\n\n\nfg", string(folded([]byte("a\na\nb\\\nc\\\n d\n\ne\nf\\\ng"))))
}

func TestNoOtherRepositoryTakesPart(t *testing.T) {
	other := newRepo(t)
	secret := keyID()
	at := other.commit("x", map[string]string{"a.txt": secret})

	t.Run("alternates are read, as git reads them", func(t *testing.T) {
		r := newRepo(t)
		gatetest.Write(t, r.dir, map[string]string{".git/objects/info/alternates": filepath.Join(other.dir, ".git/objects") + "\n"})
		r.git("update-ref", "refs/heads/borrowed", at)
		assert.Contains(t, r.only(secret).Message, "since commit "+at[:10])
	})
	t.Run("alternates that are gone are broken", func(t *testing.T) {
		r := newRepo(t)
		alternates := filepath.Join(r.dir, ".git/objects/info/alternates")
		require.NoError(t, os.WriteFile(alternates, []byte(filepath.Join(other.dir, ".git/objects")+"\n"), 0o600))
		r.git("update-ref", "refs/heads/borrowed", at)
		require.NoError(t, os.Remove(alternates))
		_, err := r.run()
		require.Error(t, err)
	})
	t.Run("a submodule's commit is no object of the repository", func(t *testing.T) {
		r := newRepo(t)
		gatetest.Write(t, r.dir, map[string]string{".gitmodules": "[submodule \"s\"]\n\tpath = s\n\turl = https://x:" + wordless(8) + "@git.acme.io/s\n"})
		r.git("update-index", "--add", "--cacheinfo", "160000,"+at+",s")
		r.git("add", ".gitmodules")
		r.git("commit", "-q", "-m", "with a submodule")
		findings, err := r.run()
		require.NoError(t, err)
		require.Len(t, findings, 1, "only what the repository itself holds")
		assert.Equal(t, ".gitmodules", findings[0].File)
	})
	t.Run("a promisor is not asked", func(t *testing.T) {
		r := newRepo(t)
		r.git("remote", "add", "origin", "file://"+other.dir)
		r.git("config", "remote.origin.promisor", "true")
		r.git("config", "extensions.partialClone", "origin")
		r.git("update-ref", "refs/heads/promised", r.git("rev-parse", "HEAD"))
		require.NoError(t, os.WriteFile(filepath.Join(r.dir, ".git/refs/heads/promised"), []byte(at+"\n"), 0o600))
		_, err := r.run()
		require.Error(t, err, "an object that is not there is broken, even if git could fetch it")
	})
}

func TestFiltersAndAttributesChangeNothing(t *testing.T) {
	r := newRepo(t)
	secret := keyID()
	r.git("config", "filter.hide.clean", "cat")
	r.git("config", "filter.hide.smudge", "echo nothing")
	r.git("config", "filter.hide.required", "true")
	r.commit("x", map[string]string{".gitattributes": "*.txt filter=hide text eol=crlf working-tree-encoding=UTF-16 export-ignore\n"})
	blob := r.git("hash-object", "-w", "--no-filters", filepath.Join(r.write("a.txt", secret)))
	r.git("update-index", "--add", "--cacheinfo", "100644,"+blob+",hidden.txt")
	r.git("commit", "-q", "-m", "y")
	require.NoError(t, os.Remove(filepath.Join(r.dir, "a.txt")))
	assert.Equal(t, "hidden.txt", r.only(secret).File)
}

// write puts a file beside the others.
func (r repo) write(name, body string) string {
	r.t.Helper()
	gatetest.Write(r.t, r.dir, map[string]string{name: body})
	return filepath.Join(r.dir, name)
}

func TestOddEncodingsAreRead(t *testing.T) {
	utf32 := func(text string) string {
		b := []byte("\xff\xfe\x00\x00")
		for _, c := range []byte(text) {
			b = append(b, c, 0, 0, 0)
		}
		return string(b)
	}
	withoutMark := func(text string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	for name, as := range map[string]func(string) string{
		"UTF-32":                     utf32,
		"UTF-16 without a mark":      withoutMark,
		"a mark of UTF-8":            func(text string) string { return "\ufeff" + text },
		"Latin 1":                    func(text string) string { return "Schl\xfcssel: " + text },
		"broken UTF-8":               func(text string) string { return "\xc3\x28\xa0 " + text + " \xff" },
		"half of it UTF-16":          func(text string) string { return "plain\n" + withoutMark("key: "+text+"\n") },
		"a terminal's colours":       func(text string) string { return "\x1b[31m " + text + " \x1b[0m" },
		"carriage returns only":      func(text string) string { return "a\r" + text + "\rb" },
		"base64":                     func(text string) string { return "data: " + b64("id = "+text+" and more") },
		"base64 in base64":           func(text string) string { return "data: " + b64("data: "+b64("id = "+text+" and more")) },
		"percent signs":              func(text string) string { return "u?k=" + strings.ReplaceAll(text, "A", "%41") + "&x" },
		"escapes of Unicode":         func(text string) string { return `k: "` + strings.ReplaceAll(text, "A", `\u0041`) + `"` },
		"a line of three megabytes":  func(text string) string { return strings.Repeat("x, ", 1<<20) + text },
		"after an unfinished escape": func(text string) string { return `%4 \u00 ` + text },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			secret := keyID()
			r.commit("x", map[string]string{"a.txt": as(secret) + "\n"})
			f := r.only(secret)
			assert.Equal(t, "a.txt", f.File)
			assert.Contains(t, f.Rule, "AWS_ACCESS")
		})
	}
}

func TestACommitInAnotherEncodingIsRead(t *testing.T) {
	r := newRepo(t)
	secret := keyID()
	r.git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-m", "Schl\xfcssel "+secret)
	assert.Contains(t, r.only(secret).Message, "message or the fields of commit")
}

func TestARepositoryOfSHA256IsRead(t *testing.T) {
	r := repo{t, t.TempDir()}
	r.git("init", "-q", "-b", "main", "--object-format=sha256")
	r.commit("start", map[string]string{"README.md": "x"})
	m, err := memory.Open(t.TempDir(), "p")
	require.NoError(t, err)
	run := func() (evidence.Check, []finding.Finding) {
		check, findings, err := Run(context.Background(), Options{Catalog: r.dir, Key: []byte("key"), Locate: gatetest.Locate, Memory: m})
		require.NoError(t, err)
		return check, findings
	}
	for range 2 {
		check, findings := run()
		require.Empty(t, findings)
		assert.Contains(t, check.Detail, " 0 files not committed")
	}
	secret := keyID()
	r.commit("x", map[string]string{"d/" + secret: "x", "e/a.txt": "k: " + secret})
	for range 2 {
		_, findings := run()
		require.Len(t, findings, 2)
	}
}

func TestATreeOfTenThousandFilesIsRead(t *testing.T) {
	r := newRepo(t)
	files := map[string]string{}
	for i := range 10000 {
		files[fmt.Sprintf("many/f%05d.txt", i)] = fmt.Sprintf("%d\n", i)
	}
	secret := keyID()
	files["many/f04711.txt"] = "k: " + secret + "\n"
	r.commit("many", files)
	assert.Equal(t, "many/f04711.txt", r.only(secret).File)
}

func TestNamesCannotSteerTheTerminalOrTheScanner(t *testing.T) {
	r := newRepo(t)
	secret := keyID()
	r.commit("x", map[string]string{"a\x1b[2J.zip": gatetest.Zip("b\x1b[31m\x00c", secret)})
	f := r.only(secret)
	assert.NotContains(t, f.File, "\x1b")
	assert.Contains(t, f.Message, "packed in it as b?[31m?c")
}
