package unattended

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/cleanse"
	"accountfleet/internal/config"
	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/ledger"
)

// leak is a key that nobody has; it is put together here so that no file holds it.
var leak = "AKIA" + "Q3EGRZ7TNPWLYM4D"

// world is a repository with a leak, and everything that a cleansing tells.
type world struct {
	t        *testing.T
	remote   string
	store    cleanse.Folder
	ledger   *ledger.Folder
	subjects []string
	texts    []string
	released int
	barrier  *barrier
	fail     map[string]error // step -> what goes wrong
	scan     [][]byte         // values to look for; default: what the secrets gate finds
	out      strings.Builder
	progress strings.Builder // of the cleansing, in the build's log
	keys     cleanse.Keys    // default none: people are told
}

type barrier struct {
	asked []string
	fails error
}

func (b *barrier) Close(context.Context) error { b.asked = append(b.asked, "close"); return b.fails }
func (b *barrier) Open(context.Context) error  { b.asked = append(b.asked, "open"); return nil }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, remote: filepath.Join(t.TempDir(), "remote.git"), store: cleanse.Folder(filepath.Join(t.TempDir(), "store")),
		ledger: ledger.Dir(t.TempDir()), barrier: &barrier{}, fail: map[string]error{}}
	w.git(".", "init", "-q", "--bare", "-b", "main", w.remote)
	w.push(map[string]string{"README.md": "a catalog\n"}, map[string]string{"key.txt": "id: " + leak + "\n"}, map[string]string{"key.txt": "gone\n"})
	return w
}

func (w *world) git(dir string, args ...string) string {
	w.t.Helper()
	c := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgSign=false"}, args...)...)
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	output, err := c.CombinedOutput()
	require.NoError(w.t, err, "git %v: %s", args, output)
	return strings.TrimSpace(string(output))
}

// push makes one commit for each set of files on top of what the remote has.
func (w *world) push(commits ...map[string]string) {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "clone")
	w.git(".", "clone", "-q", w.remote, dir)
	w.git(dir, "checkout", "-q", "-B", "main")
	for _, files := range commits {
		gatetest.Write(w.t, dir, files)
		w.git(dir, "add", "-A")
		w.git(dir, "commit", "-q", "-m", "change")
	}
	w.git(dir, "push", "-q", "origin", "main")
}

func (w *world) head() string { return w.git(w.remote, "rev-parse", "main") }

// holds says whether any object of the remote that a ref leads to holds the secret.
func (w *world) holds() bool {
	for _, line := range strings.Split(w.git(w.remote, "rev-list", "--objects", "--all", "--no-object-names"), "\n") {
		if w.git(w.remote, "cat-file", "-t", line) == "blob" && strings.Contains(w.git(w.remote, "cat-file", "blob", line), leak) {
			return true
		}
	}
	return false
}

func (w *world) run(command, cleansing string) error {
	w.t.Helper()
	s := &config.Settings{Name: "fleet", Regions: config.Regions{Home: "eu-west-1"}, Accounts: config.Accounts{Tools: "111111111111"},
		Source: config.Source{Repository: "fleet-catalog", Branch: "main"}, Cleansing: config.CleanseAutomatically, LeakedAccessKeys: config.ReportKeys}
	if w.keys != nil {
		s.LeakedAccessKeys = config.DeactivateKeys
	}
	return Run(w.t.Context(), Options{
		Settings: s, Command: command, Execution: "e1", Cleansing: cleansing, Now: time.Now, Out: &w.out, Ledger: w,
		Cleanse: cleanse.Options{Remote: w.remote, Locate: gatetest.Locate, Key: []byte("key"), Store: w.store, Barrier: w.barrier, Values: w.scan,
			Keys: w.keys, Progress: &w.progress},
		Copies: func(_ context.Context, concerned func(string) bool) ([]Copy, error) {
			return []Copy{{Execution: "e0", Address: "s3://a/Package", Removed: true}, {Execution: "e0", Address: "s3://a/Plan"}}, w.fail["copies"]
		},
		Notify: func(_ context.Context, subject, text string) error {
			w.subjects, w.texts = append(w.subjects, subject), append(w.texts, text)
			return w.fail["notify"]
		},
		Release: func(context.Context) (string, error) { w.released++; return "e2", w.fail["release"] },
	})
}

// Entries and Append are the world's ledger, which may be out of reach.
func (w *world) Entries(ctx context.Context) ([]ledger.Entry, error) { return w.ledger.Entries(ctx) }

func (w *world) Append(ctx context.Context, e ledger.Entry) error {
	if err := w.fail["ledger"]; err != nil {
		return err
	}
	return w.ledger.Append(ctx, e)
}

func (w *world) entries() []ledger.Entry {
	w.t.Helper()
	entries, err := w.ledger.Entries(w.t.Context())
	require.NoError(w.t, err)
	return entries
}

