"""IAM's types, held by moto's IAM: roles, policies, users, groups and instance profiles.

moto's own versions drop managed policies, tags and boundaries on update, and cannot delete a managed policy; what a role may
do decides everything here, so these are made by the calls that AWS's handlers make.
"""

from __future__ import annotations

import json
from typing import Any

from . import inside
from .principals import backend
from .resource_types import Operation, Properties, Resource, define, made


def _iam(operation: Operation) -> Any:
    return inside.client("iam", operation.account, "us-east-1")


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _given(properties: Properties, *names: str) -> dict[str, Any]:
    return {name: properties[name] for name in names if properties.get(name) not in (None, "", [])}


def _tags(wanted: Properties, held: Properties) -> tuple[list[dict[str, str]], list[str]]:
    new = wanted.get("Tags") or []
    keys = {tag["Key"] for tag in new}
    return new, [tag["Key"] for tag in held.get("Tags") or [] if tag["Key"] not in keys]


class _Identity:
    """What roles, users and groups have in common: the calls differ by the word in their names."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.lower = kind.lower()
        self.name_property = f"{kind}Name"

    def call(self, operation: Operation, verb: str, name: str, what: str = "", **arguments: Any) -> Any:
        """For example put_role_policy(RoleName=name, ...)."""
        method = f"{verb}_{self.lower}{'_' + what if what else ''}"
        return getattr(_iam(operation), method)(**{self.name_property: name}, **arguments)

    def set_policies(self, operation: Operation, name: str, wanted: Properties, held: Properties) -> None:
        """Make inline and attached policies what is wanted."""
        inline = {policy["PolicyName"]: policy["PolicyDocument"] for policy in wanted.get("Policies") or []}
        for policy in held.get("Policies") or []:
            if policy["PolicyName"] not in inline:
                self.call(operation, "delete", name, "policy", PolicyName=policy["PolicyName"])
        for policy_name, document in inline.items():
            self.call(operation, "put", name, "policy", PolicyName=policy_name, PolicyDocument=_text(document))
        attached, before = set(wanted.get("ManagedPolicyArns") or []), set(held.get("ManagedPolicyArns") or [])
        for arn in sorted(attached - before):
            self.call(operation, "attach", name, "policy", PolicyArn=arn)
        for arn in sorted(before - attached):
            self.call(operation, "detach", name, "policy", PolicyArn=arn)

    def delete(self, operation: Operation, resource: Resource) -> None:
        """Remove everything that hangs on it by this resource's doing, then itself, as the handler does."""
        name = resource.physical_resource_id
        self.set_policies(operation, name, {}, resource.properties)
        self.call(operation, "delete", name)


ROLE, USER, GROUP = _Identity("Role"), _Identity("User"), _Identity("Group")


def _create_role(operation: Operation, properties: Properties) -> Resource:
    name = properties.setdefault("RoleName", operation.generated_name[-64:].lstrip("-"))
    role = _iam(operation).create_role(
        RoleName=name,
        AssumeRolePolicyDocument=_text(properties["AssumeRolePolicyDocument"]),
        **_given(properties, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags"),
    )["Role"]
    try:
        ROLE.set_policies(operation, name, properties, {})
    except Exception:
        _undo_role(operation, name)
        raise
    return made("AWS::IAM::Role", operation, properties, name, Arn=role["Arn"], RoleId=role["RoleId"])


def _undo_role(operation: Operation, name: str) -> None:
    iam = _iam(operation)
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    iam.delete_role(RoleName=name)


def _update_role(operation: Operation, resource: Resource, properties: Properties) -> None:
    iam, name, held = _iam(operation), resource.physical_resource_id, resource.properties
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=_text(properties["AssumeRolePolicyDocument"]))
    iam.update_role(
        RoleName=name,
        Description=properties.get("Description", ""),
        MaxSessionDuration=properties.get("MaxSessionDuration", 3600),
    )
    boundary = properties.get("PermissionsBoundary")
    if boundary:
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    elif held.get("PermissionsBoundary"):
        iam.delete_role_permissions_boundary(RoleName=name)
    new, gone = _tags(properties, held)
    if gone:
        iam.untag_role(RoleName=name, TagKeys=gone)
    if new:
        iam.tag_role(RoleName=name, Tags=new)
    ROLE.set_policies(operation, name, properties, held)


