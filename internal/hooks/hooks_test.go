package hooks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const diff = "# ------------------------ >8 ------------------------\n# Do not modify or remove the line above.\n# Everything below it will be ignored.\ndiff --git a/a b/a\n-secret\n"

func TestOnlyTheDiffThatGitDropsIsCutOffAMessage(t *testing.T) {
	for name, row := range map[string]struct{ message, want string }{
		"no diff":              {"words\n# a comment\n", "words\n# a comment\n"},
		"a diff":               {"words\n" + diff, "words\n"},
		"nothing but a diff":   {diff, ""},
		"in the middle":        {"words " + diff, "words " + diff},
		"not in git's words":   {"words\n# ------------------------ >8 ------------------------\nsecret\n", "words\n# ------------------------ >8 ------------------------\nsecret\n"},
		"another comment sign": {"words\n; ------------------------ >8 ------------------------\n; Do not modify\nx\n", "words\n"},
		"empty":                {"", ""},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, row.want, string(withoutDiff([]byte(row.message)))) })
	}
}

func TestEveryRefOfAPushIsRead(t *testing.T) {
	updates, err := parse("refs/heads/a 1 refs/heads/b 2\nHEAD^{/two words} 3 refs/heads/c 0\n(delete) 0 refs/heads/d 4\n")
	require.NoError(t, err)
	assert.Equal(t, []update{{"refs/heads/a", "1", "refs/heads/b", "2"}, {"HEAD^{/two words}", "3", "refs/heads/c", "0"}, {"(delete)", "0", "refs/heads/d", "4"}}, updates)
	updates, err = parse("")
	require.NoError(t, err)
	assert.Empty(t, updates)
	_, err = parse("refs/heads/a 1\n")
	require.ErrorContains(t, err, "want <local ref>")
}

func TestPathsBecomeOneWordOfAShell(t *testing.T) {
	assert.Equal(t, `'/a b/it'\''s'`, quote("/a b/it's"))
}
