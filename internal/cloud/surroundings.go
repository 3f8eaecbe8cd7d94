package cloud

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
)

// Organization is the organization of an account.
type Organization struct {
	ID         string
	Management string // account id
}

// Surroundings tells what an account is part of. Each question is put to AWS once, because the answers do not change while products
// are launched.
type Surroundings struct {
	client organizationReader
	people identityReader

	mu           sync.Mutex
	organization *Organization
	root         string
	instance     string
}

// identityReader is IAM Identity Center, as far as it is read.
type identityReader interface {
	ListInstances(context.Context, *ssoadmin.ListInstancesInput, ...func(*ssoadmin.Options)) (*ssoadmin.ListInstancesOutput, error)
}

// organizationReader is AWS Organizations, as far as it is read.
type organizationReader interface {
	DescribeOrganization(context.Context, *organizations.DescribeOrganizationInput, ...func(*organizations.Options)) (*organizations.DescribeOrganizationOutput, error)
	ListRoots(context.Context, *organizations.ListRootsInput, ...func(*organizations.Options)) (*organizations.ListRootsOutput, error)
}

// Surroundings are those of the session's account.
func (s *Session) Surroundings() *Surroundings {
	return &Surroundings{client: organizations.NewFromConfig(s.config), people: ssoadmin.NewFromConfig(s.config)}
}

// Organization is the organization that the account is in.
func (s *Surroundings) Organization(ctx context.Context) (Organization, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.organization != nil {
		return *s.organization, nil
	}
	out, err := s.client.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return Organization{}, asked(err)
	}
	s.organization = &Organization{ID: aws.ToString(out.Organization.Id), Management: aws.ToString(out.Organization.MasterAccountId)}
	return *s.organization, nil
}

// Root is the id of the organization's root. AWS tells it to the management account and to delegated administrators.
func (s *Surroundings) Root(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.root != "" {
		return s.root, nil
	}
	out, err := s.client.ListRoots(ctx, &organizations.ListRootsInput{})
	if err != nil {
		return "", asked(err)
	}
	if len(out.Roots) == 0 {
		return "", errors.New("the organization shows no root: look at it in the console")
	}
	s.root = aws.ToString(out.Roots[0].Id)
	return s.root, nil
}

// IdentityCenter is the ARN of the account's instance of IAM Identity Center, which is in one region: it is looked for in the session's.
func (s *Surroundings) IdentityCenter(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instance != "" {
		return s.instance, nil
	}
	out, err := s.people.ListInstances(ctx, &ssoadmin.ListInstancesInput{})
	if err != nil {
		return "", fmt.Errorf("ask for the instance of IAM Identity Center: %w", err)
	}
	if len(out.Instances) == 0 {
		return "", errors.New("the account has no instance of IAM Identity Center in this region: enable it in the console")
	}
	s.instance = aws.ToString(out.Instances[0].InstanceArn)
	return s.instance, nil
}

func asked(err error) error {
	var unused *types.AWSOrganizationsNotInUseException
	if errors.As(err, &unused) {
		return fmt.Errorf("the account is in no organization: create a sandbox organization there, and run fleet org-prepare in it: %w", err)
	}
	return fmt.Errorf("ask for the account's organization: %w", err)
}
