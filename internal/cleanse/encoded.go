package cleanse

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"
)

// Texts that may encode others: what of gitleaks' decoders a value can be cut out of.
var (
	base64Run  = regexp.MustCompile(`[A-Za-z0-9+/_-]{12,}={0,2}`)
	hexRun     = regexp.MustCompile(`(?:[0-9A-Fa-f]{2}){8,}`)
	percentRun = regexp.MustCompile(`[^\s"'<>\x60]*%[0-9A-Fa-f]{2}[^\s"'<>\x60]*`)
	unicodeRun = regexp.MustCompile(`(?:\\u[0-9A-Fa-f]{4}|[!-~])*\\u[0-9A-Fa-f]{4}(?:\\u[0-9A-Fa-f]{4}|[!#-~])*`)
)

// nested is how many times a value may be encoded, as the gate decodes.
const nested = 2

// encoded are the parts of a text that decode to something that holds value.
func encoded(text, value []byte) [][]byte { return encodedWithin(text, value, nested) }

func encodedWithin(text, value []byte, depth int) (all [][]byte) {
	if depth == 0 {
		return nil
	}
	for _, decoder := range []struct {
		runs   *regexp.Regexp
		decode func(string) []byte
	}{{base64Run, unbase64}, {hexRun, unhex}, {percentRun, unpercent}, {unicodeRun, ununicode}} {
		for _, run := range decoder.runs.FindAll(text, -1) {
			inner := decoder.decode(string(run))
			if len(inner) > 0 && (bytes.Contains(inner, value) || len(encodedWithin(inner, value, depth-1)) > 0) {
				all = append(all, bytes.Clone(run))
			}
		}
	}
	return all
}

func unbase64(run string) []byte {
	run = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(run), "=")
	run = run[:len(run)/4*4+map[int]int{2: 2, 3: 3}[len(run)%4]]
	body, err := base64.RawStdEncoding.DecodeString(run)
	if err != nil {
		return nil
	}
	return body
}

func unhex(run string) []byte {
	body, err := hex.DecodeString(run)
	if err != nil {
		return nil
	}
	return body
}

func unpercent(run string) []byte {
	text, err := url.PathUnescape(run)
	if err != nil {
		return nil
	}
	return []byte(text)
}

var unicodeEscape = regexp.MustCompile(`\\u[0-9A-Fa-f]{4}`)

func ununicode(run string) []byte {
	return unicodeEscape.ReplaceAllFunc([]byte(run), func(escape []byte) []byte {
		pair, err := hex.DecodeString(string(escape[2:]))
		if err != nil {
			return escape
		}
		return []byte(string(rune(int(pair[0])<<8 | int(pair[1]))))
	})
}
