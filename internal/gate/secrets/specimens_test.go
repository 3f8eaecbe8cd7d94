package secrets

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// The specimens are secrets and look-alikes as they stand in real files, with values that are made up anew for each seed. They were
// written from the services' documentation and from what catalogs hold, not from the rules: a rule must never name one of them.

// kind is one type of secret and the files that it is met in; place stands for the secret there.
type kind struct {
	name     string
	make     func(maker) string
	settings []string
}

const place = "§"

// specimen is one file: a secret in the lines that hold it, or a look-alike without one.
type specimen struct {
	kind string
	text string
	line int // of the secret, from 1; 0: there is none
	last int // line of its end
}

// maker makes values up.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 1))} }

func (m maker) of(alphabet string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[m.IntN(len(alphabet))])
	}
	return b.String()
}

func (m maker) hex(n int) string    { return m.of("0123456789abcdef", n) }
func (m maker) alnum(n int) string  { return m.of(alnum, n) }
func (m maker) lower(n int) string  { return m.of("abcdefghijklmnopqrstuvwxyz0123456789", n) }
func (m maker) upper(n int) string  { return m.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", n) }
func (m maker) digits(n int) string { return m.of(digits, n) }
func (m maker) web(n int) string    { return m.of(alnum+"_-", n) }

func (m maker) uuid() string {
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", m.hex(8), m.hex(4), m.hex(3), m.hex(3), m.hex(12))
}

func (m maker) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(m.IntN(256))
	}
	return b
}

func (m maker) base64(n int) string { return base64.StdEncoding.EncodeToString(m.bytes(n)) }

// block is base64 in lines, as in a key file.
func (m maker) block(lines int, indent string) string {
	var b strings.Builder
	for range lines {
		b.WriteString(indent + m.base64(48) + "\n")
	}
	return b.String()
}

var words = []string{"Falcon", "river", "Tiger", "winter", "Summer", "kings", "Mountain", "coffee", "Dragon", "purple", "Berlin", "guitar", "Orchid", "rocket"}

func (m maker) word() string { return words[m.IntN(len(words))] }

// password is one that a person or a generator chose, of characters that need no quotes.
func (m maker) password() string {
	switch m.IntN(5) {
	case 0:
		return m.word() + m.digits(4) + m.of("!#*?", 1)
	case 1:
		return m.word() + "-" + m.word() + "-" + m.digits(2)
	case 2:
		return m.of("ABCDEFGHJK", 1) + m.of("mnpqrst", 3) + m.of("!#%^*+", 1) + m.digits(3) + m.of("XYZxyz", 2) + m.of("_.~", 1) + m.alnum(3)
	case 3:
		return strings.ReplaceAll(m.word()+m.word(), "o", "0") + m.of("!.", 1) + m.digits(2)
	}
	return m.of(alnum[:52], 2) + m.alnum(12) + m.digits(2)
}

// urlPassword has no character that an address reserves.
func (m maker) urlPassword() string { return m.word() + m.digits(3) + m.of("-_.~", 1) + m.alnum(5) }

func (m maker) jwt() string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(`{"alg":"HS256","typ":"JWT"}`) + "." + part(fmt.Sprintf(`{"sub":"%s","iat":17%s}`, m.digits(10), m.digits(8))) + "." + base64.RawURLEncoding.EncodeToString(m.bytes(32))
}

// secretSpecimens are all secrets, each in all its settings.
func secretSpecimens(m maker) []specimen {
	var all []specimen
	for _, k := range kinds() {
		for _, setting := range k.settings {
			before, _, _ := strings.Cut(setting, place)
			value, first := k.make(m), strings.Count(before, "\n")+1
			all = append(all, specimen{k.name, strings.ReplaceAll(setting, place, value), first, first + strings.Count(value, "\n")})
		}
	}
	return all
}

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
