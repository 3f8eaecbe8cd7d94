"""Drift: whether resources are still what their stack made of them, asked from the service that holds them.

Only types with a reader here are compared, and of these only properties that the template sets and the reader reads. Resources of
other types stay NOT_CHECKED: nothing behind a modelled one could drift, and of the rest the emulator knows only that
they are still there. Source: "Detect unmanaged configuration changes to stacks and resources with drift detection".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError
from moto.core.utils import utcnow

from . import inside, registry, schema_validation
from .resource_types import DEFINED
from .stacks_model import Stack, StackResource
from .stacks_resources import error_code

Reader = Callable[[Any, Any], dict[str, Any]]
"""From a function that makes clients, and a resource, to its properties now; ClientError of a missing one means deleted."""

RESULTS: dict[str, dict[str, Any]] = {}
"""What DescribeStackDriftDetectionStatus answers, by id."""


def _bucket(client: Any, resource: Any) -> dict[str, Any]:
    s3, name = client("s3"), resource.physical_resource_id
    found: dict[str, Any] = {"VersioningConfiguration": _only(s3.get_bucket_versioning(Bucket=name), "Status")}
    try:
        found["PublicAccessBlockConfiguration"] = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    except ClientError:
        found["PublicAccessBlockConfiguration"] = {}
    return found


def _bucket_policy(client: Any, resource: Any) -> dict[str, Any]:
    return {"PolicyDocument": json.loads(client("s3").get_bucket_policy(Bucket=resource.properties["Bucket"])["Policy"])}


def _role(client: Any, resource: Any) -> dict[str, Any]:
    iam, name = client("iam"), resource.physical_resource_id
    role = iam.get_role(RoleName=name)["Role"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return {
        **_only(role, "AssumeRolePolicyDocument", "Description", "MaxSessionDuration"),
        "PermissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "ManagedPolicyArns": [policy["PolicyArn"] for policy in attached],
    }


def _key(client: Any, resource: Any) -> dict[str, Any]:
    kms, key = client("kms"), resource.physical_resource_id
    described = kms.describe_key(KeyId=key)["KeyMetadata"]
    if described["KeyState"] == "PendingDeletion":
        raise ClientError({"Error": {"Code": "NotFoundException", "Message": f"{key} is pending deletion"}}, "DescribeKey")
    return {
        "Description": described["Description"],
        "Enabled": described["Enabled"],
        "EnableKeyRotation": kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"],
        "KeyPolicy": json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
    }


def _topic(client: Any, resource: Any) -> dict[str, Any]:
    attributes = client("sns").get_topic_attributes(TopicArn=resource.physical_resource_id)["Attributes"]
    return {"DisplayName": attributes.get("DisplayName"), "KmsMasterKeyId": attributes.get("KmsMasterKeyId")}


def _log_group(client: Any, resource: Any) -> dict[str, Any]:
    name = resource.physical_resource_id
    groups = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    group = next((item for item in groups if item["logGroupName"] == name), None)
    if group is None:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": name}}, "DescribeLogGroups")
    return {"RetentionInDays": group.get("retentionInDays"), "KmsKeyId": group.get("kmsKeyId")}


def _detector(client: Any, resource: Any) -> dict[str, Any]:
    detector = client("guardduty").get_detector(DetectorId=resource.physical_resource_id)
    return {"Enable": detector["Status"] == "ENABLED", **_only(detector, "FindingPublishingFrequency")}


def _trail(client: Any, resource: Any) -> dict[str, Any]:
    trails, name = client("cloudtrail"), resource.physical_resource_id
    trail = trails.get_trail(Name=name)["Trail"]
    names = ("S3BucketName", "S3KeyPrefix", "IncludeGlobalServiceEvents", "IsMultiRegionTrail", "IsOrganizationTrail")
    return {
        **_only(trail, *names),
        "EnableLogFileValidation": trail["LogFileValidationEnabled"],
        "KMSKeyId": trail.get("KmsKeyId"),
        "IsLogging": trails.get_trail_status(Name=name)["IsLogging"],
    }


READERS: dict[str, Reader] = {
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::IAM::Role": _role,
    "AWS::KMS::Key": _key,
    "AWS::SNS::Topic": _topic,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::GuardDuty::Detector": _detector,
    "AWS::CloudTrail::Trail": _trail,
}


def _only(described: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: described[name] for name in names if name in described}


def detect(stack: Stack, logical_ids: list[str] | None = None) -> str:
    """Compare the stack's resources, or those named, and keep the result; the answer is the detection's id."""
    alive = [item for item in stack.resources.values() if item.handle is not None]
    wanted = [item for item in alive if not logical_ids or item.logical_id in logical_ids]
    for item in wanted:
        found = check(stack, item)
        if found is not None:
            stack.drift[item.logical_id] = found
    checked = [found for name, found in stack.drift.items() if name in stack.resources]
    drifted = sum(found["StackResourceDriftStatus"] in ("MODIFIED", "DELETED") for found in checked)
    identifier = str(uuid.uuid4())
    RESULTS[identifier] = {
        "StackId": stack.stack_id,
        "StackDriftDetectionId": identifier,
        "StackDriftStatus": "DRIFTED" if drifted else "IN_SYNC",
        "DetectionStatus": "DETECTION_COMPLETE",
        "DriftedStackResourceCount": drifted,
        "Timestamp": utcnow(),
    }
    return identifier


def check(stack: Stack, item: StackResource) -> dict[str, Any] | None:
    """The drift of one resource as DescribeStackResourceDrifts shows it; None if its type cannot be checked."""
    shown: dict[str, Any] = {
        "StackId": stack.stack_id,
        "LogicalResourceId": item.logical_id,
        "PhysicalResourceId": item.physical_id,
        "ResourceType": item.type,
        "Timestamp": utcnow(),
    }
    reader, definition = READERS.get(item.type), DEFINED.get(item.type)
    if reader is None:
        gone = definition is not None and definition.exists is not None and not definition.exists(item.handle)
        return {**shown, "StackResourceDriftStatus": "DELETED"} if gone else None
    try:
        actual = reader(lambda service: inside.client(service, stack.account, stack.region), item.handle)
    except ClientError as error:
        if error_code(error) != "NotFound":
            raise
        return {**shown, "StackResourceDriftStatus": "DELETED"}
    coerced = schema_validation.coerce(registry.schema(item.type, stack.region), item.properties)
    expected = {name: value for name, value in coerced.items() if name in actual}
    live = {name: actual[name] for name in expected if actual[name] is not None}
    differences = list(_differences("", expected, live))
    return {
        **shown,
        "StackResourceDriftStatus": "MODIFIED" if differences else "IN_SYNC",
        "ExpectedProperties": json.dumps(expected),
        "ActualProperties": json.dumps(live),
        "PropertyDifferences": differences,
    }


def _differences(path: str, expected: Any, actual: Any) -> Iterator[dict[str, str]]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name, value in expected.items():
            if name not in actual:
                yield _difference(f"{path}/{name}", value, None, "REMOVE")
            else:
                yield from _differences(f"{path}/{name}", value, actual[name])
    elif _comparable(expected) != _comparable(actual):
        yield _difference(path, expected, actual, "NOT_EQUAL")


def _comparable(value: Any) -> Any:
    """Services keep lists in orders of their own."""
    return sorted(json.dumps(item, sort_keys=True) for item in value) if isinstance(value, list) else value


def _difference(path: str, expected: Any, actual: Any, kind: str) -> dict[str, str]:
    written = [value if isinstance(value, str) else json.dumps(value) for value in (expected, actual)]
    return {"PropertyPath": path, "ExpectedValue": written[0], "ActualValue": written[1], "DifferenceType": kind}
