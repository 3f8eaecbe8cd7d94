package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
)

// writeLines writes one line for each finding, as editors and tools read compilers: file:line:column: severity: message: cure [gate/rule].
func writeLines(out io.Writer, catalog string, result evidence.Evidence) error {
	for _, f := range result.Findings {
		_, err := fmt.Fprintf(out, "%s:%d:%d: %s: %s [%s/%s]\n", printable(fileOf(catalog, f.File)),
			cmp.Or(f.Span.Line, 1), cmp.Or(f.Span.Column, 1), f.Severity, whole(f), f.Gate, f.Rule)
		if err != nil {
			return err
		}
	}
	return nil
}

// fileOf is the path of a finding's file as it leads there from where the command runs: below the catalog's folder as it was named, or,
// for what history holds elsewhere in the repository, as it is.
func fileOf(catalog, file string) string {
	inside := filepath.Join(catalog, filepath.FromSlash(file))
	if file == "" || exists(inside) || !exists(file) {
		return inside
	}
	return file
}

// whole is all that a finding says, in one line.
func whole(f finding.Finding) string {
	text := f.Message
	if f.Resource != "" && f.Gate != "manifest" {
		text = f.Resource + ": " + text
	}
	if f.Cure != "" {
		text += ": " + f.Cure
	}
	return printable(text)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
