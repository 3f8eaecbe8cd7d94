"""Calls from the emulator to moto's own services, in this process and as an account's root user.

A type of CloudFormation that moto lacks is best made by the calls that AWS's handler makes: boto3 builds the request, and
instead of going over the network it is handed to moto, past the gatekeeper. There is one client of boto3 for a service,
whatever the account and region: one for each of them would cost more memory than all that a rehearsal makes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

APPLICATION = DomainDispatcherApplication(create_backend_app)
"""moto's dispatcher, which the gatekeeper serves too."""

_CONFIG = Config(
    retries={"max_attempts": 1},
    parameter_validation=True,
    s3={"addressing_style": "path"},
    inject_host_prefix=False,
    signature_version=UNSIGNED,
)

_PLACE: ContextVar[tuple[str, str]] = ContextVar("place")
"""The account and region that the call being made is made in."""


@dataclass(frozen=True)
class Client:
    """A service in an account and region; its methods are those of boto3's client, without paginators and waiters."""

    service: str
    account: str
    region: str

    @property
    def exceptions(self) -> Any:
        """The service's errors as classes."""
        return _shared(self.service).exceptions

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        """The operation, which takes its parameters by name."""
        method = getattr(_shared(self.service), operation)

        def call(**parameters: Any) -> Any:
            before = _PLACE.set((self.account, self.region))
            try:
                return method(**parameters)
            finally:
                _PLACE.reset(before)

        return call


def client(service: str, account: str, region: str) -> Any:
    """The service as the root user of the account sees it in the region."""
    return Client(service, account, region)


@cache
def _shared(service: str) -> Any:
    made = _session().client(service, region_name="us-east-1", endpoint_url="http://localhost", config=_CONFIG)
    scope = made.meta.service_model.signing_name

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        account, region = _PLACE.get()
        credential = f"{account}/20240101/{region}/{scope}/aws4_request"
        request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
        return _send(request)

    made.meta.events.register("before-send", send)
    return made


@cache
def _session() -> Any:
    return boto3.session.Session()


def _send(request: AWSPreparedRequest) -> AWSResponse:
    url = urlsplit(request.url)
    body = request.body
    if hasattr(body, "read"):
        body = body.read()
    headers = {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in request.headers.items()
        if name.lower() != "transfer-encoding"
    }
    builder = EnvironBuilder(
        path=url.path or "/",
        base_url=f"{url.scheme}://{url.netloc}",
        query_string=url.query,
        method=request.method,
        headers=headers,
        input_stream=io.BytesIO(body.encode() if isinstance(body, str) else body or b""),
    )
    environ = builder.get_environ()
    environ["RAW_URI"] = f"{url.path}?{url.query}" if url.query else url.path
    content, status, answered = run_wsgi_app(APPLICATION, environ, buffered=True)
    return AWSResponse(request.url, int(status.split()[0]), dict(answered.items()), _Raw(b"".join(content)))


class _Raw(io.BytesIO):
    """The body as urllib3 would hand it out."""

    def stream(self, **_: Any) -> Any:
        """All of it in one piece."""
        yield self.read()
