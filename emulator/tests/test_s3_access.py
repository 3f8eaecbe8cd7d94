"""S3 under enforcement: actions by operation, bucket policies, keys, and accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws
from test_iam import allow, deny, policy

ACTIONS = "S3 user guide, Required permissions for Amazon S3 API operations"


@pytest.fixture
def bucket(aws: Aws) -> str:
    name = f"bucket-{aws.account}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("s3").put_object(Bucket=name, Key="held", Body=b"1", Tagging="catalog=true")
    return name


def store(aws: Aws, *statements: dict[str, Any], name: str = "some") -> Any:
    return aws.assume(aws.role(name, *statements)).client("s3")


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("list_objects_v2", "s3:ListBucket", {}),
    ("list_object_versions", "s3:ListBucketVersions", {}),
    ("head_bucket", "s3:ListBucket", {}),
    ("get_bucket_location", "s3:GetBucketLocation", {}),
    ("get_bucket_versioning", "s3:GetBucketVersioning", {}),
    ("get_bucket_encryption", "s3:GetEncryptionConfiguration", {}),
    ("get_bucket_policy", "s3:GetBucketPolicy", {}),
    ("get_public_access_block", "s3:GetBucketPublicAccessBlock", {}),
    ("put_bucket_versioning", "s3:PutBucketVersioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
    ("get_object", "s3:GetObject", {"Key": "held"}),
    ("head_object", "s3:GetObject", {"Key": "held"}),
    ("get_object_tagging", "s3:GetObjectTagging", {"Key": "held"}),
    ("put_object", "s3:PutObject", {"Key": "new", "Body": b"2"}),
    ("create_multipart_upload", "s3:PutObject", {"Key": "new"}),
    ("delete_object", "s3:DeleteObject", {"Key": "held"}),
    ("delete_objects", "s3:DeleteObject", {"Delete": {"Objects": [{"Key": "held"}]}}),
    ("delete_bucket", "s3:DeleteBucket", {}),
]


def answer(client: Any, operation: str, **arguments: Any) -> str:
    """The error code, empty for success: S3 may have reasons of its own."""
    try:
        getattr(client, operation)(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.mark.source(ACTIONS)
@pytest.mark.parametrize(("operation", "action", "arguments"), CALLS, ids=[c[0] for c in CALLS])
def test_an_operation_needs_its_action(aws: Aws, bucket: str, operation: str, action: str, arguments: dict[str, Any]) -> None:
    everything_else = deny(action), allow("s3:*")
    with pytest.raises(ClientError) as refused:
        getattr(store(aws, *everything_else, name="without"), operation)(Bucket=bucket, **arguments)
    code = refused.value.response["Error"]["Code"]
    assert code in ("AccessDenied", "403"), refused.value
    if code == "AccessDenied":
        assert action in str(refused.value)
    assert answer(store(aws, allow(action), name="with"), operation, Bucket=bucket, **arguments) not in ("AccessDenied", "403")


@pytest.mark.source(ACTIONS)
def test_copying_reads_the_source_and_writes_the_target(aws: Aws, bucket: str) -> None:
    read = allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/held")
    write = allow("s3:PutObject", resource=f"arn:aws:s3:::{bucket}/copy")
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": {"Bucket": bucket, "Key": "held"}}
    with pytest.raises(ClientError, match="s3:GetObject"):
        store(aws, write, name="writer").copy_object(**copy)
    with pytest.raises(ClientError, match="s3:PutObject"):
        store(aws, read, name="reader").copy_object(**copy)
    store(aws, read, write, name="both").copy_object(**copy)


@pytest.mark.source(ACTIONS)
def test_an_upload_in_parts_needs_putobject_throughout(aws: Aws, bucket: str) -> None:
    s3 = store(aws, allow("s3:PutObject"))
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    where = {"Bucket": bucket, "Key": "big", "UploadId": upload}
    tag = s3.upload_part(**where, PartNumber=1, Body=b"x")["ETag"]
    s3.complete_multipart_upload(**where, MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": 1}]})
    other = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    with pytest.raises(ClientError, match="s3:AbortMultipartUpload"):
        s3.abort_multipart_upload(Bucket=bucket, Key="big", UploadId=other)


@pytest.mark.source("S3 API reference, GetObject: without s3:ListBucket a missing key is answered 403")
def test_a_missing_object_is_only_admitted_to_those_who_may_list(aws: Aws, bucket: str) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        store(aws, allow("s3:GetObject"), name="reader").get_object(Bucket=bucket, Key="missing")
    with pytest.raises(ClientError, match="NoSuchKey"):
        store(aws, allow("s3:GetObject", "s3:ListBucket"), name="lister").get_object(Bucket=bucket, Key="missing")


@pytest.mark.source("Service Authorization Reference, Amazon S3: condition keys")
def test_conditions_ask_about_tags_prefix_and_headers(aws: Aws, bucket: str) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="untagged", Body=b"1")
    tagged = {"StringEquals": {"s3:ExistingObjectTag/catalog": "true"}}
    s3 = store(aws, allow("s3:GetObject", Condition=tagged), name="tagged")
    s3.get_object(Bucket=bucket, Key="held")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=bucket, Key="untagged")
    s3 = store(aws, allow("s3:ListBucket", Condition={"StringLike": {"s3:prefix": "home/*"}}), name="prefix")
    s3.list_objects_v2(Bucket=bucket, Prefix="home/ann")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket=bucket)
    encrypted = {"StringEquals": {"s3:x-amz-server-side-encryption": "AES256"}}
    s3 = store(aws, allow("s3:PutObject", Condition=encrypted), name="encrypted")
    s3.put_object(Bucket=bucket, Key="a", Body=b"", ServerSideEncryption="AES256")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"")


@pytest.mark.source("S3 user guide, Access management: bucket policies")
class TestBucketPolicies:
    def test_a_conditional_deny_is_conditional(self, aws: Aws, bucket: str) -> None:
        resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        insecure = {"Bool": {"aws:SecureTransport": "false"}}
        document = policy({**deny("s3:*", resource=resources, Condition=insecure), "Principal": "*"})
        aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)
        s3 = store(aws, allow("s3:*"))
        s3.put_object(Bucket=bucket, Key="a", Body=b"1")
        assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"

    def test_a_deny_holds_against_the_identity(self, aws: Aws, bucket: str) -> None:
        document = policy({**deny("s3:DeleteObject", resource=f"arn:aws:s3:::{bucket}/*"), "Principal": "*"})
        aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)
        with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
            store(aws, allow("s3:*")).delete_object(Bucket=bucket, Key="held")

    def test_another_account_needs_both_sides(self, aws: Aws, other: Aws, bucket: str) -> None:
        reader = other.role("reader", allow("s3:GetObject"))
        with pytest.raises(ClientError, match="because no resource-based policy allows the s3:GetObject action"):
            other.assume(reader).client("s3").get_object(Bucket=bucket, Key="held")
        document = policy({**allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/*"), "Principal": {"AWS": reader}})
        aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)
        assert other.assume(reader).client("s3").get_object(Bucket=bucket, Key="held")["Body"].read() == b"1"
        aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=document.replace(reader, other.role("no-policy")))
        with pytest.raises(ClientError, match="because no identity-based policy allows the s3:GetObject action"):
            other.assume(f"arn:aws:iam::{other.account}:role/no-policy").client("s3").get_object(Bucket=bucket, Key="held")

    def test_within_the_account_naming_the_role_is_enough(self, aws: Aws, bucket: str) -> None:
        reader = aws.role("reader")
        document = policy({**allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/*"), "Principal": {"AWS": reader}})
        aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)
        aws.assume(reader).client("s3").get_object(Bucket=bucket, Key="held")


@pytest.mark.source("S3 user guide, Using server-side encryption with AWS KMS keys: permissions")
class TestEncryptedBuckets:
    @pytest.fixture
    def key(self, aws: Aws, bucket: str) -> str:
        arn = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        aws.client("kms").create_alias(AliasName="alias/artifacts", TargetKeyId=arn)
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
        aws.client("s3").put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
        )
        aws.client("s3").put_object(Bucket=bucket, Key="sealed", Body=b"2")
        return str(arn)

    def test_writing_needs_generatedatakey_and_reading_decrypt(self, aws: Aws, bucket: str, key: str) -> None:
        with pytest.raises(ClientError, match="kms:GenerateDataKey"):
            store(aws, allow("s3:*"), name="writer").put_object(Bucket=bucket, Key="a", Body=b"")
        store(aws, allow("s3:*"), allow("kms:GenerateDataKey", resource=key), name="w").put_object(Bucket=bucket, Key="a")
        with pytest.raises(ClientError, match="kms:Decrypt"):
            store(aws, allow("s3:*"), name="reader").get_object(Bucket=bucket, Key="sealed")
        through = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
        by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/artifacts"}}
        decrypt = allow("kms:Decrypt", Condition={**through, **by_alias})
        store(aws, allow("s3:*"), decrypt, name="r").get_object(Bucket=bucket, Key="sealed")

    def test_another_account_needs_the_key_policy_too(self, aws: Aws, other: Aws, bucket: str, key: str) -> None:
        reader = other.role("reader", allow("s3:GetObject", "kms:Decrypt"))
        document = policy({**allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/*"), "Principal": {"AWS": reader}})
        aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)
        with pytest.raises(ClientError, match="because no resource-based policy allows the kms:Decrypt action"):
            other.assume(reader).client("s3").get_object(Bucket=bucket, Key="sealed")
        own = {**allow("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{aws.account}:root"}}
        exact = {"ArnEquals": {"aws:PrincipalArn": [reader]}}
        theirs = {**allow("kms:Decrypt", Condition=exact), "Principal": {"AWS": f"arn:aws:iam::{other.account}:root"}}
        aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy(own, theirs))
        other.assume(reader).client("s3").get_object(Bucket=bucket, Key="sealed")

    @pytest.mark.source("KMS developer guide, Key policies: the key policy must enable IAM policies")
    def test_a_key_policy_that_does_not_trust_the_account_makes_its_policies_worthless(
        self, aws: Aws, bucket: str, key: str
    ) -> None:
        admin = aws.role("key-admin")
        only = {**allow("kms:*"), "Principal": {"AWS": admin}}
        aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy(only))
        with pytest.raises(ClientError, match="because no resource-based policy allows the kms:Decrypt action"):
            store(aws, allow("*")).get_object(Bucket=bucket, Key="sealed")


@pytest.mark.source("S3 API reference, PutObject: If-None-Match")
def test_a_conditional_write_is_refused_the_second_time(aws: Aws, bucket: str) -> None:
    s3 = store(aws, allow("s3:PutObject", Condition={"Null": {"s3:if-none-match": "false"}}))
    s3.put_object(Bucket=bucket, Key="ledger/1.json", Body=b"{}", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="ledger/1.json", Body=b"{}", IfNoneMatch="*")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="ledger/2.json", Body=b"{}")


def test_a_presigned_address_acts_for_whoever_signed_it(aws: Aws, bucket: str) -> None:
    import urllib.request

    reader = store(aws, allow("s3:GetObject"), name="reader")
    address = reader.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "held"})
    assert urllib.request.urlopen(address).read() == b"1"
    stranger = store(aws, allow("s3:ListBucket"), name="stranger")
    address = stranger.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "held"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address)


def test_the_body_of_an_object_arrives_whole(aws: Aws, bucket: str) -> None:
    body = json.dumps({"n": list(range(200000))}).encode()
    aws.client("s3").put_object(Bucket=bucket, Key="big key/ü+%.json", Body=body)
    assert aws.client("s3").get_object(Bucket=bucket, Key="big key/ü+%.json")["Body"].read() == body
    s3 = store(aws, allow("s3:*", resource=f"arn:aws:s3:::{bucket}/big key/ü+%.json"))
    assert s3.get_object(Bucket=bucket, Key="big key/ü+%.json")["Body"].read() == body


PUBLIC = 'S3 user guide, Blocking public access to your Amazon S3 storage, the meaning of "public"'
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}
PATTERN = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::333333333333:role/launch-*"}}


@pytest.mark.source(PUBLIC)
@pytest.mark.parametrize(
    ("statement", "public"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": "*", "Condition": PATTERN}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"s3:ExistingObjectTag/some": "true"}}}, True),
        ({"Principal": "*", "Condition": {"StringEqualsIfExists": ORGANIZATION["StringEquals"]}}, True),
        ({"Principal": "*", "Condition": {**ORGANIZATION, **PATTERN}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::333333333333:root"}, "Condition": PATTERN}, False),
        ({"Principal": {"Service": "logging.s3.amazonaws.com"}}, False),
        ({"Principal": "*", "Effect": "Deny"}, False),
    ],
)
def test_public_policies_are_refused_where_the_bucket_blocks_them(aws: Aws, bucket: str, statement: Any, public: bool) -> None:
    s3 = aws.client("s3")
    body = policy({**allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/*"), **statement})
    s3.put_bucket_policy(Bucket=bucket, Policy=body)
    blocked = {"BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": False}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocked)
    if public:
        with pytest.raises(ClientError, match="BlockPublicPolicy"):
            s3.put_bucket_policy(Bucket=bucket, Policy=body)
    else:
        s3.put_bucket_policy(Bucket=bucket, Policy=body)
