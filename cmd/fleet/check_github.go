package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"accountfleet/internal/evidence"
)

// writeGithub writes one workflow command for each finding, and for each broken gate, by which GitHub Actions annotates lines.
// Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func writeGithub(out io.Writer, catalog string, result evidence.Evidence) error {
	command := map[string]string{"error": "error", "warning": "warning", "note": "notice"}
	for _, c := range result.Checks {
		if c.Outcome == evidence.Broken {
			if _, err := fmt.Fprintf(out, "::error title=%s::%s\n", property("gate "+c.Gate+" is broken"), data(printable(c.Detail))); err != nil {
				return err
			}
		}
	}
	for _, f := range result.Findings {
		_, err := fmt.Fprintf(out, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", command[string(f.Severity)],
			property(printable(fileOf(catalog, f.File))), cmp.Or(f.Span.Line, 1), cmp.Or(f.Span.Column, 1), property(f.Gate+"/"+f.Rule), data(whole(f)))
		if err != nil {
			return err
		}
	}
	return nil
}

// data escapes the text of a workflow command, property a value before it.
func data(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func property(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(text))
}
