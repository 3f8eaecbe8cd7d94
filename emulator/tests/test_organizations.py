"""Organizations through its own API: the tree, accounts, trust and delegation, and every refusal."""

from __future__ import annotations

import json
import re

import pytest
from botocore.exceptions import ClientError
from conftest import Aws
from organization import API, DENY, QUOTAS, SCP, Organization, refused


@pytest.fixture
def org(aws: Aws) -> Organization:
    return Organization(aws)


@pytest.mark.source(
    "botocore model of Organizations: patterns of OrganizationId, RootId, OrganizationalUnitId, PolicyId, AccountId"
)
def test_ids_fit_the_patterns_of_the_service(org: Organization) -> None:
    assert re.fullmatch(r"o-[a-z0-9]{10,32}", org.id)
    assert re.fullmatch(r"r-[0-9a-z]{4,32}", org.root)
    unit = org.unit("a")
    assert re.fullmatch(rf"ou-{org.root[2:]}-[a-z0-9]{{8,32}}", unit), "a unit's id carries its root's"
    assert re.fullmatch(r"\d{12}", org.account("one"))
    assert re.fullmatch(r"p-[0-9a-zA-Z_]{8,128}", org.policy("p"))


@pytest.mark.source(API + "CreateOrganization, DescribeOrganization, DeleteOrganization")
def test_an_organization_is_seen_by_its_members_and_deleted_when_it_is_empty(org: Organization) -> None:
    member = org.aws.root(org.account("one"))
    shown = member.client("organizations").describe_organization()["Organization"]
    assert (shown["Id"], shown["MasterAccountId"], shown["FeatureSet"]) == (org.id, org.aws.account, "ALL")
    refused("AlreadyInOrganizationException", member.client("organizations").create_organization)
    refused("OrganizationNotEmptyException", org.api.delete_organization)


@pytest.mark.source(API + "DeleteOrganization")
def test_an_organization_without_members_can_be_deleted(org: Organization) -> None:
    org.api.delete_organization()
    message = refused("AWSOrganizationsNotInUseException", org.api.describe_organization)
    assert message == "Your account is not a member of an organization."
    Organization(org.aws)


@pytest.mark.source(QUOTAS + ": five levels of OUs deep under a root")
def test_a_unit_is_nested_at_most_five_deep(org: Organization) -> None:
    parent = ""
    for level in range(5):
        parent = org.unit(f"level-{level + 1}", parent)
    message = refused(
        "ConstraintViolationException",
        org.api.create_organizational_unit,
        "OU_DEPTH_LIMIT_EXCEEDED",
        ParentId=parent,
        Name="level-6",
    )
    assert "exceed the max depth allowed" in message


@pytest.mark.source(API + "CreateOrganizationalUnit, UpdateOrganizationalUnit, DeleteOrganizationalUnit")
def test_units_have_one_name_below_a_parent_and_are_deleted_empty(org: Organization) -> None:
    first, other = org.unit("a"), org.unit("b")
    below = org.unit("a", first)
    refused("DuplicateOrganizationalUnitException", org.api.create_organizational_unit, ParentId=org.root, Name="a")
    refused("DuplicateOrganizationalUnitException", org.api.update_organizational_unit, OrganizationalUnitId=other, Name="a")
    refused("ParentNotFoundException", org.api.create_organizational_unit, ParentId="ou-abcd-12345678", Name="x")
    refused("OrganizationalUnitNotEmptyException", org.api.delete_organizational_unit, OrganizationalUnitId=first)
    assert org.api.update_organizational_unit(OrganizationalUnitId=other, Name="c")["OrganizationalUnit"]["Name"] == "c"
    org.api.delete_organizational_unit(OrganizationalUnitId=below)
    org.api.delete_organizational_unit(OrganizationalUnitId=first)
    refused("OrganizationalUnitNotFoundException", org.api.describe_organizational_unit, OrganizationalUnitId=first)


