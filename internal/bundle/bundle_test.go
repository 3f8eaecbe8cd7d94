package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/document"
	"accountfleet/internal/finding"
	"accountfleet/internal/ledger"
	"accountfleet/internal/manifest"
)

// product is a well-formed product whose template differs by content.
func product(id, version, content string) manifest.Product {
	doc := map[string]any{
		"Resources": map[string]any{"Bucket": map[string]any{"Type": "AWS::S3::Bucket", "Properties": map[string]any{"BucketName": content}}},
		"Outputs":   map[string]any{"Name": map[string]any{"Value": content}, "Arn": map[string]any{"Value": content}},
	}
	body := document.Canonical(doc)
	return manifest.Product{
		ID: id, Name: "Product " + id, Owner: "Owner", Version: version, Portfolios: []string{"security"}, Scope: manifest.ScopeAccount,
		Template: manifest.Template{Body: body, Digest: digest(body), Doc: doc},
		Tests:    []manifest.Test{{Name: "defaults", Regions: []string{"eu-north-1"}}},
	}
}

func catalog(products ...manifest.Product) *manifest.Catalog {
	return &manifest.Catalog{Products: products}
}

func input() Input {
	return Input{Commit: "c1", Shards: 2, Permissions: func(p manifest.Product) ([]ledger.Permission, error) {
		return []ledger.Permission{{Sid: "S3", Actions: []string{"s3:CreateBucket"}, Resources: []string{"*"}}}, nil
	}}
}

// published is the ledger after each of products was published in turn.
func published(t *testing.T, products ...manifest.Product) ledger.State {
	t.Helper()
	var entries []ledger.Entry
	for i, p := range products {
		entries = append(entries, ledger.Entry{Seq: i + 1, Kind: ledger.Published, Products: []ledger.Product{{
			ID: p.ID, Name: p.Name, Owner: p.Owner, Portfolios: p.Portfolios,
			Versions: []ledger.Version{{Version: p.Version, Digest: p.Template.Digest, Notes: p.Notes}},
		}}})
	}
	return reduce(t, entries...)
}

func reduce(t *testing.T, entries ...ledger.Entry) ledger.State {
	t.Helper()
	st, err := ledger.Reduce(entries)
	require.NoError(t, err)
	return st
}

func build(t *testing.T, c *manifest.Catalog, st ledger.State) *Bundle {
	t.Helper()
	b, findings, err := Build(c, st, input())
	require.NoError(t, err)
	require.NotNil(t, b, findings)
	return b
}

func TestBuildDecidesWhatAPushChanges(t *testing.T) {
	old := product("a", "1.0.0", "old")
	renamed := old
	renamed.Name, renamed.Portfolios = "Other", []string{"baseline"}
	reordered := old
	reordered.Portfolios = []string{"security"}
	rows := []struct {
		name    string
		st      ledger.State
		push    manifest.Product
		change  Change
		reason  string
		changes int
	}{
		{"first publication", published(t), old, NewProduct, "new product", 1},
		{"same again", published(t, old), old, Unchanged, "unchanged since 1.0.0", 0},
		{"next version", published(t, old), product("a", "1.1.0", "new"), NewVersion, "1.1.0 follows 1.0.0", 1},
		{"release follows its candidate", published(t, product("a", "1.0.0-rc.1", "old")), product("a", "1.0.0", "new"), NewVersion, "1.0.0 follows 1.0.0-rc.1", 1},
		{"older version again", published(t, old, product("a", "1.1.0", "new")), old, Unchanged, "unchanged since 1.0.0", 0},
		{"metadata", published(t, old), renamed, Metadata, "new name, portfolios", 1},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			b := build(t, catalog(row.push), row.st)
			require.Len(t, b.Products, 1)
			assert.Equal(t, row.change, b.Products[0].Change)
			assert.Equal(t, row.reason, b.Products[0].Reason)
			assert.Equal(t, row.changes, b.Changes())
			assert.Equal(t, row.st.Head, b.LedgerHead)
		})
	}
}

func TestBuildTakesOverWhatLaterStagesNeed(t *testing.T) {
	p := product("a", "1.1.0", "new")
	p.Notes, p.Parameters, p.Retained = "notes", map[string]string{"K": "V"}, []string{"Bucket"}
	b := build(t, catalog(p), published(t, product("a", "1.0.0", "old")))
	got := b.Products[0]
	assert.Equal(t, ledger.Version{
		Version: "1.1.0", Digest: p.Template.Digest, Notes: "notes", Commit: "c1", Status: ledger.Active,
		Permissions: []ledger.Permission{{Sid: "S3", Actions: []string{"s3:CreateBucket"}, Resources: []string{"*"}}},
	}, got.Candidate())
	assert.Equal(t, "1.0.0", got.Previous.Version)
	assert.Equal(t, []string{"Arn", "Name"}, got.Outputs)
	assert.Equal(t, []Test{{Name: "defaults", Regions: []string{"eu-north-1"}}}, got.Tests)
	assert.Equal(t, map[string]string{"K": "V"}, got.Parameters)
	assert.True(t, got.Launches())
	found, ok := b.Find("a")
	assert.True(t, ok)
	assert.Equal(t, got, found)
}

