package bundle

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/ledger"
	"accountfleet/internal/manifest"
)

func TestNewProductsFillTheLowestShardAndOldOnesStay(t *testing.T) {
	var products []manifest.Product
	for i := range ShardProducts + 1 {
		products = append(products, product(fmt.Sprintf("p%02d", i), "1.0.0", "x"))
	}
	b := build(t, catalog(products...), published(t))
	for i, p := range b.Products {
		assert.Equal(t, i/ShardProducts, p.Shard, p.ID)
	}

	stays := ledger.Entry{Seq: 1, Kind: ledger.Published, Products: []ledger.Product{{
		ID: "p00", Name: "Product p00", Shard: 1, Versions: []ledger.Version{{Version: "1.0.0", Digest: products[0].Template.Digest}},
	}}}
	b = build(t, catalog(products[:3]...), reduce(t, stays))
	assert.Equal(t, []int{1, 0, 0}, []int{b.Products[0].Shard, b.Products[1].Shard, b.Products[2].Shard})
}

func TestFullShardsSayThatAnotherIsNeeded(t *testing.T) {
	var products []manifest.Product
	for i := range 2*ShardProducts + 1 {
		products = append(products, product(fmt.Sprintf("p%02d", i), "1.0.0", "x"))
	}
	b, findings, err := Build(catalog(products...), published(t), input())
	require.NoError(t, err)
	assert.Nil(t, b)
	require.Len(t, findings, 1)
	assert.Equal(t, "SHARD_FULL", findings[0].Rule)
	assert.Contains(t, findings[0].Cure, "set shards: 3 in fleet.yaml")
}

func TestShardsAreBoundByTheSizeOfTheirTemplate(t *testing.T) {
	long := strings.Repeat("x", 8000)
	var entries []ledger.Entry
	for i := range 99 {
		entries = append(entries, ledger.Entry{Seq: i + 1, Kind: ledger.Published, Products: []ledger.Product{{
			ID: "a", Name: "Product a", Versions: []ledger.Version{{Version: fmt.Sprintf("1.%d.0", i), Digest: "d", Notes: long}},
		}}})
	}
	big := product("b", "1.0.0", "x")
	big.Description, big.Notes = long, long
	b := build(t, catalog(big), reduce(t, entries...))
	assert.Equal(t, 0, b.Products[0].Shard, "850 KB and 17 KB fit")

	for i := range 8 {
		entries = append(entries, ledger.Entry{Seq: 100 + i, Kind: ledger.Published, Products: []ledger.Product{{
			ID: fmt.Sprint("c", i), Name: fmt.Sprint("C", i), Versions: []ledger.Version{{Version: "1.0.0", Digest: "d", Notes: long}},
		}}})
	}
	b = build(t, catalog(big), reduce(t, entries...))
	assert.Equal(t, 1, b.Products[0].Shard, "the first shard is full")
}

func TestAShardCannotBeTakenAway(t *testing.T) {
	st := reduce(t, ledger.Entry{Seq: 1, Kind: ledger.Published, Products: []ledger.Product{{ID: "a", Shard: 2, Versions: []ledger.Version{{Version: "1.0.0", Digest: "d"}}}}})
	_, _, err := Build(catalog(), st, input())
	assert.ErrorContains(t, err, "shards: 2, but product a is published in shard 2")
	assert.ErrorContains(t, err, "set shards to 3 at least")
}
