package cloud

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/gate/iam"
)

// analyzed answers as IAM Access Analyzer does, by path. The forms are those of the service's model.
func analyzed(t *testing.T, answers map[string]string) (Analyzer, map[string]map[string]any) {
	t.Helper()
	asked := map[string]map[string]any{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		key := r.URL.Path + r.URL.Query().Get("nextToken")
		asked[key] = body
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(answers[key]))
	}))
	t.Cleanup(server.Close)
	session := &Session{config: aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
	}}
	return session.Analyzer(), asked
}

func TestAccessAnalyzerIsReadToItsLastPage(t *testing.T) {
	a, asked := analyzed(t, map[string]string{
		"/policy/validation": `{"findings": [{"findingType": "ERROR", "issueCode": "INVALID_ACTION", "findingDetails": "no such action", "learnMoreLink": "https://example.com",
			"locations": [{"path": [{"value": "Statement"}, {"index": 2}, {"value": "Action"}], "span": {"start": {"line": 1, "column": 1, "offset": 1}, "end": {"line": 1, "column": 1, "offset": 1}}}]}], "nextToken": "more"}`,
		"/policy/validationmore": `{"findings": [{"findingType": "SUGGESTION", "issueCode": "S", "findingDetails": "d", "learnMoreLink": "l", "locations": []}]}`,
	})
	remarks, err := a.Validate(t.Context(), "{}", "RESOURCE_POLICY", "AWS::S3::Bucket")
	require.NoError(t, err)
	assert.Equal(t, []iam.Remark{
		{Type: "ERROR", Code: "INVALID_ACTION", Text: "no such action", Link: "https://example.com", Statement: 2},
		{Type: "SUGGESTION", Code: "S", Text: "d", Link: "l", Statement: -1},
	}, remarks)
	assert.Equal(t, map[string]any{"policyDocument": "{}", "policyType": "RESOURCE_POLICY", "validatePolicyResourceType": "AWS::S3::Bucket"}, asked["/policy/validation"])
}

func TestOnlyPassPasses(t *testing.T) {
	const public, granted = "/policy/check-no-public-access", "/policy/check-access-not-granted"
	for name, row := range map[string]struct {
		answer string
		want   []iam.Remark
		broken string
	}{
		"pass":    {`{"result": "PASS"}`, nil, ""},
		"fail":    {`{"result": "FAIL", "message": "m"}`, []iam.Remark{{Type: "ERROR", Code: "PUBLIC_ACCESS", Text: "m", Statement: -1}}, ""},
		"reasons": {`{"result": "FAIL", "reasons": [{"description": "d", "statementIndex": 1}]}`, []iam.Remark{{Type: "ERROR", Code: "PUBLIC_ACCESS", Text: "d", Statement: 1}}, ""},
		"nothing": {`{}`, nil, `answered "": want PASS or FAIL`},
	} {
		t.Run(name, func(t *testing.T) {
			a, asked := analyzed(t, map[string]string{public: row.answer, granted: row.answer})
			remarks, err := a.NoPublicAccess(t.Context(), "{}", "AWS::KMS::Key")
			_, other := a.AccessNotGranted(t.Context(), "{}", []string{"iam:CreateUser"})
			if row.broken != "" {
				require.ErrorContains(t, err, row.broken)
				require.ErrorContains(t, other, row.broken)
				return
			}
			require.NoError(t, err)
			require.NoError(t, other)
			assert.Equal(t, row.want, remarks)
			assert.Equal(t, "AWS::KMS::Key", asked[public]["resourceType"])
			assert.Equal(t, []any{map[string]any{"actions": []any{"iam:CreateUser"}}}, asked[granted]["access"])
		})
	}
}
