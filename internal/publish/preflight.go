package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"accountfleet/internal/cloud"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"
)

// Approved is dossier.json: what the reviewer was shown, so that Preflight can tell whether it is still what would be executed.
type Approved struct {
	Format     int         `json:"format"` // 1
	Commit     string      `json:"commit"`
	Bundle     string      `json:"bundle"`     // digest of the package
	Rendering  string      `json:"rendering"`  // digest of the published stacks
	LedgerHead int         `json:"ledgerHead"` // the last entry of the ledger that the plan was made on
	ChangeSets []ChangeSet `json:"changeSets"`

	Shares []ShareChange `json:"shares,omitempty"` // with organizational units
}

// ChangeSet is a change set that the reviewer was shown.
type ChangeSet struct {
	Stack    string `json:"stack"`
	Region   string `json:"region"`
	Name     string `json:"name"`
	ARN      string `json:"arn"`      // empty if there was none: nothing would change
	Status   string `json:"status"`   // of its execution
	Template string `json:"template"` // digest of its template
}

// ReadApproved loads dossier.json from a dossier's folder.
func ReadApproved(dir string) (*Approved, error) {
	file := filepath.Join(dir, "dossier.json")
	body, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the dossier: %w: run fleet dossier first", err)
	}
	var approved Approved
	if err := json.Unmarshal(body, &approved); err != nil {
		return nil, fmt.Errorf("read the dossier %s: %w", file, err)
	}
	if approved.Format != 1 {
		return nil, fmt.Errorf("read the dossier %s: format %d, want 1: it is of another version of fleet", file, approved.Format)
	}
	return &approved, nil
}

// ChangeSets looks up a change set as it is now; Sets is one.
type ChangeSets interface {
	Find(ctx context.Context, region, stack, name string) (ChangeSet, error)
}

// SetReader reads the change sets of one region; *cloud.ChangeSets is one.
type SetReader interface {
	Find(ctx context.Context, stack, name string) (cloud.ChangeSet, error)
}

// Sets looks change sets up in their regions.
type Sets struct {
	In func(region string) SetReader
}

// Find is the identity of a change set, without its changes.
func (s Sets) Find(ctx context.Context, region, stack, name string) (ChangeSet, error) {
	found, err := s.In(region).Find(ctx, stack, name)
	return Identity(region, stack, name, found), err
}

// Identity is what tells one change set from another.
func Identity(region, stack, name string, found cloud.ChangeSet) ChangeSet {
	return ChangeSet{Stack: stack, Region: region, Name: name, ARN: found.ARN, Status: found.Status, Template: found.Template}
}

// SharesNow tells what Settle would do about shares, in all regions.
type SharesNow func(ctx context.Context) ([]ShareChange, error)

// Preflight refuses to go on unless ledger, change sets and what is to be shared are still what the reviewer approved.
func Preflight(ctx context.Context, p *plan.Plan, rendering string, approved *Approved, reader ledger.Reader, sets ChangeSets, shares SharesNow) error {
	entries, err := reader.Entries(ctx)
	if err != nil {
		return err
	}
	switch {
	case len(entries) != p.LedgerHead:
		return moved(p.LedgerHead, len(entries))
	case approved.LedgerHead != p.LedgerHead || approved.Bundle != p.Bundle || approved.Rendering != rendering || approved.Commit != p.Commit:
		return refuse("the approved dossier is of another plan (commit %s, ledger %d) than this one (commit %s, ledger %d): release the change again",
			approved.Commit, approved.LedgerHead, p.Commit, p.LedgerHead)
	}
	for _, was := range approved.ChangeSets {
		now, err := sets.Find(ctx, was.Region, was.Stack, was.Name)
		if err != nil {
			return err
		}
		if now != was {
			return refuse("change set %s of stack %s in %s is not the one that was approved (%s): somebody replaced or removed it; release the change again",
				was.Name, was.Stack, was.Region, difference(was, now))
		}
	}
	now, err := shares(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(now, approved.Shares) {
		return refuse("Settle would change other shares (%v) than were approved (%v): somebody shared a portfolio, or ended a share; release the change again", now, approved.Shares)
	}
	return nil
}

func difference(was, now ChangeSet) string {
	switch {
	case was.ARN != now.ARN:
		return fmt.Sprintf("it was %q and is %q", was.ARN, now.ARN)
	case was.Template != now.Template:
		return fmt.Sprintf("its template was %s and is %s", was.Template, now.Template)
	default:
		return fmt.Sprintf("its status was %s and is %s", was.Status, now.Status)
	}
}
