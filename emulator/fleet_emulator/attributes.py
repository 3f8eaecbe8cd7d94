"""Fn::GetAtt: what a backend says, else the property itself, else a plausible value of the service's form.

A generated value is kept, so that asking twice gives the same answer.
"""

from __future__ import annotations

from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError

from . import moto_types, registry
from .identifiers import generated
from .registry import value_at
from .resource_types import DEFINED, Resource


def value_of(resource: Resource, name: str) -> Any:
    """The attribute ``name``, dotted for nested ones; an unknown one is CloudFormation's template error."""
    definition = DEFINED.get(resource.cf_resource_type)
    if name in resource.attributes:
        return resource.attributes[name]
    if definition is not None and definition.attributes is not None:
        computed = definition.attributes(resource)
        if name in computed:
            return computed[name]
    if definition is None and moto_types.moto_class(resource.cf_resource_type) is not None:
        held = moto_types.attribute(resource, name)
        if held is not None:
            return held
    return modelled_value(resource, resource.attributes, resource.properties, name)


def modelled_value(resource: Any, kept: dict[str, Any], properties: dict[str, Any], name: str) -> Any:
    """The value that the schema allows to name: a read-only property, else one that the author may set."""
    entry_type: str = resource.cf_resource_type
    try:
        schema = registry.schema(entry_type, resource.region)
    except registry.UnknownType:
        raise _unknown(entry_type, resource.logical_resource_id, name) from None
    path = tuple(name.split("."))
    given = value_at(properties, path)
    if given is not None:
        return given
    if not any(path[: len(known)] == known or known[: len(path)] == path for known in schema.read_only):
        raise _unknown(entry_type, resource.logical_resource_id, name)
    if (path,) == schema.identifier:
        return resource.physical_resource_id
    is_arn = path[-1].lower().endswith("arn")
    hint = str(resource.physical_resource_id).rsplit("|", 1)[-1].rsplit("/", 1)[-1]
    sub = schema.property_schema(path)
    if not sub:
        raise _unknown(entry_type, resource.logical_resource_id, name)
    kept[name] = generated(
        entry_type, path[-1], sub, resource.account, resource.region, hint if is_arn else "", schema.prefixes[:1]
    )
    return kept[name]


def _unknown(type_name: str, logical_id: str, name: str) -> ValidationError:
    return ValidationError(message=UnformattedGetAttTemplateException.description.format(logical_id, name))