@pytest.mark.source(API + "CreateAccount; user guide, Accessing a member account with OrganizationAccountAccessRole")
def test_a_created_account_trusts_the_management_account_as_its_administrator(org: Organization) -> None:
    account = org.account("one")
    assert org.api.list_parents(ChildId=account)["Parents"] == [{"Id": org.root, "Type": "ROOT"}]
    admin = org.aws.assume(f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole")
    admin.client("iam").create_user(UserName="ann")
    stranger = org.aws.root(org.account("two"))
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        stranger.assume(f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole")


@pytest.mark.source(API + "CreateAccount: FailureReason EMAIL_ALREADY_EXISTS of CreateAccountStatus")
def test_an_address_belongs_to_one_account_ever(org: Organization, other: Aws) -> None:
    email = f"one+{org.aws.account}@example.com"
    account = org.account("one")
    for api in (org.api, Organization(other).api):
        status = api.create_account(AccountName="again", Email=email)["CreateAccountStatus"]
        assert (status["State"], status["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")
        assert api.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"] == status
    org.api.close_account(AccountId=account)
    status = org.api.create_account(AccountName="again", Email=email)["CreateAccountStatus"]
    assert status["FailureReason"] == "EMAIL_ALREADY_EXISTS", "a closed account keeps its address"


@pytest.mark.source(QUOTAS + ": ten accounts, closed ones until they are removed for good")
def test_there_are_ten_accounts_unless_aws_grants_more(org: Organization) -> None:
    accounts = [org.account(f"a{number}") for number in range(9)]
    org.api.close_account(AccountId=accounts[0])
    refused(
        "ConstraintViolationException",
        org.api.create_account,
        "ACCOUNT_NUMBER_LIMIT_EXCEEDED",
        AccountName="more",
        Email=f"more+{org.aws.account}@example.com",
    )


@pytest.mark.source(API + "CloseAccount; Account Management guide, Close a member account")
def test_a_closed_account_is_suspended_and_stays_where_it_was(org: Organization) -> None:
    unit, account = org.unit("a"), org.account("one")
    org.api.move_account(AccountId=account, SourceParentId=org.root, DestinationParentId=unit)
    org.api.close_account(AccountId=account)
    assert org.api.describe_account(AccountId=account)["Account"]["Status"] == "SUSPENDED"
    refused("AccountAlreadyClosedException", org.api.close_account, AccountId=account)
    refused("OrganizationalUnitNotEmptyException", org.api.delete_organizational_unit, OrganizationalUnitId=unit)
    refused("ConstraintViolationException", org.api.close_account, "CANNOT_CLOSE_MANAGEMENT_ACCOUNT", AccountId=org.aws.account)


@pytest.mark.source(API + "MoveAccount, ListChildren, ListAccountsForParent, ListParents")
def test_an_account_is_in_one_place_and_moves(org: Organization) -> None:
    unit, account = org.unit("a"), org.account("one")
    move = org.api.move_account
    refused("SourceParentNotFoundException", move, AccountId=account, SourceParentId="r-none", DestinationParentId=unit)
    refused("DestinationParentNotFoundException", move, AccountId=account, SourceParentId=org.root, DestinationParentId="r-none")
    refused("DuplicateAccountException", move, AccountId=account, SourceParentId=unit, DestinationParentId=org.root)
    move(AccountId=account, SourceParentId=org.root, DestinationParentId=unit)
    assert org.api.list_parents(ChildId=account)["Parents"] == [{"Id": unit, "Type": "ORGANIZATIONAL_UNIT"}]
    assert [a["Id"] for a in org.api.list_accounts_for_parent(ParentId=unit)["Accounts"]] == [account]
    assert org.api.list_children(ParentId=unit, ChildType="ACCOUNT")["Children"] == [{"Id": account, "Type": "ACCOUNT"}]
    assert org.api.list_children(ParentId=org.root, ChildType="ORGANIZATIONAL_UNIT")["Children"][0]["Id"] == unit
    refused("AccountNotFoundException", org.api.describe_account, AccountId="999999999999")


@pytest.mark.source(API + "ListAccounts: MaxResults, NextToken")
def test_lists_come_in_pages(org: Organization) -> None:
    expected = [org.aws.account, *(org.account(f"a{number}") for number in range(4))]
    pages = list(org.api.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Accounts"]) for page in pages] == [2, 2, 1]
    assert [a["Id"] for page in pages for a in page["Accounts"]] == expected


@pytest.mark.source(API + "RemoveAccountFromOrganization, LeaveOrganization: WAIT_PERIOD_ACTIVE, MasterCannotLeaveOrganization")
def test_a_created_account_cannot_leave_at_once(org: Organization) -> None:
    account = org.account("one")
    remove = org.api.remove_account_from_organization
    refused("ConstraintViolationException", remove, "WAIT_PERIOD_ACTIVE", AccountId=account)
    refused("MasterCannotLeaveOrganizationException", org.api.leave_organization)


@pytest.mark.source(API + "every operation: can be called only from the management account or by a delegated administrator")
def test_members_may_not_call_what_is_the_management_accounts(org: Organization) -> None:
    account = org.account("one")
    api = org.aws.root(account).client("organizations")
    message = "You don't have permissions to access this resource."
    assert refused("AccessDeniedException", api.list_accounts) == message
    assert refused("AccessDeniedException", api.create_organizational_unit, ParentId=org.root, Name="x") == message
    assert refused("AccessDeniedException", api.enable_aws_service_access, ServicePrincipal="guardduty.amazonaws.com") == message
    org.api.enable_aws_service_access(ServicePrincipal="guardduty.amazonaws.com")
    org.api.register_delegated_administrator(AccountId=account, ServicePrincipal="guardduty.amazonaws.com")
    assert len(api.list_accounts()["Accounts"]) == 2, "a delegated administrator reads"
    refused("AccessDeniedException", api.create_organizational_unit, ParentId=org.root, Name="x")


@pytest.mark.source(API + "RegisterDelegatedAdministrator: reasons of ConstraintViolationException")
def test_a_delegated_administrator_is_a_member_for_a_trusted_service(org: Organization) -> None:
    account, service = org.account("one"), "member.org.stacksets.cloudformation.amazonaws.com"
    register, limit = org.api.register_delegated_administrator, "ConstraintViolationException"
    refused(limit, register, "SERVICE_ACCESS_NOT_ENABLED", AccountId=account, ServicePrincipal=service)
    org.api.enable_aws_service_access(ServicePrincipal=service)
    reason = "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
    refused(limit, register, reason, AccountId=org.aws.account, ServicePrincipal=service)
    register(AccountId=account, ServicePrincipal=service)
    refused("AccountAlreadyRegisteredException", register, AccountId=account, ServicePrincipal=service)
    assert [a["Id"] for a in org.api.list_delegated_administrators(ServicePrincipal=service)["DelegatedAdministrators"]] == [
        account
    ]
    found = org.api.list_delegated_services_for_account(AccountId=account)["DelegatedServices"]
    assert [item["ServicePrincipal"] for item in found] == [service]
    org.api.deregister_delegated_administrator(AccountId=account, ServicePrincipal=service)
    refused(
        "AccountNotRegisteredException", org.api.deregister_delegated_administrator, AccountId=account, ServicePrincipal=service
    )
    org.api.disable_aws_service_access(ServicePrincipal=service)
    assert org.api.list_aws_service_access_for_organization()["EnabledServicePrincipals"] == []
    refused("InvalidInputException", org.api.enable_aws_service_access, ServicePrincipal="nobody.amazonaws.com")


@pytest.mark.source("Organizations user guide, Delegated administrator for AWS Organizations (resource-based delegation policy)")
def test_a_resource_policy_lets_a_member_manage_policies(org: Organization) -> None:
    account = org.account("one")
    api = org.aws.root(account).client("organizations")
    arguments = {"Name": "p", "Type": SCP, "Content": json.dumps(DENY), "Description": ""}
    refused("AccessDeniedException", api.create_policy, **arguments)
    refused("ResourcePolicyNotFoundException", org.api.describe_resource_policy)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["organizations:CreatePolicy", "organizations:ListRoots", "organizations:CreateAccount"],
        "Resource": "*",
    }
    org.api.put_resource_policy(Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    api.create_policy(**arguments)
    assert api.list_roots()["Roots"][0]["Id"] == org.root
    refused("AccessDeniedException", api.list_accounts)
    refused("AccessDeniedException", api.create_account, AccountName="x", Email="never@example.com")
    org.api.delete_resource_policy()
    refused("AccessDeniedException", api.list_roots)


@pytest.mark.source(API + "TagResource, UntagResource, ListTagsForResource")
def test_everything_can_be_tagged(org: Organization) -> None:
    for target in (org.root, org.unit("a"), org.account("one"), org.policy("p")):
        org.api.tag_resource(ResourceId=target, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        org.api.untag_resource(ResourceId=target, TagKeys=["a"])
        assert org.api.list_tags_for_resource(ResourceId=target)["Tags"] == [{"Key": "b", "Value": "2"}]
    refused("TargetNotFoundException", org.api.tag_resource, ResourceId="p-12345678", Tags=[])


@pytest.mark.source("RAM API reference, EnableSharingWithAwsOrganization")
def test_other_services_of_the_emulator_see_the_organization(org: Organization, other: Aws) -> None:
    assert org.aws.client("ram").enable_sharing_with_aws_organization()["returnValue"]
    trusted = org.api.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert "ram.amazonaws.com" in [service["ServicePrincipal"] for service in trusted]
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        other.client("ram").enable_sharing_with_aws_organization()


def test_what_is_not_emulated_says_so(org: Organization) -> None:
    assert "has not been implemented" in refused("NotImplemented", org.api.list_handshakes_for_organization)


@pytest.mark.source(
    "Service Authorization Reference, AWS Organizations: organizations:ServicePrincipal, organizations:PolicyType"
)
def test_a_role_may_be_limited_to_services_and_types_of_policies(org: Organization) -> None:
    condition = {
        "StringEqualsIfExists": {
            "organizations:ServicePrincipal": "guardduty.amazonaws.com",
            "organizations:PolicyType": "TAG_POLICY",
        }
    }
    allowed = {"Effect": "Allow", "Action": "organizations:*", "Resource": "*", "Condition": condition}
    api = org.aws.assume(org.aws.role("prepare", allowed)).client("organizations")
    api.enable_aws_service_access(ServicePrincipal="guardduty.amazonaws.com")
    api.enable_policy_type(RootId=org.root, PolicyType="TAG_POLICY")
    org.api.enable_policy_type(RootId=org.root, PolicyType=SCP)
    denied = "AccessDeniedException"
    refused(denied, api.enable_aws_service_access, ServicePrincipal="config.amazonaws.com")
    refused(denied, api.disable_policy_type, RootId=org.root, PolicyType=SCP)
    refused(denied, api.detach_policy, PolicyId="p-FullAWSAccess", TargetId=org.root)
