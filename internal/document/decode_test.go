package document

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type sample struct {
	Name   string          `json:"name" jsonschema_description:"Name of the thing. Longer explanation."`
	Count  *int            `json:"count,omitempty"`
	Flag   bool            `json:"flag,omitempty"`
	Values map[string]Text `json:"values,omitempty"`
	Parts  []part          `json:"parts,omitempty"`
}

type part struct {
	ID string `json:"id" jsonschema_description:"Its id"`
}

func decode(t *testing.T, body string) (sample, []Problem) {
	t.Helper()
	report := NewReport(parse(t, "a.yaml", body, Options{}))
	var s sample
	Decode(report, &s)
	return s, report.Problems()
}

func TestDecodeFillsEveryKindOfField(t *testing.T) {
	s, problems := decode(t, "name: x\ncount: 3\nflag: true\nvalues: {a: b, n: 1.10, f: false}\nparts: [{id: one}, {id: two}]\n")
	require.Empty(t, problems)
	three := 3
	assert.Equal(t, sample{
		Name: "x", Count: &three, Flag: true, Values: map[string]Text{"a": "b", "n": "1.10", "f": "false"}, Parts: []part{{"one"}, {"two"}},
	}, s)
}

func TestDecodeReportsEveryMistake(t *testing.T) {
	rows := []struct{ name, body, path, message, cure string }{
		{"missing key", "flag: true\n", "name", "is missing", "add it: Name of the thing"},
		{"missing key of an element", "name: x\nparts: [{}]\n", "parts[0].id", "is missing", "add it: Its id"},
		{"unknown key", "name: x\ncuont: 1\n", "cuont", "unknown key", "did you mean count"},
		{"unknown key like none", "name: x\nsurprise: 1\n", "surprise", "unknown key", "remove it; known here: name, count, flag, values, parts"},
		{"number for text", "name: 1.0\n", "name", "want text, got the number 1.0", `quote it: "1.0"`},
		{"boolean for text", "name: true\n", "name", "want text, got true", `quote it: "true"`},
		{"map for text", "name: {a: b}\n", "name", "want text, got a map", "write text"},
		{"text for number", "name: x\ncount: many\n", "count", `want a whole number, got text "many"`, "write digits"},
		{"fraction for number", "name: x\ncount: 1.5\n", "count", "want a whole number, got the number 1.5", "write digits"},
		{"number beyond all bounds", "name: x\ncount: 99999999999999999999\n", "count", "want a whole number", "write digits"},
		{"text for boolean", "name: x\nflag: 'true'\n", "flag", `want true or false, got text "true"`, "unquoted"},
		{"text for list", "name: x\nparts: a\n", "parts", `want a list, got text "a"`, "dash"},
		{"list for map", "name: x\nvalues: [a]\n", "values", "want a map of keys, got a list", "indented"},
		{"map as parameter", "name: x\nvalues: {a: {b: c}}\n", "values.a", "want text, got a map", "write text"},
		{"list as parameter", "name: x\nvalues: {a: [b]}\n", "values.a", "want text, got a list", "joined by commas"},
		{"nothing", "name:\n", "name", "has no value", "delete the key"},
		{"text for everything", "just text\n", "", `want a map of keys, got text "just text"`, "indented"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, problems := decode(t, row.body)
			require.Len(t, problems, 1)
			assert.Equal(t, row.path, problems[0].Path)
			assert.Contains(t, problems[0].Message, row.message)
			assert.Contains(t, problems[0].Cure, row.cure)
			assert.NotZero(t, problems[0].Span.Line)
		})
	}
}

func TestReportDropsConsequencesAndKeepsTheOrderOfTheFile(t *testing.T) {
	report := NewReport(parse(t, "a.yaml", "b: {c: 1}\na: 2\n", Options{}))
	report.Add("/a", "last", "")
	report.Add("/b", "first", "")
	report.Add("/b/c", "a consequence of /b", "")
	report.Add("/a", "the same place", "")
	var messages []string
	for _, p := range report.Problems() {
		messages = append(messages, p.Message)
	}
	assert.Equal(t, []string{"first", "last"}, messages)
}

func TestPathsAreReadable(t *testing.T) {
	assert.Equal(t, "portfolios[1].id", Path("/portfolios/1/id"))
	assert.Equal(t, "a/b.c~d", Path("/a~1b/c~0d"))
	assert.Equal(t, "", Path(""))
}

func TestStrictRefusesWhatItsTargetDoesNotSay(t *testing.T) {
	for _, row := range []struct{ name, body, says string }{
		{"a key of another version", `{"format": 1, "shape": 2}`, `unknown field "shape"`},
		{"something behind it", `{"format": 1} {}`, "something follows the JSON, which ends after 13 bytes"},
		{"half of it", `{"format": 1`, "unexpected EOF"},
		{"what it says, and a new line", "{\"format\": 1}\n", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			var target struct {
				Format int `json:"format"`
			}
			err := Strict([]byte(row.body), &target)
			if row.says == "" {
				require.NoError(t, err)
				assert.Equal(t, 1, target.Format)
				return
			}
			assert.ErrorContains(t, err, row.says)
		})
	}
}
