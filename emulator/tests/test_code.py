from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws

APPROVER_ACTION = "codepipeline:PutApprovalResult"


def trusted(service: str) -> dict[str, Any]:
    return {"Service": f"{service}.amazonaws.com"}


def allow(*actions: str, resource: str | list[str] = "*", **rest: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **rest}


def action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
    kind = {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}
    return {"Name": name, "ActionTypeId": kind, **more}


def artifact_bucket(account: str) -> str:
    return f"artifacts-{account}"


def make_artifact_bucket(aws: Aws) -> None:
    where = {"LocationConstraint": REGION}
    aws.client("s3").create_bucket(Bucket=artifact_bucket(aws.account), CreateBucketConfiguration=where)


def pipeline(role: str, **more: Any) -> dict[str, Any]:
    source = action(
        "Source",
        "Source",
        "CodeCommit",
        OutputArtifacts=[{"Name": "Source"}],
        Configuration={"RepositoryName": "r", "BranchName": "main", "OutputArtifactFormat": "CODEBUILD_CLONE_REF"},
    )
    build = action("Check", "Build", "CodeBuild", InputArtifacts=[{"Name": "Source"}], Configuration={"ProjectName": "p"})
    approve = action("Approve", "Approval", "Manual", Configuration={"CustomData": "see the dossier"})
    return {
        "Name": "line",
        "RoleArn": role,
        "PipelineType": "V2",
        "ExecutionMode": "QUEUED",
        "ArtifactStore": {"Type": "S3", "Location": artifact_bucket(role.split(":")[4])},
        "Stages": [
            {"Name": "Source", "Actions": [source]},
            {"Name": "Alpha", "Actions": [build]},
            {"Name": "Prod", "Actions": [approve]},
        ],
        **more,
    }


def resource(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"R": {"Type": kind, "Properties": properties}}


@pytest.fixture
def line(aws: Aws) -> str:
    """A deployed pipeline; the answer is its role."""
    make_artifact_bucket(aws)
    role = aws.role("pipeline", trust=trusted("codepipeline"))
    stack = aws.deploy("s", resource("AWS::CodePipeline::Pipeline", pipeline(role)))
    assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons("s")
    return role


@pytest.mark.source("AWS::CodeCommit::Repository: attributes; Code seeds the repository when it is created")
def test_a_repository_reads_its_seed(aws: Aws) -> None:
    seeded = {"RepositoryName": "r", "Code": {"BranchName": "main", "S3": {"Bucket": f"seed-{aws.account}", "Key": "seed.zip"}}}
    assert aws.deploy("early", resource("AWS::CodeCommit::Repository", seeded))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "bucket does not exist" in aws.reasons("early")
    bucket = f"seed-{aws.account}"
    aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    aws.client("s3").put_object(Bucket=bucket, Key="seed.zip", Body=b"zip")
    outputs = {name: {"Fn::GetAtt": ["R", name]} for name in ("Arn", "Name", "CloneUrlHttp")}
    aws.deploy("s", resource("AWS::CodeCommit::Repository", seeded), outputs)
    shown = aws.client("codecommit").get_repository(repositoryName="r")["repositoryMetadata"]
    assert aws.outputs("s") == {"Arn": shown["Arn"], "Name": "r", "CloneUrlHttp": shown["cloneUrlHttp"]}
    assert aws.physical("s", "R") == shown["repositoryId"]
    aws.client("cloudformation").delete_stack(StackName="s")
    with pytest.raises(ClientError, match="RepositoryDoesNotExistException"):
        aws.client("codecommit").get_repository(repositoryName="r")


@pytest.mark.source("AWS::CodeBuild::Project; CodeBuild API Reference: BatchGetProjects")
def test_a_project_is_shown_by_codebuild(aws: Aws) -> None:
    role = aws.role("build", trust=trusted("codebuild"))
    properties = {
        "Name": "p",
        "ServiceRole": role,
        "Source": {"Type": "CODEPIPELINE", "BuildSpec": "version: 0.2"},
        "Artifacts": {"Type": "CODEPIPELINE"},
        "Environment": {
            "Type": "LINUX_CONTAINER",
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "Image": "aws/codebuild/standard:7.0",
            "EnvironmentVariables": [{"Name": "A", "Value": "1"}],
        },
        "QueuedTimeoutInMinutes": 10,
    }
    aws.deploy("s", resource("AWS::CodeBuild::Project", properties))
    shown = aws.client("codebuild").batch_get_projects(names=["p"])["projects"][0]
    assert shown["source"]["buildspec"] == "version: 0.2"
    assert shown["environment"]["environmentVariables"][0]["name"] == "A"
    properties["QueuedTimeoutInMinutes"] = 20
    aws.deploy("s", resource("AWS::CodeBuild::Project", properties))
    assert aws.client("codebuild").batch_get_projects(names=["p"])["projects"][0]["queuedTimeoutInMinutes"] == 20
    aws.client("cloudformation").delete_stack(StackName="s")
    assert aws.client("codebuild").list_projects()["projects"] == []


