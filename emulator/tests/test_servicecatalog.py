"""What administrators of Service Catalog do: products, versions, constraints, and the types of CloudFormation."""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws
from servicecatalog_world import Consumer, Shelf, allow

ID = "[a-z0-9]{13}"


@pytest.mark.source("Service Catalog API Reference: patterns of PortfolioDetail.Id, ProductViewSummary, ConstraintId")
def test_ids_have_the_shapes_of_aws(shelf: Shelf, other: Aws) -> None:
    published = shelf.publish(other.account)
    for key, prefix in (("Portfolio", "port"), ("Product", "prod"), ("Versions", "pa"), ("Constraint", "cons")):
        assert re.fullmatch(f"{prefix}-{ID}", published[key])


@pytest.mark.source("CloudFormation: AWS::ServiceCatalog::CloudFormationProduct, ReplaceProvisioningArtifacts false")
def test_versions_are_matched_by_name_and_address(shelf: Shelf, other: Aws) -> None:
    shelf.versions = [shelf.version("1.0.0"), shelf.version("1.1.0")]
    one, two = shelf.publish(other.account)["Versions"].split(",")
    catalog = shelf.aws.client("servicecatalog")
    product = shelf.aws.outputs("published")["Product"]
    catalog.update_provisioning_artifact(ProductId=product, ProvisioningArtifactId=one, Guidance="DEPRECATED", Active=False)

    shelf.versions.append(shelf.version("2.0.0"))
    ids = shelf.publish(other.account)["Versions"].split(",")
    assert ids[:2] == [one, two]
    kept = catalog.describe_provisioning_artifact(ProductId=product, ProvisioningArtifactId=one)["ProvisioningArtifactDetail"]
    assert (kept["Active"], kept["Guidance"]) == (False, "DEPRECATED")

    shelf.versions = [shelf.versions[0], shelf.version("2.0.0", key="elsewhere")]
    after = shelf.publish(other.account)["Versions"].split(",")
    assert after[0] == one
    assert after[1] not in ids
    listed = catalog.list_provisioning_artifacts(ProductId=product)["ProvisioningArtifactDetails"]
    assert [item["Name"] for item in listed] == ["1.0.0", "2.0.0"]


@pytest.mark.source("Service Catalog Administrator Guide: quotas: 100 versions per product")
def test_a_product_holds_a_hundred_versions(shelf: Shelf, other: Aws) -> None:
    url = shelf.versions[0]["Info"]["LoadTemplateFromURL"]
    shelf.versions = [{"Name": f"1.{n}.0", "Info": {"LoadTemplateFromURL": url}} for n in range(100)]
    published = shelf.publish(other.account)
    assert len(published["Versions"].split(",")) == 100
    with pytest.raises(ClientError, match="LimitExceededException"):
        shelf.aws.client("servicecatalog").create_provisioning_artifact(
            ProductId=published["Product"],
            Parameters={"Name": "2", "Info": {"LoadTemplateFromURL": url}, "Type": "CLOUD_FORMATION_TEMPLATE"},
            IdempotencyToken="t",
        )


@pytest.mark.source("AWS::ServiceCatalog::CloudFormationProduct handler permissions: s3:GetObject on every listed template")
def test_every_listed_template_is_read_on_every_operation(shelf: Shelf, other: Aws) -> None:
    shelf.versions = [{"Name": "1", "Info": {"LoadTemplateFromURL": f"https://{shelf.bucket}.s3.{REGION}.amazonaws.com/none"}}]
    assert shelf.aws.deploy("published", shelf.resources(other.account))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "The specified key does not exist" in shelf.aws.reasons("published")
    shelf.aws.client("cloudformation").delete_stack(StackName="published")
    shelf.versions = [shelf.version("1.0.0")]
    shelf.publish(other.account)
    shelf.aws.client("s3").delete_object(Bucket=shelf.bucket, Key="templates/1.0.0.json")
    shelf.versions.append(shelf.version("1.1.0"))
    assert shelf.aws.deploy("published", shelf.resources(other.account))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.source("AWS::ServiceCatalog::CloudFormationProduct: the stack's role reads the template")
