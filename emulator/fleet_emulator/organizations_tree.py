"""Organizations, units and accounts: what may be done to them, and what Organizations refuses.

Sources: Organizations API reference (operations and their errors) and user guide, "Quotas for AWS Organizations".
"""

from __future__ import annotations

import json
import re

from . import inside
from . import organizations_model as model
from .organizations_errors import invalid, refusal, violates
from .organizations_model import (
    ORGANIZATION_OF,
    ORGANIZATIONS,
    CreationStatus,
    Member,
    Membership,
    Node,
    Organization,
    identifier,
    tell,
)
from .organizations_policies import attach_defaults, forget_attachments, seed_defaults

DEPTH = 5
"""Units nested below a root."""
UNITS = 2000
CLOSED_AT_LEAST = 10
"""Accounts that may be closed within 30 days even where a tenth of the members is less."""

UNIT, ACCOUNT, ROOT = "ORGANIZATIONAL_UNIT", "ACCOUNT", "ROOT"
ACCESS_ROLE = "OrganizationAccountAccessRole"
EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")

_EMAILS: set[str] = set()
"""Addresses of accounts, of all organizations and closed ones too: AWS lets no two accounts share one."""


def in_use(account: str) -> Organization:
    """The organization that the account is in; AWSOrganizationsNotInUseException if it is in none."""
    found = model.organization_of(account)
    if found is None:
        raise refusal("AWSOrganizationsNotInUseException")
    return found


def create_organization(account: str, feature_set: str = "ALL", organization_id: str = "", root_id: str = "") -> Organization:
    """Make the account the management account of an organization with nothing else in it; ids are made up unless given."""
    if model.organization_of(account) is not None:
        raise refusal("AlreadyInOrganizationException")
    made = Organization(organization_id or identifier("o", 10), root_id or identifier("r", 4), account, feature_set)
    made.nodes[made.root_id] = Node(made.root_id, ROOT, "Root")
    seed_defaults(made)
    ORGANIZATIONS[made.id] = made
    join(made, account, f"account-{account}", f"aws+{account}@example.com", made.root_id, "INVITED")
    return made


def delete_organization(organization: Organization) -> None:
    """End it; closed accounts count as members until AWS removes them."""
    if any(member.id != organization.management for member in organization.members()):
        raise refusal("OrganizationNotEmptyException")
    del ORGANIZATIONS[organization.id]
    _forget(organization, organization.management)


def undo(organization: Organization) -> None:
    """Take back one that could not be completed, with all its members."""
    ORGANIZATIONS.pop(organization.id, None)
    for held in list(organization.members()):
        _forget(organization, held.id)


def parent(organization: Organization, parent_id: str, code: str = "ParentNotFoundException") -> Node:
    """The root or unit of that id."""
    found = organization.nodes.get(parent_id)
    if found is None or found.kind == ACCOUNT:
        raise refusal(code)
    return found


def unit(organization: Organization, unit_id: str) -> Node:
    """The organizational unit of that id."""
    found = organization.nodes.get(unit_id)
    if found is None or found.kind != UNIT:
        raise refusal("OrganizationalUnitNotFoundException")
    return found


def member(organization: Organization, account: str) -> Member:
    """The account of that number in the organization."""
    found = organization.member(account)
    if found is None:
        raise refusal("AccountNotFoundException")
    return found


def create_unit(
    organization: Organization, parent_id: str, name: str, tags: dict[str, str] | None = None, unit_id: str = ""
) -> Node:
    """A unit below a root or unit: at most five deep, its name once below one parent."""
    above = parent(organization, parent_id)
    if len(organization.path(above.id)) > DEPTH:
        raise violates("OU_DEPTH_LIMIT_EXCEEDED")
    if sum(node.kind == UNIT for node in organization.nodes.values()) >= UNITS:
        raise violates("OU_NUMBER_LIMIT_EXCEEDED")
    _refuse_name(organization, above.id, name)
    made = Node(unit_id or identifier(f"ou-{organization.root_id[2:]}", 8), UNIT, name, above.id, tags or {})
    organization.nodes[made.id] = made
    attach_defaults(organization, made)
    organization.version += 1
    return made


def rename_unit(organization: Organization, unit_id: str, name: str) -> Node:
    """Give a unit another name."""
    found = unit(organization, unit_id)
    if name != found.name:
        _refuse_name(organization, found.parent, name)
        found.name = name
    return found


