"""Creating, updating and deleting a resource of a stack: the one way for every type, whoever holds it.

``stacks.py`` decides the order, the events and the roll back; these functions do one resource. Each refuses, in this
order: a type that the registry does not have; properties that its schema refuses; a principal without the permissions of
the handler; an identifier that exists; a second one of what a region has once. All errors are
``moto.cloudformation.exceptions.ValidationError`` or a subclass of ``resource_types`` callers' own, with a ``message``.
"""

from __future__ import annotations

from typing import Any

from .resource_types import Operation, Properties


def create(operation: Operation, type_name: str, properties: Properties) -> Any:
    """Create the resource and return it: it has physical_resource_id, cf_resource_type and get_cfn_attribute."""
    raise NotImplementedError


def changed_create_only(type_name: str, old: Properties, new: Properties) -> list[str]:
    """The create-only properties that differ: not empty means that an update replaces the resource."""
    raise NotImplementedError


def update(operation: Operation, resource: Any, properties: Properties) -> Any:
    """Update in place and return the resource, or return a *new* one where a create-only property changed.

    The caller deletes the old one in its clean-up phase, or honours UpdateReplacePolicy: after roll back it is still there.
    """
    raise NotImplementedError


def delete(operation: Operation, resource: Any) -> None:
    """Delete the resource; its name is free afterwards."""
    raise NotImplementedError


def properties_of(resource: Any) -> Properties:
    """The resolved properties with which the resource was last created or updated."""
    raise NotImplementedError
