package organization

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/servicecatalog"
	catalog "github.com/aws/aws-sdk-go-v2/service/servicecatalog/types"
)

// Account is AWS as an administrator of a management account sees it.
type Account struct {
	organizations  *organizations.Client
	formation      *cloudformation.Client
	serviceCatalog *servicecatalog.Client
	resources      *ram.Client
}

// New speaks with AWS by the credentials of cfg. Its region should be the fleet's home: Service Catalog and StackSets are asked there.
func New(cfg aws.Config) *Account {
	return &Account{organizations.NewFromConfig(cfg, patient), cloudformation.NewFromConfig(cfg), servicecatalog.NewFromConfig(cfg), ram.NewFromConfig(cfg)}
}

// attempts are how often Organizations is asked while it is still busy with the step before: for about two minutes.
const attempts = 10

// patient asks Organizations again while it works on an earlier change. Enabling a policy type goes on in the background, and the next
// is refused meanwhile, which the SDK takes for final.
// Source: Organizations API reference, EnablePolicyType; github.com/aws-solutions/aws-control-tower-customizations/issues/175.
func patient(o *organizations.Options) {
	o.Retryer = retry.AddWithErrorCodes(retry.NewStandard(), "ConcurrentModificationException", "PolicyChangesInProgressException")
	o.RetryMaxAttempts = attempts
}

// Inspect reads what the organization has, as far as wanted asks for it. Called by a member account it tells only which organization
// that is, which is enough for Plan to refuse.
func (a *Account) Inspect(ctx context.Context, caller string, wanted Wanted) (Present, error) {
	var p Present
	described, err := a.organizations.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	var unused *types.AWSOrganizationsNotInUseException
	if errors.As(err, &unused) {
		return p, fmt.Errorf("account %s is in no organization: run aws organizations create-organization --feature-set ALL there first", caller)
	}
	if err != nil {
		return p, fmt.Errorf("describe the organization: %w", err)
	}
	p.ID, p.Management = aws.ToString(described.Organization.Id), aws.ToString(described.Organization.MasterAccountId)
	p.AllFeatures = described.Organization.FeatureSet == types.OrganizationFeatureSetAll
	if p.Management != caller || !p.AllFeatures {
		return p, nil
	}
	for _, read := range []func(context.Context, *Present) error{a.root, a.services, a.switches} {
		if err := read(ctx, &p); err != nil {
			return p, err
		}
	}
	for _, d := range wanted.Delegates {
		if err := a.delegates(ctx, &p, d.Service); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (a *Account) root(ctx context.Context, p *Present) error {
	out, err := a.organizations.ListRoots(ctx, &organizations.ListRootsInput{})
	if err != nil {
		return fmt.Errorf("list the organization's root: %w", err)
	}
	if len(out.Roots) == 0 {
		return fmt.Errorf("organization %s shows no root: look at it in the console", p.ID)
	}
	p.Root = aws.ToString(out.Roots[0].Id)
	for _, t := range out.Roots[0].PolicyTypes {
		if t.Status != types.PolicyTypeStatusPendingDisable {
			p.PolicyTypes = append(p.PolicyTypes, string(t.Type))
		}
	}
	return nil
}

func (a *Account) services(ctx context.Context, p *Present) error {
	pages := organizations.NewListAWSServiceAccessForOrganizationPaginator(a.organizations, &organizations.ListAWSServiceAccessForOrganizationInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the services that the organization trusts: %w", err)
		}
		for _, service := range page.EnabledServicePrincipals {
			p.Services = append(p.Services, aws.ToString(service.ServicePrincipal))
		}
	}
	return nil
}

// switches asks the two services that say themselves whether they may use the organization.
func (a *Account) switches(ctx context.Context, p *Present) error {
	shares, err := a.serviceCatalog.GetAWSOrganizationsAccessStatus(ctx, &servicecatalog.GetAWSOrganizationsAccessStatusInput{})
	if err != nil {
		return fmt.Errorf("ask Service Catalog about the organization: %w", err)
	}
	p.ServiceCatalog = shares.AccessStatus == catalog.AccessStatusEnabled || shares.AccessStatus == catalog.AccessStatusUnderChange
	sets, err := a.formation.DescribeOrganizationsAccess(ctx, &cloudformation.DescribeOrganizationsAccessInput{})
	if err != nil {
		return fmt.Errorf("ask StackSets about the organization: %w", err)
	}
	p.StackSets = sets.Status == cfn.OrganizationStatusEnabled
	return nil
}

// delegates reads who administers a service. AWS answers for one service at a time.
func (a *Account) delegates(ctx context.Context, p *Present, service string) error {
	if slices.ContainsFunc(p.Delegates, func(d Delegate) bool { return d.Service == service }) {
		return nil
	}
	pages := organizations.NewListDelegatedAdministratorsPaginator(a.organizations,
		&organizations.ListDelegatedAdministratorsInput{ServicePrincipal: &service})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the administrators of %s: %w", service, err)
		}
		for _, account := range page.DelegatedAdministrators {
			p.Delegates = append(p.Delegates, Delegate{aws.ToString(account.Id), service})
		}
	}
	return nil
}

// Apply takes the steps in their order, and tells of each. It stops at the first that fails; what was done stays, and is not planned again.
func (a *Account) Apply(ctx context.Context, root string, steps []Step, done func(Step)) error {
	for _, step := range steps {
		if err := a.take(ctx, root, step); err != nil {
			return fmt.Errorf("%s: %w: mend it and run this again, which goes on from here", step, err)
		}
		done(step)
	}
	return nil
}

func (a *Account) take(ctx context.Context, root string, step Step) (err error) {
	switch step.Kind {
	case TrustService:
		_, err = a.organizations.EnableAWSServiceAccess(ctx, &organizations.EnableAWSServiceAccessInput{ServicePrincipal: &step.Subject})
	case ShareServiceCatalog:
		_, err = a.serviceCatalog.EnableAWSOrganizationsAccess(ctx, &servicecatalog.EnableAWSOrganizationsAccessInput{})
	case ActivateStackSets:
		_, err = a.formation.ActivateOrganizationsAccess(ctx, &cloudformation.ActivateOrganizationsAccessInput{})
	case ShareResources:
		_, err = a.resources.EnableSharingWithAwsOrganization(ctx, &ram.EnableSharingWithAwsOrganizationInput{})
	case EnablePolicyType:
		_, err = a.organizations.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: &root, PolicyType: types.PolicyType(step.Subject)})
		var already *types.PolicyTypeAlreadyEnabledException
		if errors.As(err, &already) { // another run was faster
			err = nil
		}
	case RegisterDelegate:
		_, err = a.organizations.RegisterDelegatedAdministrator(ctx, &organizations.RegisterDelegatedAdministratorInput{
			AccountId: &step.Account, ServicePrincipal: &step.Subject,
		})
		var already *types.AccountAlreadyRegisteredException
		if errors.As(err, &already) {
			err = nil
		}
	default:
		err = fmt.Errorf("there is no step %q", step.Kind)
	}
	return err
}
