"""Stack sets with self-managed permissions: roles, operations, failures and refusals."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws

ELSEWHERE = "eu-central-1"
ADMIN, EXECUTION = "AWSCloudFormationStackSetAdministrationRole", "AWSCloudFormationStackSetExecutionRole"


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def template(value: str = "one", **more: Any) -> str:
    """A stack of one SSM parameter."""
    parameter = {"Type": "String", "Name": "/set/value", "Value": {"Fn::Sub": value + "-${Size}"}}
    return json.dumps(
        {
            "Parameters": {"Size": {"Type": "String", "Default": "small"}},
            "Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": parameter}, **more},
        }
    )


@dataclass
class Fleet:
    """An administrator's account and a target account, with the roles that StackSets needs."""

    aws: Aws
    target: Aws

    @property
    def client(self) -> Any:
        return self.aws.client("cloudformation")

    def value(self, region: str = REGION, where: Aws | None = None) -> str:
        """What the stack set's stack made in the target account."""
        ssm = (where or self.target).client("ssm", region)
        return str(ssm.get_parameter(Name="/set/value")["Parameter"]["Value"])

    def end(self, answer: dict[str, Any], name: str = "set") -> dict[str, Any]:
        """Wait for the operation, as every client must."""
        shown: dict[str, Any] = self.client.describe_stack_set_operation(StackSetName=name, OperationId=answer["OperationId"])
        return dict(shown["StackSetOperation"])

    def results(self, answer: dict[str, Any], name: str = "set") -> list[tuple[str, str, str, str]]:
        """Account, region, status and reason of each."""
        found = self.client.list_stack_set_operation_results(StackSetName=name, OperationId=answer["OperationId"])["Summaries"]
        return [(item["Account"], item["Region"], item["Status"], item.get("StatusReason", "")) for item in found]

    def deploy(self, *accounts: str, regions: tuple[str, ...] = (REGION,), **more: Any) -> dict[str, Any]:
        """Create instances in accounts."""
        named = list(accounts) or [self.target.account]
        answer: dict[str, Any] = self.client.create_stack_instances(
            StackSetName="set", Accounts=named, Regions=list(regions), **more
        )
        return {**answer, **self.end(answer)}

    def instance(self, region: str = REGION) -> dict[str, Any]:
        return dict(
            self.client.describe_stack_instance(
                StackSetName="set", StackInstanceAccount=self.target.account, StackInstanceRegion=region
            )["StackInstance"]
        )


def add_execution_role(target: Aws, administrator: str, *statements: dict[str, Any]) -> None:
    """The role that the administration role of another account assumes."""
    trust = {"AWS": f"arn:aws:iam::{administrator}:role/{ADMIN}"}
    target.role(EXECUTION, *(statements or (allow("cloudformation:*", "ssm:*"),)), trust=trust)


@pytest.fixture
def fleet(aws: Aws, other: Aws) -> Fleet:
    assume = allow("sts:AssumeRole", resource=f"arn:aws:iam::*:role/{EXECUTION}")
    aws.role(ADMIN, assume, trust={"Service": "cloudformation.amazonaws.com"})
    add_execution_role(other, aws.account)
    aws.client("cloudformation").create_stack_set(StackSetName="set", TemplateBody=template())
    return Fleet(aws, other)


@pytest.mark.source("User Guide: StackSets concepts; API Reference: CreateStackInstances, DescribeStackInstance, DeleteStackSet")
def test_instances_are_stacks_of_the_target_account(fleet: Fleet) -> None:
    ended = fleet.deploy(regions=(REGION, ELSEWHERE), ParameterOverrides=[{"ParameterKey": "Size", "ParameterValue": "big"}])
    assert ended["Status"] == "SUCCEEDED", fleet.results(ended)
    assert (fleet.value(), fleet.value(ELSEWHERE)) == ("one-big", "one-big")
    shown = fleet.instance()
    assert (shown["Status"], shown["StackInstanceStatus"]["DetailedStatus"]) == ("CURRENT", "SUCCEEDED")
    assert shown["DriftStatus"] == "NOT_CHECKED"
    stack = fleet.target.client("cloudformation").describe_stacks(StackName=shown["StackId"])["Stacks"][0]
    assert stack["StackName"].startswith("StackSet-set-")
    events = fleet.target.client("cloudformation").describe_stack_events(StackName=shown["StackId"])["StackEvents"]
    assert events[0]["ResourceStatus"] == "CREATE_COMPLETE"

    with pytest.raises(ClientError, match="StackSetNotEmptyException"):
        fleet.client.delete_stack_set(StackSetName="set")
    gone = fleet.client.delete_stack_instances(
        StackSetName="set", Accounts=[fleet.target.account], Regions=[ELSEWHERE], RetainStacks=False
    )
    assert fleet.end(gone)["Status"] == "SUCCEEDED"
    kept = fleet.client.delete_stack_instances(
        StackSetName="set", Accounts=[fleet.target.account], Regions=[REGION], RetainStacks=True
    )
    assert fleet.end(kept)["RetainStacks"] is True
    assert fleet.value() == "one-big"
    with pytest.raises(ClientError, match="ParameterNotFound"):
        fleet.value(ELSEWHERE)
    fleet.client.delete_stack_set(StackSetName="set")
    fleet.client.delete_stack_set(StackSetName="set")
    with pytest.raises(ClientError, match=r"StackSetNotFoundException.*StackSet set not found"):
        fleet.client.describe_stack_set(StackSetName="set")
    assert [item["Status"] for item in fleet.client.list_stack_sets()["Summaries"]] == ["DELETED"]


