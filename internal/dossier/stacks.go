package dossier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"accountfleet/internal/cloud"
	"accountfleet/internal/config"
	"accountfleet/internal/publish"
)

// Set is a change set that will be executed after the approval.
type Set struct {
	Stack, Region string
	Empty         bool // nothing would change
	Changes       []cloud.ResourceChange
}

// Stack is a stack that gets its change set only after the approval, compared with what is deployed.
type Stack struct {
	Name, Account, Region string
	Compared              string // how it was compared
	Added                 []Element
	Changed               []Element
	Removed               []Element
	Count                 int // resources of the rendered template
}

// Element is a resource of a stack.
type Element struct{ LogicalID, Type string }

// suffix ends the file names of stacks of catalog regions other than home; see the pipeline's artifact names.
func suffix(s *config.Settings, region string) string {
	if region == s.Regions.Home {
		return ""
	}
	return "-" + region
}

// sets reads the change sets that Prod made: those of every stack that was rendered for them.
func (in Input) sets(ctx context.Context, page *Page) error {
	s := in.Settings
	for _, region := range s.Regions.Catalog {
		var stacks []string
		for shard := range s.Shards {
			stacks = append(stacks, s.ProductsStack(shard))
		}
		if region == s.Regions.Home {
			for shard := range s.Shards {
				stacks = append(stacks, s.LaunchRolesStack(shard))
			}
		}
		for _, stack := range stacks {
			rendered, err := in.rendered(stack + suffix(s, region))
			if err != nil {
				return err
			}
			if rendered == nil {
				continue
			}
			found, err := in.SetsIn(region).Find(ctx, stack, s.ChangeSet())
			if err != nil {
				return err
			}
			page.Sets = append(page.Sets, Set{Stack: stack, Region: region, Empty: found.ARN == "" || found.Empty, Changes: found.Changes})
			page.Approved.ChangeSets = append(page.Approved.ChangeSets, publish.Identity(region, stack, s.ChangeSet(), found))
		}
	}
	return nil
}

// stacks compares portfolio and access stacks with what is deployed.
func (in Input) stacks(ctx context.Context, page *Page) error {
	s := in.Settings
	for _, region := range s.Regions.Catalog {
		for _, portfolio := range s.Portfolios {
			stack := Stack{Name: s.PortfolioStack(portfolio.ID), Account: s.Accounts.Catalog, Region: region, Compared: "with what is deployed"}
			rendered, err := in.rendered(stack.Name + suffix(s, region))
			if err != nil {
				return err
			}
			deployed, err := in.Deployed(ctx, region, stack.Name)
			if err != nil {
				return err
			}
			if deployed == nil {
				stack.Compared = "new stack"
			}
			stack.compare(deployed, rendered)
			page.Stacks = append(page.Stacks, stack)
		}
		for _, account := range s.Listed() {
			rendered, err := in.rendered(s.AccessStack() + "-" + account + suffix(s, region))
			if err != nil {
				return err
			}
			if rendered == nil {
				continue // the catalog account needs none
			}
			stack := Stack{Name: s.AccessStack(), Account: account, Region: region, Count: len(resources(rendered)),
				Compared: "not compared: nobody but the deployment itself may read stacks of consumer accounts"}
			page.Stacks = append(page.Stacks, stack)
		}
	}
	return nil
}

// rendered is a template of the plan, nil if the stack was not rendered.
func (in Input) rendered(name string) ([]byte, error) {
	body, err := os.ReadFile(filepath.Join(in.Rendered, name+".template.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the rendering: %w", err)
	}
	return body, nil
}

func (s *Stack) compare(deployed, rendered []byte) {
	was, will := resources(deployed), resources(rendered)
	s.Count = len(will)
	for id, now := range will {
		before, ok := was[id]
		switch {
		case !ok:
			s.Added = append(s.Added, Element{id, now.kind})
		case before.text != now.text:
			s.Changed = append(s.Changed, Element{id, now.kind})
		}
	}
	for id, before := range was {
		if _, ok := will[id]; !ok {
			s.Removed = append(s.Removed, Element{id, before.kind})
		}
	}
	for _, elements := range [][]Element{s.Added, s.Changed, s.Removed} {
		slices.SortFunc(elements, func(a, b Element) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	}
}

// Same says that nothing of the stack would change.
func (s Stack) Same() bool {
	return len(s.Added)+len(s.Changed)+len(s.Removed) == 0
}

type resource struct{ kind, text string }

func resources(template []byte) map[string]resource {
	found := map[string]resource{}
	var parsed struct{ Resources map[string]json.RawMessage }
	if json.Unmarshal(template, &parsed) != nil {
		return found
	}
	for id, body := range parsed.Resources {
		var typed struct{ Type string }
		canonical, err := cloud.Canonical(body)
		if err != nil || json.Unmarshal(body, &typed) != nil {
			continue
		}
		found[id] = resource{kind: typed.Type, text: string(canonical)}
	}
	return found
}
