"""Portfolios shared with an organization, its units and its members."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Aws
from servicecatalog_world import LAUNCH, PARAMETERS, SERVICE, TAGGED, Shelf, allow

SERVICE_CATALOG = "servicecatalog.amazonaws.com"
_NUMBERS = itertools.count(420000000000)


@dataclass
class Org:
    """The shelf's account is delegated administrator; ``member`` is in the unit, ``outsider`` in the root."""

    management: Aws
    shelf: Shelf
    member: Aws
    outsider: Aws
    root: str
    unit: str
    id: str
    portfolio: str
    product: str

    @property
    def catalog(self) -> Any:
        return self.shelf.aws.client("servicecatalog")

    def share(self, kind: str = "ORGANIZATIONAL_UNIT", value: str = "", **more: Any) -> str:
        """Share with a node; the answer is the token."""
        node = {"Type": kind, "Value": value or self.unit}
        answer = self.catalog.create_portfolio_share(PortfolioId=self.portfolio, OrganizationNode=node, **more)
        return str(answer["PortfolioShareToken"])

    def sees(self, account: Aws) -> bool:
        """Whether the account has the portfolio by its organization."""
        listed = account.client("servicecatalog").list_accepted_portfolio_shares(PortfolioShareType="AWS_ORGANIZATIONS")
        return [item["Id"] for item in listed["PortfolioDetails"]] == [self.portfolio]


@pytest.fixture
def org(shelf: Shelf, aws: Aws) -> Org:
    management, member, outsider = (aws.root(str(next(_NUMBERS))) for _ in range(3))
    unit = f"ou-s{aws.account[-6:]}-workloads1"
    listed = [
        {"id": item.account, "name": item.account, "email": f"{item.account}@example.com", "parent": parent}
        for item, parent in ((shelf.aws, "ROOT"), (member, unit), (outsider, "ROOT"))
    ]
    units = [{"id": unit, "name": "Workloads", "parent": "ROOT"}]
    body = {"management": management.account, "units": units, "accounts": listed}
    status, made = aws.fleet("PUT", "organizations", body)
    assert status == 200, made
    management.client("servicecatalog").enable_aws_organizations_access()
    management.client("organizations").register_delegated_administrator(
        AccountId=shelf.aws.account, ServicePrincipal=SERVICE_CATALOG
    )
    resources = shelf.resources("999999999999")
    del resources["Share"]
    outputs = {name: {"Ref": name} for name in ("Portfolio", "Product")}
    assert shelf.aws.deploy("published", resources, outputs)["StackStatus"] == "CREATE_COMPLETE"
    published = shelf.aws.outputs("published")
    ids = made["id"], published["Portfolio"], published["Product"]
    return Org(management, shelf, member, outsider, made["root"], unit, *ids)


@pytest.mark.source("API Reference: CreatePortfolioShare: management account or delegated administrator; access must be enabled")
def test_only_administrators_share_with_nodes_and_only_with_access(org: Org) -> None:
    node = {"Type": "ORGANIZATIONAL_UNIT", "Value": org.unit}
    stranger = org.member.client("servicecatalog")
    own = stranger.create_portfolio(DisplayName="Mine", ProviderName="Me", IdempotencyToken="t")["PortfolioDetail"]["Id"]
    with pytest.raises(ClientError, match="OperationNotSupportedException"):
        stranger.create_portfolio_share(PortfolioId=own, OrganizationNode=node)
    with pytest.raises(ClientError, match="OperationNotSupportedException"):
        stranger.enable_aws_organizations_access()
    with pytest.raises(ClientError, match="InvalidStateException"):
        org.management.client("servicecatalog").disable_aws_organizations_access()
    org.management.client("organizations").disable_aws_service_access(ServicePrincipal=SERVICE_CATALOG)
    status = org.management.client("servicecatalog").get_aws_organizations_access_status()
    assert status["AccessStatus"] == "DISABLED"
    with pytest.raises(ClientError, match="InvalidStateException"):
        org.management.client("servicecatalog").create_portfolio_share(
            PortfolioId=_portfolio(org.management), OrganizationNode=node
        )
    with pytest.raises(ClientError, match="not both"):
        org.catalog.create_portfolio_share(PortfolioId=org.portfolio, OrganizationNode=node, AccountId=org.member.account)


