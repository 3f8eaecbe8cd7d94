package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/ledger"
)

// LaunchPermissions are the statements of p's launch role: the union over all versions that may still be used. Deprecated ones count,
// because they can be updated and terminated; inactive ones do not, so that withdrawing a version withdraws what it needed.
func LaunchPermissions(p ledger.Product) []ledger.Permission {
	merged := map[string]*ledger.Permission{} // by resources and conditions
	for _, v := range p.Versions {
		if v.Status == ledger.Inactive {
			continue
		}
		for _, permission := range v.Permissions {
			key := scope(permission)
			known, ok := merged[key]
			if !ok {
				permission.Actions = slices.Clone(permission.Actions)
				merged[key] = &permission
				continue
			}
			known.Sid = min(known.Sid, permission.Sid)
			known.Actions = append(known.Actions, permission.Actions...)
			if !strings.Contains(known.Reason, permission.Reason) {
				known.Reason = strings.TrimPrefix(known.Reason+"; "+permission.Reason, "; ")
			}
		}
	}
	// A Sid must be unique within a policy, and two versions may need different resources under one name.
	taken := map[string]bool{}
	var union []ledger.Permission
	for _, key := range slices.Sorted(maps.Keys(merged)) {
		permission := *merged[key]
		slices.Sort(permission.Actions)
		permission.Actions = slices.Compact(permission.Actions)
		base := permission.Sid
		for n := 2; taken[permission.Sid]; n++ {
			permission.Sid = fmt.Sprintf("%sOr%d", base, n)
		}
		taken[permission.Sid] = true
		union = append(union, permission)
	}
	slices.SortFunc(union, func(a, b ledger.Permission) int { return strings.Compare(a.Sid, b.Sid) })
	return union
}

// scope is what a statement is about, apart from its actions.
func scope(p ledger.Permission) string {
	body, err := json.Marshal([]any{slices.Sorted(slices.Values(p.Resources)), p.Conditions})
	if err != nil {
		panic(fmt.Sprintf("plan: a permission has no JSON form: %v", err)) // it is made of strings only
	}
	return string(body)
}
