package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"accountfleet/internal/document"
)

// Write stores p as indented JSON at path, creating the folder.
func Write(path string, p *Plan) error {
	body, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	if err := os.WriteFile(path, append(body, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

// Read loads a plan that Write stored.
func Read(path string) (*Plan, error) {
	body, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the plan %s: %w: name the plan.json that fleet publish plan wrote", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	p := &Plan{}
	if err := document.Strict(body, p); err != nil {
		return nil, fmt.Errorf("read the plan %s: %w: make it again with this version of fleet", path, err)
	}
	if p.Format != format {
		return nil, fmt.Errorf("read the plan %s: it has format %d, this program reads %d: use the fleet that made it", path, p.Format, format)
	}
	return p, nil
}

// Rendering digests all stacks that were rendered into dir, its *.template.json: two renderings with one digest deploy the same, however
// the files are spaced.
func Rendering(dir string) (string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	if err != nil {
		return "", fmt.Errorf("digest the rendered stacks: %w", err)
	}
	if len(names) == 0 {
		return "", fmt.Errorf("%s holds no *.template.json: nothing was rendered: render the plan into it first", dir)
	}
	slices.Sort(names)
	hash := sha256.New()
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("digest the rendered stacks: %w", err)
		}
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return "", fmt.Errorf("digest the rendered stacks: %s: %w: render the plan again", name, err)
		}
		fmt.Fprintf(hash, "%s\n%s\n", filepath.Base(name), document.Canonical(value))
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