@pytest.mark.source("AWS::CodeBuild::ReportGroup; CodeBuild API Reference: BatchGetReportGroups")
def test_a_report_group_is_shown_by_codebuild(aws: Aws) -> None:
    aws.deploy(
        "s",
        resource(
            "AWS::CodeBuild::ReportGroup", {"Name": "group", "Type": "TEST", "ExportConfig": {"ExportConfigType": "NO_EXPORT"}}
        ),
    )
    assert aws.reasons("s") == ""
    arn = aws.physical("s", "R")
    assert arn == f"arn:aws:codebuild:{REGION}:{aws.account}:report-group/group"
    assert aws.client("codebuild").list_report_groups()["reportGroups"] == [arn]
    group = aws.client("codebuild").batch_get_report_groups(reportGroupArns=[arn])["reportGroups"][0]
    assert (group["name"], group["type"]) == ("group", "TEST")


@pytest.mark.source("CodePipeline API Reference: GetPipeline, PipelineDeclaration; version grows with each update")
def test_a_pipeline_is_shown_by_codepipeline(aws: Aws, line: str) -> None:
    client = aws.client("codepipeline")
    shown = client.get_pipeline(name="line")["pipeline"]
    assert (shown["executionMode"], shown["version"]) == ("QUEUED", 1)
    assert shown["stages"][0]["actions"][0]["configuration"]["BranchName"] == "main"
    assert aws.physical("s", "R") == "line"
    changed = pipeline(line)
    changed["Stages"][2]["Actions"][0]["Configuration"]["CustomData"] = "other"
    aws.deploy("s", resource("AWS::CodePipeline::Pipeline", changed))
    assert client.get_pipeline(name="line")["pipeline"]["version"] == 2


@pytest.mark.source(
    "CodePipeline User Guide: structure and variables references, quotas; QUEUED needs V2; the role must trust CodePipeline"
)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: p.update(PipelineType="V1"), "needs a pipeline of type V2"),
        (lambda p: p.update(Stages=p["Stages"][:1]), "#/Stages"),
        (lambda p: p["Stages"][1]["Actions"][0].update(InputArtifacts=[{"Name": "Nobody"}]), "Nobody in action Check"),
        (lambda p: p["Stages"][1]["Actions"].append({**p["Stages"][1]["Actions"][0], "RunOrder": 2}), "must be unique"),
        (lambda p: p["Stages"].reverse(), "first stage holds source actions only"),
        (lambda p: p["Stages"][0]["Actions"][0].update(Namespace="Source"), "Namespace Source of action Source"),
        (lambda p: p["ArtifactStore"].update(Location="nobodys-bucket"), "No bucket with the name nobodys-bucket was found"),
        (lambda p: p.update(Nonsense=1), "extraneous key [Nonsense]"),
        (lambda p: p.update(RoleArn=p["RoleArn"] + "-nobody"), "is not authorized to perform AssumeRole"),
    ],
    ids=["mode", "stages", "input", "unique", "source", "namespace", "bucket", "schema", "role"],
)
def test_a_pipeline_that_codepipeline_refuses_fails_its_stack(aws: Aws, change: Any, reason: str) -> None:
    make_artifact_bucket(aws)
    properties = pipeline(aws.role("pipeline", trust=trusted("codepipeline")))
    change(properties)
    assert aws.deploy("s", resource("AWS::CodePipeline::Pipeline", properties))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reason in aws.reasons("s")


def waiting(token: str = "11111111-2222-3333-4444-555555555555") -> dict[str, Any]:
    execution = {"status": "InProgress", "token": token, "lastStatusChange": "2026-01-02T03:04:05Z"}
    return {"stageStates": [{"stageName": "Prod", "actionStates": [{"actionName": "Approve", "latestExecution": execution}]}]}


def answer(
    client: Any, status: str = "Approved", token: str = "11111111-2222-3333-4444-555555555555", name: str = "Approve"
) -> Any:
    return client.put_approval_result(
        pipelineName="line", stageName="Prod", actionName=name, result={"status": status, "summary": "looked at it"}, token=token
    )


