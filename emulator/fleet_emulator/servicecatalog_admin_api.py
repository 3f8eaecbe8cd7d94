"""Service Catalog's operations for administrators: from a request's parameters to ``servicecatalog_admin`` and back.

Each function is one operation, named as moto names them; ``place`` is the catalog of the caller's account and region.
"""

from __future__ import annotations

import json
from typing import Any

from . import servicecatalog_admin as admin
from . import servicecatalog_constraints as constraints
from .authorization import caller
from .servicecatalog_model import Catalog, Invalid, NotFound, Product, identifier

Parameters = dict[str, Any]


def reader() -> str | None:
    """Who reads a template that the caller names."""
    who = caller()
    return who.arn if who else None


def tags_of(given: list[dict[str, str]] | None) -> dict[str, str]:
    """A list of keys and values as a map."""
    return {item["Key"]: item["Value"] for item in given or []}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """A map as a list of keys and values."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def create_portfolio(place: Catalog, p: Parameters) -> Parameters:
    """CreatePortfolio."""
    made = admin.create_portfolio(place, p["DisplayName"], p["ProviderName"], p.get("Description"), tags_of(p.get("Tags")))
    return {"PortfolioDetail": made.shown(), "Tags": tag_list(made.tags)}


def update_portfolio(place: Catalog, p: Parameters) -> Parameters:
    """UpdatePortfolio."""
    found = place.portfolio(p["Id"], own=True)
    found.display_name = p.get("DisplayName", found.display_name)
    found.description = p.get("Description", found.description)
    found.provider = p.get("ProviderName", found.provider)
    found.tags = {key: value for key, value in found.tags.items() if key not in p.get("RemoveTags", [])}
    found.tags.update(tags_of(p.get("AddTags")))
    return {"PortfolioDetail": found.shown(), "Tags": tag_list(found.tags)}


def describe_portfolio(place: Catalog, p: Parameters) -> Parameters:
    """DescribePortfolio, also of an imported one."""
    found = place.portfolio(p["Id"])
    return {"PortfolioDetail": found.shown(), "Tags": tag_list(found.tags), "TagOptions": [], "Budgets": []}


def list_portfolios(place: Catalog, p: Parameters) -> Parameters:
    """ListPortfolios: those of this account."""
    return {"PortfolioDetails": [item.shown() for item in place.portfolios.values()]}


def delete_portfolio(place: Catalog, p: Parameters) -> Parameters:
    """DeletePortfolio."""
    admin.delete_portfolio(place, p["Id"])
    return {}


def create_product(place: Catalog, p: Parameters) -> Parameters:
    """CreateProduct, with its first version."""
    versions = [p["ProvisioningArtifactParameters"]] if p.get("ProvisioningArtifactParameters") else []
    made = admin.create_product(place, product_of(place, p), versions, reader())
    first = made.artifacts[0].detail() if made.artifacts else {}
    return {"ProductViewDetail": made.detail(), "ProvisioningArtifactDetail": first, "Tags": tag_list(made.tags)}


def product_of(place: Catalog, p: Parameters) -> Product:
    """A product of this account from the parameters of API or CloudFormation, which are the same."""
    return Product(
        identifier("prod"),
        place.account,
        place.region,
        p["Name"],
        p["Owner"],
        tags=tags_of(p.get("Tags")),
        type=p.get("ProductType") or "CLOUD_FORMATION_TEMPLATE",
        **described(p),
    )


def described(p: Parameters) -> dict[str, Any]:
    """The optional texts of a product."""
    return {
        "description": p.get("Description"),
        "distributor": p.get("Distributor"),
        "support_description": p.get("SupportDescription"),
        "support_email": p.get("SupportEmail"),
        "support_url": p.get("SupportUrl"),
    }


def update_product(place: Catalog, p: Parameters) -> Parameters:
    """UpdateProduct."""
    found = admin.own_product(place, p["Id"])
    found.name, found.owner = p.get("Name", found.name), p.get("Owner", found.owner)
    for name, value in described(p).items():
        if value is not None:
            setattr(found, name, value)
    found.tags = {key: value for key, value in found.tags.items() if key not in p.get("RemoveTags", [])}
    found.tags.update(tags_of(p.get("AddTags")))
    return {"ProductViewDetail": found.detail(), "Tags": tag_list(found.tags)}


def delete_product(place: Catalog, p: Parameters) -> Parameters:
    """DeleteProduct."""
    admin.delete_product(place, p["Id"])
    return {}


def search_products_as_admin(place: Catalog, p: Parameters) -> Parameters:
    """SearchProductsAsAdmin: of this account, or of one portfolio, imported ones too."""
    portfolio_id = p.get("PortfolioId")
    found = place.products_of(place.portfolio(portfolio_id)) if portfolio_id else place.products.values()
    return {"ProductViewDetails": [item.detail() for item in found if fits(item, p.get("Filters"))]}


def fits(item: Product, filters: dict[str, list[str]] | None) -> bool:
    """Whether a product is what a search asks for."""
    for key, wanted in (filters or {}).items():
        if key == "FullTextSearch":
            text = " ".join(str(value) for value in item.view().values() if value).lower()
            if not all(word.lower() in text for word in wanted):
                return False
        elif {"Owner": item.owner, "ProductType": item.type}.get(key, item.id) not in wanted:
            return False
    return True


def describe_product_as_admin(place: Catalog, p: Parameters) -> Parameters:
    """DescribeProductAsAdmin."""
    found = place.product(p.get("Id"), p.get("Name"))
    versions = [{"Id": a.id, "Name": a.name, "Description": a.description, "CreatedTime": a.created} for a in found.artifacts]
    return {
        "ProductViewDetail": found.detail(),
        "ProvisioningArtifactSummaries": versions,
        "Tags": tag_list(found.tags),
        "TagOptions": [],
        "Budgets": [],
    }


def create_provisioning_artifact(place: Catalog, p: Parameters) -> Parameters:
    """CreateProvisioningArtifact."""
    made = admin.add_version(place, p["ProductId"], p["Parameters"], reader())
    return {"ProvisioningArtifactDetail": made.detail(), "Info": {"TemplateUrl": made.url}, "Status": "AVAILABLE"}


def update_provisioning_artifact(place: Catalog, p: Parameters) -> Parameters:
    """UpdateProvisioningArtifact: what CloudFormation cannot set, Active and Guidance, is set here."""
    found = admin.own_product(place, p["ProductId"]).artifact(p["ProvisioningArtifactId"])
    if p.get("Guidance") not in (None, "DEFAULT", "DEPRECATED"):
        raise Invalid(f"Invalid guidance {p['Guidance']}: use DEFAULT or DEPRECATED")
    found.name = p.get("Name", found.name)
    found.description = p.get("Description", found.description)
    found.active = p.get("Active", found.active)
    found.guidance = p.get("Guidance", found.guidance)
    return {"ProvisioningArtifactDetail": found.detail(), "Info": {"TemplateUrl": found.url}, "Status": "AVAILABLE"}


def delete_provisioning_artifact(place: Catalog, p: Parameters) -> Parameters:
    """DeleteProvisioningArtifact."""
    admin.delete_version(place, p["ProductId"], p["ProvisioningArtifactId"])
    return {}


def list_provisioning_artifacts(place: Catalog, p: Parameters) -> Parameters:
    """ListProvisioningArtifacts: all versions, with their state."""
    return {"ProvisioningArtifactDetails": [item.detail() for item in place.product(p["ProductId"]).artifacts]}


def describe_provisioning_artifact(place: Catalog, p: Parameters) -> Parameters:
    """DescribeProvisioningArtifact."""
    found = place.product(p.get("ProductId"), p.get("ProductName")).artifact(
        p.get("ProvisioningArtifactId"), p.get("ProvisioningArtifactName")
    )
    answer: Parameters = {
        "ProvisioningArtifactDetail": found.detail(),
        "Info": {"TemplateUrl": found.url},
        "Status": "AVAILABLE",
    }
    if p.get("IncludeProvisioningArtifactParameters"):
        from .servicecatalog_user_api import parameters_of  # late: it imports this module

        answer["ProvisioningArtifactParameters"] = parameters_of(found.body)
    return answer


def associate_product_with_portfolio(place: Catalog, p: Parameters) -> Parameters:
    """AssociateProductWithPortfolio."""
    admin.associate(place, p["PortfolioId"], p["ProductId"], p.get("SourcePortfolioId"))
    return {}


def disassociate_product_from_portfolio(place: Catalog, p: Parameters) -> Parameters:
    """DisassociateProductFromPortfolio."""
    admin.disassociate(place, p["PortfolioId"], p["ProductId"])
    return {}


def list_portfolios_for_product(place: Catalog, p: Parameters) -> Parameters:
    """ListPortfoliosForProduct: those of this account and those it imported."""
    place.product(p["ProductId"])
    found = [port for port in place.visible_portfolios() if any(x.id == p["ProductId"] for x in place.products_of(port))]
    return {"PortfolioDetails": [item.shown() for item in found]}


def associate_principal_with_portfolio(place: Catalog, p: Parameters) -> Parameters:
    """AssociatePrincipalWithPortfolio, also with an imported one."""
    admin.add_principal(place, p["PortfolioId"], p["PrincipalARN"], p["PrincipalType"])
    return {}


def disassociate_principal_from_portfolio(place: Catalog, p: Parameters) -> Parameters:
    """DisassociatePrincipalFromPortfolio."""
    admin.remove_principal(place, p["PortfolioId"], p["PrincipalARN"], p.get("PrincipalType", "IAM"))
    return {}


def list_principals_for_portfolio(place: Catalog, p: Parameters) -> Parameters:
    """ListPrincipalsForPortfolio: this account's, and those that come with an organization share."""
    found = place.principals_of(place.portfolio(p["PortfolioId"]))
    return {"Principals": [{"PrincipalARN": item.arn, "PrincipalType": item.type} for item in found]}


