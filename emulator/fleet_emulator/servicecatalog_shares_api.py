"""Service Catalog's operations on shares: from a request's parameters to ``servicecatalog_shares`` and back."""

from __future__ import annotations

from typing import Any

from . import servicecatalog_shares as shares
from .authorization import caller, require
from .servicecatalog_model import Catalog, Invalid, find_portfolio
from .servicecatalog_nodes import Node, Sharing

Parameters = dict[str, Any]


def _target(p: Parameters) -> tuple[Node | None, str]:
    """The node or the account of a share: one of them, and not both."""
    if bool(p.get("OrganizationNode")) == bool(p.get("AccountId")):
        raise Invalid("You must provide the AccountId or OrganizationNode, but not both.")
    return (shares.node_of(p["OrganizationNode"]) if p.get("OrganizationNode") else None), p.get("AccountId", "")


def create_portfolio_share(place: Catalog, p: Parameters) -> Parameters:
    """CreatePortfolioShare, with an account or a node of the organization."""
    node, account = _target(p)
    if node is not None:
        sharing = Sharing(bool(p.get("SharePrincipals")), bool(p.get("ShareTagOptions")))
        return {"PortfolioShareToken": shares.share_with_node(place, p["PortfolioId"], node, sharing)}
    if p.get("SharePrincipals"):
        raise Invalid("SharePrincipals is only supported for nodes of type ORGANIZATION or ORGANIZATIONAL_UNIT.")
    shares.share_with_account(place, p["PortfolioId"], account, bool(p.get("ShareTagOptions")))
    return {}


def update_portfolio_share(place: Catalog, p: Parameters) -> Parameters:
    """UpdatePortfolioShare."""
    node, account = _target(p)
    return {"PortfolioShareToken": shares.change(place, p["PortfolioId"], node, account, p), "Status": "COMPLETED"}


def delete_portfolio_share(place: Catalog, p: Parameters) -> Parameters:
    """DeletePortfolioShare."""
    node, account = _target(p)
    if node is not None:
        return {"PortfolioShareToken": shares.unshare_node(place, p["PortfolioId"], node)}
    shares.unshare_account(place, p["PortfolioId"], account)
    return {}


def list_portfolio_access(place: Catalog, p: Parameters) -> Parameters:
    """ListPortfolioAccess."""
    return {"AccountIds": shares.with_access(place, p["PortfolioId"], p.get("OrganizationParentId"))}


def list_organization_portfolio_access(place: Catalog, p: Parameters) -> Parameters:
    """ListOrganizationPortfolioAccess."""
    return {"OrganizationNodes": shares.nodes_with_access(place, p["PortfolioId"], p["OrganizationNodeType"])}


def describe_portfolio_shares(place: Catalog, p: Parameters) -> Parameters:
    """DescribePortfolioShares of one type, with whether each was accepted."""
    return {"PortfolioShareDetails": shares.described(place, p["PortfolioId"], p["Type"])}


def describe_portfolio_share_status(place: Catalog, p: Parameters) -> Parameters:
    """DescribePortfolioShareStatus."""
    return shares.status(place, p["PortfolioShareToken"])


def accept_portfolio_share(place: Catalog, p: Parameters) -> Parameters:
    """AcceptPortfolioShare."""
    shares.accept(place, p["PortfolioId"], p.get("PortfolioShareType", "IMPORTED"))
    return {}


def reject_portfolio_share(place: Catalog, p: Parameters) -> Parameters:
    """RejectPortfolioShare."""
    shares.reject(place, p["PortfolioId"])
    return {}


def list_accepted_portfolio_shares(place: Catalog, p: Parameters) -> Parameters:
    """ListAcceptedPortfolioShares: what this account imported, or what its organization shares with it."""
    kind = p.get("PortfolioShareType", "IMPORTED")
    if kind == "AWS_ORGANIZATIONS":
        return {"PortfolioDetails": [item.shown() for item in place.given_by_organization()]}
    if kind != "IMPORTED":
        return {"PortfolioDetails": []}
    found = [find_portfolio(place.region, item) for item in place.imported]
    return {"PortfolioDetails": [item.shown() for item in found if item is not None]}


def enable_aws_organizations_access(place: Catalog, p: Parameters) -> Parameters:
    """EnableAWSOrganizationsAccess, which enables trusted access in the caller's name."""
    who = caller()
    require(who.arn if who else None, "organizations:EnableAWSServiceAccess", "*")
    shares.switch(place.account, True)
    return {}


def disable_aws_organizations_access(place: Catalog, p: Parameters) -> Parameters:
    """DisableAWSOrganizationsAccess."""
    shares.switch(place.account, False)
    return {}


def get_aws_organizations_access_status(place: Catalog, p: Parameters) -> Parameters:
    """GetAWSOrganizationsAccessStatus."""
    return {"AccessStatus": shares.access(place.account)}


OPERATIONS = (
    create_portfolio_share, update_portfolio_share, delete_portfolio_share, list_portfolio_access,
    list_organization_portfolio_access, describe_portfolio_shares, describe_portfolio_share_status, accept_portfolio_share,
    reject_portfolio_share, list_accepted_portfolio_shares, enable_aws_organizations_access,
    disable_aws_organizations_access, get_aws_organizations_access_status,
)  # fmt: skip
