"""What an operation of a stack set does: it makes, changes or removes ordinary stacks, region by region, until too many fail.

Everything is done when the call returns. Per region, an operation stops as soon as more accounts failed than the preferences
tolerate, and then tries no further region. Source: StackSetOperationPreferences and StackSetOperation in the API Reference.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.cloudformation.utils import generate_stack_id
from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow

from . import stacks_engine, stacks_plan
from .authorization import authorize
from .stacks_model import LOCK, Stack, store
from .stacks_plan import Request
from .stacksets_access import CannotDeploy, role_for, unit_of
from .stacksets_model import Instance, Operation, Pair, Result, StackSet

Step = Callable[[Pair], None]


def deploy(stack_set: StackSet, operation: Operation, pairs: Sequence[Pair], overrides: Mapping[str, str] | None = None) -> None:
    """Bring the instances to the stack set's template and parameters, making those that are not there.

    ``overrides`` None keeps what each instance has.
    """
    units = list((operation.targets or {}).get("OrganizationalUnitIds") or stack_set.units)
    for pair in pairs:
        made = stack_set.instances.setdefault(pair, Instance(*pair, unit_of(stack_set, pair[0], units)))
        if overrides is not None:
            made.overrides = dict(overrides)
        made.status, made.detailed, made.reason, made.last_operation = "OUTDATED", "PENDING", None, operation.id
    _run(stack_set, operation, pairs, lambda pair: _deploy_one(stack_set, stack_set.instances[pair]))


def remove(stack_set: StackSet, operation: Operation, pairs: Sequence[Pair], retain: bool) -> None:
    """Remove instances, with their stacks unless these are retained."""
    operation.retain = retain
    present = [pair for pair in pairs if pair in stack_set.instances]
    for pair in present:
        stack_set.instances[pair].last_operation = operation.id

    def step(pair: Pair) -> None:
        if not retain:
            _remove_stack(stack_set, stack_set.instances[pair])
        del stack_set.instances[pair]

    _run(stack_set, operation, present, step)


def _run(stack_set: StackSet, operation: Operation, pairs: Sequence[Pair], step: Step) -> None:
    """Take the step everywhere, or until a region fails; the operation's results tell all."""
    with LOCK:
        regions = list(dict.fromkeys(region for _, region in pairs))
        wanted = [region for region in operation.preferences.get("RegionOrder") or [] if region in regions]
        stopped = False
        for region in [*wanted, *(region for region in regions if region not in wanted)]:
            accounts = [account for account, where in pairs if where == region]
            stopped = _run_region(stack_set, operation, region, accounts, step, stopped) or stopped
        operation.status = "FAILED" if stopped else "SUCCEEDED"
        operation.ended = utcnow()


def _run_region(
    stack_set: StackSet, operation: Operation, region: str, accounts: Sequence[str], step: Step, stopped: bool
) -> bool:
    """One region; True if more failed than tolerated. Those of one batch are under way together and are not cancelled."""
    tolerated = _count(operation.preferences, "FailureTolerance", len(accounts), 0)
    at_once = max(1, _count(operation.preferences, "MaxConcurrent", len(accounts), 1))
    if operation.preferences.get("ConcurrencyMode") != "SOFT_FAILURE_TOLERANCE":
        at_once = min(at_once, tolerated + 1)
    failed = 0
    for index, account in enumerate(accounts):
        if index % at_once == 0:
            stopped = stopped or failed > tolerated
        instance = stack_set.instances[(account, region)]
        result = Result(account, region, instance.unit)
        operation.results.append(result)
        if stopped:
            result.status, result.reason = "CANCELLED", "Cancelled since failure tolerance has exceeded"
            instance.detailed, instance.reason = "CANCELLED", result.reason
            continue
        try:
            step((account, region))
            result.status = "SUCCEEDED"
        except (CannotDeploy, ServiceException) as error:
            failed += 1
            result.status, result.reason = "FAILED", str(getattr(error, "message", None) or error)
            instance.reason, instance.detailed = result.reason, "INOPERABLE" if instance.status == "INOPERABLE" else "FAILED"
    return stopped or failed > tolerated


