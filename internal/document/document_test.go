package document

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/finding"
)

func parse(t *testing.T, file, body string, o Options) *Document {
	t.Helper()
	d, findings := Parse(file, []byte(body), o)
	require.Empty(t, findings)
	return d
}

func TestParseRefusesWhatReadersDisagreeOn(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth+2) + strings.Repeat("]", MaxDepth+2)
	rows := []struct {
		name, file, body string
		rule             string
		line             int
		message, cure    string
	}{
		{"duplicate key", "a.yaml", "a: 1\nb: 2\na: 3\n", "DUPLICATE_KEY", 3, `key "a" comes twice, first on line 1`, "keep one"},
		{"duplicate key quoted differently", "a.yaml", "a: 1\n'a': 3\n", "DUPLICATE_KEY", 2, `key "a"`, "keep one"},
		{"duplicate nested key", "a.yaml", "x:\n  - {a: 1, a: 2}\n", "DUPLICATE_KEY", 2, `key "a"`, "keep one"},
		{"anchor", "a.yaml", "a: &x 1\nb: 2\n", "ANCHOR", 1, "&x", "remove the anchor"},
		{"anchored key", "a.yaml", "&x a: 1\n", "ANCHOR", 1, "&x", "remove the anchor"},
		{"alias", "a.yaml", "a: 1\nb: [&x 2, *x]\n", "ALIAS", 2, "*x", "write the value out"},
		{"merge key", "a.yaml", "a:\n  <<: {b: 1}\n", "MERGE_KEY", 2, "<<", "write the keys out"},
		{"depth", "a.yaml", "\n" + deep, "DEPTH", 2, "64 levels", "flatten"},
		{"two documents", "a.yaml", "a: 1\n---\nb: 2\n", "DOCUMENTS", 2, "second document", "one document"},
		{"number as key", "a.yaml", "a:\n  111111111111: x\n", "KEY_TYPE", 2, "key 111111111111", `quote it: "111111111111"`},
		{"boolean as key", "a.yaml", "on: x\n", "KEY_TYPE", 1, "key on", `quote it: "on"`},
		{"null as key", "a.yaml", "~: x\n", "KEY_TYPE", 1, "key ~", `quote it: "~"`},
		{"list as key", "a.yaml", "? [a]\n: x\n", "KEY_TYPE", 1, "list or a map", "text"},
		{"tab as indentation", "a.yaml", "a:\n\tb: 1\n", "TABS", 2, "tab", "spaces"},
		{"tab after spaces", "a.yaml", "a:\n  b: 1\n  \tc: 2\n", "TABS", 3, "tab", "spaces"},
		{"invalid UTF-8", "a.yaml", "a: 1\nb: \xff\n", "ENCODING", 2, "not valid UTF-8", "save it as UTF-8"},
		{"byte order mark", "a.yaml", "\xef\xbb\xbfa: 1\n", "BYTE_ORDER_MARK", 1, "byte order mark", "without"},
		{"UTF-16", "a.yaml", "\xff\xfea\x00", "BYTE_ORDER_MARK", 1, "byte order mark", "UTF-8"},
		{"replacement character", "a.yaml", "a: 1\nb: caf\uFFFD\n", "ENCODING", 2, "U+FFFD", "meant"},
		{"unknown tag", "a.yaml", "a: !ruby/object x\n", "TAG", 1, "!ruby/object", "remove the tag"},
		{"unknown tag on a map", "a.yaml", "a: !!set {x}\n", "TAG", 1, "!!set", "remove the tag"},
		{"python tag", "a.yaml", "a: !!python/object/apply:os.system [id]\n", "TAG", 1, "python", "remove the tag"},
		{"binary tag", "a.yaml", "a: !!binary aGk=\n", "TAG", 1, "!!binary", "remove the tag"},
		{"bare tag", "a.yaml", "a: ! 12\n", "TAG", 1, "!", "remove it"},
		{"intrinsic outside templates", "a.yaml", "a: !Ref X\n", "TAG", 1, "!Ref", "remove the tag"},
		{"too big", "a.yaml", "a: " + strings.Repeat("x", 2*MaxBytes), "SIZE", 0, "2.0 MB, more than the 1.0 MB", "split it"},
		{"empty", "a.yaml", " \n", "EMPTY", 0, "empty", "delete the file"},
		{"only comments", "a.yaml", "# nothing\n", "EMPTY", 0, "nothing but comments", "delete the file"},
		{"no YAML", "a.yaml", "a: b\nc: d: e\n", "SYNTAX", 2, "not YAML", `quote a value that holds ": "`},
		{"unclosed bracket", "a.yaml", "a: [1, 2\n", "SYNTAX", 1, "not YAML", "mend"},
		{"control character", "a.yaml", "a: \x01\n", "SYNTAX", 1, "not YAML", "mend"},
		{"leading zero", "a.yaml", "id: 012345678901\n", "AMBIGUOUS", 1, "012345678901", `quote it: "012345678901"`},
		{"base 60", "a.yaml", "port: 22:22\n", "AMBIGUOUS", 1, "22:22", `quote it`},
		{"underscore", "a.yaml", "n: 1_000\n", "AMBIGUOUS", 1, "1_000", `quote it`},
		{"exponent", "a.yaml", "n: 1e3\n", "AMBIGUOUS", 1, "1e3", `quote it`},
		{"infinity", "a.yaml", "n: .inf\n", "AMBIGUOUS", 1, ".inf", `quote it`},
		{"yes outside templates", "a.yaml", "n: yes\n", "AMBIGUOUS", 1, "yes", `quote it: "yes"`},

		{"JSON duplicate key", "a.json", "{\"a\": 1,\n \"a\": 2}", "DUPLICATE_KEY", 2, `key "a"`, "keep one"},
		{"JSON trailing comma", "a.json", "{\"a\": 1,\n}", "SYNTAX", 2, "not JSON", "trailing commas"},
		{"JSON comment", "a.json", "// x\n{}", "SYNTAX", 1, "not JSON", "comments"},
		{"JSON two documents", "a.json", "{}\n{}", "SYNTAX", 2, "not JSON", "mend"},
		{"JSON depth", "a.json", "\n" + deep, "DEPTH", 2, "64 levels", "flatten"},
		{"JSON lone surrogate", "a.json", `{"a": "\ud800"}`, "ENCODING", 1, "surrogate", "meant"},
		{"JSON cut off", "a.json", `{"a": `, "SYNTAX", 1, "not JSON", "mend"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d, findings := Parse(row.file, []byte(row.body), Options{Product: "p"})
			assert.Nil(t, d)
			require.NotEmpty(t, findings)
			f := findings[len(findings)-1]
			assert.Equal(t, row.rule, f.Rule)
			assert.Equal(t, row.line, f.Span.Line, f.Message)
			assert.Contains(t, f.Message, row.message)
			assert.Contains(t, f.Cure, row.cure)
			assert.Equal(t, finding.Error, f.Severity)
			assert.Equal(t, "p", f.Product)
			assert.Equal(t, row.file, f.File)
			assert.NotEmpty(t, f.Fingerprint)
		})
	}
}

