"""Enforcement: every call of a role is decided by its policies, boundary, session and the policies of resources."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws

LOGIC = "IAM user guide, Policy evaluation logic"


def allow(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(*actions, resource=resource, **more), "Effect": "Deny"}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def authorize(aws: Aws, principal: str, action: str, resource: str = "*", **context: Any) -> dict[str, Any]:
    body = {"principal": principal, "action": action, "resource": resource, "context": context}
    status, answer = aws.fleet("POST", "authorize", body)
    assert status == 200, answer
    return dict(answer)


@pytest.mark.source(LOGIC)
def test_nothing_is_allowed_by_default_and_the_refusal_names_everything(aws: Aws) -> None:
    session = aws.assume(aws.role("nobody"), "ann")
    message = (
        rf"User: arn:aws:sts::{aws.account}:assumed-role/nobody/ann is not authorized to perform: iam:GetRole on resource: "
        rf"arn:aws:iam::{aws.account}:role/nobody because no identity-based policy allows the iam:GetRole action"
    )
    with pytest.raises(ClientError, match=message):
        session.client("iam").get_role(RoleName="nobody")


@pytest.mark.source(LOGIC)
def test_an_explicit_deny_wins(aws: Aws) -> None:
    session = aws.assume(aws.role("some", allow("ssm:*"), deny("ssm:PutParameter")))
    session.client("ssm").describe_parameters()
    with pytest.raises(ClientError, match="with an explicit deny in an identity-based policy"):
        session.client("ssm").put_parameter(Name="a", Value="b", Type="String")


@pytest.mark.source("IAM user guide, IAM JSON policy elements: NotAction, NotResource")
def test_notaction_and_notresource(aws: Aws) -> None:
    arn = f"arn:aws:ssm:{REGION}:{aws.account}:parameter/secret/*"
    not_action = {"Effect": "Allow", "NotAction": ["iam:*", "ssm:Delete*"], "Resource": "*"}
    not_resource = {"Effect": "Deny", "Action": "ssm:*", "NotResource": [arn, "arn:*:ssm:*:parameter/open"]}
    role = aws.role("some", not_action, not_resource)
    base = f"arn:aws:ssm:{REGION}:{aws.account}:parameter/"
    assert authorize(aws, role, "ssm:GetParameter", base + "secret/x")["allowed"]
    assert authorize(aws, role, "ssm:GetParameter", base + "open")["allowed"]
    assert not authorize(aws, role, "ssm:GetParameter", base + "other")["allowed"]
    assert not authorize(aws, role, "ssm:DeleteParameter", base + "open")["allowed"]
    assert not authorize(aws, role, "iam:GetRole")["allowed"]
    assert authorize(aws, role, "SSM:getparameter", base + "open")["allowed"], "action names know no case"


@pytest.mark.source("IAM user guide, Permissions boundaries for IAM entities")
def test_a_boundary_limits_and_grants_nothing(aws: Aws) -> None:
    iam = aws.client("iam")
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=policy(allow("ssm:Describe*", "s3:*")))["Policy"]["Arn"]
    role = aws.role("some", allow("ssm:*"), PermissionsBoundary=arn)
    assert authorize(aws, role, "ssm:DescribeParameters")["allowed"]
    refused = authorize(aws, role, "ssm:PutParameter")
    assert refused["reason"].endswith("because no permissions boundary allows the ssm:PutParameter action")
    assert not authorize(aws, role, "s3:ListAllMyBuckets")["allowed"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow("*"), deny("ssm:Describe*")), SetAsDefault=True)
    assert "explicit deny in a permissions boundary" in authorize(aws, role, "ssm:DescribeParameters")["reason"]
    assert authorize(aws, role, "ssm:PutParameter")["allowed"]


@pytest.mark.source("IAM user guide, Permissions boundaries: delegating responsibility")
def test_a_role_may_only_create_roles_with_the_boundary_that_its_condition_names(aws: Aws) -> None:
    boundary = f"arn:aws:iam::{aws.account}:policy/limit"
    aws.client("iam").create_policy(PolicyName="limit", PolicyDocument=policy(allow("*")))
    bounded = {"Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}}
    session = aws.assume(aws.role("some", allow("iam:CreateRole", "iam:PutRolePolicy", **bounded)))
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    with pytest.raises(ClientError, match="iam:CreateRole"):
        session.client("iam").create_role(RoleName="free", AssumeRolePolicyDocument=trust)
    session.client("iam").create_role(RoleName="bound", AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)
    session.client("iam").put_role_policy(RoleName="bound", PolicyName="p", PolicyDocument=policy(allow("s3:*")))
    aws.role("old")
    with pytest.raises(ClientError, match="iam:PutRolePolicy"):
        session.client("iam").put_role_policy(RoleName="old", PolicyName="p", PolicyDocument=policy(allow("s3:*")))


def test_an_aws_managed_policy_can_be_attached_and_allows(aws: Aws) -> None:
    role = aws.role("admin")
    aws.client("iam").attach_role_policy(RoleName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    assert aws.assume(role).client("s3").list_buckets()["Buckets"] == []
    with pytest.raises(ClientError, match="NoSuchEntity"):
        aws.client("iam").attach_role_policy(RoleName="admin", PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy")


def test_a_user_is_enforced_too_also_by_its_groups(aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = Aws(aws.endpoint, aws.account, key["AccessKeyId"], key["SecretAccessKey"])
    assert ann.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{aws.account}:user/ann"
    with pytest.raises(ClientError, match="ssm:DescribeParameters"):
        ann.client("ssm").describe_parameters()
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=policy(allow("ssm:Describe*")))
    iam.add_user_to_group(GroupName="readers", UserName="ann")
    ann.client("ssm").describe_parameters()


@pytest.mark.source("STS API reference, AssumeRole: Policy")
def test_a_session_policy_narrows_the_session(aws: Aws) -> None:
    role = aws.role("some", allow("ssm:*"))
    session = aws.assume(role, Policy=policy(allow("ssm:Describe*", "s3:*")))
    session.client("ssm").describe_parameters()
    with pytest.raises(ClientError, match="because no session policy allows the ssm:PutParameter action"):
        session.client("ssm").put_parameter(Name="a", Value="b", Type="String")
    with pytest.raises(ClientError, match="because no identity-based policy allows the s3:ListAllMyBuckets action"):
        session.client("s3").list_buckets()


class TestTrust:
    """Who may assume a role: its trust policy decides, with the caller's own policies where the trust names an account."""

    @pytest.mark.source("IAM user guide, Cross-account policy evaluation logic")
    def test_across_accounts_both_sides_must_allow(self, aws: Aws, other: Aws) -> None:
        role = other.role("target", trust={"AWS": f"arn:aws:iam::{aws.account}:root"})
        caller = aws.assume(aws.role("caller"))
        with pytest.raises(ClientError, match="because no identity-based policy allows the sts:AssumeRole action"):
            caller.assume(role)
        allowed = aws.assume(aws.role("allowed", allow("sts:AssumeRole", resource=role)))
        assert allowed.assume(role).client("sts").get_caller_identity()["Account"] == other.account
        stranger = other.role("strange", trust={"AWS": "arn:aws:iam::999999999999:root"})
        wide = aws.assume(aws.role("wide", allow("*")))
        with pytest.raises(ClientError, match="because no resource-based policy allows the sts:AssumeRole action"):
            wide.assume(stranger)

    @pytest.mark.source("IAM user guide, Cross-account policy evaluation logic")
    def test_a_root_user_needs_the_consent_of_the_other_account(self, aws: Aws, other: Aws) -> None:
        closed = other.role("closed")
        with pytest.raises(ClientError, match="because no resource-based policy allows the sts:AssumeRole action"):
            aws.assume(closed)
        opened = other.role("opened", trust={"AWS": f"arn:aws:iam::{aws.account}:root"})
        assert aws.assume(opened).client("sts").get_caller_identity()["Account"] == other.account
        other.client("s3").create_bucket(Bucket="of-another-account", CreateBucketConfiguration={"LocationConstraint": REGION})
        with pytest.raises(ClientError, match="AccessDenied"):
            aws.client("s3").list_objects_v2(Bucket="of-another-account")

    @pytest.mark.source("IAM user guide, AWS JSON policy elements: Principal")
    def test_within_an_account_naming_the_role_is_enough(self, aws: Aws) -> None:
        caller_arn = aws.role("caller")
        role = aws.role("target", trust={"AWS": caller_arn})
        assert aws.assume(caller_arn).assume(role).account == aws.account

    def test_conditions_of_the_trust_count(self, aws: Aws, other: Aws) -> None:
        wanted = f"arn:aws:iam::{aws.account}:role/caller"
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{aws.account}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": [wanted]}, "StringEquals": {"sts:ExternalId": "42"}},
        }
        role = other.role("target", trust=trust)
        caller = aws.assume(aws.role("caller", allow("sts:AssumeRole")))
        with pytest.raises(ClientError, match="sts:AssumeRole"):
            caller.assume(role)
        caller.assume(role, ExternalId="42")
        with pytest.raises(ClientError, match="sts:AssumeRole"):
            aws.assume(aws.role("caller2", allow("sts:AssumeRole"))).assume(role, ExternalId="42")

    def test_a_service_gets_only_the_roles_that_trust_it(self, aws: Aws) -> None:
        role = aws.role("build", trust={"Service": ["codebuild.amazonaws.com"]})
        ask = {"roleArn": role, "service": "codebuild.amazonaws.com", "session": "run-1"}
        status, given = aws.fleet("POST", "assume", ask)
        assert status == 200
        session = Aws(aws.endpoint, aws.account, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        assert session.client("sts").get_caller_identity()["Arn"].endswith(":assumed-role/build/run-1")
        status, answer = aws.fleet("POST", "assume", {**ask, "service": "codepipeline.amazonaws.com"})
        assert status == 403
        assert answer["error"]["code"] == "AccessDenied"
        assert answer["error"]["message"].startswith("codepipeline.amazonaws.com is not authorized to perform: sts:AssumeRole")
        status, answer = aws.fleet("POST", "assume", {**ask, "roleArn": role + "x"})
        assert status == 403

    @pytest.mark.source("STS API reference, AssumeRole: errors")
    def test_a_role_that_does_not_exist_is_denied(self, aws: Aws) -> None:
        caller = aws.assume(aws.role("caller", allow("*")))
        with pytest.raises(ClientError, match="AccessDenied"):
            caller.assume(f"arn:aws:iam::{aws.account}:role/missing")
        with pytest.raises(ClientError, match="AccessDenied"):
            aws.assume(f"arn:aws:iam::{aws.account}:role/missing")


class TestWhatCannotBeEvaluated:
    """An error that says so: neither allowed nor denied."""

    def test_an_unknown_condition_key(self, aws: Aws) -> None:
        odd = allow("ssm:*", Condition={"StringEquals": {"ssm:NoSuchKey": "x"}})
        session = aws.assume(aws.role("some", odd))
        with pytest.raises(ClientError, match=r"EmulatorCannotDecide.*condition key ssm:nosuchkey in policy inline"):
            session.client("ssm").describe_parameters()
        status, answer = aws.fleet("POST", "authorize", {"principal": f"arn:aws:iam::{aws.account}:role/some",
                                                         "action": "ssm:DescribeParameters"})  # fmt: skip
        assert status == 501
        assert answer["error"]["code"] == "EmulatorCannotDecide"

    def test_but_only_where_the_answer_depends_on_it(self, aws: Aws) -> None:
        odd = allow("s3:*", Condition={"StringEquals": {"s3:NoSuchKey": "x"}})
        aws.assume(aws.role("some", odd, allow("ssm:*"))).client("ssm").describe_parameters()


@pytest.mark.source("IAM user guide, Grant a user permissions to pass a role to an AWS service")
def test_handing_a_role_to_a_service_needs_passrole(aws: Aws) -> None:
    role = aws.role("service", trust={"Service": "cloudformation.amazonaws.com"})
    aws.client("iam").attach_role_policy(RoleName="service", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    template = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    caller = aws.assume(aws.role("caller", allow("cloudformation:*")))
    with pytest.raises(ClientError, match=f"iam:PassRole on resource: {role}"):
        caller.client("cloudformation").create_stack(StackName="s", TemplateBody=template, RoleARN=role)
    wrong = {"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    caller = aws.assume(aws.role("wrong", allow("cloudformation:*"), allow("iam:PassRole", **wrong)))
    with pytest.raises(ClientError, match="iam:PassRole"):
        caller.client("cloudformation").create_stack(StackName="s", TemplateBody=template, RoleARN=role)
    right = {"Condition": {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}}
    caller = aws.assume(aws.role("right", allow("cloudformation:*"), allow("iam:PassRole", resource=role, **right)))
    caller.client("cloudformation").create_stack(StackName="s", TemplateBody=template, RoleARN=role)


@pytest.mark.source("Service Authorization Reference, AWS CloudFormation: condition keys")
def test_the_service_role_of_a_stack_can_be_demanded(aws: Aws) -> None:
    role = aws.role("service", allow("sns:*"), trust={"Service": "cloudformation.amazonaws.com"})
    only = allow("cloudformation:CreateStack", Condition={"StringEquals": {"cloudformation:RoleArn": role}})
    caller = aws.assume(aws.role("caller", only, allow("iam:PassRole", resource=role))).client("cloudformation")
    template = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    with pytest.raises(ClientError, match="cloudformation:CreateStack"):
        caller.create_stack(StackName="s", TemplateBody=template)
    caller.create_stack(StackName="s", TemplateBody=template, RoleARN=role)


def test_what_each_role_used_is_told(aws: Aws) -> None:
    session = aws.assume(aws.role("some", allow("ssm:*")))
    session.client("ssm").describe_parameters()
    with pytest.raises(ClientError):
        session.client("iam").list_roles()
    roles = {entry["arn"]: entry["used"] for entry in aws.fleet("GET", "permissions")[1]["roles"]}
    assert roles[f"arn:aws:iam::{aws.account}:role/some"] == ["ssm:DescribeParameters"]


@pytest.mark.source("CodeCommit user guide, Limit pushes and merges to branches: conditions on codecommit:References")
def test_a_push_is_decided_by_the_branch(aws: Aws) -> None:
    repository = f"arn:aws:codecommit:{REGION}:{aws.account}:fleet"
    to_main = {"StringEqualsIfExists": {"codecommit:References": ["refs/heads/main"]}, "Null": {"codecommit:References": "false"}}
    role = aws.role("engineer", allow("codecommit:GitPush"), deny("codecommit:GitPush", Condition=to_main))
    push = {"action": "codecommit:GitPush", "resource": repository}
    assert authorize(aws, role, **push, **{"codecommit:References": ["refs/heads/x"]})["allowed"]
    assert not authorize(aws, role, **push, **{"codecommit:References": ["refs/heads/main"]})["allowed"]
