package cleanse

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/gate/secrets"
)

// hiding are all the places of a history that the secrets gate looks into.
var hiding = map[string]func(r remote, s string){
	"a file":      func(r remote, s string) { r.commit("x", map[string]string{"a.txt": "k " + s + "\n"}) },
	"a deep file": func(r remote, s string) { r.commit("x", map[string]string{"a/b/c/d.txt": s}) },
	"another branch": func(r remote, s string) {
		r.git("checkout", "-q", "-b", "other")
		r.commit("x", map[string]string{"a.txt": s})
		r.git("checkout", "-q", "main")
	},
	"a commit message": func(r remote, s string) { r.commit("use "+s+"\n\nin two\nlines", nil) },
	"an author": func(r remote, s string) {
		r.git("commit", "-q", "--allow-empty", "-m", "x", "--author", s+" <"+s+"@example.com>")
	},
	"a tag message": func(r remote, s string) { r.git("tag", "-a", "v1", "-m", s) },
	"a tag of a tag": func(r remote, s string) {
		r.git("tag", "-a", "inner", "-m", s)
		r.git("tag", "-a", "outer", "-m", "x", "inner")
	},
	"a tag of a tree": func(r remote, s string) {
		r.commit("x", map[string]string{"t/a.txt": s})
		r.git("tag", "-a", "tree", "-m", "x", "HEAD:t")
		r.git("tag", "light", "HEAD:t")
		r.git("tag", "blob", "HEAD:t/a.txt")
	},
	"a file name":   func(r remote, s string) { r.commit("x", map[string]string{"d/" + s + ".txt": "x", "d/a.txt": "y"}) },
	"a folder name": func(r remote, s string) { r.commit("x", map[string]string{"d-" + s + "/a.txt": "x"}) },
	"a branch name": func(r remote, s string) { r.git("branch", "use-"+s) },
	"a tag name":    func(r remote, s string) { r.git("tag", "-a", "v-"+s, "-m", "x") },
	"a note":        func(r remote, s string) { r.git("notes", "add", "-m", s) },
	"a symlink": func(r remote, s string) {
		require.NoError(r.t, os.Symlink("/keys/"+s, filepath.Join(r.work, "link")))
		r.commit("x", nil)
	},
	"a stash": func(r remote, s string) {
		gatetest.Write(r.t, r.work, map[string]string{"README.md": s})
		r.git("stash", "-q")
		r.git("update-ref", "refs/stashes/one", "refs/stash") // a server takes no refs/stash
	},
	"UTF-16": func(r remote, s string) { r.commit("x", map[string]string{"a.txt": gatetest.UTF16("key " + s + "\n")}) },
	"NUL":    func(r remote, s string) { r.commit("x", map[string]string{"a.bin": "\x00\x01 " + s + " \x00"}) },
	"gzip":   func(r remote, s string) { r.commit("x", map[string]string{"a.gz": gatetest.Gzip("x\n" + s)}) },
	"zip":    func(r remote, s string) { r.commit("x", map[string]string{"a.zip": gatetest.Zip("in/side.txt", s)}) },
	"a zip in a gzip": func(r remote, s string) {
		r.commit("x", map[string]string{"a.gz": gatetest.Gzip(gatetest.Zip("b.txt", gatetest.UTF16(s)))})
	},
	"base64": func(r remote, s string) {
		r.commit("x", map[string]string{"a.txt": "data: " + base64.StdEncoding.EncodeToString([]byte("id = "+s+" end")) + "\n"})
	},
	"lines that a backslash joins": func(r remote, s string) {
		r.commit("x", map[string]string{"a.sh": "export KEY=" + s[:9] + "\\\n" + s[9:] + "\necho\n"})
	},
	"literals that a program joins": func(r remote, s string) {
		r.commit("x", map[string]string{"a.py": "a = 1\nkey = ('" + s[:7] + "'\n       '" + s[7:] + "')\n"})
	},
	"a message with joined lines": func(r remote, s string) { r.commit("use\n\n"+s[:12]+"\\\n"+s[12:]+"\n", nil) },
	"an evil merge": func(r remote, s string) {
		r.git("checkout", "-q", "-b", "other")
		r.commit("x", map[string]string{"b.txt": "b"})
		r.git("checkout", "-q", "main")
		r.commit("y", map[string]string{"c.txt": "c"})
		r.git("merge", "-q", "--no-commit", "--no-ff", "other")
		r.commit("merge", map[string]string{"evil.txt": s})
	},
	"a replaced commit": func(r remote, s string) {
		bad := r.commit("x", map[string]string{"a.txt": s})
		good := r.commit("y", map[string]string{"a.txt": "nothing"})
		r.git("replace", bad, good+"^^")
	},
}

