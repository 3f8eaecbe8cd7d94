package bundle

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"accountfleet/internal/finding"
	"accountfleet/internal/ledger"
	"accountfleet/internal/manifest"
)

// Limits of one product shard. CloudFormation takes 1 MB of template: 100 products with 30 versions were measured to exceed it.
const (
	ShardProducts = 40
	ShardBytes    = 900_000
)

// Room keeps how full each shard is. A published product stays where it is, because moving it to another stack would delete it.
type Room struct {
	products, bytes []int
}

// NewRoom counts published products. It fails if one lies in a shard that fleet.yaml does not have any more.
func NewRoom(shards int, published []ledger.Product) (*Room, error) {
	r := &Room{products: make([]int, shards), bytes: make([]int, shards)}
	for _, p := range published {
		if p.Shard >= shards {
			return nil, fmt.Errorf("fleet.yaml has shards: %d, but product %s is published in shard %d: a shard cannot be taken away: set shards to %d at least", shards, p.ID, p.Shard, p.Shard+1)
		}
		r.add(p)
	}
	return r, nil
}

func (r *Room) add(p ledger.Product) {
	r.products[p.Shard]++
	r.bytes[p.Shard] += rendered(p)
}

// Place finds a shard for a new product: the one it has if there is room, else the lowest with room. It is false if all are full.
func (r *Room) Place(p *ledger.Product) bool {
	size := rendered(*p)
	candidates := []int{p.Shard}
	for shard := range r.products {
		candidates = append(candidates, shard)
	}
	for _, shard := range candidates {
		if shard < len(r.products) && r.products[shard] < ShardProducts && r.bytes[shard]+size <= ShardBytes {
			p.Shard = shard
			r.add(*p)
			return true
		}
	}
	return false
}

// rendered is an upper estimate, in bytes, of what a product takes in the template of its shard: the product with its output, and for
// each version its name, notes and address in the template store.
func rendered(p ledger.Product) int {
	metadata, _ := json.Marshal(p.Name + p.Description + p.Owner + p.Email + p.URL + p.Support)
	size := 1500 + len(metadata)
	for _, v := range p.Versions {
		notes, _ := json.Marshal(v.Notes)
		size += 450 + len(v.Version) + len(notes)
	}
	return size
}

// shards gives every product its shard: published ones keep theirs, new ones fill up the lowest.
func (b *builder) shards(products []manifest.Product) error {
	sources := map[string]manifest.Product{}
	for _, p := range products {
		sources[p.ID] = p
	}
	var settled []ledger.Product
	for _, id := range slices.Sorted(maps.Keys(b.state.Products)) {
		settled = append(settled, b.state.Products[id].Clone())
	}
	for i := range b.bundle.Products {
		p := &b.bundle.Products[i]
		known := b.state.Products[p.ID]
		if known == nil {
			continue
		}
		p.Shard = known.Shard
		j := slices.IndexFunc(settled, func(s ledger.Product) bool { return s.ID == p.ID })
		if p.Change == NewVersion {
			settled[j].Versions = append(settled[j].Versions, p.Candidate())
		}
	}
	room, err := NewRoom(b.in.Shards, settled)
	if err != nil {
		return err
	}
	for i := range b.bundle.Products {
		p := &b.bundle.Products[i]
		switch {
		case p.Change == NewVersion && room.bytes[p.Shard] > ShardBytes:
			b.report(finding.Error, "SHARD_SIZE", sources[p.ID], "/version", fmt.Sprintf("the stack of product shard %d would grow to %d bytes, more than %d", p.Shard, room.bytes[p.Shard], ShardBytes),
				"shorten the notes, or go on as a new product in another folder")
		case p.Change == NewProduct && !room.Place(&p.Product):
			b.report(finding.Error, "SHARD_FULL", sources[p.ID], "/name", fmt.Sprintf("no product shard has room for another product: each of the %d holds at most %d", b.in.Shards, ShardProducts),
				fmt.Sprintf("ask the platform team to set shards: %d in fleet.yaml and to run cdk deploy", b.in.Shards+1))
		}
	}
	return nil
}
