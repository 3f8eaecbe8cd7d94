#!/usr/bin/env bash
# Run every test suite, even after one failed, and close with one line of totals. `make test` calls it.
#
# Suites: the Go packages without jsii (in parallel; with --race under the race detector), those with jsii (no cache: Node reads
# templates that go test does not see), and at the same time, because each keeps little more than one processor busy, the emulator's
# Python and whole rehearsals. JUnit reports go to .build/reports.
set -uo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")/.." || exit 2

reports=.build/reports
failed=()
rm -rf "$reports" && mkdir -p "$reports"

# go_suite NAME ARGUMENT... runs go test on packages, or with flags, and writes a report.
go_suite() {
  local name=$1
  shift
  echo "== $name"
  go tool -modfile=tools/go.mod gotestsum --format standard-quiet --hide-summary skipped \
    --junitfile "$reports/$name.xml" -- "$@" || failed+=("$name")
}

race=()
if [[ ${1:-} == --race ]]; then
  race=(-race -timeout 40m)
  export FLEET_TEST_FULL=1 # every mutation of launch roles, see internal/launchrole/proof_test.go
fi

mapfile -t packages < <(go list ./... | grep -v '^accountfleet/e2e$')
mapfile -t cli < <(printf '%s\n' "${packages[@]}" | grep -Ev '^accountfleet(/stacks.*|/constructs.*)?$')
mapfile -t app < <(printf '%s\n' "${packages[@]}" | grep -E '^accountfleet(/stacks.*|/constructs.*)?$')

echo "== go vet"
go vet -tags e2e ./... || failed+=("go vet")
CGO_ENABLED=$([[ ${#race[@]} -gt 0 ]] && echo 1 || echo 0) go_suite command "${race[@]}" -p 2 "${cli[@]}"
go_suite app -count=1 -p 1 "${app[@]}"
(cd emulator && exec ../.tools/bin/pytest --quiet --junitxml "../$reports/emulator.xml") >"$reports/emulator.log" 2>&1 &
emulator=$!
trap 'kill "$emulator" 2>/dev/null' EXIT
go_suite rehearsals -tags e2e -count=1 -timeout 20m ./e2e
wait "$emulator" || failed+=(emulator)
trap - EXIT
echo "== emulator"
cat "$reports/emulator.log"

.tools/bin/dev-python scripts/summary.py "$reports" "${failed[@]}"
