"""CloudFormation's operations for stacks that drifted or whose roll back stopped, which moto lacks."""

from __future__ import annotations

from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from . import stacks_drift, stacks_engine
from .stacks_api import existing, given_store, principal, service_role
from .stacks_model import LOCK, Stack
from .stacks_template import refuse


def detect_stack_drift(self: CloudFormationResponse) -> ActionResult:
    """DetectStackDrift: done when it answers."""
    with LOCK:
        stack = existing(given_store(self), self._get_param("StackName"), "Stack [{}] does not exist")
        identifier = stacks_drift.detect(stack, self._get_param("LogicalResourceIds"))
    return ActionResult({"StackDriftDetectionId": identifier})


def describe_stack_drift_detection_status(self: CloudFormationResponse) -> ActionResult:
    """DescribeStackDriftDetectionStatus."""
    identifier = self._get_param("StackDriftDetectionId")
    found = stacks_drift.RESULTS.get(identifier)
    if found is None or found["StackId"] not in given_store(self).stacks:
        raise refuse(f"Drift detection [{identifier}] does not exist")
    return ActionResult(found)


def describe_stack_resource_drifts(self: CloudFormationResponse) -> ActionResult:
    """DescribeStackResourceDrifts: of resources that were checked, and so not of types that cannot be."""
    stack = existing(given_store(self), self._get_param("StackName"), "Stack [{}] does not exist")
    wanted = self._get_param("StackResourceDriftStatusFilters", [])
    found = [item for name, item in stack.drift.items() if name in stack.resources]
    return ActionResult({"StackResourceDrifts": [d for d in found if not wanted or d["StackResourceDriftStatus"] in wanted]})


def detect_stack_resource_drift(self: CloudFormationResponse) -> ActionResult:
    """DetectStackResourceDrift: a type that cannot be checked is refused."""
    name, logical_id = self._get_param("StackName"), self._get_param("LogicalResourceId")
    with LOCK:
        stack = existing(given_store(self), name, "Stack [{}] does not exist")
        item = stack.resources.get(logical_id)
        if item is None or item.handle is None:
            raise refuse(f"Resource {logical_id} does not exist for stack {name}")
        found = stacks_drift.check(stack, item)
        if found is None:
            raise refuse(f"Drift detection is not supported for resource type {item.type}")
        stack.drift[logical_id] = found
    return ActionResult({"StackResourceDrift": found})


def continue_update_rollback(self: CloudFormationResponse) -> ActionResult:
    """ContinueUpdateRollback."""
    with LOCK:
        stack = _acted_on(self)
        if stack.status != "UPDATE_ROLLBACK_FAILED":
            raise refuse(f"Stack:{stack.stack_id} is in {stack.status} state and can not continue rollback.")
        stacks_engine.continue_roll_back(stack, frozenset(self._get_param("ResourcesToSkip", [])))
    return EmptyResult()


def rollback_stack(self: CloudFormationResponse) -> ActionResult:
    """RollbackStack: of a creation or an update that failed and was left so."""
    with LOCK:
        stack = _acted_on(self)
        if stack.status not in ("CREATE_FAILED", "UPDATE_FAILED"):
            raise refuse(f"Stack:{stack.stack_id} is in {stack.status} state and can not be rolled back.")
        stacks_engine.roll_back(stack)
    return ActionResult({"StackId": stack.stack_id})


def _acted_on(response: CloudFormationResponse) -> Stack:
    stack = existing(given_store(response), response._get_param("StackName"), "Stack [{}] does not exist")
    stack.role_arn = service_role(response._get_param("RoleARN"), response.current_account) or stack.role_arn
    stack.principal = stack.role_arn or principal()
    return stack


OPERATIONS = (
    detect_stack_drift,
    describe_stack_drift_detection_status,
    describe_stack_resource_drifts,
    detect_stack_resource_drift,
    continue_update_rollback,
    rollback_stack,
)
