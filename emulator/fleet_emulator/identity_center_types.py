"""Permission sets of IAM Identity Center and their assignments, held by moto's own API.

moto does not ask whether the instance exists: a rehearsal cannot know the id of the one that it would have.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ssoadmin.models import PermissionSet

from . import inside
from .resource_types import Operation, Properties, Resource, define, made

SET, ASSIGNMENT = "AWS::SSO::PermissionSet", "AWS::SSO::Assignment"


def _arn(instance_arn: str) -> str:
    instance = instance_arn.rpartition("/")[2]
    return f"arn:aws:sso:::permissionSet/{instance}/ps-{secrets.token_hex(8)}"


def _sso(operation: Operation) -> Any:
    return inside.client("sso-admin", operation.account, operation.region)


def _described(properties: Properties) -> dict[str, Any]:
    names = {"Description": "Description", "SessionDuration": "SessionDuration", "RelayStateType": "RelayState"}
    return {api: properties[name] for name, api in names.items() if properties.get(name)}


def _create_set(operation: Operation, properties: Properties) -> Resource:
    sso, instance = _sso(operation), properties["InstanceArn"]
    held = sso.list_permission_sets(InstanceArn=instance)["PermissionSets"]
    for arn in held:
        described = sso.describe_permission_set(InstanceArn=instance, PermissionSetArn=arn)["PermissionSet"]
        if described["Name"] == properties["Name"]:
            raise _Taken(f"PermissionSet with name {properties['Name']} already exists.")
    made_set = sso.create_permission_set(
        Name=properties["Name"], InstanceArn=instance, Tags=properties.get("Tags") or [], **_described(properties)
    )["PermissionSet"]
    arn = made_set["PermissionSetArn"]
    _attach(sso, instance, arn, {}, properties)
    return made(SET, operation, properties, f"{instance}|{arn}", PermissionSetArn=arn)


class _Taken(ServiceException):
    code = "ConflictException"


def _attach(sso: Any, instance: str, arn: str, before: Properties, now: Properties) -> None:
    """Bring inline, managed and customer managed policies from what they were to what is wanted."""
    place = {"InstanceArn": instance, "PermissionSetArn": arn}
    inline = now.get("InlinePolicy")
    if inline:
        sso.put_inline_policy_to_permission_set(**place, InlinePolicy=inline if isinstance(inline, str) else json.dumps(inline))
    elif before.get("InlinePolicy"):
        sso.delete_inline_policy_from_permission_set(**place)
    old, new = before.get("ManagedPolicies") or [], now.get("ManagedPolicies") or []
    for policy in [item for item in old if item not in new]:
        sso.detach_managed_policy_from_permission_set(**place, ManagedPolicyArn=policy)
    for policy in [item for item in new if item not in old]:
        sso.attach_managed_policy_to_permission_set(**place, ManagedPolicyArn=policy)
    old, new = before.get("CustomerManagedPolicyReferences") or [], now.get("CustomerManagedPolicyReferences") or []
    for reference in [item for item in old if item not in new]:
        sso.detach_customer_managed_policy_reference_from_permission_set(**place, CustomerManagedPolicyReference=reference)
    for reference in [item for item in new if item not in old]:
        sso.attach_customer_managed_policy_reference_to_permission_set(**place, CustomerManagedPolicyReference=reference)


def _update_set(operation: Operation, resource: Resource, properties: Properties) -> None:
    sso, instance, arn = _sso(operation), properties["InstanceArn"], resource.attributes["PermissionSetArn"]
    sso.update_permission_set(InstanceArn=instance, PermissionSetArn=arn, **_described(properties))
    _attach(sso, instance, arn, resource.properties, properties)


def _delete_set(operation: Operation, resource: Resource) -> None:
    _sso(operation).delete_permission_set(
        InstanceArn=resource.properties["InstanceArn"], PermissionSetArn=resource.attributes["PermissionSetArn"]
    )


def _create_assignment(operation: Operation, properties: Properties) -> Resource:
    names = ("InstanceArn", "TargetId", "TargetType", "PermissionSetArn", "PrincipalType", "PrincipalId")
    arguments = {name: properties[name] for name in names}
    _sso(operation).create_account_assignment(**arguments)
    return made(ASSIGNMENT, operation, properties, "|".join(arguments.values()), state=arguments)


def _delete_assignment(operation: Operation, resource: Resource) -> None:
    _sso(operation).delete_account_assignment(**resource.state)


def register() -> None:
    """Define the types, and give permission sets ARNs of the form that AWS gives them."""
    PermissionSet.generate_id = staticmethod(_arn)  # type: ignore[method-assign]
    define(SET, create=_create_set, update=_update_set, delete=_delete_set)
    define(ASSIGNMENT, create=_create_assignment, delete=_delete_assignment)
