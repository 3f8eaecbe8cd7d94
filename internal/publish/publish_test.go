package publish

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/bundle"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
)

var settings = &config.Settings{
	Name: "fleet", Shards: 1, Regions: config.Regions{Home: "eu-west-1", Catalog: []string{"eu-west-1"}},
	Accounts:   config.Accounts{Tools: "111111111111", Catalog: "444444444444"},
	Portfolios: []config.Portfolio{{ID: "base", Name: "Baseline", Accounts: []string{"555555555555"}}},
}

// shelf is a region of Service Catalog in memory, for owner and consumer alike.
type shelf struct {
	exports  map[string]string
	versions map[string][]cloud.ShelvedVersion
	urls     map[string]string
	names    map[string]string // product name -> id
	hidden   map[string]bool   // version ids that consumers do not get to see
	sets     int
}

func (s *shelf) Exports(_ context.Context, stack string) (map[string]string, error) {
	if stack != "fleet-products-0" {
		return nil, errors.New("no shard of that name")
	}
	return s.exports, nil
}

func (s *shelf) Versions(_ context.Context, id string) ([]cloud.ShelvedVersion, error) {
	return s.versions[id], nil
}

func (s *shelf) TemplateURL(_ context.Context, _, version string) (string, error) {
	return s.urls[version], nil
}

func (s *shelf) Set(_ context.Context, id string, v cloud.ShelvedVersion) error {
	s.sets++
	for i := range s.versions[id] {
		if s.versions[id][i].ID == v.ID {
			s.versions[id][i] = v
		}
	}
	return nil
}

func (s *shelf) Named(_ context.Context, name string) ([]cloud.Offer, error) {
	id, ok := s.names[name]
	if !ok {
		return nil, nil
	}
	offer := cloud.Offer{ID: id, Name: name, Paths: []cloud.Path{{ID: "lp", Name: "Baseline"}}}
	for _, v := range s.versions[id] {
		if v.Active && !s.hidden[v.ID] {
			offer.Versions = append(offer.Versions, cloud.OfferedVersion{ID: v.ID, Name: v.Name, Deprecated: v.Deprecated})
		}
	}
	return []cloud.Offer{offer}, nil
}

// world is one product whose version 2 is about to be settled, version 1 deprecated.
func world(t *testing.T) (*shelf, *ledger.Folder, *plan.Plan) {
	t.Helper()
	folder := ledger.Dir(t.TempDir())
	product := ledger.Product{ID: "vpc", Name: "Network", Owner: "o", Portfolios: []string{"base"}, Versions: []ledger.Version{{Version: "1.0.0", Digest: "d1", Commit: "c1"}}}
	require.NoError(t, folder.Append(t.Context(), ledger.Entry{Seq: 1, Kind: ledger.Published, Execution: "e0", Bundle: "b0", Rendering: "r0", Products: []ledger.Product{product}}))
	state, err := ledger.Reduce(must(folder.Entries(t.Context())))
	require.NoError(t, err)
	next := state.Products["vpc"].Clone()
	next.Versions = append(next.Versions, ledger.Version{Version: "2.0.0", Digest: "d2", Commit: "c2"})
	p := &plan.Plan{
		Format: 1, Commit: "c2", Bundle: "b1", LedgerHead: 1, Products: []ledger.Product{next},
		New: []ledger.Ref{{Product: "vpc", Version: "2.0.0"}}, Deprecate: []ledger.Ref{{Product: "vpc", Version: "1.0.0"}},
	}
	return &shelf{
		exports:  map[string]string{"fleet-product-vpc": "prod-1"},
		names:    map[string]string{"Network": "prod-1"},
		versions: map[string][]cloud.ShelvedVersion{"prod-1": {{ID: "pa-1", Name: "1.0.0", Active: true}, {ID: "pa-2", Name: "2.0.0", Active: true}}},
		urls:     map[string]string{"pa-2": settings.TemplateURL("eu-west-1", "d2")},
		hidden:   map[string]bool{},
	}, folder, p
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func settlement(s *shelf, l Ledger, p *plan.Plan) *Settlement {
	return &Settlement{
		Settings: settings, Plan: p, Rendering: "r1", Execution: "e1", Ledger: l,
		ShelfIn: func(string) Shelf { return s }, URLsIn: func(string) Addresses { return s },
		Approval: func(context.Context) (ledger.Approval, error) { return ledger.Approval{By: "arn:reviewer"}, nil },
		Now:      func() time.Time { return time.Unix(0, 0) }, Out: io.Discard,
	}
}

func TestSettleGuidesVersionsAndWritesOneEntry(t *testing.T) {
	s, l, p := world(t)
	require.NoError(t, settlement(s, l, p).Settle(t.Context()))
	require.True(t, s.versions["prod-1"][0].Deprecated)
	require.False(t, s.versions["prod-1"][1].Deprecated)
	entries := must(l.Entries(t.Context()))
	require.Len(t, entries, 2)
	e := entries[1]
	require.Equal(t, ledger.Published, e.Kind)
	require.Equal(t, "arn:reviewer", e.Approval.By)
	require.Equal(t, "r1", e.Rendering)
	require.Len(t, e.Products[0].Versions, 1)
	require.Equal(t, "2.0.0", e.Products[0].Versions[0].Version)
	state, err := ledger.Reduce(entries)
	require.NoError(t, err)
	require.Equal(t, ledger.Deprecated, state.Products["vpc"].Versions[0].Status)

	require.NoError(t, settlement(s, l, p).Settle(t.Context()), "run again")
	require.Len(t, must(l.Entries(t.Context())), 2)
	require.Equal(t, 1, s.sets)
}

func TestSettleFinishesAfterACrash(t *testing.T) {
	s, l, p := world(t)
	crashed := settlement(s, l, p)
	crashed.Approval = func(context.Context) (ledger.Approval, error) { return ledger.Approval{}, errors.New("throttled") }
	require.ErrorContains(t, crashed.Settle(t.Context()), "throttled")
	require.Len(t, must(l.Entries(t.Context())), 1)
	require.NoError(t, settlement(s, l, p).Settle(t.Context()))
	require.Len(t, must(l.Entries(t.Context())), 2)
}

// racing is a ledger to which another publication appends between reading and writing.
type racing struct{ *ledger.Folder }

func (r racing) Append(ctx context.Context, e ledger.Entry) error {
	if err := r.Folder.Append(ctx, ledger.Entry{Seq: e.Seq, Kind: ledger.Guidance, Execution: "other"}); err != nil {
		return err
	}
	return r.Folder.Append(ctx, e)
}

func TestSettleRefusesALedgerThatMoved(t *testing.T) {
	var refusal *Refusal
	s, l, p := world(t)
	err := settlement(s, racing{l}, p).Settle(t.Context())
	require.ErrorAs(t, err, &refusal)
	require.ErrorContains(t, err, "the ledger moved since this was planned")

	s, l, p = world(t)
	require.NoError(t, l.Append(t.Context(), ledger.Entry{Seq: 2, Kind: ledger.Guidance, Execution: "other"}))
	require.ErrorAs(t, settlement(s, l, p).Settle(t.Context()), &refusal)
	require.Zero(t, s.sets, "nothing may be touched")
}

func TestSettleRefusesWhatWasNotPublishedAsPlanned(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*shelf)
		want  string
	}{
		"no product":     {func(s *shelf) { clear(s.exports) }, "product vpc is not published in eu-west-1"},
		"no version":     {func(s *shelf) { s.versions["prod-1"] = s.versions["prod-1"][:1] }, "version 2.0.0 of vpc is not published"},
		"other template": {func(s *shelf) { s.urls["pa-2"] = "https://elsewhere" }, "is published from https://elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			s, l, p := world(t)
			row.spoil(s)
			var refusal *Refusal
			err := settlement(s, l, p).Settle(t.Context())
			require.ErrorAs(t, err, &refusal)
			require.ErrorContains(t, err, row.want)
			require.Len(t, must(l.Entries(t.Context())), 1)
		})
	}
}

