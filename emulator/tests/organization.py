"""An organization in the emulator, as tests need it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Aws

API = "Organizations API reference, "
QUOTAS = "Organizations user guide, Quotas for AWS Organizations"
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}]}


class Organization:
    """An organization whose management account is ``aws``."""

    def __init__(self, aws: Aws, *types: str) -> None:
        self.aws = aws
        self.api = aws.client("organizations")
        self.id = self.api.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        self.root = self.api.list_roots()["Roots"][0]["Id"]
        for kind in types:
            self.api.enable_policy_type(RootId=self.root, PolicyType=kind)

    def unit(self, name: str, parent: str = "") -> str:
        made = self.api.create_organizational_unit(ParentId=parent or self.root, Name=name)
        return str(made["OrganizationalUnit"]["Id"])

    def account(self, name: str) -> str:
        made = self.api.create_account(AccountName=name, Email=f"{name}+{self.aws.account}@example.com")
        return str(made["CreateAccountStatus"]["AccountId"])

    def policy(self, name: str, document: Any = None, kind: str = SCP) -> str:
        content = json.dumps(document or DENY)
        made = self.api.create_policy(Name=name, Type=kind, Content=content, Description="")
        return str(made["Policy"]["PolicySummary"]["Id"])

    def attached(self, target: str, kind: str = SCP) -> list[str]:
        found = self.api.list_policies_for_target(TargetId=target, Filter=kind)["Policies"]
        return [item["Name"] for item in found]


def refused(code: str, call: Any, reason: str = "", **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    assert error["Error"]["Code"] == code, error
    if reason:
        assert error["Reason"] == reason
    return str(error["Error"]["Message"])
