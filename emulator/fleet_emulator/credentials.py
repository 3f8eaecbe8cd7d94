"""Who an access key belongs to.

A key of twelve digits is the root user of that account. Keys of roles are issued here, by ``AssumeRole`` or by
``/_fleet/assume``, and those of IAM users are moto's. Any other key is refused: moto would answer it as account 123456789012.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import BaseResponse
from moto.core.utils import utcnow
from moto.iam import models as iam_models
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends

from .authorization import Caller

_ACCOUNT = re.compile(r"\d{12}")


class UnknownCredentials(ServiceException):
    """The key is unknown or inactive, its token is wrong, or it has expired."""

    code = "InvalidClientTokenId"
    message = "The security token included in the request is invalid."


@dataclass(frozen=True)
class _Session:
    role: AssumedRole
    policy: dict[str, Any] | None


_SESSIONS: dict[str, _Session] = {}


def identify(access_key: str, token: str | None) -> Caller:
    """The caller that the key and session token stand for; UnknownCredentials if nobody."""
    if _ACCOUNT.fullmatch(access_key):
        return Caller(access_key, None, f"arn:aws:iam::{access_key}:root")
    session = _SESSIONS.get(access_key)
    if session is not None:
        return _of_session(session, token)
    for account, partitions in list(iam_backends.items()):
        user = partitions["aws"].get_user_from_access_key_id(access_key)
        if user is not None and user.get_access_key_by_id(access_key).status == "Active":
            return Caller(account, user.arn, user.arn)
    raise UnknownCredentials()


def _of_session(session: _Session, token: str | None) -> Caller:
    role = session.role
    if token != role.session_token:
        raise UnknownCredentials()
    if role.expiration < utcnow():
        raise UnknownCredentials("ExpiredToken", "The security token included in the request is expired")
    return Caller(role.account_id, role.role_arn, role.arn, session.policy)


def issue(role_arn: str, session_name: str, duration: int = 3600, region: str = "us-east-1") -> AssumedRole:
    """Credentials of the role, whoever asked: the trust was evaluated before."""
    account = role_arn.split(":")[4]
    return sts_backends[account]["aws"].assume_role(
        region_name=region,
        role_session_name=session_name,
        role_arn=role_arn,
        policy="",
        duration=duration,
        external_id="",
    )


_assume_role = STSBackend.assume_role
_get_caller_identity = STSBackend.get_caller_identity
_account_of = iam_models.get_account_id_from


def _remembering(self: STSBackend, **arguments: Any) -> AssumedRole:
    role = _assume_role(self, **arguments)
    policy = arguments.get("policy")
    _SESSIONS[role.access_key_id] = _Session(role, json.loads(policy) if policy else None)
    return role


def _caller_identity(self: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
    if _ACCOUNT.fullmatch(access_key_id):
        return access_key_id, f"arn:aws:iam::{access_key_id}:root", access_key_id
    return _get_caller_identity(self, access_key_id, region)


def _account_id(access_key: str) -> str:
    if _ACCOUNT.fullmatch(access_key or ""):
        return access_key
    session = _SESSIONS.get(access_key)
    return session.role.account_id if session is not None else _account_of(access_key)


_CREDENTIAL = re.compile(r"Credential=([A-Za-z0-9]+)(?:/|%2F)")


def _access_key(self: BaseResponse) -> str:
    """The key of a signed request or a presigned address; moto looks for keys of twenty characters only."""
    found = _CREDENTIAL.search(self.headers.get("Authorization", "")) or _CREDENTIAL.search(self.uri)
    return found[1] if found else ""


def register() -> None:
    """Let moto know accounts by their keys and remember whom it issues keys to."""
    BaseResponse.get_access_key = _access_key  # type: ignore[method-assign]
    STSBackend.assume_role = _remembering  # type: ignore[method-assign, assignment]
    STSBackend.get_caller_identity = _caller_identity  # type: ignore[method-assign]
    iam_models.get_account_id_from = _account_id
