package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog/types"
)

// shelves is what managing published versions needs of Service Catalog.
type shelves interface {
	ListProvisioningArtifacts(context.Context, *servicecatalog.ListProvisioningArtifactsInput, ...func(*servicecatalog.Options)) (*servicecatalog.ListProvisioningArtifactsOutput, error)
	DescribeProvisioningArtifact(context.Context, *servicecatalog.DescribeProvisioningArtifactInput, ...func(*servicecatalog.Options)) (*servicecatalog.DescribeProvisioningArtifactOutput, error)
	UpdateProvisioningArtifact(context.Context, *servicecatalog.UpdateProvisioningArtifactInput, ...func(*servicecatalog.Options)) (*servicecatalog.UpdateProvisioningArtifactOutput, error)
}

// exporters is what finding product ids needs of CloudFormation.
type exporters interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
}

// Shelf is the published products of one region of the catalog account, as their owner sees them.
type Shelf struct {
	catalog shelves
	stacks  exporters
}

// Shelf manages with the session's identity.
func (s *Session) Shelf() *Shelf {
	return &Shelf{catalog: s.ServiceCatalog(), stacks: s.CloudFormation()}
}

// ShelvedVersion is a version as its owner sees it, inactive ones included.
type ShelvedVersion struct {
	ID         string
	Name       string
	Active     bool
	Deprecated bool
}

// Exports are what a stack exports: product shards export their products' ids. A stack that does not exist exports nothing.
func (s *Shelf) Exports(ctx context.Context, stack string) (map[string]string, error) {
	out, err := s.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the exports of stack %s: %w", stack, err)
	}
	values := map[string]string{}
	for _, found := range out.Stacks {
		for _, output := range found.Outputs {
			if name := aws.ToString(output.ExportName); name != "" {
				values[name] = aws.ToString(output.OutputValue)
			}
		}
	}
	return values, nil
}

// Versions lists a product's versions. The API has no pages: a product holds at most 100 versions.
func (s *Shelf) Versions(ctx context.Context, product string) ([]ShelvedVersion, error) {
	out, err := s.catalog.ListProvisioningArtifacts(ctx, &servicecatalog.ListProvisioningArtifactsInput{ProductId: &product})
	if err != nil {
		return nil, fmt.Errorf("list versions of product %s: %w", product, err)
	}
	var versions []ShelvedVersion
	for _, v := range out.ProvisioningArtifactDetails {
		versions = append(versions, ShelvedVersion{
			ID: aws.ToString(v.Id), Name: aws.ToString(v.Name), Active: aws.ToBool(v.Active),
			Deprecated: v.Guidance == types.ProvisioningArtifactGuidanceDeprecated,
		})
	}
	return versions, nil
}

// TemplateURL is where Service Catalog read a version's template.
func (s *Shelf) TemplateURL(ctx context.Context, product, version string) (string, error) {
	out, err := s.catalog.DescribeProvisioningArtifact(ctx, &servicecatalog.DescribeProvisioningArtifactInput{
		ProductId: &product, ProvisioningArtifactId: &version,
	})
	if err != nil {
		return "", fmt.Errorf("describe version %s of product %s: %w", version, product, err)
	}
	return out.Info["TemplateUrl"], nil
}

// Set makes a version active or invisible, recommended or deprecated.
func (s *Shelf) Set(ctx context.Context, product string, v ShelvedVersion) error {
	guidance := types.ProvisioningArtifactGuidanceDefault
	if v.Deprecated {
		guidance = types.ProvisioningArtifactGuidanceDeprecated
	}
	_, err := s.catalog.UpdateProvisioningArtifact(ctx, &servicecatalog.UpdateProvisioningArtifactInput{
		ProductId: &product, ProvisioningArtifactId: &v.ID, Active: &v.Active, Guidance: guidance,
	})
	if err != nil {
		return fmt.Errorf("set version %s of product %s: %w", v.Name, product, err)
	}
	return nil
}
