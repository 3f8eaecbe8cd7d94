"""Change sets: what would change, kept until it is executed, deleted or overtaken.

A change set that changes nothing, or whose plan CloudFormation refuses after it accepted the call (a missing export), exists
with the status FAILED and its reason. Executing one removes all change sets of its stack: they describe a stack that no longer
is. Source: "Update CloudFormation stacks using change sets" in the User Guide; the wording as the CDK's CLI matches it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id
from moto.core.utils import utcnow

from . import changesets_diff, stacks_engine, stacks_plan
from .stacks_model import LOCK, Stack, StackStore
from .stacks_plan import Plan, Request
from .stacks_template import refuse

UNCHANGED = "The submitted information didn't contain changes. Submit different information to create a change set."


class ChangeSetNotFound(CloudFormationError):
    """There is no such change set."""

    code = "ChangeSetNotFound"


class InvalidChangeSetStatus(CloudFormationError):
    """The change set cannot be executed as it is."""

    code = "InvalidChangeSetStatus"


class AlreadyExists(CloudFormationError):
    """A change set or stack of that name exists."""

    code = "AlreadyExistsException"


@dataclass
class ChangeSet:
    """A change set and the plan it would execute."""

    change_set_id: str
    name: str
    stack: Stack
    type: str
    request: Request
    description: str | None = None
    on_failure: str | None = None
    plan: Plan | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)
    status: str = "CREATE_COMPLETE"
    reason: str | None = None
    execution: str = "AVAILABLE"
    created: datetime = field(default_factory=utcnow)

    def shown(self) -> dict[str, Any]:
        """The change set as DescribeChangeSet answers."""
        parameters = self.plan.parameters.values() if self.plan else []
        tags = self.plan.tags if self.plan else self.request.tags or {}
        return {
            **self.summary(),
            "Parameters": [parameter.shown() for parameter in parameters],
            "NotificationARNs": self.request.notification_arns or [],
            "Capabilities": self.request.capabilities,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            "Changes": self.changes,
            "OnStackFailure": self.on_failure,
        }

    def summary(self) -> dict[str, Any]:
        """The change set as ListChangeSets lists it."""
        return {
            "ChangeSetName": self.name,
            "ChangeSetId": self.change_set_id,
            "StackId": self.stack.stack_id,
            "StackName": self.stack.name,
            "Description": self.description,
            "CreationTime": self.created,
            "ExecutionStatus": self.execution,
            "Status": self.status,
            "StatusReason": self.reason,
            "IncludeNestedStacks": False,
        }


def create(
    store: StackStore,
    stack_name: str,
    name: str,
    kind: str,
    request: Request,
    description: str | None = None,
    on_failure: str | None = None,
) -> ChangeSet:
    """Make a change set; a new stack begins as REVIEW_IN_PROGRESS, and such a stack is used again."""
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", name):
        raise refuse(
            f"1 validation error detected: Value '{name}' at 'changeSetName' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    with LOCK:
        stack, fresh = _stack_for(store, stack_name, kind)
        if find(store, name, stack.stack_id, required=False):
            raise AlreadyExists(f"ChangeSet {name} cannot be created due to a mismatch with existing attribute Name")
        change_set_id = generate_changeset_id(name, store.region, store.account)
        made = ChangeSet(change_set_id, name, stack, kind, request, description, on_failure)
        _plan(made, store)
        if fresh:
            store.stacks[stack.stack_id] = stack
            stack.record("REVIEW_IN_PROGRESS", "User Initiated")
        store.change_sets[change_set_id] = made
        return made


def _stack_for(store: StackStore, stack_name: str, kind: str) -> tuple[Stack, bool]:
    existing = store.find(stack_name)
    if existing is not None and existing.status == "DELETE_COMPLETE":
        existing = None
    if kind == "CREATE":
        if existing is None:
            stack_id = generate_stack_id(stack_name, store.region, store.account)
            return Stack(stack_id, stack_name, store.account, store.region), True
        if existing.status != "REVIEW_IN_PROGRESS":
            raise refuse(f"Stack [{stack_name}] already exists and cannot be created again with the changeSet [CREATE].")
        return existing, False
    if existing is None:
        raise refuse(f"Stack [{stack_name}] does not exist")
    if existing.status not in stacks_engine.UPDATABLE:
        raise refuse(f"Stack:{existing.stack_id} is in {existing.status} state and can not be updated.")
    return existing, False


def _plan(made: ChangeSet, store: StackStore) -> None:
    """Plan and compare. What the caller got wrong in the template is refused at once; what only evaluation shows fails it."""
    stack = made.stack
    plan = stacks_plan.make(stack, store, made.request, stack.parameters)
    changed_types = stacks_engine.changes_type(stack, plan)
    if changed_types:
        raise refuse(
            "Update of resource type is not permitted. The new template modifies resource type of the following resources: "
            f"[{', '.join(changed_types)}]"
        )
    made.plan = plan
    try:
        made.changes = changesets_diff.compare(stack, plan)
        for definition in plan.outputs.values():
            plan.scope.value(definition)
    except Exception as error:
        made.status, made.execution, made.reason = "FAILED", "UNAVAILABLE", str(getattr(error, "message", error))
        return
    if made.type != "CREATE" and not made.changes and not changes_besides(stack, plan):
        made.status, made.execution, made.reason = "FAILED", "UNAVAILABLE", UNCHANGED


def changes_besides(stack: Stack, plan: Plan) -> bool:
    """Whether outputs, tags or notifications change although no resource does."""
    old = {key: value for key, value in _shown_outputs(stack).items()}
    new = {}
    for key, definition in plan.outputs.items():
        export = definition.get("Export", {}).get("Name")
        new[key] = (
            str(plan.scope.value(definition["Value"])),
            definition.get("Description"),
            None if export is None else str(plan.scope.value(export)),
        )
    arns = plan.request.notification_arns
    return old != new or plan.tags != stack.tags or (arns is not None and arns != stack.notification_arns)


def _shown_outputs(stack: Stack) -> dict[str, tuple[str, str | None, str | None]]:
    return {output.key: (output.value, output.description, output.export) for output in stack.outputs}


def find(store: StackStore, name_or_id: str, stack_name: str | None = None, required: bool = True) -> ChangeSet | None:
    """By ARN, or by name among those of a stack."""
    found = store.change_sets.get(name_or_id)
    if found is None and stack_name is not None:
        stack = store.find(stack_name)
        of_stack = [item for item in store.change_sets.values() if item.stack is stack and item.execution != "EXECUTE_COMPLETE"]
        found = next((item for item in of_stack if item.name == name_or_id), None)
    if found is None and required:
        raise ChangeSetNotFound(f"ChangeSet [{name_or_id}] does not exist")
    return found


def execute(store: StackStore, made: ChangeSet, principal: str | None, disable_rollback: bool | None = None) -> None:
    """Do what the change set says. It is planned again: exports and SSM values may have moved, its template may not."""
    with LOCK:
        stack = made.stack
        if made.execution != "AVAILABLE":
            raise InvalidChangeSetStatus(
                f"ChangeSet [{made.change_set_id}] cannot be executed in its current status of [{made.status}]"
            )
        if made.type != "CREATE" and stack.status not in stacks_engine.UPDATABLE:
            raise refuse(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
        for other in [key for key, item in store.change_sets.items() if item.stack is stack and item is not made]:
            del store.change_sets[other]
        made.request.principal = principal
        plan = stacks_plan.make(stack, store, made.request, stack.parameters)
        on_failure = made.on_failure or stacks_engine.ROLLBACK
        if disable_rollback:
            on_failure, stack.disable_rollback = stacks_engine.DO_NOTHING, True
        stack.change_set_id = made.change_set_id
        if made.type == "CREATE":
            stacks_engine.create(stack, store, plan, on_failure)
        else:
            stacks_engine.update(stack, store, plan, on_failure)
        made.execution = "EXECUTE_COMPLETE" if stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE") else "EXECUTE_FAILED"
        if made.execution == "EXECUTE_FAILED":
            store.change_sets.pop(made.change_set_id, None)


def delete(store: StackStore, made: ChangeSet) -> None:
    """Forget the change set; a stack that only waited for it stays in review, as in AWS."""
    store.change_sets.pop(made.change_set_id, None)
