"""The security services that a region has once, held by moto's own APIs: ``aws guardduty list-detectors`` shows the detector.

The APIs of moto keep less than AWS's: what they do not take is checked against the schema and kept as properties.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from moto.guardduty.models import guardduty_backends

from . import inside, singletons
from .resource_types import Operation, Properties, Resource, define, made


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]


def _create_detector(operation: Operation, properties: Properties) -> Resource:
    detector = inside.client("guardduty", operation.account, operation.region).create_detector(
        Enable=properties["Enable"],
        FindingPublishingFrequency=properties.get("FindingPublishingFrequency", "SIX_HOURS"),
        Tags={tag["Key"]: tag["Value"] for tag in properties.get("Tags") or []},
    )
    return made("AWS::GuardDuty::Detector", operation, properties, detector["DetectorId"], Id=detector["DetectorId"])


def _update_detector(operation: Operation, resource: Resource, properties: Properties) -> None:
    inside.client("guardduty", operation.account, operation.region).update_detector(
        DetectorId=resource.physical_resource_id,
        Enable=properties["Enable"],
        FindingPublishingFrequency=properties.get("FindingPublishingFrequency", "SIX_HOURS"),
    )


def _delete_detector(operation: Operation, resource: Resource) -> None:
    inside.client("guardduty", operation.account, operation.region).delete_detector(DetectorId=resource.physical_resource_id)


def _create_hub(operation: Operation, properties: Properties) -> Resource:
    inside.client("securityhub", operation.account, operation.region).enable_security_hub(
        EnableDefaultStandards=properties.get("EnableDefaultStandards", True), Tags=properties.get("Tags") or {}
    )
    arn = f"arn:aws:securityhub:{operation.region}:{operation.account}:hub/default"
    return made("AWS::SecurityHub::Hub", operation, properties, arn, ARN=arn)


def _delete_hub(operation: Operation, resource: Resource) -> None:
    inside.client("securityhub", operation.account, operation.region).disable_security_hub()


def _create_session(operation: Operation, properties: Properties) -> Resource:
    inside.client("macie2", operation.account, operation.region).enable_macie(
        findingPublishingFrequency=properties.get("FindingPublishingFrequency", "FIFTEEN_MINUTES"),
        status=properties.get("Status", "ENABLED"),
    )
    role = f"arn:aws:iam::{operation.account}:role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie"
    return made("AWS::Macie::Session", operation, properties, operation.account, AwsAccountId=operation.account, ServiceRole=role)


def _delete_session(operation: Operation, resource: Resource) -> None:
    inside.client("macie2", operation.account, operation.region).disable_macie()


def _config(operation: Operation) -> Any:
    return inside.client("config", operation.account, operation.region)


def _put_recorder(operation: Operation, name: str, properties: Properties) -> None:
    group = properties.get("RecordingGroup") or {"AllSupported": True}
    wanted: dict[str, Any] = {
        "allSupported": group.get("AllSupported", not group.get("ResourceTypes")),
        "includeGlobalResourceTypes": group.get("IncludeGlobalResourceTypes", False),
    }
    if group.get("ResourceTypes"):
        wanted["resourceTypes"] = group["ResourceTypes"]
    if group.get("ExclusionByResourceTypes"):
        wanted["exclusionByResourceTypes"] = {"resourceTypes": group["ExclusionByResourceTypes"]["ResourceTypes"]}
    if group.get("RecordingStrategy"):
        wanted["recordingStrategy"] = {"useOnly": group["RecordingStrategy"]["UseOnly"]}
        if group["RecordingStrategy"]["UseOnly"] == "EXCLUSION_BY_RESOURCE_TYPES":
            wanted["allSupported"] = False
    _config(operation).put_configuration_recorder(
        ConfigurationRecorder={"name": name, "roleARN": properties["RoleARN"], "recordingGroup": wanted}
    )


def _create_recorder(operation: Operation, properties: Properties) -> Resource:
    name = properties.setdefault("Name", "default")
    _put_recorder(operation, name, properties)
    return made("AWS::Config::ConfigurationRecorder", operation, properties, name)


def _update_recorder(operation: Operation, resource: Resource, properties: Properties) -> None:
    _put_recorder(operation, resource.physical_resource_id, properties)


def _delete_recorder(operation: Operation, resource: Resource) -> None:
    _config(operation).delete_configuration_recorder(ConfigurationRecorderName=resource.physical_resource_id)


def _put_channel(operation: Operation, name: str, properties: Properties) -> None:
    channel = {"name": name, "s3BucketName": properties["S3BucketName"]}
    for key in ("S3KeyPrefix", "S3KmsKeyArn", "SnsTopicARN"):
        if properties.get(key):
            channel[_camel(key)] = properties[key]
    frequency = (properties.get("ConfigSnapshotDeliveryProperties") or {}).get("DeliveryFrequency")
    if frequency:
        channel["configSnapshotDeliveryProperties"] = {"deliveryFrequency": frequency}
    _config(operation).put_delivery_channel(DeliveryChannel=channel)


def _create_channel(operation: Operation, properties: Properties) -> Resource:
    name = properties.setdefault("Name", "default")
    _put_channel(operation, name, properties)
    config = _config(operation)
    for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        config.start_configuration_recorder(ConfigurationRecorderName=recorder["name"])  # AWS starts it once it can deliver
    return made("AWS::Config::DeliveryChannel", operation, properties, name)


def _update_channel(operation: Operation, resource: Resource, properties: Properties) -> None:
    _put_channel(operation, resource.physical_resource_id, properties)


def _delete_channel(operation: Operation, resource: Resource) -> None:
    config = _config(operation)
    for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        config.stop_configuration_recorder(ConfigurationRecorderName=recorder["name"])
    config.delete_delivery_channel(DeliveryChannelName=resource.physical_resource_id)


def _recorded_only(operation: Operation, resource: Resource, properties: Properties) -> None:
    """moto's API takes nothing that may change."""