@pytest.mark.source("User Guide: Grant self-managed permissions: both roles, and the trust between them")
def test_the_roles_must_exist_and_trust(fleet: Fleet) -> None:
    iam = fleet.target.client("iam")
    iam.update_assume_role_policy(
        RoleName=EXECUTION,
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
            }
        ),
    )
    failed = fleet.deploy()
    assert failed["Status"] == "FAILED"
    assert fleet.results(failed)[0][3] == (
        f"Account {fleet.target.account} should have '{EXECUTION}' role with trust relationship to Role '{ADMIN}'."
    )
    fleet.client.create_stack_set(StackSetName="custom", TemplateBody=template(), ExecutionRoleName="none")
    answer = fleet.client.create_stack_instances(StackSetName="custom", Accounts=[fleet.target.account], Regions=[REGION])
    assert "should have 'none' role" in fleet.results(answer, "custom")[0][3]
    fleet.aws.client("iam").delete_role_policy(RoleName=ADMIN, PolicyName="inline")
    fleet.aws.client("iam").delete_role(RoleName=ADMIN)
    again = fleet.client.create_stack_instances(StackSetName="set", Accounts=[fleet.target.account], Regions=[REGION])
    assert f"should have '{ADMIN}' role with trust relationship to CloudFormation service" in fleet.results(again)[0][3]


@pytest.mark.source("User Guide: Grant self-managed permissions: the execution role bounds what its stacks may make")
def test_the_execution_role_bounds_the_stacks(fleet: Fleet) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("cloudformation:*")]})
    fleet.target.client("iam").put_role_policy(RoleName=EXECUTION, PolicyName="inline", PolicyDocument=document)
    failed = fleet.deploy()
    assert failed["Status"] == "FAILED"
    assert "ssm:PutParameter" in fleet.results(failed)[0][3]
    shown = fleet.instance()
    assert (shown["Status"], shown["StackInstanceStatus"]["DetailedStatus"]) == ("OUTDATED", "FAILED")
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("cloudformation:*", "ssm:*")]})
    fleet.target.client("iam").put_role_policy(RoleName=EXECUTION, PolicyName="inline", PolicyDocument=document)
    assert fleet.deploy()["Status"] == "SUCCEEDED"
    assert fleet.instance()["Status"] == "CURRENT"


@pytest.mark.source("API Reference: StackSetOperationPreferences: FailureToleranceCount per region; StackSetOperation.Status")
def test_failures_beyond_the_tolerance_stop_the_operation(fleet: Fleet) -> None:
    broken = "111111111111"
    strict = fleet.deploy(broken, fleet.target.account, regions=(REGION, ELSEWHERE))
    assert strict["Status"] == "FAILED"
    assert [item[2] for item in fleet.results(strict)] == ["FAILED", "CANCELLED", "CANCELLED", "CANCELLED"]
    lenient = fleet.deploy(
        broken, fleet.target.account, regions=(REGION, ELSEWHERE),
        OperationPreferences={"FailureToleranceCount": 1, "RegionOrder": [ELSEWHERE, REGION]},
    )  # fmt: skip
    assert lenient["Status"] == "SUCCEEDED"
    assert lenient["StatusDetails"] == {"FailedStackInstancesCount": 2}
    assert [item[1:3] for item in fleet.results(lenient)] == [
        (ELSEWHERE, "FAILED"), (ELSEWHERE, "SUCCEEDED"), (REGION, "FAILED"), (REGION, "SUCCEEDED"),
    ]  # fmt: skip
    listed = fleet.client.list_stack_instances(StackSetName="set", StackInstanceAccount=broken)["Summaries"]
    assert {item["Status"] for item in listed} == {"OUTDATED"}


