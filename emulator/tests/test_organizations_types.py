"""Organizations by CloudFormation: the resources of stacks are the organization's own, and its refusals fail stacks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Aws
from organization import DENY, SCP, Organization

REFERENCE = "CloudFormation template reference, AWS::Organizations::"
ROOT = {"Fn::GetAtt": ["Organization", "RootId"]}


@pytest.fixture
def org(aws: Aws) -> Organization:
    return Organization(aws, SCP)


def unit(name: str, parent: Any) -> dict[str, Any]:
    return {"Type": "AWS::Organizations::OrganizationalUnit", "Properties": {"Name": name, "ParentId": parent}}


def policy(name: str, *targets: Any, content: Any = None, **more: Any) -> dict[str, Any]:
    properties = {"Name": name, "Type": SCP, "Content": content or DENY, "TargetIds": list(targets), **more}
    return {"Type": "AWS::Organizations::Policy", "Properties": properties}


def account(name: str, email: str, *parents: Any, **more: Any) -> dict[str, Any]:
    properties = {"AccountName": name, "Email": email, **({"ParentIds": list(parents)} if parents else {})}
    return {"Type": "AWS::Organizations::Account", "Properties": properties, **more}


def attribute(logical: str, name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical, name]}


@pytest.mark.source(REFERENCE + "Organization, OrganizationalUnit: return values")
def test_a_stack_makes_an_organization_and_takes_it_away(aws: Aws) -> None:
    resources = {
        "Organization": {"Type": "AWS::Organizations::Organization", "Properties": {"FeatureSet": "ALL"}},
        "Outer": unit("Outer", ROOT),
        "Inner": unit("Inner", {"Ref": "Outer"}),
    }
    outputs = {
        "Organization": {"Ref": "Organization"},
        "Root": ROOT,
        "Management": attribute("Organization", "ManagementAccountId"),
        "Outer": {"Ref": "Outer"},
        "Inner": attribute("Inner", "Arn"),
        "Path": attribute("Inner", "Path"),
    }
    assert aws.deploy("one", resources, outputs)["StackStatus"] == "CREATE_COMPLETE", aws.reasons("one")
    found = aws.outputs("one")
    api = aws.client("organizations")
    assert api.describe_organization()["Organization"]["Id"] == found["Organization"]
    assert api.list_roots()["Roots"][0]["Id"] == found["Root"]
    assert found["Management"] == aws.account
    inner = aws.physical("one", "Inner")
    assert found["Inner"] == f"arn:aws:organizations::{aws.account}:ou/{found['Organization']}/{inner}"
    assert found["Path"] == f"{found['Organization']}/{found['Root']}/{found['Outer']}/{inner}/"
    again = {"Organization": {"Type": "AWS::Organizations::Organization", "Properties": {}}}
    assert aws.deploy("two", again)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "already a member of an organization" in aws.reasons("two")
    aws.client("cloudformation").delete_stack(StackName="one")
    with pytest.raises(api.exceptions.AWSOrganizationsNotInUseException):
        api.describe_organization()


@pytest.mark.source(REFERENCE + "OrganizationalUnit; Organizations user guide, Quotas: five levels")
def test_a_unit_nested_six_deep_fails_the_stack_and_nothing_is_left(org: Organization) -> None:
    resources = {"L1": unit("l1", org.root), **{f"L{n}": unit(f"l{n}", {"Ref": f"L{n - 1}"}) for n in range(2, 7)}}
    assert org.aws.deploy("one", resources)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "exceed the max depth allowed" in org.aws.reasons("one")
    assert org.api.list_organizational_units_for_parent(ParentId=org.root)["OrganizationalUnits"] == []


@pytest.mark.source(REFERENCE + "OrganizationalUnit: Name updates without interruption, ParentId replaces")
def test_a_unit_is_renamed_in_place_and_replaced_below_another_parent(org: Organization) -> None:
    org.aws.deploy("one", {"A": unit("a", org.root), "B": unit("b", org.root)})
    first = org.aws.physical("one", "A")
    org.aws.deploy("one", {"A": unit("renamed", org.root), "B": unit("b", org.root)})
    assert org.aws.physical("one", "A") == first
    assert org.api.describe_organizational_unit(OrganizationalUnitId=first)["OrganizationalUnit"]["Name"] == "renamed"
    moved = {"A": unit("renamed", {"Ref": "B"}), "B": unit("b", org.root)}
    assert org.aws.deploy("one", moved)["StackStatus"] == "UPDATE_COMPLETE"
    assert org.aws.physical("one", "A") != first


@pytest.mark.source(REFERENCE + "Policy: TargetIds attached and detached")
def test_a_policy_is_attached_to_its_targets_and_follows_them(org: Organization) -> None:
    left, right = org.unit("left"), org.unit("right")
    outputs = {"Arn": attribute("P", "Arn"), "Managed": attribute("P", "AwsManaged")}
    org.aws.deploy("one", {"P": policy("p", left, org.root)}, outputs)
    found = org.aws.physical("one", "P")
    assert org.aws.outputs("one")["Arn"].endswith(f":policy/{org.id}/service_control_policy/{found}")
    assert [org.attached(target) for target in (left, right, org.root)] == [
        ["FullAWSAccess", "p"],
        ["FullAWSAccess"],
        ["FullAWSAccess", "p"],
    ]
    changed = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]}
    org.aws.deploy("one", {"P": policy("q", right, content=changed)})
    assert [org.attached(target) for target in (left, right)] == [["FullAWSAccess"], ["FullAWSAccess", "q"]]
    assert json.loads(org.api.describe_policy(PolicyId=found)["Policy"]["Content"]) == changed
    org.aws.client("cloudformation").delete_stack(StackName="one")
    assert org.attached(right) == ["FullAWSAccess"]
    assert [item["Name"] for item in org.api.list_policies(Filter=SCP)["Policies"]] == ["FullAWSAccess"]


@pytest.mark.source(REFERENCE + "Policy; Organizations user guide, Quotas: 10,240 characters, 10 on a target; AttachPolicy")
@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ("too long", "You have exceeded the maximum policy size."),
        ("one too many", "You have attached the maximum number of policies to the specified target."),
        ("type not enabled", "This operation can be performed only for enabled policy types."),
        ("name taken", "A policy with the specified name and type already exists."),
        ("no such target", "You specified a target that doesn't exist."),
        ("malformed", "does not meet the requirements of the specified policy type."),
    ],
)
def test_a_policy_that_is_refused_fails_the_stack_and_is_not_left(org: Organization, mistake: str, message: str) -> None:
    target = org.unit("a")
    many = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["s3:" + "x" * 10240], "Resource": "*"}]}
    resources = {
        "too long": {"P": policy("p", target, content=many)},
        "one too many": {f"P{n}": policy(f"p{n}", target) for n in range(10)},
        "type not enabled": {"P": policy("p", target, Type="TAG_POLICY", content={"tags": {}})},
        "name taken": {"P": policy("p"), "Q": policy("p")},
        "no such target": {"P": policy("p", target, "ou-abcd-12345678")},
        "malformed": {"P": policy("p", content={"Version": "2012-10-17"})},
    }[mistake]
    assert org.aws.deploy("one", resources)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert message in org.aws.reasons("one")
    for kind in (SCP, "TAG_POLICY"):
        assert [item for item in org.api.list_policies(Filter=kind)["Policies"] if not item["AwsManaged"]] == []
    assert org.attached(target) == ["FullAWSAccess"]


@pytest.mark.source(REFERENCE + "Account: return values; DeletionPolicy (a deleted account is closed)")
def test_an_account_is_created_in_its_unit_moved_and_closed(org: Organization) -> None:
    left, right, email = org.unit("left"), org.unit("right"), f"made+{org.aws.account}@example.com"
    outputs = {"Arn": attribute("A", "Arn"), "Status": attribute("A", "Status"), "Joined": attribute("A", "JoinedMethod")}
    org.aws.deploy("one", {"A": account("made", email, left)}, outputs)
    made = org.aws.physical("one", "A")
    found = org.aws.outputs("one")
    assert found == {
        "Arn": f"arn:aws:organizations::{org.aws.account}:account/{org.id}/{made}",
        "Status": "ACTIVE",
        "Joined": "CREATED",
    }
    assert org.api.list_parents(ChildId=made)["Parents"][0]["Id"] == left
    assert org.aws.deploy("one", {"A": account("made", email, right)})["StackStatus"] == "UPDATE_COMPLETE"
    assert (org.aws.physical("one", "A"), org.api.list_parents(ChildId=made)["Parents"][0]["Id"]) == (made, right)
    org.aws.client("cloudformation").delete_stack(StackName="one")
    assert org.api.describe_account(AccountId=made)["Account"]["Status"] == "SUSPENDED"
    refused = org.aws.deploy("two", {"A": account("again", email)})
    assert refused["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "EMAIL_ALREADY_EXISTS" in org.aws.reasons("two")
    assert len(org.api.list_accounts()["Accounts"]) == 2, "nothing is left of the second"


@pytest.mark.source(REFERENCE + "Account: DeletionPolicy Retain")
def test_a_retained_account_stays_active(org: Organization) -> None:
    resources = {"A": account("kept", f"kept+{org.aws.account}@example.com", DeletionPolicy="Retain")}
    org.aws.deploy("one", resources)
    made = org.aws.physical("one", "A")
    org.aws.client("cloudformation").delete_stack(StackName="one")
    assert org.api.describe_account(AccountId=made)["Account"]["Status"] == "ACTIVE"


@pytest.mark.source(REFERENCE + "*: must be created from the organization's management account")
def test_a_member_account_cannot_make_them(org: Organization) -> None:
    member = org.aws.root(org.account("one"))
    assert member.deploy("one", {"A": unit("a", org.root)})["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "You don't have permissions to access this resource." in member.reasons("one")


@pytest.mark.source(REFERENCE + "ResourcePolicy")
def test_there_is_one_resource_policy(org: Organization) -> None:
    def content(action: str) -> dict[str, Any]:
        member = {"AWS": f"arn:aws:iam::{org.aws.account}:root"}
        statement = {"Effect": "Allow", "Principal": member, "Action": action, "Resource": "*"}
        return {
            "Type": "AWS::Organizations::ResourcePolicy",
            "Properties": {"Content": {"Version": "2012-10-17", "Statement": [statement]}},
        }

    org.aws.deploy("one", {"P": content("organizations:ListRoots")}, {"Arn": attribute("P", "Arn")})
    first = org.aws.physical("one", "P")
    assert org.aws.outputs("one")["Arn"].endswith(f":resourcepolicy/{org.id}/{first}")
    org.aws.deploy("one", {"P": content("organizations:ListAccounts")})
    shown = org.api.describe_resource_policy()["ResourcePolicy"]
    assert shown["ResourcePolicySummary"]["Id"] == first
    assert "organizations:ListAccounts" in shown["Content"]
    assert org.aws.deploy("two", {"P": content("organizations:ListRoots")})["StackStatus"] == "ROLLBACK_COMPLETE"
    org.aws.client("cloudformation").delete_stack(StackName="one")
    with pytest.raises(org.api.exceptions.ResourcePolicyNotFoundException):
        org.api.describe_resource_policy()


@pytest.mark.source("Registry schema of AWS::Organizations::Policy, handlers; CloudFormation user guide, Service role")
def test_a_role_needs_to_attach_only_where_there_are_targets(org: Organization) -> None:
    allowed = {"Effect": "Allow", "Action": ["organizations:CreatePolicy", "organizations:Describe*"], "Resource": "*"}
    removed = {"Effect": "Allow", "Action": "organizations:DeletePolicy", "Resource": "*"}
    trust = {"Service": "cloudformation.amazonaws.com"}
    role = org.aws.role("cloudformation", allowed, removed, trust=trust)
    assert org.aws.deploy("one", {"P": policy("p")}, RoleARN=role)["StackStatus"] == "CREATE_COMPLETE", org.aws.reasons("one")
    assert org.aws.deploy("two", {"P": policy("q", org.root)}, RoleARN=role)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "is not authorized to perform: organizations:AttachPolicy" in org.aws.reasons("two")
