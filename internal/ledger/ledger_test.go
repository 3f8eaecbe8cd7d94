package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func published(seq int, products ...Product) Entry {
	return Entry{Seq: seq, Kind: Published, Rendering: fmt.Sprint("r", seq), Products: products}
}

func product(id string, shard int, versions ...string) Product {
	p := Product{ID: id, Name: id, Shard: shard}
	for _, v := range versions {
		p.Versions = append(p.Versions, Version{Version: v, Digest: "digest of " + v})
	}
	return p
}

func TestReduceFoldsPublicationsMetadataAndGuidance(t *testing.T) {
	renamed := product("a", 1)
	renamed.Name = "Renamed"
	state, err := Reduce([]Entry{
		published(1, product("a", 1, "1.0.0"), product("b", 0, "2.0.0")),
		published(2, product("a", 1, "1.1.0")),
		published(3, renamed),
		{Seq: 4, Kind: Guidance, Deprecated: []Ref{{"a", "1.0.0"}}},
		{Seq: 5, Kind: Restored, Rendering: "restored", Inactive: []Ref{{"a", "1.1.0"}}},
	})
	require.NoError(t, err)
	assert.Equal(t, 5, state.Head)
	assert.Equal(t, "restored", state.Rendering)
	assert.Equal(t, &Product{ID: "a", Name: "Renamed", Shard: 1, Versions: []Version{
		{Version: "1.0.0", Digest: "digest of 1.0.0", Seq: 1, Status: Deprecated},
		{Version: "1.1.0", Digest: "digest of 1.1.0", Seq: 2, Status: Inactive},
	}}, state.Products["a"])
	v, ok := state.Find(Ref{"b", "2.0.0"})
	assert.True(t, ok)
	assert.Equal(t, Active, v.Status)
	_, ok = state.Find(Ref{"b", "9.0.0"})
	assert.False(t, ok)
}

func TestReduceFollowsTheCommitsOfVersionsThroughRewrites(t *testing.T) {
	rewrite := func(seq int, commits map[string]string) Entry {
		return Entry{Seq: seq, Kind: Rewritten, Rewrite: &Rewrite{Cleansing: "c", Commits: commits}}
	}
	first := published(1, product("a", 0, "1.0.0"), product("b", 0, "1.0.0"))
	first.Products[0].Versions[0].Commit, first.Products[1].Versions[0].Commit = "one", "other"
	rows := []struct {
		name    string
		entries []Entry
		want    string
	}{
		{"once", []Entry{first, rewrite(2, map[string]string{"one": "uno"})}, "uno"},
		{"twice", []Entry{first, rewrite(2, map[string]string{"one": "uno"}), rewrite(3, map[string]string{"uno": "eins"})}, "eins"},
		{"undone", []Entry{first, rewrite(2, map[string]string{"one": "uno"}), rewrite(3, map[string]string{"uno": "one"})}, "one"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			state, err := Reduce(row.entries)
			require.NoError(t, err)
			assert.Equal(t, row.want, state.Products["a"].Versions[0].Commit)
			assert.Equal(t, "other", state.Products["b"].Versions[0].Commit)
			assert.Equal(t, "r1", state.Rendering, "a rewrite changes nothing that is published")
			assert.Equal(t, len(row.entries), state.Head)
			assert.Equal(t, "one", row.entries[0].Products[0].Versions[0].Commit)
		})
	}
}

func TestReduceOfNothingIsEmpty(t *testing.T) {
	state, err := Reduce(nil)
	require.NoError(t, err)
	assert.Zero(t, state.Head)
	assert.Empty(t, state.Products)
}