def _portfolio(account: Aws) -> str:
    made = account.client("servicecatalog").create_portfolio(DisplayName="P", ProviderName="P", IdempotencyToken="p")
    return str(made["PortfolioDetail"]["Id"])


@pytest.mark.source("API Reference: ListAcceptedPortfolioShares AWS_ORGANIZATIONS; Administrator Guide: no import is needed")
def test_a_share_with_a_unit_follows_its_members(org: Org) -> None:
    token = org.share()
    shown = org.catalog.describe_portfolio_share_status(PortfolioShareToken=token)
    assert (shown["Status"], shown["ShareDetails"]["SuccessfulShares"]) == ("COMPLETED", [org.member.account])
    assert (org.sees(org.member), org.sees(org.outsider)) == (True, False)
    assert org.member.client("servicecatalog").describe_portfolio(Id=org.portfolio)["PortfolioDetail"]["Id"] == org.portfolio
    assert org.member.client("servicecatalog").list_accepted_portfolio_shares()["PortfolioDetails"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        org.member.client("servicecatalog").accept_portfolio_share(PortfolioId=org.portfolio)
    org.share()
    listed = org.catalog.describe_portfolio_shares(PortfolioId=org.portfolio, Type="ORGANIZATIONAL_UNIT")
    assert listed["PortfolioShareDetails"] == [
        {
            "PrincipalId": org.unit,
            "Type": "ORGANIZATIONAL_UNIT",
            "Accepted": True,
            "ShareTagOptions": False,
            "SharePrincipals": False,
        }
    ]
    nodes = org.catalog.list_organization_portfolio_access(PortfolioId=org.portfolio, OrganizationNodeType="ORGANIZATIONAL_UNIT")[
        "OrganizationNodes"
    ]
    assert nodes == [{"Type": "ORGANIZATIONAL_UNIT", "Value": org.unit}]
    inherited = org.catalog.list_portfolio_access(PortfolioId=org.portfolio, OrganizationParentId=org.unit)["AccountIds"]
    assert inherited == [org.member.account]

    move = org.management.client("organizations").move_account
    move(AccountId=org.member.account, SourceParentId=org.unit, DestinationParentId=org.root)
    move(AccountId=org.outsider.account, SourceParentId=org.root, DestinationParentId=org.unit)
    assert (org.sees(org.member), org.sees(org.outsider)) == (False, True)
    node = {"Type": "ORGANIZATIONAL_UNIT", "Value": org.unit}
    org.catalog.delete_portfolio_share(PortfolioId=org.portfolio, OrganizationNode=node)
    assert org.sees(org.outsider) is False
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        org.catalog.delete_portfolio_share(PortfolioId=org.portfolio, OrganizationNode=node)


@pytest.mark.source("API Reference: OrganizationNode types ORGANIZATION and ACCOUNT; DescribePortfolioShares types")
def test_shares_with_the_organization_and_with_members(org: Org) -> None:
    org.share("ACCOUNT", org.outsider.account)
    assert (org.sees(org.member), org.sees(org.outsider)) == (False, True)
    kinds = org.catalog.describe_portfolio_shares(PortfolioId=org.portfolio, Type="ORGANIZATION_MEMBER_ACCOUNT")
    assert [item["PrincipalId"] for item in kinds["PortfolioShareDetails"]] == [org.outsider.account]
    org.share("ORGANIZATION", org.id)
    assert (org.sees(org.member), org.sees(org.management)) == (True, True)
    with pytest.raises(ClientError, match="InvalidParametersException"):
        org.share("ORGANIZATIONAL_UNIT", "ou-abcd-12345678")
    with pytest.raises(ClientError, match="ResourceInUseException"):
        org.catalog.delete_portfolio(Id=org.portfolio)
    org.management.client("organizations").deregister_delegated_administrator(
        AccountId=org.shelf.aws.account, ServicePrincipal=SERVICE_CATALOG
    )
    assert org.sees(org.member) is False


@pytest.mark.source("API Reference: SharePrincipals: recipients' principals that match the shared IAM_PATTERN may provision")
def test_shared_principals_let_members_launch(org: Org) -> None:
    org.member.role("launch", *LAUNCH, TAGGED, PARAMETERS, trust=SERVICE)
    role = org.member.role("dev", allow("servicecatalog:*"), Path="/fleet/")
    user = org.member.assume(role).client("servicecatalog")
    org.catalog.associate_principal_with_portfolio(
        PortfolioId=org.portfolio, PrincipalARN="arn:aws:iam:::role/fleet/*", PrincipalType="IAM_PATTERN"
    )
    org.share()
    assert user.search_products()["ProductViewSummaries"] == []
    node = {"Type": "ORGANIZATIONAL_UNIT", "Value": org.unit}
    answer = org.catalog.update_portfolio_share(PortfolioId=org.portfolio, OrganizationNode=node, SharePrincipals=True)
    assert answer["Status"] == "COMPLETED"
    listed = org.member.client("servicecatalog").list_principals_for_portfolio(PortfolioId=org.portfolio)["Principals"]
    assert listed == [{"PrincipalARN": "arn:aws:iam:::role/fleet/*", "PrincipalType": "IAM_PATTERN"}]
    record = user.provision_product(ProductId=org.product, ProvisioningArtifactName="1.0.0", ProvisionedProductName="mine")
    assert user.describe_record(Id=record["RecordDetail"]["RecordId"])["RecordDetail"]["Status"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="SharePrincipals is only supported"):
        org.share("ACCOUNT", org.member.account, SharePrincipals=True)
    for number in range(9):
        org.catalog.associate_principal_with_portfolio(
            PortfolioId=org.portfolio, PrincipalARN=f"arn:aws:iam:::role/{number}", PrincipalType="IAM_PATTERN"
        )
    with pytest.raises(ClientError, match="LimitExceededException"):
        org.catalog.associate_principal_with_portfolio(
            PortfolioId=org.portfolio, PrincipalARN="arn:aws:iam:::role/eleven", PrincipalType="IAM_PATTERN"
        )


@pytest.mark.source('API Reference: AssociatePrincipalWithPortfolio: "?" is zero or one of any character, "*" any number')
def test_patterns_match_as_documented(org: Org) -> None:
    member = org.member.client("servicecatalog")
    org.share()
    member.associate_principal_with_portfolio(
        PortfolioId=org.portfolio, PrincipalARN="arn:aws:iam:::role/*/dev_?", PrincipalType="IAM_PATTERN"
    )
    for name, seen in (("dev_", 1), ("dev_1", 1), ("dev_12", 0)):
        role = org.member.role(name, allow("servicecatalog:*"), Path="/any/path/")
        found = org.member.assume(role).client("servicecatalog").search_products()["ProductViewSummaries"]
        assert len(found) == seen, name
    with pytest.raises(ClientError, match="InvalidParametersException"):
        member.associate_principal_with_portfolio(
            PortfolioId=org.portfolio, PrincipalARN="arn:aws:iam:::*/dev", PrincipalType="IAM_PATTERN"
        )


@pytest.mark.source("Administrator Guide: Adding products from shared portfolios to local portfolios: constraints are inherited")
def test_a_shared_product_in_a_local_portfolio(org: Org) -> None:
    org.share()
    catalog = org.member.client("servicecatalog")
    local = _portfolio(org.member)
    catalog.associate_product_with_portfolio(PortfolioId=local, ProductId=org.product, SourcePortfolioId=org.portfolio)
    kinds = [item["Type"] for item in catalog.list_constraints_for_portfolio(PortfolioId=local)["ConstraintDetails"]]
    assert kinds == ["LAUNCH"]
    with pytest.raises(ClientError, match="shared product"):
        catalog.create_portfolio_share(PortfolioId=local, AccountId=org.outsider.account)
    move = org.management.client("organizations").move_account
    move(AccountId=org.member.account, SourceParentId=org.unit, DestinationParentId=org.root)
    assert catalog.search_products_as_admin(PortfolioId=local)["ProductViewDetails"] == []


@pytest.mark.source("API Reference: EnableAWSOrganizationsAccess calls organizations:EnableAWSServiceAccess in the caller's name")
def test_enabling_access_needs_the_permission_of_organizations(org: Org) -> None:
    role = org.management.role("admin", allow("servicecatalog:*"))
    client = org.management.assume(role).client("servicecatalog")
    with pytest.raises(ClientError, match="organizations:EnableAWSServiceAccess"):
        client.enable_aws_organizations_access()
    may = {"Version": "2012-10-17", "Statement": [allow("organizations:EnableAWSServiceAccess")]}
    org.management.client("iam").put_role_policy(RoleName="admin", PolicyName="more", PolicyDocument=json.dumps(may))
    client.enable_aws_organizations_access()
