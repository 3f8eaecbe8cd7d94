package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"accountfleet/internal/config"
)

// quiet is how long nothing may have been saved before a check starts: editors write a file in several steps.
const quiet = 150 * time.Millisecond

// watch checks everything once, and then, whenever something was saved, the products that it belongs to. It ends with ctx.
func watch(ctx context.Context, io *IO, o checkOptions, settings *config.Settings) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", o.catalog, err)
	}
	defer watcher.Close()
	if err := follow(watcher, o.catalog); err != nil {
		return err
	}
	var products []string
	for {
		o.products = products
		err := checkOnce(ctx, io, o, settings, nil)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, errFindings) {
			fmt.Fprintln(io.Err, "fleet:", err)
		}
		fmt.Fprintf(io.Err, "\nwatching %s; Ctrl-C ends\n\n", o.catalog)
		if products, err = saved(ctx, watcher, o.catalog); err != nil || ctx.Err() != nil {
			return err
		}
		fmt.Fprintf(io.Err, "saved: %s\n\n", orAll(products))
	}
}

func orAll(products []string) string {
	if len(products) == 0 {
		return "all products are concerned"
	}
	return strings.Join(products, ", ")
}

// follow watches a folder and all below it.
func follow(watcher *fsnotify.Watcher, folder string) error {
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && e.Name() == ".git":
			return fs.SkipDir
		case e.IsDir():
			return watcher.Add(path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("watch %s: %w: name the folder that holds products/ by --catalog", folder, err)
	}
	return nil
}

// saved waits until something was saved and then nothing for a while. It names the products concerned, or none for all of them.
func saved(ctx context.Context, watcher *fsnotify.Watcher, catalog string) ([]string, error) {
	products, all := map[string]bool{}, false
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, nil
		case err := <-watcher.Errors:
			return nil, fmt.Errorf("watch %s: %w: start again", catalog, err)
		case event := <-watcher.Events:
			if event.Has(fsnotify.Create) {
				_ = follow(watcher, event.Name) // a file, or a folder that is gone already, is nothing to follow
			}
			if event.Op == fsnotify.Chmod {
				continue
			}
			if product := productOf(catalog, event.Name); product != "" {
				products[product] = true
			} else {
				all = true
			}
			timer.Reset(quiet)
		case <-timer.C:
			if all {
				return nil, nil
			}
			var ids []string
			for id := range products {
				ids = append(ids, id)
			}
			slices.Sort(ids)
			return ids, nil
		}
	}
}

// productOf is the product that a path of the catalog belongs to; empty for what concerns all of them.
func productOf(catalog, path string) string {
	below, err := filepath.Rel(catalog, path)
	if err != nil {
		return ""
	}
	words := strings.Split(filepath.ToSlash(below), "/")
	if len(words) < 2 || words[0] != "products" {
		return ""
	}
	return words[1]
}