func TestReduceRefusesALedgerThatContradictsItself(t *testing.T) {
	first := published(1, product("a", 0, "1.0.0"))
	rows := []struct {
		name    string
		entries []Entry
		want    string
	}{
		{"starts late", []Entry{published(2, product("a", 0, "1.0.0"))}, "entry 2 follows entry 0"},
		{"gap", []Entry{first, published(3, product("b", 0, "1.0.0"))}, "entry 3 follows entry 1"},
		{"repeated number", []Entry{first, first}, "entry 1 follows entry 1"},
		{"version twice", []Entry{first, published(2, product("a", 0, "1.0.0"))}, "gets version 1.0.0 twice"},
		{"two versions at once", []Entry{published(1, product("a", 0, "1.0.0", "1.1.0"))}, "2 versions at once"},
		{"shard moves", []Entry{first, published(2, product("a", 1, "1.1.0"))}, "moves from shard 0 to 1"},
		{"shard moves with metadata", []Entry{first, published(2, product("a", 1))}, "moves from shard 0 to 1"},
		{"negative shard", []Entry{published(1, product("a", -1, "1.0.0"))}, "shard -1"},
		{"metadata of nothing", []Entry{published(1, product("a", 0))}, "no version of it was ever published"},
		{"no id", []Entry{published(1, product("", 0, "1.0.0"))}, "no id"},
		{"no digest", []Entry{published(1, Product{ID: "a", Versions: []Version{{Version: "1.0.0"}}})}, "version 1.0.0 without a digest"},
		{"no version", []Entry{published(1, product("a", 0, "one"))}, `gets version "one"`},
		{"foreign sequence", []Entry{published(1, Product{ID: "a", Versions: []Version{{Version: "1.0.0", Digest: "d", Seq: 7}}})}, "of entry 7"},
		{"guidance for unknown product", []Entry{first, {Seq: 2, Kind: Guidance, Deprecated: []Ref{{"x", "1.0.0"}}}}, "product x becomes deprecated, but was never published"},
		{"guidance for unknown version", []Entry{first, {Seq: 2, Kind: Guidance, Inactive: []Ref{{"a", "2.0.0"}}}}, "version 2.0.0 of a becomes inactive, but was never"},
		{"inactive becomes deprecated", []Entry{first, {Seq: 2, Kind: Guidance, Inactive: []Ref{{"a", "1.0.0"}}}, {Seq: 3, Kind: Guidance, Deprecated: []Ref{{"a", "1.0.0"}}}}, "inactive already"},
		{"guidance with products", []Entry{{Seq: 1, Kind: Guidance, Products: []Product{product("a", 0, "1.0.0")}}}, "brings products"},
		{"restore with products", []Entry{{Seq: 1, Kind: Restored, Products: []Product{product("a", 0, "1.0.0")}}}, "brings products"},
		{"rewrite without commits", []Entry{{Seq: 1, Kind: Rewritten, Rewrite: &Rewrite{}}}, "says of no commit what became of it"},
		{"rewrite with nothing", []Entry{{Seq: 1, Kind: Rewritten}}, "says of no commit what became of it"},
		{"rewrite with products", []Entry{{Seq: 1, Kind: Rewritten, Products: []Product{product("a", 0, "1.0.0")}}}, "brings products"},
		{"unknown kind", []Entry{{Seq: 1, Kind: "commits"}}, `unknown kind "commits"`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			state, err := Reduce(row.entries)
			assert.ErrorContains(t, err, row.want)
			assert.Empty(t, state.Products)
		})
	}
}

// Whatever is published, no later entry may take a version away, move a product or rewrite what a version is.
func TestReduceNeverLosesAVersionAndKeepsShards(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		var entries []Entry
		before, err := Reduce(nil)
		require.NoError(t, err)
		for seq := 1; seq <= 12; seq++ {
			entries = append(entries, randomEntry(random, seq, before))
			after, err := Reduce(entries)
			require.NoError(t, err, "seed %d", seed)
			for id, p := range before.Products {
				require.NotNil(t, after.Products[id], "seed %d lost %s", seed, id)
				require.Equal(t, p.Shard, after.Products[id].Shard)
				require.GreaterOrEqual(t, len(after.Products[id].Versions), len(p.Versions))
				for i, v := range p.Versions {
					kept := after.Products[id].Versions[i]
					kept.Status = v.Status
					require.Equal(t, v, kept, "seed %d", seed)
				}
			}
			before = after
		}
	}
}

