"""Cloud Control API over the resources that stacks made: reading one, listing a type, and deleting what a stack left behind.

moto has no Cloud Control, so its requests are answered here, before moto's dispatcher looks for a service. Deleting runs the
type's own handler in the caller's name, with its permissions, and is refused for the service's reasons: a bucket that holds
objects stays, a KMS key is scheduled for deletion. Source: Cloud Control API Reference (operations, ProgressEvent, errors).
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.wrappers import Request, Response

from . import inventory, lifecycle, registry
from .authorization import caller
from .handler_permissions import check
from .inventory import Entry
from .resource_types import Operation
from .stacks_resources import error_code, message_of
from .trust import require_trust

SERVICE = re.compile(r"Credential=[^/\s]+/\d+/([^/]+)/cloudcontrolapi/")
_REQUESTS: dict[tuple[str, str, str], dict[str, Any]] = {}


class NotFound(ServiceException):
    """No such resource was made by a stack."""

    code = "ResourceNotFoundException"


class TypeNotFound(ServiceException):
    """The registry has no such type."""

    code = "TypeNotFoundException"


class TokenNotFound(ServiceException):
    """No such request was made."""

    code = "RequestTokenNotFoundException"


class Unsupported(ServiceException):
    """The emulator does not do it."""

    code = "UnsupportedActionException"


def register() -> None:
    """Answer requests for Cloud Control before moto's dispatcher sees them."""
    original = DomainDispatcherApplication.__call__

    def dispatch(self: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        signed = SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed is None:
            answer: Iterable[bytes] = original(self, environ, start_response)
            return answer
        return _answer(Request(environ), signed.group(1))(environ, start_response)

    DomainDispatcherApplication.__call__ = dispatch  # type: ignore[method-assign]


def _answer(request: Request, region: str) -> Response:
    name = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    who = caller()
    account = who.account if who is not None else "123456789012"
    try:
        operation = OPERATIONS.get(name)
        if operation is None:
            raise Unsupported(f"the emulator has no {name}: resources are made by stacks")
        body = operation(account, region, json.loads(request.get_data() or b"{}"))
        return Response(json.dumps(body), 200, content_type="application/x-amz-json-1.0")
    except ServiceException as error:
        answer = json.dumps({"__type": error.code, "Message": error.message, "message": error.message})
        return Response(answer, 400, {"x-amzn-ErrorType": error.code}, content_type="application/x-amz-json-1.0")


def _principal(parameters: dict[str, Any]) -> str | None:
    """The role that was given, if CloudFormation may take it on, else the caller."""
    role = parameters.get("RoleArn")
    if role:
        require_trust(role, "cloudformation.amazonaws.com")
        return str(role)
    who = caller()
    return who.arn if who else None


def _schema(type_name: str, region: str) -> registry.TypeSchema:
    try:
        return registry.schema(type_name, region)
    except registry.UnknownType:
        raise TypeNotFound(f"The type '{type_name}' cannot be found.") from None


def _find(account: str, region: str, type_name: str, identifier: str) -> Entry:
    _schema(type_name, region)
    found = inventory.find(account, region, type_name, identifier)
    if found is None or found.account != account:
        raise NotFound(f"Resource of type '{type_name}' with identifier '{identifier}' was not found.")
    return found


def get_resource(account: str, region: str, p: dict[str, Any]) -> dict[str, Any]:
    """GetResource: what the author gave and what the service made up."""
    entry = _find(account, region, p["TypeName"], p["Identifier"])
    given = getattr(entry.resource, "properties", {})
    check(_principal(p), entry.type_name, "read", region, account=account, properties=given, identifier=entry.physical_id)
    return {"TypeName": entry.type_name, "ResourceDescription": _description(entry)}


def _description(entry: Entry) -> dict[str, str]:
    shown = dict(lifecycle.properties_of(entry.resource))
    for path in registry.schema(entry.type_name, entry.region).read_only:
        if len(path) != 1:
            continue
        try:
            shown[path[0]] = entry.resource.get_cfn_attribute(path[0])
        except ServiceException:
            continue
    return {"Identifier": entry.physical_id, "Properties": json.dumps(shown, default=str)}


def list_resources(account: str, region: str, p: dict[str, Any]) -> dict[str, Any]:
    """ListResources of a type."""
    _schema(p["TypeName"], region)
    check(_principal(p), p["TypeName"], "list", region, account=account)
    entries = inventory.of_type(account, region, p["TypeName"])
    return {"TypeName": p["TypeName"], "ResourceDescriptions": [_description(entry) for entry in entries]}


def delete_resource(account: str, region: str, p: dict[str, Any]) -> dict[str, Any]:
    """DeleteResource: accepted at once; GetResourceRequestStatus tells what became of it."""
    type_name, identifier = p["TypeName"], p["Identifier"]
    _schema(type_name, region)
    token = str(uuid.uuid4())
    event = {
        "TypeName": type_name,
        "Identifier": identifier,
        "RequestToken": token,
        "Operation": "DELETE",
        "OperationStatus": "IN_PROGRESS",
        "EventTime": time.time(),
    }
    _REQUESTS[account, region, token] = {**event, **_deleted(account, region, type_name, identifier, _principal(p))}
    return {"ProgressEvent": event}


def _deleted(account: str, region: str, type_name: str, identifier: str, principal: str | None) -> dict[str, str]:
    try:
        entry = _find(account, region, type_name, identifier)
        operation = Operation(
            entry.account, entry.region, entry.logical_id, entry.stack, entry.stack_id, principal, entry.physical_id
        )
        lifecycle.delete(operation, entry.resource)
    except Exception as error:  # whatever the handler answers is the event's message
        code = "NotFound" if isinstance(error, NotFound) else error_code(error)
        return {"OperationStatus": "FAILED", "StatusMessage": message_of(error), "ErrorCode": code}
    return {"OperationStatus": "SUCCESS"}


def get_resource_request_status(account: str, region: str, p: dict[str, Any]) -> dict[str, Any]:
    """GetResourceRequestStatus."""
    found = _REQUESTS.get((account, region, p["RequestToken"]))
    if found is None:
        raise TokenNotFound(f"Request with token {p['RequestToken']} was not found.")
    return {"ProgressEvent": found}


def list_resource_requests(account: str, region: str, _: dict[str, Any]) -> dict[str, Any]:
    """ListResourceRequests."""
    mine = [event for (owner, place, _), event in _REQUESTS.items() if (owner, place) == (account, region)]
    return {"ResourceRequestStatusSummaries": mine}


OPERATIONS: dict[str, Callable[[str, str, dict[str, Any]], dict[str, Any]]] = {
    "GetResource": get_resource,
    "ListResources": list_resources,
    "DeleteResource": delete_resource,
    "GetResourceRequestStatus": get_resource_request_status,
    "ListResourceRequests": list_resource_requests,
}
