"""An organization for tests of stack sets with service-managed permissions: accounts a and b in units, c in the root."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import Aws

STACKSETS = "member.org.stacksets.cloudformation.amazonaws.com"
_NUMBERS = itertools.count(410000000000)


def template(value: str = "one") -> str:
    """A stack of one SSM parameter."""
    parameter = {"Type": "String", "Name": "/set/value", "Value": value}
    return json.dumps({"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": parameter}}})


@dataclass
class Org:
    """An organization: ``top`` holds ``inner``; accounts by name."""

    management: Aws
    root: str
    top: str
    inner: str
    accounts: dict[str, Aws] = field(default_factory=dict)

    @property
    def client(self) -> Any:
        return self.management.client("cloudformation")

    def activate(self) -> None:
        self.client.activate_organizations_access()

    def delegate(self, name: str) -> Any:
        """Register an account as delegated administrator; the answer is its CloudFormation."""
        account = self.accounts[name]
        self.management.client("organizations").register_delegated_administrator(
            AccountId=account.account, ServicePrincipal=STACKSETS
        )
        return account.client("cloudformation")

    def move(self, name: str, source: str, destination: str) -> None:
        self.management.client("organizations").move_account(
            AccountId=self.accounts[name].account, SourceParentId=source, DestinationParentId=destination
        )

    def value(self, name: str) -> str | None:
        """What the set's stack made in the account; None if there is no stack."""
        found = self.accounts[name].client("ssm").describe_parameters()["Parameters"]
        if not found:
            return None
        return str(self.accounts[name].client("ssm").get_parameter(Name="/set/value")["Parameter"]["Value"])

    def create(self, client: Any = None, retain: bool = False, auto: bool = True, **more: Any) -> Any:
        automatic: dict[str, Any] = {"Enabled": auto}
        if auto:
            automatic["RetainStacksOnAccountRemoval"] = retain
        (client or self.client).create_stack_set(
            StackSetName="set", TemplateBody=template(), PermissionModel="SERVICE_MANAGED", AutoDeployment=automatic, **more
        )
        return client or self.client

    def instances(self, client: Any = None, **more: Any) -> dict[str, dict[str, Any]]:
        """The instances by the name of their account."""
        names = {item.account: name for name, item in self.accounts.items()}
        listed = (client or self.client).list_stack_instances(StackSetName="set", **more)["Summaries"]
        return {names.get(item["Account"], item["Account"]): item for item in listed}


def operator(org: Org, owner: str, types: str, target: str = "*") -> Any:
    """CloudFormation for a role of account a that may operate an owner's stack sets, with some types, on some targets."""
    sets = [
        f"arn:aws:cloudformation:*:{owner}:stackset/set:*",
        f"arn:aws:cloudformation:*:{owner}:stackset-target/{target}",
        types,
    ]
    may = [
        {
            "Effect": "Allow",
            "Action": ["cloudformation:CreateStackSet", "organizations:ListDelegatedAdministrators"],
            "Resource": "*",
        },
        {"Effect": "Allow", "Action": "cloudformation:*", "Resource": sets},
    ]
    account = org.accounts["a"]
    trust = {"AWS": f"arn:aws:iam::{account.account}:root", "Service": "cloudformation.amazonaws.com"}
    return account.assume(account.role("operator", *may, trust=trust)).client("cloudformation")


@pytest.fixture
def org(aws: Aws) -> Org:
    """Accounts a and b in the units top and inner, c in the root."""
    accounts = {name: aws.root(str(next(_NUMBERS))) for name in "abc"}
    units = [
        {"id": "ou-t35t-toplevel1", "name": "Top", "parent": "ROOT"},
        {"id": "ou-t35t-innerone1", "name": "Inner", "parent": "ou-t35t-toplevel1"},
    ]
    for unit in units:
        unit["id"] = unit["id"].replace("t35t", f"t{aws.account[-6:]}")
        unit["parent"] = unit["parent"].replace("t35t", f"t{aws.account[-6:]}")
    parents = {"a": units[0]["id"], "b": units[1]["id"], "c": "ROOT"}
    listed = [
        {"id": item.account, "name": name, "email": f"{name}-{item.account}@example.com", "parent": parents[name]}
        for name, item in accounts.items()
    ]
    status, made = aws.fleet("PUT", "organizations", {"management": aws.account, "units": units, "accounts": listed})
    assert status == 200, made
    return Org(aws, made["root"], units[0]["id"], units[1]["id"], accounts)