// randomEntry is a valid next entry after state.
func randomEntry(random *rand.Rand, seq int, state State) Entry {
	id := fmt.Sprint("p", random.IntN(4))
	known := state.Products[id]
	if known == nil {
		return published(seq, product(id, random.IntN(3), "0.0.0"))
	}
	ref := Ref{id, known.Versions[random.IntN(len(known.Versions))].Version}
	switch random.IntN(4) {
	case 0:
		return Entry{Seq: seq, Kind: Guidance, Inactive: []Ref{ref}}
	case 1:
		return published(seq, product(id, known.Shard))
	default:
		return published(seq, product(id, known.Shard, fmt.Sprintf("0.0.%d", len(known.Versions))))
	}
}

func TestReduceLeavesEntriesAlone(t *testing.T) {
	entries := []Entry{published(1, product("a", 0, "1.0.0")), {Seq: 2, Kind: Guidance, Inactive: []Ref{{"a", "1.0.0"}}}}
	_, err := Reduce(entries)
	require.NoError(t, err)
	assert.Equal(t, Version{Version: "1.0.0", Digest: "digest of 1.0.0"}, entries[0].Products[0].Versions[0])
}

func TestDirKeepsEntriesInOrder(t *testing.T) {
	l := Dir(filepath.Join(t.TempDir(), "new"))
	entries, err := l.Entries(t.Context())
	require.NoError(t, err)
	assert.Empty(t, entries)
	for seq := 1; seq <= 11; seq++ {
		require.NoError(t, l.Append(t.Context(), published(seq, product(fmt.Sprint("p", seq), 0, "1.0.0"))))
	}
	entries, err = l.Entries(t.Context())
	require.NoError(t, err)
	require.Len(t, entries, 11)
	assert.Equal(t, 11, entries[10].Seq)
}

func TestDirRefusesWhenTheLedgerMoved(t *testing.T) {
	l := Dir(t.TempDir())
	require.NoError(t, l.Append(t.Context(), published(1)))
	assert.ErrorIs(t, l.Append(t.Context(), published(1)), ErrMoved)
	assert.ErrorIs(t, l.Append(t.Context(), published(3)), ErrMoved)
	entries, err := l.Entries(t.Context())
	require.NoError(t, err)
	assert.Len(t, entries, 1)
}

func TestDirLetsOneOfManyWritersWin(t *testing.T) {
	path := t.TempDir()
	errs := make([]error, 16)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			errs[i] = Dir(path).Append(context.Background(), published(1, product(fmt.Sprint("p", i), 0, "1.0.0")))
		})
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			assert.True(t, errors.Is(err, ErrMoved), err)
		}
	}
	assert.Equal(t, 1, won)
	left, err := filepath.Glob(filepath.Join(path, "ledger", ".entry-*"))
	require.NoError(t, err)
	assert.Empty(t, left, "nothing half-written may stay")
}

func TestDirNoticesAMissingOrDamagedEntry(t *testing.T) {
	path := t.TempDir()
	for seq := 1; seq <= 3; seq++ {
		require.NoError(t, Dir(path).Append(t.Context(), published(seq)))
	}
	require.NoError(t, os.Remove(filepath.Join(path, Key(2))))
	_, err := Dir(path).Entries(t.Context())
	assert.ErrorContains(t, err, "holds entry 3 where 2 belongs")
	require.NoError(t, os.WriteFile(filepath.Join(path, Key(2)), []byte("{"), 0o644))
	_, err = Dir(path).Entries(t.Context())
	assert.ErrorContains(t, err, "00000002.json")
}
