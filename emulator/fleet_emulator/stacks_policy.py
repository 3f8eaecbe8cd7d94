"""Stack policies: what an update may do to which resource. Source: "Prevent updates to stack resources" in the User Guide.

A policy denies what no statement allows, and an explicit deny wins. Only updates ask it: creating and deleting a stack do not,
and neither does a resource that an update adds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from .stacks_template import refuse

MODIFY, REPLACE, DELETE = "Update:Modify", "Update:Replace", "Update:Delete"
ACTIONS = frozenset({MODIFY, REPLACE, DELETE, "Update:*"})
MAX_BODY = 16_384
INVALID = "Error validating stack policy: Invalid stack policy"


def checked(body: str | None) -> str | None:
    """The policy if it is one; what CloudFormation could not evaluate is refused when it is set."""
    if body is None:
        return None
    if len(body.encode()) > MAX_BODY:
        raise refuse(f"Stack policy may not exceed {MAX_BODY} bytes in size.")
    try:
        document = json.loads(body)
        statements = _listed(document["Statement"])
        valid = bool(statements) and all(_is_statement(statement) for statement in statements)
    except (ValueError, KeyError, TypeError, AttributeError):
        valid = False
    if not valid:
        raise refuse(INVALID)
    return body


def refusal(body: str | None, action: str, logical_id: str, type_name: str) -> str | None:
    """Why the policy does not let the update do the action to the resource; None if it does."""
    if body is None:
        return None
    resource, allowed = f"LogicalResourceId/{logical_id}", False
    for number, statement in enumerate(_listed(json.loads(body)["Statement"]), start=1):
        if not _covers(statement, action, resource, type_name):
            continue
        if statement["Effect"] == "Deny":
            return f"Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource [{resource}];"
        allowed = True
    return None if allowed else "Action not allowed by stack policy"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_statement(statement: dict[str, Any]) -> bool:
    actions = [*_listed(statement.get("Action", [])), *_listed(statement.get("NotAction", []))]
    return (
        statement["Effect"] in ("Allow", "Deny")
        and statement["Principal"] == "*"
        and bool(actions)
        and all(action in ACTIONS for action in actions)
        and ("Resource" in statement) != ("NotResource" in statement)
        and all(set(test) == {"ResourceType"} for _, test in _tests(statement))
        and all(operator in ("StringEquals", "StringLike") for operator, _ in _tests(statement))
    )


def _tests(statement: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from statement.get("Condition", {}).items()


def _covers(statement: dict[str, Any], action: str, resource: str, type_name: str) -> bool:
    if "Action" in statement:
        acts = any(fnmatchcase(action, pattern) for pattern in _listed(statement["Action"]))
    else:
        acts = not any(fnmatchcase(action, pattern) for pattern in _listed(statement["NotAction"]))
    if "Resource" in statement:
        named = any(fnmatchcase(resource, pattern) for pattern in _listed(statement["Resource"]))
    else:
        named = not any(fnmatchcase(resource, pattern) for pattern in _listed(statement["NotResource"]))
    return acts and named and all(_holds(operator, test["ResourceType"], type_name) for operator, test in _tests(statement))


def _holds(operator: str, wanted: Any, type_name: str) -> bool:
    if operator == "StringEquals":
        return type_name in _listed(wanted)
    return any(fnmatchcase(type_name, pattern) for pattern in _listed(wanted))
