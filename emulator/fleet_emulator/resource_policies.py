"""Policies that hang on resources: buckets, KMS keys and roles' trust; and who owns a resource.

Other services of moto keep resource policies too (SNS, SQS, ECR, event buses); within one account they only add to what
identity policies allow, so that leaving them out refuses where AWS would allow, and never the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from . import principals
from .policies import Policy, load


@dataclass(frozen=True)
class Attached:
    """The policies of a resource. ``account`` owns it; ``decisive``: without its consent the owner's policies do not count."""

    account: str = ""
    policies: list[Policy] = field(default_factory=list)
    decisive: bool = False


def of(action: str, resource: str) -> Attached:
    """What hangs on the resource."""
    parts = resource.split(":", 5)
    if len(parts) != 6:
        return Attached()
    service, account, name = parts[2], parts[4], parts[5]
    if service == "s3":
        return _bucket(name.split("/", 1)[0])
    if service == "kms" and name.startswith("key/"):
        return _key(account, parts[3], name.removeprefix("key/"))
    if action.startswith("sts:") and service == "iam" and name.startswith("role/"):
        return _role(account, resource)
    if service == "cloudformation" and name.startswith(("stackset/", "stackset-target/")):
        return (
            Attached()
        )  # the organization made who acts for the management account its delegated administrator; stack sets ask that
    return Attached(account if account.isdigit() else "")


def owner(resource: str) -> str:
    """The account that owns the resource; empty if the ARN does not say and nobody knows."""
    parts = resource.split(":", 5)
    if len(parts) != 6:
        return ""
    if parts[2] == "s3":
        return s3_backends.bucket_accounts.get(parts[5].split("/", 1)[0], ("", ""))[1]
    return parts[4] if parts[4].isdigit() else ""


def _bucket(name: str) -> Attached:
    held = s3_backends.bucket_accounts.get(name)
    if held is None:
        return Attached()
    partition, account = held
    policy = s3_backends[account][partition].buckets[name].policy
    if not policy:
        return Attached(account)
    text = policy.decode() if isinstance(policy, bytes) else policy
    return Attached(account, [Policy(load(text), f"of bucket {name}", "resource-based policy")])


def _key(account: str, region: str, key_id: str) -> Attached:
    key = kms_backends[account][region].keys.get(key_id)
    if key is None:
        return Attached(account)
    return Attached(account, [Policy(load(key.policy), f"of key {key_id}", "resource-based policy")], decisive=True)


def _role(account: str, arn: str) -> Attached:
    try:
        role = principals.role_of(arn)
    except principals.NoSuchPrincipal:
        return Attached(account, decisive=True)
    trust = load(role.assume_role_policy_document)
    return Attached(account, [Policy(trust, f"trust of {role.name}", "trust policy")], decisive=True)
