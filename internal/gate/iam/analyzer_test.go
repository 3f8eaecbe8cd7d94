package iam

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"accountfleet/internal/finding"
	"accountfleet/internal/gate/gatetest"
)

// recorder answers as it is told, and remembers what it was asked.
type recorder struct {
	asked   []string
	remarks []Remark
	err     error
}

func (r *recorder) Validate(_ context.Context, document, typ, of string) ([]Remark, error) {
	r.asked = append(r.asked, typ+" "+of)
	return r.remarks, r.err
}

func (r *recorder) NoPublicAccess(_ context.Context, document, of string) ([]Remark, error) {
	r.asked = append(r.asked, "public "+of)
	return nil, r.err
}

func (r *recorder) AccessNotGranted(_ context.Context, document string, actions []string) ([]Remark, error) {
	r.asked = append(r.asked, "granted "+actions[0])
	return nil, r.err
}

func TestAccessAnalyzerIsAskedWhatFitsThePolicy(t *testing.T) {
	controls := "Resources:\n  P:\n    Type: AWS::Organizations::Policy\n    Properties: {Name: p, Type: RESOURCE_CONTROL_POLICY, Content: {Version: \"2012-10-17\", Statement: [{Effect: Deny, Principal: \"*\", Action: \"s3:*\", Resource: \"*\"}]}}\n"
	for name, row := range map[string]struct {
		template string
		want     []string
	}{
		"identity":     {allowing(reading), []string{"IDENTITY_POLICY ", "granted iam:CreateAccessKey"}},
		"bucket":       {onBucket(`{Effect: Deny, Principal: "*", Action: "s3:*", Resource: !GetAtt B.Arn}`), []string{"RESOURCE_POLICY AWS::S3::Bucket", "public AWS::S3::Bucket"}},
		"trust":        {"Resources:\n" + role("", `{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}`), []string{"RESOURCE_POLICY AWS::IAM::AssumeRolePolicyDocument", "public AWS::IAM::AssumeRolePolicyDocument"}},
		"organization": {controls, []string{"RESOURCE_CONTROL_POLICY "}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			_, err := judged(t, map[string]string{"sample": row.template}, gatetest.Locate, r)
			require.NoError(t, err)
			assert.Equal(t, row.want, r.asked)
		})
	}
}

func TestWhatAccessAnalyzerSaysIsAFinding(t *testing.T) {
	r := &recorder{remarks: []Remark{
		{Type: "SECURITY_WARNING", Code: "PASS_ROLE_WITH_STAR", Text: "Too wide.", Link: "https://example.com/page", Statement: 0}, {Type: "SUGGESTION", Code: "S", Text: "t", Statement: -1},
	}}
	findings, err := judged(t, map[string]string{"sample": allowing(reading)}, gatetest.Locate, r)
	require.NoError(t, err)
	require.Len(t, findings, 2)
	assert.Equal(t, "PASS_ROLE_WITH_STAR: Too wide", findings[0].Message)
	assert.Equal(t, []any{finding.Error, 8}, []any{findings[0].Severity, findings[0].Span.Line})
	assert.Contains(t, findings[0].Cure, "https://example.com/page")
	assert.Equal(t, finding.Note, findings[1].Severity)
}

func TestAccessAnalyzerThatDoesNotAnswerBreaksTheGate(t *testing.T) {
	for name, row := range map[string]struct {
		recorder *recorder
		want     string
	}{
		"denied":  {&recorder{err: errors.New("AccessDenied")}, "AccessDenied: allow access-analyzer:ValidatePolicy"},
		"unknown": {&recorder{remarks: []Remark{{Type: "RUMOUR"}}}, `unknown type of finding "RUMOUR"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := judged(t, map[string]string{"sample": allowing(reading)}, gatetest.Locate, row.recorder)
			require.ErrorContains(t, err, row.want)
		})
	}
}
