package launchrole_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/config"
	"accountfleet/internal/finding"
	"accountfleet/internal/launchrole"
	"accountfleet/internal/ledger"
	"accountfleet/internal/manifest"
	"accountfleet/internal/toolbox"
)

var (
	update = flag.Bool("update", false, "write testdata/survivors.json anew")
	from   = flag.String("catalog", filepath.Join("..", "..", "catalog"), "folder of the catalog whose launch roles are proved")
)

// survivors is the golden list: for each product the granted actions that no launch, update or termination in the emulator needs.
const survivors = "testdata/survivors.json"

// parallel is how many trials run at once; the emulator answers one at a time.
const parallel = 4

// subject is a product of the catalog with its launch role.
type subject struct {
	launch      launch
	permissions []ledger.Permission
}

// catalog is every product of the seed, each with the role that packaging gives it.
func catalog(t *testing.T) ([]subject, *launchrole.Index) {
	t.Helper()
	settings, err := config.Load(filepath.Join("..", "..", "fleet.yaml"))
	require.NoError(t, err)
	loaded, findings, err := manifest.Load(t.Context(), manifest.Dir(*from), settings)
	require.NoError(t, err)
	require.False(t, finding.Failed(findings), "%v", findings)
	path, err := toolbox.Registry()
	require.NoError(t, err)
	index, err := launchrole.ReadIndex(path)
	require.NoError(t, err)
	var subjects []subject
	for _, p := range loaded.Products {
		permissions, findings := index.Permissions(p.ID, p.Template.Doc, launchrole.Fleet{Boundary: settings.Boundary(), Prefix: settings.Name})
		require.Empty(t, findings, "a product of the seed has a launch role")
		subjects = append(subjects, subject{launch: launchOf(p), permissions: permissions})
	}
	return subjects, index
}

// actions are all that a role is granted.
func actions(permissions []ledger.Permission) []string {
	var all []string
	for _, p := range permissions {
		all = append(all, p.Actions...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// removing is the role without some of its actions.
func removing(permissions []ledger.Permission, gone ...string) []ledger.Permission {
	var rest []ledger.Permission
	for _, p := range permissions {
		p.Actions = slices.DeleteFunc(slices.Clone(p.Actions), func(action string) bool { return slices.Contains(gone, action) })
		if len(p.Actions) > 0 {
			rest = append(rest, p)
		}
	}
	return rest
}

// proof is what the emulator showed of one launch role.
type proof struct {
	exercised []string // needed: without each of them create, update or delete fails
	word      []string // granted on the schema's word only
}

// TestLaunchRolesLaunchUpdateAndTerminateTheirProducts proves every launch role of the catalog in the emulator, under enforced IAM:
// the role alone creates the stack, updates it through all parameters of the product's tests, changes its tags and deletes it. What it
// did not use is taken away together, and everything must still work; what it used is taken away action by action, and something
// must fail for want of it. With FLEET_TEST_FULL set, as make test-full does, that is tried for every action of every product, else
// for one action of every third product.
func TestLaunchRolesLaunchUpdateAndTerminateTheirProducts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an emulator")
	}
	w := newWorld(t)
	subjects, index := catalog(t)
	proofs := make([]proof, len(subjects))
	full := os.Getenv("FLEET_TEST_FULL") != ""
	each(len(subjects), func(i int) {
		proofs[i] = launches(t, w, subjects[i])
		if full || i%3 == 0 {
			mutate(t, w, subjects[i], proofs[i], full)
		}
	})
	if t.Failed() {
		return
	}
	got := map[string]map[string][]string{}
	for i, s := range subjects {
		got[s.launch.product.ID] = classified(index, s, proofs[i].word)
	}
	compare(t, got)
}

// TestRolesOfTheCatalogFitAndSayWhyTheyAreWide holds what a reviewer of any product relies on.
func TestRolesOfTheCatalogFitAndSayWhyTheyAreWide(t *testing.T) {
	subjects, _ := catalog(t)
	for _, s := range subjects {
		id := s.launch.product.ID
		assert.Less(t, len(policy(append(slices.Clone(basics), s.permissions...))), 10240, "%s: characters of inline policy that IAM allows a role", id)
		for _, p := range s.permissions {
			if slices.Contains(p.Resources, "*") {
				assert.NotEmpty(t, p.Reason, "%s: %s is on anything", id, p.Sid)
			}
			assert.NotContains(t, p.Actions, "*", id)
			if slices.Contains(p.Actions, "iam:PassRole") {
				assert.NotEmpty(t, p.Conditions, "%s: %s passes roles to anybody", id, p.Sid)
			}
		}
	}
}

// TestEveryClassOfSurvivorsIsExplained ties the golden list to its explanation.
func TestEveryClassOfSurvivorsIsExplained(t *testing.T) {
	body, err := os.ReadFile(survivors)
	require.NoError(t, err)
	var listed map[string]map[string][]string
	require.NoError(t, json.Unmarshal(body, &listed))
	require.NotEmpty(t, listed)
	explained, err := os.ReadFile(filepath.Join("..", "..", "docs", "launch-roles.md"))
	require.NoError(t, err)
	for id, classes := range listed {
		for class := range classes {
			assert.Contains(t, string(explained), "\n| `"+class+"` |", id)
		}
	}
}

// each runs something for every index, a few at a time.
func each(n int, do func(i int)) {
	var group sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for i := range n {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			do(i)
		})
	}
	group.Wait()
}

