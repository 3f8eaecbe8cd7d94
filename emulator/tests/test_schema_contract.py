"""What the registry's schemas refuse, of types that moto holds as of those that are only modelled; nothing is left over."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Aws

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("AWS::S3::Bucket", {"NoSuchThing": 1}, "extraneous key [NoSuchThing] is not permitted"),
    (
        "AWS::S3::Bucket",
        {"VersioningConfiguration": {"Status": "Enabled", "Extra": 1}},
        "extraneous key [Extra] is not permitted",
    ),
    ("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "On"}}, "On is not a valid enum value"),
    ("AWS::S3::Bucket", {"Arn": "arn:aws:s3:::mine"}, "read only property"),
    ("AWS::SNS::Topic", {"Colour": "red"}, "extraneous key [Colour] is not permitted"),
    ("AWS::SNS::Topic", {"Subscription": "me"}, "expected type: JSONArray, found: String"),
    ("AWS::SQS::Queue", {"Speed": 1}, "extraneous key [Speed] is not permitted"),
    ("AWS::DynamoDB::Table", {}, "required key [KeySchema] not found"),
    ("AWS::KMS::Key", {"KeyUsage": "ANYTHING"}, "ANYTHING is not a valid enum value"),
    ("AWS::KMS::Key", {"PendingWindowInDays": 3}, "3"),
    ("AWS::Logs::LogGroup", {"RetentionInDays": 8}, "8 is not a valid enum value"),
    ("AWS::Logs::LogGroup", {"LogGroupName": "no spaces"}, "does not match pattern"),
    ("AWS::EC2::Volume", {"Wheels": 4, "AvailabilityZone": "eu-west-1a"}, "extraneous key [Wheels] is not permitted"),
    ("AWS::GuardDuty::Detector", {}, "required key [Enable] not found"),
    ("AWS::Detective::Graph", {"Tags": "none"}, "expected type: JSONArray, found: String"),
]


@pytest.mark.source("resource type schemas: additionalProperties, required, type, enum, pattern, readOnlyProperties, minimum")
@pytest.mark.parametrize(("kind", "properties", "words"), REFUSED, ids=[f"{kind} {words}" for kind, _, words in REFUSED])
def test_properties_that_the_schema_refuses_fail_the_resource(
    aws: Aws, kind: str, properties: dict[str, Any], words: str
) -> None:
    stack = aws.deploy("refused", {"Resource": {"Type": kind, "Properties": properties}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert words in aws.reasons("refused")
    assert "Properties validation failed for resource Resource with message:" in aws.reasons("refused")
    assert aws.fleet("GET", f"resources?account={aws.account}")[1] in ([], {"resources": []})


@pytest.mark.source("CloudFormation User Guide, Troubleshooting: Circular dependency between resources")
def test_a_circle_is_refused_and_named_without_what_hangs_on_it(aws: Aws) -> None:
    def topic(needs: str) -> dict[str, Any]:
        return {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": needs}}}

    with pytest.raises(ClientError, match=r"Circular dependency between resources: \[A, B\]"):
        aws.deploy("circle", {"A": topic("B"), "B": topic("A"), "C": topic("A")})


@pytest.mark.source("CloudFormation User Guide, Troubleshooting: a resource with the same physical name already exists")
def test_a_physical_name_used_twice_in_a_template_fails_the_second(aws: Aws) -> None:
    table = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "twice"}}
    stack = aws.deploy("twice", {"One": table, "Two": {**table, "DependsOn": "One"}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "already exists" in aws.reasons("twice")
    assert aws.client("logs").describe_log_groups()["logGroups"] == []


@pytest.mark.source("CloudFormation API Reference: GetTemplate, of a deleted stack by its id")
def test_a_deleted_stack_still_shows_its_template(aws: Aws) -> None:
    stack = aws.deploy("gone", {"Topic": {"Type": "AWS::SNS::Topic"}})
    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName="gone")
    for stage in ("Original", "Processed"):
        body = cloudformation.get_template(StackName=stack["StackId"], TemplateStage=stage)["TemplateBody"]
        assert body["Resources"] == {"Topic": {"Type": "AWS::SNS::Topic"}}
