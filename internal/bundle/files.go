package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"accountfleet/internal/document"
	"accountfleet/internal/manifest"
)

// Names of the files of a bundle.
const (
	bundleName   = "bundle.json"
	sbomName     = "sbom.json"
	templatesDir = "templates"
)

// Write stores b in dir with the templates of catalog, from which it was built. bundle.json comes last, so that a folder that has one is
// complete; what else lies in dir is left alone.
func Write(dir string, b *Bundle, catalog *manifest.Catalog) error {
	if err := Clear(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, templatesDir), 0o755); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	bodies := map[string][]byte{}
	for _, p := range catalog.Products {
		bodies[p.ID] = p.Template.Body
	}
	for _, p := range b.Products {
		want := p.Candidate().Digest
		if got := digest(bodies[p.ID]); got != want {
			return fmt.Errorf("write the bundle: template of %s has digest %s, the bundle says %s: build the bundle from this catalog", p.ID, got, want)
		}
		if err := write(templatePath(dir, want), bodies[p.ID]); err != nil {
			return err
		}
	}
	if err := write(filepath.Join(dir, sbomName), billOfMaterials(b, catalog)); err != nil {
		return err
	}
	return write(filepath.Join(dir, bundleName), b.json())
}

// Clear removes the bundle in dir, if there is one, so that nobody takes it for what is about to be built.
func Clear(dir string) error {
	if err := errors.Join(remove(filepath.Join(dir, bundleName)), os.RemoveAll(filepath.Join(dir, templatesDir))); err != nil {
		return fmt.Errorf("clear the bundle: %w", err)
	}
	return nil
}

// Open reads the bundle in dir and verifies the digest of every payload.
func Open(dir string) (*Bundle, error) {
	body, err := os.ReadFile(filepath.Join(dir, bundleName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open the bundle: %s/%s: %w: name the folder that fleet package wrote", dir, bundleName, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	b := &Bundle{}
	if err := document.Strict(body, b); err != nil {
		return nil, fmt.Errorf("open the bundle: %s: %w: build it again with this version of fleet", bundleName, err)
	}
	if b.Format != format {
		return nil, fmt.Errorf("open the bundle: %s has format %d, this program reads %d: use the fleet that built it", bundleName, b.Format, format)
	}
	if got := b.digest(); got != b.Digest {
		return nil, fmt.Errorf("open the bundle: %s has digest %s, but says %s: it was changed after Alpha: build it again", bundleName, got, b.Digest)
	}
	sbom, err := os.ReadFile(filepath.Join(dir, sbomName))
	if err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	if got := digest(sbom); got != b.SBOM {
		return nil, fmt.Errorf("open the bundle: %s has digest %s, the bundle says %s: it was changed after Alpha: build it again", sbomName, got, b.SBOM)
	}
	return b, b.verifyTemplates(dir)
}

// verifyTemplates checks that templates/ holds exactly the payloads of b.
func (b *Bundle) verifyTemplates(dir string) error {
	expected := map[string]bool{}
	for _, p := range b.Products {
		expected[filepath.Base(templatePath(dir, p.Candidate().Digest))] = true
		if _, err := b.Template(dir, p); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, templatesDir))
	if err != nil && len(expected) > 0 {
		return fmt.Errorf("open the bundle: %w", err)
	}
	for _, e := range entries {
		if !expected[e.Name()] {
			return fmt.Errorf("open the bundle: %s/%s belongs to no product: it was added after Alpha: build it again", templatesDir, e.Name())
		}
	}
	return nil
}

// Template is the candidate template of p from the bundle in dir, verified again.
func (b *Bundle) Template(dir string, p Product) ([]byte, error) {
	want := p.Candidate().Digest
	body, err := os.ReadFile(templatePath(dir, want))
	if err != nil {
		return nil, fmt.Errorf("template of product %s: %w", p.ID, err)
	}
	if got := digest(body); got != want {
		return nil, fmt.Errorf("template of product %s has digest %s, the bundle says %s: it was changed after Alpha: build the bundle again", p.ID, got, want)
	}
	return body, nil
}

func templatePath(dir, digest string) string {
	return filepath.Join(dir, templatesDir, digest+".json")
}

func write(path string, body []byte) error {
	if err := os.WriteFile(path, body, 0o644); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return nil
}

// remove deletes a file that need not exist.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
