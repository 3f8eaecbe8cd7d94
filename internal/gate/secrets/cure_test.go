package secrets

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"accountfleet/internal/gate/gatetest"
)

func TestTheCureOfASecretInTheHistoryNamesTheCommandThatPurgesIt(t *testing.T) {
	r := newRepo(t)
	secret := keyID()
	r.commit("oops", map[string]string{"a.txt": secret})
	assert.Contains(t, r.only(secret).Cure, "fleet cleanse run takes it out of every commit")
}

func TestValuesAreRevealedToWhoeverPurgesThemOnly(t *testing.T) {
	r := newRepo(t)
	secret := keyID()
	r.commit("oops", map[string]string{"a.txt": secret, "b.gz": gatetest.Gzip(secret)})
	var found []Found
	_, findings, err := Run(t.Context(), Options{Repository: r.dir, Key: []byte("key"), Locate: gatetest.Locate, Reveal: func(f Found) { found = append(found, f) }})
	assert.NoError(t, err)
	members := map[string]bool{}
	for _, f := range found {
		assert.Equal(t, secret, f.Value)
		assert.Equal(t, findings[0].Fingerprint, f.Fingerprint)
		assert.Equal(t, Fingerprint([]byte("key"), secret), f.Fingerprint)
		members[f.Member] = true
	}
	assert.Equal(t, map[string]bool{"": true, "(gzip)": true}, members)
	assert.Contains(t, Decode([]byte(gatetest.Gzip("x"))), Decoded{"(gzip)", []byte("x")})
}
