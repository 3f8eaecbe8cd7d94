"""Plans of provisioned products, TagOptions and service actions."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import Aws
from servicecatalog_world import Consumer, Shelf, product_template


def plan(consumer: Consumer, artifact: str, name: str = "mine", **more: Any) -> str:
    made = consumer.user.create_provisioned_product_plan(
        PlanName="p", PlanType="CLOUDFORMATION", ProductId=consumer.published["Product"], ProvisionedProductName=name,
        ProvisioningArtifactId=artifact, IdempotencyToken="t", **more,
    )  # fmt: skip
    return str(made["PlanId"])


@pytest.mark.source("API Reference: CreateProvisionedProductPlan, DescribeProvisionedProductPlan, ExecuteProvisionedProductPlan")
def test_a_plan_tells_what_it_will_do_and_does_it(consumer: Consumer, shelf: Shelf) -> None:
    user, artifact = consumer.user, consumer.published["Versions"]
    first = plan(consumer, artifact, ProvisioningParameters=[{"Key": "Size", "Value": "big"}])
    shown = user.describe_provisioned_product_plan(PlanId=first)
    assert shown["ProvisionedProductPlanDetails"]["Status"] == "CREATE_SUCCESS"
    assert [(c["Action"], c["LogicalResourceId"]) for c in shown["ResourceChanges"]] == [("ADD", "P")]
    assert consumer.aws.client("ssm").describe_parameters()["Parameters"] == []
    with pytest.raises(ClientError, match="InvalidStateException"):
        plan(consumer, artifact)
    record = user.execute_provisioned_product_plan(PlanId=first, IdempotencyToken="e")["RecordDetail"]
    assert consumer.record(record["RecordId"])["Status"] == "SUCCEEDED"
    assert record["ProvisionedProductId"] == shown["ProvisionedProductPlanDetails"]["ProvisionProductId"]
    with pytest.raises(ClientError, match="InvalidStateException"):
        user.execute_provisioned_product_plan(PlanId=first, IdempotencyToken="e")
    user.delete_provisioned_product_plan(PlanId=first)

    shelf.versions.append(shelf.version("2.0.0", template=product_template("two")))
    newer = shelf.publish(consumer.aws.account)["Versions"].split(",")[1]
    second = plan(consumer, newer, ProvisioningParameters=[{"Key": "Size", "UsePreviousValue": True}])
    change = user.describe_provisioned_product_plan(PlanId=second)["ResourceChanges"][0]
    assert (change["Action"], change["Replacement"]) == ("MODIFY", "FALSE")
    listed = user.list_provisioned_product_plans(ProvisionProductId=record["ProvisionedProductId"])["ProvisionedProductPlans"]
    assert [item["PlanId"] for item in listed] == [second]
    user.execute_provisioned_product_plan(PlanId=second, IdempotencyToken="e")
    name = consumer.record(record["RecordId"])["Outputs"]["Name"]
    assert consumer.aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "two-big"


@pytest.mark.source("API Reference: ProvisionedProductPlanStatus CREATE_FAILED")
def test_a_plan_that_cannot_be_made_fails(consumer: Consumer) -> None:
    bad = plan(consumer, consumer.published["Versions"], ProvisioningParameters=[{"Key": "Size", "Value": "huge"}])
    detail = consumer.user.describe_provisioned_product_plan(PlanId=bad)["ProvisionedProductPlanDetails"]
    assert (detail["Status"], "Size" in detail["StatusMessage"]) == ("CREATE_FAILED", True)
    with pytest.raises(ClientError, match="InvalidStateException"):
        consumer.user.execute_provisioned_product_plan(PlanId=bad, IdempotencyToken="e")


@pytest.mark.source("Registry schemas of AWS::ServiceCatalog TagOption(Association), ServiceAction(Association)")
def test_tag_options_and_service_actions_are_kept(shelf: Shelf, other: Aws) -> None:
    resources = shelf.resources(other.account)
    definition = [{"Key": "Name", "Value": "AWS-RestartEC2Instance"}, {"Key": "Version", "Value": "1"}]
    prefix = "AWS::ServiceCatalog::"
    first = {"Fn::Select": [0, {"Fn::Split": [",", {"Fn::GetAtt": ["Product", "ProvisioningArtifactIds"]}]}]}
    resources |= {
        "Option": {"Type": prefix + "TagOption", "Properties": {"Key": "team", "Value": "blue"}},
        "Tagged": {
            "Type": prefix + "TagOptionAssociation",
            "Properties": {"TagOptionId": {"Ref": "Option"}, "ResourceId": {"Ref": "Portfolio"}},
        },
        "Action": {
            "Type": prefix + "ServiceAction",
            "Properties": {"Name": "restart", "DefinitionType": "SSM_AUTOMATION", "Definition": definition},
        },
        "Attached": {
            "Type": prefix + "ServiceActionAssociation",
            "Properties": {
                "ServiceActionId": {"Ref": "Action"}, "ProductId": {"Ref": "Product"}, "ProvisioningArtifactId": first,
            },
        },
    }  # fmt: skip
    stack = shelf.aws.deploy("published", resources)
    assert stack["StackStatus"] == "CREATE_COMPLETE", shelf.aws.reasons("published")
    catalog = shelf.aws.client("servicecatalog")
    option = catalog.list_tag_options(Filters={"Key": "team"})["TagOptionDetails"][0]
    assert (option["Value"], option["Active"]) == ("blue", True)
    with pytest.raises(ClientError, match="ResourceInUseException"):
        catalog.delete_tag_option(Id=option["Id"])
    with pytest.raises(ClientError, match="DuplicateResourceException"):
        catalog.create_tag_option(Key="team", Value="blue")
    action = catalog.list_service_actions()["ServiceActionSummaries"][0]
    assert catalog.describe_service_action(Id=action["Id"])["ServiceActionDetail"]["Definition"]["Version"] == "1"
    with pytest.raises(ClientError, match="ResourceInUseException"):
        catalog.delete_service_action(Id=action["Id"])
    shelf.aws.client("cloudformation").delete_stack(StackName="published")
    assert (catalog.list_tag_options()["TagOptionDetails"], catalog.list_service_actions()["ServiceActionSummaries"]) == ([], [])


@pytest.mark.source("emulator: what is not emulated says so")
def test_what_is_not_emulated_says_so(consumer: Consumer) -> None:
    for call, arguments in (
        (consumer.user.import_as_provisioned_product, {
            "ProductId": "p", "ProvisioningArtifactId": "a", "ProvisionedProductName": "n", "IdempotencyToken": "t",
            "PhysicalId": "x",
        }),
        (consumer.user.copy_product, {"SourceProductArn": "arn:aws:catalog:eu-west-1:1:product/p", "IdempotencyToken": "t"}),
    ):  # fmt: skip
        with pytest.raises(ClientError, match="emulator:"):
            call(**arguments)
