package hooks

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"accountfleet/internal/config"
	"accountfleet/internal/gate"
	"accountfleet/internal/gate/secrets"
	"accountfleet/internal/snapshot"
)

const cureStaged = "remove it from the file and stage that, or pass it by Secrets Manager or a NoEcho parameter; revoke it if anybody else has seen it"

// Staged is the tree that the next commit would record, and what is new in it for secrets.
func Staged(ctx context.Context, r *snapshot.Repository) (tree string, selection *secrets.Selection, err error) {
	if tree, err = r.Staged(ctx); err != nil {
		return "", nil, err
	}
	part := secrets.Range{Tips: []string{tree}}
	if head, err := r.Tree(ctx, "HEAD"); err == nil {
		part.Known = []string{head}
	}
	return tree, &secrets.Selection{GitDir: r.Dir, Ranges: []secrets.Range{part}, Cure: cureStaged}, nil
}

// staged checks what the next commit would record: the catalog in it by every gate, and what is new in it for secrets.
func (o Options) staged(ctx context.Context, r *snapshot.Repository, settings *config.Settings) error {
	tree, selection, err := Staged(ctx, r)
	if err != nil {
		return err
	}
	return o.content(ctx, r, settings, tree, selection)
}

// content judges a selection for secrets, and the catalog in a tree by the other gates unless that very catalog passed before.
func (o Options) content(ctx context.Context, r *snapshot.Repository, settings *config.Settings, tree string, selection *secrets.Selection) error {
	run := gate.Options{Settings: settings, Selection: selection, Only: []string{gate.Secrets}}
	catalog, at, err := r.Catalog(ctx, tree, o.Catalog)
	if err != nil {
		return err
	}
	if catalog == "" && o.Catalog != "" {
		return fmt.Errorf("the folder %s, named as the catalog, is not in what git records: fleet hooks install --catalog FOLDER", o.Catalog)
	}
	if catalog == "" {
		return o.judge(ctx, run, "", "; no catalog here, so nothing else is checked")
	}
	passed, err := o.passed(ctx, r, catalog)
	if err != nil {
		return err
	}
	if passed.known() {
		return o.judge(ctx, run, "", "; these very products passed policy, schema, iam and features before")
	}
	root, err := os.MkdirTemp("", "fleet-hook-")
	if err != nil {
		return fmt.Errorf("private folder: %w", err)
	}
	defer os.RemoveAll(root)
	run.Only, run.Catalog = gate.Names(), filepath.Join(root, filepath.FromSlash(at))
	if err := r.Checkout(ctx, catalog, run.Catalog); err != nil {
		return err
	}
	if err := o.judge(ctx, run, root, ""); err != nil {
		return err
	}
	passed.remember()
	return nil
}
