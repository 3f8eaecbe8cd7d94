package waiver

import (
	"regexp"
	"testing"
)

var placed = regexp.MustCompile(`(?m)^f\.yaml:\d+: .+`)

// FuzzParse holds that exceptions are read as a whole or not at all, and that an error names a line.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"waivers: []\n", "waivers: [{rule: R, product: p, resource: r, reason: A reason of twenty letters., owner: me@x, expires: \"2026-12-31\"}]\n", "waivers: {}\n", "waivers: [1]\n",
		"waivers: [{expires: \"2026-99-99\"}]\n", "accepted: []\n", "accepted: [{fingerprint: \"" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" + "\", rule: R, reason: Revoked long before the pipeline., owner: me}]\n",
		"accepted: [{fingerprint: x}]\n", "", "a: *b\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		waivers, err := Parse("f.yaml", []byte(body))
		if err != nil && (len(waivers) > 0 || !placed.MatchString(err.Error())) {
			t.Fatalf("%v with error %v", waivers, err)
		}
		accepted, err := ParseAccepted("f.yaml", []byte(body))
		if err != nil && (len(accepted) > 0 || !placed.MatchString(err.Error())) {
			t.Fatalf("%v with error %v", accepted, err)
		}
	})
}
