package launch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"accountfleet/internal/cloud"
	"accountfleet/internal/manifest"
)

// Surroundings tells what the account of a launch is part of; *cloud.Surroundings is one.
type Surroundings interface {
	Organization(ctx context.Context) (cloud.Organization, error)
	Root(ctx context.Context) (string, error)
	IdentityCenter(ctx context.Context) (string, error)
}

// fill replaces the run-time values in parameters. AWS is asked only for what they name, so that products that belong to no
// organization are launched in accounts that are in none.
func fill(ctx context.Context, around Surroundings, account string, parameters map[string]string) (map[string]string, error) {
	values := map[string]string{}
	var failures error
	for _, parameter := range slices.Sorted(maps.Keys(parameters)) {
		for _, name := range manifest.RuntimeValues(parameters[parameter]) {
			if _, known := values[name]; known {
				continue
			}
			value, err := runtimeValue(ctx, around, account, name)
			if err != nil {
				failures = errors.Join(failures, fmt.Errorf("parameter %s: $[%s]: %w", parameter, name, err))
			}
			values[name] = value
		}
	}
	if failures != nil || len(values) == 0 {
		return parameters, failures
	}
	filled := maps.Clone(parameters)
	for parameter, text := range filled {
		filled[parameter] = manifest.FillRuntimeValues(text, func(name string) string { return values[name] })
	}
	return filled, nil
}

func runtimeValue(ctx context.Context, around Surroundings, account, name string) (string, error) {
	switch name {
	case manifest.LaunchAccount:
		return account, nil
	case manifest.OrganizationRoot:
		return around.Root(ctx)
	case manifest.IdentityCenter:
		return around.IdentityCenter(ctx)
	case manifest.OrganizationID:
		organization, err := around.Organization(ctx)
		return organization.ID, err
	case manifest.OrganizationManagement:
		organization, err := around.Organization(ctx)
		return organization.Management, err
	}
	return "", errors.New("nobody knows this value: package the catalog anew")
}
