package cleanse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/gate/tool"
)

// TestBadInputIsToldOnceAndChangesNothing covers what people give by mistake.
func TestBadInputIsToldOnceAndChangesNothing(t *testing.T) {
	leak := func(r remote) {
		r.commit("oops", map[string]string{"a.txt": keyID(21)})
		r.push()
	}
	for name, row := range map[string]struct {
		make func(r remote, o *Options)
		says string
	}{
		"a folder that is no repository": {func(r remote, o *Options) { o.Remote = "file://" + r.t.TempDir() }, "is no git repository"},
		"an address of nothing":          {func(_ remote, o *Options) { o.Remote = "file:///nowhere/at/all" }, "is no git repository"},
		"an empty repository":            {func(remote, *Options) {}, "is empty: there is nothing to cleanse"},
		"a shallow repository": {func(r remote, o *Options) {
			leak(r)
			r.commit("more", nil)
			r.push()
			o.Remote = "file://" + filepath.Join(r.t.TempDir(), "shallow")
			gitIn(r.t, r.work, "clone", "-q", "--bare", "--depth=1", r.address(), strings.TrimPrefix(o.Remote, "file://"))
		}, "is a shallow repository"},
		"no permission to push": {func(r remote, _ *Options) {
			leak(r)
			hook := filepath.Join(r.dir, "hooks", "pre-receive")
			require.NoError(r.t, os.MkdirAll(filepath.Dir(hook), 0o755))
			require.NoError(r.t, os.WriteFile(hook, []byte("#!/bin/sh\necho not authorized to push >&2; exit 1\n"), 0o755))
		}, "nothing was changed"},
		"no git-filter-repo": {func(r remote, o *Options) {
			leak(r)
			o.Locate = func(name string) (tool.Tool, error) {
				return tool.Tool{}, fmt.Errorf("%s is not installed: run make tools", name)
			}
		}, "filter-repo-python is not installed: run make tools"},
		"another git-filter-repo": {func(r remote, o *Options) {
			leak(r)
			o.Locate = func(name string) (tool.Tool, error) {
				located, err := gatetest.Locate(name)
				located.Version = "2.38.0"
				return located, err
			}
		}, "git-filter-repo is 2.47.0, want 2.38.0: run fleet tools install --only git-filter-repo; nothing was changed"},
		"a common word": {func(r remote, o *Options) {
			r.commit("x", map[string]string{"a.txt": "the production database\n"})
			r.push()
			o.Values = [][]byte{[]byte("production")}
		}, "it is shorter than 16 characters, it reads like a word"},
		"a value that is nowhere": {func(r remote, o *Options) {
			leak(r)
			o.Values = [][]byte{[]byte(keyID(22))}
		}, "the value is nowhere in"},
		"a value that reads like what stands for one": {func(r remote, o *Options) {
			leak(r)
			o.Values = [][]byte{[]byte("XXXX XXXX")}
		}, "it cannot be purged; nothing was changed"},
		"ids that git-filter-repo cannot rewrite": {func(r remote, o *Options) {
			other := filepath.Join(r.t.TempDir(), "sha256")
			gitIn(r.t, r.work, "init", "-q", "--object-format=sha256", "-b", "main", other)
			gatetest.Write(r.t, other, map[string]string{"a.txt": keyID(21)})
			gitIn(r.t, other, "add", "-A")
			gitIn(r.t, other, "commit", "-q", "-m", "x")
			o.Remote = "file://" + other
		}, "has sha256 ids, which git-filter-repo cannot rewrite: nothing was changed"},
		"an author without form": {func(r remote, _ *Options) {
			leak(r)
			body := "tree " + r.git("rev-parse", "HEAD^{tree}") + "\nparent " + r.git("rev-parse", "HEAD") +
				"\nauthor <n@example.com> 1700000000 +0100\ncommitter n <n@example.com> 1700000000 +0100\n\nodd\n"
			r.git("update-ref", "refs/heads/odd", r.object("commit", body))
			r.push()
		}, "that is not of the form \"name <address> time zone\", which git-filter-repo cannot carry: nothing was changed"},
		"refs that readers see and nobody may push": {func(r remote, _ *Options) {
			leak(r)
			r.git("push", "-q", "origin", "HEAD:refs/pull/1/head")
			gitIn(r.t, r.dir, "config", "receive.hideRefs", "refs/pull")
		}, "the server takes no push to a ref that it shows, of a pull request for example: have it removed there, then run again: nothing was changed"},
		"a value that may be in a submodule": {func(r remote, o *Options) {
			leak(r)
			r.git("update-index", "--add", "--cacheinfo", "160000,"+r.git("rev-parse", "HEAD")+",module")
			r.git("commit", "-q", "-m", "module")
			r.push()
			o.Values = [][]byte{[]byte(keyID(22))}
		}, "which has submodules: they are repositories of their own"},
		"a default branch named like the secret": {func(r remote, _ *Options) {
			leak(r)
			r.git("branch", "use-"+keyID(21))
			r.push()
			gitIn(r.t, r.dir, "symbolic-ref", "HEAD", "refs/heads/use-"+keyID(21))
		}, "the name of the default branch holds a secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			o := r.options(t.TempDir())
			o.Scan = scanFor(keyID(21))
			row.make(r, &o)
			before := r.refs()
			_, err := Run(context.Background(), o)
			require.ErrorContains(t, err, row.says)
			assert.NotContains(t, err.Error(), keyID(21))
			assert.Equal(t, before, r.refs())
		})
	}
}

