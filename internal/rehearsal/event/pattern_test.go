package event_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/rehearsal/event"
)

const push = `{"source": "aws.codecommit", "resources": ["arn:repo"], "time": "2026-01-02T03:04:05Z",
  "detail": {"event": "referenceUpdated", "referenceType": "branch", "referenceName": "main", "count": 15, "ip": "10.0.0.7", "none": null, "ok": true}}`

func TestPatternDecides(t *testing.T) {
	for name, test := range map[string]struct {
		pattern string
		want    bool
	}{
		"what the CDK makes":           {`{"source": ["aws.codecommit"], "resources": ["arn:repo"], "detail": {"referenceName": ["main"], "event": ["referenceCreated", "referenceUpdated"]}}`, true},
		"another branch":               {`{"detail": {"referenceName": ["release"]}}`, false},
		"a tag":                        {`{"detail": {"referenceType": ["tag"]}}`, false},
		"another repository":           {`{"resources": ["arn:other"]}`, false},
		"prefix":                       {`{"time": [{"prefix": "2026-"}]}`, true},
		"prefix ignoring case":         {`{"source": [{"prefix": {"equals-ignore-case": "AWS."}}]}`, true},
		"suffix":                       {`{"source": [{"suffix": "codecommit"}]}`, true},
		"suffix that differs":          {`{"source": [{"suffix": "codebuild"}]}`, false},
		"anything but":                 {`{"detail": {"referenceName": [{"anything-but": ["release", "hotfix"]}]}}`, true},
		"anything but this":            {`{"detail": {"referenceName": [{"anything-but": "main"}]}}`, false},
		"anything but a prefix":        {`{"detail": {"referenceName": [{"anything-but": {"prefix": "ma"}}]}}`, false},
		"anything but several affixes": {`{"detail": {"referenceName": [{"anything-but": {"suffix": ["x", "y"]}}]}}`, true},
		"anything but what is absent":  {`{"detail": {"missing": [{"anything-but": "main"}]}}`, false},
		"exists":                       {`{"detail": {"event": [{"exists": true}], "missing": [{"exists": false}]}}`, true},
		"exists though absent":         {`{"detail": {"missing": [{"exists": true}]}}`, false},
		"null":                         {`{"detail": {"none": [null]}}`, true},
		"null is not absent":           {`{"detail": {"missing": [null]}}`, false},
		"boolean":                      {`{"detail": {"ok": [true]}}`, true},
		"number":                       {`{"detail": {"count": [15.0]}}`, true},
		"numeric range":                {`{"detail": {"count": [{"numeric": [">", 10, "<=", 15]}]}}`, true},
		"numeric out of range":         {`{"detail": {"count": [{"numeric": ["<", 15]}]}}`, false},
		"numeric on a string":          {`{"detail": {"event": [{"numeric": ["=", 0]}]}}`, false},
		"equals ignoring case":         {`{"detail": {"referenceName": [{"equals-ignore-case": "MAIN"}]}}`, true},
		"wildcard":                     {`{"detail": {"event": [{"wildcard": "ref*Up*d"}]}}`, true},
		"wildcard that differs":        {`{"detail": {"event": [{"wildcard": "ref*x"}]}}`, false},
		"escaped wildcard":             {`{"detail": {"event": [{"wildcard": "ref\\*"}]}}`, false},
		"cidr":                         {`{"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}`, true},
		"or":                           {`{"source": ["aws.codecommit"], "detail": {"$or": [{"count": [1]}, {"referenceName": ["main"]}]}}`, true},
		"or without a match":           {`{"detail": {"$or": [{"count": [1]}, {"referenceName": ["x"]}]}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			pattern, err := event.Compile(object(t, test.pattern))
			require.NoError(t, err)
			assert.Equal(t, test.want, pattern.Match(object(t, push)))
		})
	}
}

func TestCompileReportsAllThatIsNotUnderstood(t *testing.T) {
	_, err := event.Compile(object(t, `{"a": [{"sounds-like": "x"}], "b": "text", "c": [], "d": [{"numeric": ["~", 1]}],
	  "e": [{"exists": "yes"}], "f": [{"anything-but": {"cidr": "x"}}], "g": {}, "h": [{"cidr": "home"}], "$or": []}`))
	for _, want := range []string{
		"a[0]: operator sounds-like is not understood", "b: wants a list or a map", "c: is an empty list", "d[0]: numeric ~ 1 is not understood",
		"e[0]: exists wants true or false", "f[0]: anything-but cidr is not understood", "g: is empty", "h[0]: cidr wants an address range",
		"$or: wants a list of patterns",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func object(t *testing.T, text string) (v map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	return v
}
