package launch

import (
	"context"
	"fmt"
	"strings"

	"accountfleet/internal/cloud"
	"accountfleet/internal/emulator"
	"accountfleet/internal/evidence"
)

// Lister lists a stack's resources; *cloud.Stacks is one.
type Lister interface {
	Resources(ctx context.Context, stack string) ([]cloud.StackResource, error)
}

// OnAWS says of every resource that exists on real AWS that it was launched there.
type OnAWS struct {
	StacksIn func(region string) Lister
}

// Resources are those that exist or were kept; one that failed was not launched.
func (o OnAWS) Resources(ctx context.Context, account, region, stack string) ([]evidence.Resource, error) {
	found, err := o.StacksIn(region).Resources(ctx, stack)
	if err != nil {
		return nil, err
	}
	var resources []evidence.Resource
	for _, r := range found {
		switch r.Status {
		case "CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE":
			resources = append(resources, evidence.Resource{
				Account: account, Region: region, Stack: stack, LogicalID: r.LogicalID, Type: r.Type, Level: evidence.Launched,
			})
		}
	}
	return resources, nil
}

// Backends tells what stands behind resources; *emulator.Client is one.
type Backends interface {
	Resources(ctx context.Context, f emulator.Filter) ([]emulator.Resource, error)
}

// InEmulator asks the emulator which of a stack's resources have a stateful backend and which are only modelled.
type InEmulator struct {
	Backends Backends
}

// Resources are those that exist. A level that this program does not know is an error: nothing may be claimed by guessing.
func (e InEmulator) Resources(ctx context.Context, account, region, stack string) ([]evidence.Resource, error) {
	found, err := e.Backends.Resources(ctx, emulator.Filter{Account: account, Region: region, Stack: stack})
	if err != nil {
		return nil, err
	}
	var resources []evidence.Resource
	for _, r := range found {
		if strings.Contains(r.Status, "FAILED") || strings.HasPrefix(r.Status, "DELETE") {
			continue
		}
		level := evidence.Level(r.Level)
		if level != evidence.Emulated && level != evidence.Modelled {
			return nil, fmt.Errorf("the emulator says %q of %s: want emulated or modelled: it does not match this fleet: run make tools", r.Level, r.LogicalID)
		}
		resources = append(resources, evidence.Resource{
			Account: r.Account, Region: r.Region, Stack: r.Stack, LogicalID: r.LogicalID, Type: r.Type, Level: level,
		})
	}
	return resources, nil
}

// Watcher tells which actions roles were allowed and used; *emulator.Client is one.
type Watcher interface {
	Permissions(ctx context.Context) ([]emulator.Used, error)
}
