from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from stack_world import parameter, template

UNCHANGED = "The submitted information didn't contain changes."


def prepare(cf: Any, body: str, name: str = "c", kind: str = "UPDATE", stack: str = "s", **more: Any) -> dict[str, Any]:
    cf.create_change_set(StackName=stack, ChangeSetName=name, ChangeSetType=kind, TemplateBody=body, **more)
    shown: dict[str, Any] = cf.describe_change_set(StackName=stack, ChangeSetName=name)
    return shown


def changes(shown: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    listed = [change["ResourceChange"] for change in shown["Changes"]]
    return {change["LogicalResourceId"]: (change["Action"], change.get("Replacement")) for change in listed}


@pytest.mark.source("CloudFormation API Reference: CreateChangeSet, ChangeSetType CREATE; status REVIEW_IN_PROGRESS")
def test_a_stack_is_created_by_change_set_with_its_outputs(cf: Any) -> None:
    body = template({"P": parameter(name="p")}, Outputs={"O": {"Value": {"Ref": "P"}}})
    shown = prepare(cf, body, kind="CREATE")
    assert (shown["Status"], shown["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert changes(shown) == {"P": ("Add", None)}
    assert cf.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    cf.execute_change_set(StackName="s", ChangeSetName="c")
    stack = cf.describe_stacks(StackName="s")["Stacks"][0]
    assert (stack["StackStatus"], stack["Outputs"][0]["OutputValue"]) == ("CREATE_COMPLETE", "p")
    assert stack["ChangeSetId"] == shown["ChangeSetId"]


@pytest.mark.source("CloudFormation User Guide: stack status REVIEW_IN_PROGRESS: waiting for the first change set to be executed")
def test_a_stack_in_review_is_used_again(cf: Any) -> None:
    first = prepare(cf, template({"P": parameter()}), kind="CREATE")
    cf.delete_change_set(StackName="s", ChangeSetName="c")
    second = prepare(cf, template({"Q": parameter()}), kind="CREATE")
    assert first["StackId"] == second["StackId"]
    cf.execute_change_set(StackName="s", ChangeSetName="c")
    with pytest.raises(ClientError, match="already exists and cannot be created again"):
        prepare(cf, template({"Q": parameter()}), name="d", kind="CREATE")


@pytest.mark.source("CloudFormation API Reference: ResourceChange (Action, Replacement, Details)")
def test_changes_are_listed_truly(cf: Any) -> None:
    before = {
        "Same": parameter("same", "same"),
        "Value": parameter("old", "value"),
        "Renamed": parameter("x", "renamed"),
        "Needs": parameter({"Ref": "Renamed"}, "needs"),
        "NamedBy": parameter("x", {"Fn::Sub": "${Renamed}-child"}),  # type: ignore[arg-type]
        "Gone": parameter(),
        "Kept": parameter(DeletionPolicy="Retain"),
    }
    cf.create_stack(StackName="s", TemplateBody=template(before))
    after = {key: json.loads(json.dumps(value)) for key, value in before.items() if key not in ("Gone", "Kept")}
    after["Value"]["Properties"]["Value"] = "new"
    after["Renamed"]["Properties"]["Name"] = "other"
    after["Fresh"] = parameter()
    shown = prepare(cf, template(after))
    assert changes(shown) == {
        "Value": ("Modify", "False"),
        "Renamed": ("Modify", "True"),
        "Needs": ("Modify", "False"),
        "NamedBy": ("Modify", "Conditional"),
        "Fresh": ("Add", None),
        "Gone": ("Remove", None),
        "Kept": ("Remove", None),
    }
    listed = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in shown["Changes"]}
    assert (listed["Gone"]["PolicyAction"], listed["Kept"]["PolicyAction"]) == ("Delete", "Retain")
    detail = listed["Needs"]["Details"][0]
    assert (detail["ChangeSource"], detail["CausingEntity"], detail["Evaluation"]) == ("ResourceReference", "Renamed", "Dynamic")
    cf.execute_change_set(StackName="s", ChangeSetName="c")
    assert cf.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE"
    assert (
        cf.describe_stack_resource(StackName="s", LogicalResourceId="NamedBy")["StackResourceDetail"]["PhysicalResourceId"]
        == "other-child"
    )


@pytest.mark.source("CloudFormation API Reference: ResourceChangeDetail, ChangeSource ParameterReference")
def test_a_changed_parameter_is_named_as_the_cause(cf: Any) -> None:
    body = template({"P": parameter({"Ref": "V"})}, Parameters={"V": {"Type": "String", "Default": "one"}})
    cf.create_stack(StackName="s", TemplateBody=body)
    shown = prepare(cf, body, Parameters=[{"ParameterKey": "V", "ParameterValue": "two"}])
    detail = shown["Changes"][0]["ResourceChange"]["Details"][0]
    assert (detail["ChangeSource"], detail["CausingEntity"]) == ("ParameterReference", "V")
    keeps = [{"ParameterKey": "V", "UsePreviousValue": True}]
    assert prepare(cf, body, name="again", Parameters=keeps)["Status"] == "FAILED"


@pytest.mark.source("CloudFormation User Guide: change sets without changes fail; the CDK's CLI matches these words")
def test_an_empty_change_set_fails_and_cannot_be_executed(cf: Any) -> None:
    body = template({"P": parameter()})
    cf.create_stack(StackName="s", TemplateBody=body)
    shown = prepare(cf, body)
    assert (shown["Status"], shown["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert shown["StatusReason"].startswith(UNCHANGED)
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        cf.execute_change_set(StackName="s", ChangeSetName="c")


@pytest.mark.source("CloudFormation API Reference: CreateChangeSet, DescribeChangeSet: outputs alone are a change")
def test_outputs_alone_are_a_change(cf: Any) -> None:
    cf.create_stack(StackName="s", TemplateBody=template({"P": parameter()}))
    shown = prepare(cf, template({"P": parameter()}, Outputs={"O": {"Value": "x"}}))
    assert (shown["Status"], shown["Changes"]) == ("CREATE_COMPLETE", [])
    cf.execute_change_set(StackName="s", ChangeSetName="c")
    assert cf.describe_stacks(StackName="s")["Stacks"][0]["Outputs"][0]["OutputValue"] == "x"


@pytest.mark.source("CloudFormation User Guide: Fn::ImportValue; the change set is FAILED with the reason")
def test_a_missing_import_fails_the_change_set(cf: Any) -> None:
    shown = prepare(cf, template({"P": parameter({"Fn::ImportValue": "nobody"})}), kind="CREATE")
    assert (shown["Status"], shown["StatusReason"]) == ("FAILED", "No export named nobody found.")


@pytest.mark.source("CloudFormation API Reference: ExecuteChangeSet deletes all other change sets of the stack")
def test_executing_one_deletes_the_others(cf: Any) -> None:
    cf.create_stack(StackName="s", TemplateBody=template({"P": parameter()}))
    prepare(cf, template({"P": parameter("one")}), name="one")
    prepare(cf, template({"P": parameter("two")}), name="two")
    assert [item["ChangeSetName"] for item in cf.list_change_sets(StackName="s")["Summaries"]] == ["one", "two"]
    cf.execute_change_set(StackName="s", ChangeSetName="one")
    assert cf.list_change_sets(StackName="s")["Summaries"] == []
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        cf.execute_change_set(StackName="s", ChangeSetName="two")


@pytest.mark.source("CloudFormation User Guide: a change set whose execution fails is gone; the stack is rolled back")
def test_a_failed_execution_rolls_back_and_takes_the_change_set(cf: Any) -> None:
    cf.create_stack(StackName="s", TemplateBody=template({"P": parameter()}))
    prepare(cf, template({"P": parameter("new"), "Bad": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String"}}}))
    cf.execute_change_set(StackName="s", ChangeSetName="c")
    assert cf.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        cf.describe_change_set(StackName="s", ChangeSetName="c")


@pytest.mark.source("CloudFormation API Reference: DeleteChangeSet succeeds where there is none; DescribeChangeSet does not")
def test_names_and_ids_find_change_sets(cf: Any) -> None:
    cf.create_stack(StackName="s", TemplateBody=template({"P": parameter()}))
    cf.delete_change_set(StackName="s", ChangeSetName="nobody")
    shown = prepare(cf, template({"P": parameter("new")}))
    assert cf.describe_change_set(ChangeSetName=shown["ChangeSetId"])["ChangeSetName"] == "c"
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        prepare(cf, template({"P": parameter("new")}))
    with pytest.raises(ClientError, match="changeSetName"):
        prepare(cf, template({"P": parameter("new")}), name="1bad")