func TestSettleWritesNothingWhenNothingChanged(t *testing.T) {
	s, l, p := world(t)
	p.New, p.Deprecate = nil, nil
	p.Products[0].Versions = p.Products[0].Versions[:1]
	quiet := settlement(s, l, p)
	quiet.Rendering = "r0"
	require.NoError(t, quiet.Settle(t.Context()))
	require.Len(t, must(l.Entries(t.Context())), 1)
}

func TestGuidanceAloneIsAGuidanceEntry(t *testing.T) {
	s, l, p := world(t)
	p.New, p.Deprecate, p.Deactivate = nil, nil, []ledger.Ref{{Product: "vpc", Version: "1.0.0"}}
	p.Products[0].Versions = p.Products[0].Versions[:1]
	only := settlement(s, l, p)
	only.Rendering = "r0"
	require.NoError(t, only.Settle(t.Context()))
	require.Equal(t, ledger.Guidance, must(l.Entries(t.Context()))[1].Kind)
	require.False(t, s.versions["prod-1"][0].Active)
}

type putter map[string][]byte

func (p putter) Put(_ context.Context, digest string, body []byte) (bool, error) {
	_, there := p[digest]
	p[digest] = body
	return !there, nil
}

func TestStorePutsCandidatesInEveryRegion(t *testing.T) {
	launched := func(id string, c bundle.Change) bundle.Product {
		return bundle.Product{Product: ledger.Product{ID: id, Versions: []ledger.Version{{Version: "1.0.0", Digest: "d-" + id}}}, Change: c}
	}
	b := &bundle.Bundle{Products: []bundle.Product{launched("new", bundle.NewProduct), launched("old", bundle.Unchanged)}}
	stores := map[string]putter{"a": {}, "b": {"d-new": nil}}
	var out bytes.Buffer
	err := Store(t.Context(), b, func(p bundle.Product) ([]byte, error) { return []byte(p.ID), nil }, func(r string) Putter { return stores[r] }, []string{"a", "b"}, &out)
	require.NoError(t, err)
	require.Equal(t, putter{"d-new": []byte("new")}, stores["a"])
	require.Equal(t, "new 1.0.0 added to the template store of a as templates/d-new.json\nnew 1.0.0 already in the template store of b as templates/d-new.json\n", out.String())
}

func TestExceedsNamesTheCure(t *testing.T) {
	dir := t.TempDir()
	resources := map[string]bool{}
	for i := range 501 {
		resources[`"R`+strings.Repeat("x", i)+`": {}`] = true
	}
	var list []string
	for r := range maps.Keys(resources) {
		list = append(list, r)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "fleet-products-0.template.json"), []byte(`{"Resources": {`+strings.Join(list, ",")+`}}`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "small.template.json"), []byte(`{"Resources": {}}`), 0o600))
	problems, err := Exceeds(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"stack fleet-products-0 has 501 resources, CloudFormation takes 500: raise shards: in fleet.yaml and deploy the pipeline again"}, problems)
}

func versionsOf(product, id, name string) map[string][]cloud.ShelvedVersion {
	return map[string][]cloud.ShelvedVersion{product: {{ID: id, Name: name, Active: true}}}
}