// launches tries the whole role, and tells what it used from what it did not.
func launches(t *testing.T, w *world, s subject) proof {
	id := s.launch.product.ID
	whole, err := w.try(t.Context(), s.launch, s.permissions)
	if !assert.NoError(t, err, id) || !assert.Empty(t, whole.step, "%s: %s", id, whole.reason) {
		return proof{}
	}
	var p proof
	for _, action := range actions(s.permissions) {
		if slices.Contains(whole.used, action) && !slices.Contains(actions(basics), action) {
			p.exercised = append(p.exercised, action)
		} else {
			p.word = append(p.word, action)
		}
	}
	return p
}

// mutate takes actions away.
func mutate(t *testing.T, w *world, s subject, p proof, full bool) {
	id := s.launch.product.ID
	bare, err := w.try(t.Context(), s.launch, removing(s.permissions, p.word...))
	assert.NoError(t, err, id)
	assert.Empty(t, bare.step, "%s without what it did not use: %s", id, bare.reason)
	tried := p.exercised
	if !full && len(tried) > 0 {
		tried = tried[len(tried)/2 : len(tried)/2+1]
	}
	for _, action := range tried {
		without, err := w.try(t.Context(), s.launch, removing(s.permissions, action))
		if !assert.NoError(t, err, id) {
			continue
		}
		assert.NotEmpty(t, without.step, "%s works without %s, which it used", id, action)
		assert.Contains(t, without.reason, action, "%s without %s fails for another reason, at %s", id, action, without.step)
	}
}

// classified says of each action that was not exercised why the emulator does not ask for it; docs/launch-roles.md explains the classes.
func classified(index *launchrole.Index, s subject, word []string) map[string][]string {
	classes := map[string][]string{}
	for _, action := range word {
		class := classOf(index, s.launch.product.Template.Doc, action)
		classes[class] = append(classes[class], action)
	}
	return classes
}

func classOf(index *launchrole.Index, template map[string]any, action string) string {
	service, operation, _ := strings.Cut(action, ":")
	reads := func(verb string) bool { return strings.HasPrefix(operation, verb) }
	_, known := index.Services[service].Actions[strings.ToLower(operation)]
	own, retained := false, true
	resources, _ := template["Resources"].(map[string]any)
	for _, value := range resources {
		resource, _ := value.(map[string]any)
		name := fmt.Sprint(resource["Type"])
		plain := strings.ReplaceAll(service, "-", "")
		own = own || strings.EqualFold(strings.Split(name, "::")[1], plain) || strings.EqualFold(strings.Split(name, "::")[1], strings.TrimSuffix(plain, "2"))
		for handler, called := range index.Types[name] {
			if slices.Contains(called, action) && !(handler == "delete" && resource["DeletionPolicy"] == "Retain") {
				retained = false
			}
		}
	}
	switch {
	case slices.Contains(actions(basics), action):
		return "shared"
	case !known:
		return "unknown"
	case slices.ContainsFunc([]string{"Get", "List", "Describe", "BatchGet", "Query", "View"}, reads):
		return "read"
	case strings.Contains(operation, "ServiceLinkedRole"):
		return "linked"
	case retained:
		return "retained"
	case !own:
		return "other service"
	}
	return "property"
}

func compare(t *testing.T, got map[string]map[string][]string) {
	t.Helper()
	body, err := json.MarshalIndent(got, "", "  ")
	require.NoError(t, err)
	body = append(body, '\n')
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(survivors), 0o755))
		require.NoError(t, os.WriteFile(survivors, body, 0o644))
	}
	want, err := os.ReadFile(survivors)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(body), "%s says what is granted on the schema's word only, docs/launch-roles.md why: look at the difference, then run go test ./internal/launchrole -update", survivors)
}
