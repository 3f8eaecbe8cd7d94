"""AWS Organizations in the place of moto's. Where to start reading:

``organizations_model.py`` is what is remembered; ``organizations_tree.py`` what may be done to units and accounts,
``organizations_policies.py`` to policies; ``organizations_api.py`` answers requests, ``organizations_types.py`` holds the
CloudFormation types, ``organizations_seed.py`` makes a whole organization at once for a rehearsal, and
``organizations_guardrails.py`` is what IAM asks: the service and resource control policies above an account.

Other modules ask and listen through the names below.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.organizations.responses import OrganizationsResponse

from . import organizations_api, organizations_types, organizations_view
from . import organizations_seed as organizations_seed  # its endpoint
from .organizations_errors import invalid
from .organizations_model import (
    Membership,
    Organization,
    accounts_under,
    is_delegated,
    is_trusted,
    on_membership,
    organization_of,
    organization_with,
    parents_of,
)

__all__ = [
    "Membership",
    "Organization",
    "accounts_under",
    "is_delegated",
    "is_trusted",
    "on_membership",
    "organization_of",
    "organization_with",
    "parents_of",
    "register",
]


def register() -> None:
    """Replace moto's operations, define the types, and let moto's other services see these organizations."""
    for operation in organizations_api.OPERATIONS:
        setattr(OrganizationsResponse, operation.__name__, _served(operation))
    organizations_types.register()
    organizations_view.register()


def _served(operation: Callable[[str, dict[str, Any]], dict[str, Any] | None]) -> Callable[[Any], ActionResult]:
    def serve(self: OrganizationsResponse) -> ActionResult:
        parameters = json.loads(self.body or "{}")
        try:
            return ActionResult(operation(self.current_account, parameters) or {})
        except KeyError as error:
            raise invalid(f"You must specify a value for {error.args[0]}.", "INPUT_REQUIRED") from None

    serve.__name__ = operation.__name__
    serve.__doc__ = operation.__doc__
    return serve
