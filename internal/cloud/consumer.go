package cloud

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog/types"
)

// offers is what finding products needs of Service Catalog.
type offers interface {
	SearchProducts(context.Context, *servicecatalog.SearchProductsInput, ...func(*servicecatalog.Options)) (*servicecatalog.SearchProductsOutput, error)
	DescribeProduct(context.Context, *servicecatalog.DescribeProductInput, ...func(*servicecatalog.Options)) (*servicecatalog.DescribeProductOutput, error)
	ListLaunchPaths(context.Context, *servicecatalog.ListLaunchPathsInput, ...func(*servicecatalog.Options)) (*servicecatalog.ListLaunchPathsOutput, error)
}

// launches is what using products needs of Service Catalog.
type launches interface {
	ProvisionProduct(context.Context, *servicecatalog.ProvisionProductInput, ...func(*servicecatalog.Options)) (*servicecatalog.ProvisionProductOutput, error)
	UpdateProvisionedProduct(context.Context, *servicecatalog.UpdateProvisionedProductInput, ...func(*servicecatalog.Options)) (*servicecatalog.UpdateProvisionedProductOutput, error)
	TerminateProvisionedProduct(context.Context, *servicecatalog.TerminateProvisionedProductInput, ...func(*servicecatalog.Options)) (*servicecatalog.TerminateProvisionedProductOutput, error)
}

// records is what following a launch needs of Service Catalog.
type records interface {
	DescribeRecord(context.Context, *servicecatalog.DescribeRecordInput, ...func(*servicecatalog.Options)) (*servicecatalog.DescribeRecordOutput, error)
	DescribeProvisioningParameters(context.Context, *servicecatalog.DescribeProvisioningParametersInput, ...func(*servicecatalog.Options)) (*servicecatalog.DescribeProvisioningParametersOutput, error)
}

// Consumer sees and uses Service Catalog as an end user does.
type Consumer struct {
	offers   offers
	launches launches
	records  records
	pace     Pace
}

// Consumer uses the catalog with the session's identity.
func (s *Session) Consumer() *Consumer {
	client := s.ServiceCatalog()
	return &Consumer{offers: client, launches: client, records: client, pace: DefaultPace}
}

// Offer is a product that the consumer may launch.
type Offer struct {
	ID       string
	Name     string
	Versions []OfferedVersion // active ones, in the catalog's order
	Paths    []Path
}

// OfferedVersion is a version that consumers see; inactive ones are invisible.
type OfferedVersion struct {
	ID         string
	Name       string
	Deprecated bool
}

// Path is a way by which a product came to the consumer: a portfolio.
type Path struct {
	ID   string
	Name string
}

// Version finds an offered version by name.
func (o Offer) Version(name string) (OfferedVersion, bool) {
	for _, v := range o.Versions {
		if v.Name == name {
			return v, true
		}
	}
	return OfferedVersion{}, false
}

// Path is the id of the path through a portfolio's display name, or of the only path; empty if there is none.
func (o Offer) Path(portfolio string) string {
	for _, p := range o.Paths {
		if p.Name == portfolio {
			return p.ID
		}
	}
	if len(o.Paths) == 1 {
		return o.Paths[0].ID
	}
	return ""
}

// Named are all offers with a product name: two portfolios may bring products of one name.
func (c *Consumer) Named(ctx context.Context, name string) ([]Offer, error) {
	var found []Offer
	pages := servicecatalog.NewSearchProductsPaginator(c.offers, &servicecatalog.SearchProductsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("search products as a consumer: %w", err)
		}
		for _, product := range page.ProductViewSummaries {
			if aws.ToString(product.Name) != name {
				continue
			}
			offer, err := c.offer(ctx, aws.ToString(product.ProductId), name)
			if err != nil {
				return nil, err
			}
			found = append(found, offer)
		}
	}
	return found, nil
}

