package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codecommit"
	"github.com/aws/aws-sdk-go-v2/service/codecommit/types"
)

// repositories is what making a repository again needs of CodeCommit.
type repositories interface {
	codecommit.ListAssociatedApprovalRuleTemplatesForRepositoryAPIClient
	codecommit.ListPullRequestsAPIClient
	GetRepository(context.Context, *codecommit.GetRepositoryInput, ...func(*codecommit.Options)) (*codecommit.GetRepositoryOutput, error)
	DeleteRepository(context.Context, *codecommit.DeleteRepositoryInput, ...func(*codecommit.Options)) (*codecommit.DeleteRepositoryOutput, error)
	CreateRepository(context.Context, *codecommit.CreateRepositoryInput, ...func(*codecommit.Options)) (*codecommit.CreateRepositoryOutput, error)
	ListTagsForResource(context.Context, *codecommit.ListTagsForResourceInput, ...func(*codecommit.Options)) (*codecommit.ListTagsForResourceOutput, error)
	GetRepositoryTriggers(context.Context, *codecommit.GetRepositoryTriggersInput, ...func(*codecommit.Options)) (*codecommit.GetRepositoryTriggersOutput, error)
	PutRepositoryTriggers(context.Context, *codecommit.PutRepositoryTriggersInput, ...func(*codecommit.Options)) (*codecommit.PutRepositoryTriggersOutput, error)
	AssociateApprovalRuleTemplateWithRepository(context.Context, *codecommit.AssociateApprovalRuleTemplateWithRepositoryInput, ...func(*codecommit.Options)) (*codecommit.AssociateApprovalRuleTemplateWithRepositoryOutput, error)
	UpdateDefaultBranch(context.Context, *codecommit.UpdateDefaultBranchInput, ...func(*codecommit.Options)) (*codecommit.UpdateDefaultBranchOutput, error)
}

// Repository deletes a CodeCommit repository and makes it again, with its description, tags, key, triggers, approval rule templates and
// default branch. Its id becomes another; pull requests and comments are lost.
type Repository struct {
	name         string
	repositories repositories
	pause        time.Duration // between tries to create, while CodeCommit still knows the old one
}

// Repository is a repository of the session's account and region.
func (s *Session) Repository(name string) *Repository {
	return &Repository{name: name, repositories: codecommit.NewFromConfig(s.config), pause: 2 * time.Second}
}

// codeCommit are the addresses of CodeCommit: HTTPS, SSH, and that of git-remote-codecommit, with or without a profile.
var codeCommit = []*regexp.Regexp{
	regexp.MustCompile(`^(?:https|ssh)://(?:[^@/]+@)?git-codecommit(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com/v1/repos/([\w.-]+?)/?$`),
	regexp.MustCompile(`^codecommit::([a-z0-9-]+)://(?:[^@/]+@)?([\w.-]+)$`),
	regexp.MustCompile(`^codecommit(:)//(?:[^@/]+@)?([\w.-]+)$`),
}

// CodeCommitOf gives region and name of the repository at an address of CodeCommit. The region is empty where the address leaves it to the
// shell's profile.
func CodeCommitOf(address string) (region, name string, ok bool) {
	for _, form := range codeCommit {
		if found := form.FindStringSubmatch(address); found != nil {
			if found[1] == ":" {
				return "", found[2], true
			}
			return found[1], found[2], true
		}
	}
	return "", "", false
}

// repositorySettings is what of a repository is not in its history.
type repositorySettings struct {
	ID            string                    `json:"id"`
	ARN           string                    `json:"arn"`
	Description   string                    `json:"description,omitempty"`
	KMSKeyID      string                    `json:"kmsKeyId,omitempty"`
	DefaultBranch string                    `json:"defaultBranch,omitempty"`
	Tags          map[string]string         `json:"tags,omitempty"`
	Triggers      []types.RepositoryTrigger `json:"triggers,omitempty"`
	Templates     []string                  `json:"approvalRuleTemplates,omitempty"`
}

// managedKey is the alias of the key that AWS manages, with which a repository is encrypted if no other was named.
const managedKey = "alias/aws/codecommit"

