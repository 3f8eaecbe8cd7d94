"""The door of the emulator: every request passes here before moto sees it.

It knows the caller by the access key, refuses unknown ones, and asks ``authorization`` for everything that the request
needs (``needs.py``); a root user is restricted in other accounts only. Requests are served one at a time: moto's backends are not
written for concurrent writers, and Python runs one thread at a time anyway.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.exceptions import ServiceException
from werkzeug.wrappers import Request, Response

from . import calls, errors, fleet_api, memory, needs
from .authorization import CALLER, AccessDenied, Caller, CannotDecide, require
from .credentials import UnknownCredentials, identify

log = logging.getLogger("emulator")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

WAITING = frozenset({"ReceiveMessage"})
"""Operations that wait for others and so must not hold the lock."""


SERVED = frozenset({"cloudcontrolapi", "s3"})
"""Services that are here, though moto's dispatcher does not find them by the signature: ours, and presigned addresses."""


class Gatekeeper:
    """A WSGI application around moto's."""

    def __init__(self, moto: Application) -> None:
        """``moto`` dispatches requests by service."""
        self._moto = moto
        self._lock = threading.RLock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)  # moto would act in that account, whoever signed
        path = environ.get("PATH_INFO", "")
        if path.startswith(fleet_api.PREFIX):
            with self._lock:
                return fleet_api.answer(Request(environ))(environ, start_response)
        if path.startswith("/moto-api"):
            refused = Response("moto's own endpoints would change state behind the emulator's back: use /_fleet/\n", 404)
            return refused(environ, start_response)
        return self._serve(environ, start_response)

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        call: calls.Call | None = None
        try:
            call = calls.read(environ)
            if call.operation in WAITING:
                return self._answer(call, environ, start_response)
            with self._lock:
                return self._answer(call, environ, start_response)
        except calls.NotUnderstood as error:
            return _refuse(call, environ, "NotImplemented", f"emulator: {error}", 501)(environ, start_response)
        except (AccessDenied, UnknownCredentials) as error:
            return _refuse(call, environ, error.code, error.message, 403)(environ, start_response)
        except (CannotDecide, NotImplementedError) as error:
            code = getattr(error, "code", "NotImplemented")
            message = getattr(error, "message", None) or str(error)
            return _refuse(call, environ, code, f"emulator: {message}", 501)(environ, start_response)
        except ServiceException as error:
            return _refuse(call, environ, error.code, error.message, 400)(environ, start_response)
        except Exception as error:  # moto's bug or ours: never an HTML page, never silence
            log.error("%s\n%s", call and f"{call.service} {call.operation}", traceback.format_exc())
            message = f"emulator: {type(error).__name__}: {error}"
            return _refuse(call, environ, "InternalFailure", message, 501)(environ, start_response)

    def _answer(self, call: calls.Call, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        caller = identify(call.signer, call.token) if call.signer else None
        reset = CALLER.set(caller)
        try:
            self._check(call, caller)
            if call.service not in SERVED and self._backend(environ) is None:
                raise calls.NotUnderstood(f"there is no service {call.service} here")
            return list(self._moto(environ, start_response))
        finally:
            CALLER.reset(reset)
            memory.give_back(environ)

    def _backend(self, environ: dict[str, Any]) -> Any:
        """moto's name for the service that the request is for; None if moto has none."""
        dispatcher: Any = self._moto
        host = dispatcher.infer_service_region_host(environ, environ.get("PATH_INFO", ""))
        return dispatcher.get_backend_for_host(host)

    def _check(self, call: calls.Call, caller: Caller | None) -> None:
        if caller is None:
            raise AccessDenied("Access Denied: the emulator serves signed requests only")
        principal = caller.arn or f"arn:aws:iam::{caller.account}:root"
        for need in needs.of(call, caller):
            require(principal, need.action, need.resource, need.context, unnamed=need.unnamed)


def _refuse(call: calls.Call | None, environ: dict[str, Any], code: str, message: str, status: int) -> Response:
    """The error as the service would write it; of a request that was not understood, as its headers suggest."""
    if call is not None:
        return errors.response(call.protocol, call.service, code, message, status)
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    protocol = "json" if environ.get("HTTP_X_AMZ_TARGET") else "query" if form else "rest-json"
    service = "s3" if "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", "/s3/aws4_request") else ""
    return errors.response(protocol, service, code, message, status)
