package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsservicecatalog"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/ledger"
)

// ProductProps describes a product of Service Catalog with all its versions.
type ProductProps struct {
	Product ledger.Product
	URL     func(digest string) string // address of a template in the template store
	Export  string                     // CloudFormation export of the product's id; default none
	Retain  bool                       // the product outlives its stack
}

// NewProduct creates a product. Every version ever published stays listed, whatever its status: Service Catalog deletes a version
// that is missing. ReplaceProvisioningArtifacts is never set: it would give every version a new id.
func NewProduct(scope constructs.Construct, id string, props ProductProps) awsservicecatalog.CfnCloudFormationProduct {
	p := props.Product
	versions := make([]any, len(p.Versions))
	for i, version := range p.Versions {
		versions[i] = &awsservicecatalog.CfnCloudFormationProduct_ProvisioningArtifactPropertiesProperty{
			Name:        jsii.String(version.Version),
			Description: optional(version.Notes),
			Info:        map[string]any{"LoadTemplateFromURL": props.URL(version.Digest)},
		}
	}
	product := awsservicecatalog.NewCfnCloudFormationProduct(scope, jsii.String(id), &awsservicecatalog.CfnCloudFormationProductProps{
		Name:                           jsii.String(p.Name),
		Owner:                          jsii.String(p.Owner),
		Description:                    optional(p.Description),
		SupportEmail:                   optional(p.Email),
		SupportUrl:                     optional(p.URL),
		SupportDescription:             optional(p.Support),
		ProvisioningArtifactParameters: versions,
	})
	if props.Retain {
		product.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
	}
	if props.Export != "" {
		awscdk.NewCfnOutput(awscdk.Stack_Of(scope), jsii.String(id+"Id"), &awscdk.CfnOutputProps{
			Value: product.Ref(), ExportName: jsii.String(props.Export), Description: jsii.String("Id of product " + p.ID),
		})
	}
	return product
}
