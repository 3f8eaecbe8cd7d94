"""Executions of a pipeline: what the rehearsal tells, and what was started and waits for it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conftest import REGION, Aws
from test_code import make_artifact_bucket, pipeline, resource, trusted


def tell(aws: Aws, execution: str, commit: str, *actions: dict[str, Any]) -> None:
    summary = {
        "status": "Failed",
        "startTime": "2026-01-02T03:04:05Z",
        "lastUpdateTime": "2026-01-02T03:04:06Z",
        "sourceRevisions": [{"actionName": "Source", "revisionId": commit}],
    }
    body = {"account": aws.account, "region": REGION, "summary": summary, "actions": list(actions)}
    status, answer = aws.fleet("PUT", f"pipelines/line/executions/{execution}", body)
    assert status == 200, answer


def action(name: str, key: str) -> dict[str, Any]:
    location = {"name": name, "s3location": {"bucket": "artifacts", "key": key}}
    return {"actionName": name, "stageName": "Alpha", "status": "Succeeded", "output": {"outputArtifacts": [location]}}


@pytest.fixture
def line(aws: Aws) -> Any:
    make_artifact_bucket(aws)
    role = aws.role("pipeline", trust=trusted("codepipeline"))
    aws.deploy("s", resource("AWS::CodePipeline::Pipeline", pipeline(role)))
    return aws.client("codepipeline")


@pytest.mark.source("ListPipelineExecutions and ListActionExecutions in the CodePipeline API Reference")
def test_executions_are_shown_newest_first_with_commit_and_artifacts(aws: Aws, line: Any) -> None:
    tell(aws, "one", "a" * 40, action("Source", "line/Source/1"), action("Package", "line/Package/1"))
    tell(aws, "two", "b" * 40)
    shown = line.list_pipeline_executions(pipelineName="line")["pipelineExecutionSummaries"]
    assert [item["pipelineExecutionId"] for item in shown] == ["two", "one"]
    assert [item["sourceRevisions"][0]["revisionId"][0] for item in shown] == ["b", "a"]
    assert shown[0]["startTime"].year == 2026
    details = line.list_action_executions(pipelineName="line", filter={"pipelineExecutionId": "one"})["actionExecutionDetails"]
    assert [item["output"]["outputArtifacts"][0]["s3location"]["key"] for item in details] == ["line/Package/1", "line/Source/1"]
    assert {item["pipelineExecutionId"] for item in details} == {"one"}
    assert len(line.list_action_executions(pipelineName="line")["actionExecutionDetails"]) == 2


@pytest.mark.source("StartPipelineExecution in the CodePipeline API Reference")
def test_what_was_started_is_in_progress_until_it_is_told(aws: Aws, line: Any) -> None:
    started = line.start_pipeline_execution(name="line")["pipelineExecutionId"]
    assert line.list_pipeline_executions(pipelineName="line")["pipelineExecutionSummaries"][0]["status"] == "InProgress"
    tell(aws, started, "a" * 40)
    shown = line.list_pipeline_executions(pipelineName="line")["pipelineExecutionSummaries"]
    assert [(item["pipelineExecutionId"], item["status"]) for item in shown] == [(started, "Failed")]


@pytest.mark.source("ListActionExecutions in the CodePipeline API Reference, Errors")
def test_an_unknown_execution_or_pipeline_is_an_error(line: Any) -> None:
    with pytest.raises(ClientError, match="PipelineExecutionNotFoundException"):
        line.list_action_executions(pipelineName="line", filter={"pipelineExecutionId": "none"})
    with pytest.raises(ClientError, match="PipelineNotFoundException"):
        line.list_pipeline_executions(pipelineName="none")


@pytest.mark.source("PutEvents and PutTargets in the EventBridge API Reference; EventBridge user guide, targets")
def test_an_event_is_taken_whose_rule_starts_a_build_and_other_targets_get_it(aws: Aws) -> None:
    events, sqs = aws.client("events"), aws.client("sqs")
    queue = sqs.create_queue(QueueName="seen")["QueueUrl"]
    events.put_rule(Name="decided", EventPattern='{"source": ["mine"]}')
    template = '{"environmentVariablesOverride":[{"name":"N","value":<word>,"type":"PLAINTEXT"}]}'
    events.put_targets(
        Rule="decided",
        Targets=[
            {
                "Id": "build",
                "Arn": f"arn:aws:codebuild:{REGION}:{aws.account}:project/p",
                "RoleArn": f"arn:aws:iam::{aws.account}:role/r",
                "InputTransformer": {"InputPathsMap": {"word": "$.detail.word"}, "InputTemplate": template},
            },
            {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{aws.account}:seen"},
        ],
    )
    entry = {"Source": "mine", "DetailType": "Decided", "Detail": '{"word": "run"}'}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    assert '"word": "run"' in sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"]
    assert len(events.list_targets_by_rule(Rule="decided")["Targets"]) == 2