func TestUnchangedProductKeepsWhatWasPublished(t *testing.T) {
	old := product("a", "1.0.0", "old")
	st := published(t, old)
	called := false
	in := input()
	in.Permissions = func(manifest.Product) ([]ledger.Permission, error) { called = true; return nil, nil }
	b, _, err := Build(catalog(old), st, in)
	require.NoError(t, err)
	assert.Equal(t, st.Products["a"].Versions[0], b.Products[0].Candidate(), "commit, entry and permissions are those of the ledger")
	assert.False(t, called)
	assert.False(t, b.Products[0].Launches())
}

func TestBuildRefusesWhatTheLedgerForbids(t *testing.T) {
	old := product("a", "1.2.0", "old")
	guided := func(deprecated, inactive []string) manifest.Product {
		p := old
		p.Deprecated, p.Inactive = deprecated, inactive
		return p
	}
	hundred := make([]manifest.Product, 100)
	for i := range hundred {
		hundred[i] = product("a", fmt.Sprintf("1.%d.0", i), "old")
	}
	renamedFolder := product("b", "1.0.0", "x")
	renamedFolder.Name = strings.ToUpper(old.Name)
	withdrawn := reduce(t, entryOf(1, old), ledger.Entry{Seq: 2, Kind: ledger.Restored, Inactive: []ledger.Ref{{Product: "a", Version: "1.2.0"}}})
	rows := []struct {
		name          string
		st            ledger.State
		push          manifest.Product
		rule          string
		severity      finding.Severity
		message, cure string
	}{
		{"same version, other template", published(t, old), product("a", "1.2.0", "new"), "VERSION_PUBLISHED", finding.Error, "version 1.2.0 is published already and versions are immutable", "bump to 1.3.0, or to 1.2.1"},
		{"bump goes above the highest", published(t, old, product("a", "2.0.0", "x")), product("a", "1.2.0", "new"), "VERSION_PUBLISHED", finding.Error, "immutable", "bump to 2.1.0"},
		{"downgrade", published(t, old), product("a", "1.1.9", "new"), "VERSION_LOWER", finding.Error, "version 1.1.9 is lower than 1.2.0, which is published", "bump to 1.3.0"},
		{"too many versions", published(t, hundred...), product("a", "2.0.0", "new"), "VERSIONS_QUOTA", finding.Error, "at most 100 versions", "new product"},
		{"deprecating the unpublished", published(t, old), guided([]string{"1.0.0"}, nil), "GUIDANCE", finding.Error, "version 1.0.0 was never published", "remove it"},
		{"deactivating the candidate", published(t), guided(nil, []string{"1.2.0"}), "GUIDANCE", finding.Error, "version 1.2.0 was never published", "publish it first"},
		{"deprecating the inactive", withdrawn, guided([]string{"1.2.0"}, nil), "GUIDANCE", finding.Error, "inactive already", "under guidance: inactive"},
		{"renamed folder", published(t, old), renamedFolder, "PRODUCT_NAME", finding.Error, "the published product a is called", "keep the folder products/a"},
		{"withdrawn version pushed again", withdrawn, old, "VERSION_INACTIVE", finding.Warning, "was withdrawn after it was published", "bump to 1.3.0"},
		{"new version with the old template", published(t, old), product("a", "1.3.0", "old"), "SAME_TEMPLATE", finding.Warning, "same template as 1.2.0", "notes"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			row.push.Lines = manifest.Lines{"": {Line: 1}, "/version": {Line: 7}}
			b, findings, err := Build(catalog(row.push), row.st, input())
			require.NoError(t, err)
			var f finding.Finding
			for _, candidate := range findings {
				if candidate.Rule == row.rule {
					f = candidate
				}
			}
			assert.Equal(t, row.severity, f.Severity, findings)
			assert.Contains(t, f.Message, row.message)
			assert.Contains(t, f.Cure, row.cure)
			assert.Equal(t, "products/"+row.push.ID+"/product.yaml", f.File)
			assert.NotZero(t, f.Span.Line)
			assert.Equal(t, row.severity == finding.Error, b == nil)
		})
	}
}

