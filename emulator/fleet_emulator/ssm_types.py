"""AWS::SSM::Parameter: moto's own type needs a name and takes its tags for a list, while the type has neither need."""

from __future__ import annotations

from typing import Any

from . import inside
from .resource_types import Operation, Properties, Resource, define, made

PARAMETER = "AWS::SSM::Parameter"


def register() -> None:
    """Define the type."""
    define(PARAMETER, create=_create, update=_update, delete=_delete)


def _ssm(operation: Operation) -> Any:
    return inside.client("ssm", operation.account, operation.region)


def _arguments(p: Properties) -> dict[str, Any]:
    optional = ("AllowedPattern", "DataType", "Description", "Policies", "Tier")
    return {
        "Name": p["Name"],
        "Type": p["Type"],
        "Value": p["Value"],
        **{key: p[key] for key in optional if p.get(key)},
    }


def _tags(p: Properties) -> list[dict[str, str]]:
    return [{"Key": key, "Value": str(value)} for key, value in (p.get("Tags") or {}).items()]


def _create(operation: Operation, p: Properties) -> Resource:
    p.setdefault("Name", "CFN-" + operation.generated_name)
    _ssm(operation).put_parameter(**_arguments(p), Tags=_tags(p))
    return made(PARAMETER, operation, p, p["Name"], Value=p["Value"], Type=p["Type"])


def _update(operation: Operation, resource: Resource, p: Properties) -> None:
    ssm, name = _ssm(operation), resource.physical_resource_id
    p.setdefault("Name", name)
    ssm.put_parameter(**_arguments(p), Overwrite=True)
    gone = [key for key in resource.properties.get("Tags") or {} if key not in (p.get("Tags") or {})]
    if gone:
        ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=name, TagKeys=gone)
    if p.get("Tags"):
        ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=_tags(p))
    resource.attributes.update(Value=p["Value"], Type=p["Type"])


def _delete(operation: Operation, resource: Resource) -> None:
    _ssm(operation).delete_parameter(Name=resource.physical_resource_id)
