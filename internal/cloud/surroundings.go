package cloud

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
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

	mu           sync.Mutex
	organization *Organization
	root         string
}

// organizationReader is AWS Organizations, as far as it is read.
type organizationReader interface {
	DescribeOrganization(context.Context, *organizations.DescribeOrganizationInput, ...func(*organizations.Options)) (*organizations.DescribeOrganizationOutput, error)
	ListRoots(context.Context, *organizations.ListRootsInput, ...func(*organizations.Options)) (*organizations.ListRootsOutput, error)
}

// Surroundings are those of the session's account.
func (s *Session) Surroundings() *Surroundings {
	return &Surroundings{client: organizations.NewFromConfig(s.config)}
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

func asked(err error) error {
	var unused *types.AWSOrganizationsNotInUseException
	if errors.As(err, &unused) {
		return fmt.Errorf("the account is in no organization: create a sandbox organization there, and run fleet org-prepare in it: %w", err)
	}
	return fmt.Errorf("ask for the account's organization: %w", err)
}
