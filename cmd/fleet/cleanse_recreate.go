package main

import (
	"context"
	"fmt"
	"time"

	"accountfleet/internal/cleanse"
	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
)

// freezeTakes is how long engineers may still push after the repository was frozen. A rewrite need not wait, because leases find such a push;
// what is pushed between the last look and the deletion of a repository would be lost.
var freezeTakes = time.Minute

// agreeToRecreate finds out who can make the remote again, and asks for that apart, whatever else was agreed to.
func (o cleanseOptions) agreeToRecreate(ctx context.Context, options *cleanse.Options, ask *asker, unfinished bool) error {
	what := "delete the repository and make it again, with everything that is in its cleansed history"
	if local := cleanse.LocalOf(options.Remote); local != "" {
		options.Recreate = local
		return ask.word("recreate", what)
	}
	region, name, _ := cloud.CodeCommitOf(options.Remote)
	settings, err := config.Load(o.settings)
	if err != nil {
		return err
	}
	session, err := cloud.Open(ctx, region)
	if err != nil {
		return err
	}
	repository := session.Repository(name)
	options.Recreate = repository
	if name == settings.Source.Repository && session.Region() == settings.Regions.Home {
		if err := session.Expect(ctx, settings.Accounts.Tools); err != nil {
			return fmt.Errorf("--recreate: %w", err)
		}
		options.Barrier = session.Freeze(cloud.Freeze{
			Repository: settings.ToolsARN("codecommit", name), Tag: settings.FreezeTag(), Why: "fleet cleanse run --recreate", Rule: settings.PushRule(),
			Takes: freezeTakes,
		})
	}
	if !unfinished { // else it may be gone
		count := "open"
		if open, err := repository.OpenPullRequests(ctx); err == nil {
			count = fmt.Sprintf("%d open", open)
		} else {
			fmt.Fprintln(ask.streams.Err, "warning:", err)
		}
		what += "; its " + count + " pull requests, all closed ones and their comments are lost"
	}
	return ask.word("recreate", what)
}