@pytest.mark.source("API Reference: UpdateStackSet: the set is updated; instances that are not reached are OUTDATED")
def test_an_update_reaches_the_instances_and_keeps_overrides(fleet: Fleet) -> None:
    fleet.deploy(regions=(REGION, ELSEWHERE), ParameterOverrides=[{"ParameterKey": "Size", "ParameterValue": "big"}])
    part = fleet.client.update_stack_set(
        StackSetName="set", TemplateBody=template("two"), Accounts=[fleet.target.account], Regions=[REGION]
    )
    assert fleet.end(part)["Status"] == "SUCCEEDED"
    assert (fleet.value(), fleet.value(ELSEWHERE)) == ("two-big", "one-big")
    assert (fleet.instance()["Status"], fleet.instance(ELSEWHERE)["Status"]) == ("CURRENT", "OUTDATED")
    fleet.end(fleet.client.update_stack_set(StackSetName="set", UsePreviousTemplate=True))
    assert fleet.value(ELSEWHERE) == "two-big"
    changed = fleet.client.update_stack_instances(
        StackSetName="set", Accounts=[fleet.target.account], Regions=[REGION],
        ParameterOverrides=[{"ParameterKey": "Size", "ParameterValue": "huge"}],
    )  # fmt: skip
    fleet.end(changed)
    assert fleet.value() == "two-huge"
    with pytest.raises(ClientError, match="StackInstanceNotFoundException"):
        fleet.client.update_stack_instances(StackSetName="set", Accounts=["222222222222"], Regions=[REGION])


@pytest.mark.source("API Reference: StackInstance.Status INOPERABLE: a DeleteStackInstances failed; RetainStacks frees it")
def test_a_stack_that_cannot_go_is_inoperable(fleet: Fleet) -> None:
    fleet.deploy()
    stack_id = fleet.instance()["StackId"]
    fleet.target.client("cloudformation").update_termination_protection(StackName=stack_id, EnableTerminationProtection=True)
    where = {"StackSetName": "set", "Accounts": [fleet.target.account], "Regions": [REGION]}
    failed = fleet.client.delete_stack_instances(**where, RetainStacks=False)
    assert fleet.end(failed)["Status"] == "FAILED"
    assert fleet.instance()["Status"] == "INOPERABLE"
    assert fleet.end(fleet.client.delete_stack_instances(**where, RetainStacks=True))["Status"] == "SUCCEEDED"


@pytest.mark.source(
    "API Reference: OperationInProgressException; its words as hashicorp/terraform-provider-aws#28675 quotes them"
)
def test_an_operation_must_be_waited_for(fleet: Fleet) -> None:
    where = {"StackSetName": "set", "Accounts": [fleet.target.account], "Regions": [REGION]}
    first = fleet.client.create_stack_instances(**where, OperationId="first")
    with pytest.raises(ClientError, match=r"OperationInProgressException.*Another Operation on StackSet arn:.* is in progress"):
        fleet.client.update_stack_set(StackSetName="set", UsePreviousTemplate=True)
    fleet.end(first)
    with pytest.raises(ClientError, match="OperationIdAlreadyExistsException"):
        fleet.client.create_stack_instances(**where, OperationId="first")
    fleet.end(fleet.client.update_stack_set(StackSetName="set", UsePreviousTemplate=True, ManagedExecution={"Active": True}))
    fleet.client.update_stack_set(StackSetName="set", UsePreviousTemplate=True)
    fleet.client.update_stack_set(StackSetName="set", UsePreviousTemplate=True)
    actions = [item["Action"] for item in fleet.client.list_stack_set_operations(StackSetName="set")["Summaries"]]
    assert actions == ["UPDATE", "UPDATE", "UPDATE", "CREATE"]
    with pytest.raises(ClientError, match="InvalidOperationException"):
        fleet.client.stop_stack_set_operation(StackSetName="set", OperationId="first")
    with pytest.raises(ClientError, match="OperationNotFoundException"):
        fleet.client.describe_stack_set_operation(StackSetName="set", OperationId="other")


@pytest.mark.source("API Reference: CreateStackSet: Capabilities, Parameters, NameAlreadyExistsException, StackSetName")
def test_what_cannot_be_a_stack_set_is_refused(fleet: Fleet) -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": {"Statement": []}}}
    cases: list[tuple[str, dict[str, Any]]] = [
        ("NameAlreadyExistsException", {"StackSetName": "set", "TemplateBody": template()}),
        ("CAPABILITY_NAMED_IAM", {"StackSetName": "roles", "TemplateBody": template(R=role)}),
        ("stackSetName", {"StackSetName": "1st", "TemplateBody": template()}),
        ("do not exist in the template", {
            "StackSetName": "more", "TemplateBody": template(), "Parameters": [{"ParameterKey": "X", "ParameterValue": "1"}],
        }),
        ("Template", {"StackSetName": "none"}),
        ("SERVICE_MANAGED", {"StackSetName": "auto", "TemplateBody": template(), "AutoDeployment": {"Enabled": True}}),
    ]  # fmt: skip
    for message, request in cases:
        with pytest.raises(ClientError, match=message):
            fleet.client.create_stack_set(**request)


