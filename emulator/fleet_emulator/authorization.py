"""May this principal do that? Identity policies, boundary, session, resource policies and guardrails are combined as IAM does.

``authorize`` answers for anyone who asks (a request, CloudFormation's handlers, a git push). The caller of the request
being served is ``caller()``: its ``arn`` None is the root user of the account, which nothing restricts.
Source: IAM user guide, "Policy evaluation logic".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from moto.core.exceptions import ServiceException

from . import organizations_guardrails, principals, resource_policies, resource_tags, usage
from .conditions import CannotDecide
from .organizations_model import organization_of
from .policies import Answer, Effect, Policy, Question, decide, load
from .principals import NoSuchPrincipal, Principal

Context = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Decision:
    """The answer, and why, worded as IAM words it."""

    allowed: bool
    reason: str


@dataclass(frozen=True)
class Caller:
    """Who signed the request: ``arn`` is the role or user (for roles the role's ARN), ``session_arn`` as STS shows it.

    ``session_policy`` is what AssumeRole was given to narrow the session.
    """

    account: str
    arn: str | None
    session_arn: str
    session_policy: Mapping[str, Any] | None = None


class AccessDenied(ServiceException):
    """AWS's answer to a call that is not allowed: it names principal, action and resource."""

    code = "AccessDenied"


GLOBAL = frozenset({"account", "budgets", "ce", "cloudfront", "iam", "organizations", "route53"})
"""IAM prefixes of services with one endpoint: their calls are made to us-east-1, wherever they come from."""

CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)
"""Set by the gatekeeper for the request being served."""


def caller() -> Caller | None:
    """Who signed the request being served; None outside a request."""
    return CALLER.get()


def authorize(
    principal_arn: str | None,
    action: str,
    resource: str = "*",
    context: Context | None = None,
    *,
    unnamed: bool = False,
) -> Decision:
    """Decide as IAM does; CannotDecide if a policy asks for what the emulator cannot evaluate.

    ``principal_arn`` None is the root user of the account that owns the resource: always allowed. The ARN of a root user is
    restricted in its own account by control policies of its organization only; in another account its policies decide.
    ``unnamed``: the resource has no ARN yet, so that every pattern of its service counts as matching.
    """
    if principal_arn is None:
        return Decision(True, "the account's root user is not restricted")
    try:
        principal = _with_session(principals.find(principal_arn))
    except NoSuchPrincipal as error:
        return Decision(False, f"User: {principal_arn} is not authorized to perform: {action}: {error}")
    question = Question(
        action=action,
        resource=resource,
        context=_context(principal, action, resource, context or {}),
        names=principal.names,
        account=principal.account,
        unnamed=unnamed,
    )
    at_home = _is_at_home(principal_arn, resource)
    why = _guardrail(principal, question) if at_home else _refusal(principal, question)
    if why is None:
        if principal.kind != "root":
            usage.record(principal.arn, action)
        return Decision(True, f"{principal.arn} is allowed to perform {action} on {resource}")
    who = principal.session_arn or principal.arn
    return Decision(False, f"User: {who} is not authorized to perform: {action} on resource: {resource} {why}")


def _is_at_home(principal_arn: str, resource: str) -> bool:
    """Is it the root user of the account that owns the resource, or might own it?"""
    return principal_arn.endswith(":root") and resource_policies.owner(resource) in ("", principal_arn.split(":")[4])


def require(
    principal_arn: str | None,
    action: str,
    resource: str = "*",
    context: Context | None = None,
    *,
    unnamed: bool = False,
) -> None:
    """Raise AccessDenied, worded as AWS does, unless ``authorize`` allows."""
    decision = authorize(principal_arn, action, resource, context, unnamed=unnamed)
    if not decision.allowed:
        raise AccessDenied(decision.reason)


def _guardrail(principal: Principal, question: Question) -> str | None:
    """Why the organizations of the caller and of the resource's owner let nobody do it; None if they do."""
    owner = resource_policies.owner(question.resource)
    return organizations_guardrails.refusal(principal.account, principal.path, question, owner)


