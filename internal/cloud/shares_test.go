package cloud

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"
)

// fakeSharing is one portfolio that tells the statuses that are scripted.
type fakeSharing struct {
	shares   map[types.DescribePortfolioShareType][]types.PortfolioShareDetail
	statuses []types.ShareStatus
	refuse   error
	asked    []string
}

func (f *fakeSharing) DescribePortfolioShares(_ context.Context, in *servicecatalog.DescribePortfolioSharesInput, _ ...func(*servicecatalog.Options)) (*servicecatalog.DescribePortfolioSharesOutput, error) {
	return &servicecatalog.DescribePortfolioSharesOutput{PortfolioShareDetails: f.shares[in.Type]}, f.refuse
}

func (f *fakeSharing) note(operation string, node *types.OrganizationNode, principals bool) {
	f.asked = append(f.asked, operation+" "+string(node.Type)+" "+*node.Value+map[bool]string{true: " with principals"}[principals])
}

func (f *fakeSharing) CreatePortfolioShare(_ context.Context, in *servicecatalog.CreatePortfolioShareInput, _ ...func(*servicecatalog.Options)) (*servicecatalog.CreatePortfolioShareOutput, error) {
	f.note("create", in.OrganizationNode, in.SharePrincipals)
	return &servicecatalog.CreatePortfolioShareOutput{PortfolioShareToken: aws.String("share-1")}, f.refuse
}

func (f *fakeSharing) UpdatePortfolioShare(_ context.Context, in *servicecatalog.UpdatePortfolioShareInput, _ ...func(*servicecatalog.Options)) (*servicecatalog.UpdatePortfolioShareOutput, error) {
	f.note("update", in.OrganizationNode, aws.ToBool(in.SharePrincipals))
	return &servicecatalog.UpdatePortfolioShareOutput{PortfolioShareToken: aws.String("share-1")}, f.refuse
}

func (f *fakeSharing) DeletePortfolioShare(_ context.Context, in *servicecatalog.DeletePortfolioShareInput, _ ...func(*servicecatalog.Options)) (*servicecatalog.DeletePortfolioShareOutput, error) {
	f.note("delete", in.OrganizationNode, false)
	return &servicecatalog.DeletePortfolioShareOutput{PortfolioShareToken: aws.String("share-1")}, f.refuse
}

func (f *fakeSharing) DescribePortfolioShareStatus(context.Context, *servicecatalog.DescribePortfolioShareStatusInput, ...func(*servicecatalog.Options)) (*servicecatalog.DescribePortfolioShareStatusOutput, error) {
	status := f.statuses[0]
	f.statuses = f.statuses[1:]
	return &servicecatalog.DescribePortfolioShareStatusOutput{Status: status, ShareDetails: &types.ShareDetails{
		ShareErrors: []types.ShareError{{Message: aws.String("account is suspended"), Accounts: []string{"888888888888"}}},
	}}, nil
}

func TestSharesWithNodesAreListedByTheirIds(t *testing.T) {
	f := &fakeSharing{shares: map[types.DescribePortfolioShareType][]types.PortfolioShareDetail{
		types.DescribePortfolioShareTypeOrganization:       {{PrincipalId: aws.String("arn:aws:organizations::666666666666:organization/o-exampleorgid"), SharePrincipals: true}},
		types.DescribePortfolioShareTypeOrganizationalUnit: {{PrincipalId: aws.String("ou-f1ee-workload1")}},
		types.DescribePortfolioShareTypeAccount:            {{PrincipalId: aws.String("555555555555")}},
	}}
	shares, err := (&Sharing{catalog: f}).Shares(t.Context(), "port-1")
	require.NoError(t, err)
	require.Equal(t, []Share{{Node: "o-exampleorgid", Principals: true}, {Node: "ou-f1ee-workload1"}}, shares, "accounts are CloudFormation's")
}

func TestSharingWaitsForEveryAccount(t *testing.T) {
	f := &fakeSharing{statuses: []types.ShareStatus{"NOT_STARTED", "IN_PROGRESS", "COMPLETED", "COMPLETED", "COMPLETED"}}
	s := &Sharing{catalog: f, pace: quick}
	require.NoError(t, s.Share(t.Context(), "port-1", "ou-f1ee-workload1"))
	require.NoError(t, s.SharePrincipals(t.Context(), "port-1", "ou-f1ee-workload2"))
	require.NoError(t, s.Unshare(t.Context(), "port-1", "o-exampleorgid"))
	require.Empty(t, f.statuses)
	require.Equal(t, []string{
		"create ORGANIZATIONAL_UNIT ou-f1ee-workload1 with principals", "update ORGANIZATIONAL_UNIT ou-f1ee-workload2 with principals",
		"delete ORGANIZATION o-exampleorgid",
	}, f.asked)
}

