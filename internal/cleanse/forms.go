package cleanse

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// form is one way in which the value of a secret may be written, and what stands there afterwards. Each is looked for as bytes, so that
// nothing has to be decoded: what the gate finds encoded it finds by its own means, a value that somebody gives is known to no rule.
type form struct {
	secret      int // index into editor.secrets
	value, mask []byte
	plain       bool // the value itself
}

// leastEncoded is how long an encoded form must be: a shorter one could stand for something else.
const leastEncoded = 8

// formsOf are the forms of a value, itself first.
func formsOf(key []byte, secret int, value []byte) []form {
	all := []form{{secret, value, mask(key, value), true}}
	add := func(text []byte, least int) {
		known := func(f form) bool { return bytes.Equal(f.value, text) }
		if m := mask(key, text); len(text) >= least && !slices.ContainsFunc(all, known) && !bytes.Equal(m, text) {
			all = append(all, form{secret, text, m, false})
		}
	}
	unix := bytes.ReplaceAll(value, []byte("\r\n"), []byte("\n"))
	lines := [][]byte{unix, bytes.ReplaceAll(unix, []byte("\n"), []byte("\r\n"))}
	for _, text := range lines {
		add(text, 1)
	}
	for _, text := range lines {
		for _, encoded := range escapes(text) {
			add([]byte(encoded), leastEncoded)
		}
		add([]byte(hex.EncodeToString(text)), 2*leastEncoded)
		add([]byte(strings.ToUpper(hex.EncodeToString(text))), 2*leastEncoded)
		for before := range 3 {
			core := base64Core(text, before)
			add(core, leastEncoded)
			add([]byte(strings.NewReplacer("+", "-", "/", "_").Replace(string(core))), leastEncoded)
		}
	}
	return append(all, charsets(key, secret, value)...)
}

// escapes are the ways in which JSON, programs, addresses and XML write a text, where they differ from it.
func escapes(text []byte) []string {
	if !utf8.Valid(text) {
		return nil
	}
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(string(text)) // a string in memory: it cannot fail
	quoted := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(plain.String(), "\n"), `"`), `"`)
	markup, _ := json.Marshal(string(text))
	all := []string{
		quoted, strings.Trim(string(markup), `"`), ascii(quoted), url.QueryEscape(string(text)), url.PathEscape(string(text)), html.EscapeString(string(text)),
	}
	for _, one := range slices.Clone(all) {
		all = append(all, octet.ReplaceAllStringFunc(one, strings.ToLower))
	}
	return slices.DeleteFunc(all, func(one string) bool { return one == string(text) })
}

// octet is a byte of an address.
var octet = regexp.MustCompile(`%[0-9A-F]{2}`)

// ascii writes what is no ASCII as \u escapes.
func ascii(text string) string {
	var out strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}

// base64Core are the letters that text has in base64 behind some bytes that are not known, without those that also tell of what is around.
func base64Core(text []byte, before int) []byte {
	whole := base64.StdEncoding.EncodeToString(append(make([]byte, before), text...))
	first, last := (before*8+5)/6, (before+len(text))*8/6
	if first >= last {
		return nil
	}
	return []byte(whole[first:last])
}

// charsets are a value with letters beyond ASCII in the character sets that give them other bytes than UTF-8, or its bytes between NUL,
// which is what UTF-16 is for all others.
func charsets(key []byte, secret int, value []byte) (all []form) {
	text := []rune(string(value))
	if !utf8.Valid(value) || len(text) == len(value) {
		return nil
	}
	var latin, little, big form
	one := true
	for _, r := range text {
		one = one && r < 0x100
		latin.value = append(latin.value, byte(r))
	}
	for _, unit := range utf16.Encode(text) {
		stands := byte('X')
		if strings.ContainsRune(" \t\r\n", rune(unit)) {
			stands = byte(unit)
		}
		little.value, little.mask = append(little.value, byte(unit), byte(unit>>8)), append(little.mask, stands, 0)
		big.value, big.mask = append(big.value, byte(unit>>8), byte(unit)), append(big.mask, 0, stands)
	}
	if one {
		latin.mask = mask(key, latin.value)
		all = append(all, latin)
	}
	all = append(all, little, big)
	for i := range all {
		all[i].secret = secret
	}
	return all
}

// longestFirst is the order in which forms are looked for.
func longestFirst(a, b form) int {
	return cmp.Or(cmp.Compare(len(b.value), len(a.value)), bytes.Compare(a.value, b.value))
}
