"""A request, understood: which service, operation and parameters, in which region, signed by whose key.

The service models of botocore say how; moto's own parsers read the parameters. Bodies of S3 objects are never read here.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.exceptions import DataNotFoundError
from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

BOTO_NAMES: dict[str, tuple[str, ...]] = {
    "access-analyzer": ("accessanalyzer",), "aoss": ("opensearchserverless",), "aps": ("amp",), "airflow": ("mwaa",),
    "cassandra": ("keyspaces",), "cloudcontrolapi": ("cloudcontrol",), "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elbv2", "elb"), "email": ("ses", "sesv2"), "es": ("es", "opensearch"), "iotdata": ("iot-data",),
    "mobiletargeting": ("pinpoint",), "monitoring": ("cloudwatch",), "ses": ("ses", "sesv2"), "sso": ("sso-admin",),
    "servicecatalog": ("servicecatalog", "servicecatalog-appregistry"), "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",), "timestream": ("timestream-write", "timestream-query"),
}  # fmt: skip
"""Names that services sign with, where botocore calls the service otherwise, or several sign with one name."""

IAM_PREFIXES = {"cloudcontrolapi": "cloudformation", "monitoring": "cloudwatch", "email": "ses", "iotdata": "iot"}
"""Names that services sign with, where IAM's actions have another prefix."""


@dataclass(frozen=True)
class Call:
    """``signer`` is the access key, empty for an anonymous request."""

    service: str
    region: str
    signer: str
    token: str | None
    operation: str = ""
    protocol: str = "query"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """The service as IAM's actions name it."""
        return IAM_PREFIXES.get(self.service, self.service)


class NotUnderstood(Exception):
    """The request matches no operation of the service."""


_CREDENTIAL = re.compile(r"Credential=([^/\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")


def read(environ: dict[str, Any]) -> Call:
    """Understand the request; NotUnderstood if its service has no such operation."""
    request = Request(environ)
    query = {key: values[0] for key, values in parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True).items()}
    headers = {key.lower(): value for key, value in request.headers.items()}
    signed = _CREDENTIAL.search(headers.get("authorization", "")) or _CREDENTIAL.search(
        "Credential=" + unquote(query.get("X-Amz-Credential", ""))
    )
    if signed is None:
        return _unsigned(request, headers, query, environ)
    signer, region, service = signed.groups()
    token = headers.get("x-amz-security-token") or query.get("X-Amz-Security-Token")
    known = Call(service.lower(), region, signer, token, headers=headers, query=query)
    return _understood(known, request, environ)


def _unsigned(request: Request, headers: dict[str, str], query: dict[str, str], environ: dict[str, Any]) -> Call:
    if query.get("AWSAccessKeyId") or headers.get("authorization", "").startswith("AWS "):
        raise NotUnderstood("signature version 2 is not supported: use an SDK that signs with version 4")
    return _understood(Call("s3", "us-east-1", "", None, headers=headers, query=query), request, environ)


def _understood(call: Call, request: Request, environ: dict[str, Any]) -> Call:
    if call.service == "s3":
        return _s3(call, request)
    body = _buffered(environ)
    request = Request(environ)
    model, operation, labels = _operation(request, call, body)
    protocol = determine_request_protocol(model, request.content_type)
    parser = PROTOCOL_PARSERS[protocol](model.operation_model(operation))
    parameters = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": body,
            "url_path": request.path,
            "url_params": dict(labels),
        }
    )
    _rewind(environ, body)
    return Call(
        call.service, call.region, call.signer, call.token, operation, protocol, parameters or {}, call.headers, call.query
    )


def _operation(request: Request, call: Call, body: bytes) -> tuple[ServiceModel, str, Mapping[str, Any]]:
    """The service, its operation and what the path says, of the services that sign with the name."""
    target = call.headers.get("x-amz-target", "")
    form = parse_qs(body.decode("utf-8", "replace")) if request.mimetype == "application/x-www-form-urlencoded" else {}
    action = form.get("Action", [call.query.get("Action", "")])[0]
    version = form.get("Version", [call.query.get("Version", "")])[0]
    known = False
    for name in BOTO_NAMES.get(call.service, (call.service,)):
        try:
            model = get_service_model(name)
        except DataNotFoundError:
            continue
        known = True
        if target and target.rpartition(".")[0] == model.metadata.get("targetPrefix"):
            return model, target.rpartition(".")[2], {}
        if action and action in model.operation_names and version in ("", model.api_version):
            return model, action, {}
        if not target and not action:
            try:
                operation, labels = get_service_router(name).match(request)
            except (NotFound, NotImplementedError):
                continue
            return model, operation.name, labels
    if not known:
        raise NotUnderstood(f"there is no service {call.service} here")
    raise NotUnderstood(f"{call.service} has no operation {target or action or f'{request.method} {request.path}'}")


def _s3(call: Call, request: Request) -> Call:
    try:
        operation, labels = get_service_router("s3").match(request)
    except (NotFound, NotImplementedError) as error:
        raise NotUnderstood(f"s3 has no operation {request.method} {request.path}") from error
    return Call("s3", call.region, call.signer, call.token, operation.name, "rest-xml", dict(labels), call.headers, call.query)


def _buffered(environ: dict[str, Any]) -> bytes:
    body: bytes = Request(environ).get_data(cache=False, parse_form_data=False)
    if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
        import gzip

        body = gzip.decompress(body)
        environ.pop("HTTP_CONTENT_ENCODING")
    _rewind(environ, body)
    return body


def _rewind(environ: dict[str, Any], body: bytes) -> None:
    """Let the next reader find the whole body."""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("werkzeug.request", None)


def as_json(value: Any) -> Any:
    """A policy document in a parameter, parsed; None if it is none."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return None
