package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"accountfleet/internal/evidence"
)

// writeLines writes one line for each finding, as editors and tools read compilers: file:line:column: severity: message: cure [gate/rule].
// Paths are those of the catalog's folder as it was named, so that they lead there from where the command ran.
func writeLines(out io.Writer, catalog string, result evidence.Evidence) error {
	for _, f := range result.Findings {
		file := f.File
		if inside := filepath.Join(catalog, filepath.FromSlash(file)); file == "" || exists(inside) || !exists(file) {
			file = inside
		}
		text := f.Message
		if f.Resource != "" && f.Gate != "manifest" {
			text = f.Resource + ": " + text
		}
		if f.Cure != "" {
			text += ": " + f.Cure
		}
		_, err := fmt.Fprintf(out, "%s:%d:%d: %s: %s [%s/%s]\n",
			printable(file), cmp.Or(f.Span.Line, 1), cmp.Or(f.Span.Column, 1), f.Severity, printable(text), f.Gate, f.Rule)
		if err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
