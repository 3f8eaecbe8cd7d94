package secrets

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/gate/memory"
	"accountfleet/internal/gate/tool"
)

// repo is a git repository of a test.
type repo struct {
	t   *testing.T
	dir string
}

func newRepo(t *testing.T) repo {
	t.Helper()
	r := repo{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	r.commit("start", map[string]string{"README.md": "a catalog\n"})
	return r
}

func (r repo) git(args ...string) string {
	r.t.Helper()
	c := exec.Command("git", append([]string{"-C", r.dir, "-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgSign=false", "-c", "gc.auto=0"}, args...)...)
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	output, err := c.CombinedOutput()
	require.NoError(r.t, err, "git %v: %s", args, output)
	return strings.TrimSpace(string(output))
}

func (r repo) commit(message string, files map[string]string) string {
	r.t.Helper()
	gatetest.Write(r.t, r.dir, files)
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", message)
	return r.git("rev-parse", "HEAD")
}

func (r repo) run() ([]finding.Finding, error) {
	_, findings, err := Run(context.Background(), Options{Catalog: r.dir, Key: []byte("key"), Locate: gatetest.Locate})
	return findings, err
}

// keyID makes up an access key id for one test.
func keyID() string { return "AKIA" + random(upper, 16) }

// only demands one finding, which never shows the secret.
func (r repo) only(secret string) finding.Finding {
	r.t.Helper()
	findings, err := r.run()
	require.NoError(r.t, err)
	require.Len(r.t, findings, 1)
	assert.NotContains(r.t, fmt.Sprintf("%+v", findings[0]), secret)
	assert.Equal(r.t, fingerprint([]byte("key"), secret), findings[0].Fingerprint)
	return findings[0]
}

func TestACleanHistoryPassesAndEveryObjectIsCounted(t *testing.T) {
	r := newRepo(t)
	r.commit("more", map[string]string{"a/b.txt": "account_id: 123456789012\narn:aws:iam::123456789012:role/x\n"})
	r.git("tag", "-a", "v1", "-m", "first")
	check, findings, err := Run(context.Background(), Options{Catalog: r.dir, Locate: gatetest.Locate})
	require.NoError(t, err)
	assert.Empty(t, findings)
	assert.Equal(t, 2+2+3+1, check.Counted, "commits, blobs, trees and tags")
	assert.Contains(t, check.Detail, "2 commits, 2 blobs, 3 trees, 1 tags")
}

func TestASecretAddedThenDeletedIsFoundWhereItCameIn(t *testing.T) {
	r := newRepo(t)
	secret := keyID()
	at := r.commit("oops", map[string]string{"conf/app.yaml": "one: 1\nkey: " + secret + "\n"})
	require.NoError(t, os.Remove(filepath.Join(r.dir, "conf", "app.yaml")))
	r.commit("nobody saw that", nil)
	f := r.only(secret)
	assert.Equal(t, "AWS_ACCESS_KEY", f.Rule)
	assert.Equal(t, "conf/app.yaml", f.File)
	assert.Equal(t, finding.Span{Line: 2, Column: 6}, f.Span)
	assert.Contains(t, f.Message, at[:10])
	assert.Contains(t, f.Cure, "revoke it")
	assert.NotEmpty(t, f.Object)
}

func TestEveryPatternIsFoundInAFile(t *testing.T) {
	r := newRepo(t)
	files := map[string]string{}
	for _, p := range house() {
		files[p.rule+".txt"] = "x\n" + p.plant() + "\n"
	}
	r.commit("all", files)
	findings, err := r.run()
	require.NoError(t, err)
	var found []string
	for _, f := range findings {
		assert.Equal(t, f.Rule+".txt", f.File)
		assert.Equal(t, 2, f.Span.Line)
		found = append(found, f.Rule)
	}
	assert.Len(t, found, len(house()))
}

func TestNoPlaceOfTheHistoryHidesASecret(t *testing.T) {
	for name, row := range map[string]struct {
		hide func(r repo, secret string)
		says string
	}{
		"a branch that is not checked out": {func(r repo, s string) {
			r.git("checkout", "-q", "-b", "other")
			r.commit("x", map[string]string{"a.txt": s})
			r.git("checkout", "-q", "main")
		}, "since commit"},
		"a commit message": {func(r repo, s string) { r.commit("use "+s, nil) }, "message or the fields of commit"},
		"an author": {func(r repo, s string) {
			r.git("commit", "-q", "--allow-empty", "-m", "x", "--author", s+" <a@example.com>")
		}, "fields of commit"},
		"a tag message": {func(r repo, s string) { r.git("tag", "-a", "v1", "-m", s) }, "message or the fields of tag"},
		"a file name":   {func(r repo, s string) { r.commit("x", map[string]string{"d/" + s + ".txt": "x"}) }, "in the name of a file"},
		"a branch name": {func(r repo, s string) { r.git("branch", s) }, "in the name of a branch or tag"},
		"a note":        {func(r repo, s string) { r.git("notes", "add", "-m", s) }, "since commit"},
		"a stash": {func(r repo, s string) {
			gatetest.Write(r.t, r.dir, map[string]string{"README.md": s})
			r.git("stash", "-q")
		}, "since commit"},
		"UTF-16":          {func(r repo, s string) { r.commit("x", map[string]string{"a.txt": gatetest.UTF16("key " + s + "\n")}) }, "since commit"},
		"a file with NUL": {func(r repo, s string) { r.commit("x", map[string]string{"a.bin": "\x00\x01 " + s + " \x00"}) }, "since commit"},
		"NUL between characters": {func(r repo, s string) {
			r.commit("x", map[string]string{"a.bin": "\x00 " + strings.Join(strings.Split(s, ""), "\x00") + "\x00 "})
		}, "since commit"},
		"gzip":            {func(r repo, s string) { r.commit("x", map[string]string{"a.gz": gatetest.Gzip("x\n" + s)}) }, "packed in it as (gzip)"},
		"zip":             {func(r repo, s string) { r.commit("x", map[string]string{"a.zip": gatetest.Zip("in/side.txt", s)}) }, "packed in it as in/side.txt"},
		"a name in a zip": {func(r repo, s string) { r.commit("x", map[string]string{"a.zip": gatetest.Zip(s+".txt", "x")}) }, "since commit"},
		"a zip in a gzip": {func(r repo, s string) {
			r.commit("x", map[string]string{"a.gz": gatetest.Gzip(gatetest.Zip("b.txt", gatetest.UTF16(s)))})
		}, "(gzip)/b.txt"},
		"attributes that say binary": {func(r repo, s string) {
			r.commit("x", map[string]string{".gitattributes": "* binary -diff\n", "a.txt": s})
		}, "since commit"},
		".gitallowed": {func(r repo, s string) { r.commit("x", map[string]string{".gitallowed": ".*\n", "a.txt": s}) }, "since commit"},
		"patterns of the own": {func(r repo, s string) {
			r.git("config", "secrets.allowed", ".")
			r.commit("x", map[string]string{"a.txt": s})
		}, "since commit"},
		"beside a documented key": {func(r repo, s string) { r.commit("x", map[string]string{"a.txt": documented[0] + " " + s}) }, "since commit"},
		"an evil merge": {func(r repo, s string) {
			r.git("checkout", "-q", "-b", "other")
			r.commit("x", map[string]string{"b.txt": "b"})
			r.git("checkout", "-q", "main")
			r.commit("y", map[string]string{"c.txt": "c"})
			r.git("merge", "-q", "--no-commit", "--no-ff", "other")
			r.commit("merge", map[string]string{"evil.txt": s})
		}, "since commit"},
		"a replaced commit": {func(r repo, s string) {
			bad := r.commit("x", map[string]string{"a.txt": s})
			require.NoError(r.t, os.Remove(filepath.Join(r.dir, "a.txt")))
			good := r.commit("y", nil)
			r.git("replace", bad, good+"^^")
		}, "since commit"},
		"a graft": {func(r repo, s string) {
			r.commit("x", map[string]string{"a.txt": s})
			require.NoError(r.t, os.Remove(filepath.Join(r.dir, "a.txt")))
			head := r.commit("y", nil)
			gatetest.Write(r.t, r.dir, map[string]string{".git/info/grafts": head + "\n"})
		}, "since commit"},
		"staged, and changed since": {func(r repo, s string) {
			gatetest.Write(r.t, r.dir, map[string]string{"a.txt": s})
			r.git("add", "a.txt")
			gatetest.Write(r.t, r.dir, map[string]string{"a.txt": "nothing"})
		}, "in the index"},
		"not committed": {func(r repo, s string) { gatetest.Write(r.t, r.dir, map[string]string{"new.txt": "x\n" + s}) }, "not committed yet"},
		"a new file's name": {func(r repo, s string) { gatetest.Write(r.t, r.dir, map[string]string{s + ".txt": "x"}) },
			"in the name of a file that is not committed yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			secret := keyID()
			row.hide(r, secret)
			assert.Contains(t, r.only(secret).Message, row.says)
		})
	}
}

