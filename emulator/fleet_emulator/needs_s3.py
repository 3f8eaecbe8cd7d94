"""What calls to S3 need, also of KMS where a bucket encrypts by a key.

Source: S3 user guide, "Required permissions for Amazon S3 API operations" and "Using server-side encryption with AWS KMS".
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from .authorization import Caller, authorize
from .calls import Call
from .needs import Context, Need

ACTIONS = {
    "HeadBucket": "ListBucket", "ListObjects": "ListBucket", "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions", "ListMultipartUploads": "ListBucketMultipartUploads",
    "GetBucketEncryption": "GetEncryptionConfiguration", "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration", "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration", "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketCors": "GetBucketCORS", "PutBucketCors": "PutBucketCORS", "DeleteBucketCors": "PutBucketCORS",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock", "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketReplication": "GetReplicationConfiguration", "PutBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "DeleteBucketTagging": "PutBucketTagging", "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration", "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
}  # fmt: skip
"""Operations on buckets whose action has another name."""

OBJECT_ACTIONS = {
    "GetObject": "GetObject", "HeadObject": "GetObject", "SelectObjectContent": "GetObject",
    "GetObjectAttributes": "GetObject",
    "PutObject": "PutObject", "PostObject": "PutObject", "CopyObject": "PutObject", "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject", "UploadPartCopy": "PutObject", "CompleteMultipartUpload": "PutObject",
    "AbortMultipartUpload": "AbortMultipartUpload", "ListParts": "ListMultipartUploadParts", "DeleteObject": "DeleteObject",
    "GetObjectAcl": "GetObjectAcl", "PutObjectAcl": "PutObjectAcl", "GetObjectTagging": "GetObjectTagging",
    "PutObjectTagging": "PutObjectTagging", "DeleteObjectTagging": "DeleteObjectTagging",
    "GetObjectRetention": "GetObjectRetention", "PutObjectRetention": "PutObjectRetention",
    "GetObjectLegalHold": "GetObjectLegalHold", "PutObjectLegalHold": "PutObjectLegalHold", "RestoreObject": "RestoreObject",
}  # fmt: skip
"""Operations on objects, with their actions; those on a version have another where AWS has one."""

VERSIONED = frozenset(
    """GetObject DeleteObject GetObjectAcl PutObjectAcl GetObjectTagging PutObjectTagging DeleteObjectTagging""".split()
)


def of(call: Call, caller: Caller) -> list[Need]:
    """The needs of a call to S3."""
    context = _context(call)
    bucket = str(call.parameters.get("Bucket", ""))
    if call.operation == "ListBuckets" or not bucket:
        return [Need("s3:ListAllMyBuckets", "*", context)]
    if call.operation == "DeleteObjects":
        return [Need("s3:DeleteObject", f"arn:aws:s3:::{bucket}/*", context)]
    name = OBJECT_ACTIONS.get(call.operation)
    if name is None:
        action = ACTIONS.get(call.operation, call.operation)
        found = [Need(f"s3:{action}", f"arn:aws:s3:::{bucket}", context)]
        if call.operation == "CreateBucket" and call.headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
            found += [
                Need(f"s3:{a}", f"arn:aws:s3:::{bucket}", context)
                for a in ("PutBucketObjectLockConfiguration", "PutBucketVersioning")
            ]
        return found
    return _object(call, caller, name, bucket, context)


def _object(call: Call, caller: Caller, name: str, bucket: str, context: Context) -> list[Need]:
    key = unquote(str(call.parameters.get("Key", "")))
    resource = f"arn:aws:s3:::{bucket}/{key}"
    held = _held(bucket, key)
    for tag, value in _tags(bucket, held).items():
        context[f"s3:ExistingObjectTag/{tag}"] = value
    version = call.query.get("versionId")
    suffix = "Version" if version and name in VERSIONED else ""
    action = name.replace("Object", "ObjectVersion", 1) if suffix else name
    found = [Need(f"s3:{action}", resource, context)]
    if call.operation in ("GetObject", "HeadObject") and held is None and not _may_list(bucket, caller):
        found.append(Need("s3:ListBucket", f"arn:aws:s3:::{bucket}", context))  # else S3 does not tell that it is missing
    if name == "PutObject":
        found += _writing(call, bucket, resource, context)
    if call.operation in ("CopyObject", "UploadPartCopy"):
        source = unquote(call.headers.get("x-amz-copy-source", "")).lstrip("/").split("?")[0]
        found.append(Need("s3:GetObject", f"arn:aws:s3:::{source}", context))
        found += _decrypting(*source.partition("/")[::2])
    if call.operation in ("GetObject", "HeadObject"):
        found += _decrypting(bucket, key)
    return found


def _writing(call: Call, bucket: str, resource: str, context: Context) -> list[Need]:
    found = []
    if call.headers.get("x-amz-tagging"):
        found.append(Need("s3:PutObjectTagging", resource, context))
    if call.headers.get("x-amz-acl") and call.headers["x-amz-acl"] != "bucket-owner-full-control":
        found.append(Need("s3:PutObjectAcl", resource, context))
    if call.headers.get("x-amz-object-lock-mode"):
        found.append(Need("s3:PutObjectRetention", resource, context))
    if call.headers.get("x-amz-object-lock-legal-hold"):
        found.append(Need("s3:PutObjectLegalHold", resource, context))
    key = _encrypting_key(call, bucket)
    if key:
        account, region = _home(bucket)
        arn, known = key_context(key, account, region)
        whole = call.operation in ("PutObject", "CopyObject")  # parts are read again when they are put together
        actions = ["kms:GenerateDataKey"] if whole else ["kms:GenerateDataKey", "kms:Decrypt"]
        known["kms:ViaService"] = f"s3.{region}.amazonaws.com"
        found += [Need(action, arn, known) for action in actions]
    return found


def _decrypting(bucket: str, key: str) -> list[Need]:
    held = _held(bucket, key)
    if held is None or not str(getattr(held, "encryption", None) or "").startswith("aws:kms"):
        return []
    account, region = _home(bucket)
    arn, known = key_context(str(held.kms_key_id or "alias/aws/s3"), account, region)
    known["kms:ViaService"] = f"s3.{region}.amazonaws.com"
    return [Need("kms:Decrypt", arn, known)] if not _aws_managed(known) else []


def _encrypting_key(call: Call, bucket: str) -> str:
    """The customer's key by which the object will be encrypted; empty for S3's and AWS's own."""
    asked = call.headers.get("x-amz-server-side-encryption", "")
    if asked.startswith("aws:kms"):
        return call.headers.get("x-amz-server-side-encryption-aws-kms-key-id", "") or _default_key(bucket)
    return "" if asked else _default_key(bucket)


