package cleanse

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"

	"accountfleet/internal/finding"
	"accountfleet/internal/gate/secrets"
)

// Secret is a value to purge. It never prints the value.
type Secret struct {
	Rule        string
	Title       string
	Fingerprint string   // by which findings of the gate know it
	Weak        []string // why purging it could change what is no secret; empty: it is long and random
	value       []byte
	folded      bool // in some object its bytes do not stand in one piece
}

// Format prints a secret without its value, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, s.Rule+" "+s.Fingerprint[:min(12, len(s.Fingerprint))])
}

// Limits of weak. A random text of 16 letters and digits has about 3.7 bits a character by this measure, English words about 3.
const (
	shortest    = 16  // bytes
	leastRandom = 3.0 // bits of entropy a byte
	leastDigits = 2.6 // the same for digits only, of which ten exist
)

var (
	word   = regexp.MustCompile(`^(?:[A-Z]?[a-z]{1,24}[ ._-]?)+$|^(?:[A-Z]{1,15}[ ._-])*[A-Z]{1,15}$`)
	number = regexp.MustCompile(`^[0-9]+$`)
)

// weak says why a value cannot be told from text that is no secret.
func weak(value []byte) (why []string) {
	if len(value) < shortest {
		why = append(why, fmt.Sprintf("it is shorter than %d characters", shortest))
	}
	least := leastRandom
	if number.Match(value) {
		least = leastDigits
	}
	if entropy(value) < least {
		why = append(why, "it repeats itself")
	}
	if word.Match(value) {
		why = append(why, "it reads like a word")
	}
	return why
}

// entropy is Shannon's, in bits a byte.
func entropy(value []byte) (bits float64) {
	var count [256]float64
	for _, b := range value {
		count[b]++
	}
	for _, n := range count {
		if n > 0 {
			bits -= n / float64(len(value)) * math.Log2(n/float64(len(value)))
		}
	}
	return bits
}

// newSecret makes a secret of a value.
func newSecret(key, value []byte, rule, title string) Secret {
	return Secret{Rule: rule, Title: title, Fingerprint: secrets.Fingerprint(key, string(value)), Weak: weak(value), value: value}
}

// Lengths of mask.
const (
	readable = 24 // from this length on a mask says REMOVED
	tagged   = 16 // from this length on a mask tells secrets apart
	tagBits  = 12
)

// mask stands for a value: as long as it, with its white space, and no secret to any rule of the gate. It tells different long values
// apart, because two keys of a mapping must stay two, by a few bits of a keyed digest.
func mask(key, value []byte) []byte {
	letters := [2]byte{'X', 'x'}
	if number.Match(value) {
		letters = [2]byte{'9', '8'}
	}
	sum := hmac.New(sha256.New, append([]byte("mask "), key...))
	sum.Write(value)
	digest := sum.Sum(nil)
	tag := int(digest[0])<<8 | int(digest[1])
	out := bytes.Clone(value)
	bit := 0
	for i := len(out) - 1; i >= 0; i-- {
		if bytes.IndexByte([]byte(" \t\r\n"), out[i]) >= 0 {
			continue
		}
		out[i] = letters[0]
		if len(value) >= tagged && bit < tagBits && i > 0 {
			out[i] = letters[tag>>bit&1]
			bit++
		}
	}
	const note = "REMOVED"
	if len(value) >= readable && letters[0] == 'X' && !bytes.ContainsAny(value[:len(note)], " \t\r\n") {
		copy(out, note)
	}
	if slashes := len(value) - len(bytes.TrimRight(value, `\`)); slashes%2 == 1 {
		out[len(out)-1] = '\\' // it escapes what follows the value
	}
	return out
}

// gate is the default Scan: the secrets gate.
func (c *Cleansing) gate(ctx context.Context, dir string) (Scanned, error) {
	var found []secrets.Found
	_, findings, err := secrets.Run(ctx, secrets.Options{
		Repository: dir, Key: c.Key, Locate: c.Locate, Reveal: func(f secrets.Found) { found = append(found, f) },
	})
	if err != nil {
		return Scanned{}, c.clean(err)
	}
	failing := slices.DeleteFunc(findings, func(f finding.Finding) bool { return f.Severity != finding.Error })
	all, err := c.whole(ctx, dir, found)
	return Scanned{Secrets: all, Findings: failing}, err
}

// whole makes secrets of what the gate found: a private key is all of its lines, and what was found in an encoded text is that text.
func (c *Cleansing) whole(ctx context.Context, dir string, found []secrets.Found) ([]Secret, error) {
	var all []Secret
	seen := map[string]int{} // place in all
	add := func(f secrets.Found, value []byte, folded bool) {
		if len(value) == 0 {
			return
		}
		i, ok := seen[string(value)]
		if !ok {
			i = len(all)
			seen[string(value)] = i
			c.hide(value)
			s := newSecret(c.Key, value, f.Rule, f.Title)
			s.Fingerprint = f.Fingerprint
			all = append(all, s)
		}
		all[i].folded = all[i].folded || folded
	}
	bodies := map[string][]secrets.Decoded{}
	for _, f := range found {
		value := []byte(f.Value)
		if f.Object == "" {
			add(f, value, false)
			continue
		}
		texts, ok := bodies[f.Object]
		if !ok {
			body, err := c.git(ctx, dir, nil, "cat-file", f.Kind, f.Object)
			if err != nil {
				return nil, err
			}
			texts = secrets.Decode([]byte(body))
			bodies[f.Object] = texts
		}
		for _, full := range inTexts(texts, value) {
			add(f, full, !bytes.Contains(texts[0].Body, full))
		}
	}
	return all, nil
}

// inTexts are the values that must go so that value is in none of the texts.
func inTexts(texts []secrets.Decoded, value []byte) (all [][]byte) {
	for _, text := range texts {
		if at := header.FindIndex(value); at != nil && at[0] == 0 {
			all = append(all, privateKeys(text.Body)...)
		} else if bytes.Contains(text.Body, value) {
			all = append(all, value)
		}
	}
	if len(all) == 0 {
		for _, text := range texts {
			all = append(all, encoded(text.Body, value)...)
		}
	}
	if len(all) == 0 {
		all = append(all, value)
	}
	return all
}

var (
	header = regexp.MustCompile(`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?(?:-----)?`)
	footer = regexp.MustCompile(`-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----`)
	// keyLines follow a header whose footer is missing.
	keyLines = regexp.MustCompile(`^(?:(?:\s|\\[nrt])*[A-Za-z0-9+/=]{16,})+`)
)

// longestKey is how far a footer may be from its header.
const longestKey = 32 << 10

// privateKeys are the whole keys in a text, however their lines are broken: to the footer, or as far as they look like a key.
func privateKeys(text []byte) (all [][]byte) {
	starts := header.FindAllIndex(text, -1)
	for i, start := range starts {
		limit := min(len(text), start[1]+longestKey)
		if i+1 < len(starts) {
			limit = min(limit, starts[i+1][0])
		}
		end := start[1]
		if at := footer.FindIndex(text[end:limit]); at != nil {
			end += at[1]
		} else if at := keyLines.FindIndex(text[end:limit]); at != nil {
			end += at[1]
		}
		all = append(all, bytes.Clone(text[start[0]:end]))
	}
	return all
}
