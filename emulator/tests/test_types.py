"""Types of CloudFormation: checked against the registry's schema, held by a backend or modelled, replaced, unique."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws
from test_iam import allow

VALIDATION = "CloudFormation user guide, Early validation; resource type schema: required, additionalProperties, enum, pattern"


def refused(aws: Aws, kind: str, properties: dict[str, Any], words: str) -> None:
    stack = aws.deploy("refused", {"R": {"Type": kind, "Properties": properties}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = aws.reasons("refused")
    assert words in reasons, reasons


@pytest.mark.source(VALIDATION)
@pytest.mark.parametrize(
    ("kind", "properties", "words"),
    [
        ("AWS::S3::Bucket", {"BucketNam": "x"}, "extraneous key [BucketNam] is not permitted"),
        ("AWS::S3::Bucket", {"Arn": "arn:aws:s3:::x"}, "read only property [Arn] is not allowed"),
        ("AWS::S3::Bucket", {"BucketName": "Upper_Case"}, "does not match pattern"),
        ("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "On"}}, "#/VersioningConfiguration/Status: On is not a valid"),
        ("AWS::S3::Bucket", {"VersioningConfiguration": "Enabled"}, "expected type: JSONObject, found: String"),
        ("AWS::IAM::Role", {"Description": "x"}, "#: required key [AssumeRolePolicyDocument] not found"),
        ("AWS::EC2::VPC", {"CidrBlok": "10.0.0.0/16"}, "extraneous key [CidrBlok] is not permitted"),
        ("AWS::GuardDuty::Detector", {}, "#: required key [Enable] not found"),
        ("AWS::GuardDuty::Detector", {"Enable": "perhaps"}, "#/Enable: expected type: Boolean, found: String"),
        ("AWS::AccessAnalyzer::Analyzer", {}, "#: required key [Type] not found"),
        ("AWS::Organizations::OrganizationalUnit", {"Name": "x", "ParentId": "nonsense"}, "does not match pattern"),
    ],
)
def test_a_property_that_the_schema_refuses_fails_the_stack(aws: Aws, kind: str, properties: dict[str, Any], words: str) -> None:
    refused(aws, kind, properties, words)


@pytest.mark.source(VALIDATION)
def test_resolved_values_are_checked_and_not_only_literals(aws: Aws) -> None:
    cloudformation = aws.client("cloudformation")
    template = {
        "Parameters": {"Days": {"Type": "String"}},
        "Resources": {"G": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}}},
    }
    for name, days, status in (("good", "7", "CREATE_COMPLETE"), ("bad", "8", "ROLLBACK_COMPLETE")):
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": "Days", "ParameterValue": days}],
        )
        assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == status
    assert "#/RetentionInDays: 8 is not a valid enum value" in aws.reasons("bad")


@pytest.mark.source("CloudFormation user guide, Template anatomy: unrecognized resource types")
@pytest.mark.parametrize("kind", ["AWS::S3::Buckets", "AWS::Nothing::Here", "Custom::Thing"])
def test_a_type_that_the_registry_lacks_is_an_error(aws: Aws, kind: str) -> None:
    with pytest.raises(ClientError, match=f"(?i)unrecognized resource types: \\[{kind}\\]|{kind}"):
        aws.deploy("unknown", {"R": {"Type": kind}})


MODELLED = {
    "AWS::AccessAnalyzer::Analyzer": {"Type": "ACCOUNT"},
    "AWS::Detective::Graph": {},
    "AWS::ControlTower::EnabledControl": {
        "ControlIdentifier": "arn:aws:controltower:eu-west-1::control/AWS-GR_ENCRYPTED_VOLUMES",
        "TargetIdentifier": "arn:aws:organizations::111111111111:ou/o-exampleorgid/ou-abcd-12345678",
    },
    "AWS::SecurityHub::FindingAggregator": {"RegionLinkingMode": "ALL_REGIONS"},
}


@pytest.mark.source("resource type schema: primaryIdentifier, pattern")
def test_ref_of_a_modelled_type_is_its_identifier_and_fits_its_pattern(aws: Aws) -> None:
    resources = {f"R{i}": {"Type": kind, "Properties": p} for i, (kind, p) in enumerate(MODELLED.items())}
    stack = aws.deploy("modelled", resources, {name: {"Ref": name} for name in resources})
    assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons("modelled")
    refs = aws.outputs("modelled")
    forms = [
        rf"arn:aws:access-analyzer:{REGION}:{aws.account}:analyzer/.+",
        rf"arn:aws:detective:{REGION}:{aws.account}:graph[:/].+",
        r"arn:aws:organizations:.+\|arn:aws:controltower:.+",
        rf"arn:aws:securityhub:{REGION}:{aws.account}:.+",
    ]
    for (name, ref), form in zip(sorted(refs.items()), forms, strict=True):
        assert re.fullmatch(form, ref), (name, ref)
    levels = {r["type"]: r["level"] for r in aws.fleet("GET", f"resources?account={aws.account}")[1]["resources"]}
    assert set(levels.values()) == {"modelled"}


@pytest.mark.source("resource type schema: readOnlyProperties; Fn::GetAtt")
def test_getatt_returns_read_only_properties_of_the_services_form_and_stays_the_same(aws: Aws) -> None:
    vault = {"Type": "AWS::Backup::BackupVault", "Properties": {"BackupVaultName": "vault"}}
    arn = {"Fn::GetAtt": ["V", "BackupVaultArn"]}
    aws.deploy("getatt", {"V": vault}, {"One": arn, "Two": arn})
    outputs = aws.outputs("getatt")
    assert outputs["One"] == outputs["Two"]
    assert re.fullmatch(rf"arn:aws:backup:{REGION}:{aws.account}:backup-?vault[:/]vault", outputs["One"])


@pytest.mark.source("CloudFormation user guide, Fn::GetAtt; Template error: resource does not support attribute type")
@pytest.mark.parametrize("kind", ["AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::Detective::Graph", "AWS::S3::Bucket"])
def test_an_unknown_attribute_is_an_error(aws: Aws, kind: str) -> None:
    stack = aws.deploy("unknown", {"V": {"Type": kind}}, {"No": {"Fn::GetAtt": ["V", "NoSuchAttribute"]}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = aws.client("cloudformation").describe_stack_events(StackName="unknown")["StackEvents"]
    assert any("V does not support attribute type NoSuchAttribute" in e.get("ResourceStatusReason", "") for e in events)


@pytest.mark.source("resource type schema: createOnlyProperties; CloudFormation user guide, Update behaviors: replacement")
@pytest.mark.parametrize(
    ("kind", "before", "after", "replaced"),
    [
        ("AWS::Backup::BackupVault", {"BackupVaultName": "aa"}, {"BackupVaultName": "bb"}, True),
        ("AWS::SNS::Topic", {"TopicName": "a"}, {"TopicName": "a", "DisplayName": "A"}, False),
        ("AWS::SNS::Topic", {"TopicName": "a"}, {"TopicName": "b"}, True),
        ("AWS::S3::Bucket", {}, {"VersioningConfiguration": {"Status": "Enabled"}}, False),
        ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}, {"CidrBlock": "10.1.0.0/16"}, True),
        ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}, {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": "true"}, False),
        ("AWS::AccessAnalyzer::Analyzer", {"Type": "ACCOUNT"}, {"Type": "ACCOUNT_UNUSED_ACCESS"}, True),
        ("AWS::Logs::LogGroup", {"LogGroupName": "g"}, {"LogGroupName": "g", "RetentionInDays": 7}, False),
        ("AWS::KMS::Key", {}, {"Description": "d", "EnableKeyRotation": True}, False),
    ],
)
def test_a_create_only_change_replaces_and_others_do_not(
    aws: Aws, kind: str, before: dict[str, Any], after: dict[str, Any], replaced: bool
) -> None:
    first = aws.deploy("update", {"R": {"Type": kind, "Properties": before}})
    assert first["StackStatus"] == "CREATE_COMPLETE", aws.reasons("update")
    was = aws.physical("update", "R")
    second = aws.deploy("update", {"R": {"Type": kind, "Properties": after}})
    assert second["StackStatus"] == "UPDATE_COMPLETE", aws.reasons("update")
    assert (aws.physical("update", "R") != was) is replaced
    listed = aws.fleet("GET", f"resources?account={aws.account}&stack=update")[1]["resources"]
    assert [r["physicalId"] for r in listed] == [aws.physical("update", "R")]


NAMED = {
    "AWS::S3::Bucket": {"BucketName": "taken-{account}"},
    "AWS::IAM::Role": {"RoleName": "taken", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
    "AWS::IAM::ManagedPolicy": {
        "ManagedPolicyName": "taken",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow("s3:ListAllMyBuckets")]},
    },
    "AWS::Logs::LogGroup": {"LogGroupName": "taken"},
    "AWS::SNS::Topic": {"TopicName": "taken"},
    "AWS::SSM::Parameter": {"Name": "/taken", "Type": "String", "Value": "x"},
    "AWS::Backup::BackupVault": {"BackupVaultName": "taken"},
    "AWS::KMS::Alias": {"AliasName": "alias/taken", "TargetKeyId": "{key}"},
    "AWS::CodeCommit::Repository": {"RepositoryName": "taken"},
}


@pytest.mark.source("CloudFormation user guide, Troubleshooting: resource already exists")
@pytest.mark.parametrize("kind", NAMED)
def test_a_name_is_taken_while_its_resource_exists_and_free_afterwards(aws: Aws, kind: str) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"] if "Alias" in kind else ""
    text = json.dumps(NAMED[kind]).replace("{account}", aws.account).replace("{key}", key)
    resources = {"R": {"Type": kind, "Properties": json.loads(text)}}
    assert aws.deploy("one", resources)["StackStatus"] == "CREATE_COMPLETE", aws.reasons("one")
    assert aws.deploy("two", resources)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "already exists" in aws.reasons("two"), aws.reasons("two")
    aws.client("cloudformation").delete_stack(StackName="one")
    assert aws.deploy("three", resources)["StackStatus"] == "CREATE_COMPLETE", aws.reasons("three")


@pytest.mark.source("CloudFormation user guide, DeletionPolicy attribute: Retain")
def test_a_retained_resource_keeps_its_name_and_is_listed(aws: Aws) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": f"kept-{aws.account}"}}
    aws.deploy("one", {"R": bucket})
    aws.client("cloudformation").delete_stack(StackName="one")
    [left] = aws.fleet("GET", f"resources?account={aws.account}")[1]["resources"]
    assert (left["status"], left["physicalId"], left["stack"]) == ("DELETE_SKIPPED", f"kept-{aws.account}", "one")
    assert aws.deploy("two", {"R": bucket})["StackStatus"] == "ROLLBACK_COMPLETE"


SINGLETONS: dict[str, tuple[dict[str, Any], str]] = {
    "AWS::GuardDuty::Detector": ({"Enable": True}, "a detector already exists for the current account"),
    "AWS::SecurityHub::Hub": ({}, "Account is already subscribed to Security Hub"),
    "AWS::Macie::Session": ({}, "Macie has already been enabled"),
    "AWS::Config::ConfigurationRecorder": (
        {"RoleARN": "arn:aws:iam::111111111111:role/config"},
        "Failed to put configuration recorder 'default' because the maximum number of configuration recorders: 1 is reached",
    ),
    "AWS::Detective::Graph": ({}, "already has a behavior graph"),
}


@pytest.mark.source("GuardDuty CreateDetector, Security Hub EnableSecurityHub, Config PutConfigurationRecorder: errors")
@pytest.mark.parametrize("kind", SINGLETONS)
def test_a_region_has_one_of_it_across_stacks(aws: Aws, kind: str) -> None:
    properties, message = SINGLETONS[kind]
    resources = {"R": {"Type": kind, "Properties": properties}}
    assert aws.deploy("one", resources)["StackStatus"] == "CREATE_COMPLETE", aws.reasons("one")
    assert aws.deploy("two", resources)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert message in aws.reasons("two")
    elsewhere = Aws(aws.endpoint, aws.account, aws.key, region="eu-north-1")
    assert elsewhere.deploy("one", resources)["StackStatus"] == "CREATE_COMPLETE"
    aws.client("cloudformation").delete_stack(StackName="one")
    assert aws.deploy("three", resources)["StackStatus"] == "CREATE_COMPLETE", aws.reasons("three")


def test_what_was_enabled_without_a_stack_counts_too(aws: Aws) -> None:
    aws.client("guardduty").create_detector(Enable=True)
    detector = {"R": {"Type": "AWS::GuardDuty::Detector", "Properties": {"Enable": True}}}
    assert aws.deploy("one", detector)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "a detector already exists" in aws.reasons("one")


class TestEmulatedTypes:
    """What a stack makes is seen by the service's own API."""

    def test_a_detector(self, aws: Aws) -> None:
        aws.deploy("one", {"D": {"Type": "AWS::GuardDuty::Detector", "Properties": {"Enable": True}}}, {"Id": {"Ref": "D"}})
        assert aws.client("guardduty").list_detectors()["DetectorIds"] == [aws.outputs("one")["Id"]]

    def test_a_recorder_with_its_channel_in_any_order(self, aws: Aws) -> None:
        resources = {
            "Channel": {"Type": "AWS::Config::DeliveryChannel", "Properties": {"S3BucketName": {"Ref": "Bucket"}}},
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Recorder": {
                "Type": "AWS::Config::ConfigurationRecorder",
                "Properties": {"RoleARN": f"arn:aws:iam::{aws.account}:role/r", "RecordingGroup": {"AllSupported": True}},
            },
        }
        assert aws.deploy("one", resources)["StackStatus"] == "CREATE_COMPLETE", aws.reasons("one")
        [status] = aws.client("config").describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
        assert status["recording"]
        aws.client("cloudformation").delete_stack(StackName="one")
        assert aws.client("config").describe_configuration_recorders()["ConfigurationRecorders"] == []

    def test_a_bucket_with_its_settings(self, aws: Aws) -> None:
        properties = {
            "VersioningConfiguration": {"Status": "Enabled"},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": "true",
            },
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            "LifecycleConfiguration": {
                "Rules": [{"Id": "old", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": "30"}}]
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "Tags": [{"Key": "owner", "Value": "team"}],
        }
        aws.deploy("one", {"B": {"Type": "AWS::S3::Bucket", "Properties": properties}})
        s3, name = aws.client("s3"), aws.physical("one", "B")
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"] is True
        assert s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        [rule] = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
        assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
        assert {"Key": "owner", "Value": "team"} in s3.get_bucket_tagging(Bucket=name)["TagSet"]
        del properties["LifecycleConfiguration"], properties["PublicAccessBlockConfiguration"]
        aws.deploy("one", {"B": {"Type": "AWS::S3::Bucket", "Properties": properties}})
        for call in (s3.get_bucket_lifecycle_configuration, s3.get_public_access_block):
            with pytest.raises(ClientError, match="NoSuch"):
                call(Bucket=name)

    @pytest.mark.source("S3 API reference, DeleteBucket: BucketNotEmpty")
    def test_a_bucket_that_holds_objects_is_not_deleted(self, aws: Aws) -> None:
        aws.deploy("one", {"B": {"Type": "AWS::S3::Bucket"}})
        aws.client("s3").put_object(Bucket=aws.physical("one", "B"), Key="k", Body=b"")
        aws.client("cloudformation").delete_stack(StackName="one")
        [stack] = aws.client("cloudformation").describe_stacks(StackName="one")["Stacks"]
        assert stack["StackStatus"] == "DELETE_FAILED"
        assert "The bucket you tried to delete is not empty" in aws.reasons("one")

    def test_an_object_lock_bucket_keeps_what_it_must(self, aws: Aws) -> None:
        lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}}
        properties = {"ObjectLockEnabled": True, "ObjectLockConfiguration": lock}
        stack = aws.deploy("one", {"B": {"Type": "AWS::S3::Bucket", "Properties": properties}})
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons("one")
        s3, name = aws.client("s3"), aws.physical("one", "B")
        version = s3.put_object(Bucket=name, Key="k", Body=b"", ChecksumAlgorithm="SHA256")["VersionId"]
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(Bucket=name, Key="k", VersionId=version)

    def test_a_role_with_everything_that_hangs_on_it(self, aws: Aws) -> None:
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
                                                          "Action": "sts:AssumeRole"}]}  # fmt: skip
        document = {"Version": "2012-10-17", "Statement": [allow("s3:ListAllMyBuckets")]}
        resources: dict[str, Any] = {
            "Boundary": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}},
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": trust,
                    "Path": "/team/",
                    "PermissionsBoundary": {"Ref": "Boundary"},
                    "ManagedPolicyArns": [{"Ref": "Boundary"}, "arn:aws:iam::aws:policy/ReadOnlyAccess"],
                    "Policies": [{"PolicyName": "inline", "PolicyDocument": document}],
                    "Tags": [{"Key": "team", "Value": "a"}],
                },
            },
            "Policy": {
                "Type": "AWS::IAM::Policy",
                "Properties": {"PolicyName": "more", "PolicyDocument": document, "Roles": [{"Ref": "Role"}]},
            },
        }
        stack = aws.deploy("one", resources, {"Arn": {"Fn::GetAtt": ["Role", "Arn"]}})
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons("one")
        iam, name = aws.client("iam"), aws.physical("one", "Role")
        role = iam.get_role(RoleName=name)["Role"]
        assert role["Arn"] == aws.outputs("one")["Arn"] == f"arn:aws:iam::{aws.account}:role/team/{name}"
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == aws.physical("one", "Boundary")
        assert sorted(iam.list_role_policies(RoleName=name)["PolicyNames"]) == ["inline", "more"]
        assert len(iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]) == 2
        del resources["Role"]["Properties"]["ManagedPolicyArns"][1], resources["Role"]["Properties"]["Policies"]
        assert aws.deploy("one", resources)["StackStatus"] == "UPDATE_COMPLETE", aws.reasons("one")
        assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["more"]
        assert len(iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]) == 1
        aws.client("cloudformation").delete_stack(StackName="one")
        assert aws.fleet("GET", f"resources?account={aws.account}")[1]["resources"] == []
        assert [r["RoleName"] for r in iam.list_roles()["Roles"]] == []

    def test_a_network_leaves_nothing(self, aws: Aws) -> None:
        vpc, subnet, table = {"Ref": "Vpc"}, {"Ref": "Subnet"}, {"Ref": "Table"}
        resources = {
            "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "Tags": [{"Key": "a", "Value": "b"}]}},
            "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": vpc, "CidrBlock": "10.0.0.0/24"}},
            "Gateway": {"Type": "AWS::EC2::InternetGateway"},
            "Attached": {
                "Type": "AWS::EC2::VPCGatewayAttachment",
                "Properties": {"VpcId": vpc, "InternetGatewayId": {"Ref": "Gateway"}},
            },
            "Table": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": vpc}},
            "Route": {
                "Type": "AWS::EC2::Route",
                "DependsOn": "Attached",
                "Properties": {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": {"Ref": "Gateway"}},
            },
            "Association": {
                "Type": "AWS::EC2::SubnetRouteTableAssociation",
                "Properties": {"SubnetId": subnet, "RouteTableId": table},
            },
            "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"VpcId": vpc, "GroupDescription": "g"}},
        }
        stack = aws.deploy("one", resources)
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons("one")
        ec2 = aws.client("ec2")
        [found] = ec2.describe_vpcs(VpcIds=[aws.physical("one", "Vpc")])["Vpcs"]
        tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
        assert tags["a"] == "b"
        assert tags["aws:cloudformation:stack-name"] == "one"
        assert aws.physical("one", "Association").startswith("rtbassoc-")
        aws.client("cloudformation").delete_stack(StackName="one")
        [stack] = [s for s in aws.client("cloudformation").list_stacks()["StackSummaries"] if s["StackName"] == "one"]
        assert stack["StackStatus"] == "DELETE_COMPLETE", aws.reasons(stack["StackId"])
        with pytest.raises(ClientError, match=r"InvalidVpcID\.NotFound"):
            ec2.describe_vpcs(VpcIds=[found["VpcId"]])


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


