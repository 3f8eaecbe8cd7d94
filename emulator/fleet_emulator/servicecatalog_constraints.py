"""The five kinds of constraint: what each must say, and which go together on a product in a portfolio.

Source: CreateConstraint in the Service Catalog API Reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from moto.iam.models import iam_backends

from .servicecatalog_model import Catalog, Duplicate, Invalid

KINDS = ("LAUNCH", "NOTIFICATION", "RESOURCE_UPDATE", "STACKSET", "TEMPLATE")
SINGLE = ("LAUNCH", "STACKSET", "RESOURCE_UPDATE")
"""Kinds of which a product in a portfolio has one at most."""

MAX_TOPICS = 5


def check_kind(kind: str, taken: Sequence[str], where: str) -> None:
    """Refuse an unknown kind, a second one of a kind that is single, and LAUNCH beside STACKSET."""
    if kind not in KINDS:
        raise Invalid(f"Invalid constraint type {kind}: use one of {', '.join(KINDS)}")
    if kind in SINGLE and kind in taken:
        raise Duplicate(f"A {kind} constraint exists for {where}")
    if {kind, *taken} >= {"LAUNCH", "STACKSET"}:
        raise Invalid("A product in a portfolio cannot have both a LAUNCH and a STACKSET constraint")


def check(place: Catalog, kind: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters, if they are what the kind needs."""
    given = properties(parameters)
    if kind == "LAUNCH":
        _check_launch(place, parameters)
    elif kind == "NOTIFICATION":
        topics = parameters.get("NotificationArns")
        if not topics or len(topics) > MAX_TOPICS or not all(re.fullmatch(r"arn:aws:sns:[^:]+:\d{12}:.+", t) for t in topics):
            raise Invalid(f"A NOTIFICATION constraint needs NotificationArns with one to {MAX_TOPICS} ARNs of SNS topics")
    elif kind == "RESOURCE_UPDATE":
        if given.get("TagUpdateOnProvisionedProduct") not in ("ALLOWED", "NOT_ALLOWED"):
            raise Invalid("A RESOURCE_UPDATE constraint needs TagUpdateOnProvisionedProduct, ALLOWED or NOT_ALLOWED")
    elif kind == "STACKSET":
        missing = [key for key in ("AccountList", "RegionList", "AdminRole", "ExecutionRole") if not given.get(key)]
        if missing:
            raise Invalid(f"A STACKSET constraint needs {', '.join(missing)}")
    elif not isinstance(parameters.get("Rules"), dict) or not all("Assertions" in r for r in parameters["Rules"].values()):
        raise Invalid("A TEMPLATE constraint needs Rules, each with Assertions")
    return parameters


def _check_launch(place: Catalog, parameters: dict[str, Any]) -> None:
    """A launch constraint names one role; a local one must exist in the account of the constraint."""
    names = [key for key in ("RoleArn", "LocalRoleName") if parameters.get(key)]
    if len(names) != 1:
        raise Invalid("A LAUNCH constraint needs either RoleArn or LocalRoleName")
    local = parameters.get("LocalRoleName")
    if local and not any(role.name == local for role in iam_backends[place.account]["aws"].roles.values()):
        raise Invalid(f"LocalRoleName {local} does not exist in account {place.account}")


def properties(parameters: dict[str, Any]) -> dict[str, Any]:
    """What a constraint with a version says under Properties."""
    found = parameters.get("Properties", parameters)
    return found if isinstance(found, dict) else {}


def parsed(text: str) -> dict[str, Any]:
    """The parameters of a constraint from their JSON."""
    try:
        given = json.loads(text)
    except json.JSONDecodeError:
        raise Invalid("Parameters of a constraint must be JSON") from None
    if not isinstance(given, dict):
        raise Invalid("Parameters of a constraint must be a JSON object")
    return given


def rules(text: str) -> dict[str, Any]:
    """A TEMPLATE constraint's rules from their JSON, with or without the key Rules around them."""
    given = parsed(text)
    return given if "Rules" in given else {"Rules": given}
