"""Creating, updating and deleting a stack: order, events, roll back and clean-up as CloudFormation does them.

Everything is done when the call returns: the states in between exist only as events. A failed create is deleted again
(ROLLBACK_COMPLETE) and a failed update restored (UPDATE_ROLLBACK_COMPLETE), unless the caller asked otherwise.
Source: "Stack status codes" and "Choose how to handle failures when provisioning resources" in the User Guide.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from moto.core.utils import utcnow

from . import lifecycle, stacks_policy
from . import stacks_resources as resources
from .stacks_model import LOCK, Output, Stack, StackResource, StackStore
from .stacks_plan import Plan
from .stacks_resources import Failure
from .stacks_template import refuse
from .stacks_values import Unknown, text

ROLLBACK, DELETE, DO_NOTHING = "ROLLBACK", "DELETE", "DO_NOTHING"
UPDATABLE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "CREATE_FAILED",
    "UPDATE_FAILED",
)


def create(stack: Stack, store: StackStore, plan: Plan, on_failure: str = ROLLBACK) -> None:
    """Make the stack's resources and outputs; what happens after a failure is ``on_failure``."""
    with LOCK:
        _adopt(stack, plan)
        stack.record("CREATE_IN_PROGRESS", "User Initiated")
        stack.resources.clear()
        failed: list[str] = []
        why = ""
        for logical_id in plan.order:
            definition = plan.resources[logical_id]
            resource = StackResource(logical_id, definition["Type"], definition, depends_on=plan.needs(logical_id))
            stack.resources[logical_id] = resource
            try:
                resources.create(stack, plan, resource)
            except Failure:
                failed.append(logical_id)
                break
        if not failed:
            why = _outputs(stack, store, plan)
        if not failed and not why:
            stack.record("CREATE_COMPLETE")
            return
        reason = why or f"The following resource(s) failed to create: [{', '.join(failed)}]. "
        if on_failure == DO_NOTHING:
            stack.record("CREATE_FAILED", reason.rstrip())
            return
        _roll_back_create(stack, reason)
        if on_failure == DELETE and stack.status == "ROLLBACK_COMPLETE":
            delete(stack, store)


def _adopt(stack: Stack, plan: Plan) -> None:
    request = plan.request
    stack.body, stack.template, stack.parameters, stack.tags = request.body, plan.template, plan.parameters, plan.tags
    stack.capabilities = list(request.capabilities)
    if request.notification_arns is not None:
        stack.notification_arns = list(request.notification_arns)
    stack.role_arn = request.role_arn or stack.role_arn
    stack.principal = stack.role_arn or request.principal


def _roll_back_create(stack: Stack, reason: str) -> None:
    stack.record("ROLLBACK_IN_PROGRESS", f"{reason.rstrip()} Rollback requested by user.")
    stack.outputs, stack.imports = [], set()
    stuck = _delete_all(stack, list(stack.resources.values()), created=True)
    if stuck:
        stack.record("ROLLBACK_FAILED", f"The following resource(s) failed to delete: [{', '.join(stuck)}]. ")
        return
    for resource in stack.resources.values():
        if resource.status == "CREATE_FAILED":
            stack.record("DELETE_COMPLETE", None, resource)
    stack.record("ROLLBACK_COMPLETE")


def _outputs(stack: Stack, store: StackStore, plan: Plan) -> str:
    """Evaluate the outputs into the stack; the answer is why that fails, or nothing."""
    made: list[Output] = []
    exported = store.exports()
    try:
        for key, definition in plan.outputs.items():
            value = plan.scope.value(definition["Value"])
            if isinstance(value, dict | list | Unknown):
                return f"Template format error: The Value field of every Outputs member must evaluate to a String: {key}"
            name = definition.get("Export", {}).get("Name")
            export = text(plan.scope.value(name)) if name is not None else None
            if export in exported and exported[export][1] is not stack:
                return f"Export with name {export} is already exported by stack {exported[export][1].name}."
            made.append(Output(key, text(value), definition.get("Description"), export))
    except Exception as error:
        return str(getattr(error, "message", error))
    refusal = _exports_in_use(stack, store, made)
    if refusal:
        return refusal
    stack.outputs, stack.imports = made, set(plan.scope.imports)
    return ""


def _exports_in_use(stack: Stack, store: StackStore, new: list[Output]) -> str:
    """An export that another stack imports can neither go nor change."""
    values = {output.export: output.value for output in new}
    for output in stack.outputs:
        users = [name for name in store.importers(output.export or "") if name != stack.name]
        if output.export is None or not users:
            continue
        if output.export not in values:
            return f"Export {output.export} cannot be deleted as it is in use by {', '.join(users)}"
        if values[output.export] != output.value:
            return f"Export {output.export} cannot be updated as it is in use by {', '.join(users)}"
    return ""


