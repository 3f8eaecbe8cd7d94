"""What only the organization's management account, or whom it appointed, may have."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws
from organization import Organization

TRAILS = "CloudTrail API reference, CreateTrail: "


def trail(aws: Aws, name: str, **more: Any) -> str:
    properties = {
        "S3BucketName": {"Ref": "B"},
        "IsLogging": True,
        "IsMultiRegionTrail": True,
        "IsOrganizationTrail": True,
        **more,
    }
    trail = {"Type": "AWS::CloudTrail::Trail", "Properties": properties}
    status = aws.deploy(name, {"B": {"Type": "AWS::S3::Bucket"}, "T": trail})["StackStatus"]
    return "made" if status == "CREATE_COMPLETE" else aws.reasons(name)


@pytest.mark.source(TRAILS + "OrganizationsNotInUse, CloudTrailAccessNotEnabled and NotOrganizationMasterAccount exceptions")
def test_an_organizations_trail_is_its_management_accounts(aws: Aws) -> None:
    assert "OrganizationsNotInUseException" in trail(aws, "alone")
    organization = Organization(aws)
    assert "CloudTrailAccessNotEnabledException" in trail(aws, "untrusted")
    organization.api.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    assert trail(aws, "trusted") == "made"
    member = aws.root(organization.account("one"))
    assert "NotOrganizationMasterAccountException" in trail(member, "member")
    assert trail(member, "own", IsOrganizationTrail=False) == "made"
    organization.api.register_delegated_administrator(AccountId=member.account, ServicePrincipal="cloudtrail.amazonaws.com")
    assert trail(member, "appointed") == "made"


@pytest.mark.source(TRAILS + "OrganizationsNotInUseException")
def test_the_api_refuses_an_organizations_trail_too(aws: Aws) -> None:
    name = f"logs-{aws.account}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    with pytest.raises(ClientError, match="OrganizationsNotInUseException"):
        aws.client("cloudtrail").create_trail(Name="all", S3BucketName=name, IsOrganizationTrail=True)


@pytest.mark.source("IAM user guide, Settings for IAM Access Analyzer: delegated administrator")
def test_an_organizations_analyzer_is_for_those_who_speak_for_it(aws: Aws) -> None:
    analyzer = {"A": {"Type": "AWS::AccessAnalyzer::Analyzer", "Properties": {"Type": "ORGANIZATION"}}}
    assert aws.deploy("alone", analyzer)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "neither" in aws.reasons("alone")
    organization = Organization(aws)
    assert aws.deploy("management", analyzer)["StackStatus"] == "CREATE_COMPLETE"
    member = aws.root(organization.account("one"))
    assert member.deploy("member", analyzer)["StackStatus"] == "ROLLBACK_COMPLETE"
    service = "access-analyzer.amazonaws.com"
    organization.api.enable_aws_service_access(ServicePrincipal=service)
    organization.api.register_delegated_administrator(AccountId=member.account, ServicePrincipal=service)
    assert member.deploy("appointed", analyzer)["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.source("Security Hub and Detective API references, EnableOrganizationAdminAccount")
@pytest.mark.parametrize(
    ("type_name", "name"),
    [("AWS::SecurityHub::DelegatedAdmin", "AdminAccountId"), ("AWS::Detective::OrganizationAdmin", "AccountId")],
)
def test_administrators_are_members_appointed_by_the_management_account(aws: Aws, type_name: str, name: str) -> None:
    def appoint(stack: str, by: Aws, account: str) -> str:
        made = by.deploy(stack, {"A": {"Type": type_name, "Properties": {name: account}}})["StackStatus"]
        return "made" if made == "CREATE_COMPLETE" else by.reasons(stack)

    organization = Organization(aws)
    assert "is not a member of organization" in appoint("stranger", aws, "999999999999")
    member = organization.account("one")
    assert "not the management account" in appoint("self", aws.root(member), member)
    assert appoint("member", aws, member) == "made"
