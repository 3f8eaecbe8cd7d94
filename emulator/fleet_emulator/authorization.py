"""May this principal do that? Policies, boundary and resource policies are evaluated here as IAM does.

``authorize`` answers for anyone who asks (a request, CloudFormation's handlers, a git push). The caller of the request
being served is ``caller()``: None is the root user of the account, which nothing restricts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from moto.core.exceptions import ServiceException

Context = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Decision:
    """The answer, and why, worded as IAM words it."""

    allowed: bool
    reason: str


@dataclass(frozen=True)
class Caller:
    """Who signed the request: ``arn`` is the role or user (for roles the role's ARN), ``session_arn`` as STS shows it."""

    account: str
    arn: str | None
    session_arn: str


class AccessDenied(ServiceException):
    """AWS's answer to a call that is not allowed: it names principal, action and resource."""

    code = "AccessDenied"


_CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)


def caller() -> Caller | None:
    """Who signed the request being served; None outside a request."""
    return _CALLER.get()


def authorize(principal_arn: str | None, action: str, resource: str = "*", context: Context | None = None) -> Decision:
    """Decide as IAM does. ``principal_arn`` None is an account's root user: always allowed."""
    if principal_arn is None:
        return Decision(True, "the account's root user is not restricted")
    raise NotImplementedError


def require(principal_arn: str | None, action: str, resource: str = "*", context: Context | None = None) -> None:
    """Raise AccessDenied, worded as AWS does, unless ``authorize`` allows."""
    decision = authorize(principal_arn, action, resource, context)
    if not decision.allowed:
        raise AccessDenied(decision.reason)
