package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"accountfleet/internal/evidence"
	"accountfleet/internal/gate"
	"accountfleet/internal/gate/secrets"
	"accountfleet/internal/hooks"
	"accountfleet/internal/snapshot"
)

// scope is what a check looks at where that is not the working tree: a private copy of what git recorded.
type scope struct {
	root      string // private folder that stands for the top of the repository
	at        string // of the catalog in it
	top       string // of the real working tree, relative to where the command runs
	selection *secrets.Selection
}

// close removes the copy.
func (s *scope) close() {
	if s != nil {
		_ = os.RemoveAll(s.root)
	}
}

const cureCommit = "rewrite the commits that bring it before they are pushed; revoke it if anybody else has seen it"

// scopeOf prepares what --staged or --commit name; nil where the working tree is meant.
func scopeOf(ctx context.Context, o checkOptions) (*scope, error) {
	if !o.staged && o.commit == "" {
		return nil, nil
	}
	folder := o.repository
	if folder == "" {
		folder = "."
	}
	r, err := snapshot.Open(ctx, folder)
	if err != nil {
		return nil, err
	}
	s := &scope{}
	var tree string
	if o.staged {
		tree, s.selection, err = hooks.Staged(ctx, r)
	} else {
		tree, s.selection, err = commits(ctx, r, o.commit)
	}
	if err != nil {
		return nil, err
	}
	catalog, err := inRepository(o, r.Top)
	if err != nil {
		return nil, err
	}
	id, at, err := r.Catalog(ctx, tree, catalog)
	switch {
	case err != nil:
		return nil, err
	case id == "":
		return nil, errors.New("there is no catalog in what git recorded: name the folder that holds products/ by --catalog")
	}
	if s.root, err = os.MkdirTemp("", "fleet-check-"); err != nil {
		return nil, fmt.Errorf("private folder: %w", err)
	}
	s.at = at
	if err := r.Checkout(ctx, id, s.catalog()); err != nil {
		s.close()
		return nil, err
	}
	s.top, err = relativeTo(r.Top)
	return s, err
}

// commits selects A..B, or one commit alone, and the catalog as it is in the last of them.
func commits(ctx context.Context, r *snapshot.Repository, revisions string) (tree string, selection *secrets.Selection, err error) {
	from, to, isRange := strings.Cut(revisions, "..")
	if !isRange {
		to = revisions
	}
	if to == "" {
		to = "HEAD"
	}
	tip, err := r.Git(ctx, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", to+"^{commit}")
	if err != nil {
		return "", nil, fmt.Errorf("--commit %s: %s is no commit of %s: name commits as A..B, for example main..HEAD", revisions, to, r.Top)
	}
	part := secrets.Range{Tips: []string{tip}}
	if isRange {
		known, err := r.Git(ctx, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", from+"^{commit}")
		if err != nil {
			return "", nil, fmt.Errorf("--commit %s: %s is no commit of %s: name commits as A..B, for example main..HEAD", revisions, from, r.Top)
		}
		part.Known = []string{known}
	} else {
		parents, err := r.Git(ctx, nil, "rev-list", "--parents", "--max-count=1", tip)
		if err != nil {
			return "", nil, err
		}
		part.Known = strings.Fields(parents)[1:]
	}
	tree, err = r.Tree(ctx, tip)
	return tree, &secrets.Selection{GitDir: r.Dir, Ranges: []secrets.Range{part}, Cure: cureCommit}, err
}

func (s *scope) catalog() string { return filepath.Join(s.root, filepath.FromSlash(s.at)) }

// apply points a run of the gates at the copy.
func (s *scope) apply(run *gate.Options) {
	if s != nil {
		run.Catalog, run.Selection = s.catalog(), s.selection
	}
}

// place gives findings of the catalog's gates the paths that they have in the repository, as those about secrets have already.
func (s *scope) place(result *evidence.Evidence) {
	if s == nil {
		return
	}
	for i, f := range result.Findings {
		if f.Gate != gate.Secrets && f.File != "" && f.Gate != "waivers" {
			result.Findings[i].File = filepath.ToSlash(filepath.Join(s.at, f.File))
		}
	}
}

// inRepository is the catalog's folder below the top of the repository; empty to look for it.
func inRepository(o checkOptions, top string) (string, error) {
	if !o.named {
		return "", nil
	}
	folder, err := filepath.Abs(o.catalog)
	if err == nil {
		folder, err = filepath.EvalSymlinks(folder)
	}
	if err != nil {
		return "", fmt.Errorf("catalog %s: %w", o.catalog, err)
	}
	below, err := filepath.Rel(top, folder)
	if err != nil || !filepath.IsLocal(below) {
		return "", fmt.Errorf("catalog %s: is not in the repository %s: name its folder there", o.catalog, top)
	}
	return filepath.ToSlash(below), nil
}

// relativeTo is a folder as it is named from where the command runs.
func relativeTo(folder string) (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the working folder: %w", err)
	}
	if real, err := filepath.EvalSymlinks(here); err == nil {
		here = real
	}
	return filepath.Rel(here, folder)
}
