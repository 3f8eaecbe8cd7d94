"""SNS topics: the calls of AWS's handler. moto's own would delete a topic to change it, and its subscriptions with it."""

from __future__ import annotations

import json
from typing import Any

from moto.sns.models import sns_backends

from . import inside
from .resource_types import Operation, Properties, Resource, define, made

TYPE = "AWS::SNS::Topic"

_ATTRIBUTES = tuple(
    """ArchivePolicy ContentBasedDeduplication DisplayName FifoTopic KmsMasterKeyId SignatureVersion TracingConfig""".split()
)
"""Properties that are attributes of the same name."""


def _client(operation: Operation) -> Any:
    return inside.client("sns", operation.account, operation.region)


def _attributes(properties: Properties) -> dict[str, str]:
    return {name: _text(properties[name]) for name in _ATTRIBUTES if properties.get(name) is not None}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _create(operation: Operation, properties: Properties) -> Resource:
    sns = _client(operation)
    name = properties.setdefault("TopicName", operation.generated_name)
    arn = sns.create_topic(Name=name, Attributes=_attributes(properties), Tags=properties.get("Tags") or [])["TopicArn"]
    _subscribe(sns, arn, properties, {})
    return made(TYPE, operation, properties, arn, TopicArn=arn, TopicName=name)


def _subscribe(sns: Any, arn: str, wanted: Properties, had: Properties) -> None:
    given, before = wanted.get("Subscription") or [], had.get("Subscription") or []
    for subscription in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
        if any(_same(subscription, one) for one in before) and not any(_same(subscription, one) for one in given):
            sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    for one in given:
        if one not in before:
            sns.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])


def _same(subscription: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return (subscription["Protocol"], subscription["Endpoint"]) == (wanted["Protocol"], wanted["Endpoint"])


def _update(operation: Operation, resource: Resource, properties: Properties) -> None:
    sns, arn, had = _client(operation), resource.physical_resource_id, resource.properties
    wanted, before = _attributes(properties), _attributes(had)
    for name in sorted({*wanted, *before}):
        if wanted.get(name) != before.get(name):
            sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=wanted.get(name, ""))
    _subscribe(sns, arn, properties, had)
    kept = {tag["Key"] for tag in properties.get("Tags") or []}
    if gone := [tag["Key"] for tag in had.get("Tags") or [] if tag["Key"] not in kept]:
        sns.untag_resource(ResourceArn=arn, TagKeys=gone)
    if properties.get("Tags"):
        sns.tag_resource(ResourceArn=arn, Tags=properties["Tags"])


def _delete(operation: Operation, resource: Resource) -> None:
    _client(operation).delete_topic(TopicArn=resource.physical_resource_id)


def _exists(resource: Resource) -> bool:
    return resource.physical_resource_id in sns_backends[resource.account][resource.region].topics


def register() -> None:
    """Define the type."""
    define(TYPE, create=_create, update=_update, delete=_delete, exists=_exists)