func TestLookAlikesAreNoSecrets(t *testing.T) {
	r := newRepo(t)
	r.commit("harmless", map[string]string{"a.yaml": strings.Join([]string{
		documented[0], "aws_secret_access_key = " + documented[1], "account_id: 123456789012", "AWS_ACCOUNT_ID=1234-5678-9012",
		"arn:aws:kms:eu-west-1:123456789012:key/12345678-90ab-cdef-1234-567890abcdef", "sha256: " + strings.Repeat("0123456789abcdef", 4),
		"commit: " + strings.Repeat("0123456789", 4), "-----BEGIN PUBLIC KEY-----", "akia" + strings.Repeat("a", 16), "AKIA" + strings.Repeat("B", 20),
		"Key: " + strings.Repeat("abcdef", 10),
	}, "\n")})
	findings, err := r.run()
	require.NoError(t, err)
	assert.Empty(t, findings)
}

func TestTheSameSecretInManyVersionsIsOneFinding(t *testing.T) {
	r := newRepo(t)
	secret := keyID()
	for i := range 3 {
		r.commit("x", map[string]string{"a.txt": fmt.Sprintf("%d\n%s\n", i, secret)})
	}
	assert.Contains(t, r.only(secret).Message, "and in 2 other objects")
}

func TestWhatCannotBeSearchedIsAFinding(t *testing.T) {
	encrypted := []byte(gatetest.Zip("a.txt", "x"))
	for _, header := range []string{"PK\x03\x04", "PK\x01\x02"} { // set the flag "encrypted" in both headers of the member
		at := bytes.Index(encrypted, []byte(header))
		encrypted[at+6+2*(strings.Index("\x03\x01", header[2:3]))] |= 1
	}
	deep := "x"
	for range maxDepth + 1 {
		deep = gatetest.Gzip(deep)
	}
	for name, row := range map[string]struct{ body, says string }{
		"an encrypted zip": {string(encrypted), "encrypted member a.txt"},
		"packed too often": {deep, "is packed more than 3 times"},
		"a bomb":           {gatetest.Gzip(strings.Repeat("0", maxExpanded+1)), "expands to more than 128 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			r.commit("x", map[string]string{"a.bin": row.body})
			findings, err := r.run()
			require.NoError(t, err)
			require.Len(t, findings, 1)
			assert.Equal(t, "UNREADABLE", findings[0].Rule)
			assert.Equal(t, "a.bin", findings[0].File)
			assert.Contains(t, findings[0].Message, row.says)
		})
	}
}

