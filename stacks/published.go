package stacks

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"accountfleet/internal/config"
	"accountfleet/internal/ledger"
	"accountfleet/internal/plan"

	parts "accountfleet/constructs"
)

// maxProducts is how many products a shard holds: with their version lists, more would pass CloudFormation's template size.
const maxProducts = 40

// Publish builds the stacks that the pipeline publishes from a plan, and the gamma stacks for its candidates.
func Publish(app awscdk.App, s *config.Settings, p *plan.Plan) error {
	if err := checkPlan(s, p); err != nil {
		return err
	}
	for _, region := range s.Regions.Catalog {
		for shard := range s.Shards {
			newProducts(app, s, p, shard, region)
		}
		for _, portfolio := range s.Portfolios {
			newPortfolio(app, s, p, portfolio, region)
		}
		for _, account := range accessAccounts(s) {
			newAccess(app, s, p, account, region)
		}
	}
	for shard := range s.Shards {
		newLaunchRoles(app, s, p, shard)
	}
	newGammaPortfolio(app, s, p)
	newGammaAccess(app, s, p)
	return nil
}

// checkPlan names everything in a plan that could not be rendered.
func checkPlan(s *config.Settings, p *plan.Plan) error {
	var problems []error
	count := map[int]int{}
	ids := map[string]string{}
	for _, product := range p.Products {
		count[product.Shard]++
		if product.Shard < 0 || product.Shard >= s.Shards {
			problems = append(problems, fmt.Errorf("product %s: is in shard %d of %d: a product cannot leave its shard: raise shards in fleet.yaml and deploy the pipeline",
				product.ID, product.Shard, s.Shards))
		}
		if other, taken := ids[parts.ID(product.ID)]; taken {
			problems = append(problems, fmt.Errorf("products %s and %s: CloudFormation cannot tell their ids apart: rename the newer one", other, product.ID))
		}
		ids[parts.ID(product.ID)] = product.ID
	}
	for shard, n := range count {
		if n > maxProducts {
			problems = append(problems, fmt.Errorf("shard %d: holds %d products, more than %d: raise shards in fleet.yaml and deploy the pipeline", shard, n, maxProducts))
		}
	}
	return errors.Join(problems...)
}

// newProducts is a shard: products with all their versions, whose ids are exported for the portfolios.
func newProducts(app awscdk.App, s *config.Settings, p *plan.Plan, shard int, region string) {
	stack := published(app, place{
		id: s.ProductsStack(shard) + suffix(s, region), name: s.ProductsStack(shard), account: s.Accounts.Catalog, region: region,
		description: "Account fleet: products and their versions",
	})
	filled := false
	for _, product := range p.Products {
		if product.Shard != shard {
			continue
		}
		filled = true
		parts.NewProduct(stack, "Product"+parts.ID(product.ID), parts.ProductProps{
			Product: product, Export: s.ProductExport(product.ID), Retain: true,
			URL: func(digest string) string { return s.TemplateURL(region, digest) },
		})
	}
	if !filled {
		keepEmpty(stack)
	}
}

// newLaunchRoles holds the launch roles of a shard's products: those of the catalog account, which constraints are checked against and
// by which consumers in the catalog account itself launch, and a stack set for each product that is shared with organizational units.
// They are in shards like their products, because a role and its stack set take some 10 KB of a template.
func newLaunchRoles(app awscdk.App, s *config.Settings, p *plan.Plan, shard int) {
	stack := published(app, place{
		name: s.LaunchRolesStack(shard), account: s.Accounts.Catalog, region: s.Regions.Home, description: "Account fleet: launch roles of products",
	})
	products := slices.DeleteFunc(slices.Clone(p.Products), func(product ledger.Product) bool { return product.Shard != shard })
	if len(launchRolesOf(stack, s, s.Accounts.Catalog, products, s.LaunchRole)) == 0 {
		keepEmpty(stack)
	}
	for _, product := range products {
		if units := unitsOf(s, product); len(units) > 0 {
			parts.NewUnitStackSet(stack, "Units"+parts.ID(product.ID), parts.UnitStackSetProps{
				Name: s.LaunchRoleStackSet(product.ID), Description: "Launch role of " + product.ID + " in the accounts of organizational units",
				Template: parts.LaunchRoleTemplate(s, product), Units: units, Except: accountsOf("", s.Accounts.Catalog), Region: s.Regions.Home,
				After: []string{*awscdk.Fn_ImportValue(jsii.String(s.BoundaryExport()))}, // a role cannot be made before its boundary
			})
		}
	}
}

