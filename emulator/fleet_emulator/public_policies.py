"""Bucket policies that are public, which S3 refuses where a bucket's BlockPublicPolicy is set.

A policy is public unless each statement that allows names fixed principals, or holds everyone to a fixed value of a key that
tells who asks or from where: one without a wildcard or a policy variable.

Source: S3 user guide, "Blocking public access to your Amazon S3 storage", the meaning of "public".
"""

from __future__ import annotations

import json
from typing import Any

from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend

FIXING_KEYS = frozenset(
    """aws:sourceip aws:sourcearn aws:sourcevpc aws:sourcevpce aws:sourceowner aws:sourceaccount aws:userid aws:principalorgid
    aws:principalarn aws:principalaccount s3:x-amz-server-side-encryption-aws-kms-key-id s3:dataaccesspointarn""".split()
)
"""Keys by whose fixed values a statement for everyone is not public, in small letters."""

FIXING_OPERATORS = frozenset("stringequals stringlike arnequals arnlike ipaddress".split())
"""Operators that hold a key to a value: neither negations nor those that pass a call without the key."""

_put_bucket_policy = S3Backend.put_bucket_policy


def register() -> None:
    """Let S3 look at policies before it takes them."""
    S3Backend.put_bucket_policy = _put  # type: ignore[method-assign]


def is_public(policy: Any) -> bool:
    """Whether a policy, read from JSON, allows something to everyone."""
    return any(_allows_everyone(statement) for statement in _list(policy.get("Statement")))


def _put(self: S3Backend, bucket_name: str, policy: bytes) -> None:
    block = self.get_bucket(bucket_name).public_access_block
    if block and block.block_public_policy and is_public(json.loads(policy)):
        raise S3ClientError("AccessDenied", "public policies are blocked by the BlockPublicPolicy block public access setting")
    _put_bucket_policy(self, bucket_name, policy)


def _allows_everyone(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal", "*")
    everyone = "*" in _list(principal.get("AWS") if isinstance(principal, dict) else principal)
    return statement["Effect"] == "Allow" and everyone and not _held(statement.get("Condition") or {})


def _held(conditions: dict[str, dict[str, Any]]) -> bool:
    """Whether a condition holds everyone to a fixed value."""
    return any(
        operator.lower() in FIXING_OPERATORS and key.lower() in FIXING_KEYS and _fixed(values)
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _fixed(values: Any) -> bool:
    return all("*" not in value and "?" not in value and "${" not in value for value in _list(values))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