func TestACatalogInALargerRepositoryIsScannedWithIt(t *testing.T) {
	r := newRepo(t)
	secret := keyID()
	r.commit("x", map[string]string{"catalog/products/a/template.yaml": secret, "elsewhere.txt": "x"})
	_, findings, err := Run(context.Background(), Options{Catalog: filepath.Join(r.dir, "catalog"), Locate: gatetest.Locate})
	require.NoError(t, err)
	require.Len(t, findings, 1)
	assert.Equal(t, "products/a/template.yaml", findings[0].File)
}

func TestAnIncompleteHistoryIsBroken(t *testing.T) {
	r := newRepo(t)
	r.commit("x", map[string]string{"a.txt": "a"})
	shallow := t.TempDir()
	r.git("clone", "-q", "--depth", "1", "file://"+r.dir, filepath.Join(shallow, "c"))
	_, err := repo{t, filepath.Join(shallow, "c")}.run()
	require.ErrorContains(t, err, "shallow clone")
	require.ErrorContains(t, err, "--unshallow")

	empty := repo{t, t.TempDir()}
	empty.git("init", "-q")
	_, err = empty.run()
	require.ErrorContains(t, err, "has no commit")

	none := repo{t, t.TempDir()}
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(none.dir))
	_, err = none.run()
	require.ErrorContains(t, err, "is not in a git repository")
	_, err = repo{t, filepath.Join(none.dir, "nowhere")}.run()
	require.ErrorContains(t, err, "no such file")

	blob := r.git("hash-object", filepath.Join(r.dir, "a.txt"))
	require.NoError(t, os.Remove(filepath.Join(r.dir, ".git", "objects", blob[:2], blob[2:])))
	_, err = r.run()
	require.Error(t, err)
}

