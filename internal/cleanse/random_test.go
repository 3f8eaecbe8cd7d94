package cleanse

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/finding"
	"accountfleet/internal/gate/gatetest"
)

// full says that the long tests are wanted: make test-full.
func full() bool { return os.Getenv("FLEET_TEST_FULL") != "" }

// scanFor is a Scan that knows what it looks for: it finds values, wherever they are, and is much faster than the gate.
func scanFor(values ...string) Scan {
	return func(ctx context.Context, dir string) (Scanned, error) {
		c, err := open(Options{Key: []byte("key")})
		if err != nil {
			return Scanned{}, err
		}
		defer c.close()
		refs, err := c.git(ctx, dir, nil, "for-each-ref")
		if err != nil {
			return Scanned{}, err
		}
		var result Scanned
		for _, value := range values {
			s := newSecret(c.Key, []byte(value), "AWS_ACCESS_KEY", "an AWS access key id")
			held, err := c.search(ctx, dir, newEditor(c.Key, []Secret{s}))
			if err != nil {
				return result, err
			}
			if len(held) > 0 || strings.Contains(refs, value) {
				result.Secrets = append(result.Secrets, s)
				result.Findings = append(result.Findings, finding.Finding{Rule: s.Rule, Fingerprint: s.Fingerprint, Severity: finding.Error})
			}
		}
		return result, nil
	}
}

// author of a random history, which is written for git fast-import.
type author struct {
	random  *rand.Rand
	out     bytes.Buffer
	secrets []string
	mark    int
	tips    []int // mark of each branch's last commit
	names   []string
	commits []int
}

func (a *author) chance(percent int) bool { return a.random.IntN(100) < percent }

func (a *author) pick(from []string) string { return from[a.random.IntN(len(from))] }

func (a *author) data(text string) { fmt.Fprintf(&a.out, "data %d\n%s\n", len(text), text) }

// maybe hides a secret in a text, now and then.
func (a *author) maybe(percent int, text string) string {
	if a.chance(percent) {
		return text + " " + a.pick(a.secrets) + "\n"
	}
	return text
}

// content makes up a file, in one of the forms that hide.
func (a *author) content() string {
	text := a.maybe(8, fmt.Sprintf("line %d\nkey: value\nüñí %d\n", a.random.IntN(1000), a.random.IntN(9)))
	switch a.random.IntN(12) {
	case 0:
		return gatetest.UTF16(text)
	case 1:
		return "\x00\x01\xff" + text
	case 2:
		return gatetest.Gzip(text)
	case 3:
		return gatetest.Zip("in/side.txt", text)
	case 4:
		return strings.ReplaceAll(text, "\n", "\r\n")
	case 5:
		return "{\"a\": [\"" + strings.ReplaceAll(text, "\n", "\\n") + "\"]}"
	case 6:
		return ""
	}
	return text
}

func (a *author) name() string {
	name := a.pick([]string{"a.txt", "b/c.yaml", "b/d/e.json", "ünï.txt", "with space.txt", "q\"uote.txt", "f.sh", "b/z.gz", "tab\there", "b-x", "b.x", "b/0"})
	if a.chance(2) {
		name = "b/" + a.pick(a.secrets[:2]) + ".d/" + name // a value with a slash would be in no single name
	}
	return fmt.Sprintf("%s%d", name, a.random.IntN(3))
}

func quotePath(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(path) + `"`
}

// change writes one change of files.
func (a *author) change() {
	switch a.random.IntN(10) {
	case 0:
		fmt.Fprintf(&a.out, "D %s\n", quotePath(a.name()))
	case 1:
		fmt.Fprintf(&a.out, "M 160000 %040x %s\n", a.random.Uint64(), quotePath("module"+fmt.Sprint(a.random.IntN(2))))
	case 2:
		fmt.Fprintf(&a.out, "M 120000 inline %s\n", quotePath("link"+fmt.Sprint(a.random.IntN(3))))
		a.data(strings.TrimSpace(a.maybe(10, "b/c.yaml")))
	default:
		mode := a.pick([]string{"100644", "100644", "100755"})
		fmt.Fprintf(&a.out, "M %s inline %s\n", mode, quotePath(a.name()))
		a.data(a.content())
	}
}

