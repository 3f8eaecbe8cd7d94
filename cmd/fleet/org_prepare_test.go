package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOrgPrepareChangesNothingUnlessTheOrganizationsIDIsTyped(t *testing.T) {
	for name, row := range map[string]struct{ typed, want string }{
		"the id":             {"o-exampleorgid\n", ""},
		"the id, no newline": {"o-exampleorgid", ""},
		"yes":                {"yes\n", "findings"},
		"another id":         {"o-anotherorgid\n", "findings"},
		"an empty line":      {"\n", "findings"},
		"nobody":             {"", "nobody is there to ask: read the plan above, and repeat the command with --yes"},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			err := confirm(&IO{In: strings.NewReader(row.typed), Err: &said}, "o-exampleorgid")
			require.Contains(t, said.String(), "Type o-exampleorgid to do this: ")
			if row.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, row.want)
			require.Equal(t, row.want == "findings", strings.Contains(said.String(), "nothing was changed"))
		})
	}
}
