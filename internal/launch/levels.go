package launch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"accountfleet/internal/cloud"
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

// InEmulator asks the emulator which of a stack's resources have a stateful backend and which are only modelled.
type InEmulator struct {
	Endpoint string
	Client   *http.Client
}

// Resources reads GET /_fleet/resources. A level that this program does not know is an error: nothing may be claimed by guessing.
func (e InEmulator) Resources(ctx context.Context, account, region, stack string) ([]evidence.Resource, error) {
	query := url.Values{"account": {account}, "region": {region}, "stack": {stack}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.Endpoint+"/_fleet/resources?"+query.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("ask the emulator for resources: %w", err)
	}
	response, err := e.Client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the emulator for resources: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		Resources []struct {
			evidence.Resource
			Status string `json:"status"`
		} `json:"resources"`
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask the emulator for resources: status %s", response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("ask the emulator for resources: %w", err)
	}
	var resources []evidence.Resource
	for _, r := range answer.Resources {
		if strings.Contains(r.Status, "FAILED") || strings.HasPrefix(r.Status, "DELETE") {
			continue
		}
		if r.Level != evidence.Emulated && r.Level != evidence.Modelled {
			return nil, fmt.Errorf("the emulator says %q of %s: want emulated or modelled: it does not match this fleet: run make tools", r.Level, r.LogicalID)
		}
		resources = append(resources, r.Resource)
	}
	return resources, nil
}