func TestParseReportsEveryMistakeAtOnce(t *testing.T) {
	_, findings := Parse("a.yaml", []byte("a: &x 1\na: 2\n3: *x\n"), Options{})
	var rules []string
	for _, f := range findings {
		rules = append(rules, fmt.Sprint(f.Span.Line, f.Rule))
	}
	assert.Equal(t, []string{"1ANCHOR", "2DUPLICATE_KEY", "3KEY_TYPE"}, rules)
}

func TestPlainScalars(t *testing.T) {
	rows := []struct{ name, yaml, ours, template string }{
		{"text", "abc", `"abc"`, `"abc"`},
		{"true", "True", `true`, `true`},
		{"yes is a boolean to CloudFormation", "yes", "", `true`},
		{"off is a boolean to CloudFormation", "Off", "", `false`},
		{"y is text", "y", `"y"`, `"y"`},
		{"quoted yes", "'yes'", `"yes"`, `"yes"`},
		{"date", "2012-10-17", `"2012-10-17"`, `"2012-10-17"`},
		{"timestamp", "2001-12-14 21:59:43", `"2001-12-14 21:59:43"`, `"2001-12-14 21:59:43"`},
		{"integer", "42", `42`, `42`},
		{"negative", "-1", `-1`, `-1`},
		{"big integer", "123456789012345678901234567890", `123456789012345678901234567890`, `123456789012345678901234567890`},
		{"float keeps its zeros", "1.10", `1.10`, `1.10`},
		{"version", "1.2.3", `"1.2.3"`, `"1.2.3"`},
		{"address", "10.0.0.0/16", `"10.0.0.0/16"`, `"10.0.0.0/16"`},
		{"IPv6", "'::/0'", `"::/0"`, `"::/0"`},
		{"time", "03:00-04:00", `"03:00-04:00"`, `"03:00-04:00"`},
		{"null", "null", `null`, ""},
		{"nothing", "", `null`, ""},
		{"tagged text", "!!str 12", `"12"`, `"12"`},
		{"octal", "0644", "", ""},
		{"hexadecimal", "0x1F", "", ""},
		{"plus", "+1", "", ""},
		{"point first", ".5", "", ""},
		{"point last", "5.", "", ""},
		{"not a number", ".NaN", "", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			for want, o := range map[*string]Options{&row.ours: {}, &row.template: {CloudFormation: true}} {
				d, findings := Parse("a.yaml", []byte("k: "+row.yaml+"\n"), o)
				if *want == "" {
					assert.NotEmpty(t, findings, "%+v", o)
					continue
				}
				require.Empty(t, findings, "%+v", o)
				assert.Equal(t, `{"k":`+*want+`}`, string(d.JSON()), "%+v", o)
			}
		})
	}
}

