"""AWS managed policies (``arn:aws:iam::aws:policy/...``), taken from moto's copy when one is first asked for.

moto can load all of them at start, which costs a second for each account.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam.models import IAMBackend, ManagedPolicy, iam_backends
from moto.ssoadmin.exceptions import ResourceNotFoundException
from moto.ssoadmin.models import ManagedPolicy as SetPolicy
from moto.ssoadmin.models import SSOAdminBackend

PREFIX = "arn:aws:iam::aws:policy/"


@cache
def _documents() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # late: a megabyte of text

    documents: dict[str, Any] = json.loads(aws_managed_policies_data)
    return documents


class AWSManagedPolicy(ManagedPolicy):
    """A policy whose ARN belongs to AWS and not to the account."""

    @property
    def arn(self) -> str:
        """For example arn:aws:iam::aws:policy/AdministratorAccess."""
        return f"{PREFIX}{self.path.lstrip('/')}{self.name}"


def ensure(account: str, arn: str) -> None:
    """Let the account's IAM know the policy, if AWS has one of that ARN."""
    held: IAMBackend = iam_backends[account]["aws"]
    if not arn.startswith(PREFIX) or arn in held.managed_policies:
        return
    name = arn.rsplit("/", 1)[-1]
    path = arn.removeprefix(PREFIX).removesuffix(name)
    data = _documents().get(name)
    if data is None or data.get("Path", "/").strip("/") != path.strip("/"):
        return
    policy = AWSManagedPolicy(  # type: ignore[abstract]  # moto's own are as abstract
        name,
        account_id=account,
        region="us-east-1",
        default_version_id=data["DefaultVersionId"],
        path=data.get("Path", "/"),
        document=json.dumps(data["Document"]),
    )
    held.managed_policies[arn] = policy


_attach_role_policy = IAMBackend.attach_role_policy
_attach_user_policy = IAMBackend.attach_user_policy
_get_policy = IAMBackend.get_policy


def register() -> None:
    """Make the policies known wherever moto is about to look for one."""

    def attach_role_policy(self: IAMBackend, policy_arn: str, role_name: str) -> None:
        ensure(self.account_id, policy_arn)
        _attach_role_policy(self, policy_arn, role_name)

    def attach_user_policy(self: IAMBackend, policy_arn: str, user_name: str) -> None:
        ensure(self.account_id, policy_arn)
        _attach_user_policy(self, policy_arn, user_name)

    def get_policy(self: IAMBackend, policy_arn: str) -> ManagedPolicy:
        ensure(self.account_id, policy_arn)
        return _get_policy(self, policy_arn)

    def find_managed_policy(self: SSOAdminBackend, managed_policy_arn: str) -> SetPolicy:
        """moto looks for "path" where its data say "Path", and so finds no policy below a path."""
        name = managed_policy_arn.rsplit("/", 1)[-1]
        data = _documents().get(name)
        if data is None or managed_policy_arn != f"{PREFIX}{data.get('Path', '/').lstrip('/')}{name}":
            raise ResourceNotFoundException(f"Policy does not exist with ARN: {managed_policy_arn}")
        return SetPolicy(managed_policy_arn, name)

    SSOAdminBackend._find_managed_policy = find_managed_policy  # type: ignore[method-assign]
    IAMBackend.attach_role_policy = attach_role_policy  # type: ignore[method-assign]
    IAMBackend.attach_user_policy = attach_user_policy  # type: ignore[method-assign]
    IAMBackend.get_policy = get_policy  # type: ignore[method-assign]
