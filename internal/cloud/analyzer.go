package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"

	"accountfleet/internal/gate/iam"
)

// Analyzer is IAM Access Analyzer, as the IAM gate asks it.
type Analyzer struct{ client *accessanalyzer.Client }

// Analyzer is a client of the session.
func (s *Session) Analyzer() Analyzer { return Analyzer{accessanalyzer.NewFromConfig(s.config)} }

// Validate implements iam.Analyzer by ValidatePolicy.
func (a Analyzer) Validate(ctx context.Context, document, typ, of string) ([]iam.Remark, error) {
	pages := accessanalyzer.NewValidatePolicyPaginator(a.client, &accessanalyzer.ValidatePolicyInput{
		PolicyDocument: &document, PolicyType: types.PolicyType(typ), ValidatePolicyResourceType: types.ValidatePolicyResourceType(of),
	})
	var remarks []iam.Remark
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("validate the policy: %w", err)
		}
		for _, f := range page.Findings {
			remarks = append(remarks, iam.Remark{
				Type: string(f.FindingType), Code: aws.ToString(f.IssueCode), Text: aws.ToString(f.FindingDetails),
				Link: aws.ToString(f.LearnMoreLink), Statement: statementOf(f.Locations),
			})
		}
	}
	return remarks, nil
}

// statementOf is the number of the statement that a finding is about: the index after Statement in its path.
func statementOf(locations []types.Location) int {
	for _, location := range locations {
		for i, element := range location.Path {
			value, ok := element.(*types.PathElementMemberValue)
			if !ok || value.Value != "Statement" || i+1 >= len(location.Path) {
				continue
			}
			if index, ok := location.Path[i+1].(*types.PathElementMemberIndex); ok {
				return int(index.Value)
			}
		}
	}
	return -1
}

// NoPublicAccess implements iam.Analyzer by CheckNoPublicAccess.
func (a Analyzer) NoPublicAccess(ctx context.Context, document, of string) ([]iam.Remark, error) {
	answer, err := a.client.CheckNoPublicAccess(ctx, &accessanalyzer.CheckNoPublicAccessInput{
		PolicyDocument: &document, ResourceType: types.AccessCheckResourceType(of),
	})
	if err != nil {
		return nil, fmt.Errorf("check for public access: %w", err)
	}
	return failed("PUBLIC_ACCESS", string(answer.Result), answer.Message, answer.Reasons)
}

// AccessNotGranted implements iam.Analyzer by CheckAccessNotGranted.
func (a Analyzer) AccessNotGranted(ctx context.Context, document string, actions []string) ([]iam.Remark, error) {
	answer, err := a.client.CheckAccessNotGranted(ctx, &accessanalyzer.CheckAccessNotGrantedInput{
		PolicyDocument: &document, PolicyType: types.AccessCheckPolicyTypeIdentityPolicy, Access: []types.Access{{Actions: actions}},
	})
	if err != nil {
		return nil, fmt.Errorf("check for access that is not to be granted: %w", err)
	}
	return failed("ACCESS_GRANTED", string(answer.Result), answer.Message, answer.Reasons)
}

// failed turns the answer of a check into remarks. Only PASS passes.
func failed(code, result string, message *string, reasons []types.ReasonSummary) ([]iam.Remark, error) {
	switch result {
	case "PASS":
		return nil, nil
	case "FAIL":
	default:
		return nil, fmt.Errorf("access analyzer answered %q: want PASS or FAIL", result)
	}
	if len(reasons) == 0 {
		return []iam.Remark{{Type: "ERROR", Code: code, Text: aws.ToString(message), Statement: -1}}, nil
	}
	var remarks []iam.Remark
	for _, r := range reasons {
		statement := -1
		if r.StatementIndex != nil {
			statement = int(*r.StatementIndex)
		}
		remarks = append(remarks, iam.Remark{Type: "ERROR", Code: code, Text: aws.ToString(r.Description), Statement: statement})
	}
	return remarks, nil
}
