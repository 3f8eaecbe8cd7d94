package secrets

// Found is a secret with its value, for whoever removes it: it may be kept in memory only.
type Found struct {
	Object, Kind string // git object and its kind; empty Object for names of refs
	Member       string // of a packed file
	Value        string
	Rule, Title  string
	Fingerprint  string
}

// reveal hands every hit to o.Reveal. It comes before merge, which keeps the shortest of overlapping values where a purge needs all.
func (o Options) reveal(hits ...[]hit) {
	if o.Reveal == nil {
		return
	}
	for _, some := range hits {
		for _, h := range some {
			o.Reveal(Found{
				Object: h.piece.object.id, Kind: h.piece.object.kind, Member: h.piece.member,
				Value: h.value, Rule: h.pattern, Title: h.title, Fingerprint: fingerprint(o.Key, h.value),
			})
		}
	}
}

// Decoded is what decoding found in an object: the object itself, or a member of it.
type Decoded struct {
	Member string
	Body   []byte
}

// Decode gives every text that this gate looks for secrets in: an object as it is, unpacked, and without NUL bytes.
func Decode(body []byte) []Decoded {
	parts, _ := decode(body)
	texts := make([]Decoded, len(parts))
	for i, p := range parts {
		texts[i] = Decoded{p.member, p.text}
	}
	return texts
}

// Fingerprint is by which findings recognise a value.
func Fingerprint(key []byte, value string) string { return fingerprint(key, value) }
