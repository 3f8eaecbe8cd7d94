"""Which accounts an organization share reaches: asked anew each time, so that who leaves a unit loses its portfolios at once.

Source: CreatePortfolioShare and DeletePortfolioShare in the Service Catalog API Reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from . import organizations

SERVICE = "servicecatalog.amazonaws.com"
KINDS = ("ORGANIZATION", "ORGANIZATIONAL_UNIT", "ACCOUNT")

Node = tuple[str, str]
"""Kind and id of an organization, a unit or a member account."""


@dataclass
class Sharing:
    """What goes along with a share."""

    principals: bool = False
    tag_options: bool = False


def normal(value: str) -> str:
    """The id of a node that may be named by its ARN."""
    return value.rsplit("/", 1)[-1] if value.startswith("arn:") else value


def well_formed(kind: str, value: str) -> bool:
    """Whether the value can be of that kind."""
    patterns = {
        "ORGANIZATION": r"o-[a-z0-9]{10,32}",
        "ORGANIZATIONAL_UNIT": r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}",
        "ACCOUNT": r"\d{12}",
    }
    return kind in patterns and re.fullmatch(patterns[kind], value) is not None


def may_share(account: str) -> bool:
    """Whether the account is the management account of its organization or a delegated administrator for Service Catalog."""
    found = organizations.organization_of(account)
    return found is not None and (found.management == account or organizations.is_delegated(account, SERVICE))


def knows(account: str, kind: str, value: str) -> bool:
    """Whether the node is in the account's own organization."""
    found = organizations.organization_of(account)
    if found is None:
        return False
    return value == found.id if kind == "ORGANIZATION" else value in found.nodes


def covers(node: Node, owner: str, account: str) -> bool:
    """Whether a share of ``owner`` with the node reaches the account now. The owner needs no share of its own portfolio."""
    found = organizations.organization_of(account)
    if account == owner or found is None or organizations.organization_of(owner) is not found:
        return False
    kind, value = node
    if kind == "ACCOUNT":
        return value == account
    return value == found.id if kind == "ORGANIZATION" else value in organizations.parents_of(account)


def accounts(node: Node, owner: str) -> list[str]:
    """The accounts that the share reaches now."""
    found = organizations.organization_of(owner)
    members = [member.id for member in found.members()] if found is not None else []
    return [account for account in members if covers(node, owner, account)]


def sharing(nodes: Mapping[Node, Sharing], owner: str, account: str) -> Sharing | None:
    """What the account gets by all nodes together; None if none reaches it."""
    found = [item for node, item in nodes.items() if covers(node, owner, account)]
    if not found:
        return None
    return Sharing(any(item.principals for item in found), any(item.tag_options for item in found))