func TestSharingSaysWhichAccountsFailed(t *testing.T) {
	for _, status := range []types.ShareStatus{"COMPLETED_WITH_ERRORS", "ERROR"} {
		err := (&Sharing{catalog: &fakeSharing{statuses: []types.ShareStatus{status}}, pace: quick}).Share(t.Context(), "port-1", "ou-f1ee-workload1")
		require.ErrorContains(t, err, string(status)+", account is suspended (888888888888): mend that and retry Settle")
	}
}

func TestSharingWithAnUnpreparedOrganizationNamesTheCure(t *testing.T) {
	f := &fakeSharing{refuse: &smithy.GenericAPIError{Code: "OperationNotSupportedException", Message: "no access"}}
	require.ErrorContains(t, (&Sharing{catalog: f}).Share(t.Context(), "port-1", "ou-f1ee-workload1"), "fleet org-prepare")
	f.refuse = &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}
	require.NotContains(t, (&Sharing{catalog: f}).Share(t.Context(), "port-1", "ou-f1ee-workload1").Error(), "org-prepare")
	f.refuse = &smithy.GenericAPIError{Code: "ResourceNotFoundException"}
	require.NoError(t, (&Sharing{catalog: f}).Unshare(t.Context(), "port-1", "ou-f1ee-gone"), "what is gone need not be taken away")
}

// fakeSets is what one stack set brought to accounts.
type fakeSets struct {
	instances []cfntypes.StackInstanceSummary
	refuse    error
	callAs    cfntypes.CallAs
}

func (f *fakeSets) ListStackInstances(_ context.Context, in *cloudformation.ListStackInstancesInput, _ ...func(*cloudformation.Options)) (*cloudformation.ListStackInstancesOutput, error) {
	f.callAs = in.CallAs
	return &cloudformation.ListStackInstancesOutput{Summaries: f.instances}, f.refuse
}

func TestInstancesThatAreBehindAreNamedAndClosedAccountsAreNone(t *testing.T) {
	f := &fakeSets{instances: []cfntypes.StackInstanceSummary{
		{Account: aws.String("777777777777"), Status: "CURRENT"},
		{Account: aws.String("888888888888"), Status: "OUTDATED", StatusReason: aws.String("already exists")},
		{Account: aws.String("999999999999"), Status: "OUTDATED", StackInstanceStatus: &cfntypes.StackInstanceComprehensiveStatus{DetailedStatus: "SKIPPED_SUSPENDED_ACCOUNT"}},
	}}
	behind, counted, err := (&Sharing{sets: f}).Behind(t.Context(), "fleet-boundary")
	require.NoError(t, err)
	require.Equal(t, []string{"fleet-boundary in account 888888888888 is OUTDATED: already exists"}, behind)
	require.Equal(t, 2, counted)
	require.Equal(t, cfntypes.CallAsDelegatedAdmin, f.callAs)

	f.refuse = &smithy.GenericAPIError{Code: "StackSetNotFoundException"}
	behind, _, err = (&Sharing{sets: f}).Behind(t.Context(), "fleet-boundary")
	require.NoError(t, err)
	require.Equal(t, []string{"there is no stack set fleet-boundary"}, behind)
}

// fakePortfolios are the stacks of a region on two pages, with the portfolio that each made.
type fakePortfolios struct{ ids map[string]string }

func (f *fakePortfolios) ListStacks(_ context.Context, in *cloudformation.ListStacksInput, _ ...func(*cloudformation.Options)) (*cloudformation.ListStacksOutput, error) {
	if in.NextToken == nil {
		return &cloudformation.ListStacksOutput{NextToken: aws.String("2"), StackSummaries: []cfntypes.StackSummary{
			{StackName: aws.String("fleet-portfolio-base")}, {StackName: aws.String("fleet-products-0")}}}, nil
	}
	return &cloudformation.ListStacksOutput{StackSummaries: []cfntypes.StackSummary{
		{StackName: aws.String("fleet-portfolio-former")}, {StackName: aws.String("fleet-portfolio-new")}}}, nil
}

func (f *fakePortfolios) DescribeStacks(_ context.Context, in *cloudformation.DescribeStacksInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	stack := cfntypes.Stack{Outputs: []cfntypes.Output{{OutputKey: aws.String("Other"), OutputValue: aws.String("x")}}}
	if id := f.ids[*in.StackName]; id != "" {
		stack.Outputs = append(stack.Outputs, cfntypes.Output{OutputKey: aws.String("PortfolioId"), OutputValue: &id})
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []cfntypes.Stack{stack}}, nil
}

func TestPortfoliosAreThoseOfAllStacksThatTheFleetPublished(t *testing.T) {
	s := &Sharing{stacks: &fakePortfolios{map[string]string{"fleet-portfolio-base": "port-1", "fleet-portfolio-former": "port-2", "fleet-products-0": "port-3"}}}
	ids, err := s.Portfolios(t.Context(), "fleet-portfolio-")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"fleet-portfolio-base": "port-1", "fleet-portfolio-former": "port-2"}, ids, "one that is being made has none yet")
}