func (a *author) person(role string, when int) {
	name := a.pick([]string{"Ann Other", "Jürgen", "x", "O'Neil, the \"first\""})
	if a.chance(2) {
		name = a.pick(a.secrets)
	}
	fmt.Fprintf(&a.out, "%s %s <%s@example.com> %d %s\n", role, name, a.pick([]string{"a", "b.c", ""}), 1500000000+when*60, a.pick([]string{"+0000", "-0730", "+1400"}))
}

// commit writes a commit: a normal one, a merge, an octopus, an evil merge, an empty one.
func (a *author) commit(i int) {
	branch := a.random.IntN(len(a.tips))
	a.mark++
	fmt.Fprintf(&a.out, "commit refs/heads/%s\nmark :%d\noriginal-oid %d\n", a.names[branch], a.mark, i)
	a.person("author", i)
	a.person("committer", i+1)
	if a.chance(10) {
		a.out.WriteString("encoding ISO-8859-1\n")
		a.data(a.maybe(10, "\xe4\xf6\xfc in latin1\n"))
	} else {
		a.data(a.maybe(6, a.pick([]string{"a change\n", "no newline at the end", "", "subject\n\nbody über\n\nSigned-off-by: x <x@y>\n", "\n\nleading lines\n"})))
	}
	used := []int{}
	if from := a.tips[branch]; from != 0 {
		fmt.Fprintf(&a.out, "from :%d\n", from)
		used = append(used, from)
	} else if len(a.commits) > 0 && a.chance(90) {
		from = a.commits[a.random.IntN(len(a.commits))]
		fmt.Fprintf(&a.out, "from :%d\n", from)
		used = append(used, from)
	}
	if a.chance(25) && len(used) > 0 {
		for range 1 + a.random.IntN(3) {
			if other := a.tips[a.random.IntN(len(a.tips))]; other != 0 && !slices.Contains(used, other) {
				fmt.Fprintf(&a.out, "merge :%d\n", other)
				used = append(used, other)
			}
		}
	}
	if !a.chance(10) {
		for range 1 + a.random.IntN(3) {
			a.change()
		}
	}
	a.tips[branch] = a.mark
	a.commits = append(a.commits, a.mark)
}

const fakeSignature = "-----BEGIN PGP SIGNATURE-----\n\niQEzBAABCAAdFiEE\n-----END PGP SIGNATURE-----\n"

// history writes a whole history of n commits into a bare repository.
func randomHistory(t testing.TB, dir string, seed uint64, branches, n int) []string {
	a := &author{random: rand.New(rand.NewPCG(seed, 7)), secrets: []string{keyID(seed * 3), keyID(seed*3 + 1), "tok_" + keyID(seed*3+2) + "/+="}}
	for i := range branches {
		a.names = append(a.names, fmt.Sprintf("b%d", i))
		a.tips = append(a.tips, 0)
	}
	a.names[0] = "main"
	for i := range n {
		a.commit(i)
	}
	for i := range n / 10 {
		fmt.Fprintf(&a.out, "tag v%d\nfrom :%d\n", i, a.commits[a.random.IntN(len(a.commits))])
		a.person("tagger", i)
		message := a.maybe(15, "release\n")
		if a.chance(30) {
			message += fakeSignature
		}
		a.data(message)
	}
	a.out.WriteString("commit refs/notes/commits\n")
	a.person("committer", n)
	a.data("notes\n")
	noted := map[int]bool{}
	for range n / 10 {
		if mark := a.commits[a.random.IntN(len(a.commits))]; !noted[mark] {
			noted[mark] = true
			a.out.WriteString("N inline :" + fmt.Sprint(mark) + "\n")
			a.data(a.maybe(10, "a note\n"))
		}
	}
	c := exec.Command("git", "-C", dir, "fast-import", "--quiet", "--force")
	c.Stdin = &a.out
	out, err := c.CombinedOutput()
	require.NoError(t, err, string(out))
	return a.secrets
}

