"""Stack policies and drift: what an update may not touch, and what changed behind a stack's back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Aws

POLICIES = "CloudFormation User Guide: Prevent updates to stack resources"
DRIFT = "CloudFormation User Guide: Detect unmanaged configuration changes to stacks and resources with drift detection"
ALLOW = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": list(statements)})


def _deny(action: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Principal": "*", "Resource": "*", **more}


def _topic(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def _protected(aws: Aws, policy: str, **first: Any) -> None:
    aws.deploy("protected", {"Topic": _topic(**first), "Other": _topic(DisplayName="other")})
    aws.client("cloudformation").set_stack_policy(StackName="protected", StackPolicyBody=policy)


@pytest.mark.source(POLICIES)
def test_a_denied_change_fails_the_update_and_is_named(aws: Aws) -> None:
    _protected(aws, _policy(ALLOW, {**_deny("Update:Modify"), "Resource": "LogicalResourceId/Topic"}), DisplayName="one")
    stack = aws.deploy("protected", {"Topic": _topic(DisplayName="two"), "Other": _topic(DisplayName="other")})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    words = "Action denied by stack policy: Statement [#2] does not allow [Update:Modify] for resource [LogicalResourceId/Topic];"
    assert words in aws.reasons("protected")
    topic = aws.client("sns").get_topic_attributes(TopicArn=aws.physical("protected", "Topic"))
    assert topic["Attributes"]["DisplayName"] == "one"
    stack = aws.deploy("protected", {"Topic": _topic(DisplayName="one"), "Other": _topic(DisplayName="changed")})
    assert stack["StackStatus"] == "UPDATE_COMPLETE"


@pytest.mark.source(f"{POLICIES}: all resources are protected by default")
def test_a_policy_denies_what_it_does_not_allow(aws: Aws) -> None:
    _protected(aws, _policy({**ALLOW, "Resource": "LogicalResourceId/Other"}), DisplayName="one")
    stack = aws.deploy("protected", {"Topic": _topic(DisplayName="two"), "Other": _topic(DisplayName="other")})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Action not allowed by stack policy" in aws.reasons("protected")


@pytest.mark.source(f"{POLICIES}: Update:Replace")
def test_a_policy_can_deny_replacement_only(aws: Aws) -> None:
    names = {"TopicName": "first", "DisplayName": "one"}
    _protected(aws, _policy(ALLOW, _deny("Update:Replace")), **names)
    stack = aws.deploy("protected", {"Topic": _topic(**{**names, "DisplayName": "2"}), "Other": _topic(DisplayName="other")})
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    stack = aws.deploy("protected", {"Topic": _topic(TopicName="second"), "Other": _topic(DisplayName="other")})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "[Update:Replace]" in aws.reasons("protected")
    assert aws.physical("protected", "Topic").endswith(":first")


@pytest.mark.source(f"{POLICIES}: Update:Delete, conditions on ResourceType")
def test_a_policy_can_deny_the_deletion_of_a_type(aws: Aws) -> None:
    condition = {"StringLike": {"ResourceType": ["AWS::SNS::*"]}}
    _protected(aws, _policy(ALLOW, _deny("Update:Delete", Condition=condition)), DisplayName="one")
    stack = aws.deploy("protected", {"Topic": _topic(DisplayName="one")})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "[Update:Delete] for resource [LogicalResourceId/Other]" in aws.reasons("protected")
    assert len(aws.client("sns").list_topics()["Topics"]) == 2


@pytest.mark.source("CloudFormation API Reference: UpdateStack, StackPolicyDuringUpdateBody")
def test_a_policy_can_be_overridden_for_one_update(aws: Aws) -> None:
    _protected(aws, _policy(_deny("Update:*")), DisplayName="one")
    wanted = {"Topic": _topic(DisplayName="two"), "Other": _topic(DisplayName="other")}
    stack = aws.deploy("protected", wanted, StackPolicyDuringUpdateBody=_policy(ALLOW))
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    kept = aws.client("cloudformation").get_stack_policy(StackName="protected")["StackPolicyBody"]
    assert json.loads(kept)["Statement"][0]["Effect"] == "Deny"


@pytest.mark.source("CloudFormation API Reference: SetStackPolicy")
@pytest.mark.parametrize(
    "policy",
    ["no policy", "{}", _policy({**ALLOW, "Action": "Update:Nothing"}), _policy({**ALLOW, "Principal": "me"})],
    ids=["not JSON", "no statement", "unknown action", "principal"],
)
def test_what_is_no_policy_is_refused(aws: Aws, policy: str) -> None:
    aws.deploy("protected", {"Topic": _topic()})
    with pytest.raises(ClientError, match="Invalid stack policy"):
        aws.client("cloudformation").set_stack_policy(StackName="protected", StackPolicyBody=policy)


def _drift(aws: Aws, name: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    cloudformation = aws.client("cloudformation")
    identifier = cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=identifier)
    drifts = cloudformation.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
    return status, {drift["LogicalResourceId"]: drift for drift in drifts}


VERSIONED = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}}}


@pytest.mark.source(DRIFT)
def test_a_stack_that_nobody_touched_is_in_sync(aws: Aws) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    role = {
        "AssumeRolePolicyDocument": document,
        "Description": "d",
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    }
    resources = {
        **VERSIONED,
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": "true", "Description": "d"}},
        "Topic": _topic(DisplayName="one"),
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": "30"}},
        "Detector": {"Type": "AWS::GuardDuty::Detector", "Properties": {"Enable": "true"}},
    }
    aws.deploy("drift", resources)
    status, drifts = _drift(aws, "drift")
    assert status["DetectionStatus"] == "DETECTION_COMPLETE"
    assert status["StackDriftStatus"] == "IN_SYNC"
    assert {name: drift["StackResourceDriftStatus"] for name, drift in drifts.items()} == dict.fromkeys(resources, "IN_SYNC")
    described = aws.client("cloudformation").describe_stacks(StackName="drift")["Stacks"][0]
    assert described["DriftInformation"]["StackDriftStatus"] == "IN_SYNC"


@pytest.mark.source(f"{DRIFT}; API Reference: StackResourceDrift, PropertyDifference")
def test_a_change_behind_the_stacks_back_is_shown(aws: Aws) -> None:
    aws.deploy("drift", {**VERSIONED, "Topic": _topic(DisplayName="one")})
    bucket = aws.physical("drift", "Bucket")
    aws.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    status, drifts = _drift(aws, "drift")
    assert (status["StackDriftStatus"], status["DriftedStackResourceCount"]) == ("DRIFTED", 1)
    (difference,) = drifts["Bucket"]["PropertyDifferences"]
    assert difference == {
        "PropertyPath": "/VersioningConfiguration/Status",
        "ExpectedValue": "Enabled",
        "ActualValue": "Suspended",
        "DifferenceType": "NOT_EQUAL",
    }
    assert drifts["Topic"]["StackResourceDriftStatus"] == "IN_SYNC"


@pytest.mark.source(f"{DRIFT}; API Reference: StackResourceDriftStatus DELETED")
def test_a_resource_that_is_gone_is_shown_as_deleted(aws: Aws) -> None:
    aws.deploy("drift", {"Topic": _topic(), "Group": {"Type": "AWS::Logs::LogGroup"}})
    aws.client("sns").delete_topic(TopicArn=aws.physical("drift", "Topic"))
    aws.client("logs").delete_log_group(logGroupName=aws.physical("drift", "Group"))
    _, drifts = _drift(aws, "drift")
    assert {drift["StackResourceDriftStatus"] for drift in drifts.values()} == {"DELETED"}


@pytest.mark.source("API Reference: DescribeStackResourceDrifts: resources that do not support drift detection are not included")
def test_a_modelled_resource_is_not_checked(aws: Aws) -> None:
    aws.deploy("drift", {"Graph": {"Type": "AWS::Detective::Graph"}, "Topic": _topic()})
    _, drifts = _drift(aws, "drift")
    assert set(drifts) == {"Topic"}
    with pytest.raises(ClientError, match="AWS::Detective::Graph"):
        aws.client("cloudformation").detect_stack_resource_drift(StackName="drift", LogicalResourceId="Graph")
