package unattended

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// foreign is the id of a key of an account that the fleet does not know; it is put together here so that no file holds it.
var foreign = "AKIA" + "T5WZJQ4CRPNXK2VH"

// ring is what knows one key. Like AWS it quotes whatever it is asked for.
type ring struct {
	head  func() string // of the repository
	asked []string      // the repository's head at each question
}

func (k *ring) Deactivate(_ context.Context, id string) (string, error) {
	k.asked = append(k.asked, k.head())
	if id != leak {
		return "", errors.New("its id names account 999999999999: AccessDenied: access key " + id + ": an administrator of that account must deactivate it")
	}
	return "key of user deployer of account 222222222222 is inactive, " + id, nil
}

// paragraph is the part of a notice that begins with a headline.
func paragraph(t *testing.T, text, headline string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n"+headline)
	require.True(t, found, "%s is not in %s", headline, text)
	own, _, _ := strings.Cut(rest, "\n\n")
	return own
}

func TestAccessKeysAreDeactivatedBeforeThePushAndNoneOfThemStopsIt(t *testing.T) {
	w := newWorld(t)
	keys := &ring{head: w.head}
	w.keys = keys
	w.push(map[string]string{"other.txt": "id: " + foreign + "\n"}, map[string]string{"other.txt": "gone\n"})
	old := w.head()
	require.NoError(t, w.run("run", ""))
	assert.Equal(t, []string{old, old}, keys.asked, "before anything was pushed")
	assert.False(t, w.holds())
	told := strings.Split(strings.TrimSpace(paragraph(t, w.texts[0], "ACCESS KEYS among them")), "\n")
	require.Len(t, told, 5, "%q", told)
	assert.Regexp(t, `^  [0-9a-f]{12}: could not be deactivated: its id names account 999999999999: AccessDenied: access key \(the key\): an administrator of that account must`,
		told[1], "what people must do stands first")
	assert.Regexp(t, `^  [0-9a-f]{12}: key of user deployer of account 222222222222 is inactive`, told[2])
	for _, line := range told[1:3] {
		assert.Contains(t, w.texts[0], "fingerprint "+line[2:14], "it is one of the secrets above")
		assert.Contains(t, w.progress.String(), line[2:], "the build's log says it too")
	}
	assert.Contains(t, strings.Join(told[3:], "\n"), "aws iam update-access-key --user-name USER --access-key-id ID --status Active")
	quietAbout(t, w, foreign)
	w.quiet()
}

func quietAbout(t *testing.T, w *world, id string) {
	t.Helper()
	for _, text := range append(w.texts, append(w.subjects, w.out.String(), w.progress.String())...) {
		assert.NotContains(t, text, id)
		assert.NotContains(t, text, id[4:12])
	}
}

func TestPeopleAreToldOfAccessKeysAlsoWhereThePurgeFailsAfterwards(t *testing.T) {
	w := newWorld(t)
	w.keys = &ring{head: w.head}
	w.barrier.fails = errors.New("no freeze")
	require.ErrorContains(t, w.run("run", ""), "no freeze")
	assert.Equal(t, "fleet: secrets could not be purged from fleet-catalog", w.subjects[0])
	assert.Contains(t, paragraph(t, w.texts[0], "ACCESS KEYS among them"), "key of user deployer of account 222222222222 is inactive")
	w.quiet()
}

func TestAPlanSaysThatKeysWillBeDeactivatedAndDeactivatesNone(t *testing.T) {
	w := newWorld(t)
	keys := &ring{head: w.head}
	w.keys = keys
	require.NoError(t, w.run("plan", ""))
	assert.Empty(t, keys.asked)
	assert.Contains(t, w.texts[0], "a purge deactivates access keys among them first")
}

func TestWithoutTheRoleNothingIsSaidOfDeactivation(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.run("plan", ""))
	require.NoError(t, w.run("run", ""))
	for _, text := range w.texts {
		assert.NotContains(t, text, "ACCESS KEYS")
		assert.NotContains(t, text, "deactivates")
	}
}

func TestARunThatAnotherBuildFinishedSaysWhereItsKeysAreToldOf(t *testing.T) {
	w := newWorld(t)
	w.keys = &ring{head: w.head}
	w.fail["ledger"] = errors.New("out of reach")
	require.ErrorContains(t, w.run("run", ""), "out of reach")
	delete(w.fail, "ledger")
	require.NoError(t, w.run("run", ""))
	assert.Contains(t, w.texts[len(w.texts)-1], "the log of the build that purged them says which were deactivated")
}

func TestAnUndoneRunLeavesItsKeysInactive(t *testing.T) {
	w := newWorld(t)
	keys := &ring{head: w.head}
	w.keys = keys
	require.NoError(t, w.run("run", ""))
	require.NoError(t, w.run("undo", w.entries()[0].Rewrite.Cleansing))
	assert.Len(t, keys.asked, 1)
	assert.Contains(t, w.texts[1], "Access keys that were deactivated stay so")
}

// silent never answers.
type silent struct{}

func (silent) Deactivate(ctx context.Context, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

func TestAnAnswerThatDoesNotComeStopsNoPurge(t *testing.T) {
	done, err := lenient{silent{}, time.Millisecond}.Deactivate(t.Context(), foreign)
	require.NoError(t, err)
	assert.Equal(t, stillActive+"context deadline exceeded", done)
}

func TestOfManyKeysThoseThatStayActiveAreListedFirst(t *testing.T) {
	p := &page{}
	rotated := make([]string, most+1)
	for i := range rotated {
		rotated[i] = "fingerprint: key of user u is inactive"
	}
	p.keys(append(rotated, "fingerprint: "+stillActive+"no role"))
	lines := strings.Split(p.String(), "\n")
	assert.Contains(t, lines[2], stillActive)
	assert.Contains(t, p.String(), "and 2 more")
}
