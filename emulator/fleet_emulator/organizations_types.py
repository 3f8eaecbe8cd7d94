"""Organizations' CloudFormation types, held by the same organization that the API shows.

Deleting an account closes it: it stays in its unit, suspended, and its address stays taken.
Source: CloudFormation template reference, AWS::Organizations, and the types' registry schemas.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import ServiceException

from . import organizations_policies as policies
from . import organizations_tree as tree
from . import singletons
from .organizations_api import set_resource_policy, tags_of
from .organizations_delegation import management
from .organizations_errors import Refused, refusal
from .organizations_model import Member, Organization, organization_of
from .resource_types import Operation, Properties, Resource, define, made

PREFIX = "AWS::Organizations::"


def register() -> None:
    """Define the types."""
    define(
        PREFIX + "Organization",
        create=_organization,
        delete=lambda o, r: tree.delete_organization(tree.in_use(o.account)),
        attributes=_organization_attributes,
        exists=lambda r: _held(r) is not None,
    )
    define(
        PREFIX + "OrganizationalUnit",
        create=_unit,
        update=_update_unit,
        delete=lambda o, r: tree.delete_unit(_manager(o, "DeleteOrganizationalUnit"), r.physical_resource_id),
        attributes=_unit_attributes,
        exists=_in_tree,
    )
    define(
        PREFIX + "Account",
        create=_account,
        update=_update_account,
        delete=_close_account,
        attributes=_account_attributes,
        exists=_in_tree,
    )
    define(
        PREFIX + "Policy",
        create=_policy,
        update=_update_policy,
        delete=_delete_policy,
        attributes=_policy_attributes,
        exists=_has_policy,
    )
    define(
        PREFIX + "ResourcePolicy",
        create=_resource_policy,
        update=_update_resource_policy,
        delete=_delete_resource_policy,
        attributes=_resource_policy_attributes,
    )
    singletons.OUTSIDE[PREFIX + "Organization"] = lambda account, _: organization_of(account) is not None


def _manager(operation: Operation, name: str) -> Organization:
    return management(operation.account, name)


def _held(resource: Resource) -> Organization | None:
    return organization_of(resource.account)


def _in_tree(resource: Resource) -> bool:
    held = _held(resource)
    return held is not None and resource.physical_resource_id in held.nodes


def _has_policy(resource: Resource) -> bool:
    held = _held(resource)
    return held is not None and resource.physical_resource_id in held.policies


def _organization(operation: Operation, p: Properties) -> Resource:
    item = tree.create_organization(operation.account, p.get("FeatureSet") or "ALL")
    return made(PREFIX + "Organization", operation, p, item.id, item)


def _organization_attributes(resource: Resource) -> dict[str, Any]:
    item: Organization = resource.state
    manager = item.nodes[item.management]
    assert isinstance(manager, Member)
    return {
        "Id": item.id,
        "Arn": item.arn(item.id),
        "RootId": item.root_id,
        "ManagementAccountArn": item.arn(item.management),
        "ManagementAccountId": item.management,
        "ManagementAccountEmail": manager.email,
    }


def _unit(operation: Operation, p: Properties) -> Resource:
    held = _manager(operation, "CreateOrganizationalUnit")
    item = tree.create_unit(held, p["ParentId"], p["Name"], tags_of(p.get("Tags")))
    return made(PREFIX + "OrganizationalUnit", operation, p, item.id, held)


def _update_unit(operation: Operation, resource: Resource, p: Properties) -> None:
    held = _manager(operation, "UpdateOrganizationalUnit")
    tree.rename_unit(held, resource.physical_resource_id, p["Name"]).tags = tags_of(p.get("Tags"))


def _unit_attributes(resource: Resource) -> dict[str, Any]:
    held: Organization = resource.state
    found = resource.physical_resource_id
    return {"Id": found, "Arn": held.arn(found), "Path": held.path_text(found)}


def _account(operation: Operation, p: Properties) -> Resource:
    held = _manager(operation, "CreateAccount")
    parents = p.get("ParentIds") or [held.root_id]
    tree.parent(held, parents[0], "DestinationParentNotFoundException")  # before an account exists that could only be closed
    role = p.get("RoleName") or tree.ACCESS_ROLE
    status = tree.create_account(held, p["AccountName"], p["Email"], role, tags_of(p.get("Tags")))
    if status.state == "FAILED":
        raise Refused("AlreadyExists", f"Account creation failed with reason: {status.failure}")
    if parents[0] != held.root_id:
        tree.move_account(held, status.account, held.root_id, parents[0])
    return made(PREFIX + "Account", operation, p, status.account, held)


def _update_account(operation: Operation, resource: Resource, p: Properties) -> None:
    held = _manager(operation, "MoveAccount")
    item = tree.member(held, resource.physical_resource_id)
    if p["AccountName"] != item.name or p["Email"] != item.email:
        raise Refused("NotUpdatable", "You cannot update the AccountName or Email of an account.")
    wanted = (p.get("ParentIds") or [held.root_id])[0]
    if wanted != item.parent:
        tree.move_account(held, item.id, item.parent, wanted)
    item.tags = tags_of(p.get("Tags"))


def _close_account(operation: Operation, resource: Resource) -> None:
    tree.close_account(_manager(operation, "CloseAccount"), resource.physical_resource_id)


def _account_attributes(resource: Resource) -> dict[str, Any]:
    held: Organization = resource.state
    item = tree.member(held, resource.physical_resource_id)
    return {
        "AccountId": item.id,
        "Arn": held.arn(item.id),
        "JoinedMethod": item.joined_by,
        "JoinedTimestamp": item.joined.isoformat(),
        "Status": item.status,
        "State": item.status,
        "Paths": [held.path_text(item.id)],
    }


def _content(p: Properties) -> str:
    """An object is written as compact JSON, as CloudFormation does before it calls the service."""
    content = p["Content"]
    return content if isinstance(content, str) else json.dumps(content, separators=(",", ":"))


def _policy(operation: Operation, p: Properties) -> Resource:
    held = _manager(operation, "CreatePolicy")
    item = policies.create_policy(held, p["Type"], p["Name"], _content(p), p.get("Description") or "", tags_of(p.get("Tags")))
    try:
        for target_id in p.get("TargetIds") or []:
            policies.attach(held, item.id, target_id)
    except ServiceException:
        _remove(held, item.id)
        raise
    return made(PREFIX + "Policy", operation, p, item.id, held)


def _update_policy(operation: Operation, resource: Resource, p: Properties) -> None:
    held, found = _manager(operation, "UpdatePolicy"), resource.physical_resource_id
    item = policies.update_policy(held, found, p["Name"], _content(p), p.get("Description") or "")
    attached = [node.id for node in policies.targets(held, found)]
    wanted = p.get("TargetIds") or []
    for target_id in wanted:
        if target_id not in attached:
            policies.attach(held, found, target_id)
    for target_id in attached:
        if target_id not in wanted:
            policies.detach(held, found, target_id)
    item.tags = tags_of(p.get("Tags"))


def _delete_policy(operation: Operation, resource: Resource) -> None:
    _remove(_manager(operation, "DeletePolicy"), resource.physical_resource_id)


def _remove(held: Organization, policy_id: str) -> None:
    for node in policies.targets(held, policy_id):
        policies.detach(held, policy_id, node.id)
    policies.delete_policy(held, policy_id)


def _policy_attributes(resource: Resource) -> dict[str, Any]:
    held: Organization = resource.state
    item = policies.policy(held, resource.physical_resource_id)
    return {"Id": item.id, "Arn": held.policy_arn(item), "AwsManaged": item.aws_managed}


def _resource_policy(operation: Operation, p: Properties) -> Resource:
    held = _manager(operation, "PutResourcePolicy")
    if held.resource_policy is not None:
        raise Refused("AlreadyExists", "The organization has a resource policy already.")
    item = set_resource_policy(held, _content(p), tags_of(p.get("Tags")))
    return made(PREFIX + "ResourcePolicy", operation, p, item.id, held)


def _update_resource_policy(operation: Operation, resource: Resource, p: Properties) -> None:
    set_resource_policy(_manager(operation, "PutResourcePolicy"), _content(p), tags_of(p.get("Tags")))


def _delete_resource_policy(operation: Operation, resource: Resource) -> None:
    held = _manager(operation, "DeleteResourcePolicy")
    if held.resource_policy is None:
        raise refusal("ResourcePolicyNotFoundException")
    held.resource_policy = None


def _resource_policy_attributes(resource: Resource) -> dict[str, Any]:
    held: Organization = resource.state
    found = resource.physical_resource_id
    return {"Id": found, "Arn": held.arn(found)}