// quiet fails if anything that people or logs are told holds the secret.
func (w *world) quiet() {
	w.t.Helper()
	for _, text := range append(w.texts, append(w.subjects, w.out.String(), w.progress.String())...) {
		assert.NotContains(w.t, text, leak)
		assert.NotContains(w.t, text, leak[4:12])
	}
}

func TestALeakIsPurgedRecordedToldAndThePipelineStartsAgain(t *testing.T) {
	w := newWorld(t)
	old := w.head()
	require.NoError(t, w.run("run", ""))
	assert.False(t, w.holds())
	assert.NotEqual(t, old, w.head())
	assert.Equal(t, []string{"close", "open"}, w.barrier.asked)

	entries := w.entries()
	require.Len(t, entries, 1)
	assert.Equal(t, ledger.Rewritten, entries[0].Kind)
	assert.Equal(t, "e1", entries[0].Execution)
	assert.Equal(t, w.head(), entries[0].Rewrite.Commits[old])
	assert.Len(t, entries[0].Rewrite.Commits, 2, "the commit before the leak keeps its id")
	assert.Len(t, entries[0].Rewrite.Fingerprints, 1)
	_, err := ledger.Reduce(entries)
	assert.NoError(t, err)

	assert.Equal(t, []string{"fleet: 1 secret was purged from fleet-catalog: act now"}, w.subjects)
	for _, want := range []string{
		"ROTATE NOW", "aws iam update-access-key", "key.txt", "git clone https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/fleet-catalog",
		"refs/heads/main " + old + " -> " + w.head(), "removed: s3://a/Package", "look at: s3://a/Plan", "logs /aws/codebuild/fleet-*", "readable by their ids",
		`aws events put-events --region eu-west-1 --entries '[{"Detail":"{\"cleansing\":\"` + entries[0].Rewrite.Cleansing + `\",\"command\":\"undo\"`,
	} {
		assert.Contains(t, w.texts[0], want)
	}
	assert.Equal(t, 1, w.released)
	w.quiet()

	require.NoError(t, w.run("run", ""), "a second event finds nothing")
	assert.Len(t, w.entries(), 1)
	assert.Len(t, w.subjects, 1)
	assert.Equal(t, 1, w.released)
	assert.Contains(t, w.out.String(), "no secret is in the history")
}

func TestTheSameSecretTwiceStopsAndAlertsUntilAReviewerDecides(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.run("run", ""))
	w.push(map[string]string{"again.txt": "id: " + leak + "\n"})
	back := w.head()
	err := w.run("run", "")
	var stopped *StoppedError
	require.ErrorAs(t, err, &stopped)
	assert.Equal(t, back, w.head(), "nothing was changed")
	assert.Equal(t, "fleet: a secret that was purged is back in fleet-catalog", w.subjects[1])
	assert.Contains(t, w.texts[1], `\"cleansing\":\"again\",\"command\":\"run\"`)
	assert.Contains(t, w.texts[1], "again.txt")
	assert.Len(t, w.subjects, 2, "people are told once")
	assert.Equal(t, 1, w.released)
	require.NoError(t, w.run("run", "again"))
	assert.False(t, w.holds())
	assert.Len(t, w.entries(), 2)
	w.quiet()
}

func TestAShortValueWaitsForAReviewerWhoConfirmsIt(t *testing.T) {
	w := newWorld(t)
	w.push(map[string]string{"door.txt": "code 7391\n"})
	w.scan = [][]byte{[]byte("7391")}
	old := w.head()
	var stopped *StoppedError
	require.ErrorAs(t, w.run("run", ""), &stopped)
	assert.Equal(t, old, w.head())
	assert.Equal(t, []string{"fleet: a person must look at values in fleet-catalog"}, w.subjects)
	offered := regexp.MustCompile(`\\"cleansing\\":\\"([0-9a-f]{12})\\"`)
	word := offered.FindStringSubmatch(w.texts[0])
	require.Len(t, word, 2, w.texts[0])
	assert.Contains(t, w.texts[0], "may be no secret elsewhere: it is shorter than 16 characters")
	require.NoError(t, w.run("plan", ""))
	assert.Equal(t, word, offered.FindStringSubmatch(w.texts[1]), "one decision is enough where a reviewer is asked at once")
	require.ErrorAs(t, w.run("run", "approved"), &stopped, "a decision without the fingerprint confirms nothing")
	require.NoError(t, w.run("run", word[1]))
	assert.NotContains(t, w.git(w.remote, "show", "main:door.txt"), "7391")
	assert.Len(t, w.entries(), 1)
	for _, text := range w.texts {
		assert.NotContains(t, text, "code 7391")
	}
}

func TestAReviewerHasOrdinaryValuesStayAndTheOthersPurged(t *testing.T) {
	w := newWorld(t)
	w.push(map[string]string{"door.txt": "code 7391\n"})
	w.scan = [][]byte{[]byte("7391"), []byte(leak)}
	require.NoError(t, w.run("run", "only-strong"))
	assert.Equal(t, "code 7391", w.git(w.remote, "show", "main:door.txt"))
	assert.False(t, w.holds())
}

