package cleanse

import (
	"bytes"
	"slices"

	"accountfleet/internal/finding"
)

// staying are the fingerprints of found secrets that may stay: those of which every finding is accepted under its rule, and what the gate
// found over or inside such a value and told no finding of its own about.
func (c *Cleansing) staying(scanned Scanned) map[string]bool {
	told, failing := map[string]bool{}, map[string]bool{}
	for _, f := range scanned.Findings {
		told[f.Fingerprint] = true
		if !c.accepted(f) {
			failing[f.Fingerprint] = true
		}
	}
	stays := map[string]bool{}
	for _, s := range scanned.Secrets {
		stays[s.Fingerprint] = told[s.Fingerprint] && !failing[s.Fingerprint]
	}
	for _, s := range scanned.Secrets {
		if told[s.Fingerprint] {
			continue
		}
		touches := func(fingerprints map[string]bool) bool {
			return slices.ContainsFunc(scanned.Secrets, func(other Secret) bool {
				return told[other.Fingerprint] && fingerprints[other.Fingerprint] && overlap(s.value, other.value)
			})
		}
		stays[s.Fingerprint] = touches(stays) && !touches(failing)
	}
	return trueOf(stays)
}

func (c *Cleansing) accepted(f finding.Finding) bool {
	return c.Accepted != nil && c.Accepted(f.Rule, f.Fingerprint)
}

func overlap(a, b []byte) bool { return bytes.Contains(a, b) || bytes.Contains(b, a) }
