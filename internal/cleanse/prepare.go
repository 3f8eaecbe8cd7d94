package cleanse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"accountfleet/internal/finding"
)

// round is one attempt: a mirror of the old history, and what it becomes.
type round struct {
	mirror string // old history
	work   string // where new objects are made; sees those of mirror
	fresh  string // new history, without any old object
	e      *expectation
	refs   []ref // new refs, in the order of e.h.refs
	plan   *Plan

	changes []Change
	left    map[string]bool // fingerprints that may stay: accepted, or not confirmed
}

// WeakError says that values were found that could stand for what is no secret.
type WeakError struct{ Secrets []Secret }

func (w *WeakError) Error() string {
	var each []string
	for _, s := range w.Secrets {
		each = append(each, fmt.Sprintf("%s, fingerprint %.12s (%s)", s.Rule, s.Fingerprint, strings.Join(s.Weak, ", ")))
	}
	return "a value that is short or ordinary may stand in places where it is no secret, so it is not purged unless somebody confirms it: " +
		strings.Join(each, "; ") + ": look at the plan, then run fleet cleanse run --confirm FINGERPRINT; nothing was changed"
}

// prepare reads a mirror and computes what it becomes. Weak values are confirmed if ask says so; a plan only shows them.
func (c *Cleansing) prepare(ctx context.Context, mirror string, ask bool) (*round, error) {
	r := &round{mirror: mirror, left: map[string]bool{}}
	all, err := c.secrets(ctx, r)
	if err == nil && ask {
		all, err = c.confirm(all, r.left)
	}
	if err != nil {
		return nil, err
	}
	if err := c.makeWork(ctx, r); err != nil {
		return nil, err
	}
	edit := newEditor(c.Key, all)
	blobs := map[string]string{}
	var places []place
	h, err := c.read(ctx, r.mirror, func(id, path string, body []byte) error {
		result := edit.file(path, body)
		if len(result.found) == 0 {
			return nil
		}
		for _, secret := range result.found {
			places = append(places, place{secret, "blob", id, path, result.whole})
		}
		blobs[id], err = writeObject(r.work, "blob", result.body, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if r.e, err = newExpectation(h, edit, blobs, places); err != nil {
		return nil, c.clean(err)
	}
	if err := r.settle(); err != nil {
		return nil, c.clean(err)
	}
	r.plan = c.plan(r.e, r.refs, r.changes)
	return r, nil
}

// secrets are the values to purge, and r.left those that may stay.
func (c *Cleansing) secrets(ctx context.Context, r *round) ([]Secret, error) {
	var all []Secret
	for _, value := range c.Values {
		given := newSecret(c.Key, value, "GIVEN", "a value from standard input")
		given.folded = true // nobody said how it is written
		if bytes.Equal(mask(c.Key, value), value) {
			return nil, errors.New("the value has nothing but X, 9 or white space, which is what stands for a value that was taken out: it cannot be purged; nothing was changed")
		}
		all = append(all, given)
	}
	if len(c.Values) == 0 {
		scanned, err := c.Scan(ctx, r.mirror)
		if err != nil {
			return nil, err
		}
		if err := unreadable(scanned.Findings); err != nil {
			return nil, err
		}
		all, r.left = scanned.Secrets, c.staying(scanned)
	}
	return slices.DeleteFunc(all, func(s Secret) bool {
		c.hide(s.value)
		return r.left[s.Fingerprint]
	}), nil
}

// confirm asks for every weak value. One that is not confirmed stays.
func (c *Cleansing) confirm(all []Secret, left map[string]bool) ([]Secret, error) {
	var doubtful []Secret
	for _, s := range all {
		if len(s.Weak) > 0 {
			doubtful = append(doubtful, s)
		}
	}
	if len(doubtful) > 0 && c.Confirm == nil {
		return nil, &WeakError{doubtful}
	}
	for _, s := range doubtful {
		left[s.Fingerprint] = !c.Confirm(s)
	}
	return slices.DeleteFunc(all, func(s Secret) bool { return left[s.Fingerprint] }), nil
}

// unreadable refuses a repository with objects that nobody can search.
func unreadable(findings []finding.Finding) error {
	for _, f := range findings {
		if f.Rule == "UNREADABLE" {
			return fmt.Errorf("object %s (%s) %s: what cannot be searched cannot be cleansed: replace it in the history by hand first "+
				"(git filter-repo --strip-blobs-with-ids); nothing was changed", f.Object, f.File, f.Message)
		}
	}
	return nil
}

// makeWork makes an empty repository that sees the objects of the mirror.
func (c *Cleansing) makeWork(ctx context.Context, r *round) error {
	r.work = filepath.Join(c.folder, "work")
	if err := os.RemoveAll(r.work); err != nil {
		return fmt.Errorf("private folder: %w", err)
	}
	format, err := c.git(ctx, r.mirror, nil, "rev-parse", "--show-object-format")
	if err != nil {
		return err
	}
	if format != "sha1" {
		return fmt.Errorf("%s has %s ids, which git-filter-repo cannot rewrite: nothing was changed", c.address(), format)
	}
	if _, err := c.git(ctx, c.folder, nil, "init", "--quiet", "--bare", "--template=", "--object-format="+format, r.work); err != nil {
		return err
	}
	alternates := filepath.Join(r.work, "objects", "info", "alternates")
	err = errors.Join(os.MkdirAll(filepath.Dir(alternates), 0o700), os.WriteFile(alternates, []byte(filepath.Join(r.mirror, "objects")+"\n"), 0o600))
	if err != nil {
		return fmt.Errorf("private folder: %w: make room or set TMPDIR", err)
	}
	return nil
}

const replaceRefs = "refs/replace/"

// settle computes the new refs: a name that holds a value is renamed, and a replacement follows the object that it replaces.
func (r *round) settle() error {
	names := map[string]bool{}
	for _, old := range r.e.h.refs {
		id, err := r.e.object(old.id)
		if err != nil {
			return err
		}
		name := r.e.edit.ref(old.name)
		r.e.note(name.found, "ref name", old.id, string(name.body), "")
		now := ref{string(name.body), id}
		if replaced, ok := strings.CutPrefix(old.name, replaceRefs); ok && r.e.h.kinds[replaced] != "" {
			if id, err = r.e.object(replaced); err != nil {
				return err
			}
			now.name = replaceRefs + id
		}
		if names[now.name] {
			return fmt.Errorf("two refs would both be named %s: delete or rename one first; nothing was changed", now.name)
		}
		if now.name != old.name && old.name == r.e.h.head {
			return errors.New("the name of the default branch holds a secret, and a push cannot change which branch that is: rename it on the server first; nothing was changed")
		}
		names[now.name] = true
		r.refs = append(r.refs, now)
		switch {
		case now == old:
		case now.name == old.name:
			r.changes = append(r.changes, Change{Ref: old.name, Old: old.id, New: now.id})
		default:
			r.changes = append(r.changes, Change{Ref: now.name, New: now.id}, Change{Ref: old.name, Old: old.id})
		}
	}
	return nil
}

// build makes the new history and proves it: git-filter-repo's work against the expectation, the gate against what may stay, a raw search
// against the values.
func (c *Cleansing) build(ctx context.Context, r *round) error {
	if err := c.rewrite(ctx, r.work, r.e, r.refs); err != nil {
		return err
	}
	fresh, err := c.mirror(ctx, r.work, "fresh")
	if err != nil {
		return err
	}
	r.fresh = fresh
	got, err := c.refs(ctx, fresh)
	if err != nil {
		return err
	}
	want := slices.SortedFunc(slices.Values(r.refs), func(a, b ref) int { return strings.Compare(a.name, b.name) })
	if !slices.Equal(got, want) {
		return errors.New("the new history does not have the refs that were expected: nothing was changed: report this as a bug of fleet")
	}
	return c.prove(ctx, r.fresh, r.e.edit, r.left)
}

// prove demands that no value is in a repository any more, and that the gate finds nothing but what may stay.
func (c *Cleansing) prove(ctx context.Context, dir string, edit *editor, left map[string]bool) error {
	held, err := c.search(ctx, dir, edit)
	if err != nil {
		return err
	}
	if len(held) > 0 {
		return fmt.Errorf("a secret would still be in object %s: nothing was changed: report this as a bug of fleet", held[0])
	}
	scanned, err := c.Scan(ctx, dir)
	if err != nil {
		return err
	}
	if len(c.Values) > 0 {
		return nil // what else is there was there before, and is not what was asked for
	}
	for _, f := range scanned.Findings {
		if !left[f.Fingerprint] {
			return fmt.Errorf("the secrets gate still finds something in the rewritten history: %s: nothing was changed", c.scrub(f.String()))
		}
	}
	return nil
}

// search looks for the values in every object, as it is and decoded, and gives the ids of those that hold one.
func (c *Cleansing) search(ctx context.Context, dir string, edit *editor) (held []string, err error) {
	listed, err := c.git(ctx, dir, nil, "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)")
	if err != nil {
		return nil, err
	}
	err = c.objects(ctx, dir, listed+"\n", func(id, kind string, body []byte) error {
		if edit.holds(id, kind, body) {
			held = append(held, id)
		}
		return nil
	})
	return held, err
}

// holds says whether a value is in an object. Ids of other objects are none, whatever they read like.
func (e *editor) holds(id, kind string, body []byte) bool {
	in := func(text []byte) bool { return len(e.text(text).found) > 0 }
	switch kind {
	case "blob":
		return in(body) || len(e.file("", body).found) > 0
	case "tree":
		all, err := entries(body, len(id)/2)
		return err != nil && in(body) || slices.ContainsFunc(all, func(x entry) bool { return in([]byte(x.name)) })
	}
	headers, message := split(body)
	return in(message) || slices.ContainsFunc(headers, func(line headerLine) bool {
		return !slices.Contains([]string{"tree", "parent", "object"}, line.key) && in([]byte(line.value))
	})
}