func (c *Consumer) offer(ctx context.Context, id, name string) (Offer, error) {
	offer := Offer{ID: id, Name: name}
	product, err := c.offers.DescribeProduct(ctx, &servicecatalog.DescribeProductInput{Id: &id})
	if err != nil {
		return offer, fmt.Errorf("describe product %s (%s) as a consumer: %w", name, id, err)
	}
	for _, v := range product.ProvisioningArtifacts {
		offer.Versions = append(offer.Versions, OfferedVersion{
			ID: aws.ToString(v.Id), Name: aws.ToString(v.Name), Deprecated: v.Guidance == types.ProvisioningArtifactGuidanceDeprecated,
		})
	}
	pages := servicecatalog.NewListLaunchPathsPaginator(c.offers, &servicecatalog.ListLaunchPathsInput{ProductId: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if hasCode(err, "ResourceNotFoundException") {
			return offer, nil
		}
		if err != nil {
			return offer, fmt.Errorf("list launch paths of %s (%s): %w", name, id, err)
		}
		for _, path := range page.LaunchPathSummaries {
			offer.Paths = append(offer.Paths, Path{ID: aws.ToString(path.Id), Name: aws.ToString(path.Name)})
		}
	}
	return offer, nil
}

// Order is what a consumer asks for.
type Order struct {
	Offer      Offer
	Version    OfferedVersion
	Path       string
	Name       string            // of the provisioned product
	Parameters map[string]string // those that the version does not know are left out
}

// Provisioned is a launched product.
type Provisioned struct {
	ID      string
	Stack   string // CloudFormation stack ARN
	Outputs map[string]string
}

// RecordError says why Service Catalog refused or failed an operation: what was pushed is wrong, not the environment.
type RecordError struct {
	Operation string
	Product   string
	Reasons   []string
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("%s of %s failed: %s", e.Operation, e.Product, strings.Join(e.Reasons, "; "))
}

// Launch provisions a product and waits. What exists afterwards is returned also when it failed, so that it can be terminated.
func (c *Consumer) Launch(ctx context.Context, o Order) (Provisioned, error) {
	values, err := c.known(ctx, o)
	if err != nil {
		return Provisioned{}, err
	}
	in := &servicecatalog.ProvisionProductInput{
		ProductId: &o.Offer.ID, ProvisioningArtifactId: &o.Version.ID, PathId: optional(o.Path), ProvisionedProductName: &o.Name,
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		in.ProvisioningParameters = append(in.ProvisioningParameters, types.ProvisioningParameter{Key: aws.String(key), Value: aws.String(values[key])})
	}
	out, err := c.launches.ProvisionProduct(ctx, in)
	if err != nil {
		return Provisioned{}, declined("launch", o.Offer.Name, err)
	}
	return c.follow(ctx, "launch", o.Offer.Name, out.RecordDetail)
}

// Update moves a provisioned product to another version and waits.
func (c *Consumer) Update(ctx context.Context, provisioned string, o Order) (Provisioned, error) {
	values, err := c.known(ctx, o)
	if err != nil {
		return Provisioned{}, err
	}
	in := &servicecatalog.UpdateProvisionedProductInput{
		ProvisionedProductId: &provisioned, ProductId: &o.Offer.ID, ProvisioningArtifactId: &o.Version.ID, PathId: optional(o.Path),
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		in.ProvisioningParameters = append(in.ProvisioningParameters, types.UpdateProvisioningParameter{Key: aws.String(key), Value: aws.String(values[key])})
	}
	out, err := c.launches.UpdateProvisionedProduct(ctx, in)
	if err != nil {
		return Provisioned{ID: provisioned}, declined("update", o.Offer.Name, err)
	}
	return c.follow(ctx, "update", o.Offer.Name, out.RecordDetail)
}

// Terminate deletes a provisioned product and waits; one that is gone already is fine.
func (c *Consumer) Terminate(ctx context.Context, name, provisioned string) error {
	out, err := c.launches.TerminateProvisionedProduct(ctx, &servicecatalog.TerminateProvisionedProductInput{ProvisionedProductId: &provisioned})
	if hasCode(err, "ResourceNotFoundException") {
		return nil
	}
	if err != nil {
		return declined("termination", name, err)
	}
	_, err = c.follow(ctx, "termination", name, out.RecordDetail)
	return err
}

// known are the order's parameters that the version declares: an older version may not know a newer one's.
func (c *Consumer) known(ctx context.Context, o Order) (map[string]string, error) {
	out, err := c.records.DescribeProvisioningParameters(ctx, &servicecatalog.DescribeProvisioningParametersInput{
		ProductId: &o.Offer.ID, ProvisioningArtifactId: &o.Version.ID, PathId: optional(o.Path),
	})
	if err != nil {
		return nil, fmt.Errorf("ask for the parameters of %s %s: %w", o.Offer.Name, o.Version.Name, err)
	}
	values := map[string]string{}
	for _, p := range out.ProvisioningArtifactParameters {
		if value, ok := o.Parameters[aws.ToString(p.ParameterKey)]; ok {
			values[aws.ToString(p.ParameterKey)] = value
		}
	}
	return values, nil
}

// follow waits for a record and reads its outputs.
func (c *Consumer) follow(ctx context.Context, operation, product string, record *types.RecordDetail) (Provisioned, error) {
	if record == nil {
		return Provisioned{}, fmt.Errorf("%s of %s: Service Catalog returned no record", operation, product)
	}
	provisioned := Provisioned{ID: aws.ToString(record.ProvisionedProductId), Outputs: map[string]string{}}
	var last *servicecatalog.DescribeRecordOutput
	err := c.pace.Poll(ctx, operation+" of "+product, func(ctx context.Context) (bool, error) {
		out, err := c.records.DescribeRecord(ctx, &servicecatalog.DescribeRecordInput{Id: record.RecordId})
		if err != nil {
			return false, fmt.Errorf("follow the %s of %s: %w", operation, product, err)
		}
		last = out
		status := out.RecordDetail.Status
		return status == types.RecordStatusSucceeded || status == types.RecordStatusFailed, nil
	})
	if last != nil {
		for _, output := range last.RecordOutputs {
			if aws.ToString(output.OutputKey) == "CloudformationStackARN" {
				provisioned.Stack = aws.ToString(output.OutputValue)
				continue
			}
			provisioned.Outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
		}
	}
	if err != nil || last.RecordDetail.Status == types.RecordStatusSucceeded {
		return provisioned, err
	}
	failed := &RecordError{Operation: operation, Product: product}
	for _, e := range last.RecordDetail.RecordErrors {
		failed.Reasons = append(failed.Reasons, aws.ToString(e.Description))
	}
	if len(failed.Reasons) == 0 {
		failed.Reasons = []string{"Service Catalog gave no reason: read the stack's events in the console"}
	}
	return provisioned, failed
}

// declined turns a refusal of what was asked for into a RecordError; other errors stay errors.
func declined(operation, product string, err error) error {
	if hasCode(err, "InvalidParametersException", "ResourceNotFoundException", "DuplicateResourceException", "ValidationException") {
		return &RecordError{Operation: operation, Product: product, Reasons: []string{apiMessage(err)}}
	}
	return fmt.Errorf("%s of %s: %w", operation, product, err)
}
