package manifest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"accountfleet/internal/document"
)

// Values that are known only in the account where a product is launched. They may stand in parameter values of product.yaml and
// .taskcat.yml, alone or as a part of a text or list, spelt $[fleet_...]; internal/launch fills them in before each launch.
const (
	OrganizationRoot       = "fleet_organization_root"       // id of the root, r-xxxx
	OrganizationID         = "fleet_organization_id"         // o-xxxxxxxxxx
	OrganizationManagement = "fleet_organization_management" // account id of the management account
	LaunchAccount          = "fleet_account"                 // account id of the launch
	IdentityCenter         = "fleet_identity_center"         // ARN of the instance of IAM Identity Center
)

// samples stand for run-time values where nothing is launched: in features and in change sets that are not executed.
var samples = map[string]string{
	OrganizationRoot: "r-fl33", OrganizationID: "o-exampleorgid", OrganizationManagement: "222222222222", LaunchAccount: "222222222222",
	IdentityCenter: "arn:aws:sso:::instance/ssoins-0123456789abcdef",
}

var (
	runtimeValue  = regexp.MustCompile(`\$\[(` + strings.Join(slices.Sorted(maps.Keys(samples)), "|") + `)\]`)
	runtimePrefix = regexp.MustCompile(`\$\[(fleet_[^\]]*)\]?`)
)

// RuntimeValues are the names of the run-time values in a text, each once, sorted.
func RuntimeValues(text string) []string {
	var names []string
	for _, match := range runtimeValue.FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// FillRuntimeValues replaces the run-time values in a text by what value says of their names.
func FillRuntimeValues(text string, value func(name string) string) string {
	return runtimeValue.ReplaceAllStringFunc(text, func(match string) string { return value(match[2 : len(match)-1]) })
}

// SampleParameters are parameters with samples in the place of run-time values.
func SampleParameters(parameters map[string]string) map[string]string {
	filled := maps.Clone(parameters)
	for name, text := range filled {
		filled[name] = FillRuntimeValues(text, func(name string) string { return samples[name] })
	}
	return filled
}

// unknownRuntimeValue reports a run-time value that nobody fills in.
func unknownRuntimeValue(r *document.Report, pointer, text string) bool {
	rest := runtimePrefix.FindStringSubmatch(runtimeValue.ReplaceAllString(text, ""))
	if rest == nil {
		return false
	}
	names := slices.Sorted(maps.Keys(samples))
	cure := "use $[" + strings.Join(names, "], $[") + "]"
	if near := document.Nearest(rest[1], names); near != "" {
		cure = "did you mean $[" + near + "]"
	}
	r.Add(pointer, fmt.Sprintf("%q is no value that is known when a product is launched", rest[0]), cure)
	return true
}

// refuseRuntimeValues reports run-time values where nothing fills them in: everywhere but in parameters.
func refuseRuntimeValues(r *document.Report, pointer string, value any) {
	switch value := value.(type) {
	case string:
		if found := runtimePrefix.FindString(value); found != "" {
			r.Add(pointer, fmt.Sprintf("%q is filled in only in parameters of product.yaml and .taskcat.yml", found),
				"declare a parameter in template.yaml, and give it this value there")
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			refuseRuntimeValues(r, pointer+document.Pointer(key), value[key])
		}
	case []any:
		for i, item := range value {
			refuseRuntimeValues(r, fmt.Sprintf("%s/%d", pointer, i), item)
		}
	}
}