def _refusal(principal: Principal, question: Question) -> str | None:
    """Why not, as the end of IAM's message; None if nothing is against it."""
    guardrail = _guardrail(principal, question)
    if guardrail is not None:
        return guardrail
    identity = decide(principal.policies, question)
    boundary = decide([principal.boundary], question) if principal.boundary else None
    session = decide([principal.session_policy], question) if principal.session_policy else None
    attached = resource_policies.of(question.action, question.resource)
    on_resource = decide(attached.policies, question, with_principal=True)
    for answer, kind in (
        (identity, "an identity-based policy"),
        (boundary, "a permissions boundary"),
        (session, "a session policy"),
        (on_resource, "a resource-based policy"),
    ):
        if answer is not None and answer.effect is Effect.DENY:
            return f"with an explicit deny in {kind}" + (f": {answer.policy}" if answer.policy else "")
    action = question.action
    if not _granted(principal, attached, identity, on_resource):
        kind = "resource" if _resource_is_silent(principal, attached, identity, on_resource) else "identity"
        return f"because no {kind}-based policy allows the {action} action"
    if boundary is not None and boundary.effect is not Effect.ALLOW:
        return f"because no permissions boundary allows the {action} action"
    if session is not None and session.effect is not Effect.ALLOW:
        return f"because no session policy allows the {action} action"
    return None


def _granted(principal: Principal, attached: resource_policies.Attached, identity: Answer, on_resource: Answer) -> bool:
    by_identity, by_resource = identity.effect is Effect.ALLOW, on_resource.effect is Effect.ALLOW
    if attached.account not in ("", principal.account):
        return by_identity and by_resource
    if attached.decisive:
        return by_resource and (on_resource.direct or by_identity)
    return by_identity or (by_resource and on_resource.direct)


def _resource_is_silent(
    principal: Principal, attached: resource_policies.Attached, identity: Answer, on_resource: Answer
) -> bool:
    other = attached.account not in ("", principal.account)
    return (other or attached.decisive) and identity.effect is Effect.ALLOW and on_resource.effect is not Effect.ALLOW


def _with_session(principal: Principal) -> Principal:
    """Add what is known of the session if this principal signed the request being served."""
    signed = caller()
    if signed is None or signed.arn != principal.arn:
        return principal
    policy = signed.session_policy
    limit = Policy(load(policy), "", "session policy") if policy is not None else None
    return replace(principal, session_arn=signed.session_arn, session_policy=limit)


def _context(principal: Principal, action: str, resource: str, given: Context) -> dict[str, Sequence[str]]:
    """What is true of every request, then what the asker says of this one."""
    now = datetime.now(timezone.utc)
    values: dict[str, Sequence[str]] = {
        "aws:principalarn": [principal.arn],
        "aws:principalaccount": [principal.account],
        "aws:principaltype": ["AssumedRole" if principal.kind == "role" else "User"],
        "aws:principalisawsservice": ["false"],
        "aws:securetransport": ["true"],  # the emulator speaks HTTP on the loopback in place of TLS
        "aws:viaawsservice": ["false"],
        "aws:currenttime": [now.strftime("%Y-%m-%dT%H:%M:%SZ")],
        "aws:epochtime": [str(int(now.timestamp()))],
        "aws:sourceip": ["127.0.0.1"],
        "s3:tlsversion": ["1.3"],
    }
    if principal.kind == "user":
        values["aws:username"] = [principal.name]
    parts = resource.split(":")
    if len(parts) > 5 and parts[3]:
        values["aws:requestedregion"] = [parts[3]]
    values.update(_organizations(principal.account, resource_policies.owner(resource)))
    values.update(resource_tags.context(resource))
    for key, value in principal.tags.items():
        values[f"aws:principaltag/{key.lower()}"] = [value]
    for name, said in given.items():
        values[name.lower()] = [said] if isinstance(said, str) else [str(item) for item in said]
    if action.partition(":")[0] in GLOBAL:
        values["aws:requestedregion"] = ["us-east-1"]
    return values


def _organizations(account: str, owner: str) -> dict[str, Sequence[str]]:
    """Where the caller and the resource's owner stand; an account in no organization has no such keys."""
    values: dict[str, Sequence[str]] = {"aws:resourceaccount": [owner]} if owner else {}
    for side, number in (("principal", account), ("resource", owner)):
        organization = organization_of(number) if number else None
        if organization is not None:
            values[f"aws:{side}orgid"] = [organization.id]
            values[f"aws:{side}orgpaths"] = [organization.path_text(organization.nodes[number].parent)]
    return values


__all__ = ["CALLER", "AccessDenied", "Caller", "CannotDecide", "Context", "Decision", "authorize", "caller", "require"]
