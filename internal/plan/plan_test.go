package plan

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/bundle"
	"accountfleet/internal/config"
	"accountfleet/internal/finding"
	"accountfleet/internal/ledger"
	"accountfleet/internal/manifest"
)

var settings = &config.Settings{Shards: 2}

func product(id, version, digest string) manifest.Product {
	return manifest.Product{
		ID: id, Name: "Product " + id, Owner: "Owner", Version: version, Portfolios: []string{"security"}, Scope: manifest.ScopeAccount,
		Template: manifest.Template{Digest: digest, Doc: map[string]any{}},
	}
}

func build(t *testing.T, st ledger.State, products ...manifest.Product) *bundle.Bundle {
	t.Helper()
	b, findings, err := bundle.Build(&manifest.Catalog{Products: products}, st, bundle.Input{
		Commit: "c", Shards: settings.Shards,
		Permissions: func(p manifest.Product) ([]ledger.Permission, error) {
			return []ledger.Permission{{Sid: "S", Actions: []string{"s3:" + p.Template.Digest}, Resources: []string{"*"}}}, nil
		},
	})
	require.NoError(t, err)
	require.NotNil(t, b, findings)
	return b
}

func reduce(t *testing.T, entries ...ledger.Entry) ledger.State {
	t.Helper()
	st, err := ledger.Reduce(entries)
	require.NoError(t, err)
	return st
}

func plan(t *testing.T, b *bundle.Bundle, st ledger.State) *Plan {
	t.Helper()
	p, err := Make(settings, b, st)
	require.NoError(t, err)
	return p
}

// publish carries out what a push of products would publish after entries.
func publish(t *testing.T, entries []ledger.Entry, products ...manifest.Product) []ledger.Entry {
	t.Helper()
	st := reduce(t, entries...)
	return append(entries, plan(t, build(t, st, products...), st).Entry())
}

func versions(p *Plan) map[string][]string {
	all := map[string][]string{}
	for _, product := range p.Products {
		for _, v := range product.Versions {
			all[product.ID] = append(all[product.ID], v.Version)
		}
	}
	return all
}

func TestPlanIsTheUnionOfLedgerAndBundle(t *testing.T) {
	entries := publish(t, nil, product("a", "1.0.0", "a1"), product("gone", "1.0.0", "g1"))
	st := reduce(t, entries...)
	p := plan(t, build(t, st, product("a", "1.1.0", "a2"), product("b", "1.0.0", "b1")), st)
	assert.Equal(t, map[string][]string{"a": {"1.0.0", "1.1.0"}, "b": {"1.0.0"}, "gone": {"1.0.0"}}, versions(p))
	assert.Equal(t, []ledger.Ref{{Product: "a", Version: "1.1.0"}, {Product: "b", Version: "1.0.0"}}, p.New)
	assert.Equal(t, st.Head, p.LedgerHead)
	assert.False(t, p.Empty())
}

func TestVersionPublishedAfterAlphaIsNotLost(t *testing.T) {
	first := publish(t, nil, product("a", "1.0.0", "a1"))
	slow := build(t, reduce(t, first...), product("a", "1.0.0", "a1"), product("b", "1.0.0", "b1"))
	moved := publish(t, first, product("a", "1.1.0", "a2"), product("c", "1.0.0", "c1"))
	p := plan(t, slow, reduce(t, moved...))
	assert.Equal(t, map[string][]string{"a": {"1.0.0", "1.1.0"}, "b": {"1.0.0"}, "c": {"1.0.0"}}, versions(p))
	assert.Equal(t, 2, p.LedgerHead)
	assert.Equal(t, []ledger.Ref{{Product: "b", Version: "1.0.0"}}, p.New)
}

func TestVersionThatAnotherExecutionPublishedIsNotNewAgain(t *testing.T) {
	b := build(t, reduce(t), product("a", "1.0.0", "a1"))
	st := reduce(t, publish(t, nil, product("a", "1.0.0", "a1"))...)
	p := plan(t, b, st)
	assert.Empty(t, p.New)
	assert.True(t, p.Empty())
}

func TestNoChangeIsAnEmptyPlan(t *testing.T) {
	st := reduce(t, publish(t, nil, product("a", "1.0.0", "a1"))...)
	p := plan(t, build(t, st, product("a", "1.0.0", "a1")), st)
	assert.True(t, p.Empty())
	assert.Empty(t, p.Gamma.Products)
	assert.Empty(t, p.Entry().Products)
}

