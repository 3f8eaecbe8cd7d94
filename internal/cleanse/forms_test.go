package cleanse

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wide is UTF-16 without a mark of its byte order.
func wide(text string, big bool) string {
	var out strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		if pair := []byte{byte(unit), byte(unit >> 8)}; big {
			out.Write([]byte{pair[1], pair[0]})
		} else {
			out.Write(pair)
		}
	}
	return out.String()
}

func latin(text string) (out string) {
	for _, r := range text {
		out += string([]byte{byte(r)})
	}
	return out
}

// TestAGivenValueGoesInEveryFormInWhichItIsWritten gives values that no rule of the gate knows.
func TestAGivenValueGoesInEveryFormInWhichItIsWritten(t *testing.T) {
	lines, letters, signs := "one 8fj2kd9sl\ntwo kd92ls0aq\nthree", "pä§sWörd-9fK2mQ7xZt4", `a"b\c & <d>/9fK2mQ7x?`
	quoted := func(text string) string { body, _ := json.Marshal(text); return string(body) }
	for name, row := range map[string][2]string{ // value, as it is written
		"line breaks of Windows":   {lines, strings.ReplaceAll(lines, "\n", "\r\n")},
		"line breaks of Unix":      {strings.ReplaceAll(lines, "\n", "\r\n"), lines},
		"JSON":                     {lines, quoted(lines)},
		"JSON of signs":            {signs, quoted(signs)},
		"an address":               {signs, url.QueryEscape(signs)},
		"a lower-case address":     {letters, octet.ReplaceAllStringFunc(url.QueryEscape(letters), strings.ToLower)},
		"markup":                   {signs, html.EscapeString(signs)},
		"base64":                   {letters, base64.StdEncoding.EncodeToString([]byte(letters))},
		"base64, a byte later":     {letters, base64.StdEncoding.EncodeToString([]byte("u" + letters + "!"))},
		"base64, two bytes later":  {letters, base64.URLEncoding.EncodeToString([]byte("u:" + letters))},
		"hex":                      {letters, hex.EncodeToString([]byte(letters))},
		"upper-case hex":           {letters, strings.ToUpper(hex.EncodeToString([]byte(letters)))},
		"UTF-16":                   {letters, "\xff\xfe" + wide(letters, false)},
		"UTF-16, high bytes first": {letters, wide("x "+letters, true)},
		"Latin-1":                  {letters, latin(letters)},
		"UTF-16 of a plain value":  {keyID(40), wide(keyID(40), false)},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEditor([]byte("key"), []Secret{newSecret([]byte("key"), []byte(row[0]), "", "")})
			body := []byte("before " + row[1] + " after\n")
			result := e.file("a.txt", body)
			require.Equal(t, []int{0}, result.found)
			assert.Len(t, result.body, len(body))
			assert.False(t, e.holds("", "blob", result.body))
			for at := 0; at+9 <= len(row[1])-9; at++ { // no long part of it stays
				assert.NotContains(t, string(result.body), row[1][at:at+9])
			}
		})
	}
}

func TestNothingStaysOfTwoValuesThatOverlap(t *testing.T) {
	one, two := "Zk3mQ8vR2tY6wP1xAB"+"c0ff33c0", "c0ff33c0"+"J7hG5fD4sA9qL2nV6bM"
	var all []Secret
	for _, value := range []string{one, two, "REMOVED"} { // the last reads like what stands for the others
		all = append(all, newSecret([]byte("key"), []byte(value), "", ""))
	}
	e := newEditor([]byte("key"), all)
	result := e.text([]byte("k " + one + two[8:] + " .\n"))
	assert.ElementsMatch(t, []int{0, 1, 2}, result.found)
	assert.Regexp(t, `^k [Xx]+ \.\n$`, string(result.body))
	assert.False(t, e.holds("", "blob", result.body))
}

// TestAnIDIsNoSecret gives a value that reads like a part of the id of a commit that stays.
func TestAnIDIsNoSecret(t *testing.T) {
	r := newRemote(t)
	first := r.commit("start", map[string]string{"a.txt": "a\n"})
	r.commit("next", map[string]string{"b.txt": "b\n"})
	r.commit("oops", map[string]string{"c.txt": "see " + first[:20] + "\n"})
	r.push()
	o := r.options(t.TempDir())
	o.Values, o.Scan = [][]byte{[]byte(first[:20])}, scanFor(keyID(40))
	_, err := Run(context.Background(), o)
	require.NoError(t, err)
	assert.Equal(t, first, gitIn(t, r.dir, "rev-parse", "main~2"))
	body := gitIn(t, r.dir, "show", "main:c.txt")
	assert.False(t, bytes.Contains([]byte(body), []byte(first[:20])))
}
