"""What a launch does: the launch role, constraints, versions and updates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from servicecatalog_world import LAUNCH, PARAMETERS, SERVICE, TAGGED, Consumer, Shelf, product_template


@pytest.mark.source("Service Catalog Administrator Guide: launch constraints; API: ProvisionProduct, DescribeRecord")
def test_a_product_is_launched_updated_and_terminated_in_the_consumers_account(consumer: Consumer, shelf: Shelf) -> None:
    ssm, cf = consumer.aws.client("ssm"), consumer.aws.client("cloudformation")
    record = consumer.launch(ProvisioningParameters=[{"Key": "Size", "Value": "big"}])
    assert record["Status"] == "SUCCEEDED", record["RecordErrors"]
    product_id = record["ProvisionedProductId"]
    stack = cf.describe_stacks(StackName=record["Outputs"]["CloudformationStackARN"])["Stacks"][0]
    assert stack["StackName"] == f"SC-{consumer.aws.account}-{product_id}"
    assert ssm.get_parameter(Name=record["Outputs"]["Name"])["Parameter"]["Value"] == "1.0.0-big"
    assert consumer.user.get_provisioned_product_outputs(ProvisionedProductName="mine")["Outputs"][1]["OutputKey"] == "Name"
    detail = consumer.user.describe_provisioned_product(Id=product_id)["ProvisionedProductDetail"]
    assert detail["Status"] == "AVAILABLE"
    assert detail["LaunchRoleArn"] == f"arn:aws:iam::{consumer.aws.account}:role/launch"
    found = consumer.user.search_provisioned_products(Filters={"SearchQuery": ["name:mine"]})["ProvisionedProducts"]
    assert (found[0]["Id"], found[0]["PhysicalId"]) == (product_id, stack["StackId"])

    shelf.versions.append(shelf.version("1.1.0"))
    shelf.publish(consumer.aws.account)
    update = consumer.user.update_provisioned_product(
        ProvisionedProductName="mine",
        ProductId=consumer.published["Product"],
        ProvisioningArtifactName="1.1.0",
        ProvisioningParameters=[{"Key": "Size", "UsePreviousValue": True}],
    )["RecordDetail"]
    assert consumer.record(update["RecordId"])["Status"] == "SUCCEEDED"
    assert ssm.get_parameter(Name=record["Outputs"]["Name"])["Parameter"]["Value"] == "1.1.0-big"

    end = consumer.user.terminate_provisioned_product(ProvisionedProductId=product_id)["RecordDetail"]
    assert consumer.record(end["RecordId"])["Status"] == "SUCCEEDED"
    assert cf.describe_stacks(StackName=stack["StackId"])["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        consumer.user.describe_provisioned_product(Id=product_id)


@pytest.mark.source(
    "Service Catalog Administrator Guide: launch role needs the resources' permissions, s3:GetObject by tag, and trust"
)
@pytest.mark.parametrize(
    ("statements", "trust", "reason"),
    [
        ([*LAUNCH, TAGGED], SERVICE, "ssm:PutParameter"),
        ([*LAUNCH, PARAMETERS], SERVICE, "s3:GetObject"),
        ([TAGGED, PARAMETERS], SERVICE, "cloudformation:CreateStack"),
        ([*LAUNCH, TAGGED, PARAMETERS], {"Service": "ec2.amazonaws.com"}, "Access denied while assuming the role"),
    ],
    ids=["resource", "template", "stack", "trust"],
)
def test_the_launch_role_bounds_the_launch(shelf: Shelf, consumer: Consumer, statements: Any, trust: Any, reason: str) -> None:
    iam = consumer.aws.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="launch", PolicyName="inline", PolicyDocument=document)
    statement = {"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(
        RoleName="launch", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    record = consumer.launch()
    assert record["Status"] == "FAILED"
    assert reason in record["RecordErrors"][0]["Description"]
    detail = consumer.user.describe_provisioned_product(Name="mine")["ProvisionedProductDetail"]
    assert (detail["Status"], reason in detail["StatusMessage"]) == ("ERROR", True)
    assert consumer.aws.client("ssm").describe_parameters()["Parameters"] == []


@pytest.mark.source("Service Catalog API Reference: ProvisionedProductDetail.Status TAINTED: rolled back, usable")
def test_a_failed_update_taints_and_keeps_what_was(consumer: Consumer, shelf: Shelf) -> None:
    record = consumer.launch()
    topic = {"Topic": {"Type": "AWS::SNS::Topic", "DependsOn": "P"}}
    shelf.versions.append(shelf.version("2.0.0", template=product_template("two", **topic)))
    shelf.publish(consumer.aws.account)
    update = consumer.user.update_provisioned_product(ProvisionedProductName="mine", ProvisioningArtifactName="2.0.0")[
        "RecordDetail"
    ]
    failed = consumer.record(update["RecordId"])
    assert (failed["Status"], "sns:CreateTopic" in failed["RecordErrors"][0]["Description"]) == ("FAILED", True)
    detail = consumer.user.describe_provisioned_product(Name="mine")["ProvisionedProductDetail"]
    assert (detail["Status"], detail["ProvisioningArtifactId"]) == ("TAINTED", record["ProvisioningArtifactId"])
    value = consumer.aws.client("ssm").get_parameter(Name=record["Outputs"]["Name"])["Parameter"]["Value"]
    assert value == "1.0.0-small"


@pytest.mark.source(
    "Service Catalog API Reference: UpdateProvisioningArtifact: Active false hides, Guidance DEPRECATED stops launches"
)
def test_guidance_and_activity_of_versions_are_honoured(consumer: Consumer, shelf: Shelf) -> None:
    consumer.launch()
    shelf.versions.append(shelf.version("1.1.0"))
    published = shelf.publish(consumer.aws.account)
    owner = shelf.aws.client("servicecatalog")
    new = published["Versions"].split(",")[1]

    owner.update_provisioning_artifact(ProductId=published["Product"], ProvisioningArtifactId=new, Guidance="DEPRECATED")
    with pytest.raises(ClientError, match="deprecated"):
        consumer.launch("second", ProvisioningArtifactName="1.1.0")
    update = consumer.user.update_provisioned_product(ProvisionedProductName="mine", ProvisioningArtifactName="1.1.0")[
        "RecordDetail"
    ]
    assert consumer.record(update["RecordId"])["Status"] == "SUCCEEDED"

    owner.update_provisioning_artifact(ProductId=published["Product"], ProvisioningArtifactId=new, Active=False)
    seen = consumer.user.describe_product(Id=published["Product"])["ProvisioningArtifacts"]
    assert [item["Name"] for item in seen] == ["1.0.0"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        consumer.launch("third", ProvisioningArtifactName="1.1.0")


@pytest.mark.source("Service Catalog API Reference: ProvisionProduct: PathId is required where there are several paths")
def test_two_paths_need_a_choice(consumer: Consumer, shelf: Shelf) -> None:
    catalog, product = shelf.aws.client("servicecatalog"), consumer.published["Product"]
    second = catalog.create_portfolio(DisplayName="Second", ProviderName="Platform", IdempotencyToken="t")["PortfolioDetail"][
        "Id"
    ]
    catalog.associate_product_with_portfolio(ProductId=product, PortfolioId=second)
    catalog.create_portfolio_share(PortfolioId=second, AccountId=consumer.aws.account)
    recipient = consumer.aws.client("servicecatalog")
    recipient.accept_portfolio_share(PortfolioId=second)
    recipient.associate_principal_with_portfolio(PortfolioId=second, PrincipalARN=consumer.role, PrincipalType="IAM")
    with pytest.raises(ClientError, match="PathId"):
        consumer.launch()
    paths = {p["Name"]: p["Id"] for p in consumer.user.list_launch_paths(ProductId=product)["LaunchPathSummaries"]}
    assert consumer.launch(PathId=paths["Security"])["Status"] == "SUCCEEDED"


@pytest.mark.source("Service Catalog API Reference: CreateConstraint: TEMPLATE rules and NOTIFICATION topics apply to launches")
def test_template_and_notification_constraints_apply(consumer: Consumer, shelf: Shelf) -> None:
    catalog, published = shelf.aws.client("servicecatalog"), consumer.published
    topic = consumer.aws.client("sns").create_topic(Name="launches")["TopicArn"]
    rule = {"Only": {"Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "Size"}, "small"]}, "AssertDescription": "only small"}]}}
    for kind, given in (("TEMPLATE", {"Rules": rule}), ("NOTIFICATION", {"NotificationArns": [topic]})):
        catalog.create_constraint(
            PortfolioId=published["Portfolio"],
            ProductId=published["Product"],
            Type=kind,
            Parameters=json.dumps(given),
            IdempotencyToken=kind,
        )
    record = consumer.launch("big", ProvisioningParameters=[{"Key": "Size", "Value": "big"}])
    assert (record["Status"], "only small" in record["RecordErrors"][0]["Description"]) == ("FAILED", True)
    stack_id = consumer.launch("small")["Outputs"]["CloudformationStackARN"]
    stack = consumer.aws.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"][0]
    assert stack["NotificationARNs"] == [topic]


@pytest.mark.source("Service Catalog API Reference: ProvisionProduct: ProvisionToken makes a launch idempotent; names are unique")
def test_a_launch_is_made_once(consumer: Consumer) -> None:
    record = consumer.launch(ProvisionToken="once")
    assert consumer.launch(ProvisionToken="once")["RecordId"] == record["RecordId"]
    with pytest.raises(ClientError, match="already exists"):
        consumer.launch()


@pytest.mark.source("Service Catalog Administrator Guide: without a launch constraint the end user's own permissions are used")
def test_without_a_launch_constraint_the_user_launches(consumer: Consumer, shelf: Shelf) -> None:
    shelf.aws.client("servicecatalog").delete_constraint(Id=consumer.published["Constraint"])
    record = consumer.launch()
    assert (record["Status"], "cloudformation:CreateStack" in record["RecordErrors"][0]["Description"]) == ("FAILED", True)
