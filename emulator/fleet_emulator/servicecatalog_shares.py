"""Sharing portfolios with accounts and with organizations, units and their members.

Account shares are imported by the recipient; organization shares are there at once and need the management account or a
delegated administrator, after EnableAWSOrganizationsAccess. Source: "Sharing a portfolio" in the Administrator Guide.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from . import organizations
from . import servicecatalog_nodes as nodes
from .servicecatalog_model import (
    Catalog,
    Invalid,
    InvalidState,
    LimitExceeded,
    NotFound,
    NotSupported,
    Portfolio,
    catalog,
    find_portfolio,
    identifier,
)
from .servicecatalog_nodes import SERVICE, Node, Sharing

MAX_SHARED_PATTERNS = 10
SHOWN = {"ACCOUNT": "ORGANIZATION_MEMBER_ACCOUNT"}
"""The kind of a node as DescribePortfolioShares names it."""


def access(account: str) -> str:
    """ENABLED if the organization trusts Service Catalog."""
    _administrator(account)
    return "ENABLED" if organizations.is_trusted(account, SERVICE) else "DISABLED"


def switch(account: str, on: bool) -> None:
    """EnableAWSOrganizationsAccess and DisableAWSOrganizationsAccess: the management account's alone."""
    found = organizations.organization_of(account)
    if found is None or found.management != account:
        raise NotSupported("This operation can only be called by the management account of an organization.")
    if on:
        found.trusted.setdefault(SERVICE, datetime.now(timezone.utc))
    elif any(SERVICE in services for services in found.delegated.values()):
        raise InvalidState("Organizations access cannot be disabled while the organization has delegated administrators.")
    else:
        found.trusted.pop(SERVICE, None)


def _administrator(account: str) -> None:
    if not nodes.may_share(account):
        raise NotSupported(
            "This operation can only be called by the management account of an organization or by a delegated administrator."
        )


def node_of(given: dict[str, Any]) -> Node:
    """The node that a request names, by id or ARN."""
    kind, value = given.get("Type", ""), nodes.normal(given.get("Value", ""))
    if not nodes.well_formed(kind, value):
        raise Invalid(f"Invalid OrganizationNode: {kind} {given.get('Value')}")
    return kind, value


def share_with_node(place: Catalog, portfolio_id: str, node: Node, sharing: Sharing) -> str:
    """Share with a node; the answer is the token of the operation. What is shared already stays as it is."""
    _administrator(place.account)
    portfolio = place.portfolio(portfolio_id, own=True)
    if access(place.account) != "ENABLED":
        raise InvalidState("AWS Organizations access is not enabled: call EnableAWSOrganizationsAccess first.")
    if not nodes.knows(place.account, *node):
        raise Invalid(f"{node[0]} {node[1]} is not in the organization of account {place.account}.")
    _check_shareable(place, portfolio)
    _check_principals(place, portfolio, node, sharing.principals)
    portfolio.nodes.setdefault(node, sharing)
    return _token(place, portfolio, node)


def _check_shareable(place: Catalog, portfolio: Portfolio) -> None:
    foreign = [item.id for item in place.products_of(portfolio) if item.account != place.account]
    if foreign:
        raise Invalid(f"Portfolio {portfolio.id} contains a shared product and cannot be shared: {', '.join(foreign)}")


def _check_principals(place: Catalog, portfolio: Portfolio, node: Node, principals: bool) -> None:
    if not principals:
        return
    if node[0] == "ACCOUNT":
        raise Invalid("SharePrincipals is only supported for nodes of type ORGANIZATION or ORGANIZATIONAL_UNIT.")
    if len(patterns(place, portfolio)) > MAX_SHARED_PATTERNS:
        raise LimitExceeded(f"Limit exceeded: at most {MAX_SHARED_PATTERNS} principal names are shared with a portfolio")


def patterns(place: Catalog, portfolio: Portfolio) -> list[str]:
    """The owner's principals by pattern: what SharePrincipals gives to recipients."""
    return [item.arn for item in place.principals if item.portfolio == portfolio.id and item.type == "IAM_PATTERN"]


def check_room(place: Catalog, portfolio: Portfolio) -> None:
    """Refuse one more pattern on a portfolio whose principals are shared, if it has as many as can be shared."""
    shared = any(item.principals for item in portfolio.nodes.values())
    if shared and len(patterns(place, portfolio)) >= MAX_SHARED_PATTERNS:
        raise LimitExceeded(f"Limit exceeded: at most {MAX_SHARED_PATTERNS} principal names are shared with a portfolio")


def share_with_account(place: Catalog, portfolio_id: str, account: str, tag_options: bool = False) -> None:
    """Offer a portfolio of this account to another account."""
    if not re.fullmatch(r"\d{12}", account or ""):
        raise Invalid(f"Invalid account id {account}")
    if account == place.account:
        raise Invalid("A portfolio cannot be shared with the account that owns it")
    portfolio = place.portfolio(portfolio_id, own=True)
    _check_shareable(place, portfolio)
    portfolio.shares.add(account)
    if tag_options:
        portfolio.shared_tag_options.add(account)


