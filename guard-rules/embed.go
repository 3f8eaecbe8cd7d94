// Package guardrules holds the platform team's baseline policy: one .guard file a concern, its tests beside it in tests/.
//
// The files are part of the fleet program, so that a check never depends on a folder that a push could change. The tests are too: each
// run of the policy gate evaluates them and believes no verdict unless every expectation holds. A rule states what is wrong and,
// after "Cure:", how to mend it; its comment names the source. To add one, write it with a test that passes, one that fails and one
// to which it does not apply; then run go test ./guard-rules.
package guardrules

import "embed"

// Files are *.guard, tests/*_tests.yaml, waivers.yaml and accepted-secrets.yaml (package waiver).
//
//go:embed *.guard tests/*_tests.yaml waivers.yaml accepted-secrets.yaml
var Files embed.FS