def _refuse_name(organization: Organization, parent_id: str, name: str) -> None:
    if any(node.name == name for node in organization.children(parent_id, UNIT)):
        raise refusal("DuplicateOrganizationalUnitException")


def delete_unit(organization: Organization, unit_id: str) -> None:
    """Delete a unit in which there is nothing; a closed account is something."""
    found = unit(organization, unit_id)
    if any(node.parent == found.id for node in organization.nodes.values()):
        raise refusal("OrganizationalUnitNotEmptyException")
    forget_attachments(organization, found)
    del organization.nodes[found.id]


def create_account(
    organization: Organization, name: str, email: str, role: str = ACCESS_ROLE, tags: dict[str, str] | None = None
) -> CreationStatus:
    """Create an account under the root, with the role that the management account may assume; the answer says how it went."""
    if not EMAIL.fullmatch(email) or not 6 <= len(email) <= 64:
        raise invalid("You provided an email address that does not match the required pattern.", "INVALID_EMAIL_ADDRESS_TARGET")
    status = CreationStatus(identifier("car", 32), name, "SUCCEEDED")
    organization.statuses[status.id] = status
    if email.lower() in _EMAILS:
        status.state, status.failure = "FAILED", "EMAIL_ALREADY_EXISTS"
    elif sum(1 for _ in organization.members()) >= organization.account_quota:
        del organization.statuses[status.id]
        raise violates("ACCOUNT_NUMBER_LIMIT_EXCEEDED")
    else:
        status.account = model.account_id()
        join(organization, status.account, name, email, organization.root_id, "CREATED", tags)
        _make_role(status.account, organization.management, role or ACCESS_ROLE)
    return status


def join(
    organization: Organization,
    account: str,
    name: str,
    email: str,
    parent_id: str,
    joined_by: str,
    tags: dict[str, str] | None = None,
) -> Member:
    """Take an account in, under the root or a unit."""
    if model.organization_of(account) is not None:
        raise refusal("AlreadyInOrganizationException")
    made = Member(account, ACCOUNT, name, parent(organization, parent_id).id, tags or {}, email=email, joined_by=joined_by)
    organization.nodes[account] = made
    ORGANIZATION_OF[account] = organization
    _EMAILS.add(email.lower())
    attach_defaults(organization, made)
    tell(Membership("joined", organization, account, "", made.parent))
    return made


def _make_role(account: str, management: str, name: str) -> None:
    """The administrator's role of a created account; it trusts the whole management account."""
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{management}:root"}, "Action": "sts:AssumeRole"}
    iam = inside.client("iam", account, "us-east-1")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def move_account(organization: Organization, account: str, source: str, destination: str) -> None:
    """Move an account from the root or unit that it is in to another."""
    found = member(organization, account)
    parent(organization, source, "SourceParentNotFoundException")
    parent(organization, destination, "DestinationParentNotFoundException")
    if found.parent == destination:
        raise refusal("DuplicateAccountException")
    if found.parent != source:
        raise refusal("AccountNotFoundException")
    found.parent = destination
    tell(Membership("moved", organization, account, source, destination))


def close_account(organization: Organization, account: str) -> None:
    """Suspend an account; it stays a member of its unit, and no account of its address can be made."""
    found = member(organization, account)
    if account == organization.management:
        raise violates("CANNOT_CLOSE_MANAGEMENT_ACCOUNT")
    if found.status == "SUSPENDED":
        raise refusal("AccountAlreadyClosedException")
    members = list(organization.members())
    if sum(item.status == "SUSPENDED" for item in members) >= max(CLOSED_AT_LEAST, len(members) // 10):
        raise violates("CLOSE_ACCOUNT_QUOTA_EXCEEDED")
    found.status = "SUSPENDED"
    tell(Membership("closed", organization, account, found.parent, ""))


def remove_account(organization: Organization, account: str) -> None:
    """Let an account leave; one that was created here must have existed for four days, which none in the emulator has."""
    found = member(organization, account)
    if account == organization.management:
        raise refusal("MasterCannotLeaveOrganizationException")
    if organization.delegated.get(account):
        raise violates("CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG")
    if found.joined_by == "CREATED":
        raise violates("WAIT_PERIOD_ACTIVE")
    _forget(organization, account)


def _forget(organization: Organization, account: str) -> None:
    left = organization.nodes.pop(account)
    del ORGANIZATION_OF[account]
    assert isinstance(left, Member)
    if left.status == "ACTIVE":
        _EMAILS.discard(left.email.lower())
    tell(Membership("left", organization, account, left.parent, ""))
