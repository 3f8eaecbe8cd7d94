"""Stacks: what CloudFormation refuses before it touches a resource, and what parameters, rules and conditions decide.

Sources: the CloudFormation User Guide (UG) and API Reference (API) pages named at each test.
"""

from __future__ import annotations

from typing import Any

import pytest
from conftest import REGION, Aws
from stack_world import parameter, refused, status, template

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        }
    },
}
NAMED = {**ROLE, "Properties": {**ROLE["Properties"], "RoleName": "named"}}


@pytest.mark.parametrize(
    ("resource", "given", "wanted"),
    [
        pytest.param(ROLE, [], "CAPABILITY_IAM", id="a role needs CAPABILITY_IAM"),
        pytest.param(NAMED, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM", id="a named role needs CAPABILITY_NAMED_IAM"),
    ],
)
@pytest.mark.source('CloudFormation User Guide: "Acknowledging IAM resources in CloudFormation templates".')
def test_capabilities_are_required(cf: Any, resource: Any, given: list[str], wanted: str) -> None:
    body = template({"R": resource})
    message = f"Requires capabilities : [{wanted}]"
    refused(cf.create_stack, "InsufficientCapabilitiesException", message, StackName="s", TemplateBody=body, Capabilities=given)


@pytest.mark.source('CloudFormation User Guide: "Acknowledging IAM resources": CAPABILITY_NAMED_IAM is enough for unnamed ones.')
def test_named_iam_includes_iam(cf: Any) -> None:
    cf.create_stack(StackName="s", TemplateBody=template({"R": ROLE}), Capabilities=["CAPABILITY_NAMED_IAM"])
    assert status(cf, "s") == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("slot", "value", "message"),
    [
        ({"AllowedValues": ["a", "b"]}, "c", "Parameter 'P' must be one of AllowedValues"),
        ({"AllowedPattern": "[a-z]+"}, "A1", "Parameter 'P' must match pattern [a-z]+"),
        (
            {"AllowedPattern": "[a-z]+", "ConstraintDescription": "small letters"},
            "A1",
            "failed to satisfy constraint: small letters",
        ),
        ({"MinLength": 3}, "ab", "Parameter 'P' must contain at least 3 characters"),
        ({"MaxLength": 3}, "abcd", "Parameter 'P' must contain at most 3 characters"),
        ({"Type": "Number"}, "x", "Parameter 'P' must be a number"),
        ({"Type": "Number", "MinValue": 3}, "2", "Parameter 'P' must be a number not less than 3"),
        ({"Type": "Number", "MaxValue": 3}, "4", "Parameter 'P' must be a number not greater than 3"),
        ({"Type": "AWS::EC2::VPC::Id"}, "vpc-0123", "parameter value vpc-0123 for parameter name P does not exist"),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, "/none", "Unable to fetch parameters [/none] from parameter store"),
    ],
)
@pytest.mark.source('CloudFormation User Guide: "CloudFormation template Parameters syntax".')
def test_parameters_are_checked(cf: Any, slot: dict[str, Any], value: str, message: str) -> None:
    body = template({"R": parameter()}, Parameters={"P": {"Type": "String", **slot}})
    given = [{"ParameterKey": "P", "ParameterValue": value}]
    refused(cf.create_stack, "ValidationError", message, StackName="s", TemplateBody=body, Parameters=given)


@pytest.mark.source(
    'CloudFormation User Guide: "Parameters syntax": a parameter without default must be given; one that is not declared cannot.'
)
def test_missing_and_unknown_parameters_are_refused(cf: Any) -> None:
    body = template({"R": parameter()}, Parameters={"P": {"Type": "String"}})
    refused(cf.create_stack, "ValidationError", "Parameters: [P] must have values", StackName="s", TemplateBody=body)
    given = [{"ParameterKey": "P", "ParameterValue": "x"}, {"ParameterKey": "Q", "ParameterValue": "x"}]
    message = "Parameters: [Q] do not exist in the template"
    refused(cf.create_stack, "ValidationError", message, StackName="s", TemplateBody=body, Parameters=given)


@pytest.mark.source('CloudFormation User Guide: "Parameters syntax" (NoEcho) and "SSM parameter types" (ResolvedValue).')
def test_no_echo_values_are_masked_and_stored_values_resolved(aws: Aws, cf: Any) -> None:
    aws.client("ssm").put_parameter(Name="/stored", Value="from store", Type="String")
    slots = {
        "Secret": {"Type": "String", "NoEcho": True, "Default": "hidden"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/stored"},
    }
    cf.create_stack(StackName="s", TemplateBody=template({"R": parameter({"Ref": "Stored"}, "made")}, Parameters=slots))
    shown = {p["ParameterKey"]: p for p in cf.describe_stacks(StackName="s")["Stacks"][0]["Parameters"]}
    assert shown["Secret"]["ParameterValue"] == "****"
    assert (shown["Stored"]["ParameterValue"], shown["Stored"]["ResolvedValue"]) == ("/stored", "from store")
    assert aws.client("ssm").get_parameter(Name="made")["Parameter"]["Value"] == "from store"


@pytest.mark.source('CloudFormation User Guide: "Rules syntax": the CDK\'s bootstrap version rule is one.')
def test_rules_are_asserted(cf: Any) -> None:
    rule = {
        "Assertions": [{"Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2"], {"Ref": "V"}]}]}, "AssertDescription": "needs 3"}]
    }
    body = template({"R": parameter()}, Parameters={"V": {"Type": "String", "Default": "2"}}, Rules={"Check": rule})
    refused(cf.create_stack, "ValidationError", "needs 3", StackName="s", TemplateBody=body)
    given = [{"ParameterKey": "V", "ParameterValue": "3"}]
    cf.create_stack(StackName="s", TemplateBody=body, Parameters=given)


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({}, "At least one Resources member must be defined"),
        ({"A": {"Type": "AWS::Nothing::Real"}}, "Unrecognized resource types: [AWS::Nothing::Real]"),
        ({"A": parameter({"Ref": "B"}), "B": parameter({"Ref": "A"})}, "Circular dependency between resources: [A, B]"),
        ({"A": parameter({"Ref": "Nobody"})}, "Unresolved resource dependencies [Nobody] in the Resources block"),
        ({"A": parameter({"Fn::GetAtt": ["Nobody", "Arn"]})}, "Fn::GetAtt references undefined resource Nobody"),
        ({"A": {**parameter(), "Nonsense": 1}}, "Invalid template resource property 'Nonsense'"),
        ({f"R{n}": parameter() for n in range(501)}, "Number of resources, 501, is greater than maximum allowed, 500"),
        ({"A": {"Type": "Custom::Thing", "Properties": {"ServiceToken": "x"}}}, "custom resource"),
    ],
    ids=["empty", "type", "circle", "ref", "getatt", "key", "quota", "custom"],
)
@pytest.mark.source(
    'CloudFormation User Guide: "Template anatomy", "CloudFormation quotas" (500), "Resolve circular dependency errors".'
)
def test_malformed_templates_are_refused(aws: Aws, cf: Any, resources: dict[str, Any], message: str) -> None:
    s3 = aws.client("s3")
    bucket = f"templates-{aws.account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="t", Body=template(resources).encode())
    url = f"https://{bucket}.s3.{REGION}.amazonaws.com/t"
    refused(cf.create_stack, "ValidationError", message, StackName="s", TemplateURL=url)


