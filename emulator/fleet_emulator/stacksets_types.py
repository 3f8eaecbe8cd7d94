"""AWS::CloudFormation::StackSet: made and changed by the operations that the API has too, as AWS's handler does.

The handler waits for every operation and fails if one does. Source: the provider of the type,
aws-cloudformation/aws-cloudformation-resource-providers-cloudformation.
"""

from __future__ import annotations

from typing import Any

from . import stacksets_access, stacksets_admin
from .resource_types import Operation as Handled
from .resource_types import Properties, Resource, define, made
from .stacks_source import read
from .stacks_template import refuse
from .stacks_values import text
from .stacksets_admin import Targets
from .stacksets_model import Operation, StackSet

TYPE = "AWS::CloudFormation::StackSet"


def register() -> None:
    """Define the type."""
    define(TYPE, create=_create, update=_update, delete=_delete, attributes=lambda r: {"StackSetId": r.state.id})


def _owner(operation: Handled, p: Properties) -> str:
    return stacksets_access.owner(operation.account, operation.principal, p.get("CallAs"), p["PermissionModel"])


def _stack_set(operation: Handled, p: Properties) -> StackSet:
    body, url = p.get("TemplateBody"), p.get("TemplateURL")
    if (body is None) == (url is None):
        raise refuse("Either TemplateBody or TemplateURL must be specified")
    automatic = p.get("AutoDeployment") or {}
    return StackSet(
        p["StackSetName"],
        _owner(operation, p),
        operation.region,
        p["PermissionModel"],
        body if body is not None else read(str(url), operation.account, operation.principal),
        from_url=url is not None,
        description=p.get("Description"),
        parameters=_values(p.get("Parameters")),
        capabilities=list(p.get("Capabilities") or []),
        tags={item["Key"]: item["Value"] for item in p.get("Tags") or []},
        admin_role=p.get("AdministrationRoleARN"),
        execution_role=p.get("ExecutionRoleName"),
        auto=bool(automatic.get("Enabled")),
        retain_on_removal=bool(automatic.get("RetainStacksOnAccountRemoval")),
        depends_on=list(automatic.get("DependsOn") or []),
        managed_execution=bool((p.get("ManagedExecution") or {}).get("Active")),
    )


def _values(given: list[dict[str, Any]] | None) -> dict[str, str]:
    return {item["ParameterKey"]: text(item["ParameterValue"]) for item in given or []}


def _groups(p: Properties) -> list[tuple[Targets, dict[str, str]]]:
    """The groups of instances as an operation takes them: units whole, accounts of a self-managed set by name."""
    found = []
    for group in p.get("StackInstancesGroup") or []:
        deployment = dict(group.get("DeploymentTargets") or {})
        targets = Targets(list(group["Regions"]), (), deployment, dict(p.get("OperationPreferences") or {}))
        found.append((targets, _values(group.get("ParameterOverrides"))))
    return found


def _finish(operation: Operation) -> None:
    """Fail if the operation did, with the reasons of all accounts."""
    operation.seen = True
    if operation.status == "SUCCEEDED":
        return
    reasons = "; ".join(f"{item.account} {item.region}: {item.reason}" for item in operation.failures)
    raise refuse(f"Stack set operation [{operation.id}] was unexpectedly stopped or failed. status reason(s): [{reasons}]")


def _create(operation: Handled, p: Properties) -> Resource:
    stack_set = stacksets_admin.create(_stack_set(operation, p))
    try:
        for targets, overrides in _groups(p):
            _finish(stacksets_admin.create_instances(stack_set, targets, overrides))
    except Exception:
        _empty(stack_set, p)
        stacksets_admin.delete(stack_set)
        raise
    return made(TYPE, operation, p, stack_set.id, stack_set)


def _update(operation: Handled, resource: Resource, p: Properties) -> None:
    stack_set: StackSet = resource.state
    before = resource.properties
    old, new = _spread(stack_set, before), _spread(stack_set, p)
    gone = [pair for pair in old if pair not in new]
    for account, region in gone:
        _finish(_remove(stack_set, account, region, p))
    settings = ("StackInstancesGroup", "OperationPreferences", "CallAs")
    if {k: v for k, v in before.items() if k not in settings} != {k: v for k, v in p.items() if k not in settings}:
        changed = _stack_set(operation, p)
        _finish(stacksets_admin.update(stack_set, changed, Targets(preferences=p.get("OperationPreferences") or {})))
    stack_set.units = list(dict.fromkeys(unit for targets, _ in _groups(p) for unit in targets.units))
    stack_set.regions = list(dict.fromkeys(region for targets, _ in _groups(p) for region in targets.regions))
    for targets, overrides in _groups(p):
        accounts = stacksets_access.accounts_of(stack_set, (), targets.deployment, True)
        pairs = [(account, region) for region in targets.regions for account in accounts]
        same = all(pair in stack_set.instances and stack_set.instances[pair].overrides == overrides for pair in pairs)
        if not same:
            _finish(stacksets_admin.create_instances(stack_set, targets, overrides))


def _spread(stack_set: StackSet, p: Properties) -> set[tuple[str, str]]:
    return {
        (account, region)
        for targets, _ in _groups(p)
        for account in stacksets_access.accounts_of(stack_set, (), targets.deployment, True)
        for region in targets.regions
    }


def _delete(operation: Handled, resource: Resource) -> None:
    _owner(operation, resource.properties)
    _empty(resource.state, resource.properties)
    stacksets_admin.delete(resource.state)


def _empty(stack_set: StackSet, p: Properties) -> None:
    """Remove every instance, wherever its account is by now."""
    for account, region in list(stack_set.instances):
        _finish(_remove(stack_set, account, region, p))
    stack_set.units, stack_set.regions = [], []


def _remove(stack_set: StackSet, account: str, region: str, p: Properties) -> Operation:
    from . import stacksets_engine

    operation = stack_set.start("DELETE", preferences=dict(p.get("OperationPreferences") or {}))
    stacksets_engine.remove(stack_set, operation, [(account, region)], False)
    return operation