def _create_user(operation: Operation, properties: Properties) -> Resource:
    name = properties.setdefault("UserName", operation.generated_name[-64:].lstrip("-"))
    user = _iam(operation).create_user(UserName=name, **_given(properties, "Path", "PermissionsBoundary", "Tags"))["User"]
    USER.set_policies(operation, name, properties, {})
    for group in properties.get("Groups") or []:
        _iam(operation).add_user_to_group(UserName=name, GroupName=group)
    return made("AWS::IAM::User", operation, properties, name, Arn=user["Arn"])


def _update_user(operation: Operation, resource: Resource, properties: Properties) -> None:
    USER.set_policies(operation, resource.physical_resource_id, properties, resource.properties)


def _delete_user(operation: Operation, resource: Resource) -> None:
    for group in resource.properties.get("Groups") or []:
        _iam(operation).remove_user_from_group(UserName=resource.physical_resource_id, GroupName=group)
    USER.delete(operation, resource)


def _create_group(operation: Operation, properties: Properties) -> Resource:
    name = properties.setdefault("GroupName", operation.generated_name[-128:].lstrip("-"))
    group = _iam(operation).create_group(GroupName=name, **_given(properties, "Path"))["Group"]
    GROUP.set_policies(operation, name, properties, {})
    return made("AWS::IAM::Group", operation, properties, name, Arn=group["Arn"])


def _update_group(operation: Operation, resource: Resource, properties: Properties) -> None:
    GROUP.set_policies(operation, resource.physical_resource_id, properties, resource.properties)


def _targets(properties: Properties) -> list[tuple[_Identity, str]]:
    kinds = (("Roles", ROLE), ("Users", USER), ("Groups", GROUP))
    return [(identity, name) for key, identity in kinds for name in properties.get(key) or []]


def _create_managed_policy(operation: Operation, properties: Properties) -> Resource:
    name = properties.setdefault("ManagedPolicyName", operation.generated_name[-128:].lstrip("-"))
    policy = _iam(operation).create_policy(
        PolicyName=name,
        PolicyDocument=_text(properties["PolicyDocument"]),
        **_given(properties, "Path", "Description", "Tags"),
    )["Policy"]
    for identity, target in _targets(properties):
        identity.call(operation, "attach", target, "policy", PolicyArn=policy["Arn"])
    return made(
        "AWS::IAM::ManagedPolicy", operation, properties, policy["Arn"], PolicyArn=policy["Arn"], PolicyId=policy["PolicyId"]
    )


def _update_managed_policy(operation: Operation, resource: Resource, properties: Properties) -> None:
    iam, arn = _iam(operation), resource.physical_resource_id
    if properties["PolicyDocument"] != resource.properties["PolicyDocument"]:
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= 5:
            oldest = next(version for version in versions if not version["IsDefaultVersion"])
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=_text(properties["PolicyDocument"]), SetAsDefault=True)
    wanted, held = _targets(properties), _targets(resource.properties)
    for identity, target in wanted:
        if (identity, target) not in held:
            identity.call(operation, "attach", target, "policy", PolicyArn=arn)
    for identity, target in held:
        if (identity, target) not in wanted:
            identity.call(operation, "detach", target, "policy", PolicyArn=arn)


def _delete_managed_policy(operation: Operation, resource: Resource) -> None:
    iam, arn = _iam(operation), resource.physical_resource_id
    for identity, target in _targets(resource.properties):
        _quietly(identity, operation, "detach", target, PolicyArn=arn)
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


def _quietly(identity: _Identity, operation: Operation, verb: str, target: str, **arguments: Any) -> None:
    """A role that is gone has taken its policies with it."""
    try:
        identity.call(operation, verb, target, "policy", **arguments)
    except _iam(operation).exceptions.NoSuchEntityException:
        pass


def _create_policy(operation: Operation, properties: Properties) -> Resource:
    for identity, target in _targets(properties):
        identity.call(
            operation, "put", target, "policy",
            PolicyName=properties["PolicyName"], PolicyDocument=_text(properties["PolicyDocument"]),
        )  # fmt: skip
    identifier = operation.generated_name or operation.logical_id
    return made("AWS::IAM::Policy", operation, properties, identifier, Id=identifier)


