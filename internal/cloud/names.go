package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// StackNames are the names of the stacks that exist in the session's account and region and begin with prefix, sorted.
func (s *Session) StackNames(ctx context.Context, prefix string) ([]string, error) {
	return stackNames(ctx, s.CloudFormation(), prefix)
}

func stackNames(ctx context.Context, client cloudformation.ListStacksAPIClient, prefix string) ([]string, error) {
	there := slices.DeleteFunc(types.StackStatus("").Values(), func(status types.StackStatus) bool { return status == types.StackStatusDeleteComplete })
	pages := cloudformation.NewListStacksPaginator(client, &cloudformation.ListStacksInput{StackStatusFilter: there})
	var names []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list stacks: %w", err)
		}
		for _, stack := range page.StackSummaries {
			if name := aws.ToString(stack.StackName); strings.HasPrefix(name, prefix) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}