def _has_hub(account: str, region: str) -> bool:
    try:
        inside.client("securityhub", account, region).describe_hub()
    except ClientError:
        return False
    return True


def _has_macie(account: str, region: str) -> bool:
    try:
        found = inside.client("macie2", account, region).get_macie_session()
    except ClientError:
        return False
    return found.get("status") == "ENABLED" and bool(found.get("serviceRole"))


def register() -> None:
    """Define the types, and let those that were enabled without a stack count too."""
    define(
        "AWS::GuardDuty::Detector",
        create=_create_detector,
        update=_update_detector,
        delete=_delete_detector,
        exists=lambda r: r.physical_resource_id in guardduty_backends[r.account][r.region].detectors,
    )
    define(
        "AWS::SecurityHub::Hub",
        create=_create_hub,
        update=_recorded_only,
        delete=_delete_hub,
        exists=lambda r: _has_hub(r.account, r.region),
    )
    define("AWS::Macie::Session", create=_create_session, update=_recorded_only, delete=_delete_session)
    define("AWS::Config::ConfigurationRecorder", create=_create_recorder, update=_update_recorder, delete=_delete_recorder)
    define("AWS::Config::DeliveryChannel", create=_create_channel, update=_update_channel, delete=_delete_channel)
    singletons.OUTSIDE.update(
        {
            "AWS::GuardDuty::Detector": lambda a, r: bool(inside.client("guardduty", a, r).list_detectors()["DetectorIds"]),
            "AWS::SecurityHub::Hub": _has_hub,
            "AWS::Config::ConfigurationRecorder": lambda a, r: bool(
                inside.client("config", a, r).describe_configuration_recorders()["ConfigurationRecorders"]
            ),
            "AWS::Config::DeliveryChannel": lambda a, r: bool(
                inside.client("config", a, r).describe_delivery_channels()["DeliveryChannels"]
            ),
        }
    )
