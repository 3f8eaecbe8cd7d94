// Package memory remembers what gates found before, so that unchanged content costs nothing.
//
// Everything is kept below one folder, per program: another build of fleet, with other rules, tools or settings, remembers nothing. Keys are
// digests of content, so nothing is ever stale. A memory that is absent, damaged or cannot be written only makes a check slower: it
// never changes a verdict, and the proofs of life of the tools are not remembered. The pipeline uses none. Start at Open.
package memory

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// keep is how many programs are remembered for.
const keep = 4

// Memory is a folder of what was found; nil remembers nothing.
type Memory struct{ folder string }

// Open makes the memory of a program. Identity is all that a verdict depends on beside content: program, rules and settings.
func Open(folder string, identity ...string) (*Memory, error) {
	m := &Memory{filepath.Join(folder, Key(identity...))}
	if err := os.MkdirAll(m.folder, 0o700); err != nil {
		return nil, fmt.Errorf("memory of checks: %w", err)
	}
	now := time.Now()
	if err := os.Chtimes(m.folder, now, now); err != nil {
		return nil, fmt.Errorf("memory of checks: %w", err)
	}
	return m, forget(folder)
}

// forget removes the memories of programs that were not used for longest.
func forget(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) <= keep {
		return nil
	}
	type used struct {
		name string
		at   time.Time
	}
	var all []used
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() {
			all = append(all, used{e.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b used) int { return b.at.Compare(a.at) })
	for _, old := range all[min(keep, len(all)):] {
		if err := os.RemoveAll(filepath.Join(folder, old.name)); err != nil {
			return fmt.Errorf("memory of checks: %w", err)
		}
	}
	return nil
}

// Key is the digest of parts, which are kept apart.
func Key(parts ...string) string {
	hash := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(hash, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// Recall fills into with what was remembered under key, and says whether there was anything.
func (m *Memory) Recall(key string, into any) bool {
	if m == nil {
		return false
	}
	body, ok := m.read(key + ".json")
	return ok && json.Unmarshal(body, into) == nil
}

// Remember keeps a value under key.
func (m *Memory) Remember(key string, value any) {
	if m == nil {
		return
	}
	if body, err := json.Marshal(value); err == nil {
		m.write(key+".json", body)
	}
}

// Set is a set of ids of one length, such as git objects'.
type Set struct {
	memory *Memory
	name   string
	size   int
	known  map[string]bool
	added  int
}

// Set reads the set of a name, whose ids are size bytes long.
func (m *Memory) Set(name string, size int) *Set {
	s := &Set{memory: m, name: fmt.Sprintf("%s-%d.ids", name, size), size: size, known: map[string]bool{}}
	if m == nil {
		return s
	}
	ids, ok := m.read(s.name)
	if !ok || len(ids)%size != 0 {
		return s
	}
	for id := range slices.Chunk(ids, size) {
		s.known[string(id)] = true
	}
	return s
}

// Has says whether an id, in hexadecimal digits, is in the set.
func (s *Set) Has(id string) bool {
	raw, err := hex.DecodeString(id)
	return err == nil && s.known[string(raw)]
}

// Add puts an id into the set.
func (s *Set) Add(id string) {
	raw, err := hex.DecodeString(id)
	if err == nil && len(raw) == s.size && !s.known[string(raw)] {
		s.known[string(raw)] = true
		s.added++
	}
}

// Save keeps the set, if it grew.
func (s *Set) Save() {
	if s.memory == nil || s.added == 0 {
		return
	}
	ids := make([]byte, 0, len(s.known)*s.size)
	for id := range s.known {
		ids = append(ids, id...)
	}
	s.memory.write(s.name, ids)
}

// read gives a file, unless it is damaged: nothing of that is believed.
func (m *Memory) read(name string) ([]byte, bool) {
	whole, err := os.ReadFile(filepath.Join(m.folder, name))
	if err != nil || len(whole) < sha256.Size {
		return nil, false
	}
	sum, body := whole[:sha256.Size], whole[sha256.Size:]
	return body, sha256.Sum256(body) == [sha256.Size]byte(sum)
}

// write replaces a file as a whole, so that no reader sees half of it.
func (m *Memory) write(name string, body []byte) {
	file, err := os.CreateTemp(m.folder, "new-")
	if err != nil {
		return
	}
	sum := sha256.Sum256(body)
	_, err = file.Write(append(sum[:], body...))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(m.folder, name))
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
}