func TestNoPlaceKeepsASecret(t *testing.T) {
	for name, hide := range hiding {
		if !full() && !slices.Contains([]string{"base64", "literals that a program joins", "a tag of a tree", "a file name", "a branch name", "a note"}, name) {
			continue // the real scanners have all places at once below
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			r.commit("start", map[string]string{"README.md": "a catalog\n"})
			hide(r, keyID(2))
			r.push()
			o := r.options(t.TempDir())
			if !full() && name != "base64" && name != "literals that a program joins" { // only the gate decodes these
				o.Scan = scanFor(keyID(2))
			}
			purged(t, r, o, keyID(2))
		})
	}
}

// purged runs a cleansing and looks for what it should have left and taken.
func purged(t *testing.T, r remote, o Options, secret string) {
	t.Helper()
	old := r.refs()
	result, err := Run(context.Background(), o)
	require.NoError(t, err)
	require.NotNil(t, result.Plan)
	assert.Empty(t, r.holders(secret))
	shown, err := json.Marshal(result.Plan)
	require.NoError(t, err)
	assert.NotContains(t, string(shown), secret)
	for ref := range r.refs() {
		assert.NotContains(t, ref, secret)
	}
	assert.Len(t, r.refs(), len(old), "no ref is lost")
	gitIn(t, r.dir, "fsck", "--strict", "--no-dangling")
}

// TestTheRealScannersFindNothingAfter hides a secret in every place of one repository, has the gate find it, and has git-secrets and gitleaks
// look at the result.
func TestTheRealScannersFindNothingAfter(t *testing.T) {
	r := newRemote(t)
	secret := keyID(2)
	r.commit("start", map[string]string{"README.md": "a catalog\n"})
	names := slices.Sorted(maps.Keys(hiding))
	for i, name := range names {
		for _, one := range []string{"other", "v1", "inner", "outer", "tree", "light", "blob"} { // made by several
			_, _ = tryGit(r.work, "update-ref", "-d", "refs/heads/"+one)
			_, _ = tryGit(r.work, "update-ref", "-d", "refs/tags/"+one)
		}
		r.git("checkout", "-q", "main")
		r.commit(fmt.Sprint("before ", i), nil)
		hiding[name](r, secret)
		r.git("branch", fmt.Sprintf("keep%d", i))
	}
	r.push()
	purged(t, r, r.options(t.TempDir()), secret)
	_, findings, err := secrets.Run(context.Background(), secrets.Options{Repository: freshOf(t, r), Key: []byte("key"), Locate: gatetest.Locate})
	require.NoError(t, err)
	assert.Empty(t, findings)
}

func freshOf(t *testing.T, r remote) string {
	dir := filepath.Join(t.TempDir(), "fresh")
	out, err := exec.Command("git", "clone", "-q", "--mirror", r.address(), dir).CombinedOutput()
	require.NoError(t, err, string(out))
	return dir
}

func TestANoteFollowsItsCommit(t *testing.T) {
	r := newRemote(t)
	r.commit("start", nil)
	bad := r.commit("oops", map[string]string{"a.txt": keyID(3)})
	r.git("notes", "add", "-m", "reviewed", bad)
	r.push()
	result, err := Run(context.Background(), r.options(t.TempDir()))
	require.NoError(t, err)
	assert.Equal(t, "reviewed", gitIn(t, r.dir, "notes", "show", result.Commits[bad]))
	assert.Equal(t, 1, result.Plan.Notes)
}

func TestSignaturesThatAreLostArePlannedAndTheOthersStay(t *testing.T) {
	r := newRemote(t)
	start := r.commit("start", nil)
	signed := signedCommit(r, start)
	r.git("update-ref", "refs/heads/signed", signed)
	r.git("checkout", "-q", "signed")
	bad := r.commit("oops", map[string]string{"a.txt": keyID(4)})
	later := signedCommit(r, bad)
	r.git("update-ref", "refs/heads/later", later)
	r.push()
	plan, err := MakePlan(context.Background(), r.options(""))
	require.NoError(t, err)
	assert.Equal(t, []string{later}, plan.Signatures)
	_, err = Run(context.Background(), r.options(t.TempDir()))
	require.NoError(t, err)
	assert.Equal(t, signed, gitIn(t, r.dir, "rev-parse", "later~2"), "a signed commit before the leak is as it was")
	assert.NotContains(t, gitIn(t, r.dir, "cat-file", "-p", "later"), "gpgsig")
}

// signedCommit makes a commit with a made-up signature.
func signedCommit(r remote, parent string) string {
	body := "tree " + r.git("rev-parse", parent+"^{tree}") + "\nparent " + parent +
		"\nauthor n <n@example.com> 1700000000 +0100\ncommitter n <n@example.com> 1700000000 +0100\n" +
		"gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQEzBAABCAAdFiEE\n -----END PGP SIGNATURE-----\n\nsigned\n"
	c := exec.Command("git", "-C", r.work, "hash-object", "-t", "commit", "-w", "--stdin")
	c.Stdin = strings.NewReader(body)
	out, err := c.Output()
	require.NoError(r.t, err)
	return strings.TrimSpace(string(out))
}
