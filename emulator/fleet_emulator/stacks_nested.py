"""AWS::CloudFormation::Stack: a stack inside a stack, made by the same role and gone with it."""

from __future__ import annotations

from typing import Any

from moto.cloudformation.utils import generate_stack_id

from . import stacks_engine, stacks_plan
from .resource_types import Operation, Properties, Resource, define, made
from .stacks_model import Stack, store
from .stacks_plan import Request
from .stacks_source import read
from .stacks_template import refuse
from .stacks_values import text

TYPE = "AWS::CloudFormation::Stack"


def register() -> None:
    """Define the type."""
    define(TYPE, create=_create, update=_update, delete=_delete, attributes=_attributes)


def _request(operation: Operation, properties: Properties, capabilities: list[str]) -> Request:
    given = properties.get("Parameters", {})
    values = {key: ",".join(map(text, value)) if isinstance(value, list) else text(value) for key, value in given.items()}
    return Request(
        body=read(properties["TemplateURL"], operation.account, operation.principal),
        from_url=True,
        parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        tags={item["Key"]: item["Value"] for item in properties.get("Tags", [])},
        capabilities=capabilities,
        notification_arns=properties.get("NotificationARNs"),
        principal=operation.principal,
    )


def _create(operation: Operation, properties: Properties) -> Resource:
    place = store(operation.account, operation.region)
    parent = place.stacks[operation.stack_id]
    name = operation.generated_name[:128]
    child = Stack(generate_stack_id(name, operation.region, operation.account), name, operation.account, operation.region)
    child.parent_id, child.root_id = parent.stack_id, parent.root_id or parent.stack_id
    plan = stacks_plan.make(child, place, _request(operation, properties, parent.capabilities))
    place.stacks[child.stack_id] = child
    stacks_engine.create(child, place, plan)
    if child.status != "CREATE_COMPLETE":
        why = next((event.reason for event in child.events if event.status == "ROLLBACK_IN_PROGRESS"), "")
        stacks_engine.delete(child, place)
        raise refuse(f"Embedded stack {child.stack_id} was not successfully created: {why}")
    return made(TYPE, operation, properties, child.stack_id, child)


def _update(operation: Operation, resource: Resource, properties: Properties) -> None:
    child: Stack = resource.state
    place = store(operation.account, operation.region)
    parent = place.stacks[operation.stack_id]
    child.principal = operation.principal
    plan = stacks_plan.make(child, place, _request(operation, properties, parent.capabilities), child.parameters)
    if not stacks_plan.differs(child, plan):
        return
    stacks_engine.update(child, place, plan)
    if child.status != "UPDATE_COMPLETE":
        why = next((event.reason for event in reversed(child.events) if event.status == "UPDATE_ROLLBACK_IN_PROGRESS"), "")
        raise refuse(f"Embedded stack {child.stack_id} was not successfully updated: {why}")


def _delete(operation: Operation, resource: Resource) -> None:
    child: Stack = resource.state
    child.principal = operation.principal
    stacks_engine.delete(child, store(operation.account, operation.region))
    if child.status != "DELETE_COMPLETE":
        raise refuse(f"Embedded stack {child.stack_id} was not successfully deleted: {child.reason}")


def _attributes(resource: Resource) -> dict[str, Any]:
    child: Stack = resource.state
    return {f"Outputs.{output.key}": output.value for output in child.outputs}
