"""The effective management policy of an account: those of the root, units and account, merged.

Policies of these types set values by the operators ``@@assign`` (replaces what is inherited) and ``@@append`` and ``@@remove``
(change an inherited list). Which operators a parent lets its children use (``@@operators_allowed_for_child_policies``) is not
evaluated. Source: Organizations user guide, "Management policy inheritance", "Inheritance operators".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .organizations_errors import invalid, refusal
from .organizations_model import Node, Organization
from .organizations_policies import RCP, SCP, check_type

_OPERATORS = ("@@assign", "@@append", "@@remove")


def policy(organization: Organization, target: Node, kind: str) -> str:
    """The merged document for the account or unit, as JSON; EffectivePolicyNotFoundException if there is none."""
    if check_type(kind) in (SCP, RCP):
        raise invalid("You specified an invalid value.", "INVALID_ENUM")
    merged: dict[str, Any] = {}
    for node_id in organization.path(target.id):
        for policy_id in organization.nodes[node_id].policies:
            held = organization.policies[policy_id]
            if held.type == kind:
                merged = _merged(merged, json.loads(held.content))
    if not merged or kind not in organization.enabled_types:
        raise refusal("EffectivePolicyNotFoundException")
    return json.dumps(merged)


def _merged(inherited: Any, given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    if any(operator in given for operator in _OPERATORS):
        return _applied(inherited, given)
    kept = dict(inherited) if isinstance(inherited, Mapping) else {}
    for key, value in given.items():
        if not key.startswith("@@"):
            kept[key] = _merged(kept.get(key), value)
    return kept


def _applied(inherited: Any, given: Mapping[str, Any]) -> Any:
    if "@@assign" in given:
        return given["@@assign"]
    listed = list(inherited) if isinstance(inherited, list) else []
    listed += [item for item in given.get("@@append", []) if item not in listed]
    return [item for item in listed if item not in given.get("@@remove", [])]
