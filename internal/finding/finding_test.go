package finding

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOnlyErrorsFail(t *testing.T) {
	assert.False(t, Failed(nil))
	assert.False(t, Failed([]Finding{{Severity: Warning}, {Severity: Note}}))
	assert.True(t, Failed([]Finding{{Severity: Note}, {Severity: Error}}))
}

func TestSortFollowsTheReadersEye(t *testing.T) {
	findings := []Finding{
		{File: "b", Span: Span{Line: 1}},
		{File: "a", Span: Span{Line: 10}},
		{File: "a", Span: Span{Line: 2}, Rule: "Z"},
		{File: "a", Span: Span{Line: 2}, Rule: "A"},
	}
	Sort(findings)
	assert.Equal(t, []Finding{
		{File: "a", Span: Span{Line: 2}, Rule: "A"},
		{File: "a", Span: Span{Line: 2}, Rule: "Z"},
		{File: "a", Span: Span{Line: 10}},
		{File: "b", Span: Span{Line: 1}},
	}, findings)
}

func TestFingerprintSurvivesMovedLinesAndRewordedMessages(t *testing.T) {
	before := Finding{Gate: "policy", Rule: "R", Product: "p", Resource: "X", File: "f", Span: Span{Line: 3}, Message: "old"}
	after := before
	after.Span.Line, after.Message, after.Cure = 30, "new", "cure"
	assert.Equal(t, Identify(before), Identify(after))
	after.Resource = "Y"
	assert.NotEqual(t, Identify(before), Identify(after))
}

func TestStringNamesPlaceProblemCureAndRule(t *testing.T) {
	f := Finding{Gate: "manifest", Rule: "VERSION", File: "products/a/product.yaml", Span: Span{Line: 4}, Message: "not a version", Cure: "write 1.0.0"}
	assert.Equal(t, "products/a/product.yaml:4: not a version: write 1.0.0 [manifest/VERSION]", f.String())
	assert.Equal(t, "catalog: empty [manifest/EMPTY]", Finding{Gate: "manifest", Rule: "EMPTY", Message: "empty"}.String())
}
