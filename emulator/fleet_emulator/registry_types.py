"""Every registry type without a backend: its resource is what the schema says, and nothing stands behind it."""

from __future__ import annotations

import copy

from . import registry
from .identifiers import generated
from .registry import TypeSchema, value_at
from .resource_types import Operation, Properties, Resource


def create(operation: Operation, type_name: str, properties: Properties) -> Resource:
    """A modelled resource: its physical id is the primary identifier, made up to fit the schema where the author gave none."""
    schema = registry.schema(type_name, operation.region)
    attributes: dict[str, object] = {}
    own = copy.deepcopy(properties)
    parts = [_identifier_part(schema, operation, own, attributes, path) for path in schema.identifier]
    physical_id = "|".join(parts) or operation.generated_name or operation.logical_id
    return Resource(type_name, operation.logical_id, physical_id, operation.account, operation.region, own, dict(attributes))


def update(resource: Resource, properties: Properties) -> None:
    """Take over the new properties, keeping what was generated as a name."""
    schema = registry.schema(resource.cf_resource_type, resource.region)
    kept = {p[0]: resource.properties[p[0]] for p in schema.identifier if p[0] in resource.properties}
    resource.properties = {**{k: v for k, v in kept.items() if k not in properties}, **copy.deepcopy(properties)}


def _identifier_part(
    schema: TypeSchema,
    operation: Operation,
    properties: Properties,
    attributes: dict[str, object],
    path: tuple[str, ...],
) -> str:
    given = value_at(properties, path)
    if given is not None:
        return str(given)
    name = ".".join(path)
    described = schema.property_schema(path)
    if path in schema.read_only:
        home = (operation.account, operation.region)
        if schema.type_name == "AWS::SecurityHub::Standard":
            attributes[name] = _subscription(operation, properties)
            return str(attributes[name])
        value = generated(schema.type_name, path[-1], described, *home, _given_name(schema, properties), schema.prefixes[:1])
        attributes[name] = value
        return str(value)
    value = _name(operation, described)
    if len(path) == 1:
        properties[path[0]] = value
    else:
        attributes[name] = value
    return value


def _subscription(operation: Operation, properties: Properties) -> str:
    """An enabled standard is a subscription named after it. Source: Security Hub API reference, GetEnabledStandards."""
    standard = str(properties["StandardsArn"]).split(":", 5)[5].partition("/")[2]
    return f"arn:aws:securityhub:{operation.region}:{operation.account}:subscription/{standard}"


def _given_name(schema: TypeSchema, properties: Properties) -> str:
    """The name that the author gave and cannot change: AnalyzerName of an Analyzer. ARNs hold it."""
    name = schema.type_name.split("::")[-1] + "Name"
    return str(properties.get(name) or "") if (name,) in schema.create_only else ""


def _name(operation: Operation, described: object) -> str:
    """The name that CloudFormation gives where the author gave none, cut to the length that the schema allows."""
    longest = described.get("maxLength", 255) if isinstance(described, dict) else 255
    name = operation.generated_name or operation.logical_id
    if len(name) <= longest:
        return name
    return f"{name[: max(1, longest - 13)]}-{name[-12:]}"[:longest]
