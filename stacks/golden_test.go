package stacks

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTemplatesAreTheGoldenOnes shows every change of a template in review. Run with -update after you have read the difference.
func TestTemplatesAreTheGoldenOnes(t *testing.T) {
	for folder, assembly := range map[string]rendered{"installed": different, "published": publishedD} {
		dir := filepath.Join("testdata", "golden", folder)
		if *update {
			require.NoError(t, os.RemoveAll(dir))
			require.NoError(t, os.MkdirAll(dir, 0o755))
		}
		var want []string
		for _, stack := range slices.Sorted(maps.Keys(assembly.templates)) {
			file := filepath.Join(dir, stack+".json")
			want = append(want, file)
			if *update {
				body, err := json.MarshalIndent(assembly.templates[stack], "", "  ")
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(file, append(body, '\n'), 0o644))
			}
			t.Run(folder+"/"+stack, func(t *testing.T) {
				body, err := os.ReadFile(file)
				require.NoError(t, err, "run go test ./stacks -update")
				var golden map[string]any
				require.NoError(t, json.Unmarshal(body, &golden))
				require.Equal(t, golden, assembly.templates[stack])
			})
		}
		there, err := filepath.Glob(filepath.Join(dir, "*.json"))
		require.NoError(t, err)
		require.Equal(t, want, there, "a golden template of a stack that is gone: run go test ./stacks -update")
	}
}
