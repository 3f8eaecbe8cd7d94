package stacks

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTemplatesAreTheGoldenOnes shows every change of a template in review. Run with -update after you have read the difference.
func TestTemplatesAreTheGoldenOnes(t *testing.T) {
	for folder, rendering := range map[string]rendered{"installed": different, "published": publishedD} {
		dir := filepath.Join("testdata", "golden", folder)
		if *update {
			require.NoError(t, os.RemoveAll(dir))
			require.NoError(t, os.MkdirAll(dir, 0o755))
		}
		var want []string
		for _, stack := range slices.Sorted(maps.Keys(rendering.templates)) {
			file := filepath.Join(dir, stack+".json")
			want = append(want, file)
			if *update {
				require.NoError(t, os.WriteFile(file, append(indented(t, rendering.templates[stack]), '\n'), 0o644))
			}
			t.Run(folder+"/"+stack, func(t *testing.T) {
				body, err := os.ReadFile(file)
				require.NoError(t, err, "run go test ./stacks -update")
				var golden map[string]any
				require.NoError(t, json.Unmarshal(body, &golden))
				assert.Empty(t, difference(t, golden, rendering.templates[stack]), "run go test ./stacks -update if this is what you want")
			})
		}
		there, err := filepath.Glob(filepath.Join(dir, "*.json"))
		require.NoError(t, err)
		assert.Equal(t, want, there, "a golden template of a stack that is gone: run go test ./stacks -update")
	}
}

// difference lists the lines that only one of two templates has, resource by resource.
func difference(t *testing.T, golden, template map[string]any) string {
	var b strings.Builder
	for _, section := range slices.Sorted(maps.Keys(union(golden, template))) {
		was, is := object(golden[section]), object(template[section])
		if was == nil && is == nil {
			was, is = map[string]any{"": golden[section]}, map[string]any{"": template[section]}
		}
		for _, id := range slices.Sorted(maps.Keys(union(was, is))) {
			old, fresh := string(indented(t, was[id])), string(indented(t, is[id]))
			if old == fresh {
				continue
			}
			b.WriteString(section + "." + id + "\n")
			only(&b, "- ", old, fresh)
			only(&b, "+ ", fresh, old)
		}
	}
	return b.String()
}

func only(b *strings.Builder, mark, text, other string) {
	lines := map[string]bool{}
	for line := range strings.Lines(other) {
		lines[strings.TrimRight(line, ",\n")] = true
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, ",\n"); !lines[line] {
			b.WriteString(mark + line + "\n")
		}
	}
}

func union(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func indented(t *testing.T, value any) []byte {
	t.Helper()
	body, err := json.MarshalIndent(value, "", "  ")
	require.NoError(t, err)
	return body
}
