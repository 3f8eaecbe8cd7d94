"""Policy documents: which of their statements concern a request, and what they say.

Source: IAM user guide, "IAM JSON policy elements reference".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

from .conditions import CannotDecide, MissingVariable, Values, glob, holds, substitute


class Effect(Enum):
    """What a set of policies says of a request."""

    DENY = "explicit deny"
    ALLOW = "allow"
    NONE = "nothing"


@dataclass(frozen=True)
class Question:
    """One thing that somebody wants to do.

    ``names`` are the principal's ARNs and account by which a Principal element may name it; ``service`` is the service
    principal that acts for itself. ``unnamed`` means that the resource does not exist yet and has no ARN: then any pattern of
    the service of ``resource`` counts as matching.
    """

    action: str
    resource: str
    context: Values
    names: frozenset[str] = frozenset()
    account: str = ""
    service: str = ""
    unnamed: bool = False


@dataclass(frozen=True)
class Answer:
    """``direct`` tells that the principal itself was named, not only its account."""

    effect: Effect
    direct: bool = False
    policy: str = ""


@dataclass(frozen=True)
class Policy:
    """A document with the name under which messages mention it."""

    document: Mapping[str, Any]
    name: str = ""
    kind: str = field(default="identity-based policy")


@lru_cache(maxsize=4096)
def parse(text: str) -> Mapping[str, Any]:
    """A policy document from its JSON."""
    document: Mapping[str, Any] = json.loads(text)
    return document


def load(document: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """A policy document from JSON or from the mapping itself."""
    return parse(document) if isinstance(document, str) else document


def decide(policies: Iterable[Policy], question: Question, *, with_principal: bool = False) -> Answer:
    """Explicit denies win; then allows. ``with_principal`` is for policies of resources: their statements name principals."""
    found = Answer(Effect.NONE)
    for policy in policies:
        for statement in _listed(policy.document.get("Statement", [])):
            named = _principal(statement, question) if with_principal else "direct"
            if not named or not _concerns(statement, question, policy):
                continue
            if statement["Effect"] == "Deny":
                return Answer(Effect.DENY, True, policy.name)
            found = Answer(Effect.ALLOW, found.direct or named == "direct", policy.name)
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _concerns(statement: Mapping[str, Any], question: Question, policy: Policy) -> bool:
    if not (_action(statement, question) and _resource(statement, question)):
        return False
    try:
        return holds(statement.get("Condition") or {}, question.context)
    except CannotDecide as error:
        where = f"policy {policy.name}" if policy.name else "a policy"
        raise CannotDecide(f"{error.message} in {where}, which {question.action} on {question.resource} depends on") from error


def _action(statement: Mapping[str, Any], question: Question) -> bool:
    action = question.action.lower()
    if "NotAction" in statement:
        return not any(glob(pattern.lower()).fullmatch(action) for pattern in _listed(statement["NotAction"]))
    return any(glob(pattern.lower()).fullmatch(action) for pattern in _listed(statement.get("Action", [])))


def _resource(statement: Mapping[str, Any], question: Question) -> bool:
    if "NotResource" in statement:
        if question.unnamed and statement["Effect"] == "Deny":
            raise CannotDecide(f"the emulator does not know the resource of {question.action}, and a NotResource asks for it")
        return not any(_one_resource(pattern, question) for pattern in _listed(statement["NotResource"]))
    if "Resource" not in statement:
        return True
    if question.unnamed and statement["Effect"] == "Deny":
        return "*" in _listed(statement["Resource"])
    return any(_one_resource(pattern, question) for pattern in _listed(statement["Resource"]))


def _one_resource(pattern: str, question: Question) -> bool:
    if pattern == "*":
        return True
    if question.unnamed:
        service, named = (_part(text, 2) for text in (question.resource, pattern))
        return pattern.startswith("arn:") and glob(named).fullmatch(service) is not None
    try:
        return glob(substitute(pattern, question.context)).fullmatch(question.resource) is not None
    except MissingVariable:
        return False


def _part(arn: str, place: int) -> str:
    parts = arn.split(":")
    return parts[place] if len(parts) > place else ""


def _principal(statement: Mapping[str, Any], question: Question) -> str:
    """How the statement names the asker: "direct", "account" or, when it does not, the empty string."""
    if "NotPrincipal" in statement:
        return "" if _names(statement["NotPrincipal"], question) else "direct"
    return _names(statement.get("Principal", {}), question)


def _names(principal: Any, question: Question) -> str:
    if principal == "*":
        return "" if question.service else "direct"
    if question.service:
        named = _listed(principal.get("Service", []))
        return "direct" if question.service in named or "*" in named else ""
    listed = _listed(principal.get("AWS", []))
    if "*" in listed or question.names & set(listed):
        return "direct"
    root = {question.account, f"arn:aws:iam::{question.account}:root"}
    return "account" if root & set(listed) else ""
