"""Trails, backups, budgets and aggregators: governance services whose API moto has, but not their types.

What the APIs of moto do not take (a vault's notifications, a plan's index actions) is checked against the schema and kept as
properties.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError
from moto.backup.models import backup_backends
from moto.cloudtrail.exceptions import S3BucketDoesNotExistException
from moto.cloudtrail.models import Trail, cloudtrail_backends
from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time
from moto.s3.models import s3_backends

from . import inside, membership
from .resource_types import Operation, Properties, Resource, define, made

TRAIL = {
    "S3BucketName": "S3BucketName", "S3KeyPrefix": "S3KeyPrefix", "SnsTopicName": "SnsTopicName",
    "IncludeGlobalServiceEvents": "IncludeGlobalServiceEvents", "IsMultiRegionTrail": "IsMultiRegionTrail",
    "EnableLogFileValidation": "EnableLogFileValidation", "IsOrganizationTrail": "IsOrganizationTrail",
    "CloudWatchLogsLogGroupArn": "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn": "CloudWatchLogsRoleArn",
    "KMSKeyId": "KmsKeyId",
}  # fmt: skip
"""Properties of the type and parameters of the API, which write one of them differently."""


def _client(service: str, operation: Operation) -> Any:
    return inside.client(service, operation.account, operation.region)


def _trail_arguments(properties: Properties) -> dict[str, Any]:
    return {theirs: properties[ours] for ours, theirs in TRAIL.items() if ours in properties}


def _create_trail(operation: Operation, properties: Properties) -> Resource:
    trails, name = _client("cloudtrail", operation), properties.setdefault("TrailName", operation.generated_name)
    trail = trails.create_trail(Name=name, TagsList=properties.get("Tags") or [], **_trail_arguments(properties))
    try:
        _configure_trail(trails, name, properties)
    except ClientError:
        trails.delete_trail(Name=name)
        raise
    topic = {"SnsTopicArn": trail["SnsTopicARN"]} if trail.get("SnsTopicARN") else {}
    return made("AWS::CloudTrail::Trail", operation, properties, name, Arn=trail["TrailARN"], **topic)


def _configure_trail(trails: Any, name: str, properties: Properties) -> None:
    if properties.get("AdvancedEventSelectors"):
        trails.put_event_selectors(TrailName=name, AdvancedEventSelectors=properties["AdvancedEventSelectors"])
    elif properties.get("EventSelectors"):
        trails.put_event_selectors(TrailName=name, EventSelectors=properties["EventSelectors"])
    if properties.get("InsightSelectors"):
        trails.put_insight_selectors(TrailName=name, InsightSelectors=properties["InsightSelectors"])
    if properties["IsLogging"]:
        trails.start_logging(Name=name)
    else:
        trails.stop_logging(Name=name)


def _update_trail(operation: Operation, resource: Resource, properties: Properties) -> None:
    trails, name = _client("cloudtrail", operation), resource.physical_resource_id
    held = cloudtrail_backends[operation.account][operation.region].trails[name]
    held.event_selectors, held.advanced_event_selectors, held.insight_selectors = [], [], []
    trails.update_trail(Name=name, **_trail_arguments(properties))
    _configure_trail(trails, name, properties)


def _delete_trail(operation: Operation, resource: Resource) -> None:
    _client("cloudtrail", operation).delete_trail(Name=resource.physical_resource_id)


class TrailRefused(JsonRESTError):
    """CloudTrail's refusal of a trail of a whole organization."""

    code = 400


def _find_bucket(self: Trail) -> None:
    """A trail may write to another account's bucket, as that of an organization does."""
    refused = membership.trail_refusal(self.account_id) if self.is_org_trail else None
    if refused is not None:
        raise TrailRefused(*refused)
    if self.bucket_name not in s3_backends.bucket_accounts:
        raise S3BucketDoesNotExistException(f"S3 bucket {self.bucket_name} does not exist!")


def _create_vault(operation: Operation, properties: Properties) -> Resource:
    backup, name = _client("backup", operation), properties["BackupVaultName"]
    key = {"EncryptionKeyArn": properties["EncryptionKeyArn"]} if properties.get("EncryptionKeyArn") else {}
    vault = backup.create_backup_vault(BackupVaultName=name, BackupVaultTags=properties.get("BackupVaultTags") or {}, **key)
    _lock(backup, name, properties)
    arn = vault["BackupVaultArn"]
    return made("AWS::Backup::BackupVault", operation, properties, name, BackupVaultArn=arn, BackupVaultName=name)


def _lock(backup: Any, name: str, properties: Properties) -> None:
    if properties.get("LockConfiguration"):
        backup.put_backup_vault_lock_configuration(BackupVaultName=name, **properties["LockConfiguration"])


def _update_vault(operation: Operation, resource: Resource, properties: Properties) -> None:
    backup, name = _client("backup", operation), resource.physical_resource_id
    if resource.properties.get("LockConfiguration") and not properties.get("LockConfiguration"):
        backup.delete_backup_vault_lock_configuration(BackupVaultName=name)
    _lock(backup, name, properties)


def _delete_vault(operation: Operation, resource: Resource) -> None:
    _client("backup", operation).delete_backup_vault(BackupVaultName=resource.physical_resource_id)


def _plan_document(properties: Properties) -> dict[str, Any]:
    plan = properties["BackupPlan"]
    names = {"TargetBackupVault": "TargetBackupVaultName"}
    taken = {
        "RuleName", "ScheduleExpression", "ScheduleExpressionTimezone", "StartWindowMinutes", "CompletionWindowMinutes",
        "Lifecycle", "RecoveryPointTags", "CopyActions", "EnableContinuousBackup", "TargetBackupVaultName",
    }  # fmt: skip
    rules = [
        {api: value for key, value in rule.items() if (api := names.get(key, key)) in taken} for rule in plan["BackupPlanRule"]
    ]
    document = {"BackupPlanName": plan["BackupPlanName"], "Rules": rules}
    if plan.get("AdvancedBackupSettings"):
        document["AdvancedBackupSettings"] = plan["AdvancedBackupSettings"]
    return document


