"""Trails, backups, budgets, aggregators and permission sets: what a launch makes is what the service's own API shows."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import REGION, Aws

ARNS = "Service Authorization Reference, resource types of the service"


def _trail(**more: Any) -> dict[str, Any]:
    properties = {"TrailName": "audit", "S3BucketName": {"Ref": "Bucket"}, "IsLogging": True, "IsMultiRegionTrail": True, **more}
    return {"Bucket": {"Type": "AWS::S3::Bucket"}, "Trail": {"Type": "AWS::CloudTrail::Trail", "Properties": properties}}


@pytest.mark.source("CloudTrail API Reference: DescribeTrails, GetTrailStatus; template reference: AWS::CloudTrail::Trail")
def test_a_trail_is_seen_by_its_api_and_logs(aws: Aws) -> None:
    aws.deploy("trail", _trail(InsightSelectors=[{"InsightType": "ApiCallRateInsight"}]), {"Arn": {"Fn::GetAtt": "Trail.Arn"}})
    trails = aws.client("cloudtrail")
    (shown,) = trails.describe_trails()["trailList"]
    assert shown["Name"] == "audit"
    assert shown["IsMultiRegionTrail"]
    assert shown["TrailARN"] == aws.outputs("trail")["Arn"] == f"arn:aws:cloudtrail:{REGION}:{aws.account}:trail/audit"
    assert trails.get_trail_status(Name="audit")["IsLogging"]
    assert trails.get_insight_selectors(TrailName="audit")["InsightSelectors"] == [{"InsightType": "ApiCallRateInsight"}]
    aws.deploy("trail", _trail(IsLogging=False, EnableLogFileValidation=True))
    assert not trails.get_trail_status(Name="audit")["IsLogging"]
    assert trails.describe_trails()["trailList"][0]["LogFileValidationEnabled"]
    assert not trails.get_insight_selectors(TrailName="audit").get("InsightSelectors")
    aws.client("cloudformation").delete_stack(StackName="trail")
    assert trails.describe_trails()["trailList"] == []


@pytest.mark.source("CloudTrail API Reference: CreateTrail, S3BucketDoesNotExistException")
def test_a_trail_needs_its_bucket_and_may_use_another_accounts(aws: Aws, other: Aws) -> None:
    stack = aws.deploy("lost", {"Trail": _trail(S3BucketName="no-such-bucket-anywhere")["Trail"]})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "no-such-bucket-anywhere does not exist" in aws.reasons("lost")
    name = f"archive-{other.account}"
    other.deploy("archive", {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}})
    assert aws.deploy("found", {"Trail": _trail(S3BucketName=name)["Trail"]})["StackStatus"] == "CREATE_COMPLETE"


def _vault(name: str = "vault", **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": name, **more}}


@pytest.mark.source(f"{ARNS}: AWS Backup; AWS Backup Developer Guide: PutBackupVaultLockConfiguration")
def test_a_backup_vault_has_its_services_arn_and_lock(aws: Aws) -> None:
    lock = {"MinRetentionDays": 7, "MaxRetentionDays": 30}
    aws.deploy("vault", {"Vault": _vault(LockConfiguration=lock)}, {"Arn": {"Fn::GetAtt": "Vault.BackupVaultArn"}})
    backup = aws.client("backup")
    (shown,) = backup.list_backup_vaults()["BackupVaultList"]
    assert shown["BackupVaultArn"] == aws.outputs("vault")["Arn"] == f"arn:aws:backup:{REGION}:{aws.account}:backup-vault:vault"
    assert shown["Locked"]
    assert shown["MinRetentionDays"] == 7
    aws.deploy("vault", {"Vault": _vault()})
    assert not backup.describe_backup_vault(BackupVaultName="vault").get("Locked")
    aws.client("cloudformation").delete_stack(StackName="vault")
    assert backup.list_backup_vaults()["BackupVaultList"] == []


@pytest.mark.source(f"{ARNS}: AWS Backup; AWS Backup Developer Guide: UpdateBackupPlan makes a new version")
def test_a_backup_plan_changes_in_place_and_can_be_made_again(aws: Aws) -> None:
    def plan(days: int) -> dict[str, Any]:
        rule = {"RuleName": "daily", "TargetBackupVault": {"Ref": "Vault"}, "Lifecycle": {"DeleteAfterDays": days}}
        document = {"BackupPlanName": "daily", "BackupPlanRule": [rule]}
        return {"Vault": _vault(), "Plan": {"Type": "AWS::Backup::BackupPlan", "Properties": {"BackupPlan": document}}}

    backup = aws.client("backup")
    outputs = {"Arn": {"Fn::GetAtt": "Plan.BackupPlanArn"}, "Version": {"Fn::GetAtt": "Plan.VersionId"}}
    aws.deploy("plan", plan(7), outputs)
    first = aws.outputs("plan")
    identifier = aws.physical("plan", "Plan")
    assert first["Arn"] == f"arn:aws:backup:{REGION}:{aws.account}:backup-plan:{identifier}"
    aws.deploy("plan", plan(35), outputs)
    held = backup.get_backup_plan(BackupPlanId=identifier)
    assert held["BackupPlan"]["Rules"][0]["Lifecycle"]["DeleteAfterDays"] == 35
    assert aws.outputs("plan")["Version"] == held["VersionId"] != first["Version"]
    aws.client("cloudformation").delete_stack(StackName="plan")
    assert backup.list_backup_plans()["BackupPlansList"] == []
    assert aws.deploy("again", plan(7))["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.source("AWS Budgets API Reference: DescribeBudgets, DescribeNotificationsForBudget")
def test_a_budget_is_seen_by_its_api_with_its_notifications(aws: Aws) -> None:
    def budget(amount: int) -> dict[str, Any]:
        notice = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}
        notified = [{"Notification": notice, "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "a@example.com"}]}]
        limits = {"BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": amount, "Unit": "USD"}}
        properties = {"Budget": limits, "NotificationsWithSubscribers": notified}
        return {"Budget": {"Type": "AWS::Budgets::Budget", "Properties": properties}}

    budgets = aws.client("budgets", "us-east-1")
    aws.deploy("budget", budget(100))
    name = aws.physical("budget", "Budget")
    aws.deploy("budget", budget(200))
    (shown,) = budgets.describe_budgets(AccountId=aws.account)["Budgets"]
    assert (shown["BudgetName"], shown["BudgetLimit"]["Amount"]) == (name, "200")
    (notice,) = budgets.describe_notifications_for_budget(AccountId=aws.account, BudgetName=name)["Notifications"]
    assert notice["Threshold"] == 80
    aws.client("cloudformation").delete_stack(StackName="budget")
    assert not budgets.describe_budgets(AccountId=aws.account).get("Budgets")


@pytest.mark.source("AWS Config API Reference: DescribeConfigurationAggregators")
def test_an_aggregator_is_seen_by_its_api(aws: Aws) -> None:
    sources = {"AccountAggregationSources": [{"AccountIds": [aws.account], "AllAwsRegions": True}]}
    properties = {"ConfigurationAggregatorName": "all", **sources}
    aws.deploy("all", {"All": {"Type": "AWS::Config::ConfigurationAggregator", "Properties": properties}})
    assert aws.reasons("all") == ""
    shown = aws.client("config").describe_configuration_aggregators()["ConfigurationAggregators"]
    assert [item["ConfigurationAggregatorName"] for item in shown] == ["all"]
    aws.client("cloudformation").delete_stack(StackName="all")
    assert aws.client("config").describe_configuration_aggregators()["ConfigurationAggregators"] == []


@pytest.mark.source(
    "IAM Identity Center API Reference: DescribePermissionSet, GetInlinePolicyForPermissionSet, ConflictException"
)
def test_a_permission_set_is_seen_by_its_api_and_its_name_is_taken(aws: Aws) -> None:
    sso = aws.client("sso-admin")
    instance = sso.list_instances()["Instances"][0]["InstanceArn"]

    def permission_set(duration: str, **more: Any) -> dict[str, Any]:
        properties = {"Name": "ReadOnly", "InstanceArn": instance, "SessionDuration": duration, **more}
        return {"Set": {"Type": "AWS::SSO::PermissionSet", "Properties": properties}}

    statement = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    inline = {"Version": "2012-10-17", "Statement": [statement]}
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    arn_of = {"Arn": {"Fn::GetAtt": "Set.PermissionSetArn"}}
    aws.deploy("set", permission_set("PT1H", InlinePolicy=inline, ManagedPolicies=[policy]), arn_of)
    place = {"InstanceArn": instance, "PermissionSetArn": aws.outputs("set")["Arn"]}
    assert "iam:*" in sso.get_inline_policy_for_permission_set(**place)["InlinePolicy"]
    attached = sso.list_managed_policies_in_permission_set(**place)["AttachedManagedPolicies"]
    assert [item["Arn"] for item in attached] == [policy]
    aws.deploy("set", permission_set("PT2H"), arn_of)
    assert sso.describe_permission_set(**place)["PermissionSet"]["SessionDuration"] == "PT2H"
    assert not sso.get_inline_policy_for_permission_set(**place)["InlinePolicy"]
    assert sso.list_managed_policies_in_permission_set(**place)["AttachedManagedPolicies"] == []
    aws.deploy("twice", permission_set("PT1H"))
    assert "ReadOnly already exists" in aws.reasons("twice")
    sso.create_permission_set(Name="ByHand", InstanceArn=instance)
    aws.deploy("thrice", permission_set("PT1H", Name="ByHand"))
    assert "PermissionSet with name ByHand already exists." in aws.reasons("thrice")
    aws.client("cloudformation").delete_stack(StackName="set")
    assert len(sso.list_permission_sets(InstanceArn=instance)["PermissionSets"]) == 1


@pytest.mark.source("IAM User Guide: IAM Access Analyzer quotas: one account-level analyzer of a type in a Region")
def test_an_account_has_one_analyzer_of_each_kind(aws: Aws) -> None:
    def analyzer(kind: str) -> dict[str, Any]:
        return {"Analyzer": {"Type": "AWS::AccessAnalyzer::Analyzer", "Properties": {"Type": kind}}}

    assert aws.deploy("external", analyzer("ACCOUNT"))["StackStatus"] == "CREATE_COMPLETE"
    assert aws.deploy("unused", analyzer("ACCOUNT_UNUSED_ACCESS"))["StackStatus"] == "CREATE_COMPLETE"
    assert aws.deploy("second", analyzer("ACCOUNT"))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "maximum number of analyzers" in aws.reasons("second")


@pytest.mark.source("aws-cloudformation/cloudformation-coverage-roadmap issue 2515")
def test_an_account_has_one_monitor_of_a_dimension(aws: Aws) -> None:
    def monitor(name: str) -> dict[str, Any]:
        properties = {"MonitorName": name, "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}
        return {"Monitor": {"Type": "AWS::CE::AnomalyMonitor", "Properties": properties}}

    assert aws.deploy("first", monitor("one"))["StackStatus"] == "CREATE_COMPLETE"
    aws.deploy("second", monitor("two"))
    assert "Limit exceeded on dimensional spend monitor creation" in aws.reasons("second")
    assert "AlreadyExists" in aws.reasons("second")
