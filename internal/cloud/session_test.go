package cloud

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhoCannotCallIsToldTheCauseAndTheCureAndNothingElse(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<ErrorResponse><Error><Code>ExpiredToken</Code><Message>the token expired</Message></Error><RequestId>1</RequestId></ErrorResponse>"))
	}))
	defer refusing.Close()
	key := map[string]string{"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
	const none = "this shell has no AWS credentials"
	const signIn = none + ": name a profile by AWS_PROFILE, or sign in (aws sso login)"
	const closed = `Post "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused`
	const lost = closed + ": check the network, and AWS_ENDPOINT_URL if it is set"
	for _, row := range []struct {
		name, endpoint string
		key            map[string]string
		self, role     string
		cause          string
	}{
		{"no credentials", "", nil, "ask AWS who calls: " + signIn, "assume arn:aws:iam::222222222222:role/fleet-read: " + signIn, none},
		{"no answer", "http://127.0.0.1:1", key, "ask AWS who calls: " + lost, "assume arn:aws:iam::222222222222:role/fleet-read: " + lost, closed},
		{"refused", refusing.URL, key,
			"ask AWS who calls: GetCallerIdentity: ExpiredToken: the token expired: check AWS_PROFILE and the credentials of this shell",
			"assume arn:aws:iam::222222222222:role/fleet-read: AssumeRole: ExpiredToken: the token expired: " +
				"deploy the account's stack, and run this as a role that its trust policy names", "GetAccessKeyLastUsed: ExpiredToken: the token expired"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
				"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
				t.Setenv(name, row.key[name])
			}
			t.Setenv("AWS_ENDPOINT_URL", row.endpoint)
			t.Setenv("AWS_CONFIG_FILE", os.DevNull)
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
			t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			t.Setenv("AWS_MAX_ATTEMPTS", "1")
			base, err := Open(t.Context(), "eu-west-1")
			require.NoError(t, err)
			_, err = base.Account(t.Context())
			assert.EqualError(t, err, row.self)
			assert.EqualError(t, base.As("222222222222", "fleet-read").Expect(t.Context(), "222222222222"), row.role)
			_, err = base.AccessKeys().Deactivate(t.Context(), "id")
			assert.ErrorContains(t, err, "whose key it is cannot be told: "+row.cause+": aws sts get-access-key-info")
		})
	}
}
