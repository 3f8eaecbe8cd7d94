"""Starts the emulator on one port of 127.0.0.1 and stops it cleanly.

When it is ready, one JSON line goes to standard output: ``{"endpoint": "http://localhost:PORT", "pid": N}``. The address says
localhost, because moto takes a template's address for path-style only if that word is in it.
Exit codes: 0 stopped, 2 it could not start (the port is taken, or moto is not the pinned version).
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from importlib import import_module

from . import memory

MODULES = (
    "shortcuts",
    "credentials",
    "access_keys",
    "aws_policies",
    "iam_types",
    "organizations",
    "s3_types",
    "public_policies",
    "network_types",
    "security_types",
    "store_types",
    "dynamodb_types",
    "sns_types",
    "ssm_types",
    "governance_types",
    "identity_center_types",
    "stacks",
    "stacksets",
    "servicecatalog",
    "code",
    "cloudcontrol",
)
"""Each has a function ``register()``, called once at start in this order."""


class CannotStart(Exception):
    """Why the emulator does not start, with the cure."""


def main(arguments: Sequence[str]) -> int:
    """Run until SIGTERM, SIGINT or, with --parent-stdin, the end of standard input."""
    options = _options(arguments)
    try:
        listener = _listen(options.port)
        _isolate()
        memory.spare()
        gc.disable()  # thousands of modules and models are loaded: collecting among them doubles the time
        _serve(listener, options)
    except CannotStart as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="emulator", description="The emulated AWS of the rehearsal, on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--log", help="file for requests and internal errors (default: internal errors to standard error)")
    parser.add_argument("--parent-stdin", action="store_true", help="stop when standard input is closed")
    return parser.parse_args(arguments)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise CannotStart(f"port {port}: {error.strerror or error}: choose another, or 0 for any free one") from error
    except OverflowError as error:
        listener.close()
        raise CannotStart(f"port {port}: not a port: choose one from 1 to 65535, or 0 for any free one") from error
    return listener


def _isolate() -> None:
    """moto uses boto3, which must not see the user's AWS settings; nothing here ever talks to AWS."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        del os.environ[name]
    os.environ.update(
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="emulator",
        AWS_SECRET_ACCESS_KEY="emulator",
        MOTO_S3_DEFAULT_KEY_BUFFER_SIZE=str(256 * 1024),  # larger objects are kept in files that have no name
    )


def register_all() -> None:
    """Check moto and add everything to it."""
    from . import lean
    from .seams import SeamMoved, verify

    try:
        lean.prepare()
        verify()
    except SeamMoved as error:
        raise CannotStart(str(error)) from error
    for name in MODULES:
        import_module(f"{__package__}.{name}").register()


def _serve(listener: socket.socket, options: argparse.Namespace) -> None:
    register_all()
    gc.enable()
    memory.settle()
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    from .gatekeeper import Gatekeeper
    from .inside import APPLICATION

    _log_to(options.log)
    application = Gatekeeper(APPLICATION)
    port = listener.getsockname()[1]
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=MotoRequestHandler, fd=listener.fileno())
    server.daemon_threads = True  # type: ignore[attr-defined]  # a mixin of the threaded one has it

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if options.parent_stdin:
        threading.Thread(target=_wait_for_parent, args=(stop,), daemon=True).start()
    print(json.dumps({"endpoint": f"http://localhost:{port}", "pid": os.getpid()}), flush=True)
    server.serve_forever()


def _wait_for_parent(stop: object) -> None:
    while os.read(0, 4096):
        pass
    assert callable(stop)
    stop()


def _log_to(file: str | None) -> None:
    root = logging.getLogger()
    if file is None:
        logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        return
    logging.basicConfig(level=logging.INFO, filename=file, format="%(asctime)s %(name)s %(message)s")
    root.setLevel(logging.INFO)
    for noisy in ("boto3", "botocore", "moto"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
