"""CloudFormation acting for a role needs the permissions that the registry schema lists for the handler it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .authorization import AccessDenied

__all__ = ["AccessDenied", "check"]


def check(
    role_arn: str | None,
    type_name: str,
    handler: str,
    region: str,
    *,
    account: str = "",
    properties: Mapping[str, Any] | None = None,
    identifier: str = "",
) -> None:
    """Raise AccessDenied unless the principal has the permissions of ``handler`` (create, read, update, delete, list).

    ``role_arn`` None is the root user. ``properties`` and ``identifier`` narrow the resource that is asked for.
    """
    if role_arn is None:
        return
    raise NotImplementedError