func TestMakeRefusesWhatDoesNotFit(t *testing.T) {
	entries := publish(t, nil, product("a", "1.0.0", "a1"))
	st := reduce(t, entries...)
	elsewhere := reduce(t, publish(t, nil, product("x", "1.0.0", "x1"))...)
	unknown := build(t, st, product("a", "1.0.0", "a1"))
	unknown.Products[0].Change = "other"
	guided := product("a", "1.0.0", "a1")
	guided.Inactive = []string{"1.0.0"}
	crowd := make([]manifest.Product, 2*bundle.ShardProducts)
	for i := range crowd {
		crowd[i] = product(fmt.Sprintf("crowd%02d", i), "1.0.0", "d")
	}
	rows := []struct {
		name   string
		bundle *bundle.Bundle
		st     ledger.State
		want   string
	}{
		{"ledger lost entries", build(t, st, product("a", "1.0.0", "a1")), reduce(t), "built on ledger entry 1, but the ledger ends at 0"},
		{"same version published with another template", build(t, reduce(t), product("a", "1.0.0", "other")), st, "version 1.0.0 of a was published meanwhile with another template: bump the version"},
		{"unchanged product that the ledger lacks", build(t, st, product("a", "1.0.0", "a1")), elsewhere, "was never published"},
		{"guidance for what the ledger lacks", build(t, st, guided), elsewhere, "was never published"},
		{"unknown change", unknown, st, `unknown change "other"`},
		{"shards filled up meanwhile", build(t, reduce(t), product("late", "1.0.0", "l")), reduce(t, publish(t, nil, crowd...)...), "no product shard has room for late"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := Make(settings, row.bundle, row.st)
			assert.ErrorContains(t, err, row.want)
		})
	}
}

func TestShardTakenMeanwhileIsChosenAnew(t *testing.T) {
	late := build(t, reduce(t), product("late", "1.0.0", "l"))
	require.Equal(t, 0, late.Products[0].Shard)
	crowd := make([]manifest.Product, bundle.ShardProducts)
	for i := range crowd {
		crowd[i] = product(fmt.Sprintf("crowd%02d", i), "1.0.0", "d")
	}
	p := plan(t, late, reduce(t, publish(t, nil, crowd...)...))
	i := slices.IndexFunc(p.Products, func(p ledger.Product) bool { return p.ID == "late" })
	assert.Equal(t, 1, p.Products[i].Shard)
}

func TestMetadataAndGuidanceArePlanned(t *testing.T) {
	entries := publish(t, nil, product("a", "1.0.0", "a1"))
	entries = publish(t, entries, product("a", "1.1.0", "a2"))
	entries = publish(t, entries, product("a", "1.2.0", "a3"))
	st := reduce(t, entries...)
	push := product("a", "1.2.0", "a3")
	push.Owner, push.Deprecated, push.Inactive = "Other", []string{"1.1.0"}, []string{"1.0.0"}
	p := plan(t, build(t, st, push), st)
	assert.Equal(t, []string{"a"}, p.Metadata)
	assert.Equal(t, []ledger.Ref{{Product: "a", Version: "1.1.0"}}, p.Deprecate)
	assert.Equal(t, []ledger.Ref{{Product: "a", Version: "1.0.0"}}, p.Deactivate)
	assert.Equal(t, "Other", p.Products[0].Owner)
	assert.Equal(t, []ledger.Status{ledger.Inactive, ledger.Deprecated, ledger.Active},
		[]ledger.Status{p.Products[0].Versions[0].Status, p.Products[0].Versions[1].Status, p.Products[0].Versions[2].Status})
	assert.Equal(t, ledger.Active, st.Products["a"].Versions[0].Status, "the state is not changed")

	after := reduce(t, append(entries, p.Entry())...)
	again := plan(t, build(t, after, push), after)
	assert.True(t, again.Empty())
}

func TestGuidanceAloneIsAGuidanceEntry(t *testing.T) {
	entries := publish(t, nil, product("a", "1.0.0", "a1"))
	st := reduce(t, entries...)
	push := product("a", "1.0.0", "a1")
	push.Deprecated = []string{"1.0.0"}
	e := plan(t, build(t, st, push), st).Entry()
	assert.Equal(t, ledger.Guidance, e.Kind)
	assert.Equal(t, 2, e.Seq)
	assert.Empty(t, e.Products)
}

