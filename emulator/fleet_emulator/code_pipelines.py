"""A pipeline's state as the rehearsal tells it, and the approvals that reviewers put into it.

``put_state`` is what ``PUT /_fleet/pipelines/{name}`` calls with the body of GetPipelineState. PutApprovalResult changes that
body: the token must be the one shown, an action is answered once, and the answer names who gave it. Whether the caller may
approve was decided before, by the gatekeeper. Source: PutApprovalResult in the CodePipeline API Reference.
"""

from __future__ import annotations

import copy
from datetime import datetime, timezone
from typing import Any

from moto.codepipeline.exceptions import PipelineNotFoundException
from moto.codepipeline.models import codepipeline_backends
from moto.codepipeline.responses import CodePipelineResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import utcnow

from .authorization import caller

MAX_SUMMARY = 512
TIMES = frozenset(
    {"created", "updated", "lastStatusChange", "timestamp", "lastUpdatedAt", "lastChangedAt", "startTime", "lastUpdateTime"}
)


class StageNotFound(ServiceException):
    """The pipeline has no such stage."""

    code = "StageNotFoundException"


class ActionNotFound(ServiceException):
    """The stage has no such action."""

    code = "ActionNotFoundException"


class InvalidToken(ServiceException):
    """The token is not that of the waiting approval."""

    code = "InvalidApprovalTokenException"


class AlreadyCompleted(ServiceException):
    """The approval was answered before."""

    code = "ApprovalAlreadyCompletedException"


class Invalid(ServiceException):
    """The answer is none."""

    code = "ValidationException"


def register() -> None:
    """Add the operations, which moto does not have."""
    CodePipelineResponse.get_pipeline_state = _get_pipeline_state  # type: ignore[attr-defined]
    CodePipelineResponse.put_approval_result = _put_approval_result  # type: ignore[attr-defined]


def _states(account: str, region: str) -> dict[str, dict[str, Any]]:
    states: dict[str, dict[str, Any]] = codepipeline_backends[account][region].__dict__.setdefault("fleet_states", {})
    return states


def put_state(account: str, region: str, name: str, state: dict[str, Any]) -> None:
    """Remember the state of a pipeline, in the shape of GetPipelineState's answer; the pipeline must exist."""
    _pipeline(account, region, name)
    _states(account, region)[name] = copy.deepcopy(state)


def state(account: str, region: str, name: str) -> dict[str, Any]:
    """What was told last, or stages and actions without any execution."""
    pipeline = _pipeline(account, region, name)
    told = _states(account, region).get(name)
    if told is not None:
        return {"pipelineName": name, "pipelineVersion": pipeline.pipeline["version"], **told}
    stages = [
        {
            "stageName": stage["name"],
            "actionStates": [{"actionName": action["name"]} for action in stage["actions"]],
            "inboundTransitionState": {"enabled": True},
        }
        for stage in pipeline.pipeline["stages"]
    ]
    return {"pipelineName": name, "pipelineVersion": pipeline.pipeline["version"], "stageStates": stages}


def approve(account: str, region: str, request: dict[str, Any]) -> datetime:
    """Answer a waiting approval; the state then says Succeeded or Failed, by whom and why."""
    _pipeline(account, region, request["pipelineName"])
    told = _states(account, region).get(request["pipelineName"], {})
    result = request["result"]
    if result.get("status") not in ("Approved", "Rejected"):
        raise Invalid(f"Value '{result.get('status')}' at 'result.status' must be Approved or Rejected")
    if len(result.get("summary", "")) > MAX_SUMMARY:
        raise Invalid(f"Value at 'result.summary' must have length less than or equal to {MAX_SUMMARY}")
    execution = _action(told, request)
    if execution.get("status") != "InProgress":
        raise AlreadyCompleted(f"The approval action {request['actionName']} is not waiting for an answer")
    if not execution.get("token") or execution["token"] != request.get("token"):
        raise InvalidToken(f"The token is not that of the waiting approval action {request['actionName']}")
    now, who = utcnow(), caller()
    del execution["token"]
    execution["status"] = "Succeeded" if result["status"] == "Approved" else "Failed"
    execution["summary"] = result.get("summary", "")
    execution["lastStatusChange"] = now.isoformat()
    execution["lastUpdatedBy"] = who.session_arn if who else f"arn:aws:iam::{account}:root"
    if execution["status"] == "Failed":
        execution["errorDetails"] = {"message": execution["summary"] or "rejected"}
    return now


def _action(told: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    stages = [item for item in told.get("stageStates", []) if item["stageName"] == request["stageName"]]
    if not stages:
        raise StageNotFound(f"The stage {request['stageName']} of pipeline {request['pipelineName']} has not run")
    actions = [item for item in stages[0].get("actionStates", []) if item["actionName"] == request["actionName"]]
    if not actions:
        raise ActionNotFound(f"The stage {request['stageName']} has no action {request['actionName']}")
    execution: dict[str, Any] = actions[0].setdefault("latestExecution", {})
    return execution


def _pipeline(account: str, region: str, name: str) -> Any:
    found = codepipeline_backends[account][region].pipelines.get(name)
    if found is None:
        raise PipelineNotFoundException(f"Account '{account}' does not have a pipeline with name '{name}'")
    return found


def timed(value: Any, key: str = "") -> Any:
    """Times as the serializer wants them: JSON brought text or numbers."""
    if isinstance(value, dict):
        return {name: timed(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [timed(item) for item in value]
    if key in TIMES and isinstance(value, str):
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    if key in TIMES and isinstance(value, int | float):
        return datetime.fromtimestamp(value, timezone.utc)
    return value


def _get_pipeline_state(self: CodePipelineResponse) -> ActionResult:
    """GetPipelineState."""
    return ActionResult(timed(state(self.current_account, self.region, self._get_param("name"))))


def _put_approval_result(self: CodePipelineResponse) -> ActionResult:
    """PutApprovalResult."""
    names = ("pipelineName", "stageName", "actionName", "result", "token")
    request = {name: self._get_param(name) for name in names}
    return ActionResult({"approvedAt": approve(self.current_account, self.region, request)})
