"""S3's types, held by moto's S3: buckets with every setting that the fleet relies on, and bucket policies.

moto's own bucket type keeps encryption and tags only. Settings that moto's S3 has no state for are kept as properties.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, s3_backends

from . import inside
from .resource_types import Operation, Properties, Resource, define, made

Setter = Callable[[Any, str, Any], None]
"""(client, bucket, the property's value): make it so."""


def _s3(operation: Operation) -> Any:
    return inside.client("s3", operation.account, operation.region)


def _encryption(s3: Any, bucket: str, value: Any) -> None:
    rules = [
        {
            **{k: v for k, v in rule.items() if k == "BucketKeyEnabled"},
            "ApplyServerSideEncryptionByDefault": rule.get("ServerSideEncryptionByDefault", {"SSEAlgorithm": "AES256"}),
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _versioning(s3: Any, bucket: str, value: Any) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": value["Status"]})


def _public_access(s3: Any, bucket: str, value: Any) -> None:
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=value)


def _ownership(s3: Any, bucket: str, value: Any) -> None:
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=value)


def _tags(s3: Any, bucket: str, value: Any) -> None:
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": value})


def _object_lock(s3: Any, bucket: str, value: Any) -> None:
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=value)


def _lifecycle(s3: Any, bucket: str, value: Any) -> None:
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}
    )


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if rule.get("Id"):
        out["ID"] = rule["Id"]
    expiration = {
        "Days": rule.get("ExpirationInDays"),
        "Date": rule.get("ExpirationDate"),
        "ExpiredObjectDeleteMarker": rule.get("ExpiredObjectDeleteMarker"),
    }
    if any(v is not None for v in expiration.values()):
        out["Expiration"] = {k: v for k, v in expiration.items() if v is not None}
    noncurrent = rule.get("NoncurrentVersionExpiration") or {"NoncurrentDays": rule.get("NoncurrentVersionExpirationInDays")}
    if noncurrent.get("NoncurrentDays"):
        out["NoncurrentVersionExpiration"] = noncurrent
    if rule.get("AbortIncompleteMultipartUpload"):
        out["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    transitions = [*(rule.get("Transitions") or []), *([rule["Transition"]] if rule.get("Transition") else [])]
    if transitions:
        out["Transitions"] = [
            {k: v for k, v in (("Days", t.get("TransitionInDays")), ("StorageClass", t["StorageClass"])) if v is not None}
            for t in transitions
        ]
    return out


SETTERS: dict[str, Setter] = {
    "BucketEncryption": _encryption,
    "ObjectLockConfiguration": _object_lock,
    "OwnershipControls": _ownership,
    "PublicAccessBlockConfiguration": _public_access,
    "LifecycleConfiguration": _lifecycle,
    "Tags": _tags,
    "VersioningConfiguration": _versioning,
}

REMOVERS: dict[str, str] = {
    "BucketEncryption": "delete_bucket_encryption",
    "OwnershipControls": "delete_bucket_ownership_controls",
    "PublicAccessBlockConfiguration": "delete_public_access_block",
    "LifecycleConfiguration": "delete_bucket_lifecycle",
    "Tags": "delete_bucket_tagging",
}


def _set(operation: Operation, bucket: str, wanted: Properties, held: Properties) -> None:
    s3 = _s3(operation)
    for name, setter in SETTERS.items():
        value = wanted.get(name)
        if value and value != held.get(name):
            setter(s3, bucket, value)
        elif not value and held.get(name):
            if name == "VersioningConfiguration":
                setter(s3, bucket, {"Status": "Suspended"})
            elif name in REMOVERS:
                getattr(s3, REMOVERS[name])(Bucket=bucket)


def _create_bucket(operation: Operation, properties: Properties) -> Resource:
    s3 = _s3(operation)
    name = properties.setdefault("BucketName", operation.generated_name.lower())
    arguments: dict[str, Any] = {"ObjectLockEnabledForBucket": bool(properties.get("ObjectLockEnabled"))}
    if operation.region != "us-east-1":
        arguments["CreateBucketConfiguration"] = {"LocationConstraint": operation.region}
    s3.create_bucket(Bucket=name, **arguments)
    try:
        _set(operation, name, properties, {})
    except Exception:
        s3.delete_bucket(Bucket=name)
        raise
    return made("AWS::S3::Bucket", operation, properties, name)


def _update_bucket(operation: Operation, resource: Resource, properties: Properties) -> None:
    _set(operation, resource.physical_resource_id, properties, resource.properties)


def _delete_bucket(operation: Operation, resource: Resource) -> None:
    s3, name = _s3(operation), resource.physical_resource_id
    if s3.list_object_versions(Bucket=name, MaxKeys=1).keys() & {"Versions", "DeleteMarkers"}:
        raise s3.exceptions.ClientError(
            {"Error": {"Code": "BucketNotEmpty", "Message": "The bucket you tried to delete is not empty"}}, "DeleteBucket"
        )
    s3.delete_bucket(Bucket=name)


def _bucket_attributes(resource: Resource) -> dict[str, str]:
    name, region = resource.physical_resource_id, resource.region
    return {
        "Arn": f"arn:aws:s3:::{name}",
        "DomainName": f"{name}.s3.amazonaws.com",
        "DualStackDomainName": f"{name}.s3.dualstack.{region}.amazonaws.com",
        "RegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "WebsiteURL": f"http://{name}.s3-website-{region}.amazonaws.com",
    }


def _put_policy(operation: Operation, properties: Properties) -> None:
    _s3(operation).put_bucket_policy(Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"]))


def _create_policy(operation: Operation, properties: Properties) -> Resource:
    _put_policy(operation, properties)
    return made("AWS::S3::BucketPolicy", operation, properties, properties["Bucket"])


def _update_policy(operation: Operation, resource: Resource, properties: Properties) -> None:
    _put_policy(operation, properties)


def _delete_policy(operation: Operation, resource: Resource) -> None:
    s3 = _s3(operation)
    with suppress(s3.exceptions.NoSuchBucket):
        s3.delete_bucket_policy(Bucket=resource.physical_resource_id)


def _permission(self: FakeBucket, action: str, resource: str) -> Any:
    """The gatekeeper evaluated the bucket's policy with its conditions, which moto would ignore."""
    return PermissionResult.PERMITTED


def register() -> None:
    """Define S3's types and leave bucket policies to the gatekeeper."""
    FakeBucket.get_permission = _permission  # type: ignore[method-assign]
    define(
        "AWS::S3::Bucket",
        create=_create_bucket,
        update=_update_bucket,
        delete=_delete_bucket,
        attributes=_bucket_attributes,
        exists=lambda r: s3_backends.bucket_accounts.get(r.physical_resource_id, ("", ""))[1] == r.account,
    )
    define("AWS::S3::BucketPolicy", create=_create_policy, update=_update_policy, delete=_delete_policy)
