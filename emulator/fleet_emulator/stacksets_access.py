"""Who may operate a stack set, which accounts it means, and in whose name its stacks are made.

Sources: User Guide, "Grant self-managed permissions", "Activate trusted access for stack sets with AWS Organizations" and
"Register a delegated administrator"; messages as users of the service quote them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from moto.core.exceptions import ServiceException

from . import inside, principals
from .authorization import authorize
from .organizations import Organization, accounts_under, is_delegated, is_trusted, organization_of, organization_with
from .stacks_template import refuse
from .stacksets_model import SELF_MANAGED, SERVICE_MANAGED, InvalidOperation, StackSet, activate, activated
from .trust import require_trust

SERVICE = "cloudformation.amazonaws.com"
TRUSTED = "member.org.stacksets.cloudformation.amazonaws.com"
MAX_UNITS = 50
FILTERS = ("NONE", "INTERSECTION", "DIFFERENCE", "UNION")


class CannotDeploy(Exception):
    """Why nothing can be done in one account: the message of the operation's result there."""


def owner(account: str, principal: str | None, call_as: str | None, model: str | None = None) -> str:
    """The account whose stack sets a caller means: for a delegated administrator the management account's.

    ``model`` is that of the set to be made or operated, None where only the place matters.
    """
    organization = organization_of(account)
    if call_as == "DELEGATED_ADMIN":
        if model == SELF_MANAGED:
            raise refuse("A delegated administrator can operate stack sets with SERVICE_MANAGED permissions only")
        may_ask = authorize(principal, "organizations:ListDelegatedAdministrators", "*").allowed
        if organization is None or not may_ask or not is_delegated(account, TRUSTED):
            raise refuse("Account used is not a delegated administrator")
        _require_access(organization)
        return organization.management
    if model == SERVICE_MANAGED:
        if organization is None or organization.management != account:
            raise refuse(
                "You must be the management account or delegated admin account of an organization before operating a "
                "SERVICE_MANAGED stack set"
            )
        _require_access(organization)
    return account


def _require_access(organization: Organization) -> None:
    if access(organization) != "ENABLED":
        raise refuse("You must enable organizations access to operate a service managed stack set")


def access(organization: Organization) -> str:
    """ENABLED once CloudFormation's own operation was called: trusted access enabled by Organizations alone is not enough."""
    on = activated(organization.management) and is_trusted(organization.management, TRUSTED)
    return "ENABLED" if on else "DISABLED"


def switch(account: str, on: bool) -> None:
    """ActivateOrganizationsAccess and DeactivateOrganizationsAccess: the management account's alone."""
    organization = organization_of(account)
    if organization is None:
        raise InvalidOperation("Your account is not a member of an organization")
    if organization.management != account:
        raise InvalidOperation("Only the management account of an organization can change organizations access")
    if on:
        organization.trusted.setdefault(TRUSTED, datetime.now(timezone.utc))
    elif any(TRUSTED in services for services in organization.delegated.values()):
        raise InvalidOperation("Organizations access cannot be deactivated while there are delegated administrators")
    else:
        organization.trusted.pop(TRUSTED, None)
    activate(account, on)


def unit_of(stack_set: StackSet, account: str, units: Sequence[str]) -> str | None:
    """The first of the units that the account is under."""
    if stack_set.model == SELF_MANAGED:
        return None
    return next((unit for unit in units if account in accounts_under(unit)), None)


def accounts_of(stack_set: StackSet, accounts: Sequence[str], targets: Mapping[str, Any] | None, creating: bool) -> list[str]:
    """The accounts that a request means, each once: the management account is never one of a service-managed set's."""
    if targets and targets.get("AccountsUrl"):
        raise NotImplementedError(
            "DeploymentTargets.AccountsUrl is not emulated: list the accounts in DeploymentTargets.Accounts"
        )
    units = list((targets or {}).get("OrganizationalUnitIds") or [])
    named = list((targets or {}).get("Accounts") or [])
    if stack_set.model == SELF_MANAGED:
        if units:
            raise refuse("StackSets with SELF_MANAGED permission model can only have accounts as target")
        if accounts and named:
            raise refuse("You can specify Accounts or DeploymentTargets, but not both.")
        return list(dict.fromkeys([*accounts, *named]))
    if accounts:
        raise refuse("StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target")
    found = _filtered(stack_set, units, named, (targets or {}).get("AccountFilterType"), creating)
    return [account for account in dict.fromkeys(found) if account != stack_set.account]


