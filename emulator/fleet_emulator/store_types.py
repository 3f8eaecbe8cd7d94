"""Keys, log groups and subscriptions: types of services whose API moto has, but not, or not wholly, their type."""

from __future__ import annotations

import json
from typing import Any

from moto.logs.models import logs_backends

from . import inside
from .resource_types import Operation, Properties, Resource, define, made


def _kms(operation: Operation) -> Any:
    return inside.client("kms", operation.account, operation.region)


def _create_key(operation: Operation, properties: Properties) -> Resource:
    kms = _kms(operation)
    arguments: dict[str, Any] = {
        "Description": properties.get("Description", ""),
        "KeyUsage": properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
        "KeySpec": properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
        "MultiRegion": properties.get("MultiRegion", False),
        "Tags": [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags") or []],
    }
    if properties.get("KeyPolicy"):
        arguments["Policy"] = json.dumps(properties["KeyPolicy"])
    key = kms.create_key(**arguments)["KeyMetadata"]
    if properties.get("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=key["KeyId"])
    return made("AWS::KMS::Key", operation, properties, key["KeyId"], Arn=key["Arn"], KeyId=key["KeyId"])


def _update_key(operation: Operation, resource: Resource, properties: Properties) -> None:
    kms, key = _kms(operation), resource.physical_resource_id
    kms.update_key_description(KeyId=key, Description=properties.get("Description", ""))
    if properties.get("KeyPolicy"):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(properties["KeyPolicy"]))
    if properties.get("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=key)
    else:
        kms.disable_key_rotation(KeyId=key)
    if properties.get("Tags"):
        kms.tag_resource(KeyId=key, Tags=[{"TagKey": t["Key"], "TagValue": t["Value"]} for t in properties["Tags"]])


def _delete_key(operation: Operation, resource: Resource) -> None:
    window = resource.properties.get("PendingWindowInDays", 30)
    _kms(operation).schedule_key_deletion(KeyId=resource.physical_resource_id, PendingWindowInDays=window)


def _logs(operation: Operation) -> Any:
    return inside.client("logs", operation.account, operation.region)


def _create_group(operation: Operation, properties: Properties) -> Resource:
    logs = _logs(operation)
    name = properties.setdefault("LogGroupName", operation.generated_name)
    arguments: dict[str, Any] = {}
    if properties.get("KmsKeyId"):
        arguments["kmsKeyId"] = properties["KmsKeyId"]
    if properties.get("Tags"):
        arguments["tags"] = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
    logs.create_log_group(logGroupName=name, **arguments)
    _retain(logs, name, properties)
    arn = f"arn:aws:logs:{operation.region}:{operation.account}:log-group:{name}:*"
    return made("AWS::Logs::LogGroup", operation, properties, name, Arn=arn)


def _retain(logs: Any, name: str, properties: Properties) -> None:
    if properties.get("RetentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=properties["RetentionInDays"])
    else:
        logs.delete_retention_policy(logGroupName=name)


def _update_group(operation: Operation, resource: Resource, properties: Properties) -> None:
    _retain(_logs(operation), resource.physical_resource_id, properties)


def _delete_group(operation: Operation, resource: Resource) -> None:
    _logs(operation).delete_log_group(logGroupName=resource.physical_resource_id)


def _has_group(resource: Resource) -> bool:
    return resource.physical_resource_id in logs_backends[resource.account][resource.region].groups


def _create_subscription(operation: Operation, properties: Properties) -> Resource:
    sns = inside.client("sns", operation.account, operation.region)
    attributes = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in properties.items()
        if name in ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")
    }
    arguments: dict[str, Any] = {"Endpoint": properties["Endpoint"]} if properties.get("Endpoint") else {}
    subscription = sns.subscribe(
        TopicArn=properties["TopicArn"],
        Protocol=properties["Protocol"],
        Attributes=attributes,
        ReturnSubscriptionArn=True,
        **arguments,
    )
    arn = subscription["SubscriptionArn"]
    return made("AWS::SNS::Subscription", operation, properties, arn, Arn=arn, SubscriptionArn=arn)


def _delete_subscription(operation: Operation, resource: Resource) -> None:
    inside.client("sns", operation.account, operation.region).unsubscribe(SubscriptionArn=resource.physical_resource_id)


def _create_topic_policy(operation: Operation, properties: Properties) -> Resource:
    _put_topic_policy(operation, properties)
    return made("AWS::SNS::TopicPolicy", operation, properties, operation.generated_name, Id=operation.generated_name)


def _put_topic_policy(operation: Operation, properties: Properties) -> None:
    sns = inside.client("sns", operation.account, operation.region)
    for topic in properties["Topics"]:
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(properties["PolicyDocument"]))


def _update_topic_policy(operation: Operation, resource: Resource, properties: Properties) -> None:
    _put_topic_policy(operation, properties)


def _nothing(operation: Operation, resource: Resource) -> None:
    """The topic's policy goes with the topic; AWS puts its default back."""


def register() -> None:
    """Define the types."""
    define("AWS::KMS::Key", create=_create_key, update=_update_key, delete=_delete_key)
    define("AWS::Logs::LogGroup", create=_create_group, update=_update_group, delete=_delete_group, exists=_has_group)
    define("AWS::SNS::Subscription", create=_create_subscription, delete=_delete_subscription)
    define("AWS::SNS::TopicPolicy", create=_create_topic_policy, update=_update_topic_policy, delete=_nothing)