func TestGammaOffersCandidateAndPreviousVersion(t *testing.T) {
	st := reduce(t, publish(t, nil, product("a", "1.0.0", "a1"), product("same", "1.0.0", "s1"))...)
	p := plan(t, build(t, st, product("a", "1.1.0", "a2"), product("b", "1.0.0", "b1"), product("same", "1.0.0", "s1")), st)
	require.Len(t, p.Gamma.Products, 2)
	a, b := p.Gamma.Products[0], p.Gamma.Products[1]
	assert.Equal(t, []string{"a1", "a2"}, []string{a.Versions[0].Digest, a.Versions[1].Digest})
	assert.Equal(t, []string{"s3:a1", "s3:a2"}, LaunchPermissions(a)[0].Actions)
	assert.Len(t, b.Versions, 1)
}

func TestLaunchPermissionsAreTheUnionOfUsableVersions(t *testing.T) {
	permission := func(sid, action, resource string) ledger.Permission {
		return ledger.Permission{Sid: sid, Actions: []string{action}, Resources: []string{resource}}
	}
	p := ledger.Product{Versions: []ledger.Version{
		{Status: ledger.Inactive, Permissions: []ledger.Permission{permission("Old", "ec2:RunInstances", "*")}},
		{Status: ledger.Deprecated, Permissions: []ledger.Permission{permission("S3", "s3:PutObject", "*"), permission("Kms", "kms:CreateKey", "*")}},
		{Status: ledger.Active, Permissions: []ledger.Permission{
			permission("S3", "s3:GetObject", "*"), permission("S3", "s3:DeleteObject", "arn:one"),
			{Sid: "S3", Actions: []string{"s3:GetObject"}, Resources: []string{"*"}, Conditions: map[string]map[string]string{"StringEquals": {"a": "b"}}},
		}},
	}}
	union := LaunchPermissions(p)
	sids := map[string]bool{}
	var actions []string
	for _, permission := range union {
		assert.False(t, sids[permission.Sid], "Sid %s comes twice", permission.Sid)
		sids[permission.Sid] = true
		actions = append(actions, permission.Actions...)
		assert.True(t, slices.IsSorted(permission.Actions))
	}
	slices.Sort(actions)
	assert.Equal(t, []string{"kms:CreateKey", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, slices.Compact(actions))
	assert.Equal(t, union, LaunchPermissions(p), "the same versions give the same statements")
	assert.Equal(t, []string{"s3:PutObject"}, p.Versions[1].Permissions[0].Actions, "versions are not changed")
}

func TestReasonsOfWideStatementsOutliveTheirUnion(t *testing.T) {
	wide := func(action, reason string) ledger.Permission {
		return ledger.Permission{Sid: "Any", Actions: []string{action}, Resources: []string{"*"}, Reason: reason}
	}
	union := LaunchPermissions(ledger.Product{Versions: []ledger.Version{
		{Status: ledger.Active, Permissions: []ledger.Permission{wide("a:A", ""), wide("b:B", "no resource"), wide("c:C", "no resource"), wide("d:D", "no name")}},
	}})
	assert.Equal(t, []ledger.Permission{{Sid: "Any", Actions: []string{"a:A", "b:B", "c:C", "d:D"}, Resources: []string{"*"}, Reason: "no resource; no name"}}, union)
}

// However pushes overlap, no version is lost, no product moves, and the ledger says after publication exactly what was planned.
func TestNoInterleavingOfPushesLosesAVersion(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 7))
		var entries []ledger.Entry
		states := []ledger.State{reduce(t)}
		for range 10 {
			now := states[len(states)-1]
			then := states[max(0, len(states)-1-random.IntN(3))]
			b, findings, err := bundle.Build(&manifest.Catalog{Products: randomPush(random, then)}, then, bundle.Input{
				Commit: "c", Shards: 2, Permissions: func(manifest.Product) ([]ledger.Permission, error) { return nil, nil },
			})
			require.NoError(t, err)
			if finding.Failed(findings) {
				continue
			}
			p, err := Make(settings, b, now)
			if err != nil {
				require.ErrorIs(t, err, ErrConflict, "seed %d", seed)
				continue
			}
			requireKept(t, now, p, seed)
			entries = append(entries, p.Entry())
			after := reduce(t, entries...)
			requireSame(t, after, p, seed)
			states = append(states, after)
		}
	}
}

