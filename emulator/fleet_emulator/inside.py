"""Calls from the emulator to moto's own services, in this process and as an account's root user.

A type of CloudFormation that moto lacks is best made by the calls that AWS's handler makes: boto3 builds the request, and
instead of going over the network it is handed to moto, past the gatekeeper.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

APPLICATION = DomainDispatcherApplication(create_backend_app)
"""moto's dispatcher, which the gatekeeper serves too."""

_CONFIG = Config(
    retries={"max_attempts": 1}, parameter_validation=True, s3={"addressing_style": "path"}, inject_host_prefix=False
)


@cache
def client(service: str, account: str, region: str) -> Any:
    """A boto3 client for the service in the account and region."""
    made = _session().client(
        service,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="emulator",
        endpoint_url="http://localhost",
        config=_CONFIG,
    )
    made.meta.events.register("before-send", _send)
    return made


@cache
def _session() -> Any:
    return boto3.session.Session()


def _send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
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