func entryOf(seq int, p manifest.Product) ledger.Entry {
	return ledger.Entry{Seq: seq, Kind: ledger.Published, Products: []ledger.Product{{
		ID: p.ID, Name: p.Name, Owner: p.Owner, Portfolios: p.Portfolios, Versions: []ledger.Version{{Version: p.Version, Digest: p.Template.Digest}},
	}}}
}

func TestGuidanceListsOnlyWhatIsNotDoneYet(t *testing.T) {
	old, next := product("a", "1.0.0", "old"), product("a", "1.1.0", "new")
	next.Deprecated, next.Inactive = []string{"1.0.0"}, nil
	st := published(t, old, next)
	b := build(t, catalog(next), st)
	assert.Equal(t, []string{"1.0.0"}, b.Products[0].Deprecate)
	assert.Equal(t, Unchanged, b.Products[0].Change)
	assert.Equal(t, 1, b.Changes())

	done := reduce(t, entryOf(1, old), entryOf(2, next), ledger.Entry{Seq: 3, Kind: ledger.Guidance, Deprecated: []ledger.Ref{{Product: "a", Version: "1.0.0"}}})
	b = build(t, catalog(next), done)
	assert.Empty(t, b.Products[0].Deprecate)
	assert.Zero(t, b.Changes())

	next.Deprecated, next.Inactive = nil, []string{"1.0.0"}
	b = build(t, catalog(next), done)
	assert.Equal(t, []string{"1.0.0"}, b.Products[0].Deactivate)
}

func TestRemovedProductsStayPublishedAndAreListed(t *testing.T) {
	b, findings, err := Build(catalog(product("b", "1.0.0", "x")), published(t, product("a", "1.0.0", "x"), product("b", "1.0.0", "x")), input())
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, b.Removed)
	assert.Zero(t, b.Changes())
	require.Len(t, findings, 1)
	assert.Equal(t, finding.Note, findings[0].Severity)
}

func TestPermissionsThatCannotBeDerivedAreBroken(t *testing.T) {
	in := input()
	in.Permissions = func(manifest.Product) ([]ledger.Permission, error) { return nil, errors.New("no registry") }
	_, _, err := Build(catalog(product("a", "1.0.0", "x")), published(t), in)
	assert.ErrorContains(t, err, "permissions of product a: no registry")
}

func TestCapabilitiesFollowTheTemplatesIdentities(t *testing.T) {
	rows := []struct{ name, template, want string }{
		{"none", `{"Resources":{"A":{"Type":"AWS::S3::Bucket"}}}`, ""},
		{"role", `{"Resources":{"A":{"Type":"AWS::IAM::Role","Properties":{}}}}`, "CAPABILITY_IAM"},
		{"inline policy has no name of its own", `{"Resources":{"A":{"Type":"AWS::IAM::Policy","Properties":{"PolicyName":"x"}}}}`, "CAPABILITY_IAM"},
		{"named role", `{"Resources":{"A":{"Type":"AWS::IAM::Role","Properties":{"RoleName":"x"}},"B":{"Type":"AWS::IAM::Role"}}}`, "CAPABILITY_NAMED_IAM"},
		{"named policy", `{"Resources":{"A":{"Type":"AWS::IAM::ManagedPolicy","Properties":{"ManagedPolicyName":"x"}}}}`, "CAPABILITY_NAMED_IAM"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var template map[string]any
			require.NoError(t, json.Unmarshal([]byte(row.template), &template))
			assert.Equal(t, row.want, strings.Join(capabilities(template), " "))
		})
	}
}

func TestSameInputGivesTheSameBytes(t *testing.T) {
	folders := []string{t.TempDir(), t.TempDir()}
	for _, dir := range folders {
		c := catalog(product("a", "1.0.0", "x"), product("b", "1.0.0", "y"))
		require.NoError(t, Write(dir, build(t, c, published(t)), c))
	}
	for _, name := range []string{bundleName, sbomName} {
		first, err := os.ReadFile(filepath.Join(folders[0], name))
		require.NoError(t, err)
		second, err := os.ReadFile(filepath.Join(folders[1], name))
		require.NoError(t, err)
		assert.Equal(t, string(first), string(second), name)
	}
}

func TestDigestDependsOnEverything(t *testing.T) {
	base := build(t, catalog(product("a", "1.0.0", "x")), published(t))
	other := product("a", "1.0.0", "x")
	other.Retained = []string{"Bucket"}
	assert.NotEqual(t, base.Digest, build(t, catalog(other), published(t)).Digest)
	in := input()
	in.Commit = "c2"
	b, _, err := Build(catalog(product("a", "1.0.0", "x")), published(t), in)
	require.NoError(t, err)
	assert.NotEqual(t, base.Digest, b.Digest)
}
