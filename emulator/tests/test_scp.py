"""Service and resource control policies: what they take from callers and from resources, and whom they leave alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws
from organization import RCP, SCP, Organization

EVALUATION = "Organizations user guide, SCP evaluation"
MESSAGES = "IAM user guide, Troubleshoot access denied error messages; Security Blog, Enhanced access denied error messages"
KEYS = "IAM user guide, AWS global condition context keys"
RCPS = "Organizations user guide, Resource control policies (RCPs)"


def statement(effect: str, *actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": "*", **more}


class Fleet:
    """An organization with control policies, a unit in it, and a member account in the unit."""

    def __init__(self, aws: Aws) -> None:
        self.org = Organization(aws, SCP, RCP)
        self.unit = self.org.unit("Workloads")
        account = self.org.account("one")
        self.org.api.move_account(AccountId=account, SourceParentId=self.org.root, DestinationParentId=self.unit)
        self.member = aws.root(account)

    def limit(self, target: str, *statements: dict[str, Any], kind: str = SCP) -> str:
        """Attach a policy of the statements, and return its ARN."""
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        policy = self.org.policy(f"policy-{len(self.org.api.list_policies(Filter=kind)['Policies'])}", document, kind)
        self.org.api.attach_policy(PolicyId=policy, TargetId=target)
        return str(self.org.api.describe_policy(PolicyId=policy)["Policy"]["PolicySummary"]["Arn"])

    def ask(self, principal: str, action: str, resource: str = "*", **context: Any) -> tuple[bool, str]:
        body = {"principal": principal, "action": action, "resource": resource, "context": context}
        status, answer = self.member.fleet("POST", "authorize", body)
        assert status == 200, answer
        return answer["allowed"], answer["reason"]


@pytest.fixture
def fleet(aws: Aws) -> Fleet:
    return Fleet(aws)


@pytest.mark.source(EVALUATION + "; " + MESSAGES)
@pytest.mark.parametrize("level", ["root", "unit", "account"])
def test_a_deny_at_any_level_is_final(fleet: Fleet, level: str) -> None:
    target = {"root": fleet.org.root, "unit": fleet.unit, "account": fleet.member.account}[level]
    session = fleet.member.assume(fleet.member.role("admin", statement("Allow", "*")), "ann")
    session.client("ssm").describe_parameters()
    arn = fleet.limit(target, statement("Deny", "ssm:DescribeParameters"))
    message = (
        rf"User: arn:aws:sts::{fleet.member.account}:assumed-role/admin/ann is not authorized to perform: "
        rf"ssm:DescribeParameters on resource: .* with an explicit deny in a service control policy: {arn}"
    )
    with pytest.raises(ClientError, match=message) as caught:
        session.client("ssm").describe_parameters()
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.source(EVALUATION + ": an Allow is needed at every level")
def test_every_level_must_allow(fleet: Fleet) -> None:
    role = fleet.member.role("admin", statement("Allow", "*"))
    fleet.limit(fleet.unit, statement("Allow", "ssm:*"))
    assert fleet.ask(role, "sqs:CreateQueue")[0], "FullAWSAccess is still attached"
    fleet.org.api.detach_policy(PolicyId="p-FullAWSAccess", TargetId=fleet.unit)
    allowed, reason = fleet.ask(role, "sqs:CreateQueue")
    assert not allowed
    assert reason.endswith("because no service control policy allows the sqs:CreateQueue action")
    assert fleet.ask(role, "ssm:DescribeParameters")[0]
    fleet.limit(fleet.member.account, statement("Allow", "sqs:*"))
    fleet.org.api.detach_policy(PolicyId="p-FullAWSAccess", TargetId=fleet.member.account)
    assert not fleet.ask(role, "sqs:CreateQueue")[0], "the account cannot give back what the unit withholds"
    assert not fleet.ask(role, "ssm:DescribeParameters")[0]


@pytest.mark.source("Organizations user guide, Service control policies: SCPs don't grant permissions")
def test_an_allow_of_a_control_policy_grants_nothing(fleet: Fleet) -> None:
    role = fleet.member.role("nobody")
    assert fleet.ask(role, "ssm:DescribeParameters")[1].endswith(
        "because no identity-based policy allows the ssm:DescribeParameters action"
    )


@pytest.mark.source(
    "Organizations user guide, Service control policies: users and roles, including the root user, of member accounts"
)
def test_the_root_user_of_a_member_is_limited_and_the_management_account_is_not(fleet: Fleet) -> None:
    fleet.limit(fleet.org.root, statement("Deny", "ssm:*"))
    with pytest.raises(ClientError, match="explicit deny in a service control policy"):
        fleet.member.client("ssm").put_parameter(Name="a", Value="b", Type="String")
    management = fleet.org.aws
    management.client("ssm").put_parameter(Name="a", Value="b", Type="String")
    assert fleet.ask(management.role("admin", statement("Allow", "*")), "ssm:DescribeParameters")[0]


@pytest.mark.source("Organizations user guide, Service control policies: SCPs don't affect any service-linked role")
def test_service_linked_roles_are_not_limited(fleet: Fleet) -> None:
    iam = fleet.member.client("iam")
    role = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")["Role"]
    iam.put_role_policy(
        RoleName=role["RoleName"],
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement("Allow", "ec2:*")]}),
    )
    fleet.limit(fleet.org.root, statement("Deny", "ec2:*"))
    assert fleet.ask(role["Arn"], "ec2:RunInstances")[0]
    assert not fleet.ask(fleet.member.role("admin", statement("Allow", "*")), "ec2:RunInstances")[0]


@pytest.mark.source("Organizations user guide, Attaching and detaching policies; MoveAccount")
def test_what_is_detached_or_left_behind_limits_no_longer(fleet: Fleet) -> None:
    role = fleet.member.role("admin", statement("Allow", "*"))
    fleet.limit(fleet.unit, statement("Deny", "ssm:*"))
    assert not fleet.ask(role, "ssm:DescribeParameters")[0]
    fleet.org.api.move_account(AccountId=fleet.member.account, SourceParentId=fleet.unit, DestinationParentId=fleet.org.root)
    assert fleet.ask(role, "ssm:DescribeParameters")[0]
    fleet.limit(fleet.org.root, statement("Deny", "ssm:*"))
    assert not fleet.ask(role, "ssm:DescribeParameters")[0]
    fleet.org.api.disable_policy_type(RootId=fleet.org.root, PolicyType=SCP)
    assert fleet.ask(role, "ssm:DescribeParameters")[0]


@pytest.mark.source("Organizations user guide, Example SCPs: deny access based on the requested Region; Service endpoints of IAM")
def test_regions_can_be_denied_and_global_services_are_in_us_east_1(fleet: Fleet) -> None:
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": [REGION, "us-east-1"]}}
    fleet.limit(fleet.unit, statement("Deny", "*", Condition=elsewhere))
    session = fleet.member.assume(fleet.member.role("admin", statement("Allow", "*")))
    session.client("ssm").describe_parameters()
    session.client("iam", "eu-west-2").get_role(RoleName="admin")
    with pytest.raises(ClientError, match="explicit deny in a service control policy"):
        session.client("ssm", "eu-west-2").describe_parameters()


@pytest.mark.source("CloudFormation user guide, Service role; Organizations user guide, SCP evaluation")
@pytest.mark.parametrize("acting", ["service role", "root user"])
def test_cloudformation_is_limited_too(fleet: Fleet, acting: str) -> None:
    arguments: dict[str, Any] = {}
    if acting == "service role":
        trust = {"Service": "cloudformation.amazonaws.com"}
        arguments["RoleARN"] = fleet.member.role("cloudformation", statement("Allow", "*"), trust=trust)
    fleet.limit(fleet.unit, statement("Deny", "sqs:CreateQueue"))
    resources = {"Queue": {"Type": "AWS::SQS::Queue"}, "Topic": {"Type": "AWS::SNS::Topic"}}
    stack = fleet.member.deploy("one", resources, **arguments)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "with an explicit deny in a service control policy" in fleet.member.reasons("one")


@pytest.mark.source(KEYS)
def test_conditions_know_organization_and_path_of_both_sides(fleet: Fleet, other: Aws) -> None:
    path = f"{fleet.org.id}/{fleet.org.root}/{fleet.unit}/"
    inside = {
        "StringEquals": {"aws:PrincipalOrgID": fleet.org.id, "aws:ResourceOrgID": "${aws:PrincipalOrgID}"},
        "ForAnyValue:StringLike": {
            "aws:PrincipalOrgPaths": f"{path}*",
            "aws:ResourceOrgPaths": f"{fleet.org.id}/{fleet.org.root}/",
        },
    }
    role = fleet.member.role("r", statement("Allow", "sqs:*", Condition=inside))
    queue = f"arn:aws:sqs:{REGION}:{{}}:q"
    assert not fleet.ask(role, "sqs:SendMessage", queue.format(fleet.member.account))[0], "its path is the unit's"
    assert "resource-based policy" in fleet.ask(role, "sqs:SendMessage", queue.format(fleet.org.aws.account))[1], "IAM allows"
    absent = {"Null": {"aws:PrincipalOrgID": "true", "aws:PrincipalOrgPaths": "true", "aws:ResourceOrgID": "true"}}
    outside = other.role("r", statement("Allow", "ssm:*", Condition=absent))
    assert fleet.ask(outside, "ssm:GetParameter", f"arn:aws:ssm:{REGION}:{other.account}:parameter/a")[0]


def bucket_of(fleet: Fleet, reader: str) -> str:
    """A bucket of the member account that lets ``reader`` read it."""
    name = f"data-{fleet.member.account}"
    s3 = fleet.member.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    policy = statement("Allow", "s3:*", Principal={"AWS": reader}, Resource=[f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"])
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [policy]}))
    return name


@pytest.mark.source(RCPS + ": restrict principals external to the organization; " + MESSAGES)
def test_a_resource_control_policy_keeps_strangers_out(fleet: Fleet, other: Aws) -> None:
    stranger = other.role("stranger", statement("Allow", "s3:*"))
    bucket = bucket_of(fleet, stranger)
    session = other.assume(stranger)
    session.client("s3").list_objects_v2(Bucket=bucket)
    perimeter = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": fleet.org.id},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    arn = fleet.limit(fleet.org.root, statement("Deny", "s3:*", Principal="*", Condition=perimeter), kind=RCP)
    with pytest.raises(ClientError, match=rf"with an explicit deny in a resource control policy: {arn}"):
        session.client("s3").list_objects_v2(Bucket=bucket)
    fleet.member.client("s3").list_objects_v2(Bucket=bucket)


@pytest.mark.source(RCPS + ": RCPs don't affect resources in the management account; the root user is affected")
def test_a_resource_control_policy_protects_members_from_everybody(fleet: Fleet) -> None:
    fleet.limit(fleet.org.root, statement("Deny", "s3:DeleteBucket", "ssm:*", Principal="*"), kind=RCP)
    bucket = bucket_of(fleet, f"arn:aws:iam::{fleet.org.aws.account}:root")
    with pytest.raises(ClientError, match="explicit deny in a resource control policy"):
        fleet.member.client("s3").delete_bucket(Bucket=bucket)
    with pytest.raises(ClientError, match="explicit deny in a resource control policy"):
        fleet.org.aws.client("s3").delete_bucket(Bucket=bucket)
    s3 = fleet.org.aws.client("s3")
    s3.create_bucket(Bucket=f"own-{fleet.org.aws.account}", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.delete_bucket(Bucket=f"own-{fleet.org.aws.account}")
    fleet.member.client("ssm").put_parameter(Name="a", Value="b", Type="String")


@pytest.mark.source(RCPS + ": AWS STS")
def test_a_resource_control_policy_guards_roles_also_from_services(fleet: Fleet) -> None:
    role = fleet.member.role("build", trust={"Service": "codebuild.amazonaws.com"})
    body = {"roleArn": role, "service": "codebuild.amazonaws.com"}
    assert fleet.member.fleet("POST", "assume", body)[0] == 200
    fleet.limit(fleet.unit, statement("Deny", "sts:AssumeRole", Principal="*"), kind=RCP)
    status, answer = fleet.member.fleet("POST", "assume", body)
    assert status == 403
    assert "codebuild.amazonaws.com is not authorized to perform: sts:AssumeRole" in answer["error"]["message"]


def test_an_account_in_no_organization_is_limited_by_nothing(other: Aws, fleet: Fleet) -> None:
    fleet.limit(fleet.org.root, statement("Deny", "*"))
    other.client("ssm").put_parameter(Name="a", Value="b", Type="String")
    assert fleet.ask(other.role("admin", statement("Allow", "*")), "ssm:DescribeParameters")[0]
