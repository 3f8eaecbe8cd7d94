package stacks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"accountfleet/internal/config"

	parts "accountfleet/constructs"
)

// InstallProps describes an installation.
type InstallProps struct {
	Settings *config.Settings
	Toolbox  string // file: what every build downloads
	App      string // file: this app, which Package and Render download
	Seed     string // folder: the first commit of the catalog repository
}

// Install builds the stacks that cdk deploy --all installs. The pipeline comes last: CodePipeline starts a new pipeline at once.
func Install(app awscdk.App, props InstallProps) error {
	s := props.Settings
	toolbox, noToolbox := readAsset(props.Toolbox, "toolbox")
	bundle, noApp := readAsset(props.App, "app")
	if err := errors.Join(noToolbox, noApp, checkSeed(s, props.Seed)); err != nil {
		return err
	}
	accounts := &boundaries{settings: s, owners: map[string]awscdk.Stack{}}
	before := []awscdk.Stack{newTest(app, s, accounts), newGamma(app, s, accounts), newCatalog(app, s, accounts)}
	for _, region := range storeRegions(s)[1:] {
		before = append(before, newCatalogRegion(app, s, region))
	}
	for _, account := range s.Consumers() {
		before = append(before, newConsumer(app, s, account, accounts))
	}
	if needsManagement(s) {
		before = append(before, newManagement(app, s))
	}
	toolchain, err := newToolchain(app, toolchainProps{Settings: s, Toolbox: toolbox, App: bundle, Seed: props.Seed})
	if err != nil {
		return err
	}
	bringKeyDeactivation(s, append(before, toolchain)...)
	for _, stack := range before {
		toolchain.AddStackDependency(stack, nil)
	}
	return nil
}

// checkSeed looks at what the catalog repository is made of; with a connection there is nothing to make. CodeCommit calls an archive with
// an empty file in it not valid, and so the stack would fail. Source: aws/aws-cdk#19012.
func checkSeed(s *config.Settings, folder string) error {
	if s.Source.Connection != nil {
		return nil
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: no such folder: the catalog repository is seeded from it: restore it, or name another by -c seed=FOLDER", folder)
	}
	var empty []error
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Size() == 0 {
			empty = append(empty, fmt.Errorf("%s: empty file: CodeCommit makes no repository of a seed that has one: write something into it, or remove it", path))
		}
		return err
	})
	return errors.Join(append(empty, err)...)
}

// boundaries creates the permissions boundary of each account exactly once, in the first of the stacks there.
type boundaries struct {
	settings *config.Settings
	owners   map[string]awscdk.Stack
}

// of is the ARN of the boundary of an account, for roles of stack: a reference where the boundary is made in the same stack, and a
// name where it is made in another, which is then deployed before.
func (b *boundaries) of(account string, stack awscdk.Stack) string {
	if owner, ok := b.owners[account]; ok {
		stack.AddStackDependency(owner, nil)
		return parts.BoundaryARN(b.settings, account)
	}
	b.owners[account] = stack
	boundary := parts.NewBoundary(stack, "Boundary", parts.BoundaryProps{Settings: b.settings, Account: account})
	return *boundary.Resource.Ref()
}
