"""The CloudFormation types that moto itself can create *and* delete, held by moto's own backends.

moto also knows types that it cannot delete; those are modelled from their schema unless a module here defines them, because a
resource that survives its stack would make the next launch fail for a reason that AWS does not have.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError

from . import registry
from .resource_types import Operation, Properties, Resource

INCOMPLETE = frozenset({"AWS::CloudFormation::Stack"})
"""Left to ``stacks.py``."""

PASSED_AS_IS = frozenset({"Tags"})
"""Properties whose change needs nothing of a backend but to be recorded."""


def _is_abstract(function: Any) -> bool:
    return hasattr(function, "__isabstractmethod__")


@cache
def moto_class(type_name: str) -> Any:
    """moto's class for the type if it can create and delete, else None."""
    found = parsing.get_model_map().get(type_name)
    if found is None or type_name in INCOMPLETE:
        return None
    if _is_abstract(found.delete_from_cloudformation_json) and not _deletes_itself(found):
        return None
    return found


def _deletes_itself(found: Any) -> bool:
    delete = getattr(found, "delete", None)
    return delete is not None and len(inspect.signature(delete).parameters) == 3


def create(operation: Operation, type_name: str, properties: Properties) -> Resource:
    """Create it in moto and wrap what moto returns."""
    model = moto_class(type_name)
    name_property = model.cloudformation_name_type()
    name = properties.get(name_property) if name_property else None
    held = model.create_from_cloudformation_json(
        name or operation.generated_name or operation.logical_id,
        {"Type": type_name, "Properties": properties},
        operation.account,
        operation.region,
        LogicalId=operation.logical_id,
        StackId=operation.stack_id,
        ResourceType=type_name,
    )
    return Resource(
        type_name, operation.logical_id, str(held.physical_resource_id), operation.account, operation.region, properties, {}, held
    )


def update(operation: Operation, resource: Resource, properties: Properties) -> None:
    """Let moto update it in place; a change that moto cannot make is refused rather than only recorded."""
    model = moto_class(resource.cf_resource_type)
    if _is_abstract(model.update_from_cloudformation_json):
        changed = {k for k in {*properties, *resource.properties} if properties.get(k) != resource.properties.get(k)}
        if changed - PASSED_AS_IS:
            raise ValidationError(
                message=f"the emulator cannot change {', '.join(sorted(changed))} of {resource.cf_resource_type} in place"
            )
        return
    held = model.update_from_cloudformation_json(
        original_resource=resource.state,
        new_resource_name=_name(model, resource, properties),
        cloudformation_json={"Type": resource.cf_resource_type, "Properties": properties},
        account_id=operation.account,
        region_name=operation.region,
    )
    if held is not None:
        resource.state = held
        resource.physical_resource_id = str(held.physical_resource_id)


def _name(model: Any, resource: Resource, properties: Properties) -> str:
    name_property = model.cloudformation_name_type()
    return str(properties.get(name_property) or resource.physical_resource_id)


def delete(operation: Operation, resource: Resource) -> None:
    """Delete it in moto, by the instance where moto wants that, else by the class."""
    held = resource.state
    if _deletes_itself(type(held)):
        held.delete(operation.account, operation.region)
        return
    moto_class(resource.cf_resource_type).delete_from_cloudformation_json(
        resource.physical_resource_id,
        {"Type": resource.cf_resource_type, "Properties": resource.properties},
        operation.account,
        operation.region,
    )


def attribute(resource: Resource, name: str) -> Any:
    """What moto answers to Fn::GetAtt, None if moto does not know the attribute."""
    try:
        return resource.state.get_cfn_attribute(name)
    except (NotImplementedError, AttributeError, KeyError, UnformattedGetAttTemplateException):
        return None


def is_emulated(type_name: str, region: str) -> bool:
    """Does moto hold resources of the type?"""
    try:
        registry.schema(type_name, region)
    except registry.UnknownType:
        return False
    return moto_class(type_name) is not None