def _update_policy(operation: Operation, resource: Resource, properties: Properties) -> None:
    held = resource.properties
    for identity, target in _targets(held):
        if (identity, target) not in _targets(properties) or held["PolicyName"] != properties["PolicyName"]:
            _quietly(identity, operation, "delete", target, PolicyName=held["PolicyName"])
    for identity, target in _targets(properties):
        identity.call(
            operation, "put", target, "policy",
            PolicyName=properties["PolicyName"], PolicyDocument=_text(properties["PolicyDocument"]),
        )  # fmt: skip


def _delete_policy(operation: Operation, resource: Resource) -> None:
    for identity, target in _targets(resource.properties):
        _quietly(identity, operation, "delete", target, PolicyName=resource.properties["PolicyName"])


def _one_policy(identity: _Identity) -> None:
    """AWS::IAM::RolePolicy and its likes: one inline policy of one role, user or group."""
    type_name, owner = f"AWS::IAM::{identity.kind}Policy", identity.name_property

    def put(operation: Operation, properties: Properties) -> None:
        document = _text(properties.get("PolicyDocument", {}))
        identity.call(operation, "put", properties[owner], "policy", PolicyName=properties["PolicyName"], PolicyDocument=document)

    def create(operation: Operation, properties: Properties) -> Resource:
        put(operation, properties)
        return made(type_name, operation, properties, f"{properties['PolicyName']}|{properties[owner]}")

    def update(operation: Operation, resource: Resource, properties: Properties) -> None:
        put(operation, properties)

    def delete(operation: Operation, resource: Resource) -> None:
        _quietly(identity, operation, "delete", resource.properties[owner], PolicyName=resource.properties["PolicyName"])

    define(type_name, create=create, update=update, delete=delete)


def _create_instance_profile(operation: Operation, properties: Properties) -> Resource:
    iam = _iam(operation)
    name = properties.setdefault("InstanceProfileName", operation.generated_name[-128:].lstrip("-"))
    profile = iam.create_instance_profile(InstanceProfileName=name, **_given(properties, "Path"))["InstanceProfile"]
    for role in properties["Roles"]:
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    return made("AWS::IAM::InstanceProfile", operation, properties, name, Arn=profile["Arn"])


def _update_instance_profile(operation: Operation, resource: Resource, properties: Properties) -> None:
    iam, name = _iam(operation), resource.physical_resource_id
    for role in resource.properties["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    for role in properties["Roles"]:
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)


def _delete_instance_profile(operation: Operation, resource: Resource) -> None:
    iam, name = _iam(operation), resource.physical_resource_id
    for role in resource.properties["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    iam.delete_instance_profile(InstanceProfileName=name)


def _create_service_linked_role(operation: Operation, properties: Properties) -> Resource:
    service = properties["AWSServiceName"]
    role = _iam(operation).create_service_linked_role(
        AWSServiceName=service, **_given(properties, "Description", "CustomSuffix")
    )["Role"]
    return made("AWS::IAM::ServiceLinkedRole", operation, properties, role["RoleName"], RoleName=role["RoleName"])


def _delete_service_linked_role(operation: Operation, resource: Resource) -> None:
    _iam(operation).delete_service_linked_role(RoleName=resource.physical_resource_id)


def register() -> None:
    """Define IAM's types."""
    define(
        "AWS::IAM::Role",
        create=_create_role,
        update=_update_role,
        delete=ROLE.delete,
        exists=lambda r: any(role.name == r.physical_resource_id for role in backend(r.account).roles.values()),
    )
    define(
        "AWS::IAM::User",
        create=_create_user,
        update=_update_user,
        delete=_delete_user,
        exists=lambda r: r.physical_resource_id in backend(r.account).users,
    )
    define("AWS::IAM::Group", create=_create_group, update=_update_group, delete=GROUP.delete)
    define(
        "AWS::IAM::ManagedPolicy",
        create=_create_managed_policy,
        update=_update_managed_policy,
        delete=_delete_managed_policy,
        exists=lambda r: r.physical_resource_id in backend(r.account).managed_policies,
    )
    define("AWS::IAM::Policy", create=_create_policy, update=_update_policy, delete=_delete_policy)
    for identity in (ROLE, USER, GROUP):
        _one_policy(identity)
    define(
        "AWS::IAM::InstanceProfile",
        create=_create_instance_profile,
        update=_update_instance_profile,
        delete=_delete_instance_profile,
    )
    define("AWS::IAM::ServiceLinkedRole", create=_create_service_linked_role, delete=_delete_service_linked_role)
