"""What AWS Organizations remembers: organizations, their tree of units, members and policies, and who is told of changes.

An organization is known to every account in it. ``version`` grows with each change that may alter what a policy allows, so
that ``organizations_guardrails.py`` can keep what it read. Rules and refusals live in ``organizations_tree.py`` and
``organizations_policies.py``; this module has none, and imports nothing of the emulator.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone

ACCOUNT_QUOTA = 10
"""Accounts in an organization until AWS grants more. Source: Organizations user guide, Quotas."""

_CHARACTERS = string.ascii_lowercase + string.digits


@dataclass
class Node:
    """A root, an organizational unit or an account: what a policy can be attached to.

    ``kind`` is ROOT, ORGANIZATIONAL_UNIT or ACCOUNT; ``parent`` is empty for the root; ``policies`` are ids of those attached.
    """

    id: str
    kind: str
    name: str
    parent: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    policies: list[str] = field(default_factory=list)


@dataclass
class Member(Node):
    """An account; ``status`` is ACTIVE, or SUSPENDED once it was closed."""

    email: str = ""
    status: str = "ACTIVE"
    joined_by: str = "CREATED"
    joined: datetime = field(default_factory=lambda: datetime.now(timezone.utc))


@dataclass
class OrganizationPolicy:
    """A policy of any type; those of AWS (FullAWSAccess) cannot be changed."""

    id: str
    type: str
    name: str
    content: str
    description: str = ""
    aws_managed: bool = False
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class CreationStatus:
    """How a CreateAccount went: it answers at once and fails later."""

    id: str
    name: str
    state: str
    account: str = ""
    failure: str = ""
    requested: datetime = field(default_factory=lambda: datetime.now(timezone.utc))


@dataclass
class Organization:
    """One organization. ``nodes`` holds root, units and accounts by their id; ``delegated`` the services of each account."""

    id: str
    root_id: str
    management: str
    feature_set: str = "ALL"
    nodes: dict[str, Node] = field(default_factory=dict)
    policies: dict[str, OrganizationPolicy] = field(default_factory=dict)
    enabled_types: list[str] = field(default_factory=list)
    trusted: dict[str, datetime] = field(default_factory=dict)
    delegated: dict[str, dict[str, datetime]] = field(default_factory=dict)
    resource_policy: OrganizationPolicy | None = None
    statuses: dict[str, CreationStatus] = field(default_factory=dict)
    account_quota: int = ACCOUNT_QUOTA
    version: int = 0

    def members(self) -> Iterator[Member]:
        """All accounts, in the order in which they joined."""
        return (node for node in list(self.nodes.values()) if isinstance(node, Member))

    def member(self, account: str) -> Member | None:
        """The account, if it is one of this organization's."""
        node = self.nodes.get(account)
        return node if isinstance(node, Member) else None

    def children(self, parent: str, kind: str) -> list[Node]:
        """What lies directly under a root or unit."""
        return [node for node in self.nodes.values() if node.parent == parent and node.kind == kind]

    def path(self, node_id: str) -> list[str]:
        """The ids from the root down to the node, with both."""
        found: list[str] = []
        while node_id:
            found.append(node_id)
            node_id = self.nodes[node_id].parent
        return found[::-1]

    def path_text(self, node_id: str) -> str:
        """The path as conditions and CloudFormation write it: ``o-.../r-.../ou-.../``."""
        return "/".join([self.id, *self.path(node_id)]) + "/"

    def under(self, unit_id: str) -> list[Member]:
        """Every account below a root or unit, at any depth."""
        return [member for member in self.members() if unit_id in self.path(member.id)]

    def arn(self, node_id: str) -> str:
        """The ARN of the organization (its own id), of a node or of the resource policy."""
        base = f"arn:aws:organizations::{self.management}:"
        if node_id == self.id:
            return f"{base}organization/{self.id}"
        kind = {"r": "root", "ou": "ou", "rp": "resourcepolicy"}.get(node_id.partition("-")[0], "account")
        return f"{base}{kind}/{self.id}/{node_id}"

    def policy_arn(self, policy: OrganizationPolicy) -> str:
        """The ARN of a policy; those of AWS belong to no account."""
        if policy.aws_managed:
            return f"arn:aws:organizations::aws:policy/{policy.type.lower()}/{policy.id}"
        return f"arn:aws:organizations::{self.management}:policy/{self.id}/{policy.type.lower()}/{policy.id}"


@dataclass(frozen=True)
class Membership:
    """An account came into an organization or unit, changed it, or left. ``kind``: joined, moved, left or closed.

    ``source`` and ``destination`` are ids of a root or unit; empty where the account was in none before, or is in none now.
    """

    kind: str
    organization: Organization
    account: str
    source: str = ""
    destination: str = ""


Listener = Callable[[Membership], None]

ORGANIZATIONS: dict[str, Organization] = {}
ORGANIZATION_OF: dict[str, Organization] = {}
"""By account."""
_LISTENERS: list[Listener] = []


def on_membership(listener: Listener) -> None:
    """Call ``listener`` after each change of who is in which organization and unit."""
    _LISTENERS.append(listener)


def tell(event: Membership) -> None:
    """Call everyone who asked; the change itself is done already."""
    event.organization.version += 1
    for listener in list(_LISTENERS):
        listener(event)


def organization_of(account: str) -> Organization | None:
    """The organization that the account is in; None if it is in none."""
    return ORGANIZATION_OF.get(account)


def organization_with(unit_id: str) -> Organization | None:
    """The organization of which this is the root, a unit, or the organization's own id."""
    return next((o for o in ORGANIZATIONS.values() if unit_id == o.id or unit_id in o.nodes), None)


def accounts_under(unit_id: str) -> list[str]:
    """The active accounts below a root or unit at any depth, the management account included; none if there is no such unit."""
    found = organization_with(unit_id)
    if found is None:
        return []
    top = found.root_id if unit_id == found.id else unit_id
    return [member.id for member in found.under(top) if member.status == "ACTIVE"]


def parents_of(account: str) -> list[str]:
    """The ids of root and units above an account, the root first; none if it is in no organization."""
    found = organization_of(account)
    return found.path(account)[:-1] if found is not None else []


def is_delegated(account: str, service_principal: str) -> bool:
    """Is the account a delegated administrator for the service, like ``member.org.stacksets.cloudformation.amazonaws.com``?"""
    found = organization_of(account)
    return found is not None and service_principal in found.delegated.get(account, {})


def is_trusted(account: str, service_principal: str) -> bool:
    """Has the account's organization enabled trusted access for the service?"""
    found = organization_of(account)
    return found is not None and service_principal in found.trusted


def identifier(prefix: str, length: int) -> str:
    """A new id: the prefix, a dash and random characters as AWS uses them."""
    return prefix + "-" + "".join(secrets.choice(_CHARACTERS) for _ in range(length))


def account_id() -> str:
    """A number that no account of any organization has."""
    while True:
        found = str(secrets.randbelow(9 * 10**11) + 10**11)
        if found not in ORGANIZATION_OF:
            return found