def _delete_all(
    stack: Stack, items: list[StackResource], created: bool = False, retained: frozenset[str] = frozenset()
) -> list[str]:
    """Delete in reverse order of dependency; the answer names what could not go. What a stuck one needs stays too."""
    stuck: list[str] = []
    needed: set[str] = set()
    for resource in _reverse(items):
        if not resource.alive and resource.handle is None:
            continue
        policy = resource.definition.get("DeletionPolicy", "Delete")
        keep = policy == "Retain" or (policy == "RetainExceptOnCreate" and not created)
        if keep or resource.logical_id in retained:
            resources.skip(stack, resource)
        elif resource.logical_id in needed or not resources.delete(stack, resource):
            if resource.logical_id not in needed:
                stuck.append(resource.logical_id)
            needed |= resource.depends_on
    return stuck


def _reverse(items: list[StackResource]) -> list[StackResource]:
    left = {item.logical_id: item for item in items}
    answer: list[StackResource] = []
    while left:
        needed = frozenset().union(*(item.depends_on for item in left.values()))
        free = [name for name in left if name not in needed] or list(left)
        answer.extend(left.pop(name) for name in reversed(free))
    return answer


def delete(stack: Stack, store: StackStore, retained: frozenset[str] = frozenset()) -> None:
    """Delete the stack's resources and then the stack, or leave it as DELETE_FAILED; exports in use cancel it."""
    with LOCK:
        before = stack.status
        for output in stack.outputs:
            users = [name for name in store.importers(output.export or "") if name != stack.name]
            if output.export and users:
                why = f"Delete canceled. Cannot delete export {output.export} as it is in use by {', '.join(users)}."
                stack.record(before, why)
                return
        stack.record("DELETE_IN_PROGRESS", "User Initiated")
        stuck = _delete_all(stack, list(stack.resources.values()), retained=retained)
        if stuck:
            stack.record("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(stuck)}]. ")
            return
        stack.outputs, stack.imports = [], set()
        stack.deleted = utcnow()
        stack.record("DELETE_COMPLETE")
        stack.forget()
        for change_set in [key for key, item in store.change_sets.items() if item.stack is stack]:
            del store.change_sets[change_set]