def _count(preferences: Mapping[str, Any], name: str, accounts: int, default: int) -> int:
    """A preference as a number of accounts: percentages are rounded down."""
    if preferences.get(f"{name}Count") is not None:
        return int(preferences[f"{name}Count"])
    if preferences.get(f"{name}Percentage") is not None:
        return accounts * int(preferences[f"{name}Percentage"]) // 100
    return default


def _deploy_one(stack_set: StackSet, instance: Instance) -> None:
    """Make or change the stack of one instance."""
    if instance.status == "INOPERABLE":
        raise CannotDeploy("Stack instance is INOPERABLE: delete it with RetainStacks")
    role = role_for(stack_set, instance.account)
    stack, place = instance.stack, store(instance.account, instance.region)
    if stack is not None and stack.status == "DELETE_COMPLETE":
        stack = None
    if stack is not None and stack.status not in stacks_engine.UPDATABLE:
        _remove_stack(stack_set, instance)  # a failed creation is made anew
        stack = None
    request = _request(stack_set, instance, role)
    if stack is None:
        name = f"StackSet-{stack_set.name}-{_unique(stack_set, instance)}"
        stack = Stack(generate_stack_id(name, instance.region, instance.account), name, instance.account, instance.region)
        _may(role, "cloudformation:CreateStack", stack)
        plan = stacks_plan.make(stack, place, request)
        place.stacks[stack.stack_id] = instance.stack = stack
        stacks_engine.create(stack, place, plan)
    else:
        _may(role, "cloudformation:UpdateStack", stack)
        plan = stacks_plan.make(stack, place, request, stack.parameters)
        if stacks_plan.differs(stack, plan):
            stacks_engine.update(stack, place, plan)
    if stack.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise CannotDeploy(why(stack))
    instance.status, instance.detailed = "CURRENT", "SUCCEEDED"


def _unique(stack_set: StackSet, instance: Instance) -> str:
    return str(uuid.uuid5(uuid.UUID(stack_set.unique), f"{instance.account}/{instance.region}/{len(stack_set.operations)}"))


def _request(stack_set: StackSet, instance: Instance, role: str) -> Request:
    declared = stack_set.template.get("Parameters", {})
    values = {**stack_set.parameters, **instance.overrides}
    return Request(
        body=stack_set.body,
        from_url=stack_set.from_url,
        parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items() if key in declared],
        tags=dict(stack_set.tags),
        capabilities=list(stack_set.capabilities),
        principal=role,
    )


def _remove_stack(stack_set: StackSet, instance: Instance) -> None:
    """Delete the stack of an instance; what cannot be deleted makes the instance inoperable."""
    stack = instance.stack
    if stack is None or stack.status == "DELETE_COMPLETE":
        return
    try:
        role = role_for(stack_set, instance.account)
        _may(role, "cloudformation:DeleteStack", stack)
        if stack.termination_protection:
            raise CannotDeploy(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        stack.principal = role
        stacks_engine.delete(stack, store(stack.account, stack.region))
        if stack.status != "DELETE_COMPLETE":
            raise CannotDeploy(why(stack))
    except (CannotDeploy, ServiceException):
        instance.status = "INOPERABLE"
        raise


def _may(role: str, action: str, stack: Stack) -> None:
    decision = authorize(role, action, stack.stack_id, {})
    if not decision.allowed:
        raise CannotDeploy(decision.reason)


def why(stack: Stack) -> str:
    """The resources that failed in the stack's last operation, and why."""
    failed = []
    for event in reversed(stack.events):
        if event.type == "AWS::CloudFormation::Stack" and event.reason == "User Initiated":
            break
        if event.status.endswith("_FAILED") and event.type != "AWS::CloudFormation::Stack":
            failed.append(
                f"ResourceLogicalId:{event.logical_id}, ResourceType:{event.type}, ResourceStatusReason:{event.reason}."
            )
    return " ".join(reversed(failed)) or stack.reason or f"stack is in {stack.status}"
