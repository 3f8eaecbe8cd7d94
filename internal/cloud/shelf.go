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

// exports is what finding product ids needs of CloudFormation.
type exports interface {
	ListExports(context.Context, *cloudformation.ListExportsInput, ...func(*cloudformation.Options)) (*cloudformation.ListExportsOutput, error)
}

// Shelf is the published products of one region of the catalog account, as their owner sees them.
type Shelf struct {
	catalog shelves
	exports exports
}

// Shelf manages with the session's identity.
func (s *Session) Shelf() *Shelf {
	return &Shelf{catalog: s.ServiceCatalog(), exports: s.CloudFormation()}
}

// ShelvedVersion is a version as its owner sees it, inactive ones included.
type ShelvedVersion struct {
	ID         string
	Name       string
	Active     bool
	Deprecated bool
}

// Exports are the CloudFormation exports of the region: the published stacks export their products' ids.
func (s *Shelf) Exports(ctx context.Context) (map[string]string, error) {
	values := map[string]string{}
	pages := cloudformation.NewListExportsPaginator(s.exports, &cloudformation.ListExportsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the exports of the published stacks: %w", err)
		}
		for _, export := range page.Exports {
			values[aws.ToString(export.Name)] = aws.ToString(export.Value)
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