// randomPush is a catalog with some products on their published version, some on the next, some on a clashing one.
func randomPush(random *rand.Rand, st ledger.State) []manifest.Product {
	var products []manifest.Product
	for i := range 5 {
		id := fmt.Sprint("p", i)
		known := st.Products[id]
		if random.IntN(4) == 0 {
			continue
		}
		if known == nil {
			products = append(products, product(id, "1.0.0", fmt.Sprint(id, "d", random.IntN(2))))
			continue
		}
		last := known.Versions[len(known.Versions)-1]
		next := semver.MustParse(last.Version).IncMinor()
		push := product(id, last.Version, last.Digest)
		if random.IntN(2) == 0 {
			push = product(id, next.String(), fmt.Sprint("d", random.IntN(3)))
		}
		push.Description = fmt.Sprint("description ", random.IntN(2))
		if random.IntN(4) == 0 {
			push.Inactive = []string{known.Versions[0].Version}
		}
		products = append(products, push)
	}
	return products
}

func requireKept(t *testing.T, st ledger.State, p *Plan, seed uint64) {
	t.Helper()
	planned := map[string]ledger.Product{}
	for _, product := range p.Products {
		planned[product.ID] = product
	}
	for id, product := range st.Products {
		require.Equal(t, product.Shard, planned[id].Shard, "seed %d moved %s", seed, id)
		require.GreaterOrEqual(t, len(planned[id].Versions), len(product.Versions), "seed %d", seed)
		for i, v := range product.Versions {
			kept := planned[id].Versions[i]
			require.Equal(t, []string{v.Version, v.Digest, v.Commit}, []string{kept.Version, kept.Digest, kept.Commit}, "seed %d", seed)
		}
	}
}

func requireSame(t *testing.T, st ledger.State, p *Plan, seed uint64) {
	t.Helper()
	require.Len(t, p.Products, len(st.Products))
	for _, planned := range p.Products {
		published := st.Products[planned.ID].Clone()
		for i := range published.Versions {
			if planned.Versions[i].Seq == 0 {
				require.Equal(t, st.Head, published.Versions[i].Seq, "seed %d", seed)
				published.Versions[i].Seq = 0
			}
		}
		require.Equal(t, planned, published, "seed %d", seed)
	}
}

func TestReadGivesWhatWriteStored(t *testing.T) {
	st := reduce(t, publish(t, nil, product("a", "1.0.0", "a1"))...)
	p := plan(t, build(t, st, product("a", "1.1.0", "a2")), st)
	path := filepath.Join(t.TempDir(), "new", "plan.json")
	require.NoError(t, Write(path, p))
	got, err := Read(path)
	require.NoError(t, err)
	assert.Equal(t, p, got)

	_, err = Read(filepath.Join(t.TempDir(), "plan.json"))
	assert.ErrorContains(t, err, "file does not exist: name the plan.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"format": 9}`), 0o644))
	_, err = Read(path)
	assert.ErrorContains(t, err, "format 9, this program reads 1")
	require.NoError(t, os.WriteFile(path, []byte(`{"format": 1, "surprise": true}`), 0o644))
	_, err = Read(path)
	assert.ErrorContains(t, err, "surprise")
}

func TestRenderingDigestsContentOfAllTemplates(t *testing.T) {
	write := func(t *testing.T, files map[string]string) string {
		dir := t.TempDir()
		for name, body := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644))
		}
		return dir
	}
	digest := func(files map[string]string) string {
		d, err := Rendering(write(t, files))
		require.NoError(t, err)
		return d
	}
	base := digest(map[string]string{"a.template.json": `{"A":1,"B":2}`, "b.template.json": `{}`})
	assert.Equal(t, base, digest(map[string]string{"a.template.json": "{\"B\": 2,\n \"A\": 1}", "b.template.json": `{}`, "manifest.json": "other"}))
	assert.NotEqual(t, base, digest(map[string]string{"a.template.json": `{"A":1,"B":3}`, "b.template.json": `{}`}))
	assert.NotEqual(t, base, digest(map[string]string{"a.template.json": `{"A":1,"B":2}`}))
	_, err := Rendering(t.TempDir())
	assert.ErrorContains(t, err, "nothing was rendered")
	_, err = Rendering(write(t, map[string]string{"a.template.json": "{"}))
	assert.ErrorContains(t, err, "a.template.json")
}
