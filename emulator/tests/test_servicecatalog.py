from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws

ID = "[a-z0-9]{13}"
SERVICE = {"Service": "servicecatalog.amazonaws.com"}


def allow(*actions: str, resource: str | list[str] = "*", **rest: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **rest}


LAUNCH = [
    allow(
        "cloudformation:CreateStack", "cloudformation:UpdateStack", "cloudformation:DeleteStack", "cloudformation:DescribeStacks",
        "cloudformation:DescribeStackEvents", resource="arn:aws:cloudformation:*:*:stack/SC-*",
    ),
    allow("cloudformation:GetTemplateSummary", "cloudformation:ValidateTemplate"),
]  # fmt: skip
TAGGED = allow("s3:GetObject", Condition={"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}})
PARAMETERS = allow("ssm:*", resource="arn:aws:ssm:*:*:parameter/app/*")


def product_template(value: str = "one", **more: Any) -> dict[str, Any]:
    """A product that makes one SSM parameter and takes its size."""
    return {
        "Parameters": {
            "Size": {"Type": "String", "Default": "small", "AllowedValues": ["small", "big"], "Description": "How big"}
        },
        "Resources": {
            "P": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {
                    "Name": {"Fn::Sub": "/app/${AWS::StackName}"},
                    "Type": "String",
                    "Value": {"Fn::Sub": value + "-${Size}"},
                },
            },
            **more,
        },
        "Outputs": {"Name": {"Value": {"Ref": "P"}, "Description": "of the parameter"}},
    }


@dataclass
class Shelf:
    """A catalog account with a bucket of templates, one product in one portfolio, and a launch constraint."""

    aws: Aws
    bucket: str = ""
    versions: list[dict[str, Any]] = field(default_factory=list)

    def put(self, key: str, template: dict[str, Any]) -> str:
        """Store a template and return its address, as the fleet writes it."""
        self.aws.client("s3").put_object(Bucket=self.bucket, Key=f"templates/{key}.json", Body=json.dumps(template).encode())
        return f"https://{self.bucket}.s3.{REGION}.amazonaws.com/templates/{key}.json"

    def version(self, name: str, key: str | None = None, template: dict[str, Any] | None = None) -> dict[str, Any]:
        """A version as a product lists it."""
        url = self.put(key or name, template or product_template(name))
        return {"Name": name, "Info": {"LoadTemplateFromURL": url}}

    def resources(self, consumer: str) -> dict[str, Any]:
        """The published stack."""
        return {
            "Portfolio": {
                "Type": "AWS::ServiceCatalog::Portfolio",
                "Properties": {"DisplayName": "Security", "ProviderName": "Platform"},
            },
            "Product": {
                "Type": "AWS::ServiceCatalog::CloudFormationProduct",
                "Properties": {"Name": "Log archive", "Owner": "Platform", "ProvisioningArtifactParameters": self.versions},
            },
            "Association": {
                "Type": "AWS::ServiceCatalog::PortfolioProductAssociation",
                "Properties": {"PortfolioId": {"Ref": "Portfolio"}, "ProductId": {"Ref": "Product"}},
            },
            "Constraint": {
                "Type": "AWS::ServiceCatalog::LaunchRoleConstraint",
                "DependsOn": "Association",
                "Properties": {"PortfolioId": {"Ref": "Portfolio"}, "ProductId": {"Ref": "Product"}, "LocalRoleName": "launch"},
            },
            "Share": {
                "Type": "AWS::ServiceCatalog::PortfolioShare",
                "Properties": {"PortfolioId": {"Ref": "Portfolio"}, "AccountId": consumer},
            },
        }

    def publish(self, consumer: str) -> dict[str, str]:
        """Deploy the published stack; the answer is its outputs."""
        outputs = {name: {"Ref": name} for name in ("Portfolio", "Product", "Constraint")}
        outputs["Versions"] = {"Fn::GetAtt": ["Product", "ProvisioningArtifactIds"]}  # type: ignore[dict-item]
        stack = self.aws.deploy("published", self.resources(consumer), outputs)
        assert stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), self.aws.reasons("published")
        return self.aws.outputs("published")


@pytest.fixture
def shelf(aws: Aws) -> Shelf:
    bucket = f"templates-{aws.account}"
    aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.role("launch", *LAUNCH, TAGGED, PARAMETERS, trust=SERVICE)
    made = Shelf(aws, bucket)
    made.versions = [made.version("1.0.0")]
    return made


@dataclass
class Consumer:
    """An account that accepted the share, and its end user."""

    aws: Aws
    published: dict[str, str]
    user: Any
    role: str

    def launch(self, name: str = "mine", **more: Any) -> dict[str, Any]:
        """Launch the product and return its record."""
        arguments = {"ProductId": self.published["Product"], "ProvisioningArtifactName": "1.0.0", **more}
        record = self.user.provision_product(ProvisionedProductName=name, **arguments)["RecordDetail"]
        return self.record(record["RecordId"])

    def record(self, record_id: str) -> dict[str, Any]:
        """A record and its outputs."""
        answer: dict[str, Any] = self.user.describe_record(Id=record_id)
        return {**answer["RecordDetail"], "Outputs": {o["OutputKey"]: o["OutputValue"] for o in answer["RecordOutputs"]}}


