"""Access keys that leaked: whose account they are of, who may ask and deactivate them, and that they are useless then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import TARGET, Aws

INFO = "STS API Reference, GetAccessKeyInfo"
LAST_USED = "Service Authorization Reference, IAM: GetAccessKeyLastUsed: resource user"
UPDATE = "Service Authorization Reference, IAM: UpdateAccessKey: resource user; IAM API Reference, UpdateAccessKey"
IMPLICIT = 'IAM API Reference, UpdateAccessKey: "If a temporary access key is used, then UserName is required"'


def key_of(aws: Aws, user: str, path: str = "/") -> dict[str, str]:
    aws.client("iam").create_user(UserName=user, Path=path)
    made: dict[str, str] = aws.client("iam").create_access_key(UserName=user)["AccessKey"]
    return made


def signed(aws: Aws, key: dict[str, str]) -> Aws:
    return Aws(aws.endpoint, aws.account, key["AccessKeyId"], key["SecretAccessKey"])


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


@pytest.fixture
def ann(aws: Aws) -> Iterator[dict[str, str]]:
    """The key of a user; on AWS the user is taken away afterwards."""
    key = key_of(aws, "ann")
    yield key
    if TARGET == "aws":
        aws.client("iam").delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
        aws.client("iam").delete_user(UserName="ann")


@pytest.mark.source(INFO + ": the account to which the keys belong, whoever asks, long-term and temporary")
def test_the_account_of_a_key_is_told_to_other_accounts_too(aws: Aws, other: Aws, ann: dict[str, str]) -> None:
    session = aws.assume(aws.role("some"))
    for key in (ann["AccessKeyId"], session.key):
        assert other.client("sts").get_access_key_info(AccessKeyId=key)["Account"] == aws.account


@pytest.mark.source(INFO + ": the state is not indicated, the key might be deleted; A. Steele, AWS Access Key ID formats")
def test_the_account_stands_in_the_key_also_when_that_is_gone(aws: Aws, other: Aws, ann: dict[str, str]) -> None:
    aws.client("iam").delete_access_key(UserName="ann", AccessKeyId=ann["AccessKeyId"])
    assert other.client("sts").get_access_key_info(AccessKeyId=ann["AccessKeyId"])["Account"] == aws.account
    aws.client("iam").create_access_key(UserName="ann")


@pytest.mark.source("T. Be'ery, A short note on AWS KEY ID: the example and its account")
def test_the_account_is_read_as_aws_writes_it(aws: Aws) -> None:
    published = "ASIA" + "QNZGKIQY56JQ7WML"
    assert aws.client("sts").get_access_key_info(AccessKeyId=published)["Account"] == "029608264753"


@pytest.mark.source(INFO + ': "might return an error that the key doesn\'t exist"')
def test_a_key_that_tells_nothing_is_an_error_and_never_the_own_account(aws: Aws) -> None:
    for unknown in ("AKIA" + "I" * 16, "not_an_access_key"):
        with pytest.raises(ClientError, match="does not exist"):
            aws.client("sts").get_access_key_info(AccessKeyId=unknown)


@pytest.mark.source("Service Authorization Reference, AWS Security Token Service: GetAccessKeyInfo takes no resource")
def test_who_asks_for_the_account_needs_the_action(aws: Aws, ann: dict[str, str]) -> None:
    nobody = aws.assume(aws.role("nobody")).client("sts")
    with pytest.raises(ClientError, match="not authorized to perform: sts:GetAccessKeyInfo"):
        nobody.get_access_key_info(AccessKeyId=ann["AccessKeyId"])
    asker = aws.assume(aws.role("asker", allow("sts:GetAccessKeyInfo"))).client("sts")
    assert asker.get_access_key_info(AccessKeyId=ann["AccessKeyId"])["Account"] == aws.account


@pytest.mark.source(LAST_USED)
def test_the_user_of_a_key_is_told_to_whom_may_see_that_user(aws: Aws, ann: dict[str, str]) -> None:
    user = f"arn:aws:iam::{aws.account}:user/ann"
    seer = aws.assume(aws.role("seer", allow("iam:GetAccessKeyLastUsed", resource=user))).client("iam")
    assert seer.get_access_key_last_used(AccessKeyId=ann["AccessKeyId"])["UserName"] == "ann"
    blind = aws.assume(aws.role("blind", allow("iam:GetAccessKeyLastUsed", resource=user + "a"))).client("iam")
    with pytest.raises(ClientError, match=f"perform: iam:GetAccessKeyLastUsed on resource: {user}"):
        blind.get_access_key_last_used(AccessKeyId=ann["AccessKeyId"])


@pytest.mark.source(LAST_USED + "; the service model has no NoSuchEntity for the operation")
def test_a_key_of_another_account_is_denied_to_everybody(aws: Aws, other: Aws, ann: dict[str, str]) -> None:
    admin = other.assume(other.role("admin", allow("*")))
    for asker in (admin, other):
        with pytest.raises(ClientError) as caught:
            asker.client("iam").get_access_key_last_used(AccessKeyId=ann["AccessKeyId"])
        assert caught.value.response["Error"]["Code"] == "AccessDenied"
        assert "ann" not in str(caught.value), "the name of the user is not told"


@pytest.mark.source(UPDATE)
def test_a_key_is_deactivated_by_whom_may_change_its_user(aws: Aws, ann: dict[str, str]) -> None:
    key_of(aws, "bob", "/team/")
    users = {"ann": f"arn:aws:iam::{aws.account}:user/ann", "bob": f"arn:aws:iam::{aws.account}:user/team/bob"}
    only = aws.assume(aws.role("only", allow("iam:UpdateAccessKey", resource=users["ann"]))).client("iam")
    bobs = aws.client("iam").list_access_keys(UserName="bob")["AccessKeyMetadata"][0]["AccessKeyId"]
    with pytest.raises(ClientError, match=f"perform: iam:UpdateAccessKey on resource: {users['bob']}"):
        only.update_access_key(UserName="bob", AccessKeyId=bobs, Status="Inactive")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        only.update_access_key(UserName="ann", AccessKeyId=bobs, Status="Inactive")
    only.update_access_key(UserName="ann", AccessKeyId=ann["AccessKeyId"], Status="Inactive")
    state = {user: aws.client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"][0]["Status"] for user in users}
    assert state == {"ann": "Inactive", "bob": "Active"}
    everybody = aws.assume(aws.role("all", allow("iam:UpdateAccessKey", resource=f"arn:aws:iam::{aws.account}:user/*"))).client(
        "iam"
    )
    everybody.update_access_key(UserName="bob", AccessKeyId=bobs, Status="Inactive")


@pytest.mark.source(UPDATE + ", Errors")
def test_a_user_of_the_same_name_elsewhere_is_another(aws: Aws, other: Aws, ann: dict[str, str]) -> None:
    key_of(other, "ann")
    admin = other.assume(other.role("admin", allow("*"))).client("iam")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        admin.update_access_key(UserName="ann", AccessKeyId=ann["AccessKeyId"], Status="Inactive")
    signed(aws, ann).client("sts").get_caller_identity()


@pytest.mark.source("IAM user guide, Manage access keys: an inactive key cannot be used; STS API Reference, Common Errors")
def test_an_inactive_key_signs_nothing_until_it_is_active_again(aws: Aws, ann: dict[str, str]) -> None:
    leaked, iam = signed(aws, ann), aws.client("iam")
    assert leaked.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{aws.account}:user/ann"
    iam.update_access_key(UserName="ann", AccessKeyId=ann["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match=r"InvalidClientTokenId.*The security token included in the request is invalid"):
        leaked.client("sts").get_caller_identity()
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        leaked.client("s3").list_buckets()
    iam.update_access_key(UserName="ann", AccessKeyId=ann["AccessKeyId"], Status="Active")
    leaked.client("sts").get_caller_identity()


@pytest.mark.source(IMPLICIT)
def test_without_a_name_the_user_who_signs_is_meant(aws: Aws, ann: dict[str, str]) -> None:
    bob = key_of(aws, "bob")
    own = {
        "Version": "2012-10-17",
        "Statement": [allow("iam:*AccessKey*", resource=f"arn:aws:iam::{aws.account}:user/${{aws:username}}")],
    }
    aws.client("iam").put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=json.dumps(own))
    iam = signed(aws, ann).client("iam")
    assert [key["AccessKeyId"] for key in iam.list_access_keys()["AccessKeyMetadata"]] == [ann["AccessKeyId"]]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.update_access_key(AccessKeyId=bob["AccessKeyId"], Status="Inactive")
    second = iam.create_access_key()["AccessKey"]
    assert second["UserName"] == "ann"
    iam.update_access_key(AccessKeyId=second["AccessKeyId"], Status="Inactive")
    iam.delete_access_key(AccessKeyId=second["AccessKeyId"])
    session = aws.assume(aws.role("admin", allow("*"))).client("iam")
    with pytest.raises(ClientError, match="Must specify userName"):
        session.update_access_key(AccessKeyId=ann["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="ValidationError"):
        session.update_access_key(UserName="ann", AccessKeyId=ann["AccessKeyId"], Status="Gone")


def test_the_keys_of_root_users_are_not_here(aws: Aws, ann: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="emulator: a root user has no access keys here"):
        aws.client("iam").list_access_keys()
