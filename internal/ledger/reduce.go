package ledger

import (
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"
)

// Reduce folds entries, ordered by Seq, into the state that rendering needs. It refuses a ledger that contradicts itself, because
// rendering from one could drop a version, which Service Catalog would then delete.
func Reduce(entries []Entry) (State, error) {
	state := State{Products: map[string]*Product{}}
	for _, e := range entries {
		if e.Seq != state.Head+1 {
			return State{}, fmt.Errorf("ledger entry %d follows entry %d: the numbers have a gap or repeat: restore the missing object of the ledger bucket", e.Seq, state.Head)
		}
		if err := state.apply(e); err != nil {
			return State{}, fmt.Errorf("ledger entry %d: %w: restore the object's first version", e.Seq, err)
		}
		state.Head = e.Seq
	}
	return state, nil
}

// apply adds one entry.
func (s *State) apply(e Entry) error {
	switch e.Kind {
	case Published:
		s.Rendering = e.Rendering
		for _, p := range e.Products {
			if err := s.publish(e.Seq, p); err != nil {
				return err
			}
		}
	case Restored:
		s.Rendering = e.Rendering
		if len(e.Products) > 0 || len(e.Deprecated) > 0 {
			return fmt.Errorf("a %s entry brings products or deprecations", e.Kind)
		}
	case Guidance:
		if len(e.Products) > 0 {
			return fmt.Errorf("a %s entry brings products", e.Kind)
		}
	case Rewritten:
		if len(e.Products)+len(e.Deprecated)+len(e.Inactive) > 0 {
			return fmt.Errorf("a %s entry brings products or changes versions", e.Kind)
		}
		return s.rewrite(e.Rewrite)
	default:
		return fmt.Errorf("unknown kind %q: this program is older than the ledger", e.Kind)
	}
	for _, ref := range e.Deprecated {
		if err := s.mark(ref, Deprecated); err != nil {
			return err
		}
	}
	for _, ref := range e.Inactive {
		if err := s.mark(ref, Inactive); err != nil {
			return err
		}
	}
	return nil
}

// publish adds a product's new version, or its new metadata if it brings no version.
func (s *State) publish(seq int, p Product) error {
	if p.ID == "" {
		return fmt.Errorf("a product has no id")
	}
	if p.Shard < 0 {
		return fmt.Errorf("product %s is in shard %d", p.ID, p.Shard)
	}
	known, ok := s.Products[p.ID]
	switch {
	case !ok && len(p.Versions) == 0:
		return fmt.Errorf("product %s gets metadata, but no version of it was ever published", p.ID)
	case ok && known.Shard != p.Shard:
		return fmt.Errorf("product %s moves from shard %d to %d, which would delete it", p.ID, known.Shard, p.Shard)
	case len(p.Versions) > 1:
		return fmt.Errorf("product %s gets %d versions at once", p.ID, len(p.Versions))
	}
	var versions []Version
	if ok {
		versions = known.Versions
	}
	for _, v := range p.Versions {
		if _, err := semver.StrictNewVersion(v.Version); err != nil {
			return fmt.Errorf("product %s gets version %q: %w", p.ID, v.Version, err)
		}
		if v.Digest == "" {
			return fmt.Errorf("product %s gets version %s without a digest", p.ID, v.Version)
		}
		if slices.ContainsFunc(versions, func(k Version) bool { return k.Version == v.Version }) {
			return fmt.Errorf("product %s gets version %s twice, but versions are immutable", p.ID, v.Version)
		}
		if v.Seq != 0 && v.Seq != seq {
			return fmt.Errorf("product %s gets version %s of entry %d", p.ID, v.Version, v.Seq)
		}
		v.Seq, v.Status = seq, Active
		versions = append(versions[:len(versions):len(versions)], v)
	}
	p.Portfolios = slices.Clone(p.Portfolios)
	p.Versions = versions
	s.Products[p.ID] = &p
	return nil
}

// rewrite follows the commits of versions to what they are called now, so that each can be traced to a commit that exists.
func (s *State) rewrite(r *Rewrite) error {
	if r == nil || len(r.Commits) == 0 {
		return fmt.Errorf("a %s entry says of no commit what became of it", Rewritten)
	}
	for _, p := range s.Products {
		for i, v := range p.Versions {
			if now, ok := r.Commits[v.Commit]; ok {
				p.Versions[i].Commit = now
			}
		}
	}
	return nil
}

// mark gives a published version a status; versions only ever lose, never win.
func (s *State) mark(ref Ref, status Status) error {
	p, ok := s.Products[ref.Product]
	if !ok {
		return fmt.Errorf("product %s becomes %s, but was never published", ref.Product, status)
	}
	i := slices.IndexFunc(p.Versions, func(v Version) bool { return v.Version == ref.Version })
	if i < 0 {
		return fmt.Errorf("version %s of %s becomes %s, but was never published", ref.Version, ref.Product, status)
	}
	if p.Versions[i].Status == Inactive && status == Deprecated {
		return fmt.Errorf("version %s of %s becomes %s, but is inactive already", ref.Version, ref.Product, status)
	}
	p.Versions[i].Status = status
	return nil
}

// Find is the published version that ref names.
func (s State) Find(ref Ref) (Version, bool) {
	p, ok := s.Products[ref.Product]
	if !ok {
		return Version{}, false
	}
	for _, v := range p.Versions {
		if v.Version == ref.Version {
			return v, true
		}
	}
	return Version{}, false
}

// Clone is a copy of p that shares no version or portfolio list with it.
func (p Product) Clone() Product {
	p.Portfolios = slices.Clone(p.Portfolios)
	p.Versions = slices.Clone(p.Versions)
	return p
}
