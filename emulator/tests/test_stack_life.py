"""Stacks: in which order CloudFormation works, how it fails, and what it leaves.

Sources: the CloudFormation User Guide (UG) and API Reference (API) pages named at each test.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws
from stack_world import allow, events, parameter, refused, status, template


@pytest.mark.source(
    'CloudFormation User Guide: "DependsOn attribute": Ref, Fn::GetAtt, Fn::Sub, DependsOn; deletion is the reverse.'
)
def test_resources_are_made_after_and_deleted_before_what_they_need(cf: Any) -> None:
    body = template(
        {
            "D": parameter(DependsOn="C"),
            "C": parameter({"Fn::Sub": "${B}-${A.Value}"}),
            "B": parameter({"Fn::GetAtt": ["A", "Value"]}),
            "A": parameter(),
        }
    )
    stack_id = cf.create_stack(StackName="s", TemplateBody=body)["StackId"]
    made = [name for name, what, _ in events(cf, "s") if what == "CREATE_COMPLETE"]
    assert made == ["A", "B", "C", "D", "s"]
    cf.delete_stack(StackName="s")
    gone = [name for name, what, _ in events(cf, stack_id) if what == "DELETE_COMPLETE"]
    assert gone == ["D", "C", "B", "A", "s"]


BAD = parameter(name="bad name with spaces!")


@pytest.mark.source(
    'CloudFormation User Guide: "Stack failure options", "Stack status codes": ROLLBACK_COMPLETE can only be deleted.'
)
def test_a_failed_create_rolls_back_and_refuses_update(aws: Aws, cf: Any) -> None:
    body = template(
        {"Good": parameter(name="good"), "Bad": {**parameter(), "DependsOn": "Good", "Properties": {"Type": "String"}}}
    )
    cf.create_stack(StackName="s", TemplateBody=body)
    seen = events(cf, "s")
    assert status(cf, "s") == "ROLLBACK_COMPLETE"
    assert ("s", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Bad]. Rollback requested by user.") in seen
    assert any(n == "Bad" and s == "CREATE_FAILED" and "required key [Value] not found" in r for n, s, r in seen), seen
    with pytest.raises(ClientError):
        aws.client("ssm").get_parameter(Name="good")
    message = "is in ROLLBACK_COMPLETE state and can not be updated"
    refused(cf.update_stack, "ValidationError", message, StackName="s", TemplateBody=body)
    change = {"StackName": "s", "ChangeSetName": "c", "TemplateBody": body, "ChangeSetType": "UPDATE"}
    refused(cf.create_change_set, "ValidationError", message, **change)
    cf.delete_stack(StackName="s")
    cf.create_stack(StackName="s", TemplateBody=template({"Good": parameter()}))


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED"),
        ({"DisableRollback": True}, "CREATE_FAILED"),
        ({"OnFailure": "DELETE"}, "DELETE_COMPLETE"),
        ({"OnFailure": "ROLLBACK"}, "ROLLBACK_COMPLETE"),
    ],
)
@pytest.mark.source("CloudFormation API Reference: CreateStack, OnFailure and DisableRollback.")
def test_on_failure_is_honoured(cf: Any, options: dict[str, Any], wanted: str) -> None:
    body = template({"Bad": {**parameter(), "Properties": {"Type": "String"}}})
    stack_id = cf.create_stack(StackName="s", TemplateBody=body, **options)["StackId"]
    assert status(cf, stack_id) == wanted


@pytest.mark.source('CloudFormation User Guide: "Update behaviors" and status UPDATE_ROLLBACK_COMPLETE.')
def test_a_failed_update_restores_what_was(aws: Aws, cf: Any) -> None:
    ssm = aws.client("ssm")
    before = {"Change": parameter("old", "change"), "Replace": parameter("r", "first"), "Remove": parameter("x", "remove")}
    cf.create_stack(StackName="s", TemplateBody=template(before, Outputs={"O": {"Value": {"Ref": "Replace"}}}))
    after = {
        "Change": parameter("new", "change"),
        "Replace": parameter("r", "second"),
        "Add": parameter("a", "add"),
        "Bad": {"Type": "AWS::SSM::Parameter", "DependsOn": ["Change", "Replace", "Add"], "Properties": {"Type": "String"}},
    }
    cf.update_stack(StackName="s", TemplateBody=template(after))
    assert status(cf, "s") == "UPDATE_ROLLBACK_COMPLETE"
    names = {p["Name"]: ssm.get_parameter(Name=p["Name"])["Parameter"]["Value"] for p in ssm.describe_parameters()["Parameters"]}
    assert names == {"change": "old", "first": "r", "remove": "x"}
    assert cf.describe_stacks(StackName="s")["Stacks"][0]["Outputs"][0]["OutputValue"] == "first"
    assert json.loads(json.dumps(cf.get_template(StackName="s")["TemplateBody"]["Resources"])) == before
    cf.update_stack(StackName="s", TemplateBody=template({**before, "Change": parameter("third", "change")}))
    assert ssm.get_parameter(Name="change")["Parameter"]["Value"] == "third"


@pytest.mark.source(
    'CloudFormation User Guide: "Update behaviors of stack resources", replacement; UpdateReplacePolicy Retain keeps the old.'
)
def test_a_replacement_is_made_before_the_old_one_goes(aws: Aws, cf: Any) -> None:
    first = {"P": parameter(name="one"), "K": parameter(name="kept", UpdateReplacePolicy="Retain", DeletionPolicy="Retain")}
    second = {"P": parameter(name="two"), "K": parameter(name="fresh", UpdateReplacePolicy="Retain", DeletionPolicy="Retain")}
    cf.create_stack(StackName="s", TemplateBody=template(first))
    cf.update_stack(StackName="s", TemplateBody=template(second))
    seen = [(name, what) for name, what, _ in events(cf, "s")]
    assert seen.index(("P", "UPDATE_COMPLETE")) < seen.index(("s", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"))
    assert seen.index(("s", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")) < seen.index(("P", "DELETE_COMPLETE"))
    assert ("K", "DELETE_SKIPPED") in seen
    names = sorted(p["Name"] for p in aws.client("ssm").describe_parameters()["Parameters"])
    assert names == ["fresh", "kept", "two"]


@pytest.mark.source(
    'CloudFormation API Reference: UpdateStack: "No updates are to be performed"; a changed description alone is no update.'
)
def test_an_update_without_changes_is_refused(cf: Any) -> None:
    cf.create_stack(StackName="s", TemplateBody=template({"P": parameter()}))
    message = "No updates are to be performed."
    refused(cf.update_stack, "ValidationError", message, StackName="s", TemplateBody=template({"P": parameter()}))
    body = template({"P": parameter()}, Description="other")
    refused(cf.update_stack, "ValidationError", message, StackName="s", TemplateBody=body)
    cf.update_stack(StackName="s", TemplateBody=template({"P": parameter()}, Outputs={"O": {"Value": "x"}}))
    assert status(cf, "s") == "UPDATE_COMPLETE"


@pytest.mark.source(
    'CloudFormation User Guide: "DeletionPolicy attribute": Retain gives DELETE_SKIPPED; by id the deleted stack still tells.'
)
def test_retained_resources_outlive_their_stack_and_stay_listed(aws: Aws, cf: Any) -> None:
    body = template({"Keep": parameter(name="keep", DeletionPolicy="Retain"), "Go": parameter(name="go")})
    stack_id = cf.create_stack(StackName="s", TemplateBody=body)["StackId"]
    cf.delete_stack(StackName="s")
    assert status(cf, stack_id) == "DELETE_COMPLETE"
    listed = {
        r["LogicalResourceId"]: r["ResourceStatus"] for r in cf.list_stack_resources(StackName=stack_id)["StackResourceSummaries"]
    }
    assert listed == {"Keep": "DELETE_SKIPPED", "Go": "DELETE_COMPLETE"}
    assert aws.client("ssm").get_parameter(Name="keep")
    left = aws.fleet("GET", f"resources?account={aws.account}")[1]["resources"]
    assert [(r["logicalId"], r["status"], r["level"]) for r in left] == [("Keep", "DELETE_SKIPPED", "emulated")]
    refused(cf.describe_stacks, "ValidationError", "Stack with id s does not exist", StackName="s")


@pytest.mark.source(
    'CloudFormation User Guide: "Delete stack fails": a bucket must be empty; RetainResources then lets the stack go.'
)
def test_a_bucket_with_objects_stops_the_deletion(aws: Aws, cf: Any) -> None:
    name = f"full-{aws.account}"
    body = template({"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}, "P": parameter()})
    stack_id = cf.create_stack(StackName="s", TemplateBody=body)["StackId"]
    aws.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
    cf.delete_stack(StackName="s")
    assert status(cf, "s") == "DELETE_FAILED"
    assert any(n == "B" and s == "DELETE_FAILED" and "not empty" in r for n, s, r in events(cf, "s"))
    cf.delete_stack(StackName="s", RetainResources=["B"])
    assert status(cf, stack_id) == "DELETE_COMPLETE"
    assert ("B", "DELETE_SKIPPED", "") in events(cf, stack_id)


@pytest.mark.source('CloudFormation User Guide: "Get exported outputs from a deployed stack": restrictions.')
def test_exports_in_use_cannot_go_or_change(cf: Any) -> None:

    def exporting(value: str | None) -> str:
        outputs = {} if value is None else {"O": {"Value": value, "Export": {"Name": "shared"}}}
        return template({"P": parameter()}, Outputs={**outputs, "Other": {"Value": "x"}})

    cf.create_stack(StackName="out", TemplateBody=exporting("one"))
    cf.create_stack(StackName="in", TemplateBody=template({"P": parameter({"Fn::ImportValue": "shared"})}))
    assert cf.list_imports(ExportName="shared")["Imports"] == ["in"]
    cf.update_stack(StackName="out", TemplateBody=exporting("two"))
    assert status(cf, "out") == "UPDATE_ROLLBACK_COMPLETE"
    assert any("Export shared cannot be updated as it is in use by in" in reason for _, _, reason in events(cf, "out"))
    cf.update_stack(StackName="out", TemplateBody=exporting(None))
    assert any("Export shared cannot be deleted as it is in use by in" in reason for _, _, reason in events(cf, "out"))
    cf.delete_stack(StackName="out")
    assert status(cf, "out") == "UPDATE_ROLLBACK_COMPLETE"
    cf.create_stack(StackName="twice", TemplateBody=exporting("three"))
    assert any("Export with name shared is already exported by stack out" in reason for _, _, reason in events(cf, "twice"))
    cf.delete_stack(StackName="in")
    cf.delete_stack(StackName="out")
    assert cf.list_exports()["Exports"] == []


@pytest.mark.source('CloudFormation User Guide: "Fn::ImportValue".')
def test_a_missing_import_fails_the_stack(cf: Any) -> None:
    cf.create_stack(StackName="s", TemplateBody=template({"P": parameter({"Fn::ImportValue": "none"})}))
    assert status(cf, "s") == "ROLLBACK_COMPLETE"
    assert ("P", "CREATE_FAILED", "No export named none found.") in events(cf, "s")


@pytest.mark.source('CloudFormation User Guide: "Protect CloudFormation stacks from being deleted".')
def test_termination_protection(cf: Any) -> None:
    cf.create_stack(StackName="s", TemplateBody=template({"P": parameter()}), EnableTerminationProtection=True)
    message = "Stack [s] cannot be deleted while TerminationProtection is enabled"
    refused(cf.delete_stack, "ValidationError", message, StackName="s")
    cf.update_termination_protection(StackName="s", EnableTerminationProtection=False)
    stack_id = cf.describe_stacks(StackName="s")["Stacks"][0]["StackId"]
    cf.delete_stack(StackName="s")
    assert status(cf, stack_id) == "DELETE_COMPLETE"


@pytest.mark.source('CloudFormation User Guide: "Get a plaintext value from Systems Manager Parameter Store".')
def test_dynamic_references_are_resolved(aws: Aws, cf: Any) -> None:
    aws.client("ssm").put_parameter(Name="/dyn", Value="resolved", Type="String")
    cf.create_stack(StackName="s", TemplateBody=template({"P": parameter("a {{resolve:ssm:/dyn}} b", "made")}))
    assert aws.client("ssm").get_parameter(Name="made")["Parameter"]["Value"] == "a resolved b"
    cf.create_stack(StackName="t", TemplateBody=template({"P": parameter("{{resolve:ssm:/nothing}}")}))
    assert status(cf, "t") == "ROLLBACK_COMPLETE"


@pytest.mark.source(
    'CloudFormation User Guide: "Resource tags": stack-level tags propagate to resources that take tags; the resource\'s own win.'
)
def test_stack_tags_reach_resources(aws: Aws, cf: Any) -> None:
    name = f"tagged-{aws.account}"
    own = {"BucketName": name, "Tags": [{"Key": "team", "Value": "own"}]}
    body = template({"B": {"Type": "AWS::S3::Bucket", "Properties": own}})
    cf.create_stack(StackName="s", TemplateBody=body, Tags=[{"Key": "team", "Value": "x"}, {"Key": "cost", "Value": "1"}])
    tags = aws.client("s3").get_bucket_tagging(Bucket=name)["TagSet"]
    assert {t["Key"]: t["Value"] for t in tags} == {"team": "own", "cost": "1"}


@pytest.mark.source('CloudFormation User Guide: "CloudFormation service role": remembered; must trust CloudFormation.')
def test_the_stacks_role_bounds_what_it_makes(aws: Aws, cf: Any) -> None:
    role = aws.role("cfn", allow("ssm:*"), trust={"Service": "cloudformation.amazonaws.com"})
    cf.create_stack(StackName="s", TemplateBody=template({"P": parameter(name="p")}), RoleARN=role)
    assert status(cf, "s") == "CREATE_COMPLETE"
    cf.update_stack(StackName="s", TemplateBody=template({"P": parameter(name="p"), "T": {"Type": "AWS::SNS::Topic"}}))
    assert status(cf, "s") == "UPDATE_ROLLBACK_COMPLETE"
    reason = next(r for n, s, r in events(cf, "s") if (n, s) == ("T", "CREATE_FAILED"))
    for part in ("sns:CreateTopic", "HandlerErrorCode: AccessDenied", "/cfn"):
        assert part in reason
    other = aws.role("other", allow("ssm:*"), trust={"Service": "ec2.amazonaws.com"})
    message = f"Role {other} is invalid or cannot be assumed"
    body = template({"P": parameter()})
    refused(cf.create_stack, "ValidationError", message, StackName="t", TemplateBody=body, RoleARN=other)


@pytest.mark.source(
    'CloudFormation User Guide: "CloudFormation service role": without one a temporary session of the caller is used.'
)
def test_without_a_role_the_callers_permissions_bound_it(aws: Aws) -> None:
    role = aws.role("dev", allow("cloudformation:*"))
    cf = aws.assume(role).client("cloudformation")
    cf.create_stack(StackName="s", TemplateBody=template({"P": parameter()}))
    assert status(cf, "s") == "ROLLBACK_COMPLETE"
    assert any("ssm:PutParameter" in reason for _, _, reason in events(cf, "s"))


@pytest.mark.source('CloudFormation User Guide: "Split a template into reusable pieces using nested stacks".')
def test_nested_stacks_live_and_die_with_their_parent(aws: Aws, cf: Any) -> None:
    s3, bucket = aws.client("s3"), f"nested-{aws.account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    child = template(
        {"P": parameter({"Ref": "V"}, "inner")}, Parameters={"V": {"Type": "String"}}, Outputs={"O": {"Value": {"Ref": "P"}}}
    )
    s3.put_object(Bucket=bucket, Key="child", Body=child.encode())
    properties = {"TemplateURL": f"https://{bucket}.s3.{REGION}.amazonaws.com/child", "Parameters": {"V": "x"}}
    body = template(
        {"Child": {"Type": "AWS::CloudFormation::Stack", "Properties": properties}},
        Outputs={"O": {"Value": {"Fn::GetAtt": ["Child", "Outputs.O"]}}},
    )
    cf.create_stack(StackName="parent", TemplateBody=body)
    parent = cf.describe_stacks(StackName="parent")["Stacks"][0]
    assert (parent["StackStatus"], parent["Outputs"][0]["OutputValue"]) == ("CREATE_COMPLETE", "inner")
    nested = [s for s in cf.describe_stacks()["Stacks"] if s.get("ParentId")]
    assert [s["RootId"] for s in nested] == [parent["StackId"]]
    cf.delete_stack(StackName="parent")
    assert cf.describe_stacks()["Stacks"] == []