class _Update:
    """One update: what was done, how to undo it, and what goes once it succeeded."""

    def __init__(self, stack: Stack, store: StackStore, plan: Plan, policy: str | None = None) -> None:
        """``policy`` stands in for the stack's own. An update that failed and stayed is continued: what it did is undone too."""
        self.stack, self.store, self.plan = stack, store, plan
        self.policy = policy or stack.policy
        failed: _Update | None = stack.unfinished
        self.before: Stack = failed.before if failed else copy.copy(stack)
        self.resources: dict[str, StackResource] = (
            failed.resources if failed else {name: copy.copy(item) for name, item in stack.resources.items()}
        )
        self.undo: list[tuple[str, Callable[[], bool]]] = failed.undo if failed else []
        self.replaced: list[tuple[StackResource, str]] = failed.replaced if failed else []
        stack.unfinished = None

    def run(self) -> str:
        """Apply the plan; the answer is the reason of failure, or nothing."""
        kept = [name for name in self.stack.resources if name not in self.plan.resources and self._refuses_deletion(name)]
        if kept:
            return f"The following resource(s) failed to update: [{', '.join(kept)}]. "
        for logical_id in self.plan.order:
            try:
                self._one(logical_id)
            except Failure:
                return f"The following resource(s) failed to {self._verb(logical_id)}: [{logical_id}]. "
        return _outputs(self.stack, self.store, self.plan)

    def _refuses_deletion(self, logical_id: str) -> bool:
        resource = self.stack.resources[logical_id]
        why = stacks_policy.refusal(self.policy, stacks_policy.DELETE, logical_id, resource.type)
        if why is None or resource.handle is None:
            return False
        self.stack.record("UPDATE_FAILED", why, resource)
        self.undo.append((logical_id, lambda: self._untouched(resource)))
        return True

    def _untouched(self, resource: StackResource) -> bool:
        self.stack.record("UPDATE_COMPLETE", None, resource)
        return True

    def _verb(self, logical_id: str) -> str:
        return "update" if self.stack.resources[logical_id].status == "UPDATE_FAILED" else "create"

    def _one(self, logical_id: str) -> None:
        definition = self.plan.resources[logical_id]
        old = self.stack.resources.get(logical_id)
        if old is None or old.handle is None:
            new = StackResource(logical_id, definition["Type"], definition, depends_on=self.plan.needs(logical_id))
            self.stack.resources[logical_id] = new
            self.undo.append((logical_id, lambda: resources.delete(self.stack, new)))
            resources.create(self.stack, self.plan, new)
            return
        try:
            wanted = resources.properties(self.plan, logical_id, self.stack.region)
        except Exception as error:
            self.stack.record("UPDATE_FAILED", resources.worded(error), old)
            raise Failure(str(error)) from error
        same = wanted == old.properties
        previous = copy.copy(old)
        old.definition, old.depends_on = definition, self.plan.needs(logical_id)
        if same:
            return
        self.undo.append((logical_id, lambda: self._restore(old, previous)))
        self._ask_policy(old, wanted)
        resources.update(self.stack, self.plan, old, wanted)
        if old.handle is not previous.handle:
            self.replaced.append((previous, definition.get("UpdateReplacePolicy", "Delete")))

    def _ask_policy(self, old: StackResource, wanted: dict[str, Any]) -> None:
        replaced = lifecycle.changed_create_only(old.type, old.properties, wanted, self.stack.region)
        action = stacks_policy.REPLACE if replaced else stacks_policy.MODIFY
        why = stacks_policy.refusal(self.policy, action, old.logical_id, old.type)
        if why is not None:
            self.stack.record("UPDATE_FAILED", why, old)
            raise Failure(why)

    def _restore(self, now: StackResource, previous: StackResource) -> bool:
        """Undo one update: drop the replacement, or give the old properties back."""
        if now.handle is not previous.handle:
            replacement = copy.copy(now)
            now.handle, now.physical_id, now.properties = previous.handle, previous.physical_id, previous.properties
            self.stack.record("UPDATE_COMPLETE", None, now)
            return resources.delete(self.stack, replacement)
        refused = now.properties is previous.properties
        if refused and now.status != "UPDATE_FAILED":
            return True
        try:
            resources.update(self.stack, self.plan, now, previous.properties)
        except Failure:
            if refused:  # nothing was changed: what refused the update refuses its undoing too
                self.stack.record("UPDATE_COMPLETE", None, now)
            return refused
        return True

    def roll_back(self, reason: str) -> None:
        """Restore the previous resources, newest change first."""
        stack = self.stack
        stack.record("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        stack.tags = self.before.tags
        self.undo = [(name, step) for name, step in reversed(self.undo) if not step()][::-1]
        for name in ("body", "template", "parameters", "capabilities", "notification_arns", "outputs", "imports"):
            setattr(stack, name, getattr(self.before, name))
        self._end_roll_back()

    def resume(self, skipped: frozenset[str]) -> None:
        """Try again what could not be undone, without the resources that the caller takes as they are."""
        self.stack.record("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
        for name in skipped:
            self.stack.record("UPDATE_COMPLETE", None, self.stack.resources[name])
        self.undo = [(name, step) for name, step in reversed(self.undo) if name not in skipped and not step()][::-1]
        self._end_roll_back()

    def _end_roll_back(self) -> None:
        stack = self.stack
        if self.undo:
            stack.unfinished = self
            stuck = list(dict.fromkeys(name for name, _ in self.undo))
            stack.record("UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: [{', '.join(stuck)}]. ")
            return
        for name, resource in list(stack.resources.items()):
            if name not in self.resources:
                del stack.resources[name]
            else:
                resource.definition, resource.depends_on = self.resources[name].definition, self.resources[name].depends_on
        stack.record("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        stack.record("UPDATE_ROLLBACK_COMPLETE")

    def clean_up(self) -> None:
        """Delete what was replaced and what the template no longer has; a failure there does not fail the update."""
        stack = self.stack
        stack.record("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        for old, policy in reversed(self.replaced):
            if policy in ("Retain", "RetainExceptOnCreate"):
                resources.skip(stack, old)
            else:
                resources.delete(stack, old)
        gone = [resource for name, resource in stack.resources.items() if name not in self.plan.resources]
        _delete_all(stack, gone)
        for resource in gone:
            del stack.resources[resource.logical_id]
        stack.record("UPDATE_COMPLETE")


def update(stack: Stack, store: StackStore, plan: Plan, on_failure: str = ROLLBACK, policy: str | None = None) -> None:
    """Bring the stack to the plan, or restore what it was; ``policy`` stands in for the stack policy this once."""
    with LOCK:
        change = _Update(stack, store, plan, policy)
        stack.updated = utcnow()
        stack.record("UPDATE_IN_PROGRESS", "User Initiated")
        _adopt(stack, plan)
        reason = change.run()
        if not reason:
            change.clean_up()
        elif on_failure == DO_NOTHING:
            stack.unfinished = change
            stack.record("UPDATE_FAILED", reason.rstrip())
        else:
            change.roll_back(reason)


def continue_roll_back(stack: Stack, skipped: frozenset[str]) -> None:
    """ContinueUpdateRollback: the caller has checked that the stack's roll back failed."""
    with LOCK:
        change: _Update | None = stack.unfinished
        if change is None:
            raise refuse(f"Stack [{stack.stack_id}] has no update to roll back")
        wrong = sorted(skipped - {name for name, _ in change.undo})
        if wrong:
            raise refuse(f"The following resource(s) cannot be skipped as they are not in a failed state: [{', '.join(wrong)}]")
        stack.unfinished = None
        change.resume(skipped)


def roll_back(stack: Stack) -> None:
    """RollbackStack: undo a failed creation or update that was left as it was."""
    with LOCK:
        change: _Update | None = stack.unfinished
        stack.unfinished = None
        if change is not None:
            change.roll_back("User Initiated")
        else:
            _roll_back_create(stack, "")


def changes_type(stack: Stack, plan: Plan) -> list[str]:
    """Logical ids whose type the plan would change, which CloudFormation does not do."""
    return [
        name
        for name, resource in stack.resources.items()
        if name in plan.resources and plan.resources[name]["Type"] != resource.type
    ]
