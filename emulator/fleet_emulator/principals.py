"""Roles and users as moto's IAM holds them, with everything that limits them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.iam.models import IAMBackend, iam_backends

from . import aws_policies
from .policies import Policy, load

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
"""What an account's root user may do: all that the owner of a resource does not withhold."""


@dataclass(frozen=True)
class Principal:
    """A role, a user or an account's root user. ``names`` are the ARNs by which policies of resources may name it."""

    arn: str
    account: str
    kind: str
    name: str
    policies: list[Policy]
    boundary: Policy | None
    boundary_arn: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    session_arn: str = ""
    session_policy: Policy | None = None
    path: str = "/"

    @property
    def names(self) -> frozenset[str]:
        """Every ARN that means this principal."""
        return frozenset(name for name in (self.arn, self.session_arn) if name)


class NoSuchPrincipal(Exception):
    """There is no role or user of that ARN."""


def backend(account: str) -> IAMBackend:
    """moto's IAM of an account."""
    found: IAMBackend = iam_backends[account]["aws"]
    return found


def find(arn: str) -> Principal:
    """The role or user; the ARN of a session (``sts::...:assumed-role/...``) finds its role."""
    parts = arn.split(":", 5)
    if len(parts) != 6:
        raise NoSuchPrincipal(f"{arn} is not the ARN of a role or user")
    account, resource = parts[4], parts[5]
    kind, _, rest = resource.partition("/")
    if kind == "assumed-role":
        role = _role(account, rest.split("/")[0])
        return _principal(role, account, "role", role.arn, arn)
    if kind == "role":
        role = _role(account, rest.rsplit("/", 1)[-1])
        if role.arn != arn:
            raise NoSuchPrincipal(f"no role {arn}")
        return _principal(role, account, "role", arn)
    if kind == "root":
        return Principal(arn, account, "root", "root", [Policy(EVERYTHING, "the root user")], None)
    if kind == "user":
        user = _user(account, rest.rsplit("/", 1)[-1])
        return _principal(user, account, "user", arn)
    raise NoSuchPrincipal(f"{arn} is neither a role nor a user")


def role_of(arn: str) -> Any:
    """moto's role of the ARN; NoSuchPrincipal if there is none."""
    account, path = arn.split(":", 5)[4:6]
    role = _role(account, path.rsplit("/", 1)[-1])
    if role.arn != arn:
        raise NoSuchPrincipal(f"no role {arn}")
    return role


def exists(arn: str) -> bool:
    """Is there such a role?"""
    try:
        role_of(arn)
    except (NoSuchPrincipal, ValueError):
        return False
    return True


def _role(account: str, name: str) -> Any:
    for role in backend(account).roles.values():
        if role.name == name:
            return role
    raise NoSuchPrincipal(f"no role {name} in account {account}")


def _user(account: str, name: str) -> Any:
    found = backend(account).users.get(name)
    if found is None:
        raise NoSuchPrincipal(f"no user {name} in account {account}")
    return found


def _principal(held: Any, account: str, kind: str, arn: str, session_arn: str = "") -> Principal:
    policies = [Policy(load(document), name) for name, document in _inline(held)]
    policies += [_managed(account, policy_arn) for policy_arn in list(held.managed_policies)]
    for group in backend(account).get_groups_for_user(held.name) if kind == "user" else []:
        policies += [Policy(load(document), name) for name, document in _inline(group)]
        policies += [_managed(account, policy_arn) for policy_arn in list(group.managed_policies)]
    boundary_arn = getattr(held, "permissions_boundary_arn", None) or None
    boundary = _managed(account, boundary_arn, "permissions boundary") if boundary_arn else None
    return Principal(
        arn, account, kind, held.name, policies, boundary, boundary_arn, _tags(held), session_arn, path=held.path or "/"
    )


def _inline(held: Any) -> list[tuple[str, Any]]:
    policies = held.policies
    if isinstance(policies, dict):
        return list(policies.items())
    return [(policy["policy_name"], policy["policy_document"]) for policy in policies]


def _managed(account: str, arn: str, kind: str = "identity-based policy") -> Policy:
    aws_policies.ensure(account, arn)
    policy = backend(account).managed_policies.get(arn)
    if policy is None:  # a boundary that does not exist allows nothing
        return Policy({"Statement": []}, arn, kind)
    version = next(v for v in policy.versions if v.version_id == policy.default_version_id)
    return Policy(load(version.document), arn, kind)


def _tags(held: Any) -> dict[str, str]:
    tags = getattr(held, "tags", None) or {}
    if isinstance(tags, dict):
        return {v["Key"]: v["Value"] for v in tags.values() if isinstance(v, dict) and "Key" in v}
    return {tag["Key"]: tag["Value"] for tag in tags}