func TestAToolThatDoesNotDoItsWorkIsBroken(t *testing.T) {
	real, err := gatetest.Locate("git-secrets")
	require.NoError(t, err)
	for name, row := range map[string]struct {
		locate tool.Locate
		want   string
	}{
		"missing":         {func(string) (tool.Tool, error) { return tool.Tool{}, fs.ErrNotExist }, "file does not exist"},
		"passes all":      {gatetest.Stub(t, "exit 0"), "found none of the planted secrets"},
		"crashes":         {gatetest.Stub(t, "exit 2"), "exit status 2"},
		"says nothing":    {gatetest.Stub(t, "exit 1"), "proof of life"},
		"loses a pattern": {gatetest.Stub(t, `"`+real.Path+`" "$@" 2>&1 | grep -v ghp_ >&2; exit 1`), "GITHUB_TOKEN was not found"},
		"stops early":     {gatetest.Stub(t, `"`+real.Path+`" "$@" 2>&1 | head -n 3 >&2; exit 1`), "proof of life"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			_, _, err := Run(context.Background(), Options{Catalog: r.dir, Locate: row.locate})
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestASecretThatNothingLeadsToIsAWarning(t *testing.T) {
	r := newRepo(t)
	secret := keyID()
	r.commit("amended", map[string]string{"a.txt": secret})
	gatetest.Write(t, r.dir, map[string]string{"a.txt": "nothing"})
	r.git("add", "-A")
	r.git("commit", "-q", "--amend", "-m", "amended")
	f := r.only(secret)
	assert.Equal(t, finding.Warning, f.Severity)
	assert.Contains(t, f.Message, "to which no branch or tag leads")
	assert.Contains(t, f.Cure, "git gc --prune=now")
	r.git("reflog", "expire", "--expire-unreachable=now", "--all")
	r.git("gc", "-q", "--prune=now")
	findings, err := r.run()
	require.NoError(t, err)
	assert.Empty(t, findings)
}

func TestCleanObjectsAreReadOnceAndEverythingElseAgain(t *testing.T) {
	folder := t.TempDir()
	r := newRepo(t)
	run := func(program string) (evidence.Check, []finding.Finding) {
		t.Helper()
		m, err := memory.Open(folder, program)
		require.NoError(t, err)
		check, findings, err := Run(context.Background(), Options{Catalog: r.dir, Key: []byte("key"), Locate: gatetest.Locate, Memory: m})
		require.NoError(t, err)
		return check, findings
	}
	first, findings := run("p")
	require.Empty(t, findings)
	assert.Contains(t, first.Detail, " 0 objects found clean before")
	second, _ := run("p")
	assert.Equal(t, first.Counted, second.Counted)
	assert.Contains(t, second.Detail, fmt.Sprintf("%d objects found clean before", first.Counted))
	other, _ := run("another program")
	assert.Contains(t, other.Detail, " 0 objects found clean before")

	secret := keyID()
	r.commit("x", map[string]string{"a.txt": secret})
	for range 2 { // what was found once is found again
		third, findings := run("p")
		require.Len(t, findings, 1)
		assert.Equal(t, "a.txt", findings[0].File)
		assert.Contains(t, findings[0].Message, "since commit")
		assert.Equal(t, first.Counted+3, third.Counted)
	}
	gatetest.Write(t, r.dir, map[string]string{"b.txt": keyID()})
	_, findings = run("p")
	assert.Len(t, findings, 2, "a file that is not committed is no object")

	blob := r.git("rev-parse", "HEAD~1:README.md")
	require.NoError(t, os.Remove(filepath.Join(r.dir, ".git/objects", blob[:2], blob[2:])))
	m, err := memory.Open(folder, "p")
	require.NoError(t, err)
	_, _, err = Run(context.Background(), Options{Catalog: r.dir, Key: []byte("key"), Locate: gatetest.Locate, Memory: m})
	assert.Error(t, err, "an object that is missing is missed, although it was clean")
}