def _create_plan(operation: Operation, properties: Properties) -> Resource:
    plan = _client("backup", operation).create_backup_plan(
        BackupPlan=_plan_document(properties), BackupPlanTags=properties.get("BackupPlanTags") or {}
    )
    identifier = plan["BackupPlanId"]
    return made(
        "AWS::Backup::BackupPlan", operation, properties, identifier,
        BackupPlanId=identifier, BackupPlanArn=plan["BackupPlanArn"], VersionId=plan["VersionId"],
    )  # fmt: skip


def _update_plan(operation: Operation, resource: Resource, properties: Properties) -> None:
    """moto has no UpdateBackupPlan: its plan is given the new document and, as there, a new version."""
    held = backup_backends[operation.account][operation.region].plans[resource.physical_resource_id]
    renewed = type(held)(
        _plan_document(properties), held.creator_request_id, backup_backends[operation.account][operation.region]
    )
    held.backup_plan, held.version_id = renewed.backup_plan, renewed.version_id
    resource.attributes["VersionId"] = held.version_id


def _delete_plan(operation: Operation, resource: Resource) -> None:
    _client("backup", operation).delete_backup_plan(BackupPlanId=resource.physical_resource_id)
    del backup_backends[operation.account][operation.region].plans[resource.physical_resource_id]  # moto keeps its name taken


def _has_plan(resource: Resource) -> bool:
    return resource.physical_resource_id in backup_backends[resource.account][resource.region].plans


def _budget(operation: Operation, properties: Properties) -> dict[str, Any]:
    budget = json.loads(json.dumps(properties["Budget"]))
    budget.setdefault("BudgetName", operation.generated_name)
    if "BudgetLimit" in budget:
        budget["BudgetLimit"] = {key: str(value) for key, value in budget["BudgetLimit"].items()}
    now: dict[str, Any] = {"LastUpdatedTime": unix_time()}
    return {**budget, **now}


def _create_budget(operation: Operation, properties: Properties) -> Resource:
    budget = _budget(operation, properties)
    _client("budgets", operation).create_budget(
        AccountId=operation.account,
        Budget=budget,
        NotificationsWithSubscribers=properties.get("NotificationsWithSubscribers") or [],
    )
    return made("AWS::Budgets::Budget", operation, properties, budget["BudgetName"], Id=budget["BudgetName"])


def _update_budget(operation: Operation, resource: Resource, properties: Properties) -> None:
    """moto has no UpdateBudget: the budget is made again under its name."""
    budgets, name = _client("budgets", operation), resource.physical_resource_id
    budgets.delete_budget(AccountId=operation.account, BudgetName=name)
    budgets.create_budget(
        AccountId=operation.account,
        Budget={**_budget(operation, properties), "BudgetName": name},
        NotificationsWithSubscribers=properties.get("NotificationsWithSubscribers") or [],
    )


def _delete_budget(operation: Operation, resource: Resource) -> None:
    _client("budgets", operation).delete_budget(AccountId=operation.account, BudgetName=resource.physical_resource_id)


def _put_aggregator(operation: Operation, name: str, properties: Properties) -> Any:
    arguments: dict[str, Any] = {}
    if properties.get("AccountAggregationSources"):
        arguments["AccountAggregationSources"] = [
            {key: value for key, value in source.items() if value} for source in properties["AccountAggregationSources"]
        ]
    if properties.get("OrganizationAggregationSource"):
        arguments["OrganizationAggregationSource"] = properties["OrganizationAggregationSource"]
    if properties.get("Tags"):
        arguments["Tags"] = properties["Tags"]
    answer = _client("config", operation).put_configuration_aggregator(ConfigurationAggregatorName=name, **arguments)
    return answer["ConfigurationAggregator"]


def _create_aggregator(operation: Operation, properties: Properties) -> Resource:
    name = properties.setdefault("ConfigurationAggregatorName", operation.generated_name)
    arn = _put_aggregator(operation, name, properties)["ConfigurationAggregatorArn"]
    return made("AWS::Config::ConfigurationAggregator", operation, properties, name, ConfigurationAggregatorArn=arn)


def _update_aggregator(operation: Operation, resource: Resource, properties: Properties) -> None:
    _put_aggregator(operation, resource.physical_resource_id, properties)


def _delete_aggregator(operation: Operation, resource: Resource) -> None:
    _client("config", operation).delete_configuration_aggregator(ConfigurationAggregatorName=resource.physical_resource_id)


def register() -> None:
    """Define the types."""
    Trail.check_bucket_exists = _find_bucket  # type: ignore[method-assign]
    define(
        "AWS::CloudTrail::Trail",
        create=_create_trail,
        update=_update_trail,
        delete=_delete_trail,
        exists=lambda r: r.physical_resource_id in cloudtrail_backends[r.account][r.region].trails,
    )
    define("AWS::Backup::BackupVault", create=_create_vault, update=_update_vault, delete=_delete_vault)
    define("AWS::Backup::BackupPlan", create=_create_plan, update=_update_plan, delete=_delete_plan, exists=_has_plan)
    define("AWS::Budgets::Budget", create=_create_budget, update=_update_budget, delete=_delete_budget)
    define(
        "AWS::Config::ConfigurationAggregator", create=_create_aggregator, update=_update_aggregator, delete=_delete_aggregator
    )