@pytest.mark.source("CodePipeline API Reference: GetPipelineState of a pipeline that has not run")
def test_the_state_of_a_pipeline_that_has_not_run(aws: Aws, line: str) -> None:
    state = aws.client("codepipeline").get_pipeline_state(name="line")
    assert [stage["stageName"] for stage in state["stageStates"]] == ["Source", "Alpha", "Prod"]
    with pytest.raises(ClientError, match="PipelineNotFoundException"):
        aws.client("codepipeline").get_pipeline_state(name="nobody")


@pytest.mark.source("CodePipeline API Reference: PutApprovalResult, ActionExecution (lastUpdatedBy, summary, token)")
@pytest.mark.parametrize(("given", "wanted"), [("Approved", "Succeeded"), ("Rejected", "Failed")])
def test_a_reviewer_answers_once_and_is_named(aws: Aws, line: str, given: str, wanted: str) -> None:
    state = {"account": aws.account, "region": REGION, "state": waiting()}
    assert aws.fleet("PUT", "pipelines/line", state)[0] == 200
    arn = f"arn:aws:codepipeline:{REGION}:{aws.account}:line/Prod/Approve"
    reviewer = aws.assume(aws.role("reviewer", allow(APPROVER_ACTION, resource=arn)), "alice").client("codepipeline")
    with pytest.raises(ClientError, match="InvalidApprovalTokenException"):
        answer(reviewer, token="99999999-2222-3333-4444-555555555555")
    assert answer(reviewer, given)["approvedAt"]
    shown = aws.client("codepipeline").get_pipeline_state(name="line")["stageStates"][0]["actionStates"][0]["latestExecution"]
    assert (shown["status"], shown["summary"]) == (wanted, "looked at it")
    assert shown["lastUpdatedBy"] == f"arn:aws:sts::{aws.account}:assumed-role/reviewer/alice"
    with pytest.raises(ClientError, match="ApprovalAlreadyCompletedException"):
        answer(reviewer)


@pytest.mark.source("Service Authorization Reference: codepipeline:PutApprovalResult on the action's ARN")
def test_nobody_else_may_approve(aws: Aws, line: str) -> None:
    aws.fleet("PUT", "pipelines/line", {"account": aws.account, "region": REGION, "state": waiting()})
    arn = f"arn:aws:codepipeline:{REGION}:{aws.account}:line/Prod/Other"
    other = aws.assume(aws.role("reviewer", allow(APPROVER_ACTION, resource=arn))).client("codepipeline")
    with pytest.raises(ClientError, match="AccessDenied"):
        answer(other)
    denied = {"Effect": "Deny", "Action": APPROVER_ACTION, "Resource": "*"}
    engineer = aws.assume(aws.role("engineer", allow("codepipeline:*"), denied)).client("codepipeline")
    with pytest.raises(ClientError, match="AccessDenied"):
        answer(engineer)
    with pytest.raises(ClientError, match="ActionNotFoundException"):
        answer(aws.client("codepipeline"), name="Nobody")


@pytest.mark.source("AWS::Events::Rule; EventBridge API Reference: DescribeRule, ListTargetsByRule")
def test_an_event_rule_is_shown_by_eventbridge(aws: Aws, line: str) -> None:
    pattern = {"source": ["aws.codecommit"], "detail": {"referenceType": ["branch"], "referenceName": ["main"]}}
    trigger = aws.role("trigger", trust=trusted("events"))
    target = {"Id": "Pipeline", "Arn": f"arn:aws:codepipeline:{REGION}:{aws.account}:line", "RoleArn": trigger}
    rule = {"Name": "push", "EventPattern": pattern, "State": "ENABLED", "Targets": [target]}
    aws.deploy("rule", resource("AWS::Events::Rule", rule), {"Arn": {"Fn::GetAtt": ["R", "Arn"]}})
    events = aws.client("events")
    assert json.loads(events.describe_rule(Name="push")["EventPattern"]) == pattern
    assert events.list_targets_by_rule(Rule="push")["Targets"] == [target]
    assert aws.outputs("rule")["Arn"] == f"arn:aws:events:{REGION}:{aws.account}:rule/push"
    rule["State"] = "DISABLED"
    assert aws.deploy("rule", resource("AWS::Events::Rule", rule))["StackStatus"] == "UPDATE_COMPLETE", aws.reasons("rule")
    assert events.describe_rule(Name="push")["State"] == "DISABLED"
    assert events.list_targets_by_rule(Rule="push")["Targets"] == [target]
    aws.client("cloudformation").delete_stack(StackName="rule")
    assert events.list_rules()["Rules"] == []
