"""Who may operate stack sets with service-managed permissions, and the ARNs that IAM is asked about."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from conftest import REGION
from stackset_world import Org, operator, template


@pytest.mark.source("hashicorp/terraform-provider-aws#37069: the caller needs organizations:ListDelegatedAdministrators")
def test_a_delegated_administrators_role_must_see_that_it_is_one(org: Org) -> None:
    org.activate()
    org.delegate("a")
    may = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    account = org.accounts["a"]
    client = account.assume(account.role("operator", may)).client("cloudformation")
    with pytest.raises(ClientError, match="Account used is not a delegated administrator"):
        org.create(client, CallAs="DELEGATED_ADMIN")
    see = {"Effect": "Allow", "Action": "organizations:ListDelegatedAdministrators", "Resource": "*"}
    account.client("iam").put_role_policy(
        RoleName="operator", PolicyName="see", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [see]})
    )
    org.create(client, CallAs="DELEGATED_ADMIN")


@pytest.mark.source(
    "User Guide: Register a delegated administrator; aws-solutions/quota-monitor-for-aws, hub.stack.ts: it is allowed sets, "
    "and whom they reach, as ARNs of the management account"
)
@pytest.mark.parametrize(
    ("where", "allowed"), [("management", True), ("delegate", False)], ids=["of the management account", "of its own account"]
)
def test_a_delegated_administrators_role_is_allowed_sets_of_the_management_account(org: Org, where: str, allowed: bool) -> None:
    org.activate()
    org.delegate("a")
    owner = org.management.account if where == "management" else org.accounts["a"].account
    client = operator(org, owner, "arn:aws:cloudformation:*::type/resource/AWS-SSM-Parameter")
    org.create(client, CallAs="DELEGATED_ADMIN")
    targets = {"OrganizationalUnitIds": [org.top]}
    if allowed:
        client.create_stack_instances(StackSetName="set", DeploymentTargets=targets, Regions=[REGION], CallAs="DELEGATED_ADMIN")
        return
    with pytest.raises(ClientError, match=f"on resource: arn:aws:cloudformation:{REGION}:{org.management.account}:stackset/set:"):
        client.create_stack_instances(StackSetName="set", DeploymentTargets=targets, Regions=[REGION], CallAs="DELEGATED_ADMIN")


@pytest.mark.source(
    "User Guide: Sample policy that grants service-managed stack set permissions: operations fail if the template contains "
    "resource types other than those of the policy, arn:aws:cloudformation:*::type/resource/AWS-S3-*"
)
@pytest.mark.parametrize("types", ["{account}:type/resource/AWS-SSM-Parameter", ":type/resource/AWS-IAM-Role"])
def test_types_of_aws_are_in_no_account(org: Org, types: str) -> None:
    org.activate()
    org.delegate("a")
    arn = "arn:aws:cloudformation:*:" + types.format(account=org.management.account)
    client = operator(org, org.management.account, arn)
    org.create(client, CallAs="DELEGATED_ADMIN")
    with pytest.raises(ClientError, match=f"on resource: arn:aws:cloudformation:{REGION}::type/resource/AWS-SSM-Parameter"):
        client.create_stack_instances(
            StackSetName="set", DeploymentTargets={"OrganizationalUnitIds": [org.top]}, Regions=[REGION], CallAs="DELEGATED_ADMIN"
        )


@pytest.mark.source("User Guide: Sample policy that grants service-managed stack set permissions: stackset-target/*/ou-...")
def test_a_role_reaches_the_units_of_its_policy_only(org: Org) -> None:
    org.activate()
    org.delegate("a")
    client = operator(org, org.management.account, "arn:aws:cloudformation:*::type/resource/*", target=f"*/{org.top}")
    org.create(client, CallAs="DELEGATED_ADMIN")
    with pytest.raises(ClientError, match=f":stackset-target/set:[0-9a-f-]*/{org.inner}"):
        client.create_stack_instances(
            StackSetName="set",
            DeploymentTargets={"OrganizationalUnitIds": [org.inner]},
            Regions=[REGION],
            CallAs="DELEGATED_ADMIN",
        )


@pytest.mark.source(
    "Service Authorization Reference, CloudFormation: CreateStackInstances; the type's handler calls it as its caller"
)
@pytest.mark.parametrize("where", ["management", "delegate"])
def test_a_stack_of_a_role_is_about_the_same_arns(org: Org, where: str) -> None:
    org.activate()
    org.delegate("a")
    account = org.accounts["a"]
    owner = org.management.account if where == "management" else account.account
    operator(org, owner, "arn:aws:cloudformation:*::type/resource/AWS-SSM-Parameter")
    group = {"DeploymentTargets": {"OrganizationalUnitIds": [org.top]}, "Regions": [REGION]}
    properties = {
        "StackSetName": "set", "PermissionModel": "SERVICE_MANAGED", "TemplateBody": template(), "CallAs": "DELEGATED_ADMIN",
        "StackInstancesGroup": [group], "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
    }  # fmt: skip
    role = f"arn:aws:iam::{account.account}:role/operator"
    stack = account.deploy("sets", {"Set": {"Type": "AWS::CloudFormation::StackSet", "Properties": properties}}, RoleARN=role)
    if where == "management":
        assert stack["StackStatus"] == "CREATE_COMPLETE", account.reasons("sets")
    else:
        assert f"{org.management.account}:stackset/set" in account.reasons("sets")