def test_the_stacks_role_must_be_able_to_read_the_template(shelf: Shelf, other: Aws) -> None:
    trust = {"Service": "cloudformation.amazonaws.com"}
    shelf.aws.role("cfn", allow("servicecatalog:*", "cloudformation:*"), trust=trust)
    arn = f"arn:aws:iam::{shelf.aws.account}:role/cfn"
    assert shelf.aws.deploy("published", shelf.resources(other.account), RoleARN=arn)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "s3:GetObject" in shelf.aws.reasons("published")


@pytest.mark.source(
    "CloudFormation registry schema of AWS::ServiceCatalog::LaunchRoleConstraint: iam:PassRole in its create handler"
)
def test_a_launch_constraint_passes_its_role(shelf: Shelf, other: Aws) -> None:
    may = allow("servicecatalog:*", "s3:GetObject", "cloudformation:*")
    arn = shelf.aws.role("publisher", may, trust={"Service": "cloudformation.amazonaws.com"})
    assert shelf.aws.deploy("published", shelf.resources(other.account), RoleARN=arn)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert f"iam:PassRole on resource: arn:aws:iam::{shelf.aws.account}:role/launch" in shelf.aws.reasons("published")


@pytest.mark.source(
    "Service Catalog API Reference: CreateConstraint: LocalRoleName must exist; the product must be in the portfolio"
)
def test_a_launch_constraint_needs_its_role_and_association(shelf: Shelf, other: Aws) -> None:
    resources = shelf.resources(other.account)
    resources["Constraint"]["Properties"]["LocalRoleName"] = "nobody"
    assert shelf.aws.deploy("published", resources)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "LocalRoleName nobody does not exist" in shelf.aws.reasons("published")
    shelf.aws.client("cloudformation").delete_stack(StackName="published")
    del resources["Association"], resources["Constraint"]["DependsOn"]
    resources["Constraint"]["Properties"]["LocalRoleName"] = "launch"
    assert shelf.aws.deploy("published", resources)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "is not associated with portfolio" in shelf.aws.reasons("published")


@pytest.mark.source(
    "Service Catalog API Reference: DescribeProduct, DescribeProductView, DescribeProvisioningParameters, ListLaunchPaths"
)
def test_a_launch_form_can_be_shown(consumer: Consumer) -> None:
    product = consumer.published["Product"]
    shown = consumer.user.describe_product(Id=product)
    path = consumer.user.list_launch_paths(ProductId=product)["LaunchPathSummaries"][0]
    assert (shown["LaunchPaths"][0]["Id"], path["Name"]) == (path["Id"], "Security")
    view = consumer.user.describe_product_view(Id=shown["ProductViewSummary"]["Id"])
    assert view["ProvisioningArtifacts"][0]["Name"] == "1.0.0"
    form = consumer.user.describe_provisioning_parameters(
        ProductId=product, ProvisioningArtifactId=shown["ProvisioningArtifacts"][0]["Id"], PathId=path["Id"]
    )
    assert form["ProvisioningArtifactParameters"][0]["ParameterConstraints"]["AllowedValues"] == ["small", "big"]
    assert form["ConstraintSummaries"][0]["Type"] == "LAUNCH"


@pytest.mark.source("Service Catalog API Reference: ResourceInUseException of DeleteProduct and DeletePortfolio")
def test_what_is_in_use_cannot_be_deleted(consumer: Consumer, shelf: Shelf) -> None:
    catalog = shelf.aws.client("servicecatalog")
    for call, key in ((catalog.delete_product, "Product"), (catalog.delete_portfolio, "Portfolio")):
        with pytest.raises(ClientError, match="ResourceInUseException"):
            call(Id=consumer.published[key])


@pytest.mark.source("Service Catalog endpoints and quotas: Service Catalog is regional")
def test_portfolios_are_regional(consumer: Consumer) -> None:
    elsewhere = consumer.aws.client("servicecatalog", "eu-central-1")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        elsewhere.describe_portfolio(Id=consumer.published["Portfolio"])


@pytest.mark.source("CloudFormation: the published stack is deleted in order; the recipient's stack after it")
def test_everything_can_be_taken_down(consumer: Consumer, shelf: Shelf) -> None:
    consumer.aws.client("cloudformation").delete_stack(StackName="access")
    shelf.aws.client("cloudformation").delete_stack(StackName="published")
    assert shelf.aws.client("cloudformation").describe_stacks()["Stacks"] == []
    assert shelf.aws.client("servicecatalog").list_portfolios()["PortfolioDetails"] == []
