package cleanse

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/secrets"
)

func TestWeakValuesAreThoseThatCouldStandForSomethingElse(t *testing.T) {
	for value, is := range map[string]bool{
		"a":                      true,
		"production":             true,
		"internationalization":   true,
		"a-name-in-small-letter": true,
		"CONFIGURATION_SETTINGS": true,
		"aaaaaaaaaaaaaaaaaaaa":   true,
		"hunter2":                true,
		"1234123412341234":       true,
		keyID(22):                false,
		keyID(1):                 false,
		"4f2a9c81d0be47735e6a1c": false,
		"8301947265510398472615": false,
		"wJalrXUtn+EMI/K7MDENG/" + "bPxRfiCYabc1234567": false,
	} {
		assert.Equal(t, is, len(weak([]byte(value))) > 0, "%s: %v", value, weak([]byte(value)))
	}
}

func TestAMaskIsAsLongAsItsValueAndNoSecret(t *testing.T) {
	key := []byte("key")
	for _, value := range []string{
		"x", "hunter2", keyID(1), keyID(1) + "/" + keyID(2), "123456789012345678", "two words and more of them", "a\n  b\r\n", `abc\`, `abc\\`, `ends in one\`,
	} {
		m := mask(key, []byte(value))
		require.Len(t, m, len(value))
		assert.Equal(t, m, mask(key, []byte(value)), "the same every time")
		for i := range m {
			space := strings.ContainsRune(" \t\r\n", rune(value[i]))
			assert.Equal(t, space, strings.ContainsRune(" \t\r\n", rune(m[i])), "white space stays")
		}
		assert.Empty(t, newEditor(key, []Secret{newSecret(key, []byte(value), "", "")}).text(m).found)
	}
	assert.True(t, strings.HasPrefix(string(mask(key, []byte(keyID(1)+keyID(2)))), "REMOVED"))
	different := map[string]bool{}
	for i := range uint64(50) {
		different[string(mask(key, []byte(keyID(i+100))))] = true
	}
	assert.Greater(t, len(different), 45, "long values stay apart")
	assert.Equal(t, byte('\\'), mask(key, []byte(`ends in one\`))[11], "what follows stays escaped")
}

func TestASecretNeverPrintsItsValue(t *testing.T) {
	s := newSecret([]byte("key"), []byte(keyID(1)), "AWS_ACCESS_KEY", "an AWS access key id")
	body, err := json.Marshal(s)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", []Secret{s}), fmt.Sprintf("%s %q %x", s, s, s), string(body)} {
		assert.NotContains(t, text, keyID(1))
	}
}

func TestJSONAndYAMLThatParsedStillParse(t *testing.T) {
	for name, row := range map[string]struct {
		file, body, value string
		whole             bool
	}{
		"a string":               {"a.json", `{"key": "VALUE"}`, keyID(1), false},
		"a number":               {"a.json", `{"pin": VALUE}`, "8301947265510398472615", false},
		"a key":                  {"a.json", `{"VALUE": 1, "b": 2}`, keyID(1), false},
		"before an escape":       {"a.json", `{"key": "VALUE\"b"}`, keyID(1) + `\`, false},
		"the start of an escape": {"a.json", `{"key": "a\nVALUE"}`, "n" + keyID(1), true},
		"punctuation of JSON":    {"a.json", `{"keyVALUE1"}`, `": "` + keyID(1), true},
		"a YAML value":           {"a.yaml", "key: VALUE\n", keyID(1), false},
		"a YAML block":           {"a.yaml", "key: |\n  VALUE\nb: 1\n", "one-" + keyID(1) + "\n  two-" + keyID(2), false},
		"structure of YAML":      {"a.yaml", "a:\n  VALUE\n", "b: " + keyID(1) + "\n  c: " + keyID(2), false},
		"no YAML at all":         {"a.txt", "[{VALUE", keyID(1), false},
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.ReplaceAll(row.body, "VALUE", row.value)
			if name == "the start of an escape" {
				body = `{"key": "a\` + row.value + `"}`
			}
			e := newEditor([]byte("key"), []Secret{newSecret([]byte("key"), []byte(row.value), "", "")})
			result := e.file(row.file, []byte(body))
			require.Len(t, result.found, 1)
			assert.Equal(t, row.whole, result.whole != "", string(result.body))
			if !row.whole {
				assert.Len(t, result.body, len(body))
			}
			if json.Valid([]byte(body)) {
				assert.True(t, json.Valid(result.body), string(result.body))
			}
			if strings.HasSuffix(row.file, ".yaml") && isYAML([]byte(body)) {
				assert.True(t, isYAML(result.body), string(result.body))
			}
			assert.NotContains(t, string(result.body), row.value)
		})
	}
}

func TestAPrivateKeyGoesWithAllOfItsLines(t *testing.T) {
	begin, end := "-----BEGIN RSA PRIVATE "+"KEY-----", "-----END RSA PRIVATE "+"KEY-----"
	line := strings.Repeat("aB3dE6gH", 8)
	for name, text := range map[string]string{
		"lines":          begin + "\n" + line + "\n" + line + "\n" + end,
		"encrypted":      begin + "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00FF\n\n" + line + "\n" + end,
		"in JSON":        begin + `\n` + line + `\n` + end,
		"without an end": begin + "\n" + line + "\n" + line,
	} {
		all := inTexts([]secrets.Decoded{{Body: []byte("before\n" + text + "\nafter: x\n")}}, []byte(begin))
		require.Len(t, all, 1, name)
		assert.Equal(t, text, string(all[0]), name)
	}
	two := begin + "\n" + line + "\n" + end
	assert.Len(t, privateKeys([]byte(two+"\n"+two)), 2)
}

func TestAnEncodedValueIsTheTextThatEncodesIt(t *testing.T) {
	value := []byte("p@ss word" + keyID(1))
	inner := []byte("user:" + string(value) + "!")
	for name, run := range map[string]string{
		"base64": base64.StdEncoding.EncodeToString(inner), "hex": fmt.Sprintf("%x", inner), "percent": "user%3Ap%40ss%20word" + keyID(1) + "%21",
	} {
		found := encoded([]byte("data: "+run+" end"), value)
		require.NotEmpty(t, found, name)
		assert.True(t, bytes.Contains([]byte(run), found[0]) || string(found[0]) == run, name)
	}
	assert.Empty(t, encoded([]byte("nothing here, only words"), value))
}

func TestEveryRotationIsOfARuleAndEveryRuleHasOne(t *testing.T) {
	used := map[string]bool{}
	for _, rule := range append(secrets.Rules(), "GIVEN") {
		text := rotation(rule, "a token of it")
		require.NotEmpty(t, text)
		for _, r := range rotations {
			if strings.HasPrefix(rule, r.prefix) {
				used[r.prefix] = true
				assert.NotContains(t, text, "a token of it", rule)
				break
			}
		}
	}
	for _, r := range rotations {
		assert.True(t, used[r.prefix], "%s is no rule's: correct the table", r.prefix)
	}
	for _, rule := range []string{"AWS_ACCESS_KEY", "AWS_SECRET_KEY", "PRIVATE_KEY", "GITHUB_TOKEN", "GITLAB_TOKEN", "SLACK_TOKEN", "SLACK_WEBHOOK",
		"STRIPE_KEY", "GOOGLE_KEY", "NPM_TOKEN", "PYPI_TOKEN", "ANTHROPIC_KEY", "PASSWORD_LITERAL"} {
		assert.True(t, used[rule] || !strings.Contains(rotation(rule, "a token of it"), "a token of it"), "%s: add it to rotations", rule)
	}
	assert.Contains(t, rotation("AWS_ACCESS_KEY", ""), "aws iam update-access-key")
}
