package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"accountfleet/internal/config"
)

// App is the CDK app as a program: the same that cdk deploy runs, so published stacks look the same wherever they are rendered.
type App struct {
	Program  string // the built app
	Settings string // path of fleet.yaml
	Cache    string // folder of unpacked jsii packages, shared between runs: unpacking costs seconds
	Path     string // PATH, where node is
	Node     string // JSII_NODE, default none
	Output   io.Writer
}

// templateSuffix ends the names of rendered templates.
const templateSuffix = ".template.json"

// Render runs the app on a plan file and copies the templates of the stacks that Prod publishes, and of gamma if wanted, to out.
func (a App) Render(ctx context.Context, planFile, out string, s *config.Settings, gamma bool) ([]string, error) {
	work, err := os.MkdirTemp("", "fleet-render-")
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	defer os.RemoveAll(work)
	assembly := filepath.Join(work, "cdk.out")
	if err := a.run(ctx, planFile, work, assembly); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(assembly, "*"+templateSuffix))
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	if err := os.RemoveAll(out); err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	var stacks []string
	for _, file := range files {
		stack := strings.TrimSuffix(filepath.Base(file), templateSuffix)
		if isGamma(stack, s) && !gamma {
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("render: %w", err)
		}
		if err := os.WriteFile(filepath.Join(out, filepath.Base(file)), body, 0o644); err != nil {
			return nil, fmt.Errorf("render: %w", err)
		}
		stacks = append(stacks, stack)
	}
	if len(stacks) == 0 {
		return nil, fmt.Errorf("render: the app rendered no stack for %s: it does not match this fleet: run make build", planFile)
	}
	slices.Sort(stacks)
	return stacks, nil
}

// isGamma says whether a stack is of the Gamma stage, which Prod does not publish.
func isGamma(stack string, s *config.Settings) bool {
	return stack == s.GammaPortfolioStack() || stack == s.GammaAccessStack()
}

func (a App) run(ctx context.Context, planFile, work, assembly string) error {
	settings, err := filepath.Abs(a.Settings)
	if err != nil {
		return fmt.Errorf("render: %w", err)
	}
	planFile, err = filepath.Abs(planFile)
	if err != nil {
		return fmt.Errorf("render: %w", err)
	}
	inputs, err := json.Marshal(map[string]string{"settings": settings, "plan": planFile})
	if err != nil {
		return fmt.Errorf("render: %w", err)
	}
	program, err := filepath.Abs(a.Program)
	if err != nil {
		return fmt.Errorf("render: %w", err)
	}
	if info, err := os.Stat(program); err != nil || info.IsDir() {
		return fmt.Errorf("render the stacks with %s: it is no program: build the app by make build, or name it by --app", a.Program)
	}
	command := exec.CommandContext(ctx, program)
	command.Dir = work
	command.Env = []string{
		"PATH=" + a.Path, "HOME=" + work, "TMPDIR=" + os.TempDir(), "CDK_OUTDIR=" + assembly, "CDK_CONTEXT_JSON=" + string(inputs),
		"CDK_VALIDATION=false", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=18,20", "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION=1",
	}
	if a.Cache != "" {
		command.Env = append(command.Env, "JSII_RUNTIME_PACKAGE_CACHE_ROOT="+a.Cache)
	}
	if a.Node != "" {
		command.Env = append(command.Env, "JSII_NODE="+a.Node)
	}
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	var said strings.Builder
	command.Stdout = io.MultiWriter(a.Output, &said)
	command.Stderr = command.Stdout
	if err := command.Run(); err != nil {
		return fmt.Errorf("render the stacks with %s: %w: %s", a.Program, err, lastLine(said.String()))
	}
	return nil
}

// lastLine is where a Go program says why it stopped.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// Limits of CloudFormation, checked on what was rendered. Source: CloudFormation User Guide, "Understand CloudFormation quotas".
const (
	MaxTemplateBytes = 1 << 20
	MaxResources     = 500
	MaxOutputs       = 200
	MaxParameters    = 200
)

// Exceeds says which rendered templates CloudFormation would refuse for their size, with the cure.
func Exceeds(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"+templateSuffix))
	if err != nil {
		return nil, fmt.Errorf("check the rendering: %w", err)
	}
	var problems []string
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("check the rendering: %w", err)
		}
		var template struct{ Resources, Outputs, Parameters map[string]json.RawMessage }
		if err := json.Unmarshal(body, &template); err != nil {
			return nil, fmt.Errorf("check the rendering: %s: %w", file, err)
		}
		stack := strings.TrimSuffix(filepath.Base(file), templateSuffix)
		for _, limit := range []struct {
			what      string
			got, most int
		}{
			{"bytes", len(body), MaxTemplateBytes}, {"resources", len(template.Resources), MaxResources},
			{"outputs", len(template.Outputs), MaxOutputs}, {"parameters", len(template.Parameters), MaxParameters},
		} {
			if limit.got > limit.most {
				problems = append(problems, fmt.Sprintf("stack %s has %d %s, CloudFormation takes %d: raise shards: in fleet.yaml and deploy the pipeline again",
					stack, limit.got, limit.what, limit.most))
			}
		}
	}
	return problems, nil
}
