// Package secrets is the gate that looks for secrets in everything a push would bring, by git-secrets and by gitleaks.
//
// Either on its own passes what it never looked at: a shallow clone, UTF-16, compressed files, messages, file names; and a file in the
// repository switches it off. So this package reads every object of the history itself (repository.go, objects.go, decode.go, fold.go) and
// writes it as plain text into one private file (corpus.go). The real git-secrets scans that file with the house patterns (patterns.go,
// scan.go); gitleaks, a library, is given what is new in it (leaks.go, fresh.go, narrow.go) with its own rules and those of gitleaks.toml
// (rules.go). Secrets made up for this run are planted for both (plants.go): unless all of them are found, nothing is believed. A finding
// names commit, path and line and carries a keyed fingerprint; the secret itself is never printed or stored. What it is worth is measured
// by precision_test.go: a new rule is a general one, never made for a specimen. Start at Run.
package secrets

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/gate/memory"
	"accountfleet/internal/gate/tool"
)

// gate is how findings of this package are filed.
const gate = "secrets"

// Options of Run.
type Options struct {
	Catalog    string // folder of the catalog; what is not committed there is scanned too
	Repository string // folder whose git repository is scanned; default Catalog
	Key        []byte // of fingerprints; the same everywhere the same secret shall be recognised
	Locate     tool.Locate
	Memory     *memory.Memory // objects that were found clean before; default none
	Selection  *Selection     // scan this instead of the whole history and folder; default nil
	Reveal     func(Found)    // is given every value that was found, for its removal; default none
}

// Run scans every object of the repository, reachable from a ref or not, and what the catalog's folder holds beside them. An error means
// that the gate is broken.
func Run(ctx context.Context, o Options) (evidence.Check, []finding.Finding, error) {
	check := evidence.Check{Name: "git-secrets", Tool: tools(""), Unit: "objects"}
	if o.Repository == "" {
		o.Repository = o.Catalog
	}
	if o.Selection != nil {
		return runSelection(ctx, o)
	}
	located, err := o.Locate("git-secrets")
	if err != nil {
		return check, nil, err
	}
	check.Tool = tools(located.Version)
	repo, err := open(ctx, o.Repository)
	if err != nil {
		return check, nil, err
	}
	var counts tally
	var files int
	known := clean{memory: o.Memory}
	findings, err := examine(ctx, o, located.Path, repo, func(out *corpus) (err error) {
		if counts, err = repo.read(ctx, out, &known); err != nil {
			return err
		}
		files, err = repo.readFolder(ctx, o.Catalog, out)
		return err
	}, &known)
	for i := range findings {
		findings[i].File = repo.relative(findings[i].File, o.Catalog)
	}
	check.Counted = counts.total() + known.skipped + files
	check.Detail = fmt.Sprintf("%d commits, %d blobs, %d trees, %d tags, %d files not committed; %d objects found clean before; %d patterns",
		counts["commit"], counts["blob"], counts["tree"], counts["tag"], files, known.skipped, len(house()))
	return check, findings, err
}

// tools names the scanners.
func tools(gitSecrets string) string {
	return strings.TrimSpace("git-secrets "+gitSecrets) + ", gitleaks " + gitleaksVersion
}

// examine scans, in a private box, the corpus that fill writes.
func examine(ctx context.Context, o Options, program string, repo *repository, fill func(*corpus) error, known *clean) ([]finding.Finding, error) {
	box, err := tool.New()
	if err != nil {
		return nil, err
	}
	defer box.Close()
	out, err := newCorpus(filepath.Join(box.Dir, "corpus"))
	if err != nil {
		return nil, err
	}
	defer out.close()
	if out.leaks, err = newLeaks(ctx); err != nil {
		return nil, err
	}
	if err := fill(out); err != nil {
		out.leaks.stop()
		return nil, err
	}
	var hits []hit
	var leaked []leak
	group, together := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		leaked, err = out.leaks.finish(together)
		return err
	})
	group.Go(func() (err error) {
		hits, err = scan(together, box, program, out)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	placed, err := out.spread(out.place(leaked))
	if err != nil {
		return nil, err
	}
	o.reveal(hits, placed)
	hits = append(merge(hits, placed), out.unreadable...)
	known.remember(out, hits)
	return report(ctx, repo, hits, o.Key)
}

// relative turns a path of the repository into one of the catalog, where it lies in it.
func (r *repository) relative(path, catalog string) string {
	if path == "" {
		return ""
	}
	root, err := filepath.EvalSymlinks(catalog)
	if err == nil {
		root, err = filepath.Abs(root)
	}
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(root, filepath.Join(r.root, filepath.FromSlash(path))); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return path
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