def _default_key(bucket: str) -> str:
    found = s3_backends.bucket_accounts.get(bucket)
    if found is None:
        return ""
    configured = s3_backends[found[1]][found[0]].buckets[bucket].encryption
    rule = (configured or {}).get("Rule")
    rule = rule[0] if isinstance(rule, list) and rule else rule
    default = (rule or {}).get("ApplyServerSideEncryptionByDefault", {}) if isinstance(rule, dict) else {}
    return str(default.get("KMSMasterKeyID") or "") if str(default.get("SSEAlgorithm", "")).startswith("aws:kms") else ""


def key_context(key: str, account: str, region: str) -> tuple[str, Context]:
    """The ARN of a KMS key that is given in any way, and what conditions may ask about it."""
    if key.startswith("arn:"):
        region, account = key.split(":")[3], key.split(":")[4]
        key = key.split(":", 5)[5].removeprefix("key/")
    backend = kms_backends[account][region]
    if key.startswith("alias/"):
        resolved = next((held.id for held in list(backend.keys.values()) if key in held.aliases), None)
        if resolved is None:
            return f"arn:aws:kms:{region}:{account}:{key}", {"kms:RequestAlias": key}
        key = resolved
    held = backend.keys.get(key)
    aliases = sorted(held.aliases) if held is not None else []
    return f"arn:aws:kms:{region}:{account}:key/{key}", {"kms:ResourceAliases": aliases, "kms:CallerAccount": account}


def _aws_managed(known: Context) -> bool:
    aliases = known.get("kms:ResourceAliases") or known.get("kms:RequestAlias") or []
    return "alias/aws/s3" in aliases


def _home(bucket: str) -> tuple[str, str]:
    partition, account = s3_backends.bucket_accounts[bucket]
    return account, str(s3_backends[account][partition].buckets[bucket].region_name)


def _held(bucket: str, key: str) -> Any:
    found = s3_backends.bucket_accounts.get(bucket)
    if found is None:
        return None
    return s3_backends[found[1]][found[0]].buckets[bucket].keys.get(key)


def _tags(bucket: str, held: Any) -> dict[str, str]:
    if held is None:
        return {}
    partition, account = s3_backends.bucket_accounts[bucket]
    tags: dict[str, str] = s3_backends[account][partition].tagger.get_tag_dict_for_resource(held.arn)
    return tags


def _may_list(bucket: str, caller: Caller) -> bool:
    return authorize(caller.arn, "s3:ListBucket", f"arn:aws:s3:::{bucket}").allowed


def _context(call: Call) -> Context:
    context: Context = {"s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-HMAC-SHA256"}
    for name, value in call.headers.items():
        if name.startswith("x-amz-") or name in ("if-none-match", "if-match"):
            context[f"s3:{name}"] = value
    for name in ("prefix", "delimiter", "max-keys", "versionId"):
        if name in call.query:
            context[f"s3:{name}"] = call.query[name]
    tags = dict(parse_qsl(call.headers.get("x-amz-tagging", "")))
    for tag, value in tags.items():
        context[f"s3:RequestObjectTag/{tag}"] = value
    if tags:
        context["s3:RequestObjectTagKeys"] = list(tags)
    return context
