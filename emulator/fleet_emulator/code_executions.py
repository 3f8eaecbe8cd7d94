"""Executions of pipelines, as the rehearsal tells of them and as ListPipelineExecutions and ListActionExecutions show them.

The rehearsal runs pipelines and tells of each execution by ``PUT /_fleet/pipelines/{name}/executions/{id}``, in the shape of the
two answers. What StartPipelineExecution starts is in progress until the rehearsal runs it.
Source: ListPipelineExecutions and ListActionExecutions in the CodePipeline API Reference: newest first, filtered by execution.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.codepipeline.exceptions import PipelineNotFoundException
from moto.codepipeline.models import codepipeline_backends
from moto.codepipeline.responses import CodePipelineResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from .code_pipelines import timed


class NotFound(ServiceException):
    """The pipeline has no such execution."""

    code = "PipelineExecutionNotFoundException"


def register() -> None:
    """Add ListActionExecutions, which moto does not have, and show what the rehearsal told in ListPipelineExecutions."""
    CodePipelineResponse.list_pipeline_executions = _list_pipeline_executions  # type: ignore[assignment,method-assign]
    CodePipelineResponse.list_action_executions = _list_action_executions  # type: ignore[attr-defined]


def _told(account: str, region: str, name: str) -> dict[str, dict[str, Any]]:
    """What was told of a pipeline's executions, by id, oldest first; the pipeline must exist."""
    backend = codepipeline_backends[account][region]
    if name not in backend.pipelines:
        raise PipelineNotFoundException(f"Account '{account}' does not have a pipeline with name '{name}'")
    kept: dict[str, dict[str, dict[str, Any]]] = backend.__dict__.setdefault("fleet_executions", {})
    return kept.setdefault(name, {})


def put_execution(account: str, region: str, name: str, execution: str, body: dict[str, Any]) -> None:
    """Remember an execution: ``summary`` as ListPipelineExecutions shows it, ``actions`` as ListActionExecutions does."""
    told = {"summary": body["summary"], "actions": body.get("actions") or []}
    _told(account, region, name)[execution] = copy.deepcopy(told)


def executions(account: str, region: str, name: str) -> list[dict[str, Any]]:
    """The summaries of a pipeline's executions, newest first."""
    told = _told(account, region, name)
    started = codepipeline_backends[account][region].pipelines[name].executions
    waiting = [
        {"pipelineExecutionId": key, "status": "InProgress", "startTime": value.start_time, "lastUpdateTime": value.start_time}
        | {"sourceRevisions": [], "trigger": {"triggerType": "StartPipelineExecution", "triggerDetail": ""}}
        for key, value in started.items()
        if key not in told
    ]
    shown = [{"pipelineExecutionId": key, **value["summary"]} for key, value in told.items()]
    return [*reversed(waiting), *reversed(shown)]


def actions(account: str, region: str, name: str, execution: str) -> list[dict[str, Any]]:
    """The actions of an execution, or of all; newest first."""
    told = _told(account, region, name)
    if execution and execution not in told:
        raise NotFound(f"Account '{account}' does not have an execution with id '{execution}' for pipeline '{name}'")
    chosen = [execution] if execution else list(reversed(told))
    return [{"pipelineExecutionId": key, **action} for key in chosen for action in reversed(told[key]["actions"])]


def _list_pipeline_executions(self: CodePipelineResponse) -> ActionResult:
    """ListPipelineExecutions."""
    found = executions(self.current_account, self.region, self._get_param("pipelineName"))
    most = self._get_param("maxResults")
    return ActionResult({"pipelineExecutionSummaries": timed(found[:most] if most else found)})


def _list_action_executions(self: CodePipelineResponse) -> ActionResult:
    """ListActionExecutions."""
    chosen = (self._get_param("filter") or {}).get("pipelineExecutionId", "")
    found = actions(self.current_account, self.region, self._get_param("pipelineName"), chosen)
    return ActionResult({"actionExecutionDetails": timed(found)})
