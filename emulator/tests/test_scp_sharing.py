"""What control policies against sharing with strangers ask about, by API and by CloudFormation."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from test_scp import Fleet, fleet, statement

__all__ = ["fleet"]

KEYS = "Service Authorization Reference, Condition keys for "
DENIED = "explicit deny in a service control policy"


def denied(call: Any, **arguments: Any) -> None:
    with pytest.raises(ClientError, match=DENIED):
        call(**arguments)


@pytest.mark.source(KEYS + "Amazon EC2: ec2:Add/group; API reference, ModifySnapshotAttribute and ModifyImageAttribute")
def test_snapshots_and_images_are_made_public_by_nobody(fleet: Fleet) -> None:
    public = {"StringEquals": {"ec2:Add/group": "all"}}
    fleet.limit(fleet.unit, statement("Deny", "ec2:ModifySnapshotAttribute", "ec2:ModifyImageAttribute", Condition=public))
    ec2 = fleet.member.client("ec2")
    volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    add = {"Add": [{"Group": "all"}]}
    denied(ec2.modify_snapshot_attribute, SnapshotId=snapshot, Attribute="createVolumePermission", CreateVolumePermission=add)
    listed = {"Attribute": "createVolumePermission", "OperationType": "add", "GroupNames": ["all"]}
    denied(ec2.modify_snapshot_attribute, SnapshotId=snapshot, **listed)
    denied(ec2.modify_image_attribute, ImageId="ami-12345678", LaunchPermission=add)
    named = {"Attribute": "createVolumePermission", "OperationType": "add", "UserIds": ["111111111111"]}
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, **named)


@pytest.mark.source(KEYS + "AWS RAM: ram:RequestedAllowsExternalPrincipals, ram:AllowsExternalPrincipals")
def test_shares_let_no_strangers_in(fleet: Fleet) -> None:
    asked = {"Bool": {"ram:RequestedAllowsExternalPrincipals": "true"}}
    held = {"Bool": {"ram:AllowsExternalPrincipals": "true"}}
    ram = fleet.member.client("ram")
    open_share = ram.create_resource_share(name="open", allowExternalPrincipals=True)["resourceShare"]["resourceShareArn"]
    fleet.limit(fleet.unit, statement("Deny", "ram:CreateResourceShare", "ram:UpdateResourceShare", Condition=asked))
    fleet.limit(fleet.unit, statement("Deny", "ram:DeleteResourceShare", Condition=held))
    denied(ram.create_resource_share, name="by-default")
    denied(ram.create_resource_share, name="asked", allowExternalPrincipals=True)
    denied(ram.delete_resource_share, resourceShareArn=open_share)
    closed = ram.create_resource_share(name="closed", allowExternalPrincipals=False)["resourceShare"]["resourceShareArn"]
    ram.delete_resource_share(resourceShareArn=closed)
    stack = fleet.member.deploy("one", {"S": {"Type": "AWS::RAM::ResourceShare", "Properties": {"Name": "stack"}}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert DENIED in fleet.member.reasons("one")


@pytest.mark.source(KEYS + "AWS Lambda: lambda:FunctionUrlAuthType")
def test_functions_are_not_opened_to_everybody(fleet: Fleet) -> None:
    anybody = {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    fleet.limit(fleet.unit, statement("Deny", "lambda:CreateFunctionUrlConfig", "lambda:AddPermission", Condition=anybody))
    url = {"TargetFunctionArn": "f", "AuthType": "NONE"}
    for name, kind, wanted in (("a", "NONE", "ROLLBACK_COMPLETE"), ("b", "AWS_IAM", "CREATE_COMPLETE")):
        resources = {"U": {"Type": "AWS::Lambda::Url", "Properties": {**url, "AuthType": kind}}}
        assert fleet.member.deploy(name, resources)["StackStatus"] == wanted
    denied(fleet.member.client("lambda").create_function_url_config, FunctionName="f", AuthType="NONE")
    opened = {"StatementId": "s", "Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}
    denied(fleet.member.client("lambda").add_permission, FunctionName="f", **opened)


@pytest.mark.source("IAM user guide, AWS global condition context keys: aws:AssumedRoot")
def test_the_root_user_is_no_session_of_assumeroot(fleet: Fleet) -> None:
    condition = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}}
    fleet.limit(fleet.unit, statement("Deny", "*", Condition=condition))
    denied(fleet.member.client("ssm").describe_parameters)
    fleet.org.aws.client("ssm").describe_parameters()
