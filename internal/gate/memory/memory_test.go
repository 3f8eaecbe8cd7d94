package memory

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsRememberedBelongsToOneProgram(t *testing.T) {
	folder := t.TempDir()
	m, err := Open(folder, "program", "settings")
	require.NoError(t, err)
	m.Remember("a", []string{"x"})
	again, err := Open(folder, "program", "settings")
	require.NoError(t, err)
	var got []string
	assert.True(t, again.Recall("a", &got))
	assert.Equal(t, []string{"x"}, got)
	assert.False(t, again.Recall("b", &got))
	other, err := Open(folder, "program", "other settings")
	require.NoError(t, err)
	assert.False(t, other.Recall("a", &got))
	assert.NotEqual(t, Key("ab", "c"), Key("a", "bc"))
}

func TestSetsKeepIds(t *testing.T) {
	m, err := Open(t.TempDir(), "p")
	require.NoError(t, err)
	id, other := strings.Repeat("ab", 20), strings.Repeat("cd", 20)
	s := m.Set("objects", 20)
	assert.False(t, s.Has(id))
	s.Add(id)
	s.Add("no id")
	s.Save()
	again := m.Set("objects", 20)
	assert.True(t, again.Has(id))
	assert.False(t, again.Has(other))
	assert.False(t, again.Has("no id"))
	assert.False(t, m.Set("objects", 32).Has(id))
}

func TestADamagedMemoryIsNotBelieved(t *testing.T) {
	folder := t.TempDir()
	m, err := Open(folder, "p")
	require.NoError(t, err)
	id := strings.Repeat("ab", 20)
	s := m.Set("objects", 20)
	s.Add(id)
	s.Save()
	m.Remember("a", "x")
	require.NoError(t, filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			body, _ := os.ReadFile(path)
			body[len(body)-1] ^= 1
			return os.WriteFile(path, body, 0o600)
		}
		return err
	}))
	assert.False(t, m.Set("objects", 20).Has(id))
	var text string
	assert.False(t, m.Recall("a", &text))
}

func TestNilRemembersNothing(t *testing.T) {
	var m *Memory
	m.Remember("a", 1)
	var n int
	assert.False(t, m.Recall("a", &n))
	s := m.Set("objects", 20)
	s.Add(strings.Repeat("ab", 20))
	s.Save()
	assert.True(t, s.Has(strings.Repeat("ab", 20)))
}

func TestOldProgramsAreForgotten(t *testing.T) {
	folder := t.TempDir()
	for i := range keep + 3 {
		m, err := Open(folder, fmt.Sprint(i))
		require.NoError(t, err)
		at := time.Now().Add(time.Duration(i-100) * time.Hour)
		require.NoError(t, os.Chtimes(m.folder, at, at))
	}
	last, err := Open(folder, "last")
	require.NoError(t, err)
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, keep)
	assert.DirExists(t, last.folder)
}
