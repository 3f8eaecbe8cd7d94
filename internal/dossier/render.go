package dossier

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
)

//go:embed page.html
var source string

// page is parsed once; html/template escapes every value by where it stands.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"join": func(list []string) string { return strings.Join(list, ", ") },
	"mark": func(o evidence.Outcome) string {
		switch o {
		case evidence.Passed:
			return "passed"
		case evidence.Outcome(evidence.NotRun):
			return "notrun"
		}
		return "failed"
	},
	"when":   func(p *Page) string { return p.Made.Format("2 January 2006, 15:04 UTC") },
	"plural": plural,
	"actions": func(grants []Grant) (n int) {
		for _, g := range grants {
			n += len(g.Actions)
		}
		return n
	},
	"exercised": func(grants []Grant) (n int) {
		for _, g := range grants {
			if g.Exercised {
				n += len(g.Actions)
			}
		}
		return n
	},
	"types": func(proofs []Proof) bool {
		return slices.ContainsFunc(proofs, func(p Proof) bool { return len(p.Types) > 0 })
	},
}).Parse(source))

// MaxSummary is the longest summary that an approval shows, in characters. Source: CodePipeline user guide, quotas of approvals.
const MaxSummary = 512

// HTML is the page as one file.
func (p *Page) HTML() ([]byte, error) {
	var out bytes.Buffer
	if err := page.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("write the dossier: %w", err)
	}
	return out.Bytes(), nil
}

// Summary is one plain line for the approval: at most MaxSummary printable ASCII characters, because it passes through a variable of
// the pipeline and through the shell of a build.
func (p *Page) Summary() string {
	var changes []string
	for _, product := range p.Products {
		changes = append(changes, strings.TrimSpace(product.ID+" "+product.Version+" ("+product.Change+")"))
	}
	text := p.Verdict + ". " + p.Proof
	if p.Emulated {
		text = "REHEARSAL on an emulator. " + text
	}
	if len(changes) > 0 {
		text += " " + strings.Join(changes, ", ") + "."
	}
	return plain(text, MaxSummary)
}

// plain keeps letters, digits, spaces and harmless punctuation, within a length.
func plain(text string, most int) string {
	var b strings.Builder
	for _, r := range text {
		if r > unicode.MaxASCII || !unicode.IsPrint(r) || strings.ContainsRune("$`\"'\\<>#{}&|;!", r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	line := strings.Join(strings.Fields(b.String()), " ")
	if len(line) > most {
		line = line[:most-3] + "..."
	}
	return line
}

// Key is where the page of an execution lies in the dossier bucket.
func Key(execution string) string { return "executions/" + execution + "/index.html" }

// Address is the page in the S3 console: readers sign in there, where an address with a signature would die with its session.
func Address(s *config.Settings, execution string) string {
	return fmt.Sprintf("https://%s.console.aws.amazon.com/s3/object/%s?region=%s&prefix=%s", s.Regions.Home, s.DossierBucket(), s.Regions.Home, Key(execution))
}

// Write stores the page, dossier.json, and for the build the page's address and its summary as one-line files.
func (p *Page) Write(dir, address string) error {
	html, err := p.HTML()
	if err != nil {
		return err
	}
	approved, err := json.MarshalIndent(p.Approved, "", "  ")
	if err != nil {
		return fmt.Errorf("write the dossier: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write the dossier: %w", err)
	}
	for name, body := range map[string][]byte{
		"index.html": html, "dossier.json": append(approved, '\n'), "url": []byte(address + "\n"), "summary": []byte(p.Summary() + "\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o644); err != nil {
			return fmt.Errorf("write the dossier: %w", err)
		}
	}
	return nil
}
