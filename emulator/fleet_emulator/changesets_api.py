"""CloudFormation's operations on change sets, instead of moto's."""

from __future__ import annotations

from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from . import changesets
from .stacks_api import existing, given_store, principal, request_of
from .stacks_model import LOCK
from .stacks_requests import NotEmulated


def create_change_set(self: CloudFormationResponse) -> ActionResult:
    """CreateChangeSet."""
    store, stack_name = given_store(self), self._get_param("StackName")
    kind = self._get_param("ChangeSetType") or "UPDATE"
    if kind == "IMPORT":
        raise NotEmulated("emulator: change sets of type IMPORT are not emulated: create the resources by the stack")
    with LOCK:
        made = changesets.create(
            store,
            stack_name,
            self._get_param("ChangeSetName"),
            kind,
            request_of(self, store.find(stack_name)),
            self._get_param("Description"),
            self._get_param("OnStackFailure"),
        )
    return ActionResult({"Id": made.change_set_id, "StackId": made.stack.stack_id})


def describe_change_set(self: CloudFormationResponse) -> ActionResult:
    """DescribeChangeSet."""
    store, name = given_store(self), self._get_param("ChangeSetName")
    made = changesets.find(store, name, self._get_param("StackName"))
    assert made is not None
    return ActionResult(made.shown())


def list_change_sets(self: CloudFormationResponse) -> ActionResult:
    """ListChangeSets: those of a stack that were not executed."""
    store = given_store(self)
    stack = existing(store, self._get_param("StackName"), "Stack [{}] does not exist")
    sets = [item for item in store.change_sets.values() if item.stack is stack and item.execution != "EXECUTE_COMPLETE"]
    return ActionResult({"Summaries": [item.summary() for item in sets]})


def execute_change_set(self: CloudFormationResponse) -> ActionResult:
    """ExecuteChangeSet."""
    store, name = given_store(self), self._get_param("ChangeSetName")
    made = changesets.find(store, name, self._get_param("StackName"))
    assert made is not None
    changesets.execute(store, made, principal(), bool(self._get_param("DisableRollback")))
    return EmptyResult()


def delete_change_set(self: CloudFormationResponse) -> ActionResult:
    """DeleteChangeSet: of one that is not there it succeeds, if its stack is there."""
    store, name, stack_name = given_store(self), self._get_param("ChangeSetName"), self._get_param("StackName")
    if stack_name is not None:
        existing(store, stack_name, "Stack [{}] does not exist")
    made = changesets.find(store, name, stack_name, required=False)
    if made is not None:
        changesets.delete(store, made)
    return EmptyResult()


OPERATIONS = (create_change_set, describe_change_set, list_change_sets, execute_change_set, delete_change_set)