@pytest.mark.source('CloudFormation User Guide: "CloudFormation quotas": 51,200 bytes in a request, 1 MB in an S3 object.')
def test_a_body_is_limited_and_an_address_allows_more(aws: Aws, cf: Any) -> None:
    s3, bucket = aws.client("s3"), f"limits-{aws.account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})

    def padded(size: int) -> str:
        body = template({"R": parameter()}, Metadata={"pad": ""})
        return template({"R": parameter()}, Metadata={"pad": "x" * (size - len(body))})

    refused(cf.create_stack, "ValidationError", "less than or equal to 51200", StackName="s", TemplateBody=padded(51_201))
    cf.create_stack(StackName="small", TemplateBody=padded(51_200))
    for key, size in (("fits", 1_000_000), ("long", 1_000_001)):
        s3.put_object(Bucket=bucket, Key=key, Body=padded(size).encode())
    cf.create_stack(StackName="large", TemplateURL=f"https://{bucket}.s3.{REGION}.amazonaws.com/fits")
    message = "Template may not exceed 1000000 bytes in size."
    url = f"https://s3.{REGION}.amazonaws.com/{bucket}/long"
    refused(cf.create_stack, "ValidationError", message, StackName="s", TemplateURL=url)


@pytest.mark.parametrize("name", ["AWS::Serverless-2016-10-31", "MyMacro"])
@pytest.mark.source("The emulator's own limit: a macro's code cannot run, so its template is refused and not half understood.")
def test_transforms_are_refused(cf: Any, name: str) -> None:
    body = template({"R": parameter()}, Transform=name)
    refused(cf.create_stack, "ValidationError", "cannot be run by the emulator", StackName="s", TemplateBody=body)


@pytest.mark.source(
    'CloudFormation User Guide: "AWS::LanguageExtensions transform", Fn::ForEach; a transform needs CAPABILITY_AUTO_EXPAND.'
)
def test_language_extensions_unroll_loops(aws: Aws, cf: Any) -> None:
    loop = {"Fn::ForEach::Each": ["Name", ["One", "Two"], {"P${Name}": parameter({"Fn::Sub": "x${Name}"}, "p${Name}")}]}
    body = template(loop, Transform="AWS::LanguageExtensions")
    refused(cf.create_stack, "InsufficientCapabilitiesException", "CAPABILITY_AUTO_EXPAND", StackName="s", TemplateBody=body)
    cf.create_stack(StackName="s", TemplateBody=body, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert aws.client("ssm").get_parameter(Name="pTwo")["Parameter"]["Value"] == "xTwo"


@pytest.mark.source('CloudFormation User Guide: "Conditions syntax" and "AWS::NoValue".')
def test_conditions_leave_out_resources_properties_and_outputs(cf: Any) -> None:
    body = template(
        {
            "Always": parameter({"Fn::If": ["Prod", "big", "small"]}),
            "Only": parameter(Condition="Prod"),
        },
        Parameters={"Env": {"Type": "String", "Default": "dev"}},
        Conditions={
            "Prod": {"Fn::And": [{"Fn::Equals": [{"Ref": "Env"}, "prod"]}, {"Condition": "True"}]},
            "True": {"Fn::Equals": ["a", "a"]},
        },
        Outputs={"O": {"Condition": "Prod", "Value": "x"}, "V": {"Value": {"Fn::GetAtt": ["Always", "Value"]}}},
    )
    cf.create_stack(StackName="dev", TemplateBody=body)
    cf.create_stack(StackName="prod", TemplateBody=body, Parameters=[{"ParameterKey": "Env", "ParameterValue": "prod"}])

    def seen(stack: str) -> tuple[list[str], dict[str, str]]:
        names = [r["LogicalResourceId"] for r in cf.list_stack_resources(StackName=stack)["StackResourceSummaries"]]
        outputs = cf.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
        return sorted(names), {o["OutputKey"]: o["OutputValue"] for o in outputs}

    assert seen("dev") == (["Always"], {"V": "small"})
    assert seen("prod") == (["Always", "Only"], {"V": "big", "O": "x"})
