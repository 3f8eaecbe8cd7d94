package iam

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"accountfleet/internal/finding"
)

// Analyzer is IAM Access Analyzer, which runs on AWS only.
type Analyzer interface {
	// Validate says what the service finds in a policy. Type is IDENTITY_POLICY, RESOURCE_POLICY, SERVICE_CONTROL_POLICY or
	// RESOURCE_CONTROL_POLICY; of names the type of resource that a policy is for, where the service has checks for it, or is empty.
	Validate(ctx context.Context, document, typ, of string) ([]Remark, error)
	// NoPublicAccess says why a policy of a type of resource may let everybody in; nothing if it lets nobody in.
	NoPublicAccess(ctx context.Context, document, of string) ([]Remark, error)
	// AccessNotGranted says why an identity's policy grants one of the actions; nothing if it grants none.
	AccessNotGranted(ctx context.Context, document string, actions []string) ([]Remark, error)
}

// Remark is something that Access Analyzer says about a policy.
type Remark struct {
	Type      string // ERROR, SECURITY_WARNING, WARNING or SUGGESTION; a failed check is an ERROR
	Code      string
	Text      string
	Link      string
	Statement int // its number, from 0; -1 for the whole policy
}

// Analysis names ValidatePolicy, CheckNoPublicAccess and CheckAccessNotGranted in evidence.
const Analysis = "Access Analyzer"

// validated are the types with checks of their own in ValidatePolicy, by the type that holds the policy. Source: the service's model,
// ValidatePolicyResourceType.
var validated = map[string]string{
	"AWS::S3::BucketPolicy": "AWS::S3::Bucket", "AWS::S3::AccessPoint": "AWS::S3::AccessPoint",
	"AWS::S3::MultiRegionAccessPointPolicy":  "AWS::S3::MultiRegionAccessPoint",
	"AWS::S3ObjectLambda::AccessPointPolicy": "AWS::S3ObjectLambda::AccessPoint", "AWS::DynamoDB::Table": "AWS::DynamoDB::Table",
}

// publicly are the types that CheckNoPublicAccess knows, by the type that holds the policy. Source: the service's model,
// AccessCheckResourceType.
var publicly = map[string]string{
	"AWS::ApiGateway::RestApi": "AWS::ApiGateway::RestApi", "AWS::Backup::BackupVault": "AWS::Backup::BackupVault",
	"AWS::CodeArtifact::Domain": "AWS::CodeArtifact::Domain", "AWS::DynamoDB::Table": "AWS::DynamoDB::Table", "AWS::EFS::FileSystem": "AWS::EFS::FileSystem",
	"AWS::KMS::Key": "AWS::KMS::Key", "AWS::Kinesis::ResourcePolicy": "AWS::Kinesis::Stream", "AWS::OpenSearchService::Domain": "AWS::OpenSearchService::Domain",
	"AWS::S3::AccessPoint": "AWS::S3::AccessPoint", "AWS::S3::BucketPolicy": "AWS::S3::Bucket", "AWS::SNS::TopicPolicy": "AWS::SNS::Topic",
	"AWS::SQS::QueuePolicy": "AWS::SQS::Queue", "AWS::SecretsManager::ResourcePolicy": "AWS::SecretsManager::Secret",
}

// trustType is how the service calls a role's trust policy.
const trustType = "AWS::IAM::AssumeRolePolicyDocument"

// neverGranted are actions that no product's identity may have: they make credentials that last, or take an account out of its rules.
var neverGranted = []string{
	"iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateUser", "iam:DeleteRolePermissionsBoundary", "organizations:LeaveOrganization",
}

// analyze asks Access Analyzer about every policy. An error means that the gate is broken.
func analyze(ctx context.Context, a Analyzer, policies []policy) ([]finding.Finding, error) {
	var findings []finding.Finding
	for _, p := range policies {
		body, err := json.Marshal(sampler{types: types(p.product)}.sample(p))
		if err != nil {
			return nil, fmt.Errorf("access analyzer: policy of %s: %w", p.product.ID, err)
		}
		remarks, err := p.ask(ctx, a, string(body))
		if err != nil {
			return nil, fmt.Errorf("access analyzer: policy of resource %s of %s: %w: allow access-analyzer:ValidatePolicy, CheckNoPublicAccess and CheckAccessNotGranted, or try again",
				p.resource, p.product.ID, err)
		}
		for _, r := range remarks {
			severity, ok := map[string]finding.Severity{
				"ERROR": finding.Error, "SECURITY_WARNING": finding.Error, "WARNING": finding.Warning, "SUGGESTION": finding.Note,
			}[r.Type]
			if !ok {
				return nil, fmt.Errorf("access analyzer: unknown type of finding %q: this fleet does not understand it: make it know the type", r.Type)
			}
			cure := "do what Access Analyzer says"
			if r.Link != "" {
				cure += "; see " + r.Link
			}
			f := p.finding("IAM_ACCESS_ANALYZER", p.place(r.Statement, ""), strings.TrimSuffix(r.Code+": "+r.Text, "."), cure)
			f.Severity = severity
			findings = append(findings, f)
		}
	}
	return findings, nil
}

// ask asks what fits the kind of the policy.
func (p policy) ask(ctx context.Context, a Analyzer, body string) ([]Remark, error) {
	switch p.kind {
	case identity:
		remarks, err := a.Validate(ctx, body, "IDENTITY_POLICY", "")
		if err != nil {
			return nil, err
		}
		granted, err := a.AccessNotGranted(ctx, body, neverGranted)
		return append(remarks, granted...), err
	case organization:
		typ := "SERVICE_CONTROL_POLICY"
		if p.ofResources {
			typ = "RESOURCE_CONTROL_POLICY"
		}
		return a.Validate(ctx, body, typ, "")
	case trust, resource:
		of, public := validated[p.typ], publicly[p.typ]
		if p.kind == trust {
			of, public = trustType, trustType
		}
		remarks, err := a.Validate(ctx, body, "RESOURCE_POLICY", of)
		if err != nil || public == "" {
			return remarks, err
		}
		open, err := a.NoPublicAccess(ctx, body, public)
		return append(remarks, open...), err
	}
	return nil, fmt.Errorf("unknown kind of policy %q", p.kind)
}
