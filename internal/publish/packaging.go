package publish

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"accountfleet/internal/bundle"
	"accountfleet/internal/config"
	"accountfleet/internal/evidence"
	"accountfleet/internal/finding"
	"accountfleet/internal/launchrole"
	"accountfleet/internal/ledger"
	"accountfleet/internal/manifest"
	"accountfleet/internal/plan"
)

// Renderer renders the stacks of a plan; App is one.
type Renderer interface {
	Render(ctx context.Context, planFile, out string, s *config.Settings, gamma bool) ([]string, error)
}

// Packaging builds what later stages promote: the bundle, a trial rendering, Alpha's evidence, and the number of changes.
type Packaging struct {
	Settings *config.Settings
	Tree     manifest.Tree
	Commit   string
	Ledger   ledger.Reader
	Index    *launchrole.Index
	App      Renderer
	Out      string
	Evidence []string // folders that hold Alpha's evidence.json
}

// Packaged is the outcome of Packaging.
type Packaged struct {
	Bundle   *bundle.Bundle // nil if a finding forbids it
	Findings []finding.Finding
	Changes  int
	Platform bool // no product changes, but the stacks would render otherwise than they were: settings, app or withdrawn versions
}

// Run packages. Findings are about what was pushed; the error is about everything else. The bundle is written last, so that a package
// that could not be finished is never taken for one.
func (p *Packaging) Run(ctx context.Context) (Packaged, error) {
	catalog, findings, err := manifest.Load(ctx, p.Tree, p.Settings)
	if err != nil || finding.Failed(findings) {
		return Packaged{Findings: findings}, err
	}
	entries, err := p.Ledger.Entries(ctx)
	if err != nil {
		return Packaged{}, err
	}
	state, err := ledger.Reduce(entries)
	if err != nil {
		return Packaged{}, err
	}
	built, more, err := p.build(catalog, state)
	findings = append(findings, more...)
	if err != nil || built == nil || finding.Failed(findings) {
		return Packaged{Findings: findings}, err
	}
	if err := bundle.Clear(p.Out); err != nil {
		return Packaged{}, err
	}
	result := Packaged{Bundle: built, Findings: findings, Changes: built.Changes()}
	rendering, problems, err := p.render(ctx, built, state)
	if err != nil {
		return Packaged{}, err
	}
	result.Findings = append(result.Findings, problems...)
	if finding.Failed(problems) {
		return Packaged{Findings: result.Findings}, nil
	}
	if result.Changes == 0 && state.Head > 0 && rendering != state.Rendering {
		result.Changes, result.Platform = 1, true
	}
	if err := p.copyEvidence(); err != nil {
		return Packaged{}, err
	}
	if err := os.WriteFile(filepath.Join(p.Out, "changes"), fmt.Appendln(nil, result.Changes), 0o644); err != nil {
		return Packaged{}, fmt.Errorf("package: %w", err)
	}
	return result, bundle.Write(p.Out, built, catalog)
}

// build makes the bundle; what launch roles must not be given is a finding too.
func (p *Packaging) build(catalog *manifest.Catalog, state ledger.State) (*bundle.Bundle, []finding.Finding, error) {
	var refused []finding.Finding
	fleet := launchrole.Fleet{Boundary: p.Settings.Boundary(), Prefix: p.Settings.Name}
	built, findings, err := bundle.Build(catalog, state, bundle.Input{
		Commit: p.Commit, Shards: p.Settings.Shards,
		Permissions: func(product manifest.Product) ([]ledger.Permission, error) {
			permissions, problems := p.Index.Permissions(product.ID, product.Template.Doc, fleet)
			for _, f := range problems {
				f.File = product.Template.Path
				if f.Resource != "" {
					f.Span = product.Template.Lines.At("/Resources/" + f.Resource)
				}
				refused = append(refused, f)
			}
			return permissions, nil
		},
	})
	return built, append(findings, refused...), err
}

// render tries the rendering that Prod will repeat, and returns the digest of the stacks that would be published.
func (p *Packaging) render(ctx context.Context, built *bundle.Bundle, state ledger.State) (string, []finding.Finding, error) {
	made, err := plan.Make(p.Settings, built, state)
	if err != nil {
		return "", nil, err
	}
	work, err := os.MkdirTemp("", "fleet-package-")
	if err != nil {
		return "", nil, fmt.Errorf("package: %w", err)
	}
	defer os.RemoveAll(work)
	planFile := filepath.Join(work, "plan.json")
	if err := plan.Write(planFile, made); err != nil {
		return "", nil, err
	}
	rendered := filepath.Join(p.Out, "rendered")
	stacks, err := p.App.Render(ctx, planFile, rendered, p.Settings, true)
	if err != nil {
		return "", nil, err
	}
	published := filepath.Join(work, "published")
	if err := copyStacks(rendered, published, stacks, p.Settings); err != nil {
		return "", nil, err
	}
	digest, err := plan.Rendering(published)
	if err != nil {
		return "", nil, err
	}
	problems, err := Exceeds(rendered)
	var findings []finding.Finding
	for _, problem := range problems {
		message, cure, _ := strings.Cut(problem, ": ")
		f := finding.Finding{Gate: "package", Rule: "LIMIT", Severity: finding.Error, Message: message, Cure: cure}
		f.Fingerprint = finding.Identify(f)
		findings = append(findings, f)
	}
	return digest, findings, err
}

// copyStacks copies the templates of the stacks that Prod publishes: all but gamma's.
func copyStacks(from, to string, stacks []string, s *config.Settings) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("copy the rendering: %w", err)
	}
	for _, stack := range stacks {
		if isGamma(stack, s) {
			continue
		}
		body, err := os.ReadFile(filepath.Join(from, stack+templateSuffix))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, stack+templateSuffix), body, 0o644)
		}
		if err != nil {
			return fmt.Errorf("copy the rendering: %w", err)
		}
	}
	return nil
}

// copyEvidence keeps what Alpha proved, under the name of its action. What did not pass is never packaged.
func (p *Packaging) copyEvidence() error {
	for _, dir := range p.Evidence {
		e, err := evidence.Read(filepath.Join(dir, "evidence.json"))
		if err != nil {
			return err
		}
		if e.Outcome != evidence.Passed {
			return fmt.Errorf("evidence of %s in %s says %q: only what passed is packaged: run the gates again", e.Action, dir, e.Outcome)
		}
		if err := evidence.Write(filepath.Join(p.Out, "evidence", e.Action+".json"), e); err != nil {
			return err
		}
	}
	return nil
}
