"""A catalog account with a product, and a consumer account that accepted its portfolio, for the tests of Service Catalog."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import REGION, Aws

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
