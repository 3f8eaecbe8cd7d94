"""What constraints other than the launch role do to a launch: stack sets, tags; and which go together."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws
from servicecatalog_world import Consumer, Shelf, allow, product_template

ADMIN, EXECUTION = "stackset-admin", "stackset-execution"


def constrain(consumer: Consumer, shelf: Shelf, kind: str, parameters: Any) -> str:
    made = shelf.aws.client("servicecatalog").create_constraint(
        PortfolioId=consumer.published["Portfolio"],
        ProductId=consumer.published["Product"],
        Type=kind,
        Parameters=json.dumps(parameters),
        IdempotencyToken=kind,
    )
    return str(made["ConstraintDetail"]["ConstraintId"])


def stackset(consumer: Consumer, *accounts: str) -> dict[str, Any]:
    """The parameters of a STACKSET constraint; the consumer's account holds both roles."""
    return {
        "Version": "1.0",
        "Properties": {
            "AccountList": list(accounts) or [consumer.aws.account],
            "RegionList": [REGION, "eu-central-1"],
            "AdminRole": f"arn:aws:iam::{consumer.aws.account}:role/{ADMIN}",
            "ExecutionRole": EXECUTION,
        },
    }


def add_roles(account: Aws) -> None:
    assume = allow("sts:AssumeRole", resource=f"arn:aws:iam::*:role/{EXECUTION}")
    arn = account.role(ADMIN, assume, trust={"Service": "cloudformation.amazonaws.com"})
    account.role(EXECUTION, allow("cloudformation:*", "ssm:*"), trust={"AWS": arn})