func TestShortIntrinsicsBecomeLongOnes(t *testing.T) {
	rows := []struct{ name, yaml, json string }{
		{"Ref", "!Ref Bucket", `{"Ref":"Bucket"}`},
		{"Ref of what looks like a number", "!Ref 012", `{"Ref":"012"}`},
		{"Condition", "!Condition IsProd", `{"Condition":"IsProd"}`},
		{"GetAtt", "!GetAtt Bucket.Arn", `{"Fn::GetAtt":["Bucket","Arn"]}`},
		{"GetAtt of a nested output", "!GetAtt Nested.Outputs.Name", `{"Fn::GetAtt":["Nested","Outputs.Name"]}`},
		{"GetAtt as list", "!GetAtt [Bucket, Arn]", `{"Fn::GetAtt":["Bucket","Arn"]}`},
		{"Sub", "!Sub '${A}-x'", `{"Fn::Sub":"${A}-x"}`},
		{"Sub with map", "!Sub ['${A}', {A: !Ref B}]", `{"Fn::Sub":["${A}",{"A":{"Ref":"B"}}]}`},
		{"Select keeps its number", "!Select [0, !GetAZs '']", `{"Fn::Select":[0,{"Fn::GetAZs":""}]}`},
		{"GetAZs without argument", "!GetAZs", `{"Fn::GetAZs":""}`},
		{"nested", "!If [C, !Ref A, !GetAtt B.C]", `{"Fn::If":["C",{"Ref":"A"},{"Fn::GetAtt":["B","C"]}]}`},
		{"long form is untouched", "{'Fn::GetAtt': [B, C]}", `{"Fn::GetAtt":["B","C"]}`},
		{"Transform", "!Transform {Name: 'AWS::Include'}", `{"Fn::Transform":{"Name":"AWS::Include"}}`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := parse(t, "t.yaml", "k: "+row.yaml+"\n", Options{CloudFormation: true})
			assert.Equal(t, `{"k":`+row.json+`}`, string(d.JSON()))
		})
	}
}

func TestMisspeltIntrinsicNamesTheNearest(t *testing.T) {
	for _, body := range []string{"k: !GetAt B.C\n", "k: !GetAt [B, C]\n"} {
		_, findings := Parse("t.yaml", []byte(body), Options{CloudFormation: true})
		require.Len(t, findings, 1)
		assert.Equal(t, "did you mean !GetAtt", findings[0].Cure)
	}
	_, findings := Parse("t.yaml", []byte("k: !Rain::Include x\n"), Options{CloudFormation: true})
	require.Len(t, findings, 1)
	assert.Contains(t, findings[0].Cure, "CloudFormation's intrinsic functions")
}

func TestLinesLeadFromPointersToTheSource(t *testing.T) {
	body := "Resources:\n  A:\n    Type: X\n    P:\n      - one\n      - !GetAtt B.C\n  a/b~c: 1\n"
	d := parse(t, "t.yaml", body, Options{CloudFormation: true})
	rows := map[string]finding.Span{
		"":                                {Line: 1, Column: 1},
		"/Resources/A":                    {Line: 2, Column: 3},
		"/Resources/A/Type":               {Line: 3, Column: 5},
		"/Resources/A/P/0":                {Line: 5, Column: 9},
		"/Resources/A/P/1/Fn::GetAtt/1":   {Line: 6, Column: 9},
		"/Resources/a~1b~0c":              {Line: 7, Column: 3},
		"/Resources/A/Missing/Altogether": {Line: 2, Column: 3},
	}
	for pointer, span := range rows {
		assert.Equal(t, span, d.Lines.At(pointer), pointer)
	}

	d = parse(t, "t.json", "{\n  \"é\": {\"b\": [1,\n   {\"c\": 2}]}}", Options{})
	assert.Equal(t, finding.Span{Line: 2, Column: 9}, d.Lines.At("/é/b"))
	assert.Equal(t, finding.Span{Line: 3, Column: 4}, d.Lines.At("/é/b/1"))
	assert.Equal(t, finding.Span{Line: 3, Column: 5}, d.Lines.At("/é/b/1/c"))
}

func TestSameContentInYAMLAndJSONHasOneCanonicalForm(t *testing.T) {
	fromYAML := parse(t, "a.yaml", "b: [1, true, '<&>']\na: {d: 12345678901234567890, c: x}\n", Options{})
	fromJSON := parse(t, "a.json", `{"a":{"c":"x","d":12345678901234567890},"b":[1,true,"<&>"]}`, Options{})
	assert.Equal(t, `{"a":{"c":"x","d":12345678901234567890},"b":[1,true,"<&>"]}`, string(fromYAML.JSON()))
	assert.Equal(t, fromYAML.JSON(), fromJSON.JSON())
}

func TestBlockTextMayHoldTabs(t *testing.T) {
	d := parse(t, "a.yaml", "k: |\n  all:\n  \tmake\n", Options{})
	assert.Equal(t, `{"k":"all:\n\tmake\n"}`, string(d.JSON()))
}

func TestNearest(t *testing.T) {
	known := []string{"eu-west-1", "eu-central-1", "us-east-1"}
	assert.Equal(t, "eu-west-1", Nearest("eu-wset-1", known))
	assert.Equal(t, "eu-central-1", Nearest("eu-central1", known))
	assert.Equal(t, "", Nearest("moon", known))
	assert.Equal(t, "ab", Nearest("ba", []string{"ab"}))
}