def _filtered(stack_set: StackSet, units: Sequence[str], named: Sequence[str], kind: str | None, creating: bool) -> list[str]:
    """Units and accounts together as AccountFilterType says. Source: DeploymentTargets in the API Reference."""
    if not units and creating:
        raise refuse("StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target")
    if len(units) > MAX_UNITS:
        raise refuse(f"at most {MAX_UNITS} organizational units are supported in one operation")
    organization = organization_of(stack_set.account)
    for unit in units:
        if organization is None or organization_with(unit) is not organization:
            raise refuse(f"Could not find organizational unit: {unit}")
    below = [account for unit in units for account in accounts_under(unit)]
    chosen = kind or ("UNION" if named else "NONE")
    if chosen not in FILTERS:
        raise refuse(f"AccountFilterType {chosen} is not one of {', '.join(FILTERS)}")
    if chosen == "UNION" and creating:
        raise refuse("AccountFilterType UNION is not supported for CreateStackInstances operations")
    if chosen in ("INTERSECTION", "DIFFERENCE") and not named:
        raise refuse(f"AccountFilterType {chosen} needs Accounts")
    if chosen == "INTERSECTION":
        return [account for account in below if account in named]
    if chosen == "DIFFERENCE":
        return [account for account in below if account not in named]
    return [*below, *named] if chosen == "UNION" else below


def role_for(stack_set: StackSet, account: str) -> str:
    """The role in whose name the stack of an account is made; CannotDeploy if StackSets cannot have it."""
    if stack_set.model == SERVICE_MANAGED:
        return _managed_role(stack_set, account)
    admin = stack_set.admin_role_arn
    try:
        require_trust(admin, SERVICE)
    except ServiceException:
        name = admin.partition(":role/")[2]
        raise CannotDeploy(
            f"Account {stack_set.account} should have '{name}' role with trust relationship to CloudFormation service."
        ) from None
    execution = f"arn:aws:iam::{account}:role/{stack_set.execution_role_name}"
    if not principals.exists(execution) or not authorize(admin, "sts:AssumeRole", execution).allowed:
        raise CannotDeploy(
            f"Account {account} should have '{stack_set.execution_role_name}' role with trust relationship to Role "
            f"'{admin.partition(':role/')[2]}'."
        )
    return execution


def _managed_role(stack_set: StackSet, account: str) -> str:
    """The role that StackSets keeps in each member: an administrator, but not exempt from the organization's policies.

    It stays when the account leaves, so that its stacks can still be deleted.
    """
    name = "stacksets-exec-" + hashlib.sha256(account.encode()).hexdigest()[:32]
    arn = f"arn:aws:iam::{account}:role/{name}"
    if not principals.exists(arn):
        organization = organization_of(account)
        if organization is None or organization.management != stack_set.account:
            raise CannotDeploy(f"Account {account} is not a member of the organization")
        iam = inside.client("iam", account, "us-east-1")
        trust = {"Effect": "Allow", "Principal": {"Service": TRUSTED}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
        iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    return arn


def status(account: str, principal: str | None, call_as: str | None) -> str:
    """DescribeOrganizationsAccess: of the management account, or of a delegated administrator who says so."""
    organization = organization_of(account)
    if organization is None:
        raise InvalidOperation("Your account is not a member of an organization")
    if call_as == "DELEGATED_ADMIN":
        owner(account, principal, call_as)
    elif organization.management != account:
        raise InvalidOperation("Only the management account of an organization can see organizations access")
    return access(organization)
