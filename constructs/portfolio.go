package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsservicecatalog"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// PortfolioProps describes a portfolio of Service Catalog.
type PortfolioProps struct {
	Name        string
	Provider    string
	Description string
	Products    []Offer
	Principals  []string // patterns "arn:aws:iam:::role/...", at most 100
	Accounts    []string // that it is shared with, none of them its own
	Retain      bool     // the portfolio outlives its stack
}

// Offer is a product of a portfolio.
type Offer struct {
	ID         string             // product id of the catalog, of which the logical ids are made
	ProductID  string             // of Service Catalog: a token or an import
	LaunchRole string             // name of the role that launches it, the same in every account
	After      awscdk.CfnResource // the role, where it is in the same stack; default: it exists
}

// Portfolio is a portfolio with its products, launch constraints, principals and shares. Its output PortfolioId is read by the pipeline.
type Portfolio struct {
	Resource awsservicecatalog.CfnPortfolio
}

// NewPortfolio creates a portfolio.
func NewPortfolio(scope constructs.Construct, id string, props PortfolioProps) *Portfolio {
	portfolio := awsservicecatalog.NewCfnPortfolio(scope, jsii.String(id), &awsservicecatalog.CfnPortfolioProps{
		DisplayName: jsii.String(props.Name), ProviderName: jsii.String(props.Provider), Description: optional(props.Description),
	})
	if props.Retain {
		portfolio.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
	}
	for _, offer := range props.Products {
		association := awsservicecatalog.NewCfnPortfolioProductAssociation(scope, jsii.String("Association"+ID(offer.ID)),
			&awsservicecatalog.CfnPortfolioProductAssociationProps{PortfolioId: portfolio.Ref(), ProductId: jsii.String(offer.ProductID)})
		constraint := awsservicecatalog.NewCfnLaunchRoleConstraint(scope, jsii.String("Launch"+ID(offer.ID)),
			&awsservicecatalog.CfnLaunchRoleConstraintProps{
				PortfolioId: portfolio.Ref(), ProductId: jsii.String(offer.ProductID), LocalRoleName: jsii.String(offer.LaunchRole),
			})
		constraint.AddResourceDependency(association, nil) // a constraint is refused until the product is in the portfolio
		if offer.After != nil {
			constraint.AddResourceDependency(offer.After, nil)
		}
	}
	NewPrincipals(scope, "Principal", PrincipalsProps{PortfolioID: *portfolio.Ref(), Patterns: props.Principals})
	for _, account := range props.Accounts {
		awsservicecatalog.NewCfnPortfolioShare(scope, jsii.String("Share"+account), &awsservicecatalog.CfnPortfolioShareProps{
			PortfolioId: portfolio.Ref(), AccountId: jsii.String(account),
		})
	}
	awscdk.NewCfnOutput(awscdk.Stack_Of(scope), jsii.String("PortfolioId"), &awscdk.CfnOutputProps{
		Value: portfolio.Ref(), Description: jsii.String("Id of portfolio " + props.Name),
	})
	return &Portfolio{Resource: portfolio}
}

// PrincipalsProps describes who may launch from a portfolio, in the account of the stack.
type PrincipalsProps struct {
	PortfolioID string
	Patterns    []string           // "arn:aws:iam:::role/...", matched in whatever account the portfolio is used
	After       awscdk.CfnResource // what must exist before, the accepted share; default none
}

// NewPrincipals associates principals with a portfolio, by pattern.
func NewPrincipals(scope constructs.Construct, id string, props PrincipalsProps) {
	for _, pattern := range props.Patterns {
		association := awsservicecatalog.NewCfnPortfolioPrincipalAssociation(scope, jsii.String(id+fingerprint(pattern)),
			&awsservicecatalog.CfnPortfolioPrincipalAssociationProps{
				PortfolioId: jsii.String(props.PortfolioID), PrincipalArn: jsii.String(pattern), PrincipalType: jsii.String("IAM_PATTERN"),
			})
		if props.After != nil {
			association.AddResourceDependency(props.After, nil)
		}
	}
}

// RolePattern is the IAM_PATTERN of the role with a name in any account.
func RolePattern(name string) string { return "arn:aws:iam:::role/" + name }

// AcceptShare accepts a portfolio that another account shares with the account of the stack.
func AcceptShare(scope constructs.Construct, id, portfolioID string) awsservicecatalog.CfnAcceptedPortfolioShare {
	return awsservicecatalog.NewCfnAcceptedPortfolioShare(scope, jsii.String(id), &awsservicecatalog.CfnAcceptedPortfolioShareProps{
		PortfolioId: jsii.String(portfolioID),
	})
}
