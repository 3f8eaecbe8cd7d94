from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Aws

BUCKET = "AWS::S3::Bucket"
KEY = "AWS::KMS::Key"


def sweep(client: Any, kind: str, identifier: str) -> dict[str, Any]:
    """Delete and return what became of it."""
    event = client.delete_resource(TypeName=kind, Identifier=identifier)["ProgressEvent"]
    assert (event["Operation"], event["OperationStatus"]) == ("DELETE", "IN_PROGRESS")
    done: dict[str, Any] = client.get_resource_request_status(RequestToken=event["RequestToken"])["ProgressEvent"]
    return done


def retained(aws: Aws) -> tuple[str, str]:
    """A bucket and a key that outlive their stack."""
    resources = {
        "B": {"Type": BUCKET, "DeletionPolicy": "Retain", "Properties": {"BucketName": f"left-{aws.account}"}},
        "K": {"Type": KEY, "DeletionPolicy": "Retain", "Properties": {"PendingWindowInDays": 7}},
    }
    assert aws.deploy("s", resources)["StackStatus"] == "CREATE_COMPLETE", aws.reasons("s")
    found = aws.physical("s", "B"), aws.physical("s", "K")
    aws.client("cloudformation").delete_stack(StackName="s")
    return found


@pytest.mark.source("Cloud Control API Reference: GetResource: the properties as JSON, read-only ones too")
def test_a_resource_is_read(aws: Aws) -> None:
    bucket, _ = retained(aws)
    shown = aws.client("cloudcontrol").get_resource(TypeName=BUCKET, Identifier=bucket)["ResourceDescription"]
    properties = json.loads(shown["Properties"])
    assert (shown["Identifier"], properties["BucketName"], properties["Arn"]) == (bucket, bucket, f"arn:aws:s3:::{bucket}")
    listed = aws.client("cloudcontrol").list_resources(TypeName=BUCKET)["ResourceDescriptions"]
    assert [item["Identifier"] for item in listed] == [bucket]


@pytest.mark.source("S3 User Guide: a bucket must be empty to be deleted; Cloud Control: the request is FAILED with the reason")
def test_a_bucket_is_swept_once_it_is_empty(aws: Aws) -> None:
    bucket, _ = retained(aws)
    s3, control = aws.client("s3"), aws.client("cloudcontrol")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    event = sweep(control, BUCKET, bucket)
    assert (event["OperationStatus"], "not empty" in event["StatusMessage"]) == ("FAILED", True)
    s3.delete_object(Bucket=bucket, Key="k")
    assert sweep(control, BUCKET, bucket)["OperationStatus"] == "SUCCESS"
    assert s3.list_buckets()["Buckets"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        control.get_resource(TypeName=BUCKET, Identifier=bucket)
    left = aws.fleet("GET", f"resources?account={aws.account}")[1]["resources"]
    assert [item["type"] for item in left] == [KEY]


@pytest.mark.source("KMS Developer Guide: keys are not deleted but scheduled for deletion")
def test_a_key_is_scheduled_for_deletion(aws: Aws) -> None:
    _, key = retained(aws)
    assert sweep(aws.client("cloudcontrol"), KEY, key)["OperationStatus"] == "SUCCESS"
    assert aws.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


@pytest.mark.source("Cloud Control API User Guide: handlers run with the caller's permissions; error codes")
def test_sweeping_needs_the_handlers_permissions(aws: Aws) -> None:
    bucket, _ = retained(aws)
    allow = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    control = aws.assume(aws.role("sweep", allow)).client("cloudcontrol")
    event = sweep(control, BUCKET, bucket)
    assert (event["ErrorCode"], "s3:DeleteBucket" in event["StatusMessage"]) == ("AccessDenied", True)


@pytest.mark.source("Cloud Control API Reference: NotFound, TypeNotFoundException, RequestTokenNotFoundException")
def test_what_is_not_there_is_said(aws: Aws) -> None:
    control = aws.client("cloudcontrol")
    assert sweep(control, BUCKET, "nobody-here")["ErrorCode"] == "NotFound"
    with pytest.raises(ClientError, match="TypeNotFoundException"):
        control.delete_resource(TypeName="AWS::Not::There", Identifier="x")
    with pytest.raises(ClientError, match="RequestTokenNotFoundException"):
        control.get_resource_request_status(RequestToken="nobody")


@pytest.mark.source("Cloud Control API Reference: modelled types too can be deleted")
def test_a_modelled_resource_is_swept(aws: Aws) -> None:
    properties = {"BackupVaultName": "vault"}
    resources = {"V": {"Type": "AWS::Backup::BackupVault", "DeletionPolicy": "Retain", "Properties": properties}}
    assert aws.deploy("s", resources)["StackStatus"] == "CREATE_COMPLETE", aws.reasons("s")
    aws.client("cloudformation").delete_stack(StackName="s")
    assert sweep(aws.client("cloudcontrol"), "AWS::Backup::BackupVault", "vault")["OperationStatus"] == "SUCCESS"
    assert aws.fleet("GET", f"resources?account={aws.account}")[1]["resources"] == []
