"""Stacks whose update or creation stopped halfway, and requests that the emulator does not heed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Aws

TOPIC = {"Type": "AWS::SNS::Topic"}
NO_SUCH_BUCKET = {
    "Type": "AWS::S3::BucketPolicy",
    "Properties": {"Bucket": "no-such-bucket-here", "PolicyDocument": {"Version": "2012-10-17", "Statement": []}},
}


def _bad(*after: str) -> dict[str, Any]:
    return {**NO_SUCH_BUCKET, "DependsOn": list(after)} if after else NO_SUCH_BUCKET


@pytest.mark.source("CloudFormation API Reference: RollbackStack, of CREATE_FAILED")
def test_a_creation_that_was_left_can_be_rolled_back(aws: Aws) -> None:
    stack = aws.deploy("left", {"Topic": TOPIC, "Bad": _bad("Topic")}, DisableRollback=True)
    assert stack["StackStatus"] == "CREATE_FAILED"
    cloudformation = aws.client("cloudformation")
    cloudformation.rollback_stack(StackName="left")
    assert cloudformation.describe_stacks(StackName="left")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    assert aws.client("sns").list_topics()["Topics"] == []


@pytest.mark.source("CloudFormation API Reference: RollbackStack, of UPDATE_FAILED to the last known stable state")
def test_an_update_that_was_left_can_be_rolled_back(aws: Aws) -> None:
    one = {**TOPIC, "Properties": {"DisplayName": "one"}}
    aws.deploy("left", {"Topic": one})
    two = {**TOPIC, "Properties": {"DisplayName": "two"}}
    stack = aws.deploy("left", {"Topic": two, "New": TOPIC, "Bad": _bad("Topic", "New")}, DisableRollback=True)
    assert stack["StackStatus"] == "UPDATE_FAILED"
    cloudformation = aws.client("cloudformation")
    cloudformation.rollback_stack(StackName="left")
    assert cloudformation.describe_stacks(StackName="left")["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    attributes = aws.client("sns").get_topic_attributes(TopicArn=aws.physical("left", "Topic"))["Attributes"]
    assert attributes["DisplayName"] == "one"
    assert len(aws.client("sns").list_topics()["Topics"]) == 1


@pytest.mark.source("CloudFormation API Reference: RollbackStack, ContinueUpdateRollback")
def test_a_stack_that_is_well_is_not_rolled_back(aws: Aws) -> None:
    aws.deploy("well", {"Topic": TOPIC})
    with pytest.raises(ClientError, match="CREATE_COMPLETE state"):
        aws.client("cloudformation").rollback_stack(StackName="well")
    with pytest.raises(ClientError, match="CREATE_COMPLETE state"):
        aws.client("cloudformation").continue_update_rollback(StackName="well")


def _stuck(aws: Aws) -> str:
    """A stack whose roll back fails, because the bucket that its update made holds an object by then."""
    name = f"stuck-{aws.account}"
    aws.deploy("stuck", {"Topic": TOPIC})
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}
    aws.deploy("stuck", {"Topic": TOPIC, "Bucket": bucket, "Bad": _bad("Bucket")}, DisableRollback=True)
    aws.client("s3").put_object(Bucket=name, Key="left", Body=b"")
    aws.client("cloudformation").rollback_stack(StackName="stuck")
    status = aws.client("cloudformation").describe_stacks(StackName="stuck")["Stacks"][0]["StackStatus"]
    assert status == "UPDATE_ROLLBACK_FAILED"
    return name


def _status(aws: Aws) -> str:
    return str(aws.client("cloudformation").describe_stacks(StackName="stuck")["Stacks"][0]["StackStatus"])


@pytest.mark.source("CloudFormation User Guide: Continue rolling back an update")
def test_a_roll_back_continues_once_its_cause_is_gone(aws: Aws) -> None:
    bucket = _stuck(aws)
    cloudformation = aws.client("cloudformation")
    cloudformation.continue_update_rollback(StackName="stuck")
    assert _status(aws) == "UPDATE_ROLLBACK_FAILED"
    aws.client("s3").delete_object(Bucket=bucket, Key="left")
    cloudformation.continue_update_rollback(StackName="stuck")
    assert _status(aws) == "UPDATE_ROLLBACK_COMPLETE"
    assert aws.client("s3").list_buckets()["Buckets"] == []


@pytest.mark.source("CloudFormation API Reference: ContinueUpdateRollback, ResourcesToSkip")
def test_a_roll_back_continues_without_what_is_skipped(aws: Aws) -> None:
    _stuck(aws)
    cloudformation = aws.client("cloudformation")
    with pytest.raises(ClientError, match="Topic"):
        cloudformation.continue_update_rollback(StackName="stuck", ResourcesToSkip=["Topic"])
    assert _status(aws) == "UPDATE_ROLLBACK_FAILED"
    cloudformation.continue_update_rollback(StackName="stuck", ResourcesToSkip=["Bucket"])
    assert _status(aws) == "UPDATE_ROLLBACK_COMPLETE"
    assert len(aws.client("s3").list_buckets()["Buckets"]) == 1


@pytest.mark.parametrize(
    ("operation", "arguments", "named"),
    [
        ("create_stack", {"RollbackConfiguration": {"MonitoringTimeInMinutes": 5}}, "RollbackConfiguration"),
        ("create_stack", {"ResourceTypes": ["AWS::S3::*"]}, "ResourceTypes"),
        ("create_stack", {"RetainExceptOnCreate": True}, "RetainExceptOnCreate"),
        ("create_change_set", {"ChangeSetName": "c", "ChangeSetType": "IMPORT"}, "IMPORT"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_heeded_is_refused_and_not_ignored(aws: Aws, operation: str, arguments: dict[str, Any], named: str) -> None:
    call = getattr(aws.client("cloudformation"), operation)
    with pytest.raises(ClientError) as caught:
        call(StackName="asked", TemplateBody=json.dumps({"Resources": {"Topic": TOPIC}}), **arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == "NotImplemented"
    assert error["Message"].startswith("emulator:")
    assert named in error["Message"]
    assert aws.client("cloudformation").describe_stacks()["Stacks"] == []


@pytest.mark.parametrize("operation", ["list_types", "describe_account_limits", "list_resource_scans"])
def test_an_operation_that_is_not_here_says_so(aws: Aws, operation: str) -> None:
    with pytest.raises(ClientError, match="emulator:"):
        getattr(aws.client("cloudformation"), operation)()


@pytest.mark.source("CloudFormation User Guide: Name type; IAM and AWS STS quotas: role names have up to 64 characters")
def test_a_long_generated_role_name_keeps_the_beginning_of_the_stacks(aws: Aws) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}}
    aws.deploy("SC-333333333333-pp-config-organization-and-more", {"AggregatorRole": role})
    name = aws.physical("SC-333333333333-pp-config-organization-and-more", "AggregatorRole")
    assert len(name) <= 64
    assert name.startswith("SC-333333333333-pp-config")
    assert "-AggregatorRole-" in name
