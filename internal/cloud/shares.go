package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog/types"
)

// sharers is what sharing with organizational units needs of Service Catalog.
type sharers interface {
	DescribePortfolioShares(context.Context, *servicecatalog.DescribePortfolioSharesInput, ...func(*servicecatalog.Options)) (*servicecatalog.DescribePortfolioSharesOutput, error)
	CreatePortfolioShare(context.Context, *servicecatalog.CreatePortfolioShareInput, ...func(*servicecatalog.Options)) (*servicecatalog.CreatePortfolioShareOutput, error)
	UpdatePortfolioShare(context.Context, *servicecatalog.UpdatePortfolioShareInput, ...func(*servicecatalog.Options)) (*servicecatalog.UpdatePortfolioShareOutput, error)
	DeletePortfolioShare(context.Context, *servicecatalog.DeletePortfolioShareInput, ...func(*servicecatalog.Options)) (*servicecatalog.DeletePortfolioShareOutput, error)
	DescribePortfolioShareStatus(context.Context, *servicecatalog.DescribePortfolioShareStatusInput, ...func(*servicecatalog.Options)) (*servicecatalog.DescribePortfolioShareStatusOutput, error)
}

// portfolioStacks is what finding portfolios needs of CloudFormation.
type portfolioStacks interface {
	exporters
	cloudformation.ListStacksAPIClient
}

// instances is what looking at stack sets needs of CloudFormation.
type instances interface {
	ListStackInstances(context.Context, *cloudformation.ListStackInstancesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackInstancesOutput, error)
}

// Sharing shares portfolios of one region with organizational units, as a delegated administrator of Service Catalog.
type Sharing struct {
	stacks  portfolioStacks
	catalog sharers
	sets    instances
	pace    Pace
}

// Sharing acts with the session's identity.
func (s *Session) Sharing() *Sharing {
	return &Sharing{stacks: s.CloudFormation(), catalog: s.ServiceCatalog(), sets: s.CloudFormation(), pace: DefaultPace}
}

// Share is a portfolio's share with a node of the organization.
type Share struct {
	Node       string // "ou-..." or, for the whole organization, "o-..."
	Principals bool   // the portfolio's principals are shared with it
}

// prepare is the cure for what an organization refuses that nobody prepared.
const prepare = "have an administrator of the management account run fleet org-prepare"

// Portfolios are the ids of the portfolios that stacks made whose names begin with prefix, by the names of the stacks.
func (s *Sharing) Portfolios(ctx context.Context, prefix string) (map[string]string, error) {
	names, err := stackNames(ctx, s.stacks, prefix)
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, stack := range names {
		id, err := s.portfolio(ctx, stack)
		if err != nil {
			return nil, err
		}
		if id != "" {
			ids[stack] = id
		}
	}
	return ids, nil
}

// portfolio is the id of the portfolio of a stack, "" if it has none yet.
func (s *Sharing) portfolio(ctx context.Context, stack string) (string, error) {
	out, err := s.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if missing(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the outputs of stack %s: %w", stack, err)
	}
	for _, found := range out.Stacks {
		for _, output := range found.Outputs {
			if aws.ToString(output.OutputKey) == "PortfolioId" {
				return aws.ToString(output.OutputValue), nil
			}
		}
	}
	return "", nil
}

// Shares are a portfolio's shares with nodes of the organization; those with single accounts are CloudFormation's.
func (s *Sharing) Shares(ctx context.Context, portfolio string) ([]Share, error) {
	var shares []Share
	for _, kind := range []types.DescribePortfolioShareType{types.DescribePortfolioShareTypeOrganization, types.DescribePortfolioShareTypeOrganizationalUnit} {
		pages := servicecatalog.NewDescribePortfolioSharesPaginator(s.catalog, &servicecatalog.DescribePortfolioSharesInput{PortfolioId: &portfolio, Type: kind})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("list what portfolio %s is shared with: %w", portfolio, err)
			}
			for _, share := range page.PortfolioShareDetails {
				id := aws.ToString(share.PrincipalId)
				shares = append(shares, Share{Node: id[strings.LastIndex(id, "/")+1:], Principals: share.SharePrincipals}) // an id, or an ARN that ends in it
			}
		}
	}
	return shares, nil
}

// node is the node of the organization with an id.
func node(id string) *types.OrganizationNode {
	kind := types.OrganizationNodeTypeOrganizationalUnit
	if strings.HasPrefix(id, "o-") {
		kind = types.OrganizationNodeTypeOrganization
	}
	return &types.OrganizationNode{Type: kind, Value: &id}
}

