"""Who may speak for an organization: its management account, delegated administrators, and the services that it trusts.

Sources: Organizations API reference ("This operation can be called only from ...") and user guide, "AWS services that you can
use with AWS Organizations", "Delegated administrator for AWS Organizations".
"""

from __future__ import annotations

import re
from datetime import datetime, timezone

from moto.organizations.models import FakeServiceAccess

from .authorization import caller
from .organizations_errors import invalid, refusal, violates
from .organizations_model import Organization
from .organizations_tree import in_use, member
from .policies import Effect, Policy, Question, decide, load

TRUSTED = frozenset(FakeServiceAccess.TRUSTED_SERVICES) | frozenset(
    f"{name}.amazonaws.com"
    for name in """
    bedrock billing-cost-management chatbot cost-optimization-hub.bcm ec2 iam malware-protection.guardduty networkmanager
    notifications observabilityadmin resource-explorer-2 security-ir user-subscriptions
    """.split()
)
"""Services that work with Organizations: those that moto lists, and newer ones."""

DELEGABLE_POLICY_OPERATIONS = re.compile(
    r"(Create|Update|Delete|Attach|Detach)Policy|(Enable|Disable)PolicyType|(Tag|Untag)Resource|(List|Describe).*"
)
"""What a resource policy of the organization may let a member account do."""


def management(account: str, operation: str) -> Organization:
    """The organization, if the account may change it: as its management account, or as its resource policy says."""
    organization = in_use(account)
    if account != organization.management and not _permitted(organization, account, operation):
        raise refusal("AccessDeniedException")
    return organization


def reader(account: str, operation: str) -> Organization:
    """The organization, if the account may look into it: delegated administrators of any service may."""
    organization = in_use(account)
    if account == organization.management or organization.delegated.get(account):
        return organization
    return management(account, operation)


def _permitted(organization: Organization, account: str, operation: str) -> bool:
    held = organization.resource_policy
    if held is None or not DELEGABLE_POLICY_OPERATIONS.fullmatch(operation):
        return False
    who = caller()
    names = {f"arn:aws:iam::{account}:root", *({who.arn, who.session_arn} if who is not None else ())}
    question = Question(
        f"organizations:{operation}",
        f"arn:aws:organizations::{organization.management}:*",
        {},
        names=frozenset(name for name in names if name),
        account=account,
        unnamed=True,
    )
    answer = decide([Policy(load(held.content), held.id, "resource-based policy")], question, with_principal=True)
    return answer.effect is Effect.ALLOW


def trust(organization: Organization, service: str) -> None:
    """Let a service work in all accounts; once more changes nothing."""
    organization.trusted.setdefault(_known(service), datetime.now(timezone.utc))


def distrust(organization: Organization, service: str) -> None:
    """End trusted access."""
    organization.trusted.pop(_known(service), None)


def delegate(organization: Organization, account: str, service: str) -> None:
    """Make a member account administrator for a service that is trusted."""
    _known(service)
    if account == organization.management:
        raise violates("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR")
    if member(organization, account).status != "ACTIVE":
        raise violates("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR")
    if service not in organization.trusted:
        raise violates("SERVICE_ACCESS_NOT_ENABLED")
    held = organization.delegated.setdefault(account, {})
    if service in held:
        raise refusal("AccountAlreadyRegisteredException")
    held[service] = datetime.now(timezone.utc)


def end_delegation(organization: Organization, account: str, service: str) -> None:
    """Take the administration of a service from an account."""
    _known(service)
    held = organization.delegated.get(member(organization, account).id, {})
    if service not in held:
        raise refusal("AccountNotRegisteredException")
    del held[service]
    if not held:
        del organization.delegated[account]


def _known(service: str) -> str:
    if service not in TRUSTED:
        raise invalid("You specified an unrecognized service principal.", "UNRECOGNIZED_SERVICE_PRINCIPAL")
    return service