@pytest.mark.source("Service Authorization Reference: CloudFormation: actions on the resource type stackset; iam:PassRole")
def test_iam_is_asked_for_every_operation(fleet: Fleet) -> None:
    mine = f"arn:aws:cloudformation:*:{fleet.aws.account}:stackset/set:*"
    role = fleet.aws.role(
        "operator", allow("cloudformation:CreateStackInstances", "cloudformation:CreateStackSet", resource=mine)
    )
    maker = fleet.aws.role("maker", allow("cloudformation:CreateStackSet"))
    client = fleet.aws.assume(role).client("cloudformation")
    client.create_stack_instances(StackSetName="set", Accounts=[fleet.target.account], Regions=[REGION])
    with pytest.raises(ClientError, match=r"AccessDenied.*cloudformation:DescribeStackSet "):
        client.describe_stack_set(StackSetName="set")
    with pytest.raises(ClientError, match=r"AccessDenied.*CreateStackSet on resource: \*"):  # which takes no resource
        client.create_stack_set(StackSetName="set", TemplateBody=template())
    client = fleet.aws.assume(maker).client("cloudformation")
    admin = f"arn:aws:iam::{fleet.aws.account}:role/{ADMIN}"
    with pytest.raises(ClientError, match=r"AccessDenied.*iam:PassRole"):
        client.create_stack_set(StackSetName="set", TemplateBody=template(), AdministrationRoleARN=admin)


@pytest.mark.source("emulator: what is not emulated says so")
def test_what_is_not_emulated_says_so(fleet: Fleet) -> None:
    with pytest.raises(ClientError, match="emulator:"):
        fleet.client.detect_stack_set_drift(StackSetName="set")
    with pytest.raises(ClientError, match="emulator:"):
        fleet.client.import_stacks_to_stack_set(StackSetName="set", StackIds=["x"])
    with pytest.raises(ClientError, match="emulator:"):
        fleet.client.create_stack_set(StackSetName="from", StackId="arn:aws:cloudformation:eu-west-1:1:stack/a/b")


@pytest.mark.source("AWS::CloudFormation::StackSet: schema and handlers; StackInstancesGroup follows its list")
def test_the_type_keeps_its_instances(fleet: Fleet) -> None:
    def resources(value: str, regions: list[str], size: str) -> dict[str, Any]:
        group = {
            "DeploymentTargets": {"Accounts": [fleet.target.account]},
            "Regions": regions,
            "ParameterOverrides": [{"ParameterKey": "Size", "ParameterValue": size}],
        }
        return {
            "Set": {
                "Type": "AWS::CloudFormation::StackSet",
                "Properties": {
                    "StackSetName": "typed",
                    "PermissionModel": "SELF_MANAGED",
                    "TemplateBody": template(value),
                    "StackInstancesGroup": [group],
                },
            }
        }

    ref = {"Id": {"Fn::GetAtt": ["Set", "StackSetId"]}}
    made = fleet.aws.deploy("sets", resources("one", [REGION, ELSEWHERE], "big"), ref)
    assert made["StackStatus"] == "CREATE_COMPLETE", fleet.aws.reasons("sets")
    assert fleet.aws.outputs("sets")["Id"].startswith("typed:")
    assert fleet.value(ELSEWHERE) == "one-big"
    fleet.aws.deploy("sets", resources("two", [REGION], "huge"), ref)
    assert fleet.value() == "two-huge"
    with pytest.raises(ClientError, match="ParameterNotFound"):
        fleet.value(ELSEWHERE)
    fleet.aws.client("cloudformation").delete_stack(StackName="sets")
    with pytest.raises(ClientError, match="ParameterNotFound"):
        fleet.value()
    fleet.target.client("iam").delete_role_policy(RoleName=EXECUTION, PolicyName="inline")
    failed = fleet.aws.deploy("sets", resources("one", [REGION], "big"))
    assert failed["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "was unexpectedly stopped or failed" in fleet.aws.reasons("sets")
    assert [s["Status"] for s in fleet.client.list_stack_sets(Status="ACTIVE")["Summaries"] if s["StackSetName"] == "typed"] == []
