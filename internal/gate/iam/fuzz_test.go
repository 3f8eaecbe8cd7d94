package iam

import (
	"encoding/json"
	"strings"
	"testing"

	"accountfleet/internal/gate/gatetest"
	"accountfleet/internal/manifest"
)

// FuzzPolicies holds that no text breaks the reading of policies, and that what is a policy by its form is one however it is written.
func FuzzPolicies(f *testing.F) {
	for _, seed := range []string{
		`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::${B}/*"}}`,
		`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*", "arn:aws:iam::${AWS::AccountId}:root"]}, "NotAction": [1, null]}]}`,
		`{"statement": [[], {"effect": {}, "Condition": {"Bool": [], "ArnLike": {"aws:SourceArn": "\u0000${x:y}"}}}]}`,
		`{"Statement": {"Effect": "Allow", "NotPrincipal": "*", "Resource": "${"}}`, `{"a": {"b": [{"c": 1}]}, "a": 2}`, `{`, `[]`, ``,
	} {
		f.Add(seed)
	}
	settings := gatetest.Settings()
	f.Fuzz(func(t *testing.T, text string) {
		body, ok := policyInText(text)
		if !ok {
			return
		}
		if _, err := json.Marshal(body); err != nil {
			t.Fatal(err)
		}
		p := policy{product: &manifest.Product{ID: "p"}, words: []string{"Resources"}, body: body, kind: resource, asJSON: true}
		_ = sampler{}.question(p)
		_ = append(p.principalFindings(settings), p.patternFindings()...)
		p.kind = identity
		h := holder{id: "h", policies: []policy{p}}
		for _, way := range paths {
			h.follows(way)
		}
		for _, st := range statementsOf(body) {
			for _, r := range st.resources {
				if got := strings.Join(segments(r), ":"); got != r && !strings.Contains(r, "\x00") {
					t.Errorf("segments of %q make %q", r, got)
				}
			}
		}
	})
}
