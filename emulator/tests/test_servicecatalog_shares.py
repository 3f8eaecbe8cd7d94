"""Portfolios shared with accounts, and what end users see of them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from conftest import Aws
from servicecatalog_world import Consumer, Shelf, allow


@pytest.mark.source("Service Catalog Administrator Guide: Sharing a portfolio: importing; recipients add their own principals")
def test_a_recipient_sees_what_it_accepted(consumer: Consumer) -> None:
    catalog, portfolio = consumer.aws.client("servicecatalog"), consumer.published["Portfolio"]
    accepted = catalog.list_accepted_portfolio_shares()["PortfolioDetails"]
    assert [item["Id"] for item in accepted] == [portfolio]
    assert catalog.list_portfolios()["PortfolioDetails"] == []
    admin = catalog.search_products_as_admin(PortfolioId=portfolio)["ProductViewDetails"]
    assert [item["ProductViewSummary"]["Name"] for item in admin] == ["Log archive"]
    principals = catalog.list_principals_for_portfolio(PortfolioId=portfolio)["Principals"]
    assert principals == [{"PrincipalARN": "arn:aws:iam:::role/fleet/*", "PrincipalType": "IAM_PATTERN"}]
    constraint = catalog.list_constraints_for_portfolio(PortfolioId=portfolio)["ConstraintDetails"][0]
    assert json.loads(catalog.describe_constraint(Id=constraint["ConstraintId"])["ConstraintParameters"]) == {
        "LocalRoleName": "launch"
    }
    assert [
        p["Id"] for p in catalog.list_portfolios_for_product(ProductId=consumer.published["Product"])["PortfolioDetails"]
    ] == [portfolio]
    assert (
        catalog.describe_product_as_admin(Id=consumer.published["Product"])["ProvisioningArtifactSummaries"][0]["Name"] == "1.0.0"
    )


@pytest.mark.source("Service Catalog API Reference: AcceptPortfolioShare of what was not shared")
def test_what_was_not_shared_cannot_be_accepted(shelf: Shelf, other: Aws, aws: Aws) -> None:
    published = shelf.publish("999999999999")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        other.client("servicecatalog").accept_portfolio_share(PortfolioId=published["Portfolio"])
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        other.client("servicecatalog").describe_portfolio(Id=published["Portfolio"])


@pytest.mark.source("Service Catalog API Reference: AssociatePrincipalWithPortfolio, PrincipalType IAM and IAM_PATTERN")
def test_end_users_see_only_what_their_principal_grants(consumer: Consumer) -> None:
    product = consumer.published["Product"]
    assert [p["ProductId"] for p in consumer.user.search_products()["ProductViewSummaries"]] == [product]
    outsider = consumer.aws.assume(consumer.aws.role("outsider", allow("servicecatalog:*"))).client("servicecatalog")
    assert outsider.search_products()["ProductViewSummaries"] == []
    for call in (outsider.describe_product, outsider.list_launch_paths):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            call(**({"Id": product} if call == outsider.describe_product else {"ProductId": product}))
    with pytest.raises(ClientError, match="No launch paths found for resource"):
        outsider.provision_product(ProductId=product, ProvisioningArtifactName="1.0.0", ProvisionedProductName="x")
    arn = f"arn:aws:iam::{consumer.aws.account}:role/outsider"
    admin = consumer.aws.client("servicecatalog")
    admin.associate_principal_with_portfolio(PortfolioId=consumer.published["Portfolio"], PrincipalARN=arn, PrincipalType="IAM")
    assert len(outsider.search_products()["ProductViewSummaries"]) == 1
    with pytest.raises(ClientError, match="InvalidParametersException"):
        admin.associate_principal_with_portfolio(
            PortfolioId=consumer.published["Portfolio"], PrincipalARN=arn + "-nobody", PrincipalType="IAM"
        )


@pytest.mark.source("Service Catalog API Reference: DeletePortfolioShare: the recipient loses the portfolio")
def test_ending_a_share_takes_the_portfolio_away(consumer: Consumer, shelf: Shelf) -> None:
    catalog = shelf.aws.client("servicecatalog")
    shares = catalog.describe_portfolio_shares(PortfolioId=consumer.published["Portfolio"], Type="ACCOUNT")[
        "PortfolioShareDetails"
    ]
    assert [(s["PrincipalId"], s["Accepted"]) for s in shares] == [(consumer.aws.account, True)]
    catalog.delete_portfolio_share(PortfolioId=consumer.published["Portfolio"], AccountId=consumer.aws.account)
    assert consumer.user.search_products()["ProductViewSummaries"] == []
    assert consumer.aws.client("servicecatalog").list_accepted_portfolio_shares()["PortfolioDetails"] == []