// TestOnlyTheSecretChanges rewrites random histories and compares old and new, object by object, by other means than the rewrite's own.
func TestOnlyTheSecretChanges(t *testing.T) {
	seeds, commits := 2, 60
	if full() {
		seeds, commits = 12, 250
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			values := randomHistory(t, r.dir, seed+1, 50, commits)
			old := filepath.Join(t.TempDir(), "old")
			gitIn(t, r.dir, "clone", "-q", "--mirror", r.dir, old)
			before := r.refs()
			o := r.options(t.TempDir())
			o.Scan = scanFor(values...)
			o.Confirm = func(Secret) bool { return true }
			result, err := Run(context.Background(), o)
			require.NoError(t, err)
			require.NotNil(t, result.Plan)
			compareHistories(t, old, r.dir, result.Commits, values)
			for _, value := range values {
				assert.Empty(t, r.holders(value))
			}
			gitIn(t, r.dir, "fsck", "--no-dangling")

			first := r.refs()
			_, err = Undo(context.Background(), o, "")
			require.NoError(t, err)
			assert.Equal(t, before, r.refs())
			o.Store = Folder(t.TempDir())
			_, err = Run(context.Background(), o)
			require.NoError(t, err)
			assert.Equal(t, first, r.refs(), "a second run gives the same ids")
		})
	}
}

// all reads every object of a repository: id -> kind and body.
func all(t testing.TB, dir string) map[string][2]string {
	c, err := open(Options{})
	require.NoError(t, err)
	defer c.close()
	objects := map[string][2]string{}
	listed := gitIn(t, dir, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
	require.NoError(t, c.objects(context.Background(), dir, listed+"\n", func(id, kind string, body []byte) error {
		objects[id] = [2]string{kind, string(body)}
		return nil
	}))
	return objects
}

// paths are the files of a tree: path -> mode and id.
func paths(t testing.TB, objects map[string][2]string, tree, prefix string, into map[string]string) {
	list, err := entries([]byte(objects[tree][1]), 20)
	require.NoError(t, err)
	for _, e := range list {
		if e.mode == modeTree {
			paths(t, objects, e.id, prefix+e.name+"/", into)
			continue
		}
		into[prefix+e.name] = e.mode + " " + e.id
	}
}

func compareHistories(t testing.TB, old, now string, commits map[string]string, values []string) {
	before, after := all(t, old), all(t, now)
	masked := func(text string) string {
		for _, value := range slices.SortedFunc(slices.Values(values), func(a, b string) int { return len(b) - len(a) }) {
			text = strings.ReplaceAll(text, value, string(mask([]byte("key"), []byte(value))))
		}
		return text
	}
	mapped := func(id string) string {
		if renamed, ok := commits[id]; ok {
			return renamed
		}
		return id
	}
	for id := range commits {
		require.Equal(t, "commit", before[id][0])
	}
	listed := gitIn(t, old, "rev-list", "--branches")
	for _, id := range strings.Fields(listed) {
		was, is := before[id][1], after[mapped(id)][1]
		var want strings.Builder
		head, message, _ := strings.Cut(was, "\n\n")
		var oldTree string
		for _, line := range strings.Split(head, "\n") {
			key, value, _ := strings.Cut(line, " ")
			switch key {
			case "tree":
				oldTree = value
				continue
			case "parent":
				value = mapped(value)
			}
			fmt.Fprintln(&want, key, masked(value))
		}
		_, rest, _ := strings.Cut(is, "\n")
		require.Equal(t, want.String()+"\n"+masked(message), rest, "commit %s", id)
		newTree := strings.Fields(is)[1]
		oldFiles, newFiles := map[string]string{}, map[string]string{}
		paths(t, before, oldTree, "", oldFiles)
		paths(t, after, newTree, "", newFiles)
		require.Len(t, newFiles, len(oldFiles))
		for path, file := range oldFiles {
			got := newFiles[masked(path)]
			if got == file {
				continue
			}
			require.Equal(t, file[:7], got[:7], "mode of %s", path)
			a, b := before[file[7:]][1], after[got[7:]][1]
			if strings.HasPrefix(a, "\x1f\x8b") || strings.HasPrefix(a, "PK") {
				continue // replaced whole
			}
			stripped := strings.ReplaceAll(a, "\x00", "")
			require.NotEqual(t, stripped, masked(stripped), "%s changed without a secret", path)
			require.Len(t, b, len(a))
			require.Equal(t, masked(stripped), strings.ReplaceAll(b, "\x00", ""))
		}
	}
}