// unitsOf are the organizational units that get a product.
func unitsOf(s *config.Settings, product ledger.Product) []string {
	if len(product.Portfolios) == 0 {
		return nil
	}
	return s.Units(product.Portfolios...)
}

// launchRolesOf creates the launch roles of products in an account, in their order.
func launchRolesOf(stack awscdk.Stack, s *config.Settings, account string, products []ledger.Product, name func(string) string) []*parts.Role {
	roles := make([]*parts.Role, len(products))
	for i, product := range products {
		roles[i] = parts.NewLaunchRole(stack, "Role"+parts.ID(product.ID), parts.LaunchRoleProps{
			Settings: s, Account: account, Name: name(product.ID), Product: product,
		})
	}
	return roles
}

// newPortfolio is a portfolio with the products that name it. It imports product ids, so products are executed before.
func newPortfolio(app awscdk.App, s *config.Settings, p *plan.Plan, portfolio config.Portfolio, region string) {
	stack := published(app, place{
		id: s.PortfolioStack(portfolio.ID) + suffix(s, region), name: s.PortfolioStack(portfolio.ID), account: s.Accounts.Catalog, region: region,
		description: "Account fleet: portfolio " + portfolio.ID,
	})
	var offers []parts.Offer
	for _, product := range productsOf(p.Products, portfolio.ID) {
		offers = append(offers, parts.Offer{
			ID: product.ID, ProductID: *awscdk.Fn_ImportValue(jsii.String(s.ProductExport(product.ID))), LaunchRole: s.LaunchRole(product.ID),
		})
	}
	parts.NewPortfolio(stack, "Portfolio", parts.PortfolioProps{
		Name: portfolio.Name, Provider: portfolio.Provider, Products: offers, Principals: principals(s, portfolio),
		Accounts: accountsOf(s.Accounts.Catalog, portfolio.Accounts...), Retain: true,
	})
	if len(portfolio.Units) > 0 {
		// CloudFormation cannot share with them; Settle does, and a change must be seen in what is rendered.
		awscdk.NewCfnOutput(stack, jsii.String("OrganizationalUnits"), &awscdk.CfnOutputProps{
			Value: jsii.String(strings.Join(portfolio.Units, ",")), Description: jsii.String("That Settle shares the portfolio with"),
		})
	}
}

// principals are the patterns of who may launch from a portfolio, and the end user that verifies.
func principals(s *config.Settings, portfolio config.Portfolio) []string {
	return append(slices.Clone(portfolio.Principals), parts.RolePattern(s.ConsumerVerifyRole()))
}

// newAccess is a consumer account's access: accepted shares, principals and, in one region because IAM is global, launch roles.
func newAccess(app awscdk.App, s *config.Settings, p *plan.Plan, account, region string) {
	stack := published(app, place{
		id: accessFile(s, account, region), name: s.AccessStack(), account: account, region: region,
		description: "Account fleet: access of this account to portfolios",
	})
	var consumed []ledger.Product
	for _, portfolio := range consumedBy(s, account) {
		consumed = append(consumed, productsOf(p.Products, portfolio.ID)...)
		id := portfolioIDParameter(stack, portfolioParameter(portfolio.ID), portfolio.ID)
		share := parts.AcceptShare(stack, "Share"+parts.ID(portfolio.ID), id)
		parts.NewPrincipals(stack, "Principal"+parts.ID(portfolio.ID), parts.PrincipalsProps{
			PortfolioID: id, Patterns: principals(s, portfolio), After: share,
		})
	}
	if region == s.Regions.Catalog[0] {
		launchRolesOf(stack, s, account, unique(consumed), s.LaunchRole)
	}
}

