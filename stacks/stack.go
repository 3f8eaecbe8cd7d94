// Package stacks holds the fleet's CloudFormation stacks: what cdk deploy --all installs, and what the pipeline publishes.
//
// Install builds Toolchain, Test, Gamma, Catalog and one Consumer stack per consumer account, and where leaked access keys are
// deactivated perhaps a Management stack. Publish builds, from a plan, product shards, launch roles, portfolios and access stacks: the
// same code on a laptop and in the pipeline's Render action. A stack names its parts and says who may do what; how a part looks in
// CloudFormation is in constructs/. Construct ids of stacks are their CloudFormation names, because the template files are called
// after them. Check (limits.go) refuses, on the finished templates, what AWS would refuse later. Start at Install, pipeline.go and
// published.go.
package stacks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
)

// NewApp creates the CDK app with the feature flags of cdk.json, so that the app renders the same whether the cdk CLI starts it, the
// pipeline or a test. Context of the command line wins. An empty outdir is CDK_OUTDIR, or else cdk.out.
func NewApp(cdkJSON []byte, outdir string) (awscdk.App, error) {
	var file struct {
		Context map[string]any `json:"context"`
	}
	if err := json.Unmarshal(cdkJSON, &file); err != nil {
		return nil, fmt.Errorf("read cdk.json: %w", err)
	}
	props := &awscdk.AppProps{AnalyticsReporting: jsii.Bool(false), Context: &file.Context}
	if outdir != "" {
		props.Outdir = jsii.String(outdir)
	}
	return awscdk.NewApp(props), nil
}

// Synth has build add stacks to the app, synthesizes them and checks the templates against the limits of AWS.
func Synth(app awscdk.App, build func() error) error {
	if err := build(); err != nil {
		return err
	}
	return Check(*app.Synth(nil).Directory())
}

// oldestNode is the oldest release of Node.js that the CDK's runtime takes.
const oldestNode = 20

// Refusal is what the CDK threw, as an error. Node.js is asked for its version only now: a synth must not pay for it.
func Refusal(thrown any) error {
	text := fmt.Sprint(thrown)
	if strings.Contains(text, `exec: "node"`) {
		return fmt.Errorf("the CDK runs on Node.js: %s: install Node.js %d or newer", text, oldestNode)
	}
	var major int
	version, err := exec.Command(cmp.Or(os.Getenv("JSII_NODE"), "node"), "--version").Output()
	if _, unread := fmt.Sscanf(string(version), "v%d.", &major); err == nil && unread == nil && major < oldestNode {
		return fmt.Errorf("the CDK runs on Node.js %d or newer, and node is %s: install Node.js %[1]d or newer", oldestNode, strings.TrimSpace(string(version)))
	}
	return fmt.Errorf("the CDK refused: %s", text)
}

// Setting is a value of the context, "" if it is not given.
func Setting(app awscdk.App, key string) string {
	value, _ := app.Node().TryGetContext(jsii.String(key)).(string)
	return value
}

// place is where a stack is and what it is called.
type place struct {
	id          string // construct id, which names the template file; default the stack's name
	name        string
	account     string
	region      string
	description string
	keep        bool // nobody deletes the stack before its termination protection is taken off; default false
}

// installed creates a stack that cdk deploy installs.
func installed(app awscdk.App, p place) awscdk.Stack {
	return p.stack(app, &awscdk.StackProps{TerminationProtection: jsii.Bool(p.keep)})
}

// published creates a stack that the pipeline deploys: it has no assets and needs no bootstrapping of its account, and nothing but
// what the plan says is in its template, so that its digest means something.
func published(app awscdk.App, p place) awscdk.Stack {
	stack := p.stack(app, &awscdk.StackProps{Synthesizer: awscdk.NewBootstraplessSynthesizer(&awscdk.BootstraplessSynthesizerProps{})})
	stack.Node().SetContext(jsii.String("aws:cdk:enable-path-metadata"), false)
	return stack
}

func (p place) stack(app awscdk.App, props *awscdk.StackProps) awscdk.Stack {
	if p.id == "" {
		p.id = p.name
	}
	props.StackName = jsii.String(p.name)
	props.Description = jsii.String(p.description)
	props.AnalyticsReporting = jsii.Bool(false)
	props.Env = &awscdk.Environment{Account: jsii.String(p.account), Region: jsii.String(p.region)}
	return awscdk.NewStack(app, jsii.String(p.id), props)
}

// storeRegions are the regions with a template store: home, where candidates are offered, and those where products are published.
func storeRegions(s *config.Settings) []string {
	regions := []string{s.Regions.Home}
	for _, region := range s.Regions.Catalog {
		if region != s.Regions.Home {
			regions = append(regions, region)
		}
	}
	return regions
}

// suffix tells the names of a region's actions and files apart from those of home, which have none.
func suffix(s *config.Settings, region string) string {
	if region == s.Regions.Home {
		return ""
	}
	return "-" + region
}
