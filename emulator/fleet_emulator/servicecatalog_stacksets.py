"""Products with a STACKSET constraint: a launch makes a stack set, with instances in the accounts and regions of the constraint.

The administration role of the constraint is assumed and takes on the execution role in each account. Source: "Service Catalog
stack set constraints" in the Administrator Guide and UpdateProvisioningPreferences in the API Reference.
"""

from __future__ import annotations

from typing import Any

from . import stacksets_admin
from .servicecatalog_constraints import properties
from .servicecatalog_launched import Provisioned
from .servicecatalog_model import Constraint, Invalid
from .stacksets_admin import Targets
from .stacksets_model import SELF_MANAGED, Operation, StackSet

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class Failed(Exception):
    """An operation of the stack set failed: where and why."""


def targets(constraint: Constraint, preferences: dict[str, Any]) -> Targets:
    """The accounts and regions that a launch asks for, within those of the constraint: all, if it asks for none."""
    held = properties(constraint.parameters)
    chosen: dict[str, list[str]] = {}
    for asked, allowed in (("StackSetAccounts", "AccountList"), ("StackSetRegions", "RegionList")):
        wanted = list(preferences.get(asked) or held[allowed])
        outside = [item for item in wanted if item not in held[allowed]]
        if outside:
            raise Invalid(f"{asked} {', '.join(outside)} are not in the {allowed} of the STACKSET constraint")
        chosen[asked] = wanted
    renamed = {
        "StackSetFailureToleranceCount": "FailureToleranceCount",
        "StackSetFailureTolerancePercentage": "FailureTolerancePercentage",
        "StackSetMaxConcurrencyCount": "MaxConcurrentCount",
        "StackSetMaxConcurrencyPercentage": "MaxConcurrentPercentage",
    }
    limits = {name: preferences[key] for key, name in renamed.items() if preferences.get(key) is not None}
    return Targets(chosen["StackSetRegions"], chosen["StackSetAccounts"], None, limits)


def make(
    made: Provisioned, constraint: Constraint, body: str, parameters: dict[str, str], tags: dict[str, str], where: Targets
) -> None:
    """Make the stack set and its instances; Failed if they cannot all be made."""
    stack_set = _stack_set(made, constraint, body, parameters, tags)
    made.stack_set = stacksets_admin.create(stack_set)
    _finish(stacksets_admin.create_instances(made.stack_set, where))


def _stack_set(
    made: Provisioned, constraint: Constraint, body: str, parameters: dict[str, str], tags: dict[str, str]
) -> StackSet:
    held = properties(constraint.parameters)
    return StackSet(
        f"SC-{made.account}-{made.id}", made.account, made.region, SELF_MANAGED, body, from_url=True, parameters=parameters,
        capabilities=list(CAPABILITIES), tags=tags, admin_role=held["AdminRole"], execution_role=held["ExecutionRole"],
    )  # fmt: skip


def change(
    made: Provisioned, constraint: Constraint, body: str, parameters: dict[str, str], tags: dict[str, str],
    preferences: dict[str, Any],
) -> None:  # fmt: skip
    """UpdateProvisionedProduct: the set itself, or by StackSetOperationType more or fewer instances of it as it is."""
    where, kind = targets(constraint, preferences), preferences.get("StackSetOperationType", "UPDATE")
    if kind in ("CREATE", "DELETE"):
        held = properties(constraint.parameters)
        if held.get("StackInstanceControl") == "NOT_ALLOWED":
            raise Failed("The STACKSET constraint does not allow to create, update or delete stack instances")
        if kind == "CREATE":
            _finish(stacksets_admin.create_instances(made.stack_set, where))
        else:
            _finish(stacksets_admin.delete_instances(made.stack_set, where, False))
        return
    changed = _stack_set(made, constraint, body, parameters, tags)
    everywhere = Targets(preferences=where.preferences)
    _finish(stacksets_admin.update(made.stack_set, changed, everywhere))


def end(made: Provisioned, retain: bool) -> None:
    """Remove all instances and the stack set."""
    stack_set = made.stack_set
    if stack_set.instances:
        where = Targets(sorted({r for _, r in stack_set.instances}), sorted({a for a, _ in stack_set.instances}))
        _finish(stacksets_admin.delete_instances(stack_set, where, retain))
    stacksets_admin.delete(stack_set)


def instances(made: Provisioned) -> list[dict[str, str]]:
    """ListStackInstancesForProvisionedProduct."""
    return [
        {"Account": item.account, "Region": item.region, "StackInstanceStatus": item.status}
        for item in made.stack_set.instances.values()
    ]


def _finish(operation: Operation) -> None:
    operation.seen = True
    if operation.status != "SUCCEEDED":
        raise Failed("; ".join(f"{item.account} {item.region}: {item.reason}" for item in operation.failures))