def create_constraint(place: Catalog, p: Parameters) -> Parameters:
    """CreateConstraint."""
    given = constraints.parsed(p["Parameters"])
    made = admin.create_constraint(place, p["PortfolioId"], p["ProductId"], p["Type"], given, p.get("Description"))
    return {"ConstraintDetail": made.shown(), "ConstraintParameters": p["Parameters"], "Status": "AVAILABLE"}


def update_constraint(place: Catalog, p: Parameters) -> Parameters:
    """UpdateConstraint."""
    if p["Id"] not in place.constraints:
        raise NotFound(f"Constraint {p['Id']} not found.")
    found = place.constraints[p["Id"]]
    found.description = p.get("Description", found.description)
    if p.get("Parameters"):
        found.parameters = constraints.check(place, found.type, constraints.parsed(p["Parameters"]))
    return {
        "ConstraintDetail": found.shown(),
        "ConstraintParameters": json.dumps(found.parameters),
        "Status": "AVAILABLE",
    }


def describe_constraint(place: Catalog, p: Parameters) -> Parameters:
    """DescribeConstraint: this account's, or one of an imported portfolio."""
    for portfolio in place.visible_portfolios():
        for item in place.constraints_of(portfolio):
            if item.id == p["Id"]:
                return {
                    "ConstraintDetail": item.shown(),
                    "ConstraintParameters": json.dumps(item.parameters),
                    "Status": "AVAILABLE",
                }
    raise NotFound(f"Constraint {p['Id']} not found.")


def list_constraints_for_portfolio(place: Catalog, p: Parameters) -> Parameters:
    """ListConstraintsForPortfolio, also of an imported one."""
    portfolio = place.portfolio(p["PortfolioId"])
    return {"ConstraintDetails": [item.shown() for item in place.constraints_of(portfolio, p.get("ProductId"))]}


def delete_constraint(place: Catalog, p: Parameters) -> Parameters:
    """DeleteConstraint."""
    admin.delete_constraint(place, p["Id"])
    return {}


OPERATIONS = (
    create_portfolio, update_portfolio, describe_portfolio, list_portfolios, delete_portfolio, create_product, update_product,
    delete_product, search_products_as_admin, describe_product_as_admin, create_provisioning_artifact,
    update_provisioning_artifact, delete_provisioning_artifact, list_provisioning_artifacts, describe_provisioning_artifact,
    associate_product_with_portfolio, disassociate_product_from_portfolio, list_portfolios_for_product,
    associate_principal_with_portfolio, disassociate_principal_from_portfolio, list_principals_for_portfolio,
    create_constraint, update_constraint, describe_constraint, list_constraints_for_portfolio, delete_constraint,
)  # fmt: skip