func TestUndoBringsTheOldHistoryBackAndDoesNotStartThePipeline(t *testing.T) {
	w := newWorld(t)
	old := w.head()
	require.NoError(t, w.run("run", ""))
	fresh, id := w.head(), w.entries()[0].Rewrite.Cleansing
	require.NoError(t, w.run("undo", id))
	assert.Equal(t, old, w.head())
	entries := w.entries()
	require.Len(t, entries, 2)
	assert.True(t, entries[1].Rewrite.Undo)
	assert.Equal(t, old, entries[1].Rewrite.Commits[fresh])
	assert.Equal(t, "fleet: a purge of fleet-catalog was undone", w.subjects[1])
	assert.Equal(t, 1, w.released, "its scan would find the secret and start a cleansing")
	var stopped *StoppedError
	require.ErrorAs(t, w.run("run", ""), &stopped, "what a person undid is not done again by itself")
	w.quiet()
}

func TestAPlanTellsAndChangesNothing(t *testing.T) {
	w := newWorld(t)
	old := w.head()
	require.NoError(t, w.run("plan", ""))
	assert.Equal(t, old, w.head())
	assert.Empty(t, w.entries())
	assert.Empty(t, w.barrier.asked)
	assert.Zero(t, w.released)
	assert.Equal(t, []string{"fleet: a purge of fleet-catalog waits for a reviewer"}, w.subjects)
	assert.Contains(t, w.texts[0], "2 of 3 commits get another id")
	assert.Contains(t, w.texts[0], `\"cleansing\":\"approved\",\"command\":\"run\",\"execution\":\"e1\"`)
	w.quiet()
}

func TestWhatGoesWrongAfterwardsIsToldAndMadeUpForByTheNextRun(t *testing.T) {
	for _, step := range []string{"ledger", "copies", "notify", "release"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t)
			old := w.head()
			w.fail[step] = errors.New("out of reach")
			require.ErrorContains(t, w.run("run", ""), "out of reach")
			assert.False(t, w.holds(), "the purge itself is done")
			assert.Equal(t, "open", w.barrier.asked[len(w.barrier.asked)-1])
			delete(w.fail, step)
			if step != "ledger" {
				assert.Len(t, w.entries(), 1)
				return
			}
			assert.Contains(t, w.texts[0], "WHAT WENT WRONG AFTERWARDS")
			require.NoError(t, w.run("run", ""))
			require.Len(t, w.entries(), 1)
			assert.Equal(t, w.head(), w.entries()[0].Rewrite.Commits[old])
			assert.Contains(t, w.texts[len(w.texts)-1], "found by an earlier run")
			w.quiet()
		})
	}
}

func TestAFailureSaysHowToGoOnAndHowToThaw(t *testing.T) {
	w := newWorld(t)
	w.remote += "-missing"
	require.Error(t, w.run("run", ""))
	require.Len(t, w.subjects, 1)
	assert.Equal(t, "fleet: secrets could not be purged from fleet-catalog", w.subjects[0])
	assert.Contains(t, w.texts[0], "aws codecommit untag-resource --resource-arn arn:aws:codecommit:eu-west-1:111111111111:fleet-catalog --tag-keys fleet-frozen")
	assert.Contains(t, w.texts[0], "aws events enable-rule --name fleet-push")
	assert.ErrorContains(t, w.run("sweep", ""), "want plan, run or undo")
}

func TestRoundsOfARunAreOneRewrite(t *testing.T) {
	runs := together([]*cleanse.Journal{
		{Run: "r", State: cleanse.Done, Commits: map[string]string{"a": "a1", "b": "b1"}, Fingerprints: []string{"f"},
			Changes: []cleanse.Change{{Ref: "refs/heads/main", Old: "b", New: "b1"}}},
		{Run: "r", State: cleanse.Abandoned, Commits: map[string]string{"x": "y"}},
		{Run: "r", State: cleanse.Done, Commits: map[string]string{"b1": "b2", "c": "c2"}, Fingerprints: []string{"f", "g"},
			Changes: []cleanse.Change{{Ref: "refs/heads/main", Old: "b1", New: "c2"}, {Ref: "refs/heads/new", Old: "c", New: "c2"}}},
		{Run: "s", State: cleanse.Pushing, Commits: map[string]string{"q": "r"}},
	})
	require.Len(t, runs, 1)
	assert.Equal(t, map[string]string{"a": "a1", "b": "b2", "c": "c2"}, runs[0].commits)
	assert.Equal(t, []string{"f", "g"}, runs[0].fingerprints)
	assert.Equal(t, []cleanse.Change{{Ref: "refs/heads/main", Old: "b", New: "c2"}, {Ref: "refs/heads/new", Old: "c", New: "c2"}}, runs[0].changes)
}
