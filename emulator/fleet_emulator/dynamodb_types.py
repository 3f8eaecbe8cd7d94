"""DynamoDB tables: the calls of AWS's handler, on moto's DynamoDB, which can create and delete a table but not update one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.dynamodb.models import dynamodb_backends

from . import inside
from .resource_types import Operation, Properties, Resource, define, made

TYPE = "AWS::DynamoDB::Table"

_AS_GIVEN = tuple(
    """AttributeDefinitions BillingMode DeletionProtectionEnabled GlobalSecondaryIndexes KeySchema LocalSecondaryIndexes
    ProvisionedThroughput TableClass TableName Tags""".split()
)
"""Properties that CreateTable takes as they are."""

_IN_PLACE = frozenset(
    {
        "BillingMode",
        "DeletionProtectionEnabled",
        "PointInTimeRecoverySpecification",
        "ProvisionedThroughput",
        "StreamSpecification",
    }
    | {"Tags", "TimeToLiveSpecification"}
)
"""Properties that change here as DynamoDB changes them; a changed KeySchema replaces the table (``registry.py``)."""


def _client(operation: Operation) -> Any:
    return inside.client("dynamodb", operation.account, operation.region)


def _create(operation: Operation, properties: Properties) -> Resource:
    dynamodb = _client(operation)
    name = properties.setdefault("TableName", operation.generated_name)
    arguments: dict[str, Any] = {key: properties[key] for key in _AS_GIVEN if properties.get(key) not in (None, [])}
    if encryption := properties.get("SSESpecification"):
        arguments["SSESpecification"] = {"Enabled": encryption["SSEEnabled"]} | {
            key: encryption[key] for key in ("SSEType", "KMSMasterKeyId") if key in encryption
        }
    if stream := properties.get("StreamSpecification"):
        arguments["StreamSpecification"] = _stream(stream)
    table = dynamodb.create_table(**arguments)["TableDescription"]
    _recover(dynamodb, name, properties, {})
    _expire(dynamodb, name, properties, {})
    attributes = {"Arn": table["TableArn"]}
    if table.get("LatestStreamArn"):
        attributes["StreamArn"] = table["LatestStreamArn"]
    return made(TYPE, operation, properties, name, **attributes)


def _stream(specification: Mapping[str, Any]) -> dict[str, Any]:
    return {"StreamEnabled": True, "StreamViewType": specification["StreamViewType"]}


def _recover(dynamodb: Any, name: str, wanted: Properties, had: Properties) -> None:
    specification = wanted.get("PointInTimeRecoverySpecification")
    if specification != had.get("PointInTimeRecoverySpecification"):
        enabled = bool((specification or {}).get("PointInTimeRecoveryEnabled"))
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled}
        )


def _expire(dynamodb: Any, name: str, wanted: Properties, had: Properties) -> None:
    specification, before = wanted.get("TimeToLiveSpecification"), had.get("TimeToLiveSpecification")
    if specification == before:
        return
    if before and before.get("Enabled"):
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={**before, "Enabled": False})
    if specification and specification.get("Enabled"):
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)


def _update(operation: Operation, resource: Resource, properties: Properties) -> None:
    dynamodb, name, had = _client(operation), resource.physical_resource_id, resource.properties
    changed = {key for key in {*properties, *had} - {"TableName"} if properties.get(key) != had.get(key)}
    if changed - _IN_PLACE:
        raise ValidationError(message=f"the emulator cannot change {', '.join(sorted(changed - _IN_PLACE))} of {TYPE} in place")
    arguments: dict[str, Any] = {
        key: properties[key]
        for key in ("BillingMode", "DeletionProtectionEnabled", "ProvisionedThroughput")
        if key in changed and key in properties
    }
    if "StreamSpecification" in changed:
        stream = properties.get("StreamSpecification")
        arguments["StreamSpecification"] = _stream(stream) if stream else {"StreamEnabled": False}
    if arguments:
        dynamodb.update_table(TableName=name, **arguments)
    _recover(dynamodb, name, properties, had)
    _expire(dynamodb, name, properties, had)
    _tag(dynamodb, dynamodb.describe_table(TableName=name)["Table"]["TableArn"], properties, had)


def _tag(dynamodb: Any, arn: str, wanted: Properties, had: Properties) -> None:
    kept = {tag["Key"] for tag in wanted.get("Tags") or []}
    if gone := [tag["Key"] for tag in had.get("Tags") or [] if tag["Key"] not in kept]:
        dynamodb.untag_resource(ResourceArn=arn, TagKeys=gone)
    if wanted.get("Tags"):
        dynamodb.tag_resource(ResourceArn=arn, Tags=wanted["Tags"])


def _delete(operation: Operation, resource: Resource) -> None:
    _client(operation).delete_table(TableName=resource.physical_resource_id)


def _exists(resource: Resource) -> bool:
    return resource.physical_resource_id in dynamodb_backends[resource.account][resource.region].tables


def register() -> None:
    """Define the type."""
    define(TYPE, create=_create, update=_update, delete=_delete, exists=_exists)