// Inspect reads the settings.
func (r *Repository) Inspect(ctx context.Context) (json.RawMessage, error) {
	got, err := r.repositories.GetRepository(ctx, &codecommit.GetRepositoryInput{RepositoryName: &r.name})
	if err != nil {
		return nil, fmt.Errorf("read repository %s: %w: use credentials of its account that may codecommit:GetRepository", r.name, err)
	}
	m := got.RepositoryMetadata
	s := repositorySettings{
		ID: aws.ToString(m.RepositoryId), ARN: aws.ToString(m.Arn), Description: aws.ToString(m.RepositoryDescription),
		KMSKeyID: aws.ToString(m.KmsKeyId), DefaultBranch: aws.ToString(m.DefaultBranch),
	}
	if strings.HasSuffix(s.KMSKeyID, managedKey) {
		s.KMSKeyID = "" // which means the same
	}
	tags, err := r.repositories.ListTagsForResource(ctx, &codecommit.ListTagsForResourceInput{ResourceArn: &s.ARN})
	if err != nil {
		return nil, fmt.Errorf("read tags of repository %s: %w", r.name, err)
	}
	s.Tags = tags.Tags
	maps.DeleteFunc(s.Tags, func(key, _ string) bool { return strings.HasPrefix(key, "aws:") }) // CloudFormation's: nobody else may give them
	triggers, err := r.repositories.GetRepositoryTriggers(ctx, &codecommit.GetRepositoryTriggersInput{RepositoryName: &r.name})
	if err != nil {
		return nil, fmt.Errorf("read triggers of repository %s: %w", r.name, err)
	}
	s.Triggers = triggers.Triggers
	for i, trigger := range s.Triggers {
		if trigger.Branches == nil { // all of them, which a request must say by an empty list
			s.Triggers[i].Branches = []string{}
		}
	}
	pages := codecommit.NewListAssociatedApprovalRuleTemplatesForRepositoryPaginator(r.repositories,
		&codecommit.ListAssociatedApprovalRuleTemplatesForRepositoryInput{RepositoryName: &r.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read approval rule templates of repository %s: %w", r.name, err)
		}
		s.Templates = append(s.Templates, page.ApprovalRuleTemplateNames...)
	}
	return json.Marshal(s)
}

// OpenPullRequests counts the pull requests that Recreate would lose in the middle of their work.
func (r *Repository) OpenPullRequests(ctx context.Context) (n int, err error) {
	pages := codecommit.NewListPullRequestsPaginator(r.repositories, &codecommit.ListPullRequestsInput{
		RepositoryName: &r.name, PullRequestStatus: types.PullRequestStatusEnumOpen,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("list pull requests of repository %s: %w: use credentials of its account", r.name, err)
		}
		n += len(page.PullRequestIds)
	}
	return n, nil
}

// Recreate deletes the repository that the settings were read of, and no other of its name, and creates it. A tag that freezes it is among
// the settings, so that it is frozen from its first moment.
func (r *Repository) Recreate(ctx context.Context, settings json.RawMessage) error {
	var s repositorySettings
	if err := json.Unmarshal(settings, &s); err != nil {
		return fmt.Errorf("settings of repository %s: %w", r.name, err)
	}
	there, err := r.repositories.GetRepository(ctx, &codecommit.GetRepositoryInput{RepositoryName: &r.name})
	switch {
	case hasCode(err, "RepositoryDoesNotExistException"):
		err = r.create(ctx, s)
	case err != nil:
		return fmt.Errorf("read repository %s: %w", r.name, err)
	case aws.ToString(there.RepositoryMetadata.RepositoryId) == s.ID:
		if _, err := r.repositories.DeleteRepository(ctx, &codecommit.DeleteRepositoryInput{RepositoryName: &r.name}); err != nil {
			return fmt.Errorf("delete repository %s: %w", r.name, err)
		}
		err = r.create(ctx, s)
	}
	if err != nil {
		return err
	}
	if len(s.Triggers) > 0 {
		if _, err := r.repositories.PutRepositoryTriggers(ctx, &codecommit.PutRepositoryTriggersInput{RepositoryName: &r.name, Triggers: s.Triggers}); err != nil {
			return fmt.Errorf("give repository %s its triggers: %w", r.name, err)
		}
	}
	for _, template := range s.Templates {
		_, err := r.repositories.AssociateApprovalRuleTemplateWithRepository(ctx, &codecommit.AssociateApprovalRuleTemplateWithRepositoryInput{
			ApprovalRuleTemplateName: &template, RepositoryName: &r.name,
		})
		if err != nil {
			return fmt.Errorf("give repository %s its approval rule template %s: %w", r.name, template, err)
		}
	}
	return nil
}

// mostCreates is how often to try while CodeCommit still knows the old repository.
const mostCreates = 15

func (r *Repository) create(ctx context.Context, s repositorySettings) error {
	in := &codecommit.CreateRepositoryInput{RepositoryName: &r.name, Tags: s.Tags}
	if s.Description != "" {
		in.RepositoryDescription = &s.Description
	}
	if s.KMSKeyID != "" {
		in.KmsKeyId = &s.KMSKeyID
	}
	for try := 1; ; try++ {
		_, err := r.repositories.CreateRepository(ctx, in)
		if err == nil {
			return nil
		}
		if hasCode(err, "OperationNotAllowedException") {
			return fmt.Errorf("create repository %s: %w: AWS lets this account make no repository: ask AWS Support, then run again", r.name, err)
		}
		if !hasCode(err, "RepositoryNameExistsException") || try == mostCreates {
			return fmt.Errorf("create repository %s: %w", r.name, err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(r.pause):
		}
	}
}

// Settle gives the repository its default branch, which must be there.
func (r *Repository) Settle(ctx context.Context, settings json.RawMessage) error {
	var s repositorySettings
	if err := json.Unmarshal(settings, &s); err != nil {
		return fmt.Errorf("settings of repository %s: %w", r.name, err)
	}
	if s.DefaultBranch == "" {
		return nil
	}
	_, err := r.repositories.UpdateDefaultBranch(ctx, &codecommit.UpdateDefaultBranchInput{RepositoryName: &r.name, DefaultBranchName: &s.DefaultBranch})
	if err != nil {
		return fmt.Errorf("set the default branch of repository %s: %w", r.name, err)
	}
	return nil
}