// Share shares a portfolio and its principals with a node, and waits until every account of the node has it.
func (s *Sharing) Share(ctx context.Context, portfolio, id string) error {
	out, err := s.catalog.CreatePortfolioShare(ctx, &servicecatalog.CreatePortfolioShareInput{
		PortfolioId: &portfolio, OrganizationNode: node(id), SharePrincipals: true,
	})
	if err != nil {
		return unshared("share", portfolio, id, err)
	}
	return s.follow(ctx, portfolio, id, out.PortfolioShareToken)
}

// SharePrincipals adds the principals to a share that is without them, and waits.
func (s *Sharing) SharePrincipals(ctx context.Context, portfolio, id string) error {
	out, err := s.catalog.UpdatePortfolioShare(ctx, &servicecatalog.UpdatePortfolioShareInput{
		PortfolioId: &portfolio, OrganizationNode: node(id), SharePrincipals: aws.Bool(true),
	})
	if err != nil {
		return unshared("share the principals of", portfolio, id, err)
	}
	return s.follow(ctx, portfolio, id, out.PortfolioShareToken)
}

// Unshare takes a portfolio away from a node, and waits. Products that were launched stay.
func (s *Sharing) Unshare(ctx context.Context, portfolio, id string) error {
	out, err := s.catalog.DeletePortfolioShare(ctx, &servicecatalog.DeletePortfolioShareInput{PortfolioId: &portfolio, OrganizationNode: node(id)})
	if hasCode(err, "ResourceNotFoundException") {
		return nil
	}
	if err != nil {
		return unshared("stop sharing", portfolio, id, err)
	}
	return s.follow(ctx, portfolio, id, out.PortfolioShareToken)
}

// unshared says what was refused. Of what it may be refused for, all but a wrong id is a matter of preparing the organization.
func unshared(what, portfolio, id string, err error) error {
	if hasCode(err, "OperationNotSupportedException", "InvalidStateException", "InvalidParametersException", "ResourceNotFoundException") {
		return fmt.Errorf("%s portfolio %s with %s: %w: %s, and look whether that id is of this organization", what, portfolio, id, err, prepare)
	}
	return fmt.Errorf("%s portfolio %s with %s: %w", what, portfolio, id, err)
}

// follow waits for the end of an operation. Without a token there is nothing to wait for.
func (s *Sharing) follow(ctx context.Context, portfolio, id string, token *string) error {
	if aws.ToString(token) == "" {
		return nil
	}
	return s.pace.Poll(ctx, "portfolio "+portfolio+" to be shared with "+id, func(ctx context.Context) (bool, error) {
		out, err := s.catalog.DescribePortfolioShareStatus(ctx, &servicecatalog.DescribePortfolioShareStatusInput{PortfolioShareToken: token})
		if err != nil {
			return false, fmt.Errorf("follow the share of portfolio %s with %s: %w", portfolio, id, err)
		}
		switch out.Status {
		case types.ShareStatusCompleted:
			return true, nil
		case types.ShareStatusNotStarted, types.ShareStatusInProgress:
			return false, nil
		}
		return false, fmt.Errorf("share of portfolio %s with %s: %s%s: mend that and retry Settle", portfolio, id, out.Status, shareErrors(out.ShareDetails))
	})
}

// shareErrors are the reasons for which accounts of a node did not get a share.
func shareErrors(details *types.ShareDetails) string {
	if details == nil {
		return ""
	}
	var reasons []string
	for _, e := range details.ShareErrors {
		reasons = append(reasons, fmt.Sprintf("%s (%s)", aws.ToString(e.Message), strings.Join(e.Accounts, ", ")))
	}
	return strings.Join(append([]string{""}, reasons...), ", ")
}

// Behind says of the instances of a stack set which are not as the set is: account and why, sorted. A set without any instance has
// nothing behind, as a unit without accounts has. Accounts that were closed get nothing any more, and are none.
func (s *Sharing) Behind(ctx context.Context, set string) (behind []string, counted int, err error) {
	pages := cloudformation.NewListStackInstancesPaginator(s.sets, &cloudformation.ListStackInstancesInput{
		StackSetName: &set, CallAs: cfntypes.CallAsDelegatedAdmin,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if hasCode(err, "StackSetNotFoundException") {
			return []string{"there is no stack set " + set}, 0, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("list the accounts of stack set %s: %w", set, err)
		}
		for _, instance := range page.Summaries {
			status := instance.StackInstanceStatus
			if status != nil && status.DetailedStatus == cfntypes.StackInstanceDetailedStatusSkippedSuspendedAccount {
				continue
			}
			counted++
			if instance.Status != cfntypes.StackInstanceStatusCurrent {
				behind = append(behind, strings.TrimSuffix(fmt.Sprintf("%s in account %s is %s: %s", set, aws.ToString(instance.Account), instance.Status,
					aws.ToString(instance.StatusReason)), ": "))
			}
		}
	}
	slices.Sort(behind)
	return behind, counted, nil
}