@pytest.mark.source("CloudFormation user guide, Detect unmanaged changes: resources may be deleted outside of their stack")
def test_what_its_own_service_deleted_is_gone_and_its_name_free(aws: Aws) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": f"swept-{aws.account}"}}
    group = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain", "Properties": {"LogGroupName": "swept"}}
    aws.deploy("one", {"B": bucket, "G": group})
    aws.client("cloudformation").delete_stack(StackName="one")
    assert len(aws.fleet("GET", f"resources?account={aws.account}")[1]["resources"]) == 2
    aws.client("s3").delete_bucket(Bucket=f"swept-{aws.account}")
    aws.client("logs").delete_log_group(logGroupName="swept")
    assert aws.fleet("GET", f"resources?account={aws.account}")[1]["resources"] == []
    assert aws.deploy("two", {"B": bucket, "G": group})["StackStatus"] == "CREATE_COMPLETE", aws.reasons("two")


@pytest.mark.source("schema of AWS::DynamoDB::Table; DynamoDB API: UpdateTable, UpdateContinuousBackups, UpdateTimeToLive")
def test_a_table_changes_in_place_but_for_its_keys(aws: Aws) -> None:
    def table(key: str, **properties: Any) -> dict[str, Any]:
        keys = {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        }
        return {"T": {"Type": "AWS::DynamoDB::Table", "Properties": {**keys, **properties}}}

    dynamodb = aws.client("dynamodb")
    plain = {"DeletionProtectionEnabled": False, "Tags": [{"Key": "a", "Value": "1"}]}
    aws.deploy("table", table("id", **plain))
    name = dynamodb.list_tables()["TableNames"][0]
    recovery = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    expiry = {"TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True}}
    aws.deploy("table", table("id", DeletionProtectionEnabled=True, Tags=[{"Key": "b", "Value": "2"}], **recovery, **expiry))
    assert dynamodb.list_tables()["TableNames"] == [name]
    described = dynamodb.describe_table(TableName=name)["Table"]
    assert described["DeletionProtectionEnabled"] is True
    assert dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"] == "until"
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    tags = dynamodb.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"]
    assert {"Key": "b", "Value": "2"} in tags
    assert {"Key": "a", "Value": "1"} not in tags
    aws.deploy("table", table("id", **plain))
    aws.deploy("table", table("name", **plain))
    assert dynamodb.list_tables()["TableNames"] != [name], "another key schema is another table"


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


@pytest.mark.source("template reference, AWS::SNS::Topic: DisplayName, Tags and Subscription update with no interruption")
def test_a_changed_topic_keeps_its_subscribers(aws: Aws) -> None:
    def topic(**properties: Any) -> dict[str, Any]:
        return {"T": {"Type": "AWS::SNS::Topic", "Properties": properties}}

    sns = aws.client("sns")
    mail = [{"Protocol": "email", "Endpoint": "a@example.com"}]
    stack = aws.deploy(
        "topic", topic(DisplayName="old", Subscription=mail, Tags=[{"Key": "a", "Value": "1"}]), {"Arn": {"Ref": "T"}}
    )
    arn = stack["Outputs"][0]["OutputValue"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{aws.account}:q")
    aws.deploy("topic", topic(DisplayName="new", Tags=[{"Key": "b", "Value": "2"}]))
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "new"
    assert [s["Protocol"] for s in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]] == ["sqs"]
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    aws.client("cloudformation").delete_stack(StackName="topic")
    assert not sns.list_topics()["Topics"]


BASELINE = {
    "BaselineIdentifier": f"arn:aws:controltower:{REGION}::baseline/17BSJV3IGJ2QSGA2",
    "BaselineVersion": "4.0",
    "TargetIdentifier": "arn:aws:organizations::111111111111:ou/o-exampleorgid/ou-ab12-cdef3456",
}


@pytest.mark.source("Service Authorization Reference: resource types of Detective, Access Analyzer, Config and Inspector2")
@pytest.mark.parametrize(
    ("kind", "properties", "form"),
    [
        ("AWS::Detective::Graph", {}, r"arn:aws:detective:R:A:graph:[0-9a-f]{32}"),
        (
            "AWS::AccessAnalyzer::Analyzer",
            {"AnalyzerName": "outside", "Type": "ACCOUNT"},
            r"arn:aws:access-analyzer:R:A:analyzer/outside",
        ),
        ("AWS::ControlTower::EnabledBaseline", BASELINE, r"arn:aws:controltower:R:A:enabledbaseline/.+"),
        ("AWS::Kinesis::Stream", {"Name": "s", "ShardCount": 1}, r"arn:aws:kinesis:R:A:stream/s"),
        (
            "AWS::InspectorV2::Filter",
            {"Name": "f", "FilterAction": "NONE", "FilterCriteria": {}},
            r"arn:aws:inspector2:R:A:owner/A/filter/.+",
        ),
    ],
)
def test_an_arn_has_the_form_of_its_service(aws: Aws, kind: str, properties: dict[str, Any], form: str) -> None:
    attribute = "EnabledBaselineIdentifier" if properties is BASELINE else "Arn"
    stack = aws.deploy("arn", {"X": {"Type": kind, "Properties": properties}}, {"Arn": {"Fn::GetAtt": ["X", attribute]}})
    assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons("arn")
    wanted = form.replace(":R:A:", f":{REGION}:{aws.account}:").replace("/A/", f"/{aws.account}/")
    assert re.fullmatch(wanted, stack["Outputs"][0]["OutputValue"]), stack["Outputs"]


@pytest.mark.source(
    "IAM Identity Center API, AttachManagedPolicyToPermissionSet: the ARN of an AWS managed policy, paths included"
)
def test_a_permission_set_takes_aws_managed_policies_below_a_path(aws: Aws) -> None:
    instance = aws.client("sso-admin").list_instances()["Instances"][0]["InstanceArn"]
    for policy, status in (("job-function/ViewOnlyAccess", "CREATE_COMPLETE"), ("ViewOnlyAccess", "ROLLBACK_COMPLETE")):
        arns = [f"arn:aws:iam::aws:policy/{policy}"]
        properties = {"Name": policy.replace("/", "-"), "InstanceArn": instance, "ManagedPolicies": arns}
        stack = aws.deploy(status.split("_")[0].lower(), {"S": {"Type": "AWS::SSO::PermissionSet", "Properties": properties}})
        assert stack["StackStatus"] == status


@pytest.mark.source("Service Authorization Reference, AWS KMS: CreateKey supports no resource-level permissions")
@pytest.mark.parametrize(("resource", "status"), [("*", "CREATE_COMPLETE"), ("arn:aws:kms:*:*:key/*", "ROLLBACK_COMPLETE")])
def test_an_action_that_takes_no_resource_needs_a_statement_on_all(aws: Aws, resource: str, status: str) -> None:
    rest = allow("kms:PutKeyPolicy", "kms:EnableKeyRotation", "kms:TagResource", "kms:ScheduleKeyDeletion", "cloudformation:*")
    role = aws.role("keys", allow("kms:CreateKey", resource=resource), rest)
    key = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}}
    template = json.dumps({"Resources": {"K": key}})
    aws.assume(role).client("cloudformation").create_stack(StackName="key", TemplateBody=template)
    assert aws.client("cloudformation").describe_stacks(StackName="key")["Stacks"][0]["StackStatus"] == status, aws.reasons("key")
