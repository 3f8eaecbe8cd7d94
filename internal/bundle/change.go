package bundle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"accountfleet/internal/finding"
	"accountfleet/internal/ledger"
	"accountfleet/internal/manifest"
)

// maxVersions is Service Catalog's quota of versions per product. Source: AWS General Reference, Service Catalog quotas.
const maxVersions = 100

// change decides what the push does to a product, and fills in Versions, Change, Reason and Previous. It is false if a finding forbids it.
func (b *builder) change(p manifest.Product, entry *Product, candidate ledger.Version, known *ledger.Product) bool {
	entry.Versions = []ledger.Version{candidate}
	if known == nil {
		entry.Change, entry.Reason = NewProduct, "new product"
		return true
	}
	highest := highest(known.Versions)
	entry.Previous = newestActive(known.Versions)
	published, ok := find(known.Versions, p.Version)
	switch {
	case ok && published.Digest != candidate.Digest:
		b.report(finding.Error, "VERSION_PUBLISHED", p, "/version",
			fmt.Sprintf("the template changed, but version %s is published already and versions are immutable", p.Version), bump(highest))
		return false
	case ok:
		b.settled(p, entry, published, known)
		return true
	case !highest.LessThan(semver.MustParse(p.Version)):
		b.report(finding.Error, "VERSION_LOWER", p, "/version", fmt.Sprintf("version %s is lower than %s, which is published", p.Version, highest), bump(highest))
		return false
	case len(known.Versions) >= maxVersions:
		b.report(finding.Error, "VERSIONS_QUOTA", p, "/version", fmt.Sprintf("Service Catalog keeps at most %d versions of a product, and all are published", maxVersions),
			"go on as a new product in another folder")
		return false
	}
	entry.Change, entry.Reason = NewVersion, fmt.Sprintf("%s follows %s", p.Version, highest)
	if last, _ := find(known.Versions, highest.Original()); last.Digest == candidate.Digest {
		b.report(finding.Warning, "SAME_TEMPLATE", p, "/version", fmt.Sprintf("version %s has the same template as %s", p.Version, highest), "publish it only if its notes matter")
	}
	return true
}

// settled handles a version that is published with this very template: at most its product's metadata changes.
func (b *builder) settled(p manifest.Product, entry *Product, published ledger.Version, known *ledger.Product) {
	entry.Versions = []ledger.Version{published}
	entry.Change, entry.Reason = Unchanged, "unchanged since "+p.Version
	if changed := Differences(*known, entry.Product); len(changed) > 0 {
		entry.Change, entry.Reason = Metadata, "new "+strings.Join(changed, ", ")
	}
	if published.Notes != p.Notes {
		b.report(finding.Warning, "NOTES_PUBLISHED", p, "/notes", fmt.Sprintf("the notes changed, but those of version %s are published already and stay", p.Version),
			"keep them, or publish them with a new version")
	}
	if published.Status == ledger.Inactive && !slices.Contains(p.Inactive, p.Version) {
		b.report(finding.Warning, "VERSION_INACTIVE", p, "/version", fmt.Sprintf("version %s was withdrawn after it was published, so that nobody can launch it", p.Version),
			bump(highest(known.Versions)))
	}
}

// guidance decides which published versions become deprecated or inactive.
func (b *builder) guidance(p manifest.Product, entry *Product, known *ledger.Product) {
	var versions []ledger.Version
	if known != nil {
		versions = known.Versions
	}
	for i, version := range p.Deprecated {
		pointer := fmt.Sprintf("/guidance/deprecated/%d", i)
		published, ok := find(versions, version)
		switch {
		case !ok:
			b.unpublished(p, pointer, version)
		case published.Status == ledger.Inactive:
			b.report(finding.Error, "GUIDANCE", p, pointer, fmt.Sprintf("version %s is inactive already, and stays so", version), "list it under guidance: inactive, or remove it")
		case published.Status == ledger.Active:
			entry.Deprecate = append(entry.Deprecate, version)
		}
	}
	for i, version := range p.Inactive {
		published, ok := find(versions, version)
		switch {
		case !ok:
			b.unpublished(p, fmt.Sprintf("/guidance/inactive/%d", i), version)
		case published.Status != ledger.Inactive:
			entry.Deactivate = append(entry.Deactivate, version)
		}
	}
	for _, v := range versions {
		if v.Status == ledger.Deprecated && !slices.Contains(p.Deprecated, v.Version) && !slices.Contains(p.Inactive, v.Version) {
			b.report(finding.Warning, "GUIDANCE", p, "/guidance/deprecated", fmt.Sprintf("version %s is deprecated and stays so", v.Version), "list it under guidance: deprecated")
		}
	}
}

func (b *builder) unpublished(p manifest.Product, pointer, version string) {
	cure := "remove it"
	if version == p.Version {
		cure = "publish it first, then list it"
	}
	b.report(finding.Error, "GUIDANCE", p, pointer, fmt.Sprintf("version %s was never published", version), cure)
}

// Differences names what consumers would see change between two states of a product's metadata.
func Differences(old, new ledger.Product) []string {
	var changed []string
	for _, field := range []struct{ name, old, new string }{
		{"name", old.Name, new.Name}, {"description", old.Description, new.Description}, {"owner", old.Owner, new.Owner},
		{"support email", old.Email, new.Email}, {"support address", old.URL, new.URL}, {"support description", old.Support, new.Support},
		{"portfolios", sorted(old.Portfolios), sorted(new.Portfolios)},
	} {
		if field.old != field.new {
			changed = append(changed, field.name)
		}
	}
	return changed
}

func sorted(list []string) string {
	return strings.Join(slices.Sorted(slices.Values(list)), ",")
}

// bump is the cure of a version that cannot be used.
func bump(highest *semver.Version) string {
	minor, patch := highest.IncMinor(), highest.IncPatch()
	return fmt.Sprintf("bump to %s, or to %s if it only mends something", minor, patch)
}

func find(versions []ledger.Version, version string) (ledger.Version, bool) {
	i := slices.IndexFunc(versions, func(v ledger.Version) bool { return v.Version == version })
	if i < 0 {
		return ledger.Version{}, false
	}
	return versions[i], true
}

// highest is the greatest of versions, whatever their status.
func highest(versions []ledger.Version) *semver.Version {
	top := semver.MustParse("0.0.0-0")
	for _, v := range versions {
		if parsed := semver.MustParse(v.Version); parsed.GreaterThan(top) {
			top = parsed
		}
	}
	return top
}

// newestActive is the greatest active version, nil if there is none.
func newestActive(versions []ledger.Version) *ledger.Version {
	var active []ledger.Version
	for _, v := range versions {
		if v.Status == ledger.Active {
			active = append(active, v)
		}
	}
	if len(active) == 0 {
		return nil
	}
	newest, _ := find(active, highest(active).Original())
	return &newest
}
