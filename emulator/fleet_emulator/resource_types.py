"""CloudFormation types with a stateful backend: how one is defined, and the table of those defined.

To add a type, write a module that calls :func:`define` from a function ``register()``, and add it to ``MODULES`` in
``server.py``. Properties reach ``create`` and ``update`` after intrinsics were resolved and the registry schema was
checked; replacement (a changed create-only property) and "already exists" for the same identifier are handled by
``lifecycle.py``, so a backend only does what its service does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .levels import EMULATED

Properties = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """Who does something to which resource of which stack.

    ``principal`` is the ARN of the role or user in whose name CloudFormation acts: the stack's service role, else the
    caller; None is the account's root user. ``generated_name`` is the name that CloudFormation would give.
    """

    account: str
    region: str
    logical_id: str
    stack_name: str = ""
    stack_id: str = ""
    principal: str | None = None
    generated_name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Resource:
    """A resource of a type defined here or modelled from its schema; moto's resources have the same attributes."""

    cf_resource_type: str
    logical_resource_id: str
    physical_resource_id: str
    account: str
    region: str
    properties: Properties
    attributes: dict[str, Any] = field(default_factory=dict)
    state: Any = None
    """Whatever the backend wants to find again in update and delete."""
    given: Properties | None = None
    """The resolved properties as the template gave them, before coercion; ``lifecycle.py`` keeps them."""

    def get_cfn_attribute(self, name: str) -> Any:
        """Fn::GetAtt, also of dotted names; an unknown one is CloudFormation's template error."""
        from .attributes import value_of  # late: attributes needs the registry, which needs this module

        return value_of(self, name)

    def is_created(self) -> bool:
        """moto asks before it calls a stack complete."""
        return True


Create = Callable[[Operation, Properties], "Resource"]
Update = Callable[[Operation, Resource, Properties], None]
Delete = Callable[[Operation, Resource], None]
Attributes = Callable[[Resource], Mapping[str, Any]]
Exists = Callable[[Resource], bool]


@dataclass(frozen=True)
class ResourceType:
    """One CloudFormation type and its handlers.

    ``create`` returns the resource (see :func:`made`) or raises; ``update`` changes it in place (None: every change is
    recorded in the properties only); ``delete`` raises when the service would refuse; ``attributes`` are the values of
    Fn::GetAtt beyond the schema's own, computed when asked; ``exists`` tells whether the resource is still there, for those
    that the service's own API may delete behind the stack's back (None: only stacks and Cloud Control delete it).
    """

    type_name: str
    create: Create
    delete: Delete
    update: Update | None = None
    attributes: Attributes | None = None
    level: str = EMULATED
    exists: Exists | None = None


DEFINED: dict[str, ResourceType] = {}


def define(
    type_name: str,
    *,
    create: Create,
    delete: Delete,
    update: Update | None = None,
    attributes: Attributes | None = None,
    level: str = EMULATED,
    exists: Exists | None = None,
) -> ResourceType:
    """Define a type; a definition here takes precedence over moto's own. Defining one twice is a mistake of ours."""
    if type_name in DEFINED:
        raise ValueError(f"{type_name} is defined twice: keep one of the definitions")
    DEFINED[type_name] = ResourceType(type_name, create, delete, update, attributes, level, exists)
    return DEFINED[type_name]


def made(
    type_name: str, operation: Operation, properties: Properties, physical_id: str, state: Any = None, **attributes: Any
) -> Resource:
    """The resource that ``create`` returns; keyword arguments are its fixed attributes, e.g. ``Arn=...``."""
    return Resource(
        type_name, operation.logical_id, physical_id, operation.account, operation.region, properties, attributes, state
    )
