"""Which of the actions that a schema lists a handler really calls for given properties.

A schema lists whatever the handler may ever call. What it calls for certain is the operation on the resource itself
(CreateRole, GetRole, DeleteRole) and, for each property that is set or changed, the operation that sets it
(PutBucketVersioning for VersioningConfiguration). Where the operation's name does not tell its property, ``CALLED_FOR`` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .registry import TypeSchema

_VERBS = re.compile(
    r"^(Create|Put|Attach|Detach|Delete|Set|Modify|Update|Enable|Disable|Associate|Disassociate|Start|Stop|Run|Allocate|Release"
    r"|Register|Deregister|Get|Describe|Terminate|Schedule)"
)
_READS = ("Describe", "Get", "List")

CALLED_FOR: dict[str, tuple[str, ...]] = {
    "cloudformation:CreateStackInstances": ("StackInstancesGroup",),
    "cloudformation:DeleteStackInstances": ("StackInstancesGroup",),
    "cloudformation:UpdateStackInstances": ("StackInstancesGroup",),
    "iam:AttachRolePolicy": ("ManagedPolicyArns", "Roles"),
    "iam:CreatePolicyVersion": ("PolicyDocument",),
    "iam:AttachUserPolicy": ("ManagedPolicyArns", "Users"),
    "iam:DeleteRolePermissionsBoundary": (),
    "iam:DeleteRolePolicy": ("Policies", "Roles", "RoleName"),
    "iam:DeleteUserPolicy": ("Policies", "Users", "UserName"),
    "iam:DetachRolePolicy": ("ManagedPolicyArns", "Roles"),
    "iam:GetRolePolicy": ("Policies",),
    "iam:ListAttachedRolePolicies": ("ManagedPolicyArns",),
    "iam:ListRolePolicies": ("Policies",),
    "iam:PutRolePermissionsBoundary": ("PermissionsBoundary",),
    "iam:PutRolePolicy": ("Policies", "Roles", "RoleName"),
    "iam:PutUserPolicy": ("Policies", "Users", "UserName"),
    "iam:UpdateAssumeRolePolicy": ("AssumeRolePolicyDocument",),
    "iam:UpdateRole": ("Description", "MaxSessionDuration"),
    "iam:UpdateRoleDescription": ("Description",),
    "kms:EnableKeyRotation": ("EnableKeyRotation",),
    "kms:DisableKey": (),
    "kms:DisableKeyRotation": (),
    "kms:EnableKey": (),
    "kms:PutKeyPolicy": ("KeyPolicy",),
    "kms:UpdateKeyDescription": ("Description",),
    "kms:ScheduleKeyDeletion": ("KeyPolicy", "Enabled", "Description", "EnableKeyRotation"),
    "logs:PutRetentionPolicy": ("RetentionInDays",),
    "logs:AssociateKmsKey": (),
    "organizations:AttachPolicy": ("TargetIds",),
    "organizations:DetachPolicy": ("TargetIds",),
    "organizations:MoveAccount": ("ParentIds",),
    "s3:CreateBucketMetadataTableConfiguration": ("MetadataTableConfiguration",),
    "s3:DeleteObject": (),
    "s3:GetBucketAcl": (),
    "s3:ListBucket": (),
    "s3:PutBucketAbac": ("AbacStatus",),
    "s3:PutBucketAcl": ("AccessControl",),
    "s3:PutBucketCORS": ("CorsConfiguration",),
    "s3:PutBucketObjectLockConfiguration": ("ObjectLockConfiguration", "ObjectLockEnabled"),
    "s3:PutEncryptionConfiguration": ("BucketEncryption",),
    "s3:PutObjectAcl": (),
    "s3:PutObjectLockConfiguration": (),
    "s3:PutReplicationConfiguration": ("ReplicationConfiguration",),
    "sns:Subscribe": ("Subscription", "TopicArn"),
    "sns:Unsubscribe": ("TopicArn",),
}
"""Actions that are called when one of these properties is set (create, delete) or changed (update)."""


def required(
    schema: TypeSchema, handler: str, properties: Mapping[str, Any], previous: Mapping[str, Any] | None = None
) -> list[str]:
    """The actions of the type's own service that the handler calls; ``previous`` are the properties before an update."""
    own = own_prefixes(schema)
    listed = [a for a in schema.permissions(handler) if "*" not in a and a.partition(":")[0] in own]
    kind = schema.type_name.split("::")[-1]
    given = _touched(properties, previous)
    if handler in ("read", "list"):
        return listed[:1]
    found = [action for action in listed if _called(schema, action, kind, given)]
    only_tags = previous is not None and set(given) <= {"Tags"}
    if only_tags or any(_is_write(action) for action in found):
        return found
    main = _main(listed, kind, handler) or (None if listed else f"{schema.service}:{handler.capitalize()}{kind}")
    return found if main is None or main in found else [*found, main]


_STEPS = {
    "create": ("Create", "Put", "Enable", "Register", "Associate", "Attach", "Accept", "Import", "Start", "Modify"),
    "update": ("Update", "Put", "Modify", "Replace", "Set", "Create"),
    "delete": ("Delete", "Disable", "Deregister", "Disassociate", "Detach", "Reject", "Remove", "Stop", "Schedule", "Modify"),
}
"""How the operation of a handler begins, the likeliest first."""


def _main(listed: list[str], kind: str, handler: str) -> str | None:
    """The operation on the resource itself where it does not carry the type's name: CreatePolicy for a ManagedPolicy."""
    candidates = [action for action in listed if _is_write(action) and action not in CALLED_FOR]

    def likelihood(action: str) -> tuple[bool, int]:
        name = action.partition(":")[2]
        subject = _VERBS.sub("", name).lower()
        step = next((i for i, verb in enumerate(_STEPS[handler]) if name.startswith(verb)), len(_STEPS[handler]))
        return not kind.lower().endswith(subject.removesuffix("s")), step

    best = min(candidates, key=likelihood, default=None)
    return None if best is not None and handler == "update" and likelihood(best)[0] else best


def own_prefixes(schema: TypeSchema) -> set[str]:
    """The IAM prefixes that are the type's own service."""
    if schema.service in schema.prefixes:
        return {schema.service}
    return {schema.service, *schema.prefixes[:1]}


def _touched(properties: Mapping[str, Any], previous: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The properties that are set, or those that the update changes or removes."""
    if previous is None:
        return {key: value for key, value in properties.items() if value not in (None, "", [], {})}
    keys = {*properties, *previous}
    return {key: properties.get(key) for key in keys if properties.get(key) != previous.get(key)}


def _called(schema: TypeSchema, action: str, kind: str, given: Mapping[str, Any]) -> bool:
    name = action.partition(":")[2]
    if action in CALLED_FOR:
        return any(key in given for key in CALLED_FOR[action])
    if re.search(r"(?i)tag", name):
        return "Tags" in given or "tags" in given
    subject = _VERBS.sub("", name).lower()
    plain = kind.lower()
    if subject in (plain, plain + "s", schema.service + plain):
        return True
    if name.startswith(_READS):
        return False
    bare = _bare(subject.removeprefix(plain))
    return bool(bare) and any(bare == _bare(key.lower().removeprefix(plain)) for key in given)


def _is_write(action: str) -> bool:
    return not action.partition(":")[2].startswith(_READS)


def _bare(name: str) -> str:
    return re.sub(r"(configurations?|policies|policy|s)$", "", name) or name
