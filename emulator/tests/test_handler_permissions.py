"""What CloudFormation needs to be allowed when it acts for a role: the handlers' permissions, on the resources they concern."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import REGION, Aws
from test_iam import allow


class TestHandlerPermissions:
    """CloudFormation with a service role may make only what the role may."""

    def deploy_as(self, aws: Aws, statements: list[dict[str, Any]], resources: dict[str, Any]) -> tuple[str, str]:
        role = aws.role("service", *statements, trust={"Service": "cloudformation.amazonaws.com"})
        stack = aws.deploy("one", resources, RoleARN=role)
        return stack["StackStatus"], aws.reasons("one")

    @pytest.mark.source("CloudFormation user guide, AWS CloudFormation service role")
    def test_a_missing_permission_fails_the_stack_and_is_named(self, aws: Aws) -> None:
        status, reasons = self.deploy_as(aws, [allow("sns:*")], {"Q": {"Type": "AWS::SQS::Queue"}})
        assert status == "ROLLBACK_COMPLETE"
        assert f"User: arn:aws:iam::{aws.account}:role/service is not authorized" in reasons
        assert "is not authorized to perform: sqs:CreateQueue" in reasons

    def test_the_permissions_that_a_handler_calls_are_enough(self, aws: Aws) -> None:
        status, reasons = self.deploy_as(
            aws, [allow("s3:CreateBucket", "s3:PutBucketVersioning", resource="arn:aws:s3:::mine-*")],
            {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"mine-{aws.account}",
                                                             "VersioningConfiguration": {"Status": "Enabled"}}}},
        )  # fmt: skip
        assert status == "CREATE_COMPLETE", reasons

    def test_the_name_of_the_resource_counts(self, aws: Aws) -> None:
        bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"other-{aws.account}"}}
        status, reasons = self.deploy_as(aws, [allow("s3:*", resource="arn:aws:s3:::mine-*")], {"B": bucket})
        assert status == "ROLLBACK_COMPLETE"
        assert f"s3:CreateBucket on resource: arn:aws:s3:::other-{aws.account}" in reasons

    def test_roles_need_the_boundary_that_the_condition_names(self, aws: Aws) -> None:
        boundary = f"arn:aws:iam::{aws.account}:policy/limit"
        aws.client("iam").create_policy(
            PolicyName="limit", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow("*")]})
        )
        bounded = {"Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}}
        reading = allow("iam:GetRole", "iam:GetRolePolicy")
        statements = [allow("iam:CreateRole", "iam:PutRolePolicy", **bounded), reading]
        properties = {
            "RoleName": "made",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow("s3:*")]}}],
        }
        status, reasons = self.deploy_as(aws, statements, {"R": {"Type": "AWS::IAM::Role", "Properties": properties}})
        assert status == "ROLLBACK_COMPLETE"
        assert f"iam:CreateRole on resource: arn:aws:iam::{aws.account}:role/made" in reasons
        aws.client("cloudformation").delete_stack(StackName="one")
        properties["PermissionsBoundary"] = boundary
        role = f"arn:aws:iam::{aws.account}:role/service"
        stack = aws.deploy("two", {"R": {"Type": "AWS::IAM::Role", "Properties": properties}}, RoleARN=role)
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons("two")

    def test_passing_a_role_to_a_service_is_asked(self, aws: Aws) -> None:
        passed = aws.role("recorder", trust={"Service": "config.amazonaws.com"})
        recorder = {"Type": "AWS::Config::ConfigurationRecorder", "Properties": {"RoleARN": passed}}
        status, reasons = self.deploy_as(aws, [allow("config:*")], {"R": recorder})
        assert status == "ROLLBACK_COMPLETE"
        assert f"iam:PassRole on resource: {passed}" in reasons

    @pytest.mark.source("GuardDuty user guide, Permissions required to enable GuardDuty: iam:CreateServiceLinkedRole")
    def test_a_service_that_makes_its_own_role_needs_the_permission_once(self, aws: Aws) -> None:
        detector = {"D": {"Type": "AWS::GuardDuty::Detector", "Properties": {"Enable": True}}}
        status, reasons = self.deploy_as(aws, [allow("guardduty:*")], detector)
        assert status == "ROLLBACK_COMPLETE"
        assert "iam:CreateServiceLinkedRole" in reasons
        guardduty = {"StringEquals": {"iam:AWSServiceName": "guardduty.amazonaws.com"}}
        linked = allow("iam:CreateServiceLinkedRole", Condition=guardduty)
        aws.client("iam").put_role_policy(
            RoleName="service",
            PolicyName="linked",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [linked]}),
        )
        role = f"arn:aws:iam::{aws.account}:role/service"
        stack = aws.deploy("two", detector, RoleARN=role)
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons("two")


@pytest.mark.source("Macie user guide, AWS managed policies; Security Hub user guide, Service-linked roles for Security Hub CSPM")
@pytest.mark.parametrize(("type_name", "service"), [("AWS::Macie::Session", "macie"), ("AWS::SecurityHub::Hub", "securityhub")])
def test_a_service_makes_its_own_role_also_where_the_schema_is_silent(aws: Aws, type_name: str, service: str) -> None:
    linked = allow("iam:CreateServiceLinkedRole", resource=f"arn:aws:iam::*:role/aws-service-role/*{service}*.amazonaws.com/*")
    for name, statements, wanted in (("without", [], "ROLLBACK_COMPLETE"), ("with", [linked], "CREATE_COMPLETE")):
        permissions = [allow("macie2:*", "securityhub:*", "cloudformation:*"), *statements]
        role = aws.role(name, *permissions, trust={"Service": "cloudformation.amazonaws.com"})
        stack = aws.deploy(name, {"R": {"Type": type_name, "Properties": {}}}, RoleARN=role)
        assert stack["StackStatus"] == wanted, aws.reasons(name)
        if not statements:
            assert "iam:CreateServiceLinkedRole" in aws.reasons(name)


@pytest.mark.source("Service Authorization Reference, AWS Security Hub: BatchDisableStandards acts on the hub")
def test_an_action_on_something_else_is_asked_for_that(aws: Aws) -> None:
    hub = f"arn:aws:securityhub:{REGION}:{aws.account}:hub/default"
    role = aws.role("hub", allow("securityhub:*", resource=hub), allow("cloudformation:*", "iam:CreateServiceLinkedRole"))
    standard = f"arn:aws:securityhub:{REGION}::standards/aws-foundational-security-best-practices/v/1.0.0"
    resources = {
        "Hub": {"Type": "AWS::SecurityHub::Hub", "Properties": {"EnableDefaultStandards": False}},
        "Standard": {"Type": "AWS::SecurityHub::Standard", "DependsOn": "Hub", "Properties": {"StandardsArn": standard}},
    }
    cloudformation = aws.assume(role).client("cloudformation")
    cloudformation.create_stack(StackName="hub", TemplateBody=json.dumps({"Resources": resources}))
    assert aws.client("cloudformation").describe_stacks(StackName="hub")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE", (
        aws.reasons("hub")
    )
    cloudformation.delete_stack(StackName="hub")
    assert aws.client("cloudformation").list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]


@pytest.mark.source("EventBridge user guide, Event patterns: a pattern matches text and passes nothing")
def test_a_role_in_an_event_pattern_is_not_passed(aws: Aws) -> None:
    role = aws.role("rules", allow("events:*"), allow("cloudformation:*"))
    watched = f"arn:aws:iam::{aws.account}:role/watched"
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"resources": [watched]}}}
    aws.assume(role).client("cloudformation").create_stack(StackName="rule", TemplateBody=json.dumps({"Resources": {"R": rule}}))
    assert aws.client("cloudformation").describe_stacks(StackName="rule")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.source("Service Authorization Reference, AWS KMS: CreateKey supports no resource-level permissions")
@pytest.mark.parametrize(("resource", "status"), [("*", "CREATE_COMPLETE"), ("arn:aws:kms:*:*:key/*", "ROLLBACK_COMPLETE")])
def test_an_action_that_takes_no_resource_needs_a_statement_on_all(aws: Aws, resource: str, status: str) -> None:
    rest = allow("kms:PutKeyPolicy", "kms:EnableKeyRotation", "kms:TagResource", "kms:ScheduleKeyDeletion", "cloudformation:*")
    role = aws.role("keys", allow("kms:CreateKey", resource=resource), rest)
    key = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}}
    template = json.dumps({"Resources": {"K": key}})
    aws.assume(role).client("cloudformation").create_stack(StackName="key", TemplateBody=template)
    assert aws.client("cloudformation").describe_stacks(StackName="key")["Stacks"][0]["StackStatus"] == status, aws.reasons("key")
