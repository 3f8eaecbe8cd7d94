"""Types with state: what a launch makes is what the service's own API shows, and what it changes there."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws
from test_iam import allow


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
