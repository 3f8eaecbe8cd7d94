"""What only an organization's management account, or whoever it appointed for the service, may have; and who may be appointed.

Sources: CloudTrail API reference, CreateTrail (OrganizationsNotInUseException, NotOrganizationMasterAccountException,
CloudTrailAccessNotEnabledException); IAM user guide, "Delegated administrator for IAM Access Analyzer"; Security Hub and
Detective API references, EnableOrganizationAdminAccount ("can be called only by the organization management account").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .organizations_model import is_delegated, organization_of

Refusal = tuple[str, str]
"""The word of CloudFormation's handler and the message of the service."""


def refusal(account: str, type_name: str, properties: Mapping[str, Any]) -> Refusal | None:
    """Why the account may not have a resource of the type; None if it may."""
    rule = RULES.get(type_name)
    return rule(account, properties) if rule is not None else None


def trail_refusal(account: str) -> tuple[str, str] | None:
    """Why the account may not have a trail of its whole organization: CloudTrail's error code and message."""
    held = organization_of(account)
    if held is None:
        return "OrganizationsNotInUseException", f"Account {account} is not a member of an organization in Organizations."
    if "cloudtrail.amazonaws.com" not in held.trusted:
        message = "Trusted access has not been enabled between CloudTrail and Organizations."
        return "CloudTrailAccessNotEnabledException", message
    if not _speaks(account, "cloudtrail.amazonaws.com"):
        message = f"Account {account} is not the management account for an organization in Organizations."
        return "NotOrganizationMasterAccountException", message
    return None


def _speaks(account: str, service: str) -> bool:
    held = organization_of(account)
    return held is not None and (held.management == account or is_delegated(account, service))


def _trail(account: str, properties: Mapping[str, Any]) -> Refusal | None:
    found = trail_refusal(account) if properties.get("IsOrganizationTrail") is True else None
    return found and ("AccessDenied", f"{found[1]} (Service: CloudTrail, Status Code: 400, Error Code: {found[0]})")


def _analyzer(account: str, properties: Mapping[str, Any]) -> Refusal | None:
    kind = str(properties.get("Type", ""))
    if not kind.startswith("ORGANIZATION") or _speaks(account, "access-analyzer.amazonaws.com"):
        return None
    message = (
        f"An analyzer of type {kind} is made by the management account of an organization or by its delegated administrator for "
        f"IAM Access Analyzer, and {account} is neither. (Service: AccessAnalyzer, Status Code: 403)"
    )
    return "AccessDenied", message


def _administrator(name: str, service: str) -> Callable[[str, Mapping[str, Any]], Refusal | None]:
    def rule(account: str, properties: Mapping[str, Any]) -> Refusal | None:
        held = organization_of(account)
        administrator = str(properties[name])
        if held is None or held.management != account:
            message = f"The account {account} is not the management account of an organization"
        elif held.member(administrator) is None:
            message = f"The request was rejected because the account {administrator} is not a member of organization {held.id}."
        else:
            return None
        return "InvalidRequest", f"{message} (Service: {service}, Status Code: 400)"

    return rule


RULES: dict[str, Callable[[str, Mapping[str, Any]], Refusal | None]] = {
    "AWS::AccessAnalyzer::Analyzer": _analyzer,
    "AWS::CloudTrail::Trail": _trail,
    "AWS::Detective::OrganizationAdmin": _administrator("AccountId", "Detective"),
    "AWS::SecurityHub::DelegatedAdmin": _administrator("AdminAccountId", "SecurityHub"),
}
