"""The emulator's own endpoints, under ``/_fleet/`` of the same port: what the rehearsal asks and AWS has no call for.

Each endpoint is a function from the request's values to the JSON of the answer. Other modules add theirs by ``endpoint``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from moto.codecommit.models import codecommit_backends
from werkzeug.wrappers import Request, Response

from . import code_executions, code_hosts, code_pipelines, event_delivery, inventory, usage
from .authorization import AccessDenied, CannotDecide, authorize
from .credentials import issue
from .trust import require_trust

PREFIX = "/_fleet/"

Handler = Callable[..., Any]
"""Called with the parts of the path and the keywords ``query`` and ``body``."""


class BadRequest(Exception):
    """What was sent makes no sense; the message says what would."""


class Conflict(Exception):
    """What was sent contradicts what is there already."""


_ENDPOINTS: list[tuple[str, re.Pattern[str], Handler]] = []


def endpoint(method: str, path: str) -> Callable[[Handler], Handler]:
    """Register a function for a method and a path under /_fleet/; groups of the path are its arguments."""

    def add(handler: Handler) -> Handler:
        _ENDPOINTS.append((method, re.compile(path), handler))
        return handler

    return add


def answer(request: Request) -> Response:
    """Serve one request; every failure is JSON too."""
    path = request.path.removeprefix(PREFIX)
    query = {key: values[0] for key, values in parse_qs(request.query_string.decode()).items()}
    for method, pattern, handler in _ENDPOINTS:
        found = pattern.fullmatch(path)
        if found is None or method != request.method:
            continue
        try:
            body = json.loads(request.get_data() or b"{}")
            return _json(200, handler(*found.groups(), query=query, body=body))
        except AccessDenied as error:
            return _failure(403, error.code, error.message)
        except CannotDecide as error:
            return _failure(501, error.code, error.message)
        except Conflict as error:
            return _failure(409, "Conflict", str(error))
        except (BadRequest, KeyError, ValueError, TypeError) as error:
            return _failure(400, "BadRequest", f"{type(error).__name__}: {error}")
    return _failure(404, "NotFound", f"the emulator has no {request.method} {request.path}")


def _failure(status: int, code: str, message: str) -> Response:
    return _json(status, {"error": {"code": code, "message": message}})


def _json(status: int, value: Any) -> Response:
    return Response(json.dumps(value, default=str) + "\n", status=status, content_type="application/json")


@endpoint("GET", "health")
def _health(**_: Any) -> Any:
    return {"status": "ok"}


@endpoint("POST", "authorize")
def _authorize(*, body: dict[str, Any], **_: Any) -> Any:
    decision = authorize(body["principal"], body["action"], body.get("resource", "*"), body.get("context") or {})
    return {"allowed": decision.allowed, "reason": decision.reason}


@endpoint("POST", "assume")
def _assume(*, body: dict[str, Any], **_: Any) -> Any:
    role_arn = body["roleArn"]
    require_trust(role_arn, service=body["service"])
    session = issue(role_arn, body.get("session") or "fleet")
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "Expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@endpoint("POST", "events")
def _events(*, body: dict[str, Any], **_: Any) -> Any:
    found = event_delivery.happened(body["account"], body["region"], body["event"])
    return {"deliveries": [delivery.shown() for delivery in found]}


@endpoint("GET", "resources")
def _resources(*, query: dict[str, str], **_: Any) -> Any:
    wanted: Iterable[inventory.Entry] = inventory.entries(
        query.get("account", ""), query.get("region", ""), query.get("stack", "")
    )
    return {"resources": [entry.shown() for entry in wanted]}


@endpoint("GET", "permissions")
def _permissions(**_: Any) -> Any:
    return {"roles": usage.report()}


@endpoint("PUT", "pipelines/([A-Za-z0-9.@_-]+)/executions/([A-Za-z0-9-]+)")
def _pipeline_execution(name: str, execution: str, *, body: dict[str, Any], **_: Any) -> Any:
    code_executions.put_execution(body["account"], body["region"], name, execution, body)
    return {}


@endpoint("PUT", "pipelines/([A-Za-z0-9.@_-]+)")
def _pipeline_state(name: str, *, body: dict[str, Any], **_: Any) -> Any:
    code_pipelines.put_state(body["account"], body["region"], name, body["state"])
    return {}


@endpoint("PUT", "repositories/([A-Za-z0-9._-]+)")
def _repository(name: str, *, body: dict[str, Any], **_: Any) -> Any:
    backend = codecommit_backends[body["account"]][body["region"]]
    if name not in backend.repositories:
        place = f"account {body['account']} in {body['region']}"
        raise BadRequest(f"{place} has no CodeCommit repository {name}: make it first, by CreateRepository or a stack")
    code_hosts.host(backend, name, body["folder"])
    return {}