// newGammaPortfolio offers candidates to the gamma account. The products are its own: what is published is not touched.
func newGammaPortfolio(app awscdk.App, s *config.Settings, p *plan.Plan) {
	region := s.Regions.Home
	stack := published(app, place{
		name: s.GammaPortfolioStack(), account: s.Accounts.Catalog, region: region, description: "Account fleet: candidates for the gamma account",
	})
	roles := launchRolesOf(stack, s, s.Accounts.Catalog, p.Gamma.Products, s.GammaLaunchRole)
	var offers []parts.Offer
	for i, product := range p.Gamma.Products {
		resource := parts.NewProduct(stack, "Product"+parts.ID(product.ID), parts.ProductProps{
			Product: product, URL: func(digest string) string { return s.TemplateURL(region, digest) },
		})
		offers = append(offers, parts.Offer{
			ID: product.ID, ProductID: *resource.Ref(), LaunchRole: s.GammaLaunchRole(product.ID), After: roles[i].Resource,
		})
	}
	parts.NewPortfolio(stack, "Portfolio", parts.PortfolioProps{
		Name: "Gamma candidates", Provider: "Account fleet", Products: offers,
		Principals: []string{parts.RolePattern(s.GammaConsumerRole())}, Accounts: accountsOf(s.Accounts.Catalog, s.Accounts.Gamma),
	})
}

// newGammaAccess brings candidates to the gamma account. Where it is the catalog account, launch roles and principal are there already.
func newGammaAccess(app awscdk.App, s *config.Settings, p *plan.Plan) {
	stack := published(app, place{
		name: s.GammaAccessStack(), account: s.Accounts.Gamma, region: s.Regions.Home, description: "Account fleet: access of the gamma account to candidates",
	})
	id := portfolioIDParameter(stack, "PortfolioId", "gamma")
	if s.Accounts.Gamma == s.Accounts.Catalog {
		keepEmpty(stack)
		return
	}
	share := parts.AcceptShare(stack, "Share", id)
	parts.NewPrincipals(stack, "Principal", parts.PrincipalsProps{
		PortfolioID: id, Patterns: []string{parts.RolePattern(s.GammaConsumerRole())}, After: share,
	})
	launchRolesOf(stack, s, s.Accounts.Gamma, p.Gamma.Products, s.GammaLaunchRole)
}

// portfolioIDParameter is a parameter that the pipeline fills from the output of a portfolio's stack.
func portfolioIDParameter(stack awscdk.Stack, name, portfolio string) string {
	parameter := awscdk.NewCfnParameter(stack, jsii.String(name), &awscdk.CfnParameterProps{
		Type: jsii.String("String"), Description: jsii.String("Id of portfolio " + portfolio), AllowedPattern: jsii.String("port-[a-z0-9]+"),
	})
	return *parameter.ValueAsString()
}

// keepEmpty gives a stack that has nothing to hold yet the resource that CloudFormation demands; it costs and does nothing.
func keepEmpty(stack awscdk.Stack) {
	awscdk.NewCfnWaitConditionHandle(stack, jsii.String("Empty"), nil)
}

// productsOf are the products that name a portfolio.
func productsOf(products []ledger.Product, portfolio string) []ledger.Product {
	return slices.DeleteFunc(slices.Clone(products), func(p ledger.Product) bool { return !slices.Contains(p.Portfolios, portfolio) })
}

// unique are products, each once, ordered by id.
func unique(products []ledger.Product) []ledger.Product {
	slices.SortFunc(products, func(a, b ledger.Product) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(products, func(a, b ledger.Product) bool { return a.ID == b.ID })
}

// accountsOf are accounts, each once and without except.
func accountsOf(except string, accounts ...string) []string {
	list := slices.DeleteFunc(slices.Clone(accounts), func(account string) bool { return account == except })
	slices.Sort(list)
	return slices.Compact(list)
}
