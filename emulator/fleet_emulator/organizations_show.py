"""Organizations' answers: its objects in the shapes of the API, and lists in pages."""

from __future__ import annotations

from typing import Any

from .organizations_errors import invalid
from .organizations_model import CreationStatus, Member, Node, Organization, OrganizationPolicy
from .organizations_policies import SCP

Shown = dict[str, Any]


def organization(held: Organization) -> Shown:
    """The Organization shape; AvailablePolicyTypes is obsolete and always the same."""
    manager = held.nodes[held.management]
    assert isinstance(manager, Member)
    return {
        "Id": held.id,
        "Arn": held.arn(held.id),
        "FeatureSet": held.feature_set,
        "MasterAccountArn": held.arn(held.management),
        "MasterAccountId": held.management,
        "MasterAccountEmail": manager.email,
        "AvailablePolicyTypes": [{"Type": SCP, "Status": "ENABLED"}],
    }


def root(held: Organization) -> Shown:
    """The Root shape."""
    types = [{"Type": kind, "Status": "ENABLED"} for kind in held.enabled_types]
    return {"Id": held.root_id, "Arn": held.arn(held.root_id), "Name": "Root", "PolicyTypes": types}


def unit(held: Organization, node: Node) -> Shown:
    """The OrganizationalUnit shape."""
    return {"Id": node.id, "Arn": held.arn(node.id), "Name": node.name, "Path": held.path_text(node.id)}


def account(held: Organization, node: Member) -> Shown:
    """The Account shape."""
    return {
        "Id": node.id,
        "Arn": held.arn(node.id),
        "Email": node.email,
        "Name": node.name,
        "Status": node.status,
        "State": node.status,
        "Paths": [held.path_text(node.id)],
        "JoinedMethod": node.joined_by,
        "JoinedTimestamp": node.joined,
    }


def status(item: CreationStatus) -> Shown:
    """The CreateAccountStatus shape."""
    shown: Shown = {
        "Id": item.id,
        "AccountName": item.name,
        "State": item.state,
        "RequestedTimestamp": item.requested,
        "CompletedTimestamp": item.requested,
    }
    if item.account:
        shown["AccountId"] = item.account
    if item.failure:
        shown["FailureReason"] = item.failure
    return shown


def summary(held: Organization, item: OrganizationPolicy) -> Shown:
    """The PolicySummary shape."""
    return {
        "Id": item.id,
        "Arn": held.policy_arn(item),
        "Name": item.name,
        "Description": item.description,
        "Type": item.type,
        "AwsManaged": item.aws_managed,
    }


def policy(held: Organization, item: OrganizationPolicy) -> Shown:
    """The Policy shape."""
    return {"Policy": {"PolicySummary": summary(held, item), "Content": item.content}}


def resource_policy(held: Organization, item: OrganizationPolicy) -> Shown:
    """The ResourcePolicy shape."""
    shown = {"Id": item.id, "Arn": held.arn(item.id)}
    return {"ResourcePolicy": {"ResourcePolicySummary": shown, "Content": item.content}}


def paged(key: str, items: list[Shown], parameters: Shown) -> Shown:
    """One page of a list: at most MaxResults (20 without) from NextToken on."""
    try:
        start = int(parameters.get("NextToken") or 0)
    except ValueError:
        raise invalid("You specified an invalid next token.", "INVALID_NEXT_TOKEN") from None
    end = start + int(parameters.get("MaxResults") or 20)
    return {key: items[start:end], **({"NextToken": str(end)} if end < len(items) else {})}
