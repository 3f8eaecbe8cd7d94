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


@pytest.mark.source("Security Hub API reference, GetEnabledStandards: StandardsSubscriptionArn")
def test_an_enabled_standard_is_a_subscription_named_after_it(aws: Aws) -> None:
    standard = {"StandardsArn": "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0"}
    resources = {"S": {"Type": "AWS::SecurityHub::Standard", "Properties": standard}}
    stack = aws.deploy("one", resources, {"Arn": {"Ref": "S"}})
    wanted = f"arn:aws:securityhub:{REGION}:{aws.account}:subscription/cis-aws-foundations-benchmark/v/1.2.0"
    assert stack["Outputs"][0]["OutputValue"] == wanted
