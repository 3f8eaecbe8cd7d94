"""Stack sets with service-managed permissions: trusted access, delegated administrators, units and automatic deployment."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION
from stackset_world import STACKSETS, Org, template


@pytest.mark.source("User Guide: Activate trusted access; messages as pepperize/cdk-organizations#1718 and #22867 quote them")
def test_trusted_access_must_be_activated_by_cloudformation(org: Org) -> None:
    assert org.client.describe_organizations_access()["Status"] == "DISABLED"
    org.management.client("organizations").enable_aws_service_access(ServicePrincipal=STACKSETS)
    with pytest.raises(ClientError, match="You must enable organizations access to operate a service managed stack set"):
        org.create()
    with pytest.raises(ClientError, match="InvalidOperationException"):
        org.accounts["a"].client("cloudformation").activate_organizations_access()
    org.activate()
    assert org.client.describe_organizations_access()["Status"] == "ENABLED"
    org.create()
    with pytest.raises(ClientError, match="You must be the management account or delegated admin account of an organization"):
        org.create(org.accounts["a"].client("cloudformation"))
    org.client.deactivate_organizations_access()
    with pytest.raises(ClientError, match="You must enable organizations access"):
        org.client.create_stack_instances(
            StackSetName="set", DeploymentTargets={"OrganizationalUnitIds": [org.top]}, Regions=[REGION]
        )


@pytest.mark.source("User Guide: Register a delegated administrator: sets are the management account's; CallAs DELEGATED_ADMIN")
def test_a_delegated_administrator_operates_the_management_accounts_sets(org: Org) -> None:
    org.activate()
    stranger = org.accounts["b"].client("cloudformation")
    with pytest.raises(ClientError, match="Account used is not a delegated administrator"):
        org.create(stranger, CallAs="DELEGATED_ADMIN")
    client = org.delegate("a")
    with pytest.raises(ClientError, match="You must be the management account or delegated admin account"):
        org.create(client)
    org.create(client, CallAs="DELEGATED_ADMIN")
    arn = client.describe_stack_set(StackSetName="set", CallAs="DELEGATED_ADMIN")["StackSet"]["StackSetARN"]
    assert arn.split(":")[4] == org.management.account
    assert org.client.describe_stack_set(StackSetName="set")["StackSet"]["StackSetARN"] == arn
    answer = client.create_stack_instances(
        StackSetName="set", DeploymentTargets={"OrganizationalUnitIds": [org.top]}, Regions=[REGION], CallAs="DELEGATED_ADMIN"
    )
    done = client.describe_stack_set_operation(StackSetName="set", OperationId=answer["OperationId"], CallAs="DELEGATED_ADMIN")[
        "StackSetOperation"
    ]
    assert done["Status"] == "SUCCEEDED"
    assert set(org.instances(client, CallAs="DELEGATED_ADMIN")) == {"a", "b"}


@pytest.mark.source("User Guide: DeploymentTargets: child units count; stacks are not deployed to the management account")
def test_units_mean_the_accounts_below_them_but_not_the_management_account(org: Org) -> None:
    org.activate()
    org.create().create_stack_instances(
        StackSetName="set", DeploymentTargets={"OrganizationalUnitIds": [org.root]}, Regions=[REGION]
    )
    found = org.instances()
    assert set(found) == {"a", "b", "c"}
    assert {item["OrganizationalUnitId"] for item in found.values()} == {org.root}
    assert [org.value(name) for name in "abc"] == ["one", "one", "one"]
    names = [role["RoleName"] for role in org.accounts["a"].client("iam").list_roles()["Roles"]]
    assert any(name.startswith("stacksets-exec-") for name in names)


@pytest.mark.source("API Reference: DeploymentTargets.AccountFilterType: INTERSECTION, DIFFERENCE; UNION not for creation")
def test_accounts_filter_units(org: Org) -> None:
    org.activate()
    client = org.create(auto=False, ManagedExecution={"Active": True})
    a, c = org.accounts["a"].account, org.accounts["c"].account
    where: dict[str, Any] = {"OrganizationalUnitIds": [org.top], "Accounts": [a, c]}
    for kind in ("UNION", None):
        with pytest.raises(ClientError, match="UNION is not supported for CreateStackInstances"):
            client.create_stack_instances(
                StackSetName="set", Regions=[REGION], DeploymentTargets={**where, **({"AccountFilterType": kind} if kind else {})}
            )
    client.create_stack_instances(
        StackSetName="set", Regions=[REGION], DeploymentTargets={**where, "AccountFilterType": "INTERSECTION"}
    )
    assert set(org.instances()) == {"a"}
    client.create_stack_instances(
        StackSetName="set", Regions=[REGION], DeploymentTargets={**where, "AccountFilterType": "DIFFERENCE"}
    )
    assert set(org.instances()) == {"a", "b"}
    with pytest.raises(ClientError, match="can only have OrganizationalUnit as target"):
        client.create_stack_instances(StackSetName="set", Accounts=[a], Regions=[REGION])
    with pytest.raises(ClientError, match="organizational unit"):
        client.create_stack_instances(
            StackSetName="set", DeploymentTargets={"OrganizationalUnitIds": ["ou-abcd-12345678"]}, Regions=[REGION]
        )


@pytest.mark.source("User Guide: Manage automatic deployments: accounts that join get stacks, those that leave lose them")
@pytest.mark.parametrize("retain", [False, True], ids=["deleted", "retained"])
def test_automatic_deployment_follows_the_organization(org: Org, retain: bool) -> None:
    org.activate()
    org.create(retain=retain).create_stack_instances(
        StackSetName="set", DeploymentTargets={"OrganizationalUnitIds": [org.top]}, Regions=[REGION]
    )
    org.move("c", org.root, org.inner)
    assert (set(org.instances()), org.value("c")) == ({"a", "b", "c"}, "one")
    org.move("c", org.inner, org.top)
    assert org.value("c") == "one"
    org.move("c", org.top, org.root)
    assert set(org.instances()) == {"a", "b"}
    assert org.value("c") == ("one" if retain else None)
    org.management.client("organizations").remove_account_from_organization(AccountId=org.accounts["a"].account)
    assert set(org.instances()) == {"b"}


@pytest.mark.source(
    "API Reference: AutoDeployment.DependsOn: dependencies complete successfully before a dependent's operation begins"
)
@pytest.mark.parametrize("fails", [False, True], ids=["first succeeds", "first fails"])
def test_automatic_deployment_waits_for_what_it_depends_on(org: Org, fails: bool) -> None:
    org.activate()
    account = org.management.account
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/first", "Type": "String", "Value": "x"}}
    later = {"Set": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/set/value", "Type": "String", "Value": "one"}}}
    common = {"PermissionModel": "SERVICE_MANAGED", "ManagedExecution": {"Active": True}}
    automatic = {"Enabled": True, "RetainStacksOnAccountRemoval": False}
    made = org.client.create_stack_set(
        StackSetName="set", TemplateBody=json.dumps({"Resources": later}), AutoDeployment=automatic, **common
    )
    first = org.client.create_stack_set(
        StackSetName="first", TemplateBody=json.dumps({"Resources": {"P": parameter}}), AutoDeployment=automatic, **common
    )
    arn = f"arn:aws:cloudformation:{REGION}:{account}:stackset/{first['StackSetId']}"
    with pytest.raises(ClientError, match="not found"):
        org.client.update_stack_set(
            StackSetName="set", UsePreviousTemplate=True, AutoDeployment={**automatic, "DependsOn": [arn + "x"]}
        )
    org.client.update_stack_set(StackSetName="set", UsePreviousTemplate=True, AutoDeployment={**automatic, "DependsOn": [arn]})
    shown = org.client.describe_stack_set(StackSetName="set")["StackSet"]
    assert (shown["StackSetId"], shown["AutoDeployment"]["DependsOn"]) == (made["StackSetId"], [arn])
    for name in ("set", "first"):
        org.client.create_stack_instances(
            StackSetName=name, DeploymentTargets={"OrganizationalUnitIds": [org.inner]}, Regions=[REGION]
        )
    if fails:
        org.accounts["c"].client("ssm").put_parameter(Name="/first", Type="String", Value="taken")
    org.move("c", org.root, org.inner)
    assert set(org.instances()) == ({"b"} if fails else {"b", "c"})


@pytest.mark.source("API Reference: AutoDeployment.Enabled false: nothing happens when an account joins")
def test_without_automatic_deployment_nothing_follows(org: Org) -> None:
    org.activate()
    org.create(auto=False).create_stack_instances(
        StackSetName="set", DeploymentTargets={"OrganizationalUnitIds": [org.top]}, Regions=[REGION]
    )
    org.move("c", org.root, org.top)
    org.move("a", org.top, org.root)
    assert (set(org.instances()), org.value("a"), org.value("c")) == ({"a", "b"}, "one", None)


@pytest.mark.source("User Guide: Service control policies bind the roles stacksets-exec-* of members: no service-linked roles")
def test_service_control_policies_bind_the_stacks(org: Org) -> None:
    org.activate()
    organizations = org.management.client("organizations")
    organizations.enable_policy_type(RootId=org.root, PolicyType="SERVICE_CONTROL_POLICY")
    deny = {"Effect": "Deny", "Action": "ssm:PutParameter", "Resource": "*"}
    policy = organizations.create_policy(
        Name="no", Description="", Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )["Policy"]["PolicySummary"]["Id"]  # fmt: skip
    organizations.attach_policy(PolicyId=policy, TargetId=org.inner)
    answer = org.create().create_stack_instances(
        StackSetName="set", DeploymentTargets={"OrganizationalUnitIds": [org.top]}, Regions=[REGION],
        OperationPreferences={"FailureToleranceCount": 1},
    )  # fmt: skip
    results = org.client.list_stack_set_operation_results(StackSetName="set", OperationId=answer["OperationId"])["Summaries"]
    names = {item.account: name for name, item in org.accounts.items()}
    failed = {names[item["Account"]]: item.get("StatusReason", "") for item in results if item["Status"] == "FAILED"}
    assert set(failed) == {"b"}
    assert "ssm:PutParameter" in failed["b"]


@pytest.mark.source("AWS::CloudFormation::StackSet: CallAs, PermissionModel SERVICE_MANAGED, AutoDeployment")
def test_the_type_follows_units(org: Org) -> None:
    org.activate()
    org.delegate("c")
    account = org.accounts["c"]

    def resources(unit: str, **more: Any) -> dict[str, Any]:
        group = {"DeploymentTargets": {"OrganizationalUnitIds": [unit]}, "Regions": [REGION]}
        properties = {
            "StackSetName": "set", "PermissionModel": "SERVICE_MANAGED", "TemplateBody": template(),
            "CallAs": "DELEGATED_ADMIN", "StackInstancesGroup": [group],
            "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False}, **more,
        }  # fmt: skip
        return {"Set": {"Type": "AWS::CloudFormation::StackSet", "Properties": properties}}

    assert account.deploy("sets", resources(org.top))["StackStatus"] == "CREATE_COMPLETE", account.reasons("sets")
    assert (org.value("a"), org.value("b")) == ("one", "one")
    changed = account.deploy("sets", resources(org.inner, TemplateBody=template("two")))
    assert changed["StackStatus"] == "UPDATE_COMPLETE", account.reasons("sets")
    assert (org.value("a"), org.value("b")) == (None, "two")
    org.move("a", org.top, org.inner)
    assert org.value("a") == "two"
    account.client("cloudformation").delete_stack(StackName="sets")
    assert (org.value("a"), org.value("b")) == (None, None)
    account.deploy("sets", resources(org.inner, CallAs="SELF"))
    assert "You must be the management account or delegated admin account" in account.reasons("sets")