@pytest.mark.source("API Reference: CreateConstraint: one LAUNCH, one STACKSET, not both; what each kind's Parameters hold")
@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        ("LAUNCH", {"LocalRoleName": "launch"}, "DuplicateResourceException"),
        ("STACKSET", {"Properties": {}}, "cannot have both"),
        ("RESOURCE_UPDATE", {"Properties": {"TagUpdateOnProvisionedProduct": "MAYBE"}}, "NOT_ALLOWED"),
        ("NOTIFICATION", {"NotificationArns": ["topic"]}, "SNS topics"),
        ("TEMPLATE", {"Rules": {"R": {}}}, "Assertions"),
        ("TEMPLATE", ["Rules"], "JSON object"),
        ("OTHER", {}, "Invalid constraint type"),
    ],
)
def test_constraints_that_make_no_sense_are_refused(
    consumer: Consumer, shelf: Shelf, kind: str, parameters: Any, message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        constrain(consumer, shelf, kind, parameters)


@pytest.mark.source("API: UpdateProvisionedProduct.Tags need RESOURCE_UPDATE with TagUpdateOnProvisionedProduct ALLOWED")
def test_tags_change_only_where_it_is_allowed(consumer: Consumer, shelf: Shelf) -> None:
    stack_id = consumer.launch()["Outputs"]["CloudformationStackARN"]
    change: dict[str, Any] = {"ProvisionedProductName": "mine", "Tags": [{"Key": "team", "Value": "blue"}]}
    with pytest.raises(ClientError, match="RESOURCE_UPDATE"):
        consumer.user.update_provisioned_product(**change)
    constraint = constrain(
        consumer, shelf, "RESOURCE_UPDATE", {"Version": "2.0", "Properties": {"TagUpdateOnProvisionedProduct": "ALLOWED"}}
    )
    consumer.user.update_provisioned_product(**change)
    stack = consumer.aws.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"][0]
    assert {"Key": "team", "Value": "blue"} in stack["Tags"]
    refused = {"Version": "2.0", "Properties": {"TagUpdateOnProvisionedProduct": "NOT_ALLOWED"}}
    shelf.aws.client("servicecatalog").update_constraint(Id=constraint, Parameters=json.dumps(refused))
    with pytest.raises(ClientError, match="RESOURCE_UPDATE"):
        consumer.user.update_provisioned_product(**change)


@pytest.mark.source("Administrator Guide: stack set constraints; API: UpdateProvisioningPreferences.StackSetOperationType")
def test_a_stack_set_constraint_launches_a_stack_set(consumer: Consumer, shelf: Shelf) -> None:
    shelf.aws.client("servicecatalog").delete_constraint(Id=consumer.published["Constraint"])
    constrain(consumer, shelf, "STACKSET", stackset(consumer))
    with pytest.raises(ClientError, match="cannot have both"):
        constrain(consumer, shelf, "LAUNCH", {"LocalRoleName": "launch"})
    failed = consumer.launch("early")
    assert (failed["Status"], f"should have '{ADMIN}' role" in failed["RecordErrors"][0]["Description"]) == ("FAILED", True)
    add_roles(consumer.aws)
    with pytest.raises(ClientError, match="not in the RegionList"):
        consumer.launch("far", ProvisioningPreferences={"StackSetRegions": ["us-east-1"]})
    record = consumer.launch(ProvisioningPreferences={"StackSetRegions": [REGION]})
    assert record["Status"] == "SUCCEEDED", record["RecordErrors"]
    made = record["ProvisionedProductId"]
    detail = consumer.user.describe_provisioned_product(Id=made)["ProvisionedProductDetail"]
    assert detail["Type"] == "CFN_STACKSET"

    def regions() -> list[str]:
        listed = consumer.user.list_stack_instances_for_provisioned_product(ProvisionedProductId=made)["StackInstances"]
        return [item["Region"] for item in listed if item["StackInstanceStatus"] == "CURRENT"]

    assert regions() == [REGION]
    more = {"StackSetRegions": ["eu-central-1"], "StackSetOperationType": "CREATE"}
    consumer.user.update_provisioned_product(ProvisionedProductId=made, ProvisioningPreferences=more)
    assert regions() == [REGION, "eu-central-1"]
    less = {**more, "StackSetOperationType": "DELETE"}
    consumer.user.update_provisioned_product(ProvisionedProductId=made, ProvisioningPreferences=less)
    assert regions() == [REGION]
    shelf.versions.append(shelf.version("1.1.0", template=product_template("new")))
    shelf.aws.client("servicecatalog").create_provisioning_artifact(
        ProductId=consumer.published["Product"],
        Parameters={"Name": "1.1.0", "Info": shelf.versions[-1]["Info"], "Type": "CLOUD_FORMATION_TEMPLATE"},
        IdempotencyToken="v",
    )
    consumer.user.update_provisioned_product(ProvisionedProductId=made, ProvisioningArtifactName="1.1.0")
    ssm = consumer.aws.client("ssm")
    name = ssm.describe_parameters()["Parameters"][0]["Name"]
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "new-small"
    end = consumer.user.terminate_provisioned_product(ProvisionedProductId=made)["RecordDetail"]
    assert consumer.record(end["RecordId"])["Status"] == "SUCCEEDED"
    assert ssm.describe_parameters()["Parameters"] == []


@pytest.mark.source("CloudFormation registry schemas of the constraints' types in AWS::ServiceCatalog")
def test_every_kind_has_its_type(shelf: Shelf, other: Aws) -> None:
    resources = shelf.resources(other.account)
    where = {"PortfolioId": {"Ref": "Portfolio"}, "ProductId": {"Ref": "Product"}}
    del resources["Constraint"]
    rule = {"R": {"Assertions": [{"Assert": {"Fn::Equals": ["a", "a"]}, "AssertDescription": "always"}]}}
    for name, properties in (
        ("LaunchNotificationConstraint", {"NotificationArns": [f"arn:aws:sns:{REGION}:{shelf.aws.account}:topic"]}),
        ("LaunchTemplateConstraint", {"Rules": json.dumps({"Rules": rule})}),
        ("ResourceUpdateConstraint", {"TagUpdateOnProvisionedProduct": "ALLOWED"}),
        ("StackSetConstraint", {
            "Description": "d", "StackInstanceControl": "ALLOWED", "RegionList": [REGION], "AccountList": [other.account],
            "AdminRole": f"arn:aws:iam::{shelf.aws.account}:role/{ADMIN}", "ExecutionRole": EXECUTION,
        }),
    ):  # fmt: skip
        kind = f"AWS::ServiceCatalog::{name}"
        resources[name] = {"Type": kind, "DependsOn": "Association", "Properties": {**where, **properties}}
    stack = shelf.aws.deploy("published", resources, {"Portfolio": {"Ref": "Portfolio"}})
    assert stack["StackStatus"] == "CREATE_COMPLETE", shelf.aws.reasons("published")
    portfolio = shelf.aws.outputs("published")["Portfolio"]
    listed = shelf.aws.client("servicecatalog").list_constraints_for_portfolio(PortfolioId=portfolio)["ConstraintDetails"]
    assert {item["Type"] for item in listed} == {"NOTIFICATION", "TEMPLATE", "RESOURCE_UPDATE", "STACKSET"}
    resources["ResourceUpdateConstraint"]["Properties"]["TagUpdateOnProvisionedProduct"] = "MAYBE"
    assert shelf.aws.deploy("published", resources)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
