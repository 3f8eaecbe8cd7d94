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
	defer func() { // jsii reports what the CDK throws by panics
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("the CDK refused: %v", thrown)
		}
	}()
	app, err := stacks.NewApp(cdkJSON, "")
	if err != nil {
		return err
	}
	settings, err := config.Load(cmp.Or(stacks.Setting(app, "settings"), "fleet.yaml"))
	if err != nil {
		return err
	}
	if file := stacks.Setting(app, "plan"); file != "" {
		p, err := plan.Read(file)
		if err != nil {
			return err
		}
		return stacks.Synth(app, func() error { return stacks.Publish(app, settings, p) })
	}
	return stacks.Synth(app, func() error {
		return stacks.Install(app, stacks.InstallProps{
			Settings: settings,
			Toolbox:  cmp.Or(stacks.Setting(app, "toolbox"), ".build/toolbox.tar.gz"),
			App:      cmp.Or(stacks.Setting(app, "app"), ".build/app.tar.gz"),
			Seed:     cmp.Or(stacks.Setting(app, "seed"), "catalog"),
		})
	})
}
