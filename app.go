// The CDK app of the account fleet. Without a plan it synthesizes what `cdk deploy --all` installs; with `-c plan=FILE` what the
// pipeline publishes. Context: settings (default fleet.yaml), plan, toolbox and app (archives of make toolbox), seed (default catalog).
// Exit code 2 says that settings, plan or environment are wrong. Start at stacks.Install and stacks.Publish.
package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"os"

	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
	"accountfleet/internal/plan"
	"accountfleet/stacks"
)

//go:embed cdk.json
var cdkJSON []byte

func main() {
	if err := synth(); err != nil {
		fmt.Fprintln(os.Stderr, "app:", err)
		os.Exit(2)
	}
}

func synth() (err error) {
	defer jsii.Close()
	defer func() { // what the CDK throws arrives as a panic
		if thrown := recover(); thrown != nil {
			err = stacks.Refusal(thrown)
		}
	}()
	app, err := stacks.NewApp(cdkJSON, "")
	if err != nil {
		return err
	}
	context := func(key, otherwise string) string { return cmp.Or(stacks.Setting(app, key), otherwise) }
	settings, err := config.Load(context("settings", "fleet.yaml"))
	if err != nil {
		return err
	}
	if file := context("plan", ""); file != "" {
		p, err := plan.Read(file)
		if err != nil {
			return err
		}
		return stacks.Synth(app, func() error { return stacks.Publish(app, settings, p) })
	}
	props := stacks.InstallProps{
		Settings: settings, Toolbox: context("toolbox", ".build/toolbox.tar.gz"), App: context("app", ".build/app.tar.gz"), Seed: context("seed", "catalog"),
	}
	return stacks.Synth(app, func() error { return stacks.Install(app, props) })
}