@pytest.fixture
def consumer(shelf: Shelf, other: Aws) -> Consumer:
    published = shelf.publish(other.account)
    other.role("launch", *LAUNCH, TAGGED, PARAMETERS, trust=SERVICE)
    role = other.role("dev", allow("servicecatalog:*"), Path="/fleet/")
    access = {
        "Accept": {"Type": "AWS::ServiceCatalog::AcceptedPortfolioShare", "Properties": {"PortfolioId": published["Portfolio"]}},
        "Principal": {
            "Type": "AWS::ServiceCatalog::PortfolioPrincipalAssociation",
            "DependsOn": "Accept",
            "Properties": {
                "PortfolioId": published["Portfolio"],
                "PrincipalARN": "arn:aws:iam:::role/fleet/*",
                "PrincipalType": "IAM_PATTERN",
            },
        },
    }
    assert other.deploy("access", access)["StackStatus"] == "CREATE_COMPLETE", other.reasons("access")
    return Consumer(other, published, other.assume(role).client("servicecatalog"), role)


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


@pytest.mark.source("Service Catalog Administrator Guide: Sharing a portfolio: importing; recipients add their own principals")
def test_a_recipient_sees_what_it_accepted(consumer: Consumer) -> None:
    catalog, portfolio = consumer.aws.client("servicecatalog"), consumer.published["Portfolio"]
    accepted = catalog.list_accepted_portfolio_shares()["PortfolioDetails"]
    assert [item["Id"] for item in accepted] == [portfolio]
    assert catalog.list_portfolios()["PortfolioDetails"] == []
    admin = catalog.search_products_as_admin(PortfolioId=portfolio)["ProductViewDetails"]
    assert [item["ProductViewSummary"]["Name"] for item in admin] == ["Log archive"]
    principals = catalog.list_principals_for_portfolio(PortfolioId=portfolio)["Principals"]
    assert principals == [{"PrincipalARN": "arn:aws:iam:::role/fleet/*", "PrincipalType": "IAM_PATTERN"}]
    constraint = catalog.list_constraints_for_portfolio(PortfolioId=portfolio)["ConstraintDetails"][0]
    assert json.loads(catalog.describe_constraint(Id=constraint["ConstraintId"])["ConstraintParameters"]) == {
        "LocalRoleName": "launch"
    }
    assert [
        p["Id"] for p in catalog.list_portfolios_for_product(ProductId=consumer.published["Product"])["PortfolioDetails"]
    ] == [portfolio]
    assert (
        catalog.describe_product_as_admin(Id=consumer.published["Product"])["ProvisioningArtifactSummaries"][0]["Name"] == "1.0.0"
    )


@pytest.mark.source("Service Catalog API Reference: AcceptPortfolioShare of what was not shared")
def test_what_was_not_shared_cannot_be_accepted(shelf: Shelf, other: Aws, aws: Aws) -> None:
    published = shelf.publish("999999999999")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        other.client("servicecatalog").accept_portfolio_share(PortfolioId=published["Portfolio"])
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        other.client("servicecatalog").describe_portfolio(Id=published["Portfolio"])


@pytest.mark.source("Service Catalog API Reference: AssociatePrincipalWithPortfolio, PrincipalType IAM and IAM_PATTERN")
def test_end_users_see_only_what_their_principal_grants(consumer: Consumer) -> None:
    product = consumer.published["Product"]
    assert [p["ProductId"] for p in consumer.user.search_products()["ProductViewSummaries"]] == [product]
    outsider = consumer.aws.assume(consumer.aws.role("outsider", allow("servicecatalog:*"))).client("servicecatalog")
    assert outsider.search_products()["ProductViewSummaries"] == []
    for call in (outsider.describe_product, outsider.list_launch_paths):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            call(**({"Id": product} if call == outsider.describe_product else {"ProductId": product}))
    with pytest.raises(ClientError, match="No launch paths found for resource"):
        outsider.provision_product(ProductId=product, ProvisioningArtifactName="1.0.0", ProvisionedProductName="x")
    arn = f"arn:aws:iam::{consumer.aws.account}:role/outsider"
    admin = consumer.aws.client("servicecatalog")
    admin.associate_principal_with_portfolio(PortfolioId=consumer.published["Portfolio"], PrincipalARN=arn, PrincipalType="IAM")
    assert len(outsider.search_products()["ProductViewSummaries"]) == 1
    with pytest.raises(ClientError, match="InvalidParametersException"):
        admin.associate_principal_with_portfolio(
            PortfolioId=consumer.published["Portfolio"], PrincipalARN=arn + "-nobody", PrincipalType="IAM"
        )


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


@pytest.mark.source("Service Catalog API Reference: DeletePortfolioShare: the recipient loses the portfolio")
def test_ending_a_share_takes_the_portfolio_away(consumer: Consumer, shelf: Shelf) -> None:
    catalog = shelf.aws.client("servicecatalog")
    shares = catalog.describe_portfolio_shares(PortfolioId=consumer.published["Portfolio"], Type="ACCOUNT")[
        "PortfolioShareDetails"
    ]
    assert [(s["PrincipalId"], s["Accepted"]) for s in shares] == [(consumer.aws.account, True)]
    catalog.delete_portfolio_share(PortfolioId=consumer.published["Portfolio"], AccountId=consumer.aws.account)
    assert consumer.user.search_products()["ProductViewSummaries"] == []
    assert consumer.aws.client("servicecatalog").list_accepted_portfolio_shares()["PortfolioDetails"] == []


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