def change(place: Catalog, portfolio_id: str, node: Node | None, account: str, given: dict[str, Any]) -> str:
    """UpdatePortfolioShare: what goes along with an existing share."""
    portfolio = place.portfolio(portfolio_id, own=True)
    if node is None:
        if account not in portfolio.shares:
            raise NotFound(f"Portfolio {portfolio_id} is not shared with {account}.")
        if given.get("SharePrincipals"):
            raise Invalid("SharePrincipals is only supported for nodes of type ORGANIZATION or ORGANIZATIONAL_UNIT.")
        if given.get("ShareTagOptions") is not None:
            (portfolio.shared_tag_options.add if given["ShareTagOptions"] else portfolio.shared_tag_options.discard)(account)
        return _token(place, portfolio, ("ACCOUNT", account))
    _administrator(place.account)
    if node not in portfolio.nodes:
        raise NotFound(f"Portfolio {portfolio_id} is not shared with {node[1]}.")
    held = portfolio.nodes[node]
    _check_principals(place, portfolio, node, bool(given.get("SharePrincipals")))
    held.principals = held.principals if given.get("SharePrincipals") is None else bool(given["SharePrincipals"])
    held.tag_options = held.tag_options if given.get("ShareTagOptions") is None else bool(given["ShareTagOptions"])
    return _token(place, portfolio, node)


def unshare_node(place: Catalog, portfolio_id: str, node: Node) -> str:
    """End a share with a node."""
    _administrator(place.account)
    portfolio = place.portfolio(portfolio_id, own=True)
    if node not in portfolio.nodes:
        raise NotFound(f"Portfolio {portfolio_id} is not shared with {node[1]}.")
    token = _token(place, portfolio, node)
    del portfolio.nodes[node]
    return token


def unshare_account(place: Catalog, portfolio_id: str, account: str) -> None:
    """End a share: the recipient's import and its principals there go too."""
    portfolio = place.portfolio(portfolio_id, own=True)
    if account not in portfolio.shares:
        raise NotFound(f"Portfolio {portfolio_id} is not shared with {account}.")
    portfolio.shares.discard(account)
    portfolio.shared_tag_options.discard(account)
    forget(catalog(account, place.region), portfolio_id)


def accept(place: Catalog, portfolio_id: str, kind: str = "IMPORTED") -> None:
    """Import a portfolio that another account shared with this one; one that an organization shares is there already."""
    portfolio = find_portfolio(place.region, portfolio_id)
    if kind == "AWS_ORGANIZATIONS":
        if portfolio is None or portfolio.sharing_with(place.account) is None:
            raise NotFound(f"Portfolio {portfolio_id} not found.")
        return
    if portfolio is None or place.account not in portfolio.shares:
        raise NotFound(f"Portfolio {portfolio_id} not found.")
    if portfolio_id not in place.imported:
        place.imported.append(portfolio_id)


def reject(place: Catalog, portfolio_id: str) -> None:
    """Give an imported portfolio back."""
    if portfolio_id not in place.imported:
        raise NotFound(f"Portfolio {portfolio_id} not found.")
    forget(place, portfolio_id)


def forget(place: Catalog, portfolio_id: str) -> None:
    """A recipient that lost a portfolio keeps nothing of it."""
    place.imported[:] = [item for item in place.imported if item != portfolio_id]
    place.principals[:] = [item for item in place.principals if item.portfolio != portfolio_id]


def _token(place: Catalog, portfolio: Portfolio, node: Node) -> str:
    token = identifier("share")
    place.share_tokens[token] = (portfolio.id, node, nodes.accounts(node, place.account))
    return token


def status(place: Catalog, token: str) -> dict[str, Any]:
    """DescribePortfolioShareStatus: here every share is complete when the call that asked for it returns."""
    _administrator(place.account)
    if token not in place.share_tokens:
        raise NotFound(f"Portfolio share {token} not found.")
    portfolio_id, node, accounts = place.share_tokens[token]
    return {
        "PortfolioShareToken": token,
        "PortfolioId": portfolio_id,
        "OrganizationNodeValue": node[1],
        "Status": "COMPLETED",
        "ShareDetails": {"SuccessfulShares": accounts, "ShareErrors": []},
    }


def described(place: Catalog, portfolio_id: str, kind: str) -> list[dict[str, Any]]:
    """DescribePortfolioShares: those of a kind. Organization shares count as accepted."""
    portfolio = place.portfolio(portfolio_id, own=True)
    if kind == "ACCOUNT":
        return [
            {
                "PrincipalId": account,
                "Type": kind,
                "Accepted": portfolio.id in catalog(account, place.region).imported,
                "ShareTagOptions": account in portfolio.shared_tag_options,
                "SharePrincipals": False,
            }
            for account in sorted(portfolio.shares)
        ]
    return [
        {
            "PrincipalId": value,
            "Type": kind,
            "Accepted": True,
            "ShareTagOptions": item.tag_options,
            "SharePrincipals": item.principals,
        }
        for (held, value), item in portfolio.live_nodes().items()
        if SHOWN.get(held, held) == kind
    ]


def with_access(place: Catalog, portfolio_id: str, parent: str | None) -> list[str]:
    """ListPortfolioAccess: the accounts it is shared with, or those that inherit it from a node."""
    portfolio = place.portfolio(portfolio_id, own=True)
    if parent is None:
        members = [value for kind, value in portfolio.live_nodes() if kind == "ACCOUNT"]
        return sorted({*portfolio.shares, *members})
    found = [node for node in portfolio.live_nodes() if node[1] == nodes.normal(parent)]
    if not found:
        raise NotFound(f"Portfolio {portfolio_id} is not shared with {parent}.")
    return sorted(nodes.accounts(found[0], place.account))


def nodes_with_access(place: Catalog, portfolio_id: str, kind: str) -> list[dict[str, str]]:
    """ListOrganizationPortfolioAccess."""
    _administrator(place.account)
    portfolio = place.portfolio(portfolio_id, own=True)
    return [{"Type": held, "Value": value} for held, value in portfolio.live_nodes() if held == kind]