func TestTheFolderInWhichSomebodyStandsIsExaminedAndLeftAlone(t *testing.T) {
	r := newRemote(t)
	r.commit("start", map[string]string{"a.txt": "a\n"})
	r.push()
	address, warnings, err := Examine(context.Background(), r.work, "origin")
	require.NoError(t, err)
	assert.Equal(t, r.address(), address)
	assert.Empty(t, warnings)

	r.git("checkout", "-q", "--detach")
	gatetest.Write(t, r.work, map[string]string{"a.txt": "changed\n"})
	_, warnings, err = Examine(context.Background(), r.work, "origin")
	require.NoError(t, err)
	assert.Contains(t, strings.Join(warnings, ";"), "not committed stay as they are")
	assert.Equal(t, "M a.txt", r.git("status", "--porcelain"))

	for name, clone := range map[string][]string{"shallow clone": {"--depth=1"}, "partial clone": {"--filter=blob:none"}} {
		dir := filepath.Join(t.TempDir(), "clone")
		gitIn(t, r.dir, "config", "uploadpack.allowFilter", "true")
		gitIn(t, r.work, append(append([]string{"clone", "-q", "--no-checkout"}, clone...), r.address(), dir)...)
		_, _, err = Examine(context.Background(), dir, "origin")
		if name == "shallow clone" {
			r.commit("second", nil)
		}
		require.ErrorContains(t, err, name)
	}
	_, _, err = Examine(context.Background(), t.TempDir(), "origin")
	require.ErrorContains(t, err, "is no git repository")
	_, _, err = Examine(context.Background(), r.work, "upstream")
	require.ErrorContains(t, err, "has no remote upstream")
}

func TestAWeakValueIsPurgedOnlyWhenConfirmedAndElseStays(t *testing.T) {
	r := newRemote(t)
	strong := keyID(23)
	r.commit("x", map[string]string{"a.txt": strong + " hunter2hunter2\n", "b.txt": "hunter2hunter2\n"})
	r.push()
	before := r.refs()
	o := r.options(t.TempDir())
	o.Scan = scanFor(strong, "hunter2hunter2")
	_, err := Run(context.Background(), o)
	var weak *WeakError
	require.ErrorAs(t, err, &weak, "nobody is there to confirm: automatic cleansing stops")
	assert.Len(t, weak.Secrets, 1)
	assert.NotContains(t, err.Error(), "hunter2")
	assert.Equal(t, before, r.refs())

	o.Confirm = func(s Secret) bool { return false }
	result, err := Run(context.Background(), o)
	require.NoError(t, err)
	assert.Len(t, result.Left, 1)
	assert.Empty(t, r.holders(strong))
	assert.NotEmpty(t, r.holders("hunter2hunter2"))

	o.Confirm = func(s Secret) bool { return s.Weak != nil }
	_, err = Run(context.Background(), o)
	require.NoError(t, err)
	assert.Empty(t, r.holders("hunter2hunter2"))
}

func TestAcceptedSecretsStay(t *testing.T) {
	r := newRemote(t)
	r.commit("x", map[string]string{"a.txt": keyID(24)})
	r.push()
	o := r.options(t.TempDir())
	o.Scan = scanFor(keyID(24))
	o.Accepted = func(rule, print string) bool {
		return rule == "AWS_ACCESS_KEY" && print == newSecret(o.Key, []byte(keyID(24)), "", "").Fingerprint
	}
	result, err := Run(context.Background(), o)
	require.NoError(t, err)
	assert.Nil(t, result.Plan)
	assert.NotEmpty(t, r.holders(keyID(24)))
}
